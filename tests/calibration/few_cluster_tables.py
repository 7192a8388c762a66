"""docs/few_clusters.md and its figure from the record docs/few_clusters.json.

python -m tests.calibration.few_cluster_tables
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from tests.calibration.few_cluster_analyses import ANALYSES
from tests.calibration.few_cluster_figure import figure
from tests.calibration.few_cluster_verdicts import (
    AVERAGE,
    MARGIN,
    Result,
    nulls,
    relative_width,
    results,
    spread,
    variants,
    verdict,
)
from tests.calibration.few_cluster_words import drawing, literature, long_rule, short_rule
from tests.calibration.tables import DOCS

OUTCOMES = ("common", "rare")
AVERAGES = {
    "cluster": "for the cluster average",
    "participant": "for the participant average",
    "neither": "only where size carries no information",
}
SHOWN = {
    "keeps": "yes",
    "cautious": "cautious",
    "too often": "**no**",
    "unanswered": "no answer",
    "open": "open",
}


def in_short(found: list[Result]) -> str:
    """A row a number of clusters: what may be used for which average, whatever the outcome."""
    lines = ["| clusters | " + " | ".join(AVERAGES.values()) + " |", "|--:|---|---|---|"]
    for clusters in _numbers(found):
        cells = {name: nulls(found, name, clusters) for name in variants(found)}
        usable = [name for name, mine in cells.items() if verdict(mine) in ("keeps", "cautious")]
        order = sorted(usable, key=lambda name: relative_width(found, name, clusters))
        fields = [
            "<br>".join(f"{name} ({spread(cells[name])})" for name in order if AVERAGE[name] == average)
            for average in AVERAGES
        ]
        lines.append(f"| {clusters} | " + " | ".join(field or "none" for field in fields) + " |")
    return "\n".join(lines)


def _numbers(found: Iterable[Result]) -> list[int]:
    return sorted({r.clusters for r in found})


def decision(found: list[Result], outcome: str) -> str:
    """A row an analysis, a column a number of clusters: the verdict and the range of type I error."""
    numbers = _numbers(found)
    lines = ["| analysis | " + " | ".join(str(k) for k in numbers) + " |", "|---" * (len(numbers) + 1) + "|"]
    for average, words in AVERAGES.items():
        lines.append(f"| _{words}_ |" + " |" * len(numbers))
        for name in variants(found):
            if AVERAGE[name] == average:
                fields = [_verdict(nulls(found, name, k, outcome)) for k in numbers]
                lines.append("| " + " | ".join([name, *fields]) + " |")
    return "\n".join(lines)


def _verdict(cells: list[Result]) -> str:
    word = verdict(cells)
    if word == "unanswered":
        return f"no answer ({100 * max(r.unanswered for r in cells):.0f} %)"
    return f"{SHOWN[word]}, {spread(cells)}" if word else "not run"


def _rule(columns: int) -> str:
    return "|---" + "|--:" * columns + "|"


def _places(cells: Iterable[Result]) -> list[tuple[int, str]]:
    there = {(r.clusters, r.sizes) for r in cells}
    return sorted(there, key=lambda place: (place[1] != "equal", place[0]))


def every(found: list[Result], outcome: str, icc: float) -> str:
    """Type I error in per cent, a row a variant, a column a number of clusters and sizes."""
    cells = [r for r in found if not r.effect and (r.outcome, r.icc) == (outcome, icc)]
    places = _places(cells)
    lines = ["| analysis | " + " | ".join(f"{k}, {sizes}" for k, sizes in places) + " |", _rule(len(places))]
    for name in variants(cells):
        mine = {(r.clusters, r.sizes): r for r in cells if r.variant == name}
        fields = [_rejected(mine[place]) if place in mine else "" for place in places]
        lines.append("| " + " | ".join([name, *fields]) + " |")
    return "\n".join(lines)


def _rejected(cell: Result) -> str:
    if not cell.answered:
        return "no answer"
    text = f"{100 * cell.rate:.1f}"
    text = f"**{text}**" if cell.too_often else f"_{text}_" if cell.too_rarely else text
    return f"{text} ({100 * cell.unanswered:.0f})" if cell.unanswered > 0.005 else text


def covers(found: list[Result], outcome: str) -> str:
    """Coverage, power and relative width under an effect, a row a variant."""
    cells = [r for r in found if r.effect and r.outcome == outcome]
    places = _places(cells)
    lines = ["| analysis | " + " | ".join(f"{k}, {sizes}" for k, sizes in places) + " |", _rule(len(places))]
    for name in variants(cells):
        mine = {(r.clusters, r.sizes): r for r in cells if r.variant == name}
        fields = [_covered(mine[place]) if place in mine else "" for place in places]
        lines.append("| " + " | ".join([name, *fields]) + " |")
    return "\n".join(lines)


def _covered(cell: Result) -> str:
    if not cell.answered:
        return "no answer"
    shown = "-" if math.isnan(cell.coverage) else f"{100 * cell.coverage:.1f}"
    return f"{f'**{shown}**' if cell.misses else shown} / {100 * cell.rate:.0f}"


def widths(found: list[Result]) -> str:
    """Median width beside that of the first variant, a row a variant with risk differences."""
    cells = [r for r in found if r.effect]
    numbers = _numbers(cells)
    lines = ["| analysis | " + " | ".join(str(k) for k in numbers) + " |", _rule(len(numbers))]
    for name in variants(cells):
        if "odds ratio" in name:
            continue
        there = {k for k in numbers if any(r.variant == name and r.clusters == k for r in cells)}
        ratios = [relative_width(found, name, k) if k in there else math.nan for k in numbers]
        fields = [
            "" if math.isnan(ratio) else "no end" if math.isinf(ratio) else f"{ratio:.2f}" for ratio in ratios
        ]
        lines.append("| " + " | ".join([name, *fields]) + " |")
    return "\n".join(lines)


def answers(record: Mapping[str, Any], found: list[Result]) -> str:
    """Why there was no answer, and in how many of the trials; analyses alike in one line."""
    trials: dict[str, int] = {}
    first = {analysis.variants[0]: analysis.name for analysis in ANALYSES}
    for r in found:
        if r.variant in first:
            trials[first[r.variant]] = trials.get(first[r.variant], 0) + r.trials
    alike: dict[str, list[str]] = {}
    for name, reasons in record["refusals"].items():
        parts = [f"{why} ({100 * count / trials[name]:.2g} %)" for why, count in sorted(reasons.items())]
        alike.setdefault("; ".join(parts), []).append(name)
    return "\n".join(f"- {'; '.join(names)}: {text}." for text, names in alike.items())


def standing(found: list[Result]) -> str:
    """How many trials stand in each cell, by analysis: in one sentence where they are the same."""
    counts = {r.trials for r in found}
    cells = {(r.clusters, r.sizes, r.icc, r.outcome, r.effect) for r in found}
    whole = len(found) == len(cells) * len(AVERAGE)
    if whole and len(counts) == 1:
        return f"In each of the {len(cells)} cells stand {counts.pop():,} trials of every analysis."
    lines = [
        "The record is not whole yet. So many trials stand in each cell (least and most, where they differ):",
        "",
        "| analyses | " + " | ".join(f"{o}, {_under(e)}" for o, e in _rounds(found)) + " |",
        _rule(len(_rounds(found))),
    ]
    alike: dict[tuple[str, ...], list[str]] = {}
    for name in variants(found):
        fields = tuple(_trials(found, name, cells, one) for one in _rounds(found))
        alike.setdefault(fields, []).append(name)
    return "\n".join(
        [*lines, *("| " + " | ".join(["; ".join(names), *fields]) + " |" for fields, names in alike.items())]
    )


def _rounds(found: Iterable[Result]) -> list[tuple[str, bool]]:
    return list(dict.fromkeys((r.outcome, r.effect) for r in found))


def _under(effect: bool) -> str:
    return "an effect" if effect else "no effect"


def _trials(found: list[Result], name: str, cells: set[Any], one: tuple[str, bool]) -> str:
    mine = [r.trials for r in found if r.variant == name and (r.outcome, r.effect) == one]
    lacking = len(mine) < sum((cell[3], cell[4]) == one for cell in cells)
    least, most = 0 if lacking or not mine else min(mine), max(mine, default=0)
    return f"{most:,}" if least == most else f"{least:,} to {most:,}"


def page(record: Mapping[str, Any]) -> str:
    """The whole of docs/few_clusters.md."""
    found = results(record)
    iccs = list(dict.fromkeys(r.icc for r in found if not r.effect))
    by_outcome = [(outcome, f"{outcome.capitalize()} outcome") for outcome in OUTCOMES]
    risk = {outcome: f"risk {record['risks'][outcome][0]:g}" for outcome in OUTCOMES}
    parts = [
        "# Which analysis for how many clusters",
        "Made by `make few-clusters-study`; the record is `few_clusters.json`. All data are synthetic. See "
        "also [coverage of the intervals](coverage.md) and [coverage of mixed models](coverage_mixed.md).",
        short_rule(),
        in_short(found),
        "![Type I error by number of clusters](few_clusters.svg)",
        f"Grey: within {MARGIN:g} Monte Carlo standard errors of 5 %, for the most trials that stand in the "
        "panel. Not every analysis is drawn; all are in the tables.",
        "## By outcome",
        long_rule(),
        *(f"{title} ({risk[outcome]}):\n\n{decision(found, outcome)}" for outcome, title in by_outcome),
        "## What others found",
        literature(),
        "## How trials were drawn",
        drawing(record["risks"]),
        standing(found),
        "## Coverage and power under an effect",
        "Per cent of the 95 % intervals given that hold the true marginal effect / per cent of trials "
        f"answered with p at most 0.05; ICC 0.05. Bold: below 95 by more than {MARGIN:g} Monte Carlo "
        "standard errors. The power of an analysis that rejects a true null too often is no merit. An odds "
        "ratio given the cluster has no known truth here.",
        *(f"{title}:\n\n{covers(found, outcome)}" for outcome, title in by_outcome),
        "Median width of the intervals beside that of unweighted cluster summaries, very unequal sizes, by "
        "number of clusters (both outcomes averaged; no end: most intervals have none):",
        widths(found),
        "## Without an answer",
        "Trials that an analysis refused, or whose fit failed, count neither as rejected nor as covered: "
        "rates are of the trials answered. Why, and in which share of all trials of the study:",
        answers(record, found),
        "## Type I error in every cell",
        "Per cent; in brackets the per cent of trials without an answer. Columns: clusters in all, sizes.",
        *(
            f"{title}, ICC {icc:g}:\n\n{every(found, outcome, icc)}"
            for outcome, title in by_outcome
            for icc in iccs
        ),
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    record = json.loads((DOCS / "few_clusters.json").read_text(encoding="utf-8"))
    (DOCS / "few_clusters.md").write_text(page(record), encoding="utf-8")
    figure(results(record), DOCS / "few_clusters.svg")


if __name__ == "__main__":
    main()
