"""What a series must have before it can tell of an interruption; each failure says what is missing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from precept_stats.errors import DataError, PlanError
from precept_stats.studies.changes import Cumulative
from precept_stats.studies.cluster_trial_design import Ints
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.interruptions import Fourier, NoSeasonality, Ramp, SeasonSpline
from precept_stats.studies.labels import listed
from precept_stats.studies.programme import Programme
from precept_stats.studies.question import Question
from precept_stats.studies.series_design import NEVER, SeriesDesign

SUMMED = "several_rows: sum, and a continuous outcome"
ONE_ROW = "one row a period (average rows beforehand, or name `series`); or a binary or count outcome"
CYCLES = 2
"""Seasonal terms need so many whole cycles."""


def require_interrupted(design: SeriesDesign, where: str) -> None:
    """DataError unless every interruption lies inside the data, with periods on both sides.

    Of each unit's own start this holds unit by unit; of a common date over all units together.
    """
    for one in design.interruptions:
        common = len(set(one.start.tolist())) == 1
        outside = [
            (name, (int(periods[0]), int(periods[-1]), start))
            for name, periods, start in _stretches(design, one.start, common)
            if start <= periods[0] or start > periods[-1]
        ]
        if outside:
            _outside(design, one.label, outside, where)


def _stretches(design: SeriesDesign, start: Ints, common: bool) -> Iterator[tuple[str, Ints, int]]:
    if common:
        yield "", np.unique(design.period), int(start[0])
        return
    for unit, name in enumerate(design.units):
        if start[unit] != NEVER:
            yield name, design.period[design.row_unit == unit], int(start[unit])


def _outside(
    design: SeriesDesign, label: str, outside: list[tuple[str, tuple[int, int, int]]], where: str
) -> None:
    unit, at = outside[0]
    first, last, start = (design.label(number) for number in at)
    of = f" of {unit}" if unit else ""
    beyond = at[2] > at[1]
    problem = "there are no data after" if beyond else "there are no data before"
    others = f"; so it is with {listed(name for name, _ in outside[1:])}" if len(outside) > 1 else ""
    raise DataError(
        f"{problem} the interruption {label!r}{of}: it lies outside the series",
        found=f"{start}, the data run from {first} to {last}{others}",
        allowed=f"a {design.every} after the first and not after the last; a unit without data on both "
        "sides is left out with a population condition",
        where=where,
    )


def require_points(design: SeriesDesign, where: str) -> None:
    """DataError where a slope is asked for and fewer than two periods are on one side of an interruption."""
    treated = design.treated[design.row_unit]
    for one in design.interruptions:
        since = design.since(one.name) - design.first_after
        reached = (one.start[design.row_unit] != NEVER) & design.used
        ramp = any(isinstance(shape, Ramp) for shape in one.shapes)
        for of, rows in (("", reached & treated), (" in the control series", reached & ~treated)):
            for side, mine in (("before", since < 0), ("after", since >= 0)):
                points = len(np.unique(since[rows & mine]))
                needed = 2 if side == "before" or ramp else 1
                if rows.any() and points < needed:
                    _too_few(f"{side} the interruption {one.label!r}{of}", (points, needed), ramp, where)


def _too_few(what: str, counts: tuple[int, int], ramp: bool, where: str) -> None:
    points, needed = counts
    instead = "; or effects without a ramp" if ramp and what.startswith("after") else ""
    raise DataError(
        f"too few periods {what}",
        found=f"{points} that {'is' if points == 1 else 'are'} not left out",
        allowed=f"{needed} or more: a longer series, or less left out around it{instead}",
        where=where,
    )


def require_complete(design: SeriesDesign, where: str) -> None:
    """DataError for a series with a period missing between its first and its last."""
    told = []
    for unit, name in enumerate(design.units):
        periods = design.period[design.row_unit == unit]
        absent = np.setdiff1d(np.arange(periods[0], periods[-1] + 1), periods)
        if len(absent):
            series = f"{name}: " if len(design.units) > 1 else ""
            told.append(f"{series}{listed(design.label(int(one)) for one in absent)}")
    if told:
        raise DataError(
            f"a series has gaps: periods of a {design.every} without a row or without an outcome",
            found=listed(told),
            allowed="every period from the first to the last; or `gaps: allow`; or a coarser `every`",
            where=where,
        )


def require_cycles(design: SeriesDesign, where: str) -> None:
    """DataError where there are seasonal terms and the series has fewer than two of their cycles."""
    seasonality = design.seasonality
    given = seasonality.period if isinstance(seasonality, Fourier | SeasonSpline) else None
    length = given or design.season_length
    if isinstance(seasonality, NoSeasonality) or length is None:
        return
    periods = len(np.unique(design.period[design.used]))
    if periods < CYCLES * length:
        raise DataError(
            "the seasonal cycle is longer than the series can tell of",
            found=f"{periods} periods, a cycle of {length:.4g}",
            allowed=f"{CYCLES} cycles or more ({CYCLES * length:.4g} periods); or seasonality: "
            "{kind: none, reason: ...}",
            where=where,
        )
    if isinstance(seasonality, Fourier) and 2 * seasonality.pairs > length:
        raise DataError(
            "more pairs of sine and cosine than the cycle has periods for",
            found=str(seasonality.pairs),
            allowed=f"at most {int(length // 2)}",
            where=where,
        )


def require_summable(study: Programme | InterruptedSeries, question: Question) -> None:
    """PlanError where values would be added up: those of rows of one period, or of periods to a total."""
    if question.outcome.type != "continuous":
        return
    if isinstance(study, InterruptedSeries) and study.several_rows == "sum":
        raise PlanError("values of several rows do not add up", found=SUMMED, allowed=ONE_ROW)
    if isinstance(question.estimand.change, Cumulative):
        raise PlanError(
            "values do not add up to events", found="continuous", allowed="a binary or count outcome"
        )


def check_design(study: Programme | InterruptedSeries, design: SeriesDesign, where: str) -> None:
    """Everything that is asked of a design; raises the first DataError."""
    if isinstance(study, InterruptedSeries) and study.gaps == "error":
        require_complete(design, where)
    require_interrupted(design, where)
    require_points(design, where)
    require_cycles(design, where)


def thin_units(study: Programme | InterruptedSeries, design: SeriesDesign) -> tuple[str, ...]:
    """A warning that names the units without a used cell before, or after, their start."""
    if not isinstance(study, Programme):
        return ()
    told = []
    for side, mine in (("before", ~design.after), ("after", design.after)):
        there = np.bincount(design.row_unit[design.used & mine], minlength=len(design.units)) > 0
        absent = [name for name, found in zip(design.units, there, strict=True) if not found]
        if absent:
            told.append(f"units without data {side} their start that are not left out: {listed(absent)}")
    return tuple(told)
