"""Least squares with errors of a first-order autoregression: whitening, Prais-Winsten, likelihood and REML.

Points need not be next to each other: the correlation of two points is phi to the power of the positions
between them, so months that were left out keep their place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from precept_stats.errors import FitError
from precept_stats.numerics.linear import LinearFit, weighted_least_squares
from precept_stats.numerics.series.ar1_moments import Criterion, Profile

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]

PHI_LIMIT = 0.9999
"""Where the search for phi ends. A maximum here is a unit root: the boundary, not an estimate."""
TOLERANCE = 1e-12
MAX_ITERATIONS = 1000


@dataclass(frozen=True, eq=False)
class Series:
    """Outcome y (n,) on X (n, p) of full rank at whole ``positions`` (n,), rising (``lags.in_a_row``)."""

    X: Matrix
    y: Vector
    positions: Ints

    @property
    def gaps(self) -> Ints:
        """Positions from each point to the next (n - 1,); 1 where nothing was left out."""
        return np.diff(self.positions)

    @cached_property
    def profile(self) -> Profile:
        """The likelihood at any autocorrelation, made once."""
        return Profile(self.X, self.y, self.positions)


@dataclass(frozen=True, slots=True, eq=False)
class Ar1Fit:
    """Coefficients by generalised least squares at ``phi``.

    ``bread`` is (X'R^-1 X)^-1, R the correlation matrix; ``variance`` the marginal variance of an error, on
    n - p degrees of freedom; ``residuals`` are y - X b and ``innovations`` their whitened form with the
    marginal variance. ``log_likelihood`` is that of the criterion (None for Prais-Winsten), with
    the REML one free of the units of X, as in nlme. ``boundary`` says that phi ended at a unit root;
    ``maxima`` counts the local maxima that were seen.
    """

    series: Series
    phi: float
    params: Vector
    bread: Matrix
    variance: float
    residuals: Vector
    innovations: Vector
    log_likelihood: float | None = None
    boundary: bool = False
    iterations: int = 1
    maxima: int = 1

    @property
    def covariance(self) -> Matrix:
        return self.variance * self.bread


def whiten(rows: Matrix, phi: float, gaps: Ints) -> Matrix:
    """Rows (n, ...) turned so that errors with this phi have the identity for correlation."""
    r = (phi**gaps).reshape(-1, *[1] * (rows.ndim - 1))
    return np.concatenate([rows[:1], (rows[1:] - r * rows[:-1]) / np.sqrt(1.0 - r**2)])


def generalised_least_squares(series: Series, phi: float) -> LinearFit:
    """Least squares of the whitened outcome on the whitened columns."""
    gaps = series.gaps
    ones = np.ones(len(series.y))
    return weighted_least_squares(whiten(series.X, phi, gaps), whiten(series.y, phi, gaps), ones)


def autoregressive(normal: Vector, phi: float, gaps: Ints) -> Vector:
    """Errors (n,) of marginal variance 1 with this phi, from independent normal numbers (n,)."""
    found, r = normal.copy(), phi**gaps
    scale = np.sqrt(1.0 - r**2)
    for t in range(1, len(found)):
        found[t] = r[t - 1] * found[t - 1] + scale[t - 1] * normal[t]
    return found


def prais_winsten(series: Series, *, iterate: bool = True) -> Ar1Fit:
    """Least squares, phi from its residuals, generalised least squares, and again until phi settles.

    phi is the slope of residuals on those one position before, as Stata's ``rhotype(regress)`` and R's prais;
    the first point is kept, scaled by sqrt(1 - phi^2). ``iterate`` false stops after one round. FitError
    where phi reaches 1 in size. Source: Prais and Winsten (1954); Judge et al. (1985, ch. 8).
    """
    phi, profile = 0.0, series.profile
    pairs = int(np.count_nonzero(series.gaps == 1))
    for done in range(1, MAX_ITERATIONS + 1):
        before, phi = phi, _ratio(*profile.neighbours(phi), pairs)
        if not abs(phi) < 1.0:
            raise FitError(
                "Prais and Winsten's iterations left the stationary range",
                found=f"an autocorrelation of {phi:.6g}",
                allowed="an autocorrelation below 1; difference the series, or another error model",
            )
        if not iterate or abs(phi - before) <= TOLERANCE:
            return replace(_fitted(series, phi), iterations=done)
    raise FitError(
        "Prais and Winsten's iterations did not settle",
        found=f"an autocorrelation of {phi:.6g} after {MAX_ITERATIONS} rounds",
        allowed="a longer series, or another error model",
    )


def slope_on_previous(residuals: Vector, gaps: Ints) -> float:
    """The ratio sum e_t e_(t-1) / sum e_(t-1)^2 over points with a neighbour one position before."""
    adjacent = gaps == 1
    before, after = residuals[:-1][adjacent], residuals[1:][adjacent]
    return _ratio(float(before @ after), float(before @ before), int(adjacent.sum()))


def _ratio(products: float, squares: float, pairs: int) -> float:
    if not squares > 0.0:
        raise FitError(
            "the autocorrelation cannot be estimated",
            found=f"{pairs} pairs of neighbouring points with residuals",
            allowed="neighbouring points whose residuals vary",
        )
    return products / squares


def maximum_likelihood(series: Series, criterion: Criterion) -> Ar1Fit:
    """The fit at the phi that maximises the likelihood, restricted (REML) or not, over (-1, 1).

    The criterion is looked at on a grid and its slope brought to 0 between the points beside the best, so
    that a second maximum is not taken for the first. FitError when no residual degrees of freedom are left.
    """
    n, p = series.X.shape
    if n - p < 2:
        raise FitError(
            "too few points for an autocorrelation beside the regression",
            found=f"{n} points and {p} coefficients",
            allowed="at least two points more than coefficients",
        )
    ends = np.arctanh(PHI_LIMIT)
    grid = np.tanh(np.linspace(-ends, ends, 61))
    heights = series.profile.heights(grid, criterion)
    best = int(np.argmax(heights))
    peaks = int(np.sum((heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])))
    phi, boundary = _top(series, criterion, grid, best)
    height = log_likelihood(series, phi, criterion)
    at_ends = int(heights[-1] > heights[-2]) + int(heights[0] > heights[1])
    found = _fitted(series, phi)
    return replace(found, log_likelihood=height, boundary=boundary, maxima=max(1, peaks + at_ends))


def _top(series: Series, criterion: Criterion, grid: Vector, best: int) -> tuple[float, bool]:
    profile = series.profile
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, len(grid) - 1)])
    if best in (0, len(grid) - 1) and profile.slope(float(grid[best]), criterion) * grid[best] >= 0.0:
        return float(grid[best]), True
    if profile.slope(low, criterion) <= 0.0 or profile.slope(high, criterion) >= 0.0:
        raise FitError(
            "the autocorrelation could not be found",
            found=f"a likelihood without a peak between {low:.4g} and {high:.4g}",
            allowed="an outcome that is not fitted without error",
        )
    return float(optimize.brentq(lambda phi: profile.slope(phi, criterion), low, high, xtol=1e-14)), False


def log_likelihood(series: Series, phi: float, criterion: Criterion) -> float:
    """The log-likelihood at phi with the coefficients and the variance at their best."""
    n, p = series.X.shape
    fit = generalised_least_squares(series, phi)
    squares = float(fit.residuals @ fit.residuals)
    spread = float(np.sum(np.log1p(-(phi ** (2 * series.gaps)))))
    m = n if criterion == "ml" else n - p
    found: float = -0.5 * (m * (math.log(2.0 * math.pi * squares / m) + 1.0) + spread)
    if criterion == "ml":
        return found
    return found + 0.5 * float(np.linalg.slogdet(fit.bread)[1])


def _fitted(series: Series, phi: float) -> Ar1Fit:
    fit = generalised_least_squares(series, phi)
    residuals = series.y - series.X @ fit.params
    return Ar1Fit(series, phi, fit.params, fit.bread, fit.scale, residuals, fit.residuals)
