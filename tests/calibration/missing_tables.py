"""docs/missing.md and its figures from missing.json, missing_events.json and missing_one_wrong.json in docs.

python -m tests.calibration.missing_tables
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from tests.calibration.missing_events import LEVEL as OF_CLUSTERS
from tests.calibration.missing_events import SLOPE
from tests.calibration.missing_trials import LEVEL, NOISE
from tests.calibration.tables import DOCS

MARGIN = 2.0
Record = Mapping[str, Any]
Cell = Mapping[str, Any]


def limits(record: Record) -> tuple[float, float]:
    """Nominal coverage give or take two Monte Carlo standard errors."""
    level, trials = record["level"], record["trials"]
    half = MARGIN * math.sqrt(level * (1 - level) / trials)
    return level - half, level + half


def coverage(cell: Cell) -> float:
    return cell["covered"] / cell["estimated"]


def biased(cell: Cell, margin: float = MARGIN) -> bool:
    """Whether the mean error is beyond so many Monte Carlo standard errors."""
    return abs(cell["bias"]) > margin * cell["bias_mcse"]


def table(record: Record, points: float = 1.0) -> str:
    """Bias, times ``points``, and coverage of each analysis, two columns a mechanism."""
    mechanisms = [one["name"] for one in record["mechanisms"]]
    heads = [f"{name}: {what}" for name in mechanisms for what in ("bias", "coverage")]
    lines = ["| analysis | " + " | ".join(heads) + " |", "|---" + "|--:" * len(heads) + "|"]
    low, high = limits(record)
    for analysis in dict.fromkeys(c["analysis"] for c in record["cells"]):
        fields = []
        for name in mechanisms:
            cell = _cell(record, name, analysis)
            bias, share = f"{points * cell['bias']:+.2f}", f"{100 * coverage(cell):.1f}"
            mark = " (should)" if cell["should"] else ""
            fields += [
                f"**{bias}**" if biased(cell) else bias,
                (share if low <= coverage(cell) <= high else f"**{share}**") + mark,
            ]
        lines.append("| " + " | ".join([analysis, *fields]) + " |")
    return "\n".join(lines)


def _cell(record: Record, mechanism: str, analysis: str) -> Cell:
    return next(c for c in record["cells"] if (c["mechanism"], c["analysis"]) == (mechanism, analysis))


def page(record: Record, events: Record, one_wrong: Record) -> str:
    """The whole of docs/missing.md."""
    shares = [
        f"- **{one['name']}**: {100 * one['missing'][0]:.0f} % missing in the control arm and "
        f"{100 * one['missing'][1]:.0f} % in the other; the difference in means of everyone is "
        f"{one['truth']:.2f}."
        for one in record["mechanisms"]
    ]
    widths = _cell(record, record["mechanisms"][0]["name"], "multiple imputation")
    return "\n".join(
        [
            "# Missing outcomes: who recovers the truth",
            "",
            "Made by `make missing-study`; the record is `missing.json`. All data are synthetic.",
            "",
            f"Trials of {record['clusters']} clusters of {record['sizes'][0]} to {record['sizes'][1]} "
            "people, half in each arm, with a continuous outcome that depends on a covariate x (slope 1), "
            f"on its cluster (standard deviation {LEVEL:g}) and on chance (standard deviation {NOISE:g}). "
            "Whether an outcome is missing depends on x and the arm:",
            "",
            *shares,
            "",
            "In the second the effect goes with x (by 1 for each unit), so that a regression with x and no "
            "interaction does not do; in the last, missing outcomes of the intervention arm are lower by "
            f"{-record['shift']:g} than others like them, so that nothing that is seen tells of them. All "
            "analyses are by `gee` (independence, Kauermann-Carroll variance); x is auxiliary except where "
            f"it is adjusted for; {record['imputations']} imputations, each arm with a model of its own; "
            f"shifted: imputed outcomes of the intervention arm by {record['shift']:g}.",
            "",
            f"Mean error in the unit of the outcome, and per cent of {record['trials']} trials whose nominal "
            "95 % interval covers the truth. Bold: beyond two Monte Carlo standard errors. (should): what "
            "the analysis assumes holds.",
            "",
            table(record),
            "",
            "![Bias and coverage by analysis and mechanism](missing.svg)",
            "",
            "What should recover the truth does, and what should not does not: complete cases fail where "
            "missingness goes with a covariate that is left out, adjustment fails where the effect goes with "
            "it, every analysis that assumes missing at random fails where outcomes are not, and the shift "
            "mends that only where it is the right one: where outcomes are missing at random it does harm. "
            "No data can tell which of these holds. Intervals of multiple imputation have a median width of "
            f"{widths['median_width']:.2f} under the first mechanism.",
            "",
            *_of_events(events),
            *_of_one_wrong(one_wrong),
        ]
    )


def _of_events(record: Record) -> list[str]:
    """The lines about events: 15 and 25 per cent of people have one."""
    low, high = (100 * risk for risk in record["risks"])
    shares = [
        f"- **{one['name']}**: {100 * one['missing'][0]:.0f} % missing in the control arm and "
        f"{100 * one['missing'][1]:.0f} % in the other; the risk difference of everyone is "
        f"{100 * one['truth']:.1f} percentage points."
        for one in record["mechanisms"]
    ]
    return [
        "## Events",
        "",
        f"The same of a binary outcome in {record['clusters']} clusters (`missing_events.json`): {low:g} and "
        f"{high:g} % have the event, whose log odds go with x (slope {SLOPE:g}) and the cluster (standard "
        f"deviation {OF_CLUSTERS:g}). Missing events of the intervention arm have log odds lower by "
        f"{-record['shift']:g} in the second. The risk difference is that of everyone, so that an analysis "
        "adjusted for x is left out: its risk difference is another quantity.",
        "",
        *shares,
        "",
        f"Mean error in percentage points, and per cent of {record['trials']} trials whose nominal 95 % "
        "interval covers the truth; bold and (should) as above.",
        "",
        table(record, 100.0),
        "",
        "![Bias and coverage by analysis and mechanism, events](missing_events.svg)",
        "",
    ]


def _of_one_wrong(record: Record) -> list[str]:
    """The lines about doubly robust answers whose models are wrong."""
    named = {one["name"]: one for one in record["mechanisms"]}
    curve, bend = (max(one[key] for one in named.values()) for key in ("curve", "bend"))
    first, second = (one["name"] for one in record["mechanisms"][:2])
    own, both = (_cell(record, first, f"doubly robust, {arms}") for arms in ("own arm", "both arms"))
    weighted = [100 * coverage(c) for c in record["cells"] if c["mechanism"] == second and c["should"]]
    return [
        "## One model wrong",
        "",
        "Doubly robust answers rest on two models, and one of them may be wrong "
        "(`missing_one_wrong.json`). In trials like those at the top, both models are linear in x; where one "
        "is wrong, what is modelled goes with x squared too in the intervention arm "
        f"({curve:g} times x squared - 1 in the outcome, {bend:g} times in the log odds that it is missing). "
        f"Mean error and per cent covered of {record['trials']} trials, as above.",
        "",
        table(record),
        "",
        "![Bias and coverage where a model is wrong](missing_one_wrong.svg)",
        "",
        "Both forms are without bias while one of their models holds, and with it when both are wrong; "
        "inverse probability has the model of answers alone. Over both arms (`both_arms`, the default and "
        "the estimator of Prague et al. 2016), errors vary less, since imbalance in x between the arms is "
        "made up for: where both models hold, the standard deviation of the error is "
        f"{both['spread']:.3f} against {own['spread']:.3f} in the own arm (`own_arm`), and the median width "
        f"{both['median_width']:.2f} against {own['median_width']:.2f}. Without bias is not yet covered: "
        "where the outcome's model is wrong, large weights fall on outcomes far from what is expected, and "
        f"all that rests on weights covers in {min(weighted):.0f} to {max(weighted):.0f} per cent only. The "
        "other tables of this page are of the own-arm form.",
        "",
    ]


def figure(record: Record, name_of_file: str, points: float = 1.0) -> None:
    """Bias, times ``points``, above, coverage below, a column a mechanism."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mechanisms = [one["name"] for one in record["mechanisms"]]
    analyses = list(dict.fromkeys(c["analysis"] for c in record["cells"]))
    drawing = Figure(figsize=(max(9.5, 3.1 * len(mechanisms)), 5.5), layout="constrained")
    axes = drawing.subplots(2, len(mechanisms), sharey=True, sharex="row")
    low, high = limits(record)
    for column, name in enumerate(mechanisms):
        above, below = axes[0][column], axes[1][column]
        above.axvline(0, color="0.6", linewidth=0.8)
        below.axvspan(100 * low, 100 * high, color="0.9")
        above.set_title(name, fontsize="small", loc="left")
        for place, analysis in enumerate(analyses):
            cell = _cell(record, name, analysis)
            colour, fill = ("#0072B2", "full") if cell["should"] else ("#D55E00", "none")
            look = {"color": colour, "fillstyle": fill, "marker": "o", "linestyle": "", "markersize": 5}
            bias, half = points * cell["bias"], points * MARGIN * cell["bias_mcse"]
            above.plot([bias], [place], **look)
            above.plot([bias - half, bias + half], [place] * 2, color=colour, linewidth=1)
            below.plot([100 * coverage(cell)], [place], **look)
        unit = "" if points == 1.0 else ", percentage points"
        above.set_xlabel(f"Mean error{unit} (synthetic trials)")
        below.set_xlabel("Coverage, % (synthetic trials)")
        for panel in (above, below):
            panel.set_yticks(range(len(analyses)), analyses)
            panel.spines[["top", "right"]].set_visible(False)
            panel.grid(axis="y", color="0.93")
            panel.set_axisbelow(True)
    axes[0][0].invert_yaxis()
    drawing.suptitle("Filled: what the analysis assumes holds", fontsize="small", x=0.01, ha="left")
    with mpl.rc_context({"svg.hashsalt": "precept_stats", "svg.fonttype": "path"}):
        drawing.savefig(DOCS / name_of_file, metadata={"Date": None})


def main() -> None:
    record, events, one_wrong = (
        json.loads((DOCS / name).read_text(encoding="utf-8"))
        for name in ("missing.json", "missing_events.json", "missing_one_wrong.json")
    )
    (DOCS / "missing.md").write_text(page(record, events, one_wrong), encoding="utf-8")
    figure(record, "missing.svg")
    figure(events, "missing_events.svg", 100.0)
    figure(one_wrong, "missing_one_wrong.svg")


if __name__ == "__main__":
    main()
