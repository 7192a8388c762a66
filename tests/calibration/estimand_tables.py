"""docs/estimands.md, its figure and the coverage section of model_robust from docs/estimands.json.

python -m tests.calibration.estimand_tables
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from tests.calibration.tables import DOCS, with_section

MARGIN = 2.0
AVERAGES = {"cluster_average": "over clusters", "participant_average": "over participants"}
SIZES = {False: "uninformative", True: "informative"}
PAGE = DOCS / "methods" / "model_robust.md"
Cell = Mapping[str, Any]
Record = Mapping[str, Any]


def limits(record: Record) -> tuple[float, float]:
    """Nominal coverage give or take two Monte Carlo standard errors."""
    level, trials = record["level"], record["trials"]
    half = MARGIN * math.sqrt(level * (1 - level) / trials)
    return level - half, level + half


def coverage(cell: Cell) -> float:
    return cell["covered"] / cell["estimated"]


def shown_coverage(record: Record, cell: Cell) -> str:
    """Per cent, bold beyond the limits."""
    low, high = limits(record)
    text = f"{100 * coverage(cell):.1f}"
    return text if low <= coverage(cell) <= high else f"**{text}**"


def shown_bias(cell: Cell) -> str:
    """Percentage points, bold beyond two Monte Carlo standard errors."""
    text = f"{100 * cell['bias']:+.1f}"
    return text if abs(cell["bias"]) <= MARGIN * cell["bias_mcse"] else f"**{text}**"


def table(record: Record, cells: list[Cell]) -> str:
    """Bias, then coverage, of each analysis, one column a number of clusters for either average."""
    clusters = list(dict.fromkeys(c["clusters"] for c in cells))
    heads = [f"{k}, {words}" for words in AVERAGES.values() for k in clusters]
    lines = ["| estimator | " + " | ".join(heads) + " |", "|---" + "|--:" * len(heads) + "|"]
    for analysis in dict.fromkeys(c["analysis"] for c in cells):
        mine = {(c["target"], c["clusters"]): c for c in cells if c["analysis"] == analysis}
        fields = [
            f"{shown_bias(mine[target, k])} / {shown_coverage(record, mine[target, k])}"
            for target in AVERAGES
            for k in clusters
        ]
        lines.append("| " + " | ".join([analysis, *fields]) + " |")
    return "\n".join(lines)


def verdict(record: Record) -> Iterable[str]:
    """In a line an estimator: how far it is from either average under informative size, most clusters."""
    most = max(c["clusters"] for c in record["cells"])
    cells = [c for c in record["cells"] if c["informative"] and c["clusters"] == most]
    for analysis in dict.fromkeys(c["analysis"] for c in cells):
        mine = {c["target"]: c for c in cells if c["analysis"] == analysis}
        told = "; ".join(
            f"{words} {100 * mine[target]['bias']:+.1f} points, coverage {100 * coverage(mine[target]):.0f} %"
            for target, words in AVERAGES.items()
        )
        meant = [words for target, words in AVERAGES.items() if mine[target]["meant"]]
        targets = " and ".join(meant) if meant else "neither average by design"
        yield f"- **{analysis}** ({targets}): {told}."


def below_nominal(record: Record) -> str:
    """What to know of the intervals of summaries weighted by size, of the average that they target."""
    told = []
    for informative, words in SIZES.items():
        shares = [
            100 * coverage(c)
            for c in _of_size(record, informative)
            if c["analysis"] == "cluster summaries, size weights" and c["meant"]
        ]
        told.append(f"{min(shares):.0f} to {max(shares):.0f} % where size is {words}")
    return (
        "Intervals of cluster summaries weighted by size tend to be too narrow, of many clusters as of few: "
        f"even of the average that they target they cover {' and '.join(told)}. Their pooled variance takes "
        "the variance of a summary to be in inverse proportion to its size, which it is not where clusters "
        "differ among themselves. For the average over participants use `gee` with independence or "
        "`model_robust`, whose variances do not take it to be so."
    )


def tests_table(record: Record) -> str:
    """How often the test of informative cluster size rejects at 5 %."""
    clusters = list(dict.fromkeys(t["clusters"] for t in record["tests"]))
    heads = [f"{k}, {SIZES[informative]}" for informative in SIZES for k in clusters]
    lines = ["| working model | " + " | ".join(heads) + " |", "|---" + "|--:" * len(heads) + "|"]
    for analysis in dict.fromkeys(t["analysis"] for t in record["tests"]):
        mine = {(t["informative"], t["clusters"]): t for t in record["tests"] if t["analysis"] == analysis}
        found = [mine[informative, k] for informative in SIZES for k in clusters]
        fields = [f"{100 * t['rejected'] / t['tested']:.1f}" for t in found]
        lines.append("| " + " | ".join([analysis.removeprefix("model-robust, "), *fields]) + " |")
    return "\n".join(lines)


def section(record: Record) -> str:
    """The coverage section of the method's page."""
    lines = [
        f"Bias in percentage points / per cent of {record['trials']:,} simulated trials whose nominal 95 % "
        "interval covers the truth. Columns: clusters in all, and the average that is sought. Bold: beyond "
        "two Monte Carlo standard errors. How trials were drawn, and other methods: "
        "[who targets what](../estimands.md).",
    ]
    for informative, words in SIZES.items():
        chosen = [
            c
            for c in record["cells"]
            if c["informative"] == informative and c["analysis"].startswith("model-robust")
        ]
        lines += ["", f"Size {words}:", "", table(record, chosen)]
    lines += ["", "The test of informative cluster size, per cent rejected at 5 %:", "", tests_table(record)]
    return "\n".join(lines) + "\n"


