"""Missing outcomes: how many, what was assumed of them, what became of them, and what that cost."""

from __future__ import annotations

from collections.abc import Mapping

from precept_stats.report.blocks import Block, Column, Heading, Prose, Table, TableRow, Terms
from precept_stats.report.format import joined, number, percent_text
from precept_stats.report.material import Material, by_stat, number_of
from precept_stats.report.sections.tipping_points import tipping_points
from precept_stats.report.words import NONE, cell, plain
from precept_stats.values import Row

Asked = tuple[str, str]
"""An outcome, and of whom."""
Counts = dict[str, dict[str, Row]]
"""By arm, the rows of what was counted."""

NOTE = (
    "Missing information: the share of what complete data would have told of the effect that is lost, with "
    "the uncertainty of few imputations. Monte Carlo error: the standard error of the estimate that comes "
    "from the number of imputations alone, on the log scale for ratios. Weights: the largest one used (and, "
    "where some were cut, the largest before and the share of answered rows whose weight was), and what the "
    "answered rows tell as a share of what they would with equal weights."
)


def missing_outcomes(material: Material) -> tuple[Block, ...]:
    """Counts first, then assumptions by analysis, then what filling in or weighting cost.

    Nothing where no outcome is known to be missing and no analysis does anything about it.
    """
    handled = [name for name in material.plan.analyses if material.rows("imputation", name)]
    found = _by_outcome(material, handled)
    counted = _counted(found)
    if not handled and not counted:
        return ()
    blocks: list[Block] = [Heading(3, "Missing outcomes")]
    blocks += [Prose(counted)] if counted else []
    blocks += _assumptions(material, [asked for asked, rows in found.items() if _none(rows)])
    if handled:
        blocks.append(_table(material, handled))
    for name in handled:
        blocks += tipping_points(material, name)
    return tuple(blocks)


def _by_outcome(material: Material, handled: list[str]) -> dict[Asked, Counts]:
    """Counts by arm: of the primary analysis's outcome, then of all that are filled in or weighted."""
    overall = (
        row
        for row in material.about_the_trial("missingness")
        if not row.group("cluster") and not row.group("period")
    )
    found = {_asked(material, material.plan.primary): list(overall)}
    for name in handled:
        found.setdefault(_asked(material, name), list(material.rows("imputation", name)))
    return {asked: _arms_of(material, rows) for asked, rows in found.items()}


def _counted(found: dict[Asked, Counts]) -> str:
    """How many outcomes are missing in each arm, outcome by outcome; empty where none is known to be."""
    told = [
        f"\u201c{outcome}\u201d was missing for {joined(parts)}{who}"
        for (outcome, who), rows in found.items()
        if (parts := _by_arm(rows))
    ]
    return f"Before anything was filled in or weighted, {'; '.join(told)}." if told else ""


def _asked(material: Material, name: str) -> tuple[str, str]:
    """The outcome of an analysis, and of whom where that is another population than the primary one."""
    question = material.plan.question(name)
    same = question.population == material.question.population
    population = question.population.label or plain(question.estimand.population)
    return question.outcome.name, "" if same else f" (of {population})"


def _arms_of(material: Material, rows: list[Row]) -> Counts:
    found = {arm: by_stat(row for row in rows if row.group("arm") == arm) for arm in material.arms}
    return {arm: counts for arm, counts in found.items() if "n_missing" in counts}


def _none(counts: Counts) -> bool:
    """Whether no outcome is known to be missing in any arm."""
    return all(found["n_missing"].stat == 0 for found in counts.values())


def _by_arm(counts: Counts) -> list[str]:
    if _none(counts):
        return []
    return [
        f"{cell(found['n_missing'])} of {cell(found.get('N'))} in {arm}{_share(found)}"
        for arm, found in counts.items()
    ]


def _share(found: dict[str, Row]) -> str:
    missing, total = number_of(found.get("n_missing")), number_of(found.get("N"))
    return "" if missing is None or not total else f" ({percent_text(missing / total)})"


def _assumptions(material: Material, whole: list[Asked]) -> list[Block]:
    """Each assumption once, under the analyses that make it; those that leave out nobody make none."""
    by_text: dict[str, list[str]] = {}
    for name, analysis in material.plan.analyses.items():
        missing = analysis.missing_outcomes
        if not missing.keeps_unanswered and _asked(material, name) in whole:
            continue
        text = missing.assumption(material.plan.question(name).outcome)
        by_text.setdefault(text, []).append(material.label(name))
    told = sum(len(names) for names in by_text.values())
    if len(by_text) == 1 and told == len(material.plan.analyses):
        return [Prose(f"In all analyses: {next(iter(by_text))}")]
    return [Terms(tuple((joined(names), text) for text, names in by_text.items()))] if by_text else []


def _table(material: Material, names: list[str]) -> Table:
    compare, reference = material.arms
    columns = (
        Column("Analysis", "left"),
        Column("Missing outcomes", "left"),
        Column(f"Missing, {compare}"),
        Column(f"Missing, {reference}"),
        Column("Missing information"),
        Column("Monte Carlo error"),
        Column("Weights: largest; left"),
    )
    rows = tuple(_row(material, name) for name in names)
    return Table("missing-outcomes", "What became of missing outcomes, and its cost", columns, rows, (NOTE,))


def _row(material: Material, name: str) -> TableRow:
    rows = material.rows("imputation", name)
    effect = by_stat(row for row in rows if not row.group("arm"))
    counts = {row.group("arm"): row for row in rows if row.stat_name == "n_missing"}
    fit = by_stat(material.rows("fit", name))
    fmi, error = (number_of(effect.get(one)) for one in ("fmi", "mc_error"))
    return TableRow(
        (
            material.label(name),
            plain(material.plan.analyses[name].missing_outcomes.kind),
            *(cell(counts.get(arm)) for arm in material.arms_of(name)),
            NONE if fmi is None else percent_text(fmi),
            NONE if error is None else number(error, 2),
            _weights(fit),
        )
    )


def _weights(fit: Mapping[str, Row]) -> str:
    """The largest weight, from what it was cut, and what is left; a dash where there is none to show."""
    names = ("largest_weight", "largest_weight_uncut", "share_cut", "effective_share")
    largest, uncut, cut, left = (number_of(fit.get(one)) for one in names)
    if largest is None or left is None:
        return NONE
    before = f" (before truncation {number(uncut)}; {percent_text(cut)} cut)" if cut and uncut else ""
    return f"{number(largest)}{before}; {percent_text(left)}"
