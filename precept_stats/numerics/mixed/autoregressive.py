"""A linear mixed model whose residuals are a first-order autoregression within series.

At a given autocorrelation phi rows are turned so that residuals are independent: outcome, fixed columns and
the columns of random effects alike. What is left is an ordinary mixed model, and phi is where its profiled
deviance, with the logarithm of the turn's determinant, is least.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from precept_stats.numerics.mixed.covariance import structure
from precept_stats.numerics.mixed.criterion import Point, Problem, evaluate
from precept_stats.numerics.mixed.fit import Criterion, MixedFit, fit_mixed
from precept_stats.numerics.mixed.information import ThetaInformation, theta_information
from precept_stats.numerics.mixed.model import Fixed, MixedModel, Numeric, Random, Rows
from precept_stats.numerics.mixed.statistics import collect
from precept_stats.numerics.mixed.system import prepare
from precept_stats.numerics.series.ar1 import whiten

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]

PHI_LIMIT = 0.999
"""Where the search ends; a minimum here is a boundary."""
GRID = np.tanh(np.linspace(-2.0, 2.6, 14))
STEP = 1e-3
"""Half the distance over which derivatives in phi are differenced."""
NEAR = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class SerialRows:
    """Outcome y (n,) on X (n, p) with ``weights`` (n,), inverse relative variances, and random terms.

    ``positions`` (n,) rise along each series, and series are far apart (``lags.in_a_row``).
    """

    X: Matrix
    y: Vector
    weights: Vector
    random: tuple[Random, ...]
    positions: Ints

    @property
    def gaps(self) -> Ints:
        """Positions from each row to the next (n - 1,)."""
        return np.diff(self.positions)

    def at(self, phi: float) -> MixedModel:
        """The model of independent residuals that it is at this phi."""
        root, gaps = np.sqrt(self.weights), self.gaps

        def turned(column: Vector) -> Vector:
            return np.ascontiguousarray(whiten(root * column, phi, gaps))

        fixed = tuple(Numeric(str(j), turned(column)) for j, column in enumerate(self.X.T))
        random = []
        for term in self.random:
            slopes = tuple(Numeric(one.name, turned(one.values)) for one in term.slopes)
            first = (Numeric("(Intercept)", turned(np.ones_like(self.y))),) * term.intercept
            random.append(Random(term.grouping, (*first, *slopes), intercept=False))
        return MixedModel(Rows(turned(self.y)), Fixed(fixed, intercept=False), tuple(random))

    def spread(self, phi: float) -> float:
        """What the turn adds to the deviance."""
        inside = np.log1p(-(phi ** (2 * self.gaps))).sum()
        return float(inside - np.log(self.weights).sum())


@dataclass(frozen=True, eq=False)
class SerialFit:
    """The fit at the best ``phi``.

    ``linear`` is that of the turned rows; its residual variance is the marginal one at weight 1.
    ``deviance`` is that of the rows as they are. ``boundary`` says that phi ended at the end of its range.
    """

    rows: SerialRows
    phi: float
    linear: MixedFit
    deviance: float
    boundary: bool

    @property
    def log_likelihood(self) -> float:
        return -0.5 * self.deviance

    @cached_property
    def information(self) -> ThetaInformation:
        """In (theta, sigma, phi): exact in the first, differenced in phi; without phi at its boundary."""
        exact = theta_information(self.linear)
        if self.boundary:
            return exact
        low, middle, high = (self._at(self.phi + shift) for shift in (-STEP, 0.0, STEP))
        R = len(exact.hessian)
        hessian = np.empty((R + 1, R + 1))
        hessian[:R, :R] = exact.hessian
        hessian[R, :R] = hessian[:R, R] = (high.gradient - low.gradient) / (2.0 * STEP)
        hessian[R, R] = (high.deviance - 2.0 * middle.deviance + low.deviance) / STEP**2
        slope = (high.covariance - low.covariance) / (2.0 * STEP)
        return ThetaInformation(exact.phi, np.concatenate([exact.slopes, slope[None]]), hessian)

    def _at(self, phi: float) -> _Held:
        """The deviance in (theta, sigma) at another phi, with theta and sigma as they are."""
        model, sigma2 = self.rows.at(phi), self.linear.sigma2
        statistics = collect(model)
        problem = Problem(prepare(statistics, structure(model)), self.linear.problem.reml, sigma2)
        point: Point = evaluate(problem, self.linear.theta)
        in_sigma = 2.0 * (problem.df - point.ss / sigma2) / np.sqrt(sigma2)
        covariance = sigma2 * statistics.restore @ point.phi @ statistics.restore.T
        return _Held(point.value + self.rows.spread(phi), np.append(point.gradient, in_sigma), covariance)


@dataclass(frozen=True, slots=True, eq=False)
class _Held:
    """The deviance, its gradient in (theta, sigma) and the covariance of the fixed effects."""

    deviance: float
    gradient: Vector
    covariance: Matrix


def fit_serial(rows: SerialRows, criterion: Criterion = "reml") -> SerialFit:
    """Estimate by REML or ML. Raises FitError as ``fit_mixed`` does."""

    def height(phi: float) -> float:
        return fit_mixed(rows.at(phi), criterion).deviance + rows.spread(phi)

    heights = [height(float(phi)) for phi in GRID]
    best = int(np.argmin(heights))
    low = float(GRID[best - 1]) if best else -PHI_LIMIT
    high = float(GRID[best + 1]) if best + 1 < len(GRID) else PHI_LIMIT
    found = optimize.minimize_scalar(height, bounds=(low, high), method="bounded", options={"xatol": NEAR})
    phi = float(found.x)
    linear = fit_mixed(rows.at(phi), criterion)
    at_end = PHI_LIMIT - abs(phi) < 1e-4
    return SerialFit(rows, phi, linear, linear.deviance + rows.spread(phi), at_end)
