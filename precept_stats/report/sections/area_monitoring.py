"""Watching areas: a funnel plot with those beyond its limits, charts over periods, and missed cases."""

from __future__ import annotations

from precept_stats.report.area_figure_data import (
    ChartData,
    ChartPanel,
    ChartPoint,
    FunnelCurve,
    FunnelData,
    FunnelDot,
)
from precept_stats.report.blocks import Block, Column, Figure, Prose, Table, TableRow
from precept_stats.report.format import count_text, level_text, number
from precept_stats.report.material import Material, by_stat, grouped, number_of
from precept_stats.report.words import NONE
from precept_stats.values import Row

MOST_PANELS = 20
ASIDE = {
    "none": "Limits are those of chance alone about the target (exact for counts).",
    "additive": "Limits allow for a variance between areas beside chance (additive overdispersion).",
    "multiplicative": "Limits are those of chance stretched by the overdispersion of all areas.",
}
SCALES = {
    "none": "No transformation was used.",
    "stabilised": "Made on the scale that stabilises the variance (arcsine of the root; of rates the root).",
}


def area_monitoring(material: Material, name: str, label: str) -> list[Block]:
    """The parts that the plan asks for."""
    declared = material.plan.disparities[name]
    blocks: list[Block] = []
    if declared.funnel is not None:
        blocks += _funnel(material, name, label)
    if declared.charts is not None:
        blocks += _charts(material, name, label)
    return blocks + (_missed(material, name, label) if declared.missed_cases else [])


def _funnel(material: Material, name: str, label: str) -> list[Block]:
    """The funnel of the last period."""
    declared = material.plan.disparities[name].funnel
    periods = grouped(material.rows("funnel", name), lambda row: row.group("period"))
    period, rows = list(periods.items())[-1]
    cells = by_stat([row for row in rows if not row.group("area") and not row.group("grid")])
    target = number_of(cells.get("target"))
    dots = _dots(material, name, (period, rows))
    if declared is None or target is None or not dots:
        return [Prose("No funnel plot is drawn: too little of it is shown under the disclosure policy.")]
    unit = cells["target"].unit
    axis = ", ".join(filter(None, (label, period, unit)))
    beyond = [dot for dot in dots if dot.beyond]
    phi = number_of(cells.get("phi"))
    notes = [ASIDE[declared.overdispersion], SCALES[declared.transformation]]
    notes += [] if phi is None else [f"Mean square of winsorised z scores: {number(phi)} (chance: 1)."]
    levels = ", ".join(level_text(level) for level in declared.levels)
    said = "; ".join(f"{dot.label} {number(dot.value)}" for dot in beyond[:12]) or "none"
    return [
        Figure(
            id=f"disparity-{name}-funnel",
            caption=f"{axis}: funnel plot about {number(target)} with {levels} limits.",
            alt=f"{len(dots)} areas by size; beyond the first limits: {said}.",
            data=FunnelData(axis, "Size of the area", target, _curves(rows), tuple(dots)),
            behind=_beyond_table(name, label, tuple(dots), tuple(map(level_text, declared.levels))),
            notes=tuple(notes),
        )
    ]


def _dots(material: Material, name: str, about: tuple[str, list[Row]]) -> list[FunnelDot]:
    period, rows = about
    mine = [row for row in material.rows("area", name) if row.group("period") == period]
    areas = {area: by_stat(each) for area, each in grouped(mine, lambda row: row.group("area")).items()}
    sides = grouped(
        [row for row in rows if row.stat_name == "outside" and row.group("area")],
        lambda row: row.group("area"),
    )
    dots = []
    for area, cells in areas.items():
        value = number_of(cells.get("estimate"))
        size = number_of(cells.get("N")) or number_of(cells.get("person_time"))
        error = number_of(cells.get("std_error"))
        if size is None and error:
            size = 1.0 / error**2
        beyond = sum(bool(number_of(row)) for row in sides.get(area, []))
        if value is not None and size is not None:
            dots.append(FunnelDot(area, size, value, beyond))
    return dots


def _curves(rows: list[Row]) -> tuple[FunnelCurve, ...]:
    found = []
    of_grid = grouped([row for row in rows if row.group("grid")], lambda row: row.group("level"))
    for level, mine in of_grid.items():
        points = []
        for each in grouped(mine, lambda row: row.group("grid")).values():
            cells = by_stat(each)
            ends = [number_of(cells.get(one)) for one in ("size", "lower", "upper")]
            known = [one for one in ends if one is not None]
            if len(known) == len(ends):
                points.append((known[0], known[1], known[2]))
        found += [FunnelCurve(level_text(float(level)), tuple(points))] if points else []
    return tuple(found)


