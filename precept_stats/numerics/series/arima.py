"""Regression with seasonal ARIMA errors by exact maximum likelihood.

The likelihood is that of the outcome after differencing (which is the exact diffuse one), made from the
autocovariances of the errors. Coefficients and variance are at their best for every candidate of the few
ARMA parameters, so that only these are searched, from several starts.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

from precept_stats.errors import FitError
from precept_stats.numerics.linear import LinearFit, aliased_columns, weighted_least_squares
from precept_stats.numerics.series.ar1 import Ints, Series
from precept_stats.numerics.series.arma import (
    Order,
    autocovariances,
    coefficients,
    differenced,
)
from precept_stats.numerics.series.lags import APART, blocks

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

FAR = 8.0
"""The search of a partial autocorrelation ends at tanh of this, 1 - 2.3e-7: a root on the unit circle."""
EDGE = 0.999
"""A partial autocorrelation at least this large in size is said to lie on the boundary."""
STEP = 1e-4
"""Of the differences that stand for derivatives in the search's own numbers."""
IMPOSSIBLE = 1e12
"""The loss where the errors have no covariance."""
SAME = 1e-4
"""Optima whose log-likelihoods differ by less are one optimum."""


@dataclass(frozen=True, slots=True, eq=False)
class ArimaFit:
    """Coefficients of the regression (p,) and of the errors, ``arma`` (k,) in the order of ``order.names``.

    Columns of X that differencing turns to 0 (the constant) have no coefficient: ``kept`` are the others, and
    ``params`` and ``covariance`` are theirs. ``covariance`` and ``arma_covariance`` come from the observed
    information of both together. ``variance`` is that of an innovation, by maximum likelihood;
    ``residuals`` are y - X b before differencing (without what has no coefficient) and ``innovations``
    whitened. ``optima`` are the log-likelihoods at which the starts ended, best first.
    """

    order: Order
    kept: tuple[int, ...]
    params: Vector
    covariance: Matrix
    arma: Vector
    arma_covariance: Matrix
    variance: float
    log_likelihood: float
    innovations: Vector
    boundary: bool
    optima: tuple[float, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    X: Matrix
    y: Vector
    apart: Ints
    order: Order

    def whitened(self, free: Vector) -> tuple[LinearFit, float]:
        """Least squares of the whitened rows, and the log determinant of the errors' covariance."""
        reach = int(self.apart.max(where=self.apart < APART // 2, initial=0))
        gamma = np.append(autocovariances(coefficients(free, self.order), self.order, reach), 0.0)
        root = linalg.cholesky(gamma[np.minimum(self.apart, reach + 1)], lower=True)
        both = linalg.solve_triangular(root, np.column_stack([self.X, self.y]), lower=True)
        fit = weighted_least_squares(both[:, :-1], both[:, -1], np.ones(len(self.y)))
        return fit, 2.0 * float(np.sum(np.log(np.diag(root))))

    def loss(self, free: Vector) -> float:
        """Minus the log-likelihood at the best coefficients and variance."""
        try:
            fit, spread = self.whitened(free)
        except np.linalg.LinAlgError:
            return IMPOSSIBLE
        n = len(self.y)
        squares = float(fit.residuals @ fit.residuals)
        return 0.5 * (n * (math.log(2.0 * math.pi * squares / n) + 1.0) + spread)


def fit_arima(series: Series, order: Order) -> ArimaFit:
    """Fit y on X with ARIMA errors.

    The starts are the corners and the middle of the range of the ARMA parameters. Raises FitError for too
    few points, for gaps with a differenced error, or where no start ends anywhere.
    """
    problem, kept = _problem(series, order)
    found = _optima(problem)
    best = found[0][1]
    fit, _ = problem.whitened(best)
    variance = float(fit.residuals @ fit.residuals) / len(problem.y)
    covariance, arma_covariance = _covariances(problem, best)
    return ArimaFit(
        order,
        kept,
        fit.params,
        covariance,
        coefficients(best, order),
        arma_covariance,
        variance,
        -found[0][0],
        fit.residuals,
        bool(np.any(np.abs(np.tanh(best)) >= EDGE)),
        tuple(-height for height, _ in found),
    )


def _problem(series: Series, order: Order) -> tuple[_Problem, tuple[int, ...]]:
    gaps = int(np.sum((series.gaps > 1) & (series.gaps < APART // 2)))
    if gaps and order.lost:
        raise FitError(
            "errors cannot be differenced over points that were left out",
            found=f"{gaps} gaps and {order.lost} points lost to differencing",
            allowed="d and seasonal d of 0, or a series without gaps",
        )
    parts = blocks(series.positions)
    X = np.concatenate([differenced(series.X[part], order) for part in parts])
    y = np.concatenate([differenced(series.y[part], order) for part in parts])
    positions = np.concatenate([series.positions[part][order.lost :] for part in parts])
    size = np.max(np.abs(series.X), axis=0)
    moving = [j for j in range(X.shape[1]) if np.max(np.abs(X[:, j]), initial=0.0) > 1e-9 * size[j]]
    kept = tuple(moving[j] for j in range(len(moving)) if j not in aliased_columns(X[:, moving]))
    needed = len(kept) + order.n_params + 1
    if len(y) <= needed:
        raise FitError(
            "too few points for the regression and its ARIMA errors",
            found=f"{len(y)} points after differencing",
            allowed=f"more than {needed}, the number of parameters",
        )
    return _Problem(X[:, list(kept)], y, np.abs(positions[:, None] - positions[None, :]), order), kept


def _optima(problem: _Problem) -> list[tuple[float, Vector]]:
    """Where the starts end, best first, each optimum once."""
    k = problem.order.n_params
    if k == 0:
        return [(problem.loss(np.empty(0)), np.empty(0))]
    ends = _along(problem) if k == 1 else _from_corners(problem)
    found: list[tuple[float, Vector]] = []
    for end in sorted(ends, key=lambda one: one[0]):
        if end[0] < IMPOSSIBLE and all(abs(end[0] - height) > SAME for height, _ in found):
            found.append(end)
    if not found:
        raise FitError(
            "the ARIMA errors could not be fitted",
            found="no start has a likelihood",
            allowed="a lower order, or a series that varies",
        )
    return [_polished(problem, found[0]), *found[1:]]


def _along(problem: _Problem) -> list[tuple[float, Vector]]:
    """Of one parameter: every dip of the loss on a grid over its range, by Brent's method."""
    grid = np.concatenate([[-FAR, -5.0], np.linspace(-3.0, 3.0, 13), [5.0, FAR]])
    heights = np.array([problem.loss(np.array([at])) for at in grid])
    walled = np.concatenate([[np.inf], heights, [np.inf]])
    dips = np.flatnonzero((heights <= walled[:-2]) & (heights <= walled[2:]))
    found = []
    for dip in dips:
        low, high = float(grid[np.maximum(dip - 1, 0)]), float(grid[np.minimum(dip + 1, len(grid) - 1)])
        end = optimize.minimize_scalar(
            lambda at: problem.loss(np.array([at])),
            bounds=(low, high),
            method="bounded",
            options={"xatol": 1e-6},
        )
        inside = (float(end.fun), np.array([float(end.x)]))
        found.append(min(inside, (float(heights[dip]), grid[dip : dip + 1]), key=lambda one: one[0]))
    return found


def _from_corners(problem: _Problem) -> list[tuple[float, Vector]]:
    """Of several: from the best of the middle, the corners and the axes of their range."""
    k = problem.order.n_params
    corners = itertools.product((-0.7, 0.7), repeat=k) if k <= 3 else ()
    single = [sign * 0.7 * one for one in np.eye(k) for sign in (-1.0, 1.0)]
    starts = [np.zeros(k), *map(np.array, corners), *single]
    heights = [problem.loss(start) for start in starts]
    found = []
    for place in np.argsort(heights)[: 2 + k]:
        end = optimize.minimize(
            problem.loss,
            starts[place],
            method="L-BFGS-B",
            bounds=[(-FAR, FAR)] * k,
            options={"ftol": 1e-13, "gtol": 1e-7},
        )
        found.append((float(end.fun), end.x))
    return found


def _polished(problem: _Problem, found: tuple[float, Vector]) -> tuple[float, Vector]:
    """Newton steps on differences from where the search ended, as long as they lead down."""
    height, at = found
    for _ in range(5):
        inner = _inner(at)
        if not inner.any():
            break
        gradient, hessian = _derivatives(problem, at, inner)
        if np.min(np.linalg.eigvalsh(hessian)) <= 0.0:
            break
        moved = at.copy()
        moved[inner] -= np.linalg.solve(hessian, gradient)
        lower = problem.loss(moved)
        if not lower <= height + 1e-9:
            break
        settled = float(np.max(np.abs(moved - at))) < 1e-9
        height, at = lower, moved
        if settled:
            break
    return height, at


def _inner(free: Vector) -> NDArray[np.bool_]:
    """Which parameters are not on the boundary."""
    return np.abs(np.tanh(free)) < EDGE


def _derivatives(problem: _Problem, at: Vector, inner: NDArray[np.bool_]) -> tuple[Vector, Matrix]:
    """Gradient and Hessian of the loss in the inner parameters, by central differences."""
    moves = STEP * np.eye(len(at))[inner]
    k = len(moves)
    middle = problem.loss(at)
    up = np.array([problem.loss(at + move) for move in moves])
    down = np.array([problem.loss(at - move) for move in moves])
    hessian = np.diag(up - 2.0 * middle + down)
    for i, j in itertools.combinations(range(k), 2):
        across = sum(
            a * b * problem.loss(at + a * moves[i] + b * moves[j]) for a in (1.0, -1.0) for b in (1.0, -1.0)
        )
        hessian[i, j] = hessian[j, i] = across / 4.0
    return (up - down) / (2.0 * STEP), hessian / STEP**2


def _covariances(problem: _Problem, best: Vector) -> tuple[Matrix, Matrix]:
    """Those of the coefficients and of the ARMA parameters, from the observed information of both.

    A parameter on the boundary is taken as known, and its variance is not a number.
    """
    fit, _ = problem.whitened(best)
    covariance: Matrix = float(fit.residuals @ fit.residuals) / len(problem.y) * fit.bread
    inner = _inner(best)
    arma = np.full((len(best), len(best)), np.nan)
    if not inner.any():
        return covariance, arma
    spread = np.linalg.inv(_derivatives(problem, best, inner)[1])
    moves = STEP * np.eye(len(best))[inner]
    turn = [
        (problem.whitened(best + move)[0].params - problem.whitened(best - move)[0].params) for move in moves
    ]
    bend = [
        coefficients(best + move, problem.order) - coefficients(best - move, problem.order) for move in moves
    ]
    B, J = np.array(turn).T / (2.0 * STEP), np.array(bend).T / (2.0 * STEP)
    if inner.all():
        arma = J @ spread @ J.T
    return covariance + B @ spread @ B.T, arma
