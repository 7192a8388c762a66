"""The results of analyses over time: the table, the ladder as a forest, further changes, other inference."""

from __future__ import annotations

from dataclasses import dataclass

from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, RowKind, Table, TableRow
from precept_stats.report.figure_data import ForestData, ForestLine, ForestPanel, mark_of
from precept_stats.report.format import (
    Scale,
    df_text,
    level_text,
    p_text,
    point_text,
    range_text,
    scale_for,
)
from precept_stats.report.material import Answer, Material, answer, by_stat, grouped, number_of, why_no_number
from precept_stats.report.sections.intervals import caption_words, column_words, kinds_of
from precept_stats.report.sections.over_time_front import truth_of, units_of
from precept_stats.report.sections.results import forest_table
from precept_stats.report.sections.shared_rows import together
from precept_stats.report.words import NONE, capital, contrast_words, scale_words, sentence
from precept_stats.values import Row

BESIDE = {"cr2": "CR2, Satterthwaite", "wild_bootstrap": "Wild cluster bootstrap"}
WITH_P = ("primary", "secondary")


@dataclass(frozen=True, slots=True)
class Extra:
    """The columns that the table of results has besides: other inference, the truth, measures, units."""

    beside: tuple[str, ...]
    truths: bool
    measures: bool
    units: bool


def results_over_time(material: Material) -> tuple[Block, ...]:
    """Every analysis of the plan, in its order; of synthetic data beside the truth."""
    names = list(material.plan.analyses)
    beside = [kind for kind in BESIDE if any(_beside(material, name, kind) for name in names)]
    truths = any(truth_of(material, name) is not None for name in names)
    extra = Extra(tuple(beside), truths, _several(material, names), any(units_of(material, n) for n in names))
    level = level_text(material.plan.multiplicity.level)
    interval = column_words(kinds_of(material, names), level)
    columns = [
        Column("Analysis", "left"),
        *((Column("What is estimated", "left"),) if extra.measures else ()),
        Column(f"Estimate ({interval})"),
        Column("p"),
        Column("df"),
        *(Column(f"{BESIDE[kind]} ({level} CI)") for kind in beside),
        *((Column("Truth (synthetic)"),) if truths else ()),
        *((Column("Units"),) if extra.units else ()),
    ]
    rows = [_row(material, name, extra) for name in names]
    return (
        Heading(2, "Results"),
        Table(
            "results",
            "Results of every analysis in the plan",
            tuple(columns),
            tuple(rows),
            _notes(beside, truths),
        ),
        *_remarks(material, names),
        *_changes(material, names),
    )


def _several(material: Material, names: list[str]) -> bool:
    """Whether the analyses are of more than one measure, or of one at several times."""
    found = [one for name in names if (one := answer(material, name)) is not None]
    return len({(one.measure, one.unit, _about(one)) for one in found}) > 1


def _about(found: Answer) -> str:
    """At which time, or of which stretch, a contrast is."""
    return found.contrast.partition(", ")[2]


def _row(material: Material, name: str, extra: Extra) -> TableRow:
    found, analysis = answer(material, name), material.plan.analyses[name]
    kind: RowKind = "strong" if analysis.purpose == "primary" else "plain"
    if found is None:
        blank = (NONE,) * (2 + len(extra.beside) + int(extra.truths) + int(extra.units))
        asked = (NONE,) if extra.measures else ()
        return TableRow((material.label(name), *asked, why_no_number(material, name), *blank), kind)
    about = _about(found)
    words = _measured(found.measure, found.unit, found.scale)
    measure = f"{capital(words)}{'; ' if about else ''}{about}"
    truth = truth_of(material, name)
    cells = (
        material.label(name),
        *((measure,) if extra.measures else ()),
        _estimate(found),
        p_text(found.p_value) if analysis.purpose in WITH_P else NONE,
        df_text(found.df, found.method),
        *(_beside(material, name, one) or NONE for one in extra.beside),
        *((_true(found, truth),) if extra.truths else ()),
        *((units_of(material, name) or NONE,) if extra.units else ()),
    )
    return TableRow(cells, kind)


def _measured(measure: str, unit: str, scale: Scale) -> str:
    """A measure with its unit; of a change of level or slope that is a ratio also that."""
    words = scale_words(measure, scale)
    return f"{words}, as a ratio" if unit == "ratio" and not measure.endswith("_ratio") else words


def _true(found: Answer, truth: float | None) -> str:
    return NONE if truth is None else point_text(truth, found.width, found.scale)


def _estimate(found: Answer) -> str:
    value = point_text(found.value, found.width, found.scale)
    return f"{value} ({range_text(found.lower, found.upper, found.scale)})"


def _beside(material: Material, name: str, kind: str) -> str:
    """The interval of other inference from the same fit, with its df; empty where there is none."""
    rows = [row for row in material.rows("inference_beside", name) if row.group("inference") == kind]
    stats = by_stat(rows)
    low, high = number_of(stats.get("conf_low")), number_of(stats.get("conf_high"))
    if low is None or high is None:
        return ""
    scale = scale_for(stats["estimate"].measure, stats["estimate"].unit)
    df = number_of(stats.get("df"))
    return range_text(low, high, scale) + (f", df {df:.1f}" if df is not None else "")


