"""The columns of a segmented model: levels, trend, the shapes of interruptions, seasons, covariates.

Time is counted from the first interruption, for each unit its own. Columns that belong to an interruption
are marked, so that the counterfactual is the same row without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.numerics.linear import aliased_columns
from precept_stats.numerics.series import terms as shapes
from precept_stats.studies.calendar import season_of
from precept_stats.studies.interruptions import (
    AnyShape,
    Decay,
    Fourier,
    NoSeasonality,
    PhasedTransition,
    Pulse,
    Ramp,
    SeasonDummies,
)
from precept_stats.studies.series_design import NEVER, InterruptionAt, SeriesDesign

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

LONG_AGO = -(10**9)
"""Periods since an interruption that never came: no shape has begun."""

Intercepts = Literal["common", "unit"]


@dataclass(frozen=True, slots=True, eq=False)
class RandomRows:
    """What variances of random effects add to that of each cell's linear predictor, as weights (n, R).

    ``fitted`` as the cell is; ``without`` an interruption, by its name.
    """

    fitted: Matrix
    without: Mapping[str, Matrix]


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """Columns X (n, p) over all cells of a design, their names, and which belong to which interruption.

    ``belongs`` (p,) names the interruption whose effect a column is of, empty for others: of a controlled
    series only what the treated series have beyond their controls is an effect. ``random`` is of a model
    whose means are averaged over random effects: their R variances and covariances are then the parameters
    after those of the columns.
    """

    names: tuple[str, ...]
    X: Matrix
    belongs: tuple[str, ...]
    random: RandomRows | None = None

    def without(self, interruption: str) -> Matrix:
        """The counterfactual rows: X with the columns of an interruption at 0."""
        kept = np.array([owner != interruption for owner in self.belongs])
        found: Matrix = self.X * kept
        return found

    def column(self, name: str) -> int | None:
        """The place of a column; None where there is none."""
        return self.names.index(name) if name in self.names else None


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some columns (n, k) with their names, and the interruption that they belong to."""

    names: tuple[str, ...]
    values: Matrix
    owner: str = ""


def terms(design: SeriesDesign, intercepts: Intercepts = "common") -> Terms:
    """The columns of every cell of the design, used or not. FitError where used cells cannot tell two apart.

    With controls: the level and trend of the controls (pooled or each its own), what the treated have beyond
    them, and for each interruption its shapes for all, and beyond that for the treated.
    """
    parts = [*_levels(design, intercepts), *_interruptions(design), *_seasons(design), *_covariates(design)]
    found = Terms(
        tuple(name for part in parts for name in part.names),
        np.column_stack([part.values for part in parts]),
        tuple(part.owner for part in parts for _ in part.names),
    )
    aliased = aliased_columns(found.X[design.used])
    if aliased:
        raise FitError(
            "terms of the model cannot be told apart",
            found=", ".join(found.names[j] for j in aliased),
            allowed="fewer terms, or more periods on each side of every interruption",
        )
    return found


def interruption_columns(design: SeriesDesign, one: InterruptionAt) -> Part:
    """The shapes of one interruption at every cell, by each unit's own start (n, k)."""
    start = one.start[design.row_unit]
    since = np.where(start == NEVER, LONG_AGO, design.period - start - design.first_after).astype(np.intp)
    values = [_shape(design, one, shape, since) for shape in one.shapes]
    return Part(tuple(f"{_name(one, at)}[{one.name}]" for at in range(len(values))), np.column_stack(values))


def of_step(one: InterruptionAt) -> str:
    """What the step is of where it is not the change of level in the first period."""
    if isinstance(one.transition, PhasedTransition):
        return ", once phased in"
    passing = any(isinstance(shape, Pulse | Decay) for shape in one.shapes)
    return ", what stays" if passing else ""


def _name(one: InterruptionAt, at: int) -> str:
    """The kind of a shape, numbered where an interruption has several of it."""
    kinds = [shape.kind for shape in one.shapes]
    same = kinds[:at].count(kinds[at])
    return kinds[at] if kinds.count(kinds[at]) == 1 else f"{kinds[at]}{same + 1}"


def _shape(design: SeriesDesign, one: InterruptionAt, shape: AnyShape, since: Ints) -> Vector:
    if isinstance(shape, Ramp):
        grown = shapes.ramp(since, 0)
        return grown + design.coding.ramp_from * shapes.step(since, 0)
    if isinstance(shape, Pulse):
        return shapes.pulse(since, 0, shape.periods)
    if isinstance(shape, Decay):
        return shapes.decay(since, 0, shape.half_life)
    if isinstance(one.transition, PhasedTransition):
        return shapes.phased_in(since, 0, one.transition.periods)
    return shapes.step(since, 0)


def _levels(design: SeriesDesign, intercepts: Intercepts) -> list[Part]:
    """Level and trend: one of each; or a level a unit; or those of controls, and of the treated beyond."""
    one, time = np.ones((len(design.y), 1)), design.time[:, None]
    if design.treated.all():
        if intercepts == "common":
            return [Part(("intercept",), one), Part(("time",), time)]
        units = np.eye(len(design.units))[design.row_unit]
        return [Part(tuple(f"level[{name}]" for name in design.units), units), Part(("time",), time)]
    treated = design.treated[design.row_unit].astype(np.float64)[:, None]
    if design.control_levels == "pooled":
        both = np.column_stack([one, time])
        own = np.column_stack([treated, treated * time])
        return [Part(("intercept", "time"), both), Part(("treated", "treated:time"), own)]
    units = np.eye(len(design.units))[design.row_unit]
    levels = Part(tuple(f"level[{name}]" for name in design.units), units)
    return [levels, Part(tuple(f"time[{name}]" for name in design.units), units * time)]


def _interruptions(design: SeriesDesign) -> list[Part]:
    parts = []
    treated = design.treated[design.row_unit].astype(np.float64)[:, None]
    for one in design.interruptions:
        columns = interruption_columns(design, one)
        if design.treated.all():
            parts.append(Part(columns.names, columns.values, one.name))
            continue
        parts.append(columns)
        if one.affects == "treated":
            beyond = tuple(f"treated:{name}" for name in columns.names)
            parts.append(Part(beyond, treated * columns.values, one.name))
    return parts


def _seasons(design: SeriesDesign) -> list[Part]:
    seasonality = design.seasonality
    if isinstance(seasonality, NoSeasonality):
        return []
    if isinstance(seasonality, SeasonDummies):
        season = np.array([season_of(int(one), design.every) for one in design.period], dtype=np.intp)
        reference = int(season[design.used].min())
        kept, values = shapes.season_dummies(season, reference)
        return [Part(tuple(f"season[{one + 1}]" for one in kept), values)]
    length = seasonality.period or design.season_length
    if length is None:
        raise FitError("seasonal terms need a cycle, and this calendar has none", allowed="`period`")
    if isinstance(seasonality, Fourier):
        values = shapes.fourier_pairs(design.period, length, seasonality.pairs)
        names = [f"{wave}[{k}]" for k in range(1, seasonality.pairs + 1) for wave in ("sin", "cos")]
        if values.shape[1] < len(names):
            names.pop(-2)
        return [Part(tuple(names), values)]
    values = shapes.periodic_spline(design.period, length, seasonality.df)
    return [Part(tuple(f"spline[{k + 1}]" for k in range(values.shape[1])), values)]


def _covariates(design: SeriesDesign) -> list[Part]:
    """Covariates less their mean over used cells, so that levels are those of an average cell."""
    return [Part(one.columns, one.values - one.values[design.used].mean(axis=0)) for one in design.covariates]
