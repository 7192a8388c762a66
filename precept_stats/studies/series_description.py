"""What describes a study over time: its points, its interruptions, when units started, how time is coded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from precept_stats.studies.calendar import label_of
from precept_stats.studies.cluster_trial_design import Ints
from precept_stats.studies.prepared_series import PreparedSeries
from precept_stats.studies.series_design import LEFT, NEVER, Bools, SeriesDesign
from precept_stats.values import Row

MOST_SERIES = 60
"""So many series are shown one by one at most; beyond that regions are, or all taken together."""
Groups = tuple[tuple[str, str], ...]


def describe(prepared: PreparedSeries, analysis: str) -> tuple[Row, ...]:
    """Rows of context ``series`` and ``interruption``.

    A point is a series in a period: each series, or each region of a programme by quarter, on the calendar;
    and all treated together by time since each unit's own start where starts differ.
    """
    rows = (*_points(prepared.design), *_interruptions(prepared.design), *_coding(prepared))
    return tuple(replace(row, analysis=analysis) for row in rows)


@dataclass(frozen=True, slots=True, eq=False)
class _Among:
    """Points of one series: which cells are in it, and which point each cell belongs to.

    ``name`` and ``place`` give what a point is called and where it stands on the axis.
    """

    series: str
    clock: str
    mine: Bools
    point: Ints
    name: Callable[[int], str]
    place: Callable[[int], float]


def _points(design: SeriesDesign) -> Iterator[Row]:
    for among in _series(design):
        for number in np.unique(among.point[among.mine]):
            cells = among.mine & (among.point == number)
            name = among.name(int(number))
            groups = (("series", among.series), ("clock", among.clock), ("period", name))
            yield from _point(design, cells, groups, among.place(int(number)))


def _series(design: SeriesDesign) -> Iterator[_Among]:
    starts = design.interruptions[0].start
    if design.single_out and len(design.units) <= MOST_SERIES:
        for unit, name in enumerate(design.units):
            yield _on_calendar(design, name, design.row_unit == unit)
    elif design.region is not None:
        for region, name in enumerate(design.region_names):
            yield _by_quarter(design, name, design.region[design.row_unit] == region)
    if len(design.units) > 1:
        treated = design.treated[design.row_unit]
        yield _on_calendar(design, "all", treated)
        if len(np.unique(starts[starts != NEVER])) > 1:
            yield _Among("all", "own_start", treated, design.time.astype(np.intp), str, float)


def _on_calendar(design: SeriesDesign, name: str, mine: Bools) -> _Among:
    return _Among(name, "calendar", mine, design.period, design.label, float)


def _by_quarter(design: SeriesDesign, name: str, mine: Bools) -> _Among:
    """Three months together, so that a region's point is of enough people to be shown."""
    if design.every != "month":
        return _on_calendar(design, name, mine)
    return _Among(
        name,
        "calendar",
        mine,
        design.period // 3,
        lambda number: label_of(number, "quarter"),
        lambda number: 3.0 * number + 1.0,
    )


def _point(design: SeriesDesign, cells: Bools, groups: Groups, place: float) -> Iterator[Row]:
    size, events = float(design.size[cells].sum()), float(design.events[cells].sum())
    counted = design.outcome.type == "binary"
    unit = "proportion" if counted else design.outcome.unit
    about = Row("", "series", "at", place, "Place on the axis", groups=groups, variable=design.outcome.column)
    yield about
    if counted or design.outcome.type == "count":
        yield replace(about, stat_name="n", stat=_count(events), stat_label="Events", unit="events")
    people = "individuals" if counted else "denominator"
    yield replace(about, stat_name="N", stat=_count(size), stat_label="Denominator", unit=people)
    yield replace(about, stat_name="value", stat=events / size, stat_label=design.outcome.name, unit=unit)
    reasons = {LEFT[code] for code in np.unique(design.left[cells])}
    told = " or ".join(sorted(reasons - {""}))
    if "" not in reasons:
        yield replace(about, stat_name="left", stat=told, stat_label="Left out of the model")
    elif told:
        yield replace(about, stat_name="partly_left", stat=told, stat_label="Partly left out of the model")


def _count(value: float) -> int | float:
    return round(value) if float(value).is_integer() else value


def _interruptions(design: SeriesDesign) -> Iterator[Row]:
    """Each interruption: its shapes, its transition, and how many units began when, by region."""
    for one in design.interruptions:
        about = Row("", "interruption", "label", one.label, "Interruption", variable=one.name)
        reached = one.start[one.start != NEVER]
        yield about
        shapes = ", ".join(shape.kind for shape in one.shapes)
        yield replace(about, stat_name="effects", stat=shapes, stat_label="Effects")
        yield replace(about, stat_name="transition", stat=one.transition.words(), stat_label="Transition")
        yield replace(about, stat_name="affects", stat=one.affects, stat_label="Affects")
        for name, number in (("first", int(reached.min())), ("last", int(reached.max()))):
            label = f"{name.capitalize()} start"
            yield replace(about, stat_name=name, stat=design.label(number), stat_label=label)
            yield replace(about, stat_name=f"{name}_at", stat=number, stat_label=f"{label}, on the axis")
        yield from _starts(design, about, one.start)


def _starts(design: SeriesDesign, about: Row, start: Ints) -> Iterator[Row]:
    regions = np.zeros(len(start), dtype=np.intp) if design.region is None else design.region
    names = design.region_names or ("all",)
    for region, name in enumerate(names):
        for number in np.unique(start[(regions == region) & (start != NEVER)]):
            units = int(np.sum((regions == region) & (start == number)))
            groups = (("region", name), ("period", design.label(int(number))))
            row = replace(about, groups=groups, stat_name="at", stat=int(number))
            yield replace(row, stat_label="Place on the axis")
            yield replace(row, stat_name="n_units", stat=units, stat_label="Units", unit="clusters")


def _coding(prepared: PreparedSeries) -> Iterator[Row]:
    design = prepared.design
    about = Row("", "interruption", "coding", design.coding.words(), "How time is counted")
    yield about
    yield replace(about, stat_name="seasonality", stat=design.seasonality.words(), stat_label="Seasons")
    yield replace(about, stat_name="every", stat=design.every, stat_label="Periods")
    yield replace(about, stat_name="n_series", stat=len(design.units), stat_label="Series", unit="clusters")
    yield replace(
        about, stat_name="n_periods", stat=len(np.unique(design.period)), stat_label="Periods", unit="periods"
    )
    yield replace(about, stat_name="change", stat=design.change.words(), stat_label="Change asked for")
