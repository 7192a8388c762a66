"""Every analysis beside every other: the table of results and the forest plot."""

from __future__ import annotations

from dataclasses import dataclass

from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, RowKind, Table, TableRow
from precept_stats.report.figure_data import ForestData, ForestLine, ForestPanel, mark_of
from precept_stats.report.format import (
    df_text,
    icc_text,
    level_text,
    point_text,
    range_text,
    scale_for,
)
from precept_stats.report.material import Answer, Material, answer, is_withheld, number_of, why_no_number
from precept_stats.report.sections.arm_levels import arm_level, level_words
from precept_stats.report.sections.intervals import caption_words, column_words, kinds_note, kinds_of
from precept_stats.report.sections.posterior import p_cell
from precept_stats.report.words import NONE, PURPOSES, capital, cell, contrast_words, scale_words
from precept_stats.values import Row

WITH_P = ("primary", "secondary")
OF_MODELS = ("icc", "icc_within_period")
"""Correlations by a model, on the scale of the outcome: shown where there is none of cluster means."""
IN_FOREST = ("primary", "sensitivity")


@dataclass(frozen=True, slots=True)
class Asked:
    """What tells one group of comparable analyses from another: purpose, measure, outcome, contrast."""

    purpose: str
    measure: str
    variable: str
    contrast: str
    unit: str


def results(material: Material) -> tuple[Block, ...]:
    """The results table: one row an analysis, grouped by purpose and measure."""
    rows: list[TableRow] = []
    remarks: list[str] = []
    last: Asked | None = None
    for purpose in PURPOSES:
        for name, analysis in material.plan.analyses.items():
            if analysis.purpose != purpose:
                continue
            asked = _asked(material, name)
            if asked != last:
                rows.append(TableRow((_group_title(material, name, asked),), "group"))
                last = asked
            rows.append(_row(material, name, remarks))
    compare, reference = material.arms
    level = level_text(material.plan.multiplicity.level)
    columns = (
        Column("Analysis", "left"),
        Column(compare),
        Column(reference),
        Column(f"Estimate ({column_words(kinds_of(material, material.plan.analyses), level)})"),
        Column("p"),
        Column("ICC"),
        Column(f"Clusters ({compare}, {reference})"),
        Column(f"{capital(material.people)} ({compare}, {reference})"),
        Column("df"),
        Column("Status", "left"),
    )
    notes = (*_notes(material), *(f"Note {place}: {text}" for place, text in enumerate(remarks, 1)))
    table = Table("results", "Results of every analysis in the plan", columns, tuple(rows), notes)
    return Heading(2, "Results"), table


def _notes(material: Material) -> tuple[str, ...]:
    iccs = [row for name in material.plan.analyses for row in material.rows("icc", name)]
    label = next((row.stat_label for row in iccs if row.stat_name == "icc" and row.stat_label), "")
    by_model = any(row.measure in OF_MODELS for row in iccs)
    if by_model:
        label = f"{label}; where an analysis has none, that of its model" if label else "that of the model"
    return (
        *_levels(material),
        *filter(None, (kinds_note(material, material.plan.analyses),)),
        f"CI: confidence interval. ICC: {label[:1].lower() + label[1:] or 'intracluster correlation'}. "
        "df: degrees of freedom of the t reference distribution, or how the interval was found where it has "
        "none (normal distribution, likelihood profile, randomisation, bootstrap). p: two-sided, against no "
        "difference; given here for primary and secondary analyses only, because a sensitivity analysis asks "
        "how far the estimate moves, which a p-value cannot tell.",
    )


def _levels(material: Material) -> tuple[str, ...]:
    """What the columns of the arms show, which differs by analysis."""
    kinds: dict[str, list[str]] = {}
    for name in material.plan.analyses:
        found = answer(material, name)
        if found is not None and any(arm_level(material, found, arm) for arm in material.arms):
            kinds.setdefault(level_words(material, name), []).append(material.label(name))
    if not kinds:
        return ()
    told = "; ".join(f"{kind} ({', '.join(names)})" for kind, names in kinds.items())
    both = _counted_twice(material)
    return (f"Columns of the {material.condition}s: {told}.{both}",)


