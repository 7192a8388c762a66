"""docs/its_calibration.md, its figure and the coverage of the method pages, from docs/its_calibration.json.

python -m tests.calibration.series_tables
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.calibration.series_trials import DISPERSION, SIX, SIZE
from tests.calibration.tables import DOCS

MARGIN = 3.0
Record = Mapping[str, Any]
Cell = Mapping[str, Any]
Text = Callable[[Cell], str]
ESTIMATING = ("OLS, Newey-West", "Prais-Winsten", "REML", "ARIMA(1,0,0)")
"""Methods that give an autocorrelation (of Newey-West that of residuals)."""
COLOURS = {
    "OLS": ("#7f7f7f", "s"),
    "OLS, Newey-West": ("#E69F00", "^"),
    "Prais-Winsten": ("#009E73", "v"),
    "REML": ("#56B4E9", "o"),
    "REML, Satterthwaite": ("#0072B2", "D"),
    "ARIMA(1,0,0)": ("#D55E00", "X"),
}


def limits(record: Record) -> tuple[float, float]:
    """95 per cent give or take three Monte Carlo standard errors."""
    half = MARGIN * math.sqrt(0.95 * 0.05 / record["series"])
    return 0.95 - half, 0.95 + half


def coverage(cell: Cell, of: str) -> float:
    return cell[of]["covered"] / cell["estimated"]


def beyond(cell: Cell, of: str) -> float:
    """The mean error in Monte Carlo standard errors."""
    return cell[of]["bias"] / cell[of]["bias_mcse"]


def table(cells: Sequence[Cell], rows: Sequence[str], text: Text) -> list[str]:
    """A row an analysis, a column a number of points and autocorrelation."""
    columns = list(dict.fromkeys((c["points"], c["phi"]) for c in cells))
    found = {(c["analysis"], c["points"], c["phi"]): c for c in cells}
    lines = ["| points, autocorrelation | " + " | ".join(f"{n}, {phi:g}" for n, phi in columns) + " |"]
    lines.append("|---" + "|--:" * len(columns) + "|")
    for name in rows:
        lines.append("| " + " | ".join([name, *(text(found[name, *at]) for at in columns)]) + " |")
    return lines


def covered(record: Record, of: str) -> Text:
    """Coverage in per cent, in bold outside the limits."""
    low, high = limits(record)

    def text(cell: Cell) -> str:
        if of not in cell:
            return ""
        share = coverage(cell, of)
        shown = f"{100 * share:.1f}"
        return shown if low <= share <= high else f"**{shown}**"

    return text


def bias(cell: Cell) -> str:
    """The mean error of the level change, in bold beyond three Monte Carlo standard errors."""
    shown = f"{cell['level']['bias']:+.3f}"
    return f"**{shown}**" if abs(beyond(cell, "level")) > MARGIN else shown


def width(cell: Cell) -> str:
    """The median width of the interval of the level change."""
    return f"{cell['level']['median_width']:.1f}" if "level" in cell else ""


def phi(cell: Cell) -> str:
    return "" if cell["mean_phi"] is None else f"{cell['mean_phi']:.2f}"


def names(cells: Sequence[Cell]) -> list[str]:
    return list(dict.fromkeys(c["analysis"] for c in cells))


def refused(cells: Sequence[Cell], series: int) -> str:
    """Which analyses had no answer, and how often at worst."""
    short = [c for c in cells if c["estimated"] < series]
    told = []
    for name in names(short):
        worst = max((c for c in short if c["analysis"] == name), key=lambda c: series - c["estimated"])
        told.append(f"{name} in up to {series - worst['estimated']} of {series} ({worst['points']} points)")
    return f"No answer: {'; '.join(told)}. " if told else ""


def page(record: Record) -> str:
    """The whole of docs/its_calibration.md."""
    cells, turner = record["cells"], record["turner"]
    every = [abs(beyond(c, of)) for c in cells for of in ("level", "slope")]
    large = sum(one > MARGIN for one in every)
    low, high = limits(record)
    return "\n".join(
        [
            "# Models of one series: bias and coverage",
            "",
            "Made by `make its-study`; the record is `its_calibration.json`. All data are synthetic.",
            "",
            "Half of the points lie before an interruption that changes level and slope, half after. Linear "
            "series have a first-order autoregression with innovations of variance 1, a level change of 1 "
            f"and a slope change of 0.1. Counts have {SIZE:g} people a period, a rate near 0.3 (shares: one "
            f"near 0.4), {DISPERSION:g} times the variance of Poisson (binomial) ones, and the same "
            "autocorrelation in the normal numbers behind them. The model of the mean is right throughout; "
            f"what differs is the error model. {record['series']} series a cell; Newey-West at the lag "
            "4 (n/100)^(2/9).",
            "",
            "## Coverage of the level change",
            "",
            f"Per cent of nominal 95 % intervals that hold the truth. Bold: outside {100 * low:.1f} to "
            f"{100 * high:.1f}, three Monte Carlo standard errors of 95.",
            "",
            *table(cells, names(cells), covered(record, "level")),
            "",
            "## Coverage of the slope change",
            "",
            *table(cells, names(cells), covered(record, "slope")),
            "",
            "## Bias",
            "",
            "Mean error of the level change (of counts and shares on the log and the logit scale). Of all "
            f"{len(every)} level and slope changes {large} have a mean error beyond three Monte Carlo "
            "standard errors (bold).",
            "",
            *table(cells, names(cells), bias),
            "",
            "## Autocorrelation",
            "",
            "The mean of what each method works with (of Newey-West, of its residuals).",
            "",
            *table(cells, ESTIMATING, phi),
            "",
            f"{refused(cells, record['series'])}Such series count neither as covered nor as missed.",
            "",
            *_of_turner(turner),
        ]
    )


def _of_turner(turner: Record) -> list[str]:
    cells = turner["cells"]
    return [
        "## Turner's design, run small",
        "",
        f"The six methods on {turner['series']} series a cell of 6 to 96 points with an autocorrelation of 0 "
        "to 0.8, as in Turner et al. (2021, BMC Med Res Methodol 21:181), who had far more. What they found, "
        "and what these series show:",
        "",
        *(f"- {line}" for line in findings(turner)),
        "",
        "![Mean autocorrelation and coverage by number of points](its_calibration.svg)",
        "",
        "Mean autocorrelation:",
        "",
        *table([c for c in cells if c["phi"] > 0], ESTIMATING, phi),
        "",
        f"{refused(cells, turner['series'])}Such series are left out of a method's figures, which then are "
        "not of the same series as the others'; so it is most of all with Prais-Winsten and ARIMA below 12 "
        "points.",
        "",
        "Coverage of the level change, per cent:",
        "",
        *table([c for c in cells if c["points"] < 12], SIX, covered(turner, "level")),
        "",
        *table([c for c in cells if c["points"] >= 12], SIX, covered(turner, "level")),
        "",
        "Coverage of the slope change, per cent:",
        "",
        *table([c for c in cells if c["points"] < 12], SIX, covered(turner, "slope")),
        "",
        *table([c for c in cells if c["points"] >= 12], SIX, covered(turner, "slope")),
        "",
        "Median width of the interval of the level change, in units of the outcome:",
        "",
        *table([c for c in cells if c["points"] < 12], SIX, width),
        "",
        *table([c for c in cells if c["points"] >= 12], SIX, width),
        "",
    ]


def estimating(turner: Record) -> list[Cell]:
    """The cells with an autocorrelation, of methods that give one."""
    return [
        c
        for c in turner["cells"]
        if c["phi"] > 0 and c["analysis"] in ESTIMATING and c["mean_phi"] is not None
    ]


def least_biased(turner: Record) -> tuple[int, int]:
    """Of the cells with an autocorrelation: in how many REML's is nearest to it on average, and how many."""
    cells = estimating(turner)
    places = list(dict.fromkeys((c["points"], c["phi"]) for c in cells))
    won = 0
    for at in places:
        gaps = {c["analysis"]: abs(c["mean_phi"] - c["phi"]) for c in cells if (c["points"], c["phi"]) == at}
        won += min(gaps, key=gaps.__getitem__) == "REML"
    return won, len(places)


