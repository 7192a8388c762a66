"""docs/disparity_calibration.md and its figure from docs/disparity_calibration.json.

python -m tests.calibration.disparity_tables
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.calibration.disparity_coverage import INDICES, INTERVALS, LATER, OF_ORDER
from tests.calibration.disparity_worlds import PLACES, SPREADS
from tests.calibration.tables import DOCS

Record = Mapping[str, Any]
Cell = Mapping[str, Any]
LABELS = {
    "total": "change of the variance without noise",
    "from_mean": "its part from the mean",
    "from_spread": "its part from the spread",
}
BLUE, RED = "#0072B2", "#D55E00"


def cell(record: Record, world: str, spread: float, about: tuple[str, str]) -> Cell:
    return next(
        c
        for c in record["cells"]
        if (c["world"], c["spread"], c["estimand"], c["interval"]) == (world, spread, *about)
    )


def coverage(found: Cell) -> float | None:
    """In per cent of the sets of data that gave an interval; None where none did."""
    return 100.0 * found["covered"] / found["had"] if found["had"] else None


def margin(record: Record, world: str) -> float:
    """Two Monte Carlo standard errors of nominal coverage, in per cent."""
    level = record["level"]
    return 200.0 * math.sqrt(level * (1.0 - level) / record["sets"][world])


def _shown(record: Record, found: Cell) -> str:
    share = coverage(found)
    if share is None:
        return "none"
    low = 100.0 * record["level"] - margin(record, found["world"])
    text = f"{share:.0f}"
    return text if share >= low else f"**{text}**"


def index_table(record: Record, world: str) -> str:
    """Coverage of each index: a line an index and interval, a column a spread."""
    spreads = SPREADS[world]
    heads = " | ".join(f"{spread:g}" for spread in spreads)
    lines = [f"| index | interval | {heads} |", "|---|---|" + "--:|" * len(spreads)]
    every = [(name, how) for name in (*INDICES, *OF_ORDER) for how in INTERVALS]
    every += [("bgv_corrected", "inversion"), ("tau2", "profile of Q")]
    every += [("areas", how) for how in ("likelihood", "posterior")]
    for name, how in every:
        cells = (_shown(record, cell(record, world, spread, (name, how))) for spread in spreads)
        lines.append(f"| `{name}` | {how} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def change_table(record: Record, world: str) -> str:
    """Coverage of changes and of their parts."""
    spreads = SPREADS[world]
    heads = " | ".join(f"{spread:g}" for spread in spreads)
    lines = [f"| later period | of what | {heads} |", "|---|---|" + "--:|" * len(spreads)]
    for later in LATER:
        for part, words in LABELS.items():
            about = (f"{part}, {later}", "delta")
            cells = (_shown(record, cell(record, world, spread, about)) for spread in spreads)
            lines.append(f"| {later} | {words} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def bias_table(record: Record) -> str:
    """The mean of raw and corrected variances over the true one."""
    lines = [
        "| areas | SD of log odds | true variance | raw | without noise | standard error of these means |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for world, *_ in PLACES:
        for spread in SPREADS[world]:
            raw, fair = (
                cell(record, world, spread, about)
                for about in (("bgv", "delta"), ("bgv_corrected", "inversion"))
            )
            error = fair["sd"] / math.sqrt(record["sets"][world])
            fields = (f"{value:.4g}" for value in (raw["truth"], raw["mean"], fair["mean"], error))
            lines.append(f"| {world} | {spread:g} | " + " | ".join(fields) + " |")
    return "\n".join(lines)


ABOUT = """# Intervals of disparity: how often they hold the truth

Made by `make disparity-study`; the record is `disparity_calibration.json`. All data are synthetic.

Areas have sizes as unequal as those of England's maternity data: seven regions (76,600 people on average, a
coefficient of variation of 0.24) and 122 trusts (4,460; 0.52), an outcome of 8 per cent; and 15 regions of
a programme (200; 0.33), an outcome of 70 per cent. True log odds have exactly the standard deviation in the
head of a column. The areas are all there are: the truth of an index is its value at their true shares.
Measures of order take areas from the smallest to the largest, which has nothing to do with their shares. Sets
of data: {sets}; {draws} replicates or draws each. In bold: coverage below 95 per cent by more than two Monte
Carlo standard errors.

## What is found

- The raw variance is too large by its noise, whatever the true one; without noise it is unbiased.
- Where areas do not differ at all, intervals of raw indices without a sign seldom hold 0: sampling error
  makes the index larger. Percentiles of a bootstrap never do, as the noise is in them twice. The inverted
  interval of the corrected variance holds.
- A posterior has no mass at 0, so its intervals never hold an index that is exactly 0.
- Areas estimated together by likelihood, where few areas hardly differ, have intervals that are too narrow.

![Bias of the variance](disparity_calibration.svg)

## Bias of the variance between areas

{bias}
"""
PART = """
## {world}: coverage in per cent (nominal 95)

Two Monte Carlo standard errors are {margin:.1f}. `areas` is the mean over areas of how often the interval of
an area holds its own true value; the truth of `tau2` is the variance of these areas, unweighted.

{indices}

{changes}
"""


def page(record: Record) -> str:
    """The whole of docs/disparity_calibration.md."""
    sets = ", ".join(f"{count} of {world}" for world, count in record["sets"].items())
    text = ABOUT.format(sets=sets, draws=record["draws"], bias=bias_table(record))
    for world, *_ in PLACES:
        text += PART.format(
            world=world,
            margin=margin(record, world),
            indices=index_table(record, world),
            changes=change_table(record, world),
        )
    return text


def figure(record: Record, path: Path) -> None:
    """The mean of the raw and of the corrected standard deviation squared, over the noise in it."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(9.5, 3.4), layout="constrained")
    axes = drawing.subplots(1, len(PLACES))
    for axis, (world, *_) in zip(axes, PLACES, strict=True):
        truth, raw, fair = [], [], []
        for spread in SPREADS[world]:
            observed = cell(record, world, spread, ("bgv", "delta"))
            corrected = cell(record, world, spread, ("bgv_corrected", "inversion"))
            truth.append(observed["truth"])
            raw.append(observed["mean"] - observed["truth"])
            fair.append(corrected["mean"] - corrected["truth"])
        places = range(len(truth))
        axis.axhline(0.0, color="#5c5c5c", linewidth=0.8)
        axis.plot(places, raw, color=RED, marker="s", markerfacecolor="white", label="as observed")
        axis.plot(places, fair, color=BLUE, marker="o", label="without sampling error")
        axis.set_xticks(list(places), [f"{spread:g}" for spread in SPREADS[world]])
        axis.set_xlabel("SD of the true log odds")
        axis.set_title(world, fontsize=10, loc="left")
    axes[0].set_ylabel("Bias of the variance between areas\n(per cent, squared)")
    axes[0].legend(frameon=False, fontsize=8)
    with mpl.rc_context({"svg.hashsalt": "precept_stats", "svg.fonttype": "none"}):
        drawing.savefig(path, format="svg", metadata={"Date": None})


def main() -> None:
    record = json.loads((DOCS / "disparity_calibration.json").read_text(encoding="utf-8"))
    (DOCS / "disparity_calibration.md").write_text(page(record), encoding="utf-8")
    figure(record, DOCS / "disparity_calibration.svg")


if __name__ == "__main__":
    main()
