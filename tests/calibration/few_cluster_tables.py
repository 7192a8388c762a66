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
from tests.calibration.few_cluster_words import drawing, literature, reading
from tests.calibration.tables import DOCS

OUTCOMES = ("common", "rare")
MARK = {"too often": "**{}**", "cautious": "_{}_", "unanswered": "({})", "keeps": "{}", "": "{}"}


def decision(found: list[Result], outcome: str) -> str:
    """A row a number of clusters: what may be used for which average, and what may not."""
    lines = [
        "| clusters | for the cluster average | for the participant average | "
        "only where size carries no information | rejects too often | no answer |",
        "|--:|---|---|---|---|---|",
    ]
    for clusters in _numbers(found):
        cells = {name: nulls(found, name, clusters, outcome) for name in variants(found)}
        held = {name: verdict(mine) for name, mine in cells.items()}
        fields = [
            _listed(found, [n for n in cells if AVERAGE[n] == average and _usable(held[n])], cells)
            for average in ("cluster", "participant", "neither")
        ]
        often = [n for n in cells if held[n] == "too often"]
        worst = sorted(often, key=lambda n: -max(r.rate for r in cells[n]))
        fields.append("<br>".join(f"{n} ({100 * max(r.rate for r in cells[n]):.1f})" for n in worst))
        mute = [n for n in cells if held[n] == "unanswered"]
        fields.append("<br>".join(f"{n} ({100 * max(r.unanswered for r in cells[n]):.0f})" for n in mute))
        lines.append(f"| {clusters} | " + " | ".join(field or "none" for field in fields) + " |")
    return "\n".join(lines)


def _usable(word: str) -> bool:
    return word in ("keeps", "cautious")


def _listed(found: list[Result], names: list[str], cells: Mapping[str, list[Result]]) -> str:
    """Narrowest interval first, with the range of type I error; where no interval has an end, last."""
    clusters = next((cells[name][0].clusters for name in names), 0)
    order = sorted(names, key=lambda name: relative_width(found, name, clusters))
    return "<br>".join(f"{name} ({spread(cells[name])})" for name in order)


def _numbers(found: Iterable[Result]) -> list[int]:
    return sorted({r.clusters for r in found})


def ranges(found: list[Result]) -> str:
    """A row a variant: least and greatest type I error over the cells of an outcome and so many clusters."""
    numbers = _numbers(found)
    columns = [(outcome, clusters) for outcome in OUTCOMES for clusters in numbers]
    lines = ["| analysis | " + " | ".join(f"{o}, {k}" for o, k in columns) + " |", _rule(len(columns))]
    for name in variants(found):
        fields = []
        for outcome, clusters in columns:
            cells = nulls(found, name, clusters, outcome)
            fields.append(MARK[verdict(cells)].format(spread(cells).replace(" to ", "–")))
        lines.append("| " + " | ".join([name, *fields]) + " |")
    return "\n".join(lines)


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
        reading(),
        *(f"## {title} ({risk[outcome]})\n\n{decision(found, outcome)}" for outcome, title in by_outcome),
        "## The figure",
        "![Type I error by number of clusters](few_clusters.svg)",
        f"Grey: within {MARGIN:g} Monte Carlo standard errors of 5 %.",
        "## What others found",
        literature(),
        "## How trials were drawn",
        drawing(record["risks"]),
        standing(found),
        "## Type I error, least and greatest",
        "Per cent of the trials answered, over the cells of an outcome with so many clusters. Bold: too "
        "often; italics: too rarely in at least one cell; in brackets: too often without an answer.",
        ranges(found),
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