def of_method(turner: Record, name: str, below: int, above: int = 0) -> list[Cell]:
    """The cells of a method with so many points, where it gave answers."""
    cells = (c for c in turner["cells"] if c["analysis"] == name and above <= c["points"] < below)
    return [c for c in cells if "level" in c]


def mean_coverage(turner: Record, name: str, below: int, above: int = 0) -> float:
    """Over cells with so many points and both changes, in per cent."""
    chosen = of_method(turner, name, below, above)
    found = [coverage(c, of) for c in chosen for of in ("level", "slope")]
    return 100.0 * sum(found) / len(found)


def mean_width(turner: Record, name: str, below: int) -> float:
    """The mean over cells with fewer points of the median width of the level change's interval."""
    chosen = of_method(turner, name, below)
    return sum(c["level"]["median_width"] for c in chosen) / len(chosen)


def mean_error(turner: Record, name: str, below: int, above: int = 0) -> float:
    """The root of the mean squared error of the level change over cells with so many points."""
    chosen = of_method(turner, name, below, above)
    return math.sqrt(sum(c["level"]["rmse"] ** 2 for c in chosen) / len(chosen))


def findings(turner: Record) -> list[str]:
    """The published ordering beside ours, in numbers of the record."""
    won, of = least_biased(turner)
    cells = estimating(turner)
    under, asked = sum(c["mean_phi"] < c["phi"] for c in cells), len(cells)

    def told(below: int, above: int) -> str:
        return ", ".join(f"{name} {mean_coverage(turner, name, below, above):.1f}" for name in SIX)

    errors = {name: mean_error(turner, name, 12) for name in SIX}
    best = min(errors, key=errors.__getitem__)
    wide, least = (mean_width(turner, name, 12) for name in ("REML, Satterthwaite", "OLS"))
    return [
        "**Every method takes the autocorrelation for smaller than it is, REML least so.** Here the mean is "
        f"below the truth in {under} of {asked} cells of method and series, and REML's is the nearest in "
        f"{won} of {of} kinds of series.",
        "**Least squares was preferred below 12 points.** Here, mean coverage of both changes over these "
        f"cells: {told(12, 0)}; the level change has the least mean squared error by {best} "
        f"({errors[best]:.2f}; REML {errors['REML']:.2f}). Where REML with Satterthwaite's degrees of "
        f"freedom covers more, it does so by width: its intervals of the level change are {wide:.1f} wide "
        f"there (the mean of the medians below), those of OLS {least:.1f}.",
        f"**REML was preferred from 12 points on.** Here: {told(10**6, 12)}.",
        "**Intervals are generally too narrow**, those of ARIMA and Newey-West most.",
    ]


