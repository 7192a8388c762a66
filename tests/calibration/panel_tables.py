"""docs/panel_calibration.md, its figure and the coverage of panel_regression's page, from their record.

python -m tests.calibration.panel_tables
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.calibration.grids import beyond, bias, coverage, covered, grid, limits, put, width
from tests.calibration.panel_trials import ANALYSES, BY_START, GROWTH, PERIODS, STARTS, WINDOW
from tests.calibration.tables import DOCS

Record = Mapping[str, Any]
Cell = Mapping[str, Any]
NAME = "panel_calibration"
MANY = 160
ROWS = ("analysis", "effects, units, autocorrelation")
COLOURS = dict(
    zip(
        ANALYSES,
        (("#D55E00", "X"), ("#E69F00", "^"), ("#009E73", "s"), ("#0072B2", "o"), ("#56B4E9", "D")),
        strict=True,
    )
)


def column(cell: Cell) -> str:
    """The scenario of a cell."""
    return f"{'differ' if cell['differ'] else 'same'}, {cell['units']}, {cell['phi']:g}"


def among(record: Record, name: str, *, differ: bool) -> list[Cell]:
    """The cells of an analysis with effects that differ, or that are the same."""
    return [cell for cell in record["cells"] if cell["analysis"] == name and cell["differ"] == differ]


def span(record: Record, name: str, *, differ: bool) -> str:
    """The least and the greatest coverage in per cent, of up to 40 units."""
    cells = [cell for cell in among(record, name, differ=differ) if cell["units"] < MANY]
    shares = [100 * coverage(cell) for cell in cells]
    return f"{min(shares):.1f} to {max(shares):.1f}"


def with_many(record: Record, name: str) -> str:
    """Coverage in per cent with many units whose effects differ."""
    (cell,) = [cell for cell in among(record, name, differ=True) if cell["units"] == MANY]
    return f"{100 * coverage(cell):.1f}"


def shift(record: Record, name: str) -> str:
    """The mean error where effects differ, in per cent of the truth, over cells."""
    shares = [100 * cell["bias"] / cell["mean_truth"] for cell in among(record, name, differ=True)]
    return f"{min(shares):+.0f} to {max(shares):+.0f}"


def most_beyond(record: Record, name: str) -> float:
    """The largest mean error in Monte Carlo standard errors, over all cells."""
    return max(abs(beyond(cell)) for cell in record["cells"] if cell["analysis"] == name)


def ratio(record: Record, one: str, other: str, *, differ: bool) -> str:
    """How many times as wide one's intervals are as the other's."""
    pairs = zip(among(record, one, differ=differ), among(record, other, differ=differ), strict=True)
    shares = [a["median_width"] / b["median_width"] for a, b in pairs]
    return f"{min(shares):.2f} to {max(shares):.2f}"


def page(record: Record) -> str:
    """The whole of docs/panel_calibration.md."""
    cells, panels = record["cells"], record["panels"]
    low, high = limits(panels)
    starts = ", ".join(str(one + 1) for one in STARTS)
    factors = ", ".join(f"{one:g}" for one in BY_START)
    return "\n".join(
        [
            "# Panels of units that start in turn: bias and coverage",
            "",
            "Made by `make panel-study`; the record is `panel_calibration.json`. All data are synthetic.",
            "",
            f"Units are followed for {PERIODS} periods. A quarter of them starts in each of the periods "
            f"{starts}, and a quarter is not reached. Units and periods have effects of their own "
            "(SD 1 each), "
            "and errors an SD of 1 with a first-order autocorrelation within units. Each unit is a cluster. "
            "Effects are the same (1, whole at once), or differ: they grow by "
            f"{GROWTH:g} a period, times {factors} for units that start first, second and last. Asked is the "
            f"mean effect over the periods {WINDOW['from']} to {WINDOW['to']} after the start, every treated "
            f"cell counting the same. Trends are parallel throughout. {panels:,} panels a cell.",
            "",
            "- **two-way**: one coefficient, clustered errors (CR1), t on clusters minus one; "
            "**CR2**: the same "
            "with the bias-reduced sandwich and Satterthwaite's degrees of freedom.",
            "- **event study**: a coefficient for each time since the start, those asked for averaged.",
            "- **imputation**: its variance takes as alike the effects of units with the same start at the "
            "same time since; **averaged by time**: those at the same time since, whatever the start.",
            "",
            "## Bias",
            "",
            "Mean error; bold: beyond three Monte Carlo standard errors. Where effects differ the truth is "
            f"{among(record, 'imputation', differ=True)[0]['mean_truth']:.2f} on average, otherwise 1.",
            "",
            *grid(cells, ROWS, column, bias),
            "",
            "## Coverage",
            "",
            f"Per cent of nominal 95 % intervals that hold the truth. Bold: outside {100 * low:.1f} to "
            f"{100 * high:.1f}, three Monte Carlo standard errors of 95.",
            "",
            *grid(cells, ROWS, column, covered(panels)),
            "",
            "![Bias and coverage by estimator](panel_calibration.svg)",
            "",
            "What the tables say:",
            "",
            *(f"- {line}" for line in findings(record)),
            "",
            "## Width",
            "",
            "Median width of intervals.",
            "",
            *grid(cells, ROWS, column, width),
            "",
        ]
    )


def findings(record: Record) -> list[str]:
    """What the numbers say, with the numbers."""
    two_way, reduced, events, imputed, by_time = ANALYSES
    return [
        "**Where effects grow and differ by start, one coefficient is biased**, by "
        f"{shift(record, two_way)} % of the truth. Up to 40 units its intervals hold the truth in "
        f"{span(record, two_way, differ=True)} % all the same, since what one coefficient leaves of the "
        "effects goes into the errors: they are "
        f"{ratio(record, two_way, imputed, differ=True)} times as wide as those of imputation. With {MANY} "
        f"units they hold it in {with_many(record, two_way)} %.",
        f"**The event study is biased too**, by {shift(record, events)} %: it takes effects at one time "
        "since the start as the same whenever a unit started. It covers in "
        f"{span(record, events, differ=True)} %, with {MANY} units in {with_many(record, events)} %.",
        "**Imputation is not biased**: no cell has a mean error beyond "
        f"{most_beyond(record, imputed):.1f} Monte Carlo standard errors. It covers in "
        f"{span(record, imputed, differ=True)} % where effects differ ({with_many(record, imputed)} % with "
        f"{MANY} units) and in {span(record, imputed, differ=False)} % where they are the same: "
        "with few units "
        "a start the groups by start and time are of few clusters, and the variance is too small. "
        "Averaged by "
        f"time it covers in {span(record, by_time, differ=True)} % and "
        f"{span(record, by_time, differ=False)} %.",
        "Where effects are the same, CR2 with Satterthwaite's degrees of freedom covers in "
        f"{span(record, reduced, differ=False)} %, clustered errors in "
        f"{span(record, two_way, differ=False)} %, and imputation costs next to nothing: its intervals are "
        f"{ratio(record, imputed, two_way, differ=False)} times as wide as those of one "
        "coefficient, averaged "
        f"by time {ratio(record, by_time, two_way, differ=False)}.",
    ]


def section(record: Record) -> str:
    """The coverage part of the method's page."""
    low, high = limits(record["panels"])
    return "\n".join(
        [
            f"Per cent of {record['panels']:,} synthetic panels whose nominal 95 % interval holds the mean "
            "effect over the first four periods; staggered starts, parallel trends, each unit a cluster; "
            f"bold: outside {100 * low:.1f} to {100 * high:.1f}, three Monte Carlo standard errors of 95.",
            "",
            *grid(record["cells"], ROWS, column, covered(record["panels"])),
            "",
            "Mean error (the truth is 1, and where effects differ "
            f"{among(record, 'imputation', differ=True)[0]['mean_truth']:.2f}); bold: beyond three "
            "Monte Carlo "
            "standard errors.",
            "",
            *grid(record["cells"], ROWS, column, bias),
            "",
            "[The whole study](../panel_calibration.md), with what it says.",
            "",
        ]
    )


