"""Regression with seasonal ARIMA errors by exact maximum likelihood.

The likelihood is that of the outcome after differencing (which is the exact diffuse one), made from the
autocovariances of the errors. Coefficients and variance are at their best for every candidate of the few
ARMA parameters, so that only these are searched, from several starts.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property

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
NEAR = 2.65
"""Beyond this, a partial autocorrelation of 0.99, likelihoods are made of whitened rows, not of products."""
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
class _Alike:
    """Series whose points lie at the same distances ``apart`` (m, m), and where their rows are (b, m)."""

    apart: Ints
    rows: Ints


@dataclass(frozen=True, eq=False)
class _Problem:
    """y (n,) on X (n, p), series in a row; errors are related within each, and alike series have one root."""

    X: Matrix
    y: Vector
    series: tuple[_Alike, ...]
    order: Order

    def whitened(self, free: Vector) -> tuple[LinearFit, float]:
        """Least squares of the whitened rows, and the log determinant of the errors' covariance."""
        both, spread = self._turned(np.column_stack([self.X, self.y]), free)
        return weighted_least_squares(both[:, :-1], both[:, -1], np.ones(len(self.y))), spread

    def loss(self, free: Vector) -> float:
        """Minus the log-likelihood at the best coefficients and variance."""
        try:
            fit, spread = self.whitened(free)
        except np.linalg.LinAlgError:
            return IMPOSSIBLE
        return self._height(float(fit.residuals @ fit.residuals), spread)

    def quick_loss(self, free: Vector) -> float:
        """The same by cross products, for the search; near the unit circle these would lose digits."""
        if np.max(np.abs(free)) > NEAR:
            return self.loss(free)
        p = self.X.shape[1]
        try:
            both, spread = self._turned(self._basis, free)
            gram = both.T @ both
            half = linalg.solve_triangular(linalg.cholesky(gram[:p, :p], lower=True), gram[:p, p], lower=True)
        except np.linalg.LinAlgError:
            return IMPOSSIBLE
        return self._height(max(float(gram[p, p] - half @ half), np.finfo(float).tiny), spread)

    def _height(self, squares: float, spread: float) -> float:
        n = len(self.y)
        return 0.5 * (n * (math.log(2.0 * math.pi * squares / n) + 1.0) + spread)

    @cached_property
    def _basis(self) -> Matrix:
        """An orthonormal basis of X and what least squares leaves of y: products then keep their digits."""
        left = weighted_least_squares(self.X, self.y, np.ones(len(self.y))).residuals
        return np.column_stack([np.linalg.qr(self.X)[0], left])

    def _turned(self, rows: Matrix, free: Vector) -> tuple[Matrix, float]:
        """Rows (n, q) turned so that errors are independent, and the log determinant of their covariance."""
        reach = max(int(one.apart.max()) for one in self.series)
        gamma = autocovariances(coefficients(free, self.order), self.order, reach)
        found, spread = np.empty_like(rows), 0.0
        for one in self.series:
            root = linalg.cholesky(gamma[one.apart], lower=True)
            b, m = one.rows.shape
            beside = rows[one.rows].transpose(1, 0, 2).reshape(m, -1)
            turned = linalg.solve_triangular(root, beside, lower=True).reshape(m, b, -1)
            found[one.rows] = turned.transpose(1, 0, 2)
            spread += 2.0 * b * float(np.sum(np.log(np.diag(root))))
        return found, spread


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
    aliased = aliased_columns(X[:, moving])
    kept = tuple(column for j, column in enumerate(moving) if j not in aliased)
    needed = len(kept) + order.n_params + 1
    if len(y) <= needed:
        raise FitError(
            "too few points for the regression and its ARIMA errors",
            found=f"{len(y)} points after differencing",
            allowed=f"more than {needed}, the number of parameters",
        )
    return _Problem(X[:, list(kept)], y, _alike(positions), order), kept


def _alike(positions: Ints) -> tuple[_Alike, ...]:
    """The series that stand in a row, by the distances of their points."""
    found: dict[bytes, tuple[Ints, list[Ints]]] = {}
    for part in blocks(positions):
        at = positions[part] - positions[part.start]
        found.setdefault(at.tobytes(), (at, []))[1].append(np.arange(part.start, part.stop))
    return tuple(_Alike(np.abs(at[:, None] - at[None, :]), np.stack(rows)) for at, rows in found.values())


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
    heights = np.array([problem.quick_loss(np.array([at])) for at in grid])
    walled = np.concatenate([[np.inf], heights, [np.inf]])
    dips = np.flatnonzero((heights <= walled[:-2]) & (heights <= walled[2:]))
    found = []
    for dip in dips:
        low, high = float(grid[np.maximum(dip - 1, 0)]), float(grid[np.minimum(dip + 1, len(grid) - 1)])
        end = optimize.minimize_scalar(
            lambda at: problem.quick_loss(np.array([at])),
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
    heights = [problem.quick_loss(start) for start in starts]
    found = []
    for place in np.argsort(heights)[: 2 + k]:
        end = optimize.minimize(
            problem.quick_loss,
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
