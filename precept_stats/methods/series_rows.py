"""The used cells of a design as one list of points with distances, and what an error model makes of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.degrees_of_freedom import DegreesOfFreedom
from precept_stats.inference.fit import Fact
from precept_stats.methods.series_columns import Intercepts, Terms, terms
from precept_stats.methods.series_effects import Link
from precept_stats.numerics.series.ar1 import Series
from precept_stats.numerics.series.counts import Totals
from precept_stats.numerics.series.lags import in_a_row
from precept_stats.studies.series_design import NEVER, SeriesDesign
from precept_stats.values import Status

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]

SHORT = 12
"""Below so many points a series says next to nothing of its autocorrelation (Turner et al. 2021)."""
FEWEST_A_SIDE = 3
"""EPOC's least number of points before and after an interruption."""
EXACT = 1e-9
"""Differences below this share of the outcome are rounding."""
NEAR_ONE = 0.9
"""An autocorrelation from here on is near a unit root."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """The cells that a model is fitted to: columns, outcome, distances, and weights brought into both.

    ``X`` and ``y`` of a linear model are multiplied by ``root``, the square root of the weights; ``size`` and
    ``events`` are those of the cells.
    """

    terms: Terms
    X: Matrix
    y: Vector
    events: Vector
    size: Vector
    root: Vector
    positions: Ints

    @property
    def series(self) -> Series:
        """Outcome and columns of a linear model, scaled by the weights."""
        return Series(self.root[:, None] * self.X, self.root * self.y, self.positions)

    @property
    def totals(self) -> Totals:
        """Events out of denominators."""
        return Totals(self.X, self.events, self.size)

    def of(self, y: Vector) -> Points:
        """The same points with another outcome, in the units of ``root * y``."""
        return replace(self, y=y / self.root, events=y / self.root * self.size)

    def with_events(self, events: Vector) -> Points:
        """The same points with other events out of the same denominators."""
        return replace(self, events=events, y=events / self.size)


def points_of(design: SeriesDesign, levels: Intercepts) -> Points:
    """The used cells of a design. FitError where a side of an interruption has no point to tell its terms."""
    found = terms(design, levels if len(design.units) > 1 else "common")
    used = design.used
    weights = np.ones(int(used.sum())) if design.weights is None else design.weights[used]
    return Points(
        found,
        found.X[used],
        design.y[used],
        design.events[used],
        design.size[used],
        np.sqrt(weights / weights.mean()),
        in_a_row(design.period[used], design.row_unit[used]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class ErrorFit:
    """What an error model found: coefficients of all columns with their covariance and df rule.

    ``residuals`` are what is left of the outcome (of counts in standard deviations), ``innovations`` what the
    error model leaves of that. ``autocorrelation`` is the first-order one it works with, None where it has
    another form, and ``variance`` the marginal one of an error (of counts the dispersion). ``level_known`` is
    False where differencing took the level away.
    """

    link: Link
    params: Vector
    covariance: Matrix
    df: DegreesOfFreedom
    residuals: Vector
    innovations: Vector
    autocorrelation: float | None
    variance: float
    boundary: bool = False
    level_known: bool = True
    evidence: tuple[tuple[str, float | str], ...] = ()
    warnings: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = field(default=())

    @property
    def status(self) -> Status:
        """Boundary where a parameter ended at the edge of its range, else a warning where there is one."""
        return "boundary" if self.boundary else "warning" if self.warnings else "ok"


def length_warnings(design: SeriesDesign) -> tuple[str, ...]:
    """What a reader should know of a series with few points, in all or on one side of an interruption."""
    found = []
    counts = np.bincount(design.row_unit[design.used], minlength=len(design.units))
    if counts.min() < SHORT:
        found.append(
            f"a series of {counts.min()} points is too short to tell its autocorrelation: every method then "
            "takes it for smaller than it is, and intervals are too narrow"
        )
    for side, number in zip(("before", "after"), _fewest(design), strict=True):
        if number < FEWEST_A_SIDE:
            found.append(
                f"{number:g} point{'' if number == 1 else 's'} {side} the interruption: fewer than the three "
                "that EPOC asks for"
            )
    return tuple(found)


def _fewest(design: SeriesDesign) -> tuple[float, float]:
    """Points before and after: the fewest of a treated series; of a programme the mean of its units."""
    since = design.since(design.interruptions[0].name)
    reached = design.treated & (design.interruptions[0].start != NEVER)
    known = design.used & reached[design.row_unit]
    found = []
    for side in (since < design.first_after, since >= design.first_after):
        points = np.bincount(design.row_unit[known & side], minlength=len(design.units))[reached]
        found.append(float(points.min() if design.single_out else points.mean()))
    return found[0], found[1]


def unit_root_warning(phi: float) -> tuple[str, ...]:
    """Said of an autocorrelation near 1."""
    if phi < NEAR_ONE:
        return ()
    return (
        f"the autocorrelation is {phi:.3f}, near a unit root: trend and autocorrelation can hardly be told "
        "apart, and the answer depends on which is believed",
    )


class WithOutcome(Protocol):
    """Rows with an outcome ``y`` (n,)."""

    @property
    def y(self) -> Vector: ...


def require_variation(points: WithOutcome) -> None:
    """FitError where the outcome is the same in every period: no error can be judged by it."""
    if not float(np.ptp(points.y)) > EXACT * float(np.abs(points.y).max()):
        raise FitError(
            "the outcome is the same in every period",
            found=f"{points.y[0]:g} in all {len(points.y)} points",
            allowed="an outcome that varies",
        )


def require_scatter(points: WithOutcome, residuals: Vector) -> None:
    """FitError where a model leaves nothing of the outcome."""
    if not float(np.abs(residuals).max()) > EXACT * float(np.abs(points.y).max()):
        raise FitError(
            "the outcome is fitted without error",
            found=f"no residual in {len(points.y)} points",
            allowed="an outcome that scatters about its trend; more points, or fewer terms",
        )


def require_room(points: Points, parameters: int) -> None:
    """FitError where points do not outnumber parameters."""
    if len(points.y) <= parameters:
        raise FitError(
            "too few points for the model",
            found=f"{len(points.y)} points and {parameters} parameters",
            allowed="more points than parameters; fewer seasonal terms, or a longer series",
        )