def page(record: Record) -> str:
    """The whole of docs/estimands.md."""
    small, large = record["sizes"]
    risks, truth = record["risks"], record["truth"]["informative"]
    (down_small, up_small), (down_large, up_large) = risks["informative"]
    ((down, up), _) = risks["uninformative"]
    parts = [
        f"## Size {words}\n\n{table(record, _of_size(record, informative))}\n"
        for informative, words in SIZES.items()
    ]
    return "\n".join(
        [
            "# Who targets what: estimators and averages",
            "",
            "Made by `make estimands-study`; the record is `estimands.json`. All data are synthetic.",
            "",
            f"Half of the clusters, at random, have {small[0]} to {small[1]} people and half {large[0]} to "
            f"{large[1]}; half are in each arm. Risks of clusters are beta distributed about their mean with "
            f"an ICC of {record['icc']:g}, and two kinds of people within a cluster differ in risk, which "
            "all but the cluster summaries adjust for. Where size is uninformative, mean risks are "
            f"{down:.2f} and {up:.2f}. Where it is informative they are {down_small:.2f} and {up_small:.2f} "
            f"in small clusters, {down_large:.2f} and {up_large:.2f} in large ones: the risk difference is "
            f"{truth['cluster_average']:.3f} over clusters and {truth['participant_average']:.3f} over "
            f"participants. Each field is the bias in percentage points / the per cent of {record['trials']} "
            "trials whose nominal 95 % interval covers; bold is beyond two Monte Carlo standard errors. "
            "Columns: clusters in all, and the average that is sought.",
            "",
            "![Bias and coverage of each estimator for both averages](estimands.svg)",
            "",
            "With most clusters and informative size:",
            "",
            *verdict(record),
            "",
            below_nominal(record),
            "",
            *parts,
            "## The test of informative cluster size",
            "",
            "Per cent of trials in which the comparison of the two averages by `model_robust` has p < 0.05. "
            "Where size is uninformative this is the type I error, where it is informative the power: with "
            "few clusters the test finds little, so that a large p-value is no reason to take size for "
            "uninformative.",
            "",
            tests_table(record),
            "",
            *_refused(record),
        ]
    )


def _of_size(record: Record, informative: bool) -> list[Cell]:
    return [c for c in record["cells"] if c["informative"] == informative]


def _refused(record: Record) -> Iterable[str]:
    """The trials that gave no interval."""
    refused = [c for c in record["cells"] if c["estimated"] < record["trials"]]
    if refused:
        yield "## Trials without an interval"
        yield ""
        for c in refused:
            if c["target"] == "cluster_average":
                yield (
                    f"- {c['analysis']}; {c['clusters']} clusters, size {SIZES[c['informative']]}: "
                    f"{record['trials'] - c['estimated']}"
                )
        yield ""


def figure(record: Record) -> None:
    """Bias above, coverage below; a column an average; a mark a number of clusters."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    analyses = list(dict.fromkeys(c["analysis"] for c in record["cells"]))
    clusters = list(dict.fromkeys(c["clusters"] for c in record["cells"]))
    markers = dict(zip(clusters, "ovsD", strict=True))
    drawing = Figure(figsize=(9, 7), layout="constrained")
    axes = drawing.subplots(2, 2, sharey=True, sharex="row")
    low, high = limits(record)
    for column, (target, words) in enumerate(AVERAGES.items()):
        above, below = axes[0][column], axes[1][column]
        above.axvline(0, color="0.6", linewidth=0.8)
        below.axvspan(100 * low, 100 * high, color="0.9")
        above.set_title(f"Bias for the effect {words}", fontsize="medium", loc="left")
        below.set_title(f"Coverage of the effect {words}", fontsize="medium", loc="left")
        for informative, colour, fill in ((False, "#0072B2", "none"), (True, "#D55E00", "full")):
            for k, marker in markers.items():
                cells = [
                    c
                    for c in record["cells"]
                    if (c["target"], c["informative"], c["clusters"]) == (target, informative, k)
                ]
                places = [analyses.index(c["analysis"]) for c in cells]
                look = {
                    "color": colour,
                    "fillstyle": fill,
                    "markersize": 4,
                    "linestyle": "",
                    "marker": marker,
                }
                label = f"{k} clusters, size {SIZES[informative]}" if column == 0 else None
                above.plot([100 * c["bias"] for c in cells], places, label=label, **look)
                below.plot([100 * coverage(c) for c in cells], places, **look)
        above.set_xlabel("Percentage points (synthetic trials)")
        below.set_xlabel("Per cent (synthetic trials)")
        for panel in (above, below):
            panel.set_yticks(range(len(analyses)), analyses)
            panel.spines[["top", "right"]].set_visible(False)
            panel.grid(axis="y", color="0.93")
            panel.set_axisbelow(True)
    axes[0][0].invert_yaxis()
    drawing.legend(loc="outside lower center", ncols=4, fontsize="small", frameon=False)
    with mpl.rc_context({"svg.hashsalt": "precept_stats", "svg.fonttype": "path"}):
        drawing.savefig(DOCS / "estimands.svg", metadata={"Date": None})


def main() -> None:
    record = json.loads((DOCS / "estimands.json").read_text(encoding="utf-8"))
    (DOCS / "estimands.md").write_text(page(record), encoding="utf-8")
    PAGE.write_text(with_section(PAGE.read_text(encoding="utf-8"), section(record)), encoding="utf-8")
    figure(record)


if __name__ == "__main__":
    main()
