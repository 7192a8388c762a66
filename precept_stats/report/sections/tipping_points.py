"""Tipping points: at which shift of what was imputed the conclusion changes, as a figure and a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from precept_stats.methods.settings_missing import shift_unit, signed
from precept_stats.report.blocks import Block, Column, Figure, Prose, Table, TableRow
from precept_stats.report.figure_data import TippingCell, TippingData
from precept_stats.report.format import p_text, point_text, range_text, scale_for
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.words import capital, scale_words
from precept_stats.values import Row

Side = Literal["above", "below", "none"]
Shifts = tuple[float, float]
"""Of imputed outcomes in the reference arm, and in the compared arm."""
WORDS: dict[Side, str] = {
    "above": "lies above no effect",
    "below": "lies below no effect",
    "none": "holds no effect",
}


@dataclass(frozen=True, slots=True)
class Point:
    """The effect under one pair of shifts."""

    value: float
    low: float
    high: float
    p_value: float
    null: float
    row: Row

    @property
    def side(self) -> Side:
        return "above" if self.low > self.null else "below" if self.high < self.null else "none"


def tipping_points(material: Material, name: str) -> tuple[Block, ...]:
    """The grid of an analysis, and where its conclusion changes; nothing where it has no grid."""
    rows = material.rows("tipping_point", name)
    if not rows:
        return ()
    points = _points(rows)
    if points is None:
        why = "The tipping points are not shown under the disclosure policy: too few outcomes are missing."
        return (Prose(f"{material.label(name)}. {why}"),)
    return Prose(_sentence(material, name, points)), _figure(material, name, points)


def _points(rows: tuple[Row, ...]) -> dict[Shifts, Point] | None:
    """The points by their shifts; None where some are not shown."""
    found = {}
    by_shifts = grouped(
        rows, lambda row: (float(row.group("delta_reference")), float(row.group("delta_compare")))
    )
    for shifts, mine in by_shifts.items():
        stats = by_stat(mine)
        names = ("estimate", "conf_low", "conf_high", "p_value", "null")
        numbers = [number_of(stats.get(one)) for one in names]
        if any(number is None for number in numbers):
            return None
        value, low, high, p_value, null = (number or 0.0 for number in numbers)
        found[shifts] = Point(value, low, high, p_value, null, stats["estimate"])
    return found


def _unit(material: Material, name: str) -> str:
    return shift_unit(material.plan.question(name).outcome)


def _sentence(material: Material, name: str, points: Mapping[Shifts, Point]) -> str:
    """What the interval says without a shift, and the least shift of one arm alone that changes it."""
    start = points[0.0, 0.0].side
    compare, reference = material.arms_of(name)
    parts = []
    for place, arm in ((1, compare), (0, reference)):
        alone = {shifts[place]: one for shifts, one in points.items() if shifts[1 - place] == 0.0}
        if len(alone) > 1:
            parts.append(f"shifting {arm} alone, {_first_changes(alone, start)}")
    everywhere = "" if len({one.side for one in points.values()}) > 1 else " No pair of shifts changes it."
    return (
        f"{material.label(name)}: without a shift the interval {WORDS[start]}; "
        f"{'; '.join(parts)} (shifts of imputed outcomes {_unit(material, name)}).{everywhere}"
    )


def _first_changes(alone: Mapping[float, Point], start: Side) -> str:
    """The shift nearest to 0 on either side at which the interval lies otherwise."""
    found = []
    for ordered in (
        sorted(one for one in alone if one > 0),
        sorted((d for d in alone if d < 0), reverse=True),
    ):
        changed = next((shift for shift in ordered if alone[shift].side != start), None)
        if changed is not None:
            found.append(f"it {WORDS[alone[changed].side]} from {signed(changed)}")
    low, high = min(alone), max(alone)
    return " and ".join(found) or f"it stays so from {signed(low)} to {signed(high)}"


def _figure(material: Material, name: str, points: Mapping[Shifts, Point]) -> Figure:
    compare, reference = material.arms_of(name)
    downs, acrosses = (sorted({shifts[place] for shifts in points}) for place in (0, 1))
    first = points[0.0, 0.0]
    scale = scale_for(first.row.measure, first.row.unit)
    far = max(abs(one.value - one.null) for one in points.values()) or 1.0
    data = TippingData(
        across=f"shift of imputed outcomes, {compare}",
        columns=tuple(map(signed, acrosses)),
        down=f"shift of imputed outcomes, {reference}",
        rows=tuple(map(signed, downs)),
        cells=tuple(
            tuple(
                TippingCell(
                    point_text(one.value, one.high - one.low, scale),
                    one.side,
                    abs(one.value - one.null) / far,
                )
                for one in (points[down, across] for across in acrosses)
            )
            for down in downs
        ),
    )
    what = capital(scale_words(first.row.measure, scale))
    return Figure(
        id=f"tipping-{name}",
        caption=f"{what} when imputed outcomes are shifted by arm ({_unit(material, name)}): "
        f"{material.label(name)}. Shaded where the interval leaves out no effect.",
        alt=f"Grid of estimates by the shift of imputed outcomes in {compare} and in {reference}. "
        f"{_sentence(material, name, points)}",
        data=data,
        behind=_table(material, name, points),
    )


def _table(material: Material, name: str, points: Mapping[Shifts, Point]) -> Table:
    compare, reference = material.arms_of(name)
    columns = (
        Column(f"Shift, {reference}"),
        Column(f"Shift, {compare}"),
        *map(Column, ("Estimate", "Interval", "p")),
    )
    rows = tuple(TableRow(tuple(_cells(shifts, one))) for shifts, one in sorted(points.items()))
    caption = f"The estimate under every pair of shifts: {material.label(name)}"
    return Table(f"tipping-{name}-data", caption, columns, rows)


def _cells(shifts: Shifts, one: Point) -> Iterator[str]:
    scale = scale_for(one.row.measure, one.row.unit)
    yield from map(signed, shifts)
    yield point_text(one.value, one.high - one.low, scale)
    yield range_text(one.low, one.high, scale)
    yield p_text(one.p_value)
