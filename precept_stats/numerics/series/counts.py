"""Counts and shares of a series: regressions on the log or logit scale, with what serial correlation needs.

The coefficients are those of independent points, which stay consistent under serial correlation; what it
changes is their covariance, for which every fit keeps its scores.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, special

from precept_stats.errors import FitError
from precept_stats.numerics.glm import BinomialLogit, PoissonLog, fit_glm

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

MAX_ITERATIONS = 200
SETTLED = 1e-8
"""Relative change of the shape, and change on the log scale of a mean, at which rounds end."""
SHAPE_LEAST = 1e-3
LARGE = 40.0
"""A shape above this has its digamma function by the asymptotic series."""
SHAPE_LIMIT = 1e4
"""A negative binomial shape above this times the largest mean is Poisson: no dispersion was found."""


@dataclass(frozen=True, slots=True, eq=False)
class Totals:
    """Events (n,) out of ``size`` (n,), with columns X (n, p) of full rank whose first is the constant."""

    X: Matrix
    events: Vector
    size: Vector


@dataclass(frozen=True, slots=True, eq=False)
class CountFit:
    """A regression of totals. ``bread`` is (X'WX)^-1 and ``scores`` (n, p) rows of x times what moves it.

    ``pearson`` are residuals over the standard deviation of the model, ``dispersion`` their sum of squares
    over n - p. ``shape`` is that of a negative binomial, infinite where no dispersion was found, None for
    the others. ``expected`` are fitted totals; ``at_edge`` says that a fitted mean went to its limit.
    """

    params: Vector
    bread: Matrix
    scores: Matrix
    pearson: Vector
    dispersion: float
    expected: Vector
    at_edge: bool
    shape: float | None = None

    @property
    def quasi_covariance(self) -> Matrix:
        """The covariance under independence with the dispersion found."""
        return self.dispersion * self.bread


def fit_quasi(totals: Totals, family: Literal["poisson", "binomial"]) -> CountFit:
    """Quasi-likelihood with a variance proportional to that of the family."""
    kernel = PoissonLog() if family == "poisson" else BinomialLogit()
    found = fit_glm(totals.X, totals.events, totals.size, kernel)
    mean = found.expected / totals.size
    variance = totals.size * kernel.slope(mean)
    return _assembled(
        totals, found.params, (found.expected, variance, np.ones_like(variance)), bool(found.boundary.any())
    )


def fit_negative_binomial(totals: Totals) -> CountFit:
    """Maximum likelihood with variance mu + mu^2 / shape, the coefficients and the shape in turn (NB2).

    As R's MASS glm.nb; where the counts vary no more than Poisson ones the shape is infinite.
    """
    params, mean = fit_glm(totals.X, totals.events, totals.size, PoissonLog()).params, np.empty(0)
    shape = np.inf
    for _ in range(MAX_ITERATIONS):
        mean = totals.size * np.exp(totals.X @ params)
        before, shape = shape, _shape(totals.events, mean)
        params, moved = _weighted(totals, params, shape)
        if moved <= SETTLED and (shape == before or abs(shape / before - 1.0) <= SETTLED):
            break
    else:
        raise FitError(
            "the negative binomial regression did not settle",
            found=f"{MAX_ITERATIONS} rounds, shape {shape:g}",
            allowed="counts with more than Poisson variation; or quasi-Poisson",
        )
    mean = totals.size * np.exp(totals.X @ params)
    discount = 1.0 / (1.0 + mean / shape)
    fit = _assembled(totals, params, (mean, mean * discount, discount), at_edge=False)
    return CountFit(
        fit.params, fit.bread, fit.scores, fit.pearson, fit.dispersion, fit.expected, fit.at_edge, shape
    )


def _weighted(totals: Totals, params: Vector, shape: float) -> tuple[Vector, float]:
    """Scoring steps at a shape until the coefficients stay, and how far they went in all."""
    start = params
    for _ in range(MAX_ITERATIONS):
        mean = totals.size * np.exp(totals.X @ params)
        weights = mean / (1.0 + mean / shape)
        root = np.sqrt(weights)
        step = linalg.lstsq(root[:, None] * totals.X, root * (totals.events - mean) / mean)[0]
        params = params + step
        if float(np.max(np.abs(totals.X @ step))) <= SETTLED / 100.0:
            break
    return params, float(np.max(np.abs(totals.X @ (params - start))))


def _shape(events: Vector, mean: Vector) -> float:
    """The shape that maximises the likelihood at these means; infinite where none does below the limit."""
    most = SHAPE_LIMIT * float(mean.max())
    if _shape_score(events, mean, most) >= 0.0:
        return float("inf")
    least = SHAPE_LEAST
    while _shape_score(events, mean, least) <= 0.0:
        least /= 100.0
        if least < SHAPE_LEAST**3:
            raise FitError(
                "the negative binomial regression has no shape",
                found="counts of 0 but for a few",
                allowed="counts above 0 in more points",
            )
    found = optimize.brentq(
        lambda at: _shape_score(events, mean, float(np.exp(at))), np.log(least), np.log(most), xtol=1e-13
    )
    return float(np.exp(found))


def _shape_score(events: Vector, mean: Vector, shape: float) -> float:
    """The derivative of the log-likelihood in the shape, without loss of digits where it is large.

    psi(y + s) - psi(s) - log(1 + m / s) + (m - y) / (m + s), with psi(x) = log(x) + rest(x).
    """
    short = (mean - events) / (mean + shape)
    return float(np.sum(np.log1p(-short) + short + _rest_between(events, shape)))


def _rest_between(events: Vector, shape: float) -> Vector:
    """The part of psi(y + s) - psi(s) beyond log(y + s) - log(s), for large s by its asymptotic series."""
    above = events + shape
    if shape < LARGE:
        own = special.digamma(shape) - np.log(shape)
        found: Vector = special.digamma(above) - np.log(above) - own
        return found
    a, b = 1.0 / shape, 1.0 / above
    gap = events * a * b
    squares = gap * (a + b)
    higher = (a**4 + (a * b) ** 2 + b**4) / 252.0 - (a**2 + b**2) / 120.0
    return gap / 2.0 + squares * (1.0 / 12.0 + higher)


def _assembled(
    totals: Totals, params: Vector, found: tuple[Vector, Vector, Vector], at_edge: bool
) -> CountFit:
    """``found`` holds fitted totals, the weights of the information, and what scores are discounted by."""
    expected, information, discount = found
    X, left = totals.X, totals.events - expected
    n, p = X.shape
    if n <= p:
        raise FitError(
            "no points are left to judge the spread by",
            found=f"{n} points and {p} coefficients",
            allowed="more points than coefficients",
        )
    root = np.sqrt(np.maximum(information, np.finfo(float).tiny))
    _, R = linalg.qr(root[:, None] * X, mode="economic")
    inverse = linalg.solve_triangular(R, np.eye(p))
    variance = information / discount**2
    pearson = left / np.sqrt(np.maximum(variance, np.finfo(float).tiny))
    dispersion = float(pearson @ pearson) / (n - p)
    return CountFit(
        params, inverse @ inverse.T, X * (discount * left)[:, None], pearson, dispersion, expected, at_edge
    )
