"""Newey and West's covariance: Bartlett weights on the products of scores up to a lag."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.numerics.series.lags import pairs

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]


def rule_of_thumb(n: int) -> int:
    """floor(4 (n / 100)^(2/9)), the lag that most programs suggest for n points."""
    return int(np.floor(4.0 * (n / 100.0) ** (2.0 / 9.0)))


def newey_west(bread: Matrix, scores: Matrix, positions: Ints, lag: int, *, small_sample: bool) -> Matrix:
    """The sandwich of ``bread`` and the weighted sum of score products over lags, (p, p).

    ``bread`` is (X'WX)^-1 and ``scores`` (n, p) are rows of x times residual. Lags are counted in
    positions: points that were left out count as scores of 0, so points on both sides of a gap keep
    their distance, and points of different series are not paired. ``small_sample`` multiplies by
    n / (n - p), as in Stata's newey. Source: Newey and West (1987, Econometrica 55:703).
    """
    n, p = scores.shape
    if not 0 <= lag < n:
        raise FitError("the lag does not fit the series", found=f"lag {lag}", allowed=f"0 to {n - 1}")
    meat = scores.T @ scores
    for k in range(1, lag + 1):
        earlier, later = pairs(positions, k)
        product = scores[later].T @ scores[earlier]
        meat = meat + (1.0 - k / (lag + 1.0)) * (product + product.T)
    factor = n / (n - p) if small_sample else 1.0
    covariance: Matrix = factor * bread @ meat @ bread
    return covariance


def prewhitened_newey_west(
    bread: Matrix, scores: Matrix, bandwidth: Callable[[Matrix], float]
) -> tuple[Matrix, int]:
    """The covariance with scores first freed of a vector autoregression of order 1, and the lag used.

    ``bandwidth`` finds the bandwidth from what is left of the scores (Andrews and Monahan 1992,
    Econometrica 60:953), as in R's sandwich with its defaults. For points without gaps.
    """
    before, after = scores[:-1], scores[1:]
    turned = np.linalg.lstsq(before, after, rcond=None)[0]
    left = after - before @ turned
    lag = int(np.floor(bandwidth(left)))
    meat = left.T @ left
    for k in range(1, min(lag, len(left) - 1) + 1):
        product = left[k:].T @ left[:-k]
        meat = meat + (1.0 - k / (lag + 1.0)) * (product + product.T)
    recoloured = np.linalg.inv(np.eye(scores.shape[1]) - turned)
    covariance: Matrix = bread @ (recoloured.T @ meat @ recoloured) @ bread
    return covariance, lag


def automatic_bandwidth(scores: Matrix, weights: Vector, n: int, start: int) -> float:
    """Newey and West's (1994, Rev Econ Stud 61:631) bandwidth for Bartlett weights.

    ``weights`` (p,) say how scores are added up (0 for the constant), ``n`` counts the points before any
    prewhitening and ``start`` is 4, or 3 after prewhitening: the factor of the pilot lag.
    """
    pilot = int(np.floor(start * (n / 100.0) ** (2.0 / 9.0)))
    series = scores @ weights
    moments = np.array([float(series[: len(series) - j] @ series[j:]) for j in range(pilot + 1)])
    moments /= len(series)
    level = moments[0] + 2.0 * float(moments[1:].sum())
    slope = 2.0 * float(np.arange(1, pilot + 1) @ moments[1:])
    return float(1.1447 * ((slope / level) ** 2 * n) ** (1.0 / 3.0))