def figure(turner: Record) -> None:
    """Mean autocorrelation, and coverage of level and slope, by points, a column an autocorrelation."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    phis = list(dict.fromkeys(c["phi"] for c in turner["cells"]))
    drawing = Figure(figsize=(10.5, 6.8), layout="constrained")
    axes = drawing.subplots(3, len(phis), sharex=True, sharey="row")
    low, high = limits(turner)
    for column, value in enumerate(phis):
        for name, (colour, marker) in COLOURS.items():
            cells = [c for c in of_method(turner, name, 10**6) if c["phi"] == value]
            look: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 4, "linewidth": 0.8}
            points = [c["points"] for c in cells]
            if name in ESTIMATING:
                axes[0][column].plot(points, [c["mean_phi"] for c in cells], **look)
            for row, of in ((1, "level"), (2, "slope")):
                shares = [100 * coverage(c, of) for c in cells]
                axes[row][column].plot(points, shares, label=name, **look)
        axes[0][column].axhline(value, color="0.4", linewidth=0.8, linestyle="--")
        axes[0][column].set_title(f"autocorrelation {value:g}", fontsize="small", loc="left")
        for row in (1, 2):
            axes[row][column].axhspan(100 * low, 100 * high, color="0.9")
            axes[row][column].set_ylim(30, 101)
        axes[2][column].set_xscale("log")
        axes[2][column].set_xticks([6, 12, 24, 48, 96], ["6", "12", "24", "48", "96"])
        axes[2][column].minorticks_off()
        for row in range(3):
            axes[row][column].spines[["top", "right"]].set_visible(False)
    for row, words in enumerate(("Mean autocorrelation", "Coverage of level, %", "Coverage of slope, %")):
        axes[row][0].set_ylabel(words, fontsize="small")
    drawing.supxlabel("Points (synthetic series; log axis)", fontsize="small")
    handles, labels = axes[1][0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside upper center", ncols=6, fontsize="small", frameon=False)
    with mpl.rc_context({"svg.hashsalt": "precept_stats", "svg.fonttype": "path"}):
        drawing.savefig(DOCS / "its_calibration.svg", metadata={"Date": None})


def section(record: Record, rows: Sequence[str]) -> str:
    """The coverage part of a method's page."""
    low, high = limits(record)
    cells = record["cells"]
    lines = [
        f"Per cent of {record['series']} synthetic series whose nominal 95 % interval of the level change "
        f"holds the truth; bold: outside {100 * low:.1f} to {100 * high:.1f}, three Monte Carlo standard "
        "errors of 95.",
        "",
        *table(cells, rows, covered(record, "level")),
    ]
    return "\n".join(lines) + "\n"


def sections(record: Record) -> dict[str, str]:
    """The coverage parts by method."""
    return {
        "segmented_regression": section(record, names(record["cells"])),
        "six_methods": section(record, SIX),
    }


def main() -> None:
    record = json.loads((DOCS / "its_calibration.json").read_text(encoding="utf-8"))
    (DOCS / "its_calibration.md").write_text(page(record), encoding="utf-8")
    figure(record["turner"])
    for kind, text in sections(record).items():
        path = DOCS / "methods" / f"{kind}.md"
        whole = re.sub(
            r"(<!-- coverage -->\n).*?(<!-- /coverage -->)",
            lambda m, text=text: m[1] + text + m[2],
            path.read_text(encoding="utf-8"),
            flags=re.DOTALL,
        )
        path.write_text(whole, encoding="utf-8")


if __name__ == "__main__":
    main()
