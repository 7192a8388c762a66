"""The effect by time since the switch, for analyses that let it change."""

from __future__ import annotations

import re

from precept_stats.report.blocks import Block, Column, Figure, Heading, Table, TableRow
from precept_stats.report.figure_data import ExposureData, mark_of
from precept_stats.report.format import joined, level_text, point_text, range_text
from precept_stats.report.material import Answer, Material, answer, by_stat, grouped, number_of
from precept_stats.report.sections.intervals import caption_words, column_words
from precept_stats.report.words import capital, contrast_words, scale_words
from precept_stats.values import Row

EXPOSURE = re.compile(r"(?<![a-z])exposure(?:[ _]time)?[ _](\d+)\Z")
Effects = dict[int, tuple[float, float, float]]


def exposure(material: Material) -> tuple[Block, ...]:
    """One figure an analysis with an effect for each exposure time; nothing where there is none."""
    blocks: list[Block] = []
    for name in material.plan.analyses:
        effects, whole = _effects(material, name), answer(material, name)
        if len(effects) > 1 and whole is not None:
            figure_id = "exposure" if not blocks else f"exposure-{name}"
            blocks.append(_figure(material, whole, (effects, figure_id)))
    return (Heading(3, "Effect by time since the switch"), *blocks) if blocks else ()


def exposure_of(row: Row) -> int | None:
    """The number of periods under the intervention that a row is about; None for other rows."""
    found = EXPOSURE.search(row.term) or EXPOSURE.search(row.measure)
    return int(found[1]) if found and row.context in ("icc", "estimate") else None


def _effects(material: Material, name: str) -> Effects:
    rows = [
        row
        for context in ("estimate", "icc")
        for row in material.rows(context, name)
        if exposure_of(row) is not None
    ]
    effects: Effects = {}
    for time, found in sorted(grouped(rows, lambda row: exposure_of(row) or 0).items()):
        stats = by_stat(found)
        numbers = [number_of(stats.get(stat)) for stat in ("estimate", "conf_low", "conf_high")]
        value, lower, upper = numbers
        if value is not None and lower is not None and upper is not None:
            effects[time] = (value, lower, upper)
    return effects


def _figure(material: Material, whole: Answer, of: tuple[Effects, str]) -> Figure:
    effects, figure_id = of
    factor, level = whole.scale.factor, level_text(whole.level)
    points = tuple(
        (str(time), mark_of(value, (lower, upper), factor)) for time, (value, lower, upper) in effects.items()
    )
    average = mark_of(whole.value, (whole.lower, whole.upper), factor)
    axis = f"{capital(scale_words(whole.measure, whole.scale))}, {contrast_words(whole.contrast)}"
    told = joined([f"{time}: {_text(whole, numbers)}" for time, numbers in effects.items()])
    return Figure(
        id=figure_id,
        caption=f"The effect by the number of periods since the switch, in the analysis "
        f"“{material.label(whole.analysis)}”, with {caption_words((whole.kind,), level)}. The dashed "
        "line and the band are the average over these times, which is what this analysis answers. Later "
        "times rest on the fewer clusters that switched early.",
        alt=f"Effect by exposure time. {axis}. Periods since the switch, {told}. Average: "
        f"{_text(whole, (whole.value, whole.lower, whole.upper))}.",
        data=ExposureData(axis, whole.log, whole.null * factor, points, average),
        behind=_table(whole, effects, figure_id),
    )


def _text(whole: Answer, numbers: tuple[float, float, float]) -> str:
    value, lower, upper = numbers
    return f"{point_text(value, upper - lower, whole.scale)} ({range_text(lower, upper, whole.scale)})"


def _table(whole: Answer, effects: Effects, figure_id: str) -> Table:
    rows = [TableRow((str(time), _text(whole, numbers))) for time, numbers in effects.items()]
    rows.append(TableRow(("Average", _text(whole, (whole.value, whole.lower, whole.upper))), "strong"))
    interval = column_words((whole.kind,), level_text(whole.level))
    effect = f"{capital(scale_words(whole.measure, whole.scale))} ({interval})"
    columns = (
        Column("Periods since the switch", "left"),
        Column(effect),
    )
    return Table(f"{figure_id}-data", "Effect by time since the switch", columns, tuple(rows))
