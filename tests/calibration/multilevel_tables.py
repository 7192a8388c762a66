"""docs/multilevel_its_calibration.md, its figure and the coverage of the method pages, from their record.

python -m tests.calibration.multilevel_tables
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.calibration.grids import MARGIN, beyond, bias, coverage, covered, grid, limits, put, width
from tests.calibration.multilevel_its import FIXED, SDS
from tests.calibration.tables import DOCS

Record = Mapping[str, Any]
NAME = "multilevel_its_calibration"
ROWS = ("method", "months, autocorrelation")
COLOURS = {
    "multilevel, random changes": ("#0072B2", "o"),
    "multilevel, random levels": ("#D55E00", "X"),
    "two stages": ("#009E73", "s"),
}


def column(cell: Mapping[str, Any]) -> str:
    """The scenario of a cell."""
    return f"{cell['months']}, {cell['phi']:g}"


def of_method(record: Record, name: str) -> list[Mapping[str, Any]]:
    """The cells of a method."""
    return [cell for cell in record["cells"] if cell["method"] == name]


def span(record: Record, name: str) -> str:
    """The least and the greatest coverage of a method in per cent."""
    shares = [100 * coverage(cell) for cell in of_method(record, name)]
    return f"{min(shares):.1f} to {max(shares):.1f}"


def worst(record: Record, name: str) -> str:
    """Where a method covers least."""
    cell = min(of_method(record, name), key=coverage)
    return (
        f"{100 * coverage(cell):.1f} % at {cell['months']} months with an autocorrelation of {cell['phi']:g}"
    )


def page(record: Record) -> str:
    """The whole of docs/multilevel_its_calibration.md."""
    cells, programmes = record["cells"], record["programmes"]
    low, high = limits(programmes)
    every = [abs(beyond(cell)) for cell in cells]
    short = [cell for cell in cells if cell["estimated"] < programmes]
    return "\n".join(
        [
            "# Models of many interrupted series: bias and coverage",
            "",
            "Made by `make multilevel-study`; the record is `multilevel_its_calibration.json`. All data are "
            "synthetic.",
            "",
            f"A programme has {record['units']} units that start within five months of each other around the "
            "middle of the series, with 5 to 25 births a month. On the logit scale the trend is "
            f"{FIXED[1]:g} a month, the change of level {FIXED[2]:g} and that of slope {FIXED[3]:g}; level, "
            f"change of level and change of slope differ between units with SDs of {SDS[0]:g}, "
            f"{SDS[1]:g} and "
            f"{SDS[2]:g}. Births of a month are binomial; where there is an autocorrelation, it is that of "
            "normal numbers behind the months of a unit, and leaves each month binomial. Asked is "
            "the change of "
            "level as an odds ratio given the unit; biases are those of its logarithm. "
            f"{programmes} programmes a cell.",
            "",
            "- **multilevel, random changes**: `multilevel_its`, binomial, with random level and changes by "
            "unit, as the data are made.",
            "- **multilevel, random levels**: the same with `units: {kind: levels}`, which takes "
            "the change as "
            "the same in all units, and is wrong here.",
            "- **two stages**: `two_stage_its`, quasi-binomial by unit, Hartung and Knapp's interval.",
            "",
            "None of them models the autocorrelation within units.",
            "",
            "## Coverage of the change of level",
            "",
            f"Per cent of nominal 95 % intervals that hold the truth. Bold: outside {100 * low:.1f} to "
            f"{100 * high:.1f}, three Monte Carlo standard errors of 95.",
            "",
            *grid(cells, ROWS, column, covered(programmes)),
            "",
            "![Coverage and width by length of the series](multilevel_its_calibration.svg)",
            "",
            "What the table says:",
            "",
            *(f"- {line}" for line in findings(record)),
            "",
            "## Bias",
            "",
            f"Mean error of the logarithm. Of {len(every)} mean errors {sum(one > MARGIN for one in every)} "
            "are beyond three Monte Carlo standard errors (bold).",
            "",
            *grid(cells, ROWS, column, bias),
            "",
            "## Width",
            "",
            "Median width of the interval of the log odds ratio.",
            "",
            *grid(cells, ROWS, column, width),
            "",
            "No method was without an estimate."
            if not short
            else "Without an estimate, and neither covered nor missed: "
            + "; ".join(
                f"{c['method']} in {programmes - c['estimated']} of {programmes} ({column(c)})" for c in short
            )
            + ".",
            "",
        ]
    )


def findings(record: Record) -> list[str]:
    """What the numbers say, with the numbers."""
    right, fixed, stages = COLOURS
    return [
        f"With random changes coverage is {span(record, right)} %, the least {worst(record, right)}: random "
        "changes take up part of an autocorrelation that is not modelled, and intervals are wider for it.",
        f"With random levels alone it is {span(record, fixed)} %, the least {worst(record, fixed)}: nothing "
        "takes up the autocorrelation or what units differ by in their changes. Name random changes unless "
        "there is a reason against them.",
        f"In two stages it is {span(record, stages)} %: the scatter between units carries what a "
        "short series "
        "hides of its own autocorrelation.",
    ]


def section(record: Record, names: tuple[str, ...]) -> str:
    """The coverage part of a method's page."""
    programmes = record["programmes"]
    low, high = limits(programmes)
    cells = [cell for cell in record["cells"] if cell["method"] in names]
    return "\n".join(
        [
            f"Per cent of {programmes} synthetic programmes of {record['units']} units whose nominal 95 % "
            f"interval of the change of level holds the truth; bold: outside {100 * low:.1f} to "
            f"{100 * high:.1f}, three Monte Carlo standard errors of 95. No model here has the "
            "autocorrelation "
            "within units that the data have.",
            "",
            *grid(cells, ROWS, column, covered(programmes)),
            "",
            "[The whole study](../multilevel_its_calibration.md), with biases and widths.",
            "",
        ]
    )


