"""The effect by subgroup: a forest plot an analysis, and the test of interaction, the only p-value."""

from __future__ import annotations

from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.figure_data import ForestData, ForestLine, ForestPanel, mark_of
from precept_stats.report.format import df_text, level_text, number, p_text, point_text, range_text
from precept_stats.report.material import Answer, Material, answer, by_stat, grouped, number_of
from precept_stats.report.sections.intervals import caption_words, column_words
from precept_stats.report.words import NONE, capital, cell, contrast_words, plain, scale_words
from precept_stats.studies.subgroup import subgroup_named
from precept_stats.values import Row

NO_P = (
    "Effects within subgroups have no p-values: whether the effect differs between subgroups is the "
    "question, and the test of interaction its answer. A large p-value of interaction does not show that "
    "the effect is the same in all."
)
ALWAYS_IN = "The main effect of the subgroup is in the model."


def subgroups(material: Material) -> tuple[Block, ...]:
    """One forest plot an analysis with a subgroup; nothing where none has."""
    blocks: list[Block] = []
    for name in material.plan.analyses:
        whole = answer(material, name)
        levels = _levels(material, name)
        if whole is not None and levels:
            figure_id = "subgroups" if not blocks else f"subgroups-{name}"
            blocks += _shown(material, whole, levels, figure_id)
    return (Heading(2, "Effect by subgroup"), *blocks) if blocks else ()


def _levels(material: Material, name: str) -> dict[str, dict[str, Row]]:
    rows = [r for r in material.rows("subgroup", name) if r.group("subgroup") and not r.group("arm")]
    return {level: by_stat(found) for level, found in grouped(rows, lambda r: r.group("subgroup")).items()}


def _shown(
    material: Material, whole: Answer, levels: dict[str, dict[str, Row]], figure_id: str
) -> tuple[Block, ...]:
    name = whole.analysis
    lines = [*_everyone(material, name), *(_line(whole, level, found) for level, found in levels.items())]
    effect = next(iter(levels.values()))["estimate"]
    title = f"{material.plan.question(name).outcome.name}: {_effect_words(whole, effect)}"
    compare, reference = material.arms_of(name)
    higher = material.plan.question(name).outcome.direction == "higher_better"
    panel = ForestPanel(
        title=title,
        log=whole.log,
        null=whole.null * whole.scale.factor,
        below=f"favours {reference if higher else compare}",
        above=f"favours {compare if higher else reference}",
        lines=tuple(lines),
    )
    table = _table(material, whole, panel, figure_id)
    told = _interaction(material, whole, len(levels))
    if not any(line.mark for line in lines):
        return Prose(f"{capital(_named(material, name))}: effects are not drawn. {told}"), table
    intervals = caption_words((whole.kind,), level_text(whole.level))
    first = "Everyone is drawn as a filled diamond, in bold. " if len(lines) > len(levels) else ""
    figure = Figure(
        id=figure_id,
        caption=f"The effect by {_named(material, name)}, with {intervals}. {first}{told}",
        alt=f"Forest plot by subgroup, estimates with {intervals}. {title}: "
        + "; ".join(f"{line.label} {line.text}" for line in lines)
        + f". {told}",
        data=ForestData((panel,)),
        behind=table,
    )
    return (figure,)


def _named(material: Material, name: str) -> str:
    subgroup = subgroup_named(material.plan.analyses[name].study) or ""
    return f"{plain(subgroup)} in the analysis \u201c{material.label(name)}\u201d"


def _effect_words(whole: Answer, effect: Row) -> str:
    return f"{scale_words(effect.measure, whole.scale)}, {contrast_words(effect.term)}"


def _everyone(material: Material, name: str) -> list[ForestLine]:
    """The effect in the analysis that this one is based on: of the same estimand, without a subgroup."""
    parent = material.loaded.bases.get(name)
    if parent is None or subgroup_named(material.plan.analyses[parent].study) is not None:
        return []
    same = material.plan.analyses[parent].estimand == material.plan.analyses[name].estimand
    found = answer(material, parent)
    if found is None or not same:
        return []
    limits = (found.lower, found.upper)
    text = f"{point_text(found.value, found.width, found.scale)} ({range_text(*limits, found.scale)})"
    return [ForestLine("Everyone", True, text, mark_of(found.value, limits, found.scale.factor))]


def _line(whole: Answer, level: str, found: dict[str, Row]) -> ForestLine:
    value, low, high = (number_of(found.get(stat)) for stat in ("estimate", "conf_low", "conf_high"))
    if value is None:
        return ForestLine(level, False, _why(found["estimate"]))
    if low is None or high is None:
        return ForestLine(level, False, point_text(value, 0.0, whole.scale))
    text = f"{point_text(value, high - low, whole.scale)} ({range_text(low, high, whole.scale)})"
    return ForestLine(level, False, text, mark_of(value, (low, high), whole.scale.factor))


def _why(row: Row) -> str:
    return f"not shown: {row.warning}" if row.status == "suppressed" else f"not estimable: {row.error}"


def _interaction(material: Material, whole: Answer, levels: int) -> str:
    """The estimate and p of two levels, the joint test of more."""
    if levels == 2:
        limits = range_text(whole.lower, whole.upper, whole.scale)
        value = point_text(whole.value, whole.width, whole.scale)
        scale = scale_words(whole.measure, whole.scale)
        return (
            f"Interaction ({scale}; {contrast_words(whole.contrast)}): {value} ({limits}), "
            f"{_equals(whole.p_value)}."
        )
    found = by_stat(material.rows("joint_test", whole.analysis))
    p_value, statistic = number_of(found.get("p_value")), number_of(found.get("statistic"))
    if p_value is None or statistic is None:
        reason = found["p_value"].error if "p_value" in found else "no joint test"
        return f"Interaction: not tested ({reason})."
    df1, df2 = (df_text(number_of(found.get(one))) for one in ("df1", "df2"))
    tested = f"F {number(statistic)} on {df1} and {df2} df" if "df2" in found else f"on {df1} df"
    return f"Interaction ({levels} levels at once, {tested}): {_equals(p_value)}."


def _equals(p_value: float | None) -> str:
    if p_value is None:
        return "a posterior, without a p-value"
    text = p_text(p_value)
    return f"p {text}" if text[0] in "<>" else f"p = {text}"


def _table(material: Material, whole: Answer, panel: ForestPanel, figure_id: str) -> Table:
    counts = [r for r in material.rows("subgroup", whole.analysis) if r.group("arm")]
    known = {(r.group("subgroup"), r.group("arm"), r.stat_name): r for r in counts}
    arms = material.arms_of(whole.analysis)

    def of_arms(level: str, name: str) -> str:
        found = [known[level, arm, name] for arm in arms if (level, arm, name) in known]
        return ", ".join(map(cell, found)) or NONE

    people = "n" if any(r.stat_name == "n" for r in counts) else "n_events"
    who = capital(material.people) if people == "n" else "Events"
    columns = (
        Column("Subgroup", "left"),
        Column(f"Clusters ({', '.join(arms)})"),
        Column(f"{who} ({', '.join(arms)})"),
        Column(f"Estimate ({column_words((whole.kind,), level_text(whole.level))})"),
    )
    rows = [
        TableRow(
            (line.label, of_arms(line.label, "n_clusters"), of_arms(line.label, people), line.text),
            "strong" if line.primary else "plain",
        )
        for line in panel.lines
    ]
    caption = f"The effect by {_named(material, whole.analysis)}"
    return Table(f"{figure_id}-data", caption, columns, tuple(rows), (f"{ALWAYS_IN} {NO_P}",))
