"""The effect without each cluster in turn: how far the answer hangs on one of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from precept_stats.report.blocks import Block, Column, Figure, Heading, Prose, Table, TableRow
from precept_stats.report.figure_data import RankedData, RankedLine, mark_of
from precept_stats.report.format import level_text, plural, point_text, range_text
from precept_stats.report.material import Answer, Material, answer, by_stat, grouped, number_of
from precept_stats.report.sections.intervals import caption_words, column_words
from precept_stats.report.words import capital, cell, contrast_words, measure_words, scale_words
from precept_stats.values import Row

MANY = 5
Cells = dict[str, Row]


@dataclass(frozen=True, slots=True)
class Without:
    """The effect without one cluster."""

    cluster: str
    value: float
    lower: float
    upper: float


def influence(material: Material) -> tuple[Block, ...]:
    """The effect without each cluster beside the effect of all; nothing where no analysis left any out."""
    rows = material.about_the_trial("influence")
    whole = answer(material, rows[0].analysis) if rows else None
    if whole is None:
        return ()
    clusters = {
        name: by_stat(found) for name, found in grouped(rows, lambda row: row.group("left_out")).items()
    }
    known = [one for one in (_without(name, found) for name, found in clusters.items()) if one is not None]
    title = Heading(2, "Influence of single clusters")
    failed = sum(found["estimate"].status == "failed" for found in clusters.values() if "estimate" in found)
    if not known:
        why = "could not be estimated" if failed else "cannot be shown under the disclosure policy"
        return title, Prose(f"The effect without each cluster {why}.")
    known.sort(key=lambda one: (one.value, len(one.cluster), one.cluster))
    told = _sentence(material, whole, known)
    open_ended = sum(map(_open, known))
    if open_ended and not _open(whole):
        told += f" Without any one of {plural(open_ended, 'cluster')} the interval has a side without end."
    if failed:
        told += f" Without {failed} of the others it could not be estimated; the table says why."
    return title, Prose(told), _figure(material, whole, (known, clusters))


def _without(cluster: str, found: Cells) -> Without | None:
    value = number_of(found.get("estimate"))
    lower, upper = _limit(found, "conf_low", -math.inf), _limit(found, "conf_high", math.inf)
    if value is None or lower is None or upper is None:
        return None
    return Without(cluster, value, lower, upper)


def _limit(found: Cells, name: str, without_end: float) -> float | None:
    """A limit: one that has no row has no end, one whose row has no number is not shown."""
    return number_of(found[name]) if name in found else without_end


def _sentence(material: Material, whole: Answer, known: list[Without]) -> str:
    """The most influential cluster, and whether the interval changes sides of no difference without any."""
    most = max(known, key=lambda one: _distance(whole, one))
    everyone = Without("", whole.value, whole.lower, whole.upper)
    moved = (
        f"In the analysis “{material.label(whole.analysis)}”, of {plural(len(known), 'cluster')} left out "
        f"one at a time, {most.cluster} moves the estimate most: without it the "
        f"{measure_words(whole.measure)} is {_text(whole, most)} in place of {_text(whole, everyone)}."
    )
    if material.released.policy != "none":
        return f"{moved} So rounded, they cannot tell on which side of no difference an interval ends."
    turned = [one.cluster for one in known if _excludes(whole, one) is not _excludes(whole, whole)]
    state = "excludes" if _excludes(whole, whole) else "includes"
    if not turned:
        return f"{moved} The interval {state} no difference with all clusters, and without any one of them."
    other = "includes" if state == "excludes" else "excludes"
    named = " or without ".join(turned) if len(turned) <= MANY else f"any one of {len(turned)} clusters"
    return f"{moved} With all clusters the interval {state} no difference; without {named} it {other} it."


def _distance(whole: Answer, one: Without) -> float:
    if whole.log:
        return abs(math.log(one.value / whole.value))
    return abs(one.value - whole.value)


def _excludes(whole: Answer, one: Without | Answer) -> bool:
    return not one.lower <= whole.null <= one.upper


def _open(one: Without | Answer) -> bool:
    """Whether a side of the interval has no end."""
    return math.isinf(one.lower) or math.isinf(one.upper)


def _text(whole: Answer, one: Without) -> str:
    """An effect with its interval, to the decimals of the effect of all clusters."""
    value = point_text(one.value, whole.width, whole.scale)
    words = f" {whole.scale.words}" if whole.scale.words and not whole.scale.suffix else ""
    return f"{value}{words} ({range_text(one.lower, one.upper, whole.scale)})"


def _figure(material: Material, whole: Answer, of: tuple[list[Without], dict[str, Cells]]) -> Figure:
    known, clusters = of
    factor = whole.scale.factor
    level = level_text(whole.level)
    lines = tuple(
        RankedLine(one.cluster, mark_of(one.value, (one.lower, one.upper), factor)) for one in known
    )
    axis = f"{capital(scale_words(whole.measure, whole.scale))}, {contrast_words(whole.contrast)}"
    all_of = mark_of(whole.value, (whole.lower, whole.upper), factor)
    notes = ["An arrow is a side without end."] if _open(whole) or any(map(_open, known)) else []
    if material.released.policy != "none":
        notes.append(
            "Clusters stand under numbers in place of names; effects without a cluster are rounded to half "
            "of their standard error, and that to one digit."
        )
        hidden = len(clusters) - len(known)
        notes += [f"Not shown, for a count that is not: {plural(hidden, 'cluster')}."] if hidden else []
    least, greatest = (f"{_text(whole, one)} without {one.cluster}" for one in (known[0], known[-1]))
    return Figure(
        id="influence",
        caption=f"The analysis “{material.label(whole.analysis)}” without each cluster in turn, with "
        f"{caption_words((whole.kind,), level)}, in order of the estimate. The dashed line and the "
        "band are all clusters, the solid line no difference.",
        alt=f"Effect without each cluster. {axis}: from {least} to {greatest}. "
        "Every value is in the table below.",
        data=RankedData(
            axis, whole.log, (), lines, all_of, "all clusters", whole.null * factor, "no difference"
        ),
        behind=_table(whole, known, clusters),
        notes=tuple(notes),
    )


def _table(whole: Answer, known: list[Without], clusters: dict[str, Cells]) -> Table:
    everyone = Without("None: all clusters", whole.value, whole.lower, whole.upper)
    rows = [TableRow((everyone.cluster, _cells(whole, everyone)), "strong")]
    rows += [TableRow((one.cluster, _cells(whole, one))) for one in known]
    shown = {one.cluster for one in known}
    rows += [TableRow((name, _why_not(found))) for name, found in clusters.items() if name not in shown]
    measure = capital(scale_words(whole.measure, whole.scale))
    columns = (
        Column("Left out", "left"),
        Column(f"{measure} ({column_words((whole.kind,), level_text(whole.level))})"),
    )
    return Table("influence-data", "The effect without each cluster", columns, tuple(rows))


def _cells(whole: Answer, one: Without) -> str:
    value = point_text(one.value, whole.width, whole.scale)
    return f"{value} ({range_text(one.lower, one.upper, whole.scale)})"


def _why_not(found: Cells) -> str:
    row = found.get("estimate")
    return f"not estimable: {row.error}" if row is not None and row.error else cell(row)
