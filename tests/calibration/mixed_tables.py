"""docs/coverage_mixed.md, its figure and the sections of the methods' pages from docs/coverage_mixed.json.

python -m tests.calibration.mixed_tables
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from tests.calibration.tables import DOCS, with_section

MARGIN = 2.0
METHODS = {"linear": "linear_mixed", "logistic": "generalised_linear_mixed"}
RECOMMENDED = {"linear": "Kenward-Roger", "logistic": "RSPL"}
Cell = Mapping[str, Any]


def limits(record: Mapping[str, Any]) -> tuple[float, float]:
    """Nominal coverage give or take two Monte Carlo standard errors."""
    level, trials = record["level"], record["trials"]
    half = MARGIN * math.sqrt(level * (1 - level) / trials)
    return level - half, level + half


def coverage(cell: Cell) -> float:
    return cell["covered"] / cell["estimated"]


def family(cell: Cell) -> str:
    return cell["variant"].split(",")[0]


def short(variant: str) -> str:
    return variant.split(", ", 1)[1]


def where(cell: Cell) -> tuple[int, str, float, bool]:
    return cell["clusters"], cell["sizes"], cell["icc"], cell["effect"]


def table(record: Mapping[str, Any], cells: list[Cell]) -> str:
    """Coverage in per cent, one row a variant; under no effect and under an effect in one field."""
    low, high = limits(record)
    columns = list(dict.fromkeys((c["clusters"], c["sizes"]) for c in cells))
    lines = ["| interval | " + " | ".join(f"{k}, {sizes}" for k, sizes in columns) + " |"]
    lines.append("|---" + "|--:" * len(columns) + "|")
    for variant in dict.fromkeys(c["variant"] for c in cells):
        row = {(c["clusters"], c["sizes"], c["effect"]): c for c in cells if c["variant"] == variant}
        fields = [
            " / ".join(_shown(coverage(row[(*column, effect)]), low, high) for effect in (False, True))
            for column in columns
        ]
        lines.append("| " + " | ".join([short(variant), *fields]) + " |")
    return "\n".join(lines)


def _shown(value: float, low: float, high: float) -> str:
    text = f"{100 * value:.1f}"
    return text if low <= value <= high else f"**{text}**"


def verdict(record: Mapping[str, Any], cells: list[Cell], name: str) -> str:
    """How many cells of the recommended intervals lie outside the limits, and where they lie."""
    low, high = limits(record)
    mine = [c for c in cells if RECOMMENDED[name] in c["variant"]]
    below, above = [c for c in mine if coverage(c) < low], [c for c in mine if coverage(c) > high]
    text = (
        f"Of the {len(mine)} cells with {RECOMMENDED[name]}, {len(mine) - len(below) - len(above)} lie "
        f"within {100 * low:.1f} to {100 * high:.1f}, two Monte Carlo standard errors of 95 (chance alone "
        f"puts about one in twenty outside); {len(below)} lie below and {len(above)} above."
    )
    for found, word in ((below, "below"), (above, "above")):
        for variant in dict.fromkeys(c["variant"] for c in found):
            of_one = [c for c in found if c["variant"] == variant]
            lines = [_words(of_one, clusters) for clusters in dict.fromkeys(c["clusters"] for c in of_one)]
            text += f"\n- {short(variant)}, {word}: {'; '.join(lines)}."
    text = text.replace("above.\n-", "above.\n\n-", 1)
    if above and not below:
        text += (
            "\n\nAbove 95 is wider than need be: a variance between clusters that the data put below 0 is "
            "estimated as 0, so with few clusters and a small ICC it comes out too large on average."
        )
    return text + "\n\nThe other intervals:\n\n" + "\n".join(_others(record, cells, name))


def _others(record: Mapping[str, Any], cells: list[Cell], name: str) -> Iterable[str]:
    """In one line each, how often and how far the other intervals lie outside the limits."""
    low, high = limits(record)
    for variant in dict.fromkeys(c["variant"] for c in cells if RECOMMENDED[name] not in c["variant"]):
        found = [coverage(c) for c in cells if c["variant"] == variant]
        below, above = sum(value < low for value in found), sum(value > high for value in found)
        yield (
            f"- {short(variant)}: below in {below} and above in {above} of {len(found)} cells, "
            f"{100 * min(found):.1f} to {100 * max(found):.1f} %."
        )


def _words(found: list[Cell], clusters: int) -> str:
    """The cells with so many clusters in a few words, and how often their variance was estimated as 0."""
    mine = [c for c in found if c["clusters"] == clusters]
    percents = sorted(100 * coverage(c) for c in mine)
    spread = f"{percents[0]:.1f}" + (f" to {percents[-1]:.1f}" if len(mine) > 1 else "") + " %"
    zeros = sorted(100 * c["at_boundary"] / c["estimated"] for c in mine)
    share = f"{zeros[0]:.0f}" + (f" to {zeros[-1]:.0f}" if zeros[-1] - zeros[0] >= 1 else "") + " %"
    cells = "1 cell" if len(mine) == 1 else f"{len(mine)} cells"
    return f"{clusters} clusters in {cells}, {spread} (variance between clusters 0 in {share})"


def section(record: Mapping[str, Any], name: str) -> str:
    """The coverage section of a method's page."""
    cells = [c for c in record["cells"] if family(c) == name]
    lines = [
        f"Per cent of {record['trials']:,} simulated trials a cell whose nominal 95 % interval covers the "
        "truth, under no effect / under an effect; 100 less the first is the type I error. Columns: clusters "
        "in all, sizes. Bold: more than two Monte Carlo standard errors from 95. How trials were drawn, and "
        "all numbers: [coverage of mixed models](../coverage_mixed.md).",
    ]
    for icc in dict.fromkeys(c["icc"] for c in cells):
        chosen = [c for c in cells if c["icc"] == icc]
        lines += ["", f"ICC {icc:g}:", "", table(record, chosen)]
    lines += ["", verdict(record, cells, name)]
    refused = [c for c in cells if c["estimated"] < record["trials"]]
    if refused:
        lines += ["", "Trials without an interval (refused, not counted):", ""]
        lines += [
            f"- {short(c['variant'])}; {c['clusters']} clusters, {c['sizes']} sizes, ICC {c['icc']:g}, "
            f"{'an effect' if c['effect'] else 'no effect'}: {record['trials'] - c['estimated']}"
            for c in refused
        ]
    return "\n".join(lines) + "\n"