def sections(record: Record) -> dict[str, str]:
    """The coverage parts by method."""
    right, fixed, stages = COLOURS
    return {
        "multilevel_its": section(record, (right, fixed)),
        "two_stage_its": section(record, (stages,)),
    }


def figure(record: Record) -> None:
    """Coverage above and width below by months, a column an autocorrelation."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    phis = list(dict.fromkeys(cell["phi"] for cell in record["cells"]))
    drawing = Figure(figsize=(8.4, 4.8), layout="constrained")
    axes = drawing.subplots(2, len(phis), sharex=True, sharey="row")
    low, high = limits(record["programmes"])
    for place, phi in enumerate(phis):
        top, below = axes[0][place], axes[1][place]
        top.axhspan(100 * low, 100 * high, color="0.9")
        for name, (colour, marker) in COLOURS.items():
            cells = [cell for cell in of_method(record, name) if cell["phi"] == phi]
            look: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 5, "linewidth": 0.9}
            months = [cell["months"] for cell in cells]
            top.plot(months, [100 * coverage(cell) for cell in cells], label=name, **look)
            below.plot(months, [cell["median_width"] for cell in cells], **look)
        top.set_title(f"autocorrelation {phi:g}", fontsize="small", loc="left")
        below.set_ylim(0, 1.08 * max(cell["median_width"] for cell in record["cells"]))
        below.set_xticks([12, 24, 48])
        for one in (top, below):
            one.spines[["top", "right"]].set_visible(False)
    axes[0][0].set_ylabel("Coverage, %", fontsize="small")
    axes[1][0].set_ylabel("Median width (log odds)", fontsize="small")
    drawing.supxlabel("Months (synthetic programmes)", fontsize="small")
    handles, labels = axes[0][0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside upper center", ncols=3, fontsize="small", frameon=False)
    with mpl.rc_context({"svg.hashsalt": "precept_stats", "svg.fonttype": "path"}):
        drawing.savefig(DOCS / f"{NAME}.svg", metadata={"Date": None})


def main() -> None:
    record = json.loads((DOCS / f"{NAME}.json").read_text(encoding="utf-8"))
    (DOCS / f"{NAME}.md").write_text(page(record), encoding="utf-8")
    figure(record)
    for kind, text in sections(record).items():
        put(kind, text)


if __name__ == "__main__":
    main()