def _notes(beside: list[str], truths: bool) -> tuple[str, ...]:
    notes = [
        "CI: confidence interval. df: degrees of freedom of the t reference distribution. p: two-sided, "
        "against no difference; given for primary and secondary analyses only."
    ]
    if beside:
        notes.append(
            "Beside each model's own interval stands that of the same estimate with a variance reduced in "
            "bias for few clusters, and of the wild cluster bootstrap over every vector of signs."
        )
    if truths:
        notes.append(
            "Truth: known because the data are synthetic, for the periods that each analysis takes in."
        )
    return tuple(notes)


def _remarks(material: Material, names: list[str]) -> list[Block]:
    """What the data of the ladder show of each model, where the truth is known."""
    held: list[str] = []
    missed: list[str] = []
    for name in names:
        found, truth = answer(material, name), truth_of(material, name)
        if found is not None and truth is not None:
            (held if found.lower <= truth <= found.upper else missed).append(material.label(name))
    if not held and not missed:
        return []
    told = [f"The interval holds the known truth in: {'; '.join(held) or 'none'}."]
    told += [f"It does not in: {'; '.join(missed)}."] if missed else []
    text = " ".join(told)
    return [Prose(f"{text} One set of synthetic data is one draw: it shows what can happen, not how often.")]


def _changes(material: Material, names: list[str]) -> list[Block]:
    """Further changes at the interruptions, an analysis after the other."""
    parts = []
    for name in names:
        groups = grouped(material.rows("change", name), lambda row: (row.measure, row.term))
        told = tuple(_change(measure, term, found) for (measure, term), found in groups.items())
        parts.append((material.label(name), told))
    rows = together(parts)
    if not rows:
        return []
    level = level_text(material.plan.multiplicity.level)
    columns = (Column("Change", "left"), Column("Of", "left"), Column(f"Estimate ({level} CI)"), Column("df"))
    return [
        Heading(3, "Every change"),
        Table("changes", "Changes at the interruptions", columns, tuple(rows)),
    ]


def _change(measure: str, term: str, rows: list[Row]) -> TableRow:
    stats = by_stat(rows)
    failed = next((row for row in rows if row.status == "failed"), None)
    scale = scale_for(measure, stats["estimate"].unit)
    words = capital(_measured(measure, stats["estimate"].unit, scale))
    value, low, high = (number_of(stats.get(name)) for name in ("estimate", "conf_low", "conf_high"))
    if failed is not None or value is None or low is None or high is None:
        why = failed.error if failed is not None else "not shown"
        return TableRow((words, contrast_words(term), sentence(why), NONE), "sub")
    text = f"{point_text(value, high - low, scale)} ({range_text(low, high, scale)})"
    df = number_of(stats.get("df"))
    method = str(stats["conf_method"].stat) if "conf_method" in stats else ""
    return TableRow((words, contrast_words(term), text, df_text(df, method)), "sub")


def forest_over_time(material: Material) -> tuple[Block, ...]:
    """Every analysis in the plan's order on one axis a measure, with the truth of synthetic data."""
    groups: dict[tuple[str, str, str, bool], list[Answer]] = {}
    for name in material.plan.analyses:
        found = answer(material, name)
        if found is not None:
            groups.setdefault((found.measure, found.variable, found.unit, found.log), []).append(found)
    heading = Heading(2, "The analyses side by side")
    if not groups:
        return heading, Prose("There is no estimate to draw: the reasons are in the results.")
    panels = tuple(_panel(material, members) for members in groups.values())
    names = [one.analysis for members in groups.values() for one in members]
    level, kinds = level_text(material.plan.multiplicity.level), kinds_of(material, names)
    truths = any(line.truth is not None for panel in panels for line in panel.lines)
    told = " A cross is what is true of these synthetic data." if truths else ""
    figure = Figure(
        id="forest",
        caption=f"Estimates with {caption_words(kinds, level)}, in the order of the plan. The primary "
        f"analysis is a filled diamond, in bold; the vertical line is no difference.{told}",
        alt="Forest plot: " + "; ".join(_alt(line) for panel in panels for line in panel.lines),
        data=ForestData(panels),
        behind=forest_table(panels, column_words(kinds, level)),
    )
    return heading, figure


def _panel(material: Material, members: list[Answer]) -> ForestPanel:
    first = members[0]
    question = material.plan.question(first.analysis)
    higher = question.outcome.direction == "higher_better"
    factor = first.scale.factor
    lines = []
    for found in members:
        truth = truth_of(material, found.analysis)
        mark = mark_of(found.value, (found.lower, found.upper), factor)
        primary = material.plan.analyses[found.analysis].purpose == "primary"
        shown = None if truth is None else truth * factor
        lines.append(ForestLine(material.label(found.analysis), primary, _estimate(found), mark, shown))
    return ForestPanel(
        title=f"{question.outcome.name}: {_measured(first.measure, first.unit, first.scale)}",
        log=first.log,
        null=first.null * factor,
        below="worse" if higher else "better",
        above="better" if higher else "worse",
        lines=tuple(lines),
    )


def _alt(line: ForestLine) -> str:
    truth = f", truth {line.truth:.3g}" if line.truth is not None else ""
    return f"{line.label}{' (primary)' if line.primary else ''} {line.text}{truth}"