def page(record: Mapping[str, Any]) -> str:
    """The whole of docs/coverage_mixed.md."""
    sigma = ", ".join(f"{value:.3f} (ICC {icc})" for icc, value in record["sigma"].items())
    odds = ", ".join(f"{value:.3f} (ICC {icc})" for icc, value in record["odds_ratio"].items())
    reference, compare = record["risks"]
    parts = [section(record, name).replace("](../", "](") for name in METHODS]
    return "\n".join(
        [
            "# Coverage and type I error of mixed models",
            "",
            "Made by `make coverage-mixed`; the record is `coverage_mixed.json`. All data are synthetic.",
            "",
            "Half of the clusters are in each arm, at random, with 30 people each, or gamma sizes with a "
            "coefficient of variation of 0.7 and at least 5. Continuous outcomes are normal with variance 1 "
            "and a difference of 0.5 or none. Binary outcomes are logistic with a normal random intercept, "
            f"mean risks {reference:.2f} and {compare:.2f} (or {reference:.2f} in both), and the ICC that of "
            "two people's outcomes in a cluster of the reference arm (the proportion scale): a standard "
            f"deviation of log odds between clusters of {sigma}, and an odds ratio given the cluster of "
            f"{odds}. Size carries no information about risk. Linear models of the binary outcome estimate "
            "the risk difference; logistic models the odds ratio given the cluster and the "
            "marginal risk difference.",
            "",
            "![Coverage by number of clusters](coverage_mixed.svg)",
            "",
            *(f"## {method}\n\n{part}" for method, part in zip(METHODS.values(), parts, strict=True)),
            "## Every cell",
            "",
            *every(record),
            "",
        ]
    )