def _counted_twice(material: Material) -> str:
    """Who stands in both columns of counts, for the trials over periods among the analyses."""
    if material.crosses:
        return " A cluster counts under each condition that it was seen under."
    names = [material.label(name) for name in material.plan.analyses if material.over_periods(name)]
    if not names:
        return ""
    return f" Counts of {material.arms[1]} include everyone at baseline in: {', '.join(names)}."


def _asked(material: Material, name: str) -> Asked:
    purpose, found = material.plan.analyses[name].purpose, answer(material, name)
    if found is not None:
        return Asked(purpose, found.measure, found.variable, found.contrast, found.unit)
    question = material.plan.question(name)
    like = next(
        (
            other
            for other in (answer(material, each) for each in material.plan.analyses)
            if other is not None
            and (other.measure, other.variable) == (question.estimand.summary, question.outcome.column)
        ),
        None,
    )
    joint = "/" if question.estimand.summary.endswith("ratio") else "-"
    contrast = f" {joint} ".join(material.arms_of(name))
    unit = (
        like.unit if like else ("proportion" if question.outcome.type == "binary" else question.outcome.unit)
    )
    return Asked(purpose, question.estimand.summary, question.outcome.column, contrast, unit)


def _group_title(material: Material, name: str, asked: Asked) -> str:
    from_scale = _scale_title(asked)
    outcome = material.plan.question(name).outcome.name
    return f"{PURPOSES[asked.purpose]}: {outcome}; {from_scale}, {contrast_words(asked.contrast)}"


def _scale_title(asked: Asked) -> str:
    return scale_words(asked.measure, scale_for(asked.measure, asked.unit))


def _row(material: Material, name: str, remarks: list[str]) -> TableRow:
    found = answer(material, name)
    analysis = material.plan.analyses[name]
    kind: RowKind = "strong" if analysis.purpose == "primary" else "plain"
    label = material.label(name)
    if found is None:
        status = "not shown" if is_withheld(material, name) else "failed"
        return TableRow((label, NONE, NONE, why_no_number(material, name), *(NONE,) * 5, status), kind)
    estimate = f"{point_text(found.value, found.width, found.scale)} ({_interval(found)})"
    levels = [arm_level(material, found, arm) or NONE for arm in material.arms]
    p_value = p_cell(material, found) if analysis.purpose in WITH_P or found.p_value is None else NONE
    fit = material.rows("fit", name)
    return TableRow(
        (
            label,
            *levels,
            estimate,
            p_value,
            _icc(material, name),
            _by_arm(material, fit, "n_clusters"),
            _by_arm(material, fit, "n"),
            df_text(found.df, found.method),
            _status(found, remarks),
        ),
        kind,
    )


def _interval(found: Answer) -> str:
    return range_text(found.lower, found.upper, found.scale)


def _icc(material: Material, name: str) -> str:
    for row in material.rows("icc", name):
        value = number_of(row)
        if row.stat_name == "icc" and value is not None:
            return icc_text(value)
    for row in material.rows("icc", name):
        value = number_of(row)
        if row.measure in OF_MODELS and row.stat_name == "estimate" and not row.term and value is not None:
            return icc_text(value)
    return NONE


def _by_arm(material: Material, fit: tuple[Row, ...], stat_name: str) -> str:
    """``13, 27``: the count in each arm, or the one count of all where arms are not told apart."""
    named = {row.group("arm"): row for row in fit if row.stat_name == stat_name}
    arms = [named[arm] for arm in material.arms if arm in named]
    if arms:
        return ", ".join(map(cell, arms))
    return cell(named.get(""))


