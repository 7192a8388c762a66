"""What each analysis of synthetic data makes of the true course: the truth, more, or less."""

from __future__ import annotations

from precept_stats.methods.before_after import BeforeAfter
from precept_stats.report.blocks import Block, Column, Heading, Prose, Table, TableRow
from precept_stats.report.format import point_text
from precept_stats.report.material import Answer, Material, answer
from precept_stats.report.sections.over_time_front import truth_of

CLOSE = 0.1
"""An analysis whose expectation is within this share of the truth recovers it."""
VERDICTS = (
    ("recovers the truth", "Would recover the truth without noise:"),
    ("carries the trend", "Carry the trend, counting it as effect:"),
    ("gives more", "Give more than the truth, though they take out a trend that units share:"),
    ("loses effect", "Lose part of the effect:"),
)
ALWAYS = "recovers the truth"
NOTE = (
    "Without noise: what the same analysis gives where every month of every unit is at its true mean. Its "
    "distance from the truth stays however large the data are. An analysis recovers the truth if that is "
    "within a tenth of it, loses effect if it gives less, and gives more otherwise: it carries the trend if "
    "it has no term for one, so that the trend is counted as effect."
)


def true_course(material: Material) -> tuple[Block, ...]:
    """Which analyses recover the truth and which carry the trend, where the plan says what they expect."""
    known = [found for name in material.plan.analyses if (found := _known(material, name)) is not None]
    if not known:
        return ()
    rows: list[TableRow] = []
    told: dict[str, list[str]] = {verdict: [] for verdict, _ in VERDICTS}
    for one in known:
        verdict = _verdict(material, one)
        told[verdict].append(material.label(one[0].analysis))
        rows.append(_row(material, one, verdict))
    said = [(start, told[verdict]) for verdict, start in VERDICTS if told[verdict] or verdict == ALWAYS]
    words = " ".join(f"{start} {'; '.join(names) or 'none'}." for start, names in said)
    columns = (
        Column("Analysis", "left"),
        Column("Truth (synthetic)"),
        Column("Without noise"),
        Column("Difference"),
        Column("What it does", "left"),
    )
    table = Table("true-course", "What each analysis makes of the true course", columns, tuple(rows), (NOTE,))
    return Heading(3, "Which analyses recover the truth, and which are off"), Prose(words), table


Known = tuple[Answer, float, float]


def _known(material: Material, name: str) -> Known | None:
    declared, found = material.plan.analyses[name].known_truth, answer(material, name)
    truth = truth_of(material, name)
    if declared is None or truth is None or declared.expected is None or found is None:
        return None
    return found, truth, declared.expected


def _verdict(material: Material, known: Known) -> str:
    """A trend is carried by a method without a term for one; of others more is more, for another reason."""
    found, truth, expected = known
    if abs(expected - truth) <= CLOSE * abs(truth):
        return "recovers the truth"
    if (expected - truth) * truth <= 0:
        return "loses effect"
    method = material.plan.analyses[found.analysis].method
    carries = isinstance(method, BeforeAfter) and not method.takes_trend_out
    return "carries the trend" if carries else "gives more"


def _row(material: Material, known: Known, verdict: str) -> TableRow:
    found, truth, expected = known
    values = (point_text(value, found.width, found.scale) for value in (truth, expected))
    more = "+" if expected > truth else ""
    difference = f"{more}{point_text(expected - truth, found.width, found.scale)}"
    return TableRow((material.label(found.analysis), *values, difference, verdict))
