"""Figures of a disparity: areas with the national line, areas over periods, Lorenz curve, map of tiles."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from precept_stats.report.area_figure_data import (
    EquiplotData,
    EquiplotLine,
    LorenzData,
    LorenzLine,
    Tile,
    TilesData,
)
from precept_stats.report.blocks import Block, Column, Figure, Prose, Table, TableRow
from precept_stats.report.figure_data import Mark, RankedData, RankedLine
from precept_stats.report.format import level_text, number
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.tile_maps import places_of
from precept_stats.report.words import NONE
from precept_stats.values import Row

FEWEST = 2


@dataclass(frozen=True, slots=True)
class ShownArea:
    """One area of one period; None where a number is not shown."""

    name: str
    value: float | None
    lower: float | None
    upper: float | None
    share: float | None
    rank: float | None

    @property
    def text(self) -> str:
        """The estimate and its interval."""
        if self.value is None:
            return "not shown"
        if self.lower is None or self.upper is None:
            return number(self.value)
        return f"{number(self.value)} ({number(self.lower)} to {number(self.upper)})"


@dataclass(frozen=True, slots=True)
class ShownPeriod:
    """All areas of a period, and the mean of all with its interval where it is there."""

    period: str
    unit: str
    areas: tuple[ShownArea, ...]
    mean: Mark | None


def area_figures(material: Material, name: str, label: str) -> list[Block]:
    """Every figure that these rows can make, the tables of their numbers behind them."""
    periods = _periods(material, name)
    shown = [period for period in periods if sum(area.value is not None for area in period.areas) >= FEWEST]
    if not shown:
        return [Prose("No area is drawn: too few estimates are shown under the disclosure policy.")]
    last = shown[-1]
    level = level_text(material.plan.multiplicity.level)
    blocks: list[Block] = [_dots(name, label, last, (level, _every(name, label, periods, level)))]
    if len(shown) > 1:
        blocks.append(_equiplot(name, label, shown))
    blocks += _lorenz(name, label, shown)
    return blocks + _tiles(name, label, last)


def _periods(material: Material, name: str) -> list[ShownPeriod]:
    means = grouped(
        [row for row in material.rows("disparity", name) if row.measure == "mean"],
        lambda row: (row.group("period"), row.group("compared_with")),
    )
    by_period = grouped(material.rows("area", name), lambda row: row.group("period"))
    return [_period(period, rows, means.get((period, ""), [])) for period, rows in by_period.items()]


def _period(period: str, rows: list[Row], mean: list[Row]) -> ShownPeriod:
    areas = []
    for area, mine in grouped(rows, lambda row: row.group("area")).items():
        cells = by_stat(mine)
        names = ("estimate", "conf_low", "conf_high", "share", "rank")
        areas.append(ShownArea(area, *(number_of(cells.get(one)) for one in names)))
    unit = next((row.unit for row in rows if row.stat_name == "estimate"), "")
    cells = by_stat(mean)
    value = number_of(cells.get("estimate"))
    whole = None
    if value is not None:
        whole = Mark(value, number_of(cells.get("conf_low")), number_of(cells.get("conf_high")))
    return ShownPeriod(period, unit, tuple(areas), whole)


def _axis(label: str, period: ShownPeriod, *, dated: bool = True) -> str:
    return ", ".join(filter(None, (label, period.period if dated else "", period.unit)))


def _every(name: str, label: str, periods: list[ShownPeriod], level: str) -> Table:
    """Areas down, periods across."""
    names = tuple(dict.fromkeys(area.name for period in periods for area in period.areas))
    found = [{area.name: area.text for area in period.areas} for period in periods]
    lines = tuple(TableRow((area, *(texts.get(area, NONE) for texts in found))) for area in names)
    heads = (period.period or f"Estimate ({level} CI)" for period in periods)
    caption = f"{label}: every area, with {level} intervals"
    return Table(
        f"disparity-{name}-areas-data", caption, (Column("Area", "left"), *map(Column, heads)), lines
    )


def _dots(name: str, label: str, period: ShownPeriod, about: tuple[str, Table]) -> Figure:
    """Areas with their intervals, in order, and the mean of all with its own."""
    level, behind = about
    drawn = sorted((area for area in period.areas if area.value is not None), key=_by_value)
    lines = tuple(RankedLine(area.name, Mark(area.value or 0.0, area.lower, area.upper)) for area in drawn)
    data = RankedData(_axis(label, period), False, (), lines, period.mean, "mean of all areas")
    said = "; ".join(f"{area.name} {area.text}" for area in drawn[:3])
    ends = f"The lowest are {said}; the highest is {drawn[-1].name} {drawn[-1].text}."
    return Figure(
        id=f"disparity-{name}-areas",
        caption=f"{label} by area with {level} intervals; the dashed line is the mean of all areas.",
        alt=f"{len(drawn)} areas in order of their estimates. {ends}",
        data=data,
        behind=behind,
        notes=("The order of areas is uncertain: their ranks have limits of their own.",),
    )


def _by_value(area: ShownArea) -> tuple[float, str]:
    return area.value or 0.0, area.name


def _equiplot(name: str, label: str, periods: list[ShownPeriod]) -> Figure:
    lines = []
    for period in periods:
        values = tuple(area.value for area in period.areas if area.value is not None)
        lines.append(EquiplotLine(period.period, values, None if period.mean is None else period.mean.value))
    rows = tuple(
        TableRow((line.label, number(min(line.values)), _or_none(line.mean), number(max(line.values))))
        for line in lines
    )
    heads = (Column("Period", "left"), Column("Lowest"), Column("Mean of all"), Column("Highest"))
    said = "; ".join(f"{row.cells[0]}: {row.cells[1]} to {row.cells[3]}" for row in rows)
    return Figure(
        id=f"disparity-{name}-periods",
        caption=f"{label}: all areas in each period. How far apart the ends are grows with chance too.",
        alt=f"From the lowest to the highest area by period. {said}.",
        data=EquiplotData(_axis(label, periods[-1], dated=False), tuple(lines)),
        behind=Table(f"disparity-{name}-periods-data", f"{label}: the ends and the mean", heads, rows),
    )


def _or_none(value: float | None) -> str:
    return NONE if value is None else number(value)


def _lorenz(name: str, label: str, periods: list[ShownPeriod]) -> list[Block]:
    """Of the first and the last period, where every area and its share are shown and none is below 0."""
    ends = [periods[0], periods[-1]] if len(periods) > 1 else periods
    curves = [(period, _curve(period)) for period in ends]
    lines = tuple(LorenzLine(period.period or label, points) for period, points in curves if points)
    if not lines:
        return []
    ordered = all(area.rank is not None for area in ends[-1].areas)
    kind = "Concentration curve" if ordered else "Lorenz curve"
    order = "rank" if ordered else "the outcome"
    rows = tuple(TableRow((line.label, number(100.0 * _at(line.points, 0.5)))) for line in lines)
    heads = (Column("Period", "left"), Column("Outcome held by the first half of people (per cent)"))
    said = "; ".join(f"{row.cells[0]} {row.cells[1]} per cent" for row in rows)
    return [
        Figure(
            id=f"disparity-{name}-lorenz",
            caption=f"{label}. {kind}, areas in order of {order}; the diagonal is equal shares.",
            alt=f"{kind}. The half of people in the areas that come first hold: {said}.",
            data=LorenzData("Cumulative share of people", "Cumulative share of the outcome", lines),
            behind=Table(f"disparity-{name}-lorenz-data", f"{label}. {kind}", heads, rows),
        )
    ]


def _curve(period: ShownPeriod) -> tuple[tuple[float, float], ...]:
    areas = sorted(period.areas, key=lambda area: (area.rank or 0.0, *_by_value(area)))
    values, shares = [area.value for area in areas], [area.share for area in areas]
    if any(value is None or value < 0.0 for value in values) or None in shares:
        return ()
    people = [share or 0.0 for share in shares]
    held = [(value or 0.0) * share for value, share in zip(values, people, strict=True)]
    if sum(held) <= 0.0 or sum(people) <= 0.0:
        return ()
    points, across, up = [(0.0, 0.0)], 0.0, 0.0
    for share, part in zip(people, held, strict=True):
        across, up = across + share / sum(people), up + part / sum(held)
        points.append((min(across, 1.0), min(up, 1.0)))
    return tuple(points)


def _at(points: tuple[tuple[float, float], ...], where: float) -> float:
    """The height of the curve at a share of people, in a straight line between areas."""
    for (x0, y0), (x1, y1) in pairwise(points):
        if x0 <= where <= x1 and x1 > x0:
            return y0 + (y1 - y0) * (where - x0) / (x1 - x0)
    return 1.0


def _tiles(name: str, label: str, period: ShownPeriod) -> list[Block]:
    """A map where the areas are the regions of England."""
    places = places_of(area.name for area in period.areas)
    if places is None:
        return []
    values = [area.value for area in period.areas if area.value is not None]
    low, high = min(values), max(values)
    tiles = []
    for area in period.areas:
        column, row, words = places[area.name]
        strength = None if area.value is None else (area.value - low) / (high - low) if high > low else 0.5
        tiles.append(Tile(words, NONE if area.value is None else number(area.value), column, row, strength))
    rows = tuple(
        TableRow((places[area.name][2], area.name, area.text))
        for area in sorted(period.areas, key=lambda area: places[area.name][2])
    )
    heads = (Column("Region", "left"), Column("Code", "left"), Column("Estimate"))
    said = "; ".join(f"{row.cells[0]} {row.cells[2]}" for row in rows)
    return [
        Figure(
            id=f"disparity-{name}-map",
            caption=f"{label}: the regions of England, each as large as any other and about where it is.",
            alt=f"A map of tiles. {said}.",
            data=TilesData(_axis(label, period), tuple(tiles), (number(low), number(high))),
            behind=Table(f"disparity-{name}-map-data", f"{label}: every region", heads, rows),
        )
    ]
