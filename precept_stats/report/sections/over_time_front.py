"""The first page of a report about a programme or a series, and the flow of its rows."""

from __future__ import annotations

from precept_stats.report.blocks import Block, Column, Heading, Prose, Table, TableRow
from precept_stats.report.format import level_text, plural, point_text, range_text
from precept_stats.report.material import Answer, Material, answer, by_stat, grouped, number_of, why_no_number
from precept_stats.report.sections.front import attributes, closing
from precept_stats.report.sections.intervals import interval_words
from precept_stats.report.sections.withheld import withheld
from precept_stats.report.words import capital, cell, contrast_words, measure_words, sentence

NO_CAUSE = (
    "There is no concurrent comparison in a before-after model: what changed for another reason at the same "
    "time, or was changing already, is in the difference unless the model takes account of it."
)
EXTRAPOLATED = (
    "The counterfactual is the trend before the interruption carried on. That it would have gone on so is an "
    "assumption that the data cannot show."
)
PARALLEL = (
    "The counterfactual is from units that had not started yet, or are taken for such. That all units would "
    "have moved alike without the programme is an assumption that the data cannot show."
)


def summary_over_time(material: Material) -> tuple[Block, ...]:
    """The answer of the primary analysis, how far others move it, and what it cannot tell."""
    primary = material.plan.primary
    found = answer(material, primary)
    blocks: list[Block] = [Heading(2, "Summary")]
    if found is None:
        blocks.append(Prose(f"The primary analysis: {why_no_number(material, primary)}.", lead=True))
    else:
        blocks.append(Prose(_answer(material, found), lead=True))
        blocks += [Prose(text) for text in (_truth(material, found), _spread(material, found)) if text]
    blocks += [*withheld(material), Prose(_cannot_tell(material))]
    return (*blocks, *closing(material, "programme"))


def _cannot_tell(material: Material) -> str:
    """What the primary analysis rests on and its data cannot show."""
    if material.rows("panel", material.plan.primary):
        return PARALLEL
    return NO_CAUSE if material.plan.design == "before_after" else EXTRAPOLATED


def amount(found: Answer, value: float) -> str:
    """A value of an answer with its unit."""
    text = point_text(value, found.width, found.scale)
    return f"{text} {found.scale.words}" if found.scale.words and not found.scale.suffix else text


def _answer(material: Material, found: Answer) -> str:
    outcome = material.plan.question(found.analysis).outcome
    interval = range_text(found.lower, found.upper, found.scale)
    where = f"{capital(outcome.name)}, {material.label(found.analysis)}: "
    return (
        f"{where}the {measure_words(found.measure)}, {contrast_words(found.contrast)}, was "
        f"{amount(found, found.value)} ({level_text(found.level)} {interval_words(found.kind)} {interval})."
    )


def truth_of(material: Material, analysis: str) -> float | None:
    """What the plan says is true of its synthetic data, in the units of the effect; None of real data."""
    declared = material.plan.analyses[analysis].known_truth
    return declared.value if declared is not None and material.provenance.synthetic else None


def _truth(material: Material, found: Answer) -> str:
    truth = truth_of(material, found.analysis)
    if truth is None:
        return ""
    holds = "holds" if found.lower <= truth <= found.upper else "does not hold"
    return f"The truth of these synthetic data is {amount(found, truth)}: the interval {holds} it."


def _spread(material: Material, found: Answer) -> str:
    """How far apart the analyses of the same measure are, on its scale and at its time."""
    others = [one for name in material.plan.analyses if (one := answer(material, name)) is not None]
    same = [one for one in others if _asked(one) == _asked(found)]
    if len(same) < 2:
        return ""
    low, high = min(one.value for one in same), max(one.value for one in same)
    counted = plural(len(same), "analysis", "analyses")
    return (
        f"Over {counted} of this measure the estimate ran from {amount(found, low)} to {amount(found, high)}."
    )


def _asked(found: Answer) -> tuple[str, str, str, str]:
    """What is estimated, and at which time or over which stretch."""
    return found.measure, found.variable, found.unit, found.contrast.partition(", ")[2]


def question_over_time(material: Material) -> tuple[Block, ...]:
    """The attributes of the primary estimand, with the change that is asked for."""
    change = material.question.estimand.change
    compared = sentence(f"{capital(material.arms[0])}, against {material.arms[1]}")
    told = sentence(capital(change.words())) if change is not None else ""
    return attributes(material, (("Compared", compared), ("Change", told)))


def flow_over_time(material: Material) -> tuple[Block, ...]:
    """Who is counted at each step of the primary analysis."""
    steps = grouped(material.about_the_trial("flow"), lambda row: row.variable)
    heading = Heading(2, "Flow of series and rows")
    if not steps:
        return heading, Prose("No flow was recorded: the analyses stopped before the data were selected.")
    rows, people = [], "Individuals"
    for found in steps.values():
        stats = by_stat(found)
        people = stats["n"].stat_label.removesuffix(" left out") or people
        standing = "left out" not in stats["n"].stat_label
        cells = (found[0].term, cell(stats.get("n_clusters")), cell(stats.get("n")))
        rows.append(TableRow(cells, "strong" if standing else "plain"))
    columns = (Column("Step", "left"), Column("Series or units"), Column(people))
    notes = ["In bold who stands at a step, else who left at it; units lost are those lost entirely."]
    if material.released.policy != "none":
        notes.append("Counts are suppressed or rounded one by one, so they need not add up.")
    caption = "Flow of the primary analysis"
    return heading, Table("flow", caption, columns, tuple(rows), tuple(notes))


def units_of(material: Material, analysis: str) -> str:
    """How many units or series an analysis rests on; empty where it does not say."""
    found = by_stat(material.rows("fit", analysis)).get("n_units")
    count = number_of(found)
    return "" if count is None else f"{count:g}"