def _beyond_table(name: str, label: str, dots: tuple[FunnelDot, ...], levels: tuple[str, ...]) -> Table:
    words = ("within all limits", *(f"beyond {level}" for level in levels))
    lines = tuple(
        TableRow((dot.label, count_text(dot.size), number(dot.value), words[min(dot.beyond, len(levels))]))
        for dot in sorted(dots, key=lambda dot: (-dot.beyond, dot.label))
    )
    heads = (Column("Area", "left"), Column("Size"), Column("Estimate"), Column("Where it lies", "left"))
    return Table(f"disparity-{name}-funnel-data", f"{label}: every area in the funnel", heads, lines)


def _charts(material: Material, name: str, label: str) -> list[Block]:
    areas = grouped(material.rows("chart", name), lambda row: row.group("area"))
    if not areas:
        return []
    values = {
        (row.group("area"), row.group("period")): number_of(row)
        for row in material.rows("area", name)
        if row.stat_name == "estimate"
    }
    panels = [_panel(area, rows, values) for area, rows in areas.items()]
    signals = sum("signal" in panel.words and "no signal" not in panel.words for panel in panels)
    lines = tuple(TableRow((panel.title, _middle(panel), panel.words)) for panel in panels)
    heads = (Column("Area", "left"), Column("Middle"), Column("What its chart tells", "left", wraps=True))
    behind = Table(f"disparity-{name}-charts-data", f"{label}: charts by area", heads, lines)
    drawn = tuple(panels[:MOST_PANELS])
    unit = next((row.unit for row in material.rows("area", name) if row.stat_name == "estimate"), "")
    axis = ", ".join(filter(None, (label, unit)))
    more = f" The first {MOST_PANELS} of {len(panels)} are drawn." if len(panels) > MOST_PANELS else ""
    figure = Figure(
        id=f"disparity-{name}-charts",
        caption=f"{axis}: each area over its periods.{more}",
        alt=f"{len(panels)} areas over their periods; the runs of {signals} signal a change.",
        data=ChartData(axis, drawn),
        behind=behind,
        notes=("With many areas some signal by chance alone.",),
    )
    return [figure]


def _middle(panel: ChartPanel) -> str:
    return NONE if panel.middle is None else number(panel.middle)


def _panel(area: str, rows: list[Row], values: dict[tuple[str, str], float | None]) -> ChartPanel:
    kinds = grouped(rows, lambda row: row.measure)
    run = by_stat(kinds.pop("run_chart", []))
    limited = list(kinds.values())[-1] if kinds else []
    limits = grouped([row for row in limited if row.group("period")], lambda row: row.group("period"))
    periods = [period for where, period in values if where == area]
    points = tuple(_point(period, values[area, period], limits.get(period, [])) for period in periods)
    centre = number_of(by_stat([row for row in limited if not row.group("period")]).get("centre"))
    median = number_of(run.get("median"))
    return ChartPanel(area, median if median is not None else centre, _runs(run), points)


def _point(period: str, value: float | None, rows: list[Row]) -> ChartPoint:
    cells = by_stat(rows)
    low, high = number_of(cells.get("lower")), number_of(cells.get("upper"))
    both = None if low is None or high is None else (low, high)
    return ChartPoint(period, value, both, bool(number_of(cells.get("outside"))))


def _runs(cells: dict[str, Row]) -> str:
    """The longest run and the crossings against what chance makes likely."""
    names = ("longest_run", "longest_run_limit", "crossings", "crossings_limit")
    found = [number_of(cells.get(one)) for one in names]
    known = [one for one in found if one is not None]
    if not cells:
        return ""
    if len(known) < len(names):
        useful = number_of(cells.get("n_useful"))
        few = useful is not None and useful < 10
        return "no rule about runs: fewer than 10 points off the median" if few else "not shown"
    said = "signal" if number_of(cells.get("signal")) else "no signal"
    run, most, crossings, least = known
    return f"{said}: longest run {run:.0f} (limit {most:.0f}), crossings {crossings:.0f} (least {least:.0f})"


def _missed(material: Material, name: str, label: str) -> list[Block]:
    """How many people of each area are without the outcome, by period; behind the disclosure policy."""
    rows = [row for row in material.rows("area", name) if row.stat_name == "n_missed"]
    if not rows:
        return []
    periods = tuple(dict.fromkeys(row.group("period") for row in rows))
    cells = {(row.group("area"), row.group("period")): row for row in rows}
    lines = tuple(
        TableRow((area, *(_count(cells.get((area, period))) for period in periods)))
        for area in dict.fromkeys(row.group("area") for row in rows)
    )
    columns = (Column("Area", "left"), *(Column(period or "People") for period in periods))
    notes = (f"[not shown]: a count of {material.small} with the outcome or without it.",)
    hidden = any(row.status == "suppressed" for row in rows)
    about = (f"disparity-{name}-missed", f"{label}: people without the outcome, by area")
    return [Table(*about, columns, lines, notes if hidden else ())]


def _count(row: Row | None) -> str:
    value = number_of(row)
    if row is None:
        return NONE
    return "[not shown]" if value is None else count_text(value)