def every(record: Mapping[str, Any]) -> Iterable[str]:
    """One line a cell: coverage, width, bias, boundary."""
    yield (
        "| interval | clusters | sizes | ICC | effect | covered of | % | median width | bias (MCSE) | "
        "variance 0 |"
    )
    yield "|---|--:|---|--:|---|--:|--:|--:|--:|--:|"
    for c in record["cells"]:
        yield (
            f"| {c['variant']} | {c['clusters']} | {c['sizes']} | {c['icc']:g} | "
            f"{'yes' if c['effect'] else 'no'} | {c['covered']} of {c['estimated']} | "
            f"{100 * coverage(c):.1f} | "
            f"{c['median_width']:.3f} | {c['bias']:+.4f} ({c['bias_mcse']:.4f}) | {c['at_boundary']} |"
        )


def figure(record: Mapping[str, Any]) -> None:
    """A panel a method and outcome, coverage by clusters, a colour an interval."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    low, high = limits(record)
    panels = {
        "linear, mean difference": "Linear, mean difference",
        "linear, risk difference": "Linear, risk difference",
        "logistic, odds ratio": "Logistic, odds ratio given the cluster",
        "logistic, risk difference": "Logistic, risk difference",
    }
    drawing = Figure(figsize=(9, 7.5), layout="constrained")
    axes = drawing.subplots(2, 2, sharex=True, sharey=True)
    colours = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00")
    for panel, (kind, title) in zip(axes.flat, panels.items(), strict=True):
        panel.axhspan(100 * low, 100 * high, color="0.9")
        cells = [c for c in record["cells"] if _panel(c["variant"]) == kind]
        for colour, variant in zip(colours, dict.fromkeys(c["variant"] for c in cells), strict=False):
            chosen = [c for c in cells if c["variant"] == variant]
            shift = colours.index(colour) - 2
            for sizes, fill in (("equal", "none"), ("unequal", "full")):
                mine = [c for c in chosen if c["sizes"] == sizes]
                panel.plot(
                    [c["clusters"] * (1 + 0.03 * shift) for c in mine],
                    [100 * coverage(c) for c in mine],
                    "o",
                    color=colour,
                    fillstyle=fill,
                    markersize=4,
                    label=_rule(variant) if fill == "full" else None,
                )
        panel.set_xscale("log")
        panel.set_xticks([6, 10, 20, 40], ["6", "10", "20", "40"])
        panel.minorticks_off()
        panel.set_title(title, fontsize="medium", loc="left")
        panel.spines[["top", "right"]].set_visible(False)
        panel.legend(fontsize="x-small", frameon=False, loc="lower right")
    drawing.supxlabel("Clusters (filled: unequal sizes; a mark for each ICC, under no effect and an effect)")
    drawing.supylabel("Coverage, per cent (synthetic trials)")
    with mpl.rc_context({"svg.hashsalt": "precept_stats", "svg.fonttype": "path"}):
        drawing.savefig(DOCS / "coverage_mixed.svg", metadata={"Date": None})


def _panel(variant: str) -> str:
    parts = variant.split(", ")
    return f"{parts[0]}, {parts[1] if parts[0] == 'linear' else parts[-1]}"


def _rule(variant: str) -> str:
    parts = variant.split(", ")
    return parts[2] if parts[0] == "linear" else ", ".join(parts[1:3])


def main() -> None:
    record = json.loads((DOCS / "coverage_mixed.json").read_text(encoding="utf-8"))
    (DOCS / "coverage_mixed.md").write_text(page(record), encoding="utf-8")
    for name, method in METHODS.items():
        path = DOCS / "methods" / f"{method}.md"
        text = with_section(path.read_text(encoding="utf-8"), section(record, name))
        path.write_text(text, encoding="utf-8")
    figure(record)


if __name__ == "__main__":
    main()