def figure(record: Record) -> None:
    """Bias on the left and coverage on the right, a line a scenario."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    drawing = Figure(figsize=(8.4, 4.4), layout="constrained")
    left, right = drawing.subplots(1, 2, sharey=True)
    scenarios = list(dict.fromkeys(column(cell) for cell in record["cells"]))
    low, high = limits(record["panels"])
    right.axvspan(100 * low, 100 * high, color="0.9")
    left.axvline(0, color="0.4", linewidth=0.8)
    for place, (name, (colour, marker)) in enumerate(COLOURS.items()):
        cells = [cell for cell in record["cells"] if cell["analysis"] == name]
        at = [scenarios.index(column(cell)) + 0.13 * (place - 2) for cell in cells]
        look: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 5, "linestyle": ""}
        left.plot([cell["bias"] for cell in cells], at, label=name, **look)
        right.plot([100 * coverage(cell) for cell in cells], at, **look)
    left.set_yticks(range(len(scenarios)), scenarios, fontsize="small")
    left.invert_yaxis()
    left.set_xlabel("Mean error", fontsize="small")
    right.set_xlabel("Coverage, %", fontsize="small")
    left.set_title("effects, units, autocorrelation (synthetic panels)", fontsize="small", loc="left")
    for one in (left, right):
        one.spines[["top", "right"]].set_visible(False)
        one.grid(axis="y", color="0.92")
        one.set_axisbelow(True)
    handles, labels = left.get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside upper center", ncols=3, fontsize="small", frameon=False)
    with mpl.rc_context({"svg.hashsalt": "precept_stats", "svg.fonttype": "path"}):
        drawing.savefig(DOCS / f"{NAME}.svg", metadata={"Date": None})


def main() -> None:
    record = json.loads((DOCS / f"{NAME}.json").read_text(encoding="utf-8"))
    (DOCS / f"{NAME}.md").write_text(page(record), encoding="utf-8")
    figure(record)
    put("panel_regression", section(record))


if __name__ == "__main__":
    main()