def _status(found: Answer, remarks: list[str]) -> str:
    if not found.warning:
        return found.status
    if found.warning not in remarks:
        remarks.append(found.warning)
    return f"{found.status} (note {remarks.index(found.warning) + 1})"


def forest(material: Material) -> tuple[Block, ...]:
    """The primary and sensitivity analyses on one axis a measure."""
    groups: dict[tuple[str, str, str], list[tuple[str, Asked]]] = {}
    for name, analysis in material.plan.analyses.items():
        if analysis.purpose in IN_FOREST:
            asked = _asked(material, name)
            groups.setdefault((asked.measure, asked.variable, asked.contrast), []).append((name, asked))
    panels = tuple(_panel(material, members) for members in groups.values())
    heading = Heading(2, "Primary and sensitivity analyses")
    if not any(line.mark for panel in panels for line in panel.lines):
        return heading, Prose("There is no estimate to draw: the reasons are in the results table.")
    names = tuple(name for members in groups.values() for name, _ in members)
    level, kinds = level_text(material.plan.multiplicity.level), kinds_of(material, names)
    arrows = " An arrow is a side without end." if any(map(_has_arrow, panels)) else ""
    figure = Figure(
        id="forest",
        caption=f"Estimates with {caption_words(kinds, level)}. The primary analysis is drawn as a "
        f"filled diamond, in bold; the vertical line is no difference.{arrows}",
        alt=_forest_alt(panels, caption_words(kinds, level)),
        data=ForestData(panels),
        behind=forest_table(panels, column_words(kinds, level)),
        notes=tuple(filter(None, (kinds_note(material, names),))),
    )
    return heading, figure


def _has_arrow(panel: ForestPanel) -> bool:
    return any(line.mark is not None and any(line.mark.no_end) for line in panel.lines)


def _panel(material: Material, members: list[tuple[str, Asked]]) -> ForestPanel:
    asked = members[0][1]
    question = material.plan.question(members[0][0])
    answers = {name: answer(material, name) for name, _ in members}
    known = next((found for found in answers.values() if found is not None), None)
    lines = tuple(_line(material, name, found) for name, found in answers.items())
    compare, reference = material.arms_of(members[0][0])
    higher = question.outcome.direction == "higher_better"
    return ForestPanel(
        title=f"{question.outcome.name}: {_scale_title(asked)}, {contrast_words(asked.contrast)}",
        log=known.log if known else False,
        null=known.null * known.scale.factor if known else 0.0,
        below=f"favours {reference if higher else compare}",
        above=f"favours {compare if higher else reference}",
        lines=lines,
    )


def _line(material: Material, name: str, found: Answer | None) -> ForestLine:
    primary = material.plan.analyses[name].purpose == "primary"
    label = material.label(name)
    if found is None:
        return ForestLine(label, primary, why_no_number(material, name))
    return ForestLine(
        label,
        primary,
        f"{point_text(found.value, found.width, found.scale)} ({_interval(found)})",
        mark_of(found.value, (found.lower, found.upper), found.scale.factor),
    )


def _forest_alt(panels: tuple[ForestPanel, ...], intervals: str) -> str:
    parts = []
    for panel in panels:
        lines = "; ".join(
            f"{line.label}{' (primary)' if line.primary else ''} {line.text}" for line in panel.lines
        )
        parts.append(f"{panel.title}: {lines}")
    return f"Forest plot, estimates with {intervals}. {'. '.join(parts)}."


def forest_table(panels: tuple[ForestPanel, ...], interval: str) -> Table:
    """The numbers behind a forest plot, a heading a panel."""
    rows = []
    for panel in panels:
        rows.append(TableRow((capital(panel.title),), "group"))
        rows += [
            TableRow((line.label, line.text), "strong" if line.primary else "plain") for line in panel.lines
        ]
    columns = (Column("Analysis", "left"), Column(f"Estimate ({interval})"))
    return Table("forest-data", "Forest plot: every estimate", columns, tuple(rows))
