"""From a table to areas over periods: one estimate and its sampling error each, and nothing lost in silence.

The variance of a share p of n people is p (1 - p) / n, of a rate of d events in n person-years d / n^2. A
count that the publisher rounded to a multiple of b is off by an amount taken as uniform within b / 2 either
way, with the variance b^2 / 12; of numerator and denominator together this adds b^2 / 12 (1 + p^2) / n^2
(delta method).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from precept_stats.errors import DataError, PlanError
from precept_stats.studies.labels import MISSING, Labels, label_rows, listed, near_match
from precept_stats.studies.outcome_coding import code_outcome, numbers
from precept_stats.studies.population import (
    Gathered,
    SourceTable,
    condition_columns,
    gather,
    surprising_values,
)
from precept_stats.studies.question import Outcome
from precept_stats.studies.region_design import AreaQuestion, PreparedRegions, RegionDesign
from precept_stats.studies.regions import FACTORS, HighestRank, NamedArea, Regions
from precept_stats.studies.row_columns import frozen

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

HALF = 0.5
ONE_TIME = "all"


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """What the rows say of each area in each period, (T, K); NaN where they say nothing."""

    areas: tuple[str, ...]
    periods: tuple[str, ...]
    events: Floats
    size: Floats
    std_error: Floats
    people: Floats
    rank: Floats
    groups: tuple[str, ...] = ()

    def without(self, kept: Bools) -> _Cells:
        """The areas that are kept."""
        areas = tuple(name for name, stays in zip(self.areas, kept, strict=True) if stays)
        groups = tuple(name for name, stays in zip(self.groups, kept, strict=False) if stays)
        return _Cells(
            areas,
            self.periods,
            self.events[:, kept],
            self.size[:, kept],
            self.std_error[:, kept],
            self.people[:, kept],
            self.rank[:, kept],
            groups,
        )


def prepare_regions(
    study: Regions, data: Mapping[str, SourceTable], question: AreaQuestion
) -> PreparedRegions:
    """Turn a table into areas over periods.

    Raises PlanError for an outcome that the study cannot be of, and DataError, naming what was found and
    where, for a table that does not hold the study: an area twice, or not in every period, a reference that
    is not there, a denominator of 0 or less, a value that its scale does not have, fewer than two areas.
    """
    check_outcome(study, question.outcome)
    gathered, kept, warnings = _rows(study, data, question)
    cells, missing = _cells(study, question, gathered, kept)
    if missing:
        warnings = (*warnings, f"{missing} rows without an outcome are in no estimate")
    complete = ~np.isnan(cells.events).any(axis=0)
    lost = tuple(name for name, whole in zip(cells.areas, complete, strict=True) if not whole)
    if lost and study.incomplete == "error":
        raise DataError(
            "areas are not in every period, or have no outcome there",
            found=_gaps(cells, lost),
            allowed="every area in every period; or `incomplete: drop`, which leaves such areas out of all",
            where=gathered.where(study.area),
        )
    cells = cells.without(complete)
    if len(cells.areas) < 2:
        raise DataError(
            "there is no disparity of fewer than two areas",
            found=listed(cells.areas) or "no area in every period",
            allowed="two areas or more",
            where=gathered.where(study.area),
        )
    _check_reference(study, cells, gathered)
    design, told = _design(study, question, cells)
    if lost:
        told = (f"left out, not being in every period: {listed(lost, 20)}", *told)
    return PreparedRegions(design, lost, (*warnings, *told))


def check_outcome(study: Regions, outcome: Outcome) -> None:
    """Raise PlanError for an outcome that the study cannot be of."""
    if outcome.composite is not None:
        raise PlanError("areas are not compared by a composite outcome", allowed="an outcome of one column")
    given = study.std_error is not None
    if given != (outcome.type == "continuous"):
        raise PlanError(
            "the outcome and the study do not fit together",
            found=f"an outcome of type {outcome.type} {'with' if given else 'without'} `std_error`",
            allowed="a binary or count outcome; or a continuous one, of estimates, with `std_error`",
        )
    if outcome.type == "binary" and study.scale == "own":
        raise PlanError("a share has a scale", found="own", allowed=", ".join(list(FACTORS)[:-1]))


def _rows(
    study: Regions, data: Mapping[str, SourceTable], question: AreaQuestion
) -> tuple[Gathered, Bools, tuple[str, ...]]:
    """The columns that are needed, and which rows are in the population."""
    outcome, population = question.outcome, question.population
    asked = {column: f"study.{field}" for field, column in study.named()} | condition_columns(population)
    asked[outcome.column] = "outcome"
    if outcome.denominator is not None:
        asked[outcome.denominator] = "outcome.denominator"
    gathered = gather(population, data, asked)
    kept = np.ones(len(gathered.frame), dtype=np.bool_)
    warnings = []
    for condition in population.where:
        warnings.append(surprising_values(condition, gathered.frame[condition.column]))
        kept &= condition.mask(gathered.frame).to_numpy(dtype=np.bool_)
    if not kept.any():
        raise DataError("the population has no rows", where=f"table {gathered.table!r}")
    return gathered, kept, tuple(filter(None, warnings))


def _cells(study: Regions, question: AreaQuestion, gathered: Gathered, kept: Bools) -> tuple[_Cells, int]:
    """What the rows say, and how many have no outcome."""
    frame, outcome = gathered.frame[kept].reset_index(drop=True), question.outcome
    area, period = _labels(frame, study.area, gathered), _periods(frame, study, gathered)
    coded = code_outcome(frame, outcome, f"table {gathered.table!r}")
    use = ~(coded.missing | coded.excluded)
    shape = (len(period.names), len(area.names))
    place = period.codes * shape[1] + area.codes
    if outcome.denominator is not None or study.std_error is not None:
        _once(area, period, place, gathered.where(study.area))

    def total(values: Floats) -> Floats:
        """Sums by cell, NaN where no row says anything."""
        sums = np.bincount(place[use], weights=values[use], minlength=shape[0] * shape[1])
        seen = np.bincount(place[use], minlength=len(sums)) > 0
        return np.where(seen, sums, np.nan).reshape(shape)

    size = total(coded.size)
    people = size if study.people is None else total(_positive(frame, study.people, use, gathered))
    error = np.full(shape, np.nan)
    if study.std_error is not None:
        error = total(_positive(frame, study.std_error, use, gathered))
    rank = np.full(shape, np.nan)
    if study.rank is not None:
        rank = _ranks(frame, study.rank, (place, use, shape), gathered)
    groups = () if study.within is None else _groups(frame, study.within, area, gathered)
    cells = _Cells(area.names, period.names, total(coded.y), size, error, people, rank, groups)
    return cells, int(coded.missing.sum())


def _labels(frame: pd.DataFrame, column: str, gathered: Gathered) -> Labels:
    labels = label_rows(frame[column])
    if np.any(labels.codes == MISSING):
        count = int(np.sum(labels.codes == MISSING))
        raise DataError(
            "rows that do not say where, or when, they are from",
            found=f"{count} rows without a value",
            allowed="a value in every row; or a condition of the population that leaves these out",
            where=gathered.where(column),
        )
    return labels


def _periods(frame: pd.DataFrame, study: Regions, gathered: Gathered) -> Labels:
    if study.period is None:
        return Labels(np.zeros(len(frame), dtype=np.intp), (ONE_TIME,))
    return _labels(frame, study.period, gathered)


def _once(area: Labels, period: Labels, place: NDArray[np.intp], where: str) -> None:
    cells, counts = np.unique(place, return_counts=True)
    twice = [divmod(int(cell), len(area.names)) for cell in cells[counts > 1]]
    if twice:
        many = len(period.names) > 1
        found = [f"{area.names[k]}{f' in {period.names[t]}' if many else ''}" for t, k in twice]
        raise DataError(
            "areas stand in more than one row",
            found=listed(found),
            allowed="one row an area and period; name the `period`, or choose rows in the population",
            where=where,
        )


def _positive(frame: pd.DataFrame, column: str, use: Bools, gathered: Gathered) -> Floats:
    values = numbers(frame[column], use, gathered.where(column))
    if np.any(values[use] <= 0):
        raise DataError(
            "standard errors and numbers of people are above 0",
            found=listed(map(repr, values[use][values[use] <= 0].tolist())),
            allowed="numbers above 0",
            where=gathered.where(column),
        )
    return values


def _ranks(
    frame: pd.DataFrame,
    column: str,
    cells: tuple[NDArray[np.intp], Bools, tuple[int, int]],
    gathered: Gathered,
) -> Floats:
    """The rank of each cell, which is the same in all of its rows."""
    place, use, shape = cells
    values = numbers(frame[column], use, gathered.where(column))
    least, most = np.full(shape, np.inf).ravel(), np.full(shape, -np.inf).ravel()
    np.minimum.at(least, place[use], values[use])
    np.maximum.at(most, place[use], values[use])
    if np.any(least < most):
        raise DataError(
            "an area has more than one rank in a period",
            found=f"{int(np.sum(least < most))} areas and periods",
            allowed="one rank an area and period",
            where=gathered.where(column),
        )
    return np.where(np.isfinite(least), least, np.nan).reshape(shape)


def _groups(frame: pd.DataFrame, column: str, area: Labels, gathered: Gathered) -> tuple[str, ...]:
    """What each area lies in, which is the same in all of its rows."""
    within = _labels(frame, column, gathered)
    pairs = np.unique(np.column_stack([area.codes, within.codes]), axis=0)
    seen = np.bincount(pairs[:, 0], minlength=len(area.names))
    if np.any(seen > 1):
        raise DataError(
            "areas lie in more than one group",
            found=listed([area.names[k] for k in np.flatnonzero(seen > 1)]),
            allowed="one group an area, the same in every period",
            where=gathered.where(column),
        )
    return tuple(within.names[code] for code in pairs[:, 1])


def _gaps(cells: _Cells, lost: tuple[str, ...]) -> str:
    told = []
    for name in lost:
        absent = np.isnan(cells.events[:, cells.areas.index(name)])
        told.append(f"{name} not in {', '.join(np.array(cells.periods)[absent])}")
    return listed(told)


def _check_reference(study: Regions, cells: _Cells, gathered: Gathered) -> None:
    reference = study.reference
    if isinstance(reference, NamedArea) and reference.area not in cells.areas:
        raise DataError(
            "the reference area is not among the areas",
            found=f"{reference.area!r}{near_match(reference.area, cells.areas)}",
            allowed=listed(cells.areas, 20),
            where=gathered.where(study.area),
        )
    if study.rank is not None and np.any(np.ptp(cells.rank, axis=1) == 0.0):
        allowed = "two ranks or more" + (
            "" if isinstance(reference, HighestRank) else "; or no `rank`, for areas without an order"
        )
        raise DataError(
            "all areas of a period have the same rank", allowed=allowed, where=gathered.where(study.rank)
        )


def _design(study: Regions, question: AreaQuestion, cells: _Cells) -> tuple[RegionDesign, tuple[str, ...]]:
    factor, outcome = FACTORS[study.scale], question.outcome
    given = study.std_error is not None
    value = cells.events if given else cells.events / cells.size
    warnings = _check_scale(study, value, cells.std_error) if given else ()
    variance, rounding = cells.std_error**2, np.zeros(value.shape)
    if not given:
        variance, told = _sampling(study, cells, binomial=outcome.type == "binary")
        warnings += (*told, *_not_rounded(study, cells, outcome))
        if study.rounded_to is not None:
            rounding = study.rounded_to**2 / 12.0 * (1.0 + value**2) / cells.size**2
        value, variance, rounding = factor * value, factor**2 * (variance + rounding), factor**2 * rounding
    counted = cells.people if study.weights == "population" else np.ones(value.shape)
    design = RegionDesign(
        areas=cells.areas,
        periods=cells.periods,
        y=frozen(value),
        std_error=frozen(np.sqrt(variance)),
        events=frozen(np.full(value.shape, np.nan) if given else cells.events),
        size=frozen(np.full(value.shape, np.nan) if given else cells.size),
        people=frozen(cells.people),
        share=frozen(counted / counted.sum(axis=1, keepdims=True)),
        rank=frozen(cells.rank),
        rounding=frozen(rounding),
        law="given" if given else "binomial" if outcome.type == "binary" else "poisson",
        study=study,
        outcome=outcome,
        groups=cells.groups,
    )
    return design, warnings


def _check_scale(study: Regions, value: Floats, std_error: Floats) -> tuple[str, ...]:
    """A declared scale is held to; what its numbers might have been is only said.

    What lies between 0 and ``top`` has a standard deviation of at most half of that.
    """
    top = FACTORS[study.scale]
    if study.scale == "own":
        return ()
    outside = value[(value < 0.0) | (value > top)]
    if outside.size:
        raise DataError(
            f"estimates outside of what their scale ({study.scale}) can be",
            found=listed(f"{one:g}" for one in outside),
            allowed=f"0 to {top:g}; or another `scale`, which is declared and never guessed",
        )
    wide = std_error[std_error > top / 2.0]
    if wide.size:
        raise DataError(
            f"standard errors larger than their scale ({study.scale}) can have",
            found=listed(f"{one:g}" for one in wide),
            allowed=f"up to {top / 2.0:g}, in the unit of the estimates; or another `scale`",
            where=study.std_error or "",
        )
    if top > 1.0 and value.max() <= 1.0:
        return (f"every estimate is at most 1 on a scale of 0 to {top:g}: is the `scale` a proportion?",)
    return ()


def _not_rounded(study: Regions, cells: _Cells, outcome: Outcome) -> tuple[str, ...]:
    """What speaks against counts having been rounded as declared; person-time is never judged by it."""
    if study.rounded_to is None:
        return ()
    told = (cells.events, cells.size) if outcome.type == "binary" else (cells.events,)
    counts = np.concatenate([one.ravel() for one in told])
    off = int(np.sum(counts % study.rounded_to != 0.0))
    if not off:
        return ()
    return (f"{off} of {counts.size} counts are no multiples of {study.rounded_to}, their `rounded_to`",)


def _sampling(study: Regions, cells: _Cells, *, binomial: bool) -> tuple[Floats, tuple[str, ...]]:
    """Sampling variances of shares or rates; an area at 0 (or at 1) has that of half an event."""
    events, size = cells.events, cells.size
    edge = (events == 0.0) | (binomial & (events == size))
    if edge.any() and study.zero_counts == "error":
        found = [cells.areas[k] for k in np.flatnonzero(edge.any(axis=0))]
        raise DataError(
            "areas with no events, or with nothing else, seem to have no error",
            found=listed(found),
            allowed="`zero_counts: half`, which takes the standard error of half an event",
        )
    seen = np.where(edge, np.where(events == 0.0, HALF, events - HALF), events)
    share = seen / size
    variance = share * (1.0 - share) / size if binomial else seen / size**2
    if not edge.any():
        return variance, ()
    count = int(edge.any(axis=0).sum())
    what = "no events, or nothing else" if binomial else "no events"
    return variance, (f"{count} of {len(cells.areas)} areas have {what}: standard error of half an event",)
