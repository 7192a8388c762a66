"""Variance between areas without the sampling error that is in it, and what chance alone would show.

With A = diag(w) - w w', the between-group variance q = y'Ay has the expectation t + tr(AV), where t is the
variance of the true values and V the covariance of the estimates; so q - tr(AV) is without bias, whatever the
true values. Its interval is found by inversion: q is taken as a scaled chi-squared variable with the mean t +
tr(AV) and the variance 4 k t + 2 tr(AVAV), k = y'AVAy / y'Ay (two moments: Satterthwaite 1946, Biometrics
Bull 2:110), and t runs over the values that a test at each side does not reject. Source of the moments: Seber
and Lee 2003, Linear regression analysis, theorems 1.5 and 1.6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

POINTS = 2001
REACH = 9.0


@dataclass(frozen=True, slots=True)
class CorrectedVariance:
    """``observed`` variance, the ``noise`` in it, and ``value`` = observed - noise, which can be below 0.

    ``lower`` and ``upper`` are limits of the variance of the true values and never below 0.
    """

    observed: float
    noise: float
    value: float
    std_error: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class _Moments:
    """Of y'Ay as the variance t of the true values changes."""

    noise: float
    tilt: float
    spread: float

    def of(self, true: float) -> tuple[float, float]:
        return true + self.noise, 4.0 * self.tilt * true + self.spread

    def below(self, observed: float, true: float) -> float:
        """The chance of a variance no larger than the observed one."""
        mean, variance = self.of(true)
        return float(special.chdtr(2.0 * mean**2 / variance, 2.0 * mean / variance * observed))


def corrected_variance(y: Vector, share: Vector, covariance: Matrix, level: float) -> CorrectedVariance:
    """The between-group variance less its sampling error, with its interval at ``level``.

    ``share`` (K,) sums to one; ``covariance`` (K, K) is that of the estimates, taken as known.
    """
    centred = np.diag(share) - np.outer(share, share)
    product = centred @ covariance
    observed = max(0.0, float(y @ centred @ y))
    pulled = float(y @ product @ centred @ y)
    spread = 2.0 * float(np.sum(product * product.T))
    tilt = pulled / observed if observed > 0.0 else 0.0
    moments = _Moments(float(np.trace(product)), tilt, spread)
    value = observed - moments.noise
    lower, upper = _limits(moments, observed, (1.0 - level) / 2.0)
    return CorrectedVariance(
        observed, moments.noise, value, math.sqrt(moments.of(max(value, 0.0))[1]), lower, upper
    )


def _limits(moments: _Moments, observed: float, tail: float) -> tuple[float, float]:
    start = 2.0 * observed + moments.noise + 4.0 * math.sqrt(moments.spread)
    return (
        _crossing(moments, observed, 1.0 - tail, start),
        _crossing(moments, observed, tail, start),
    )


def _crossing(moments: _Moments, observed: float, chance: float, start: float) -> float:
    """The true variance at which no more than observed has this ``chance``; 0 where it is less."""

    def excess(true: float) -> float:
        return moments.below(observed, true) - chance

    if excess(0.0) <= 0.0:
        return 0.0
    end = start
    while excess(end) > 0.0:
        end *= 2.0
    return float(optimize.brentq(excess, 0.0, end, xtol=1e-14 * end, rtol=1e-12))


def expected_range(std_error: Vector) -> float:
    """The mean difference of the highest and the lowest of independent normal estimates of one true value.

    The integral of 1 - prod F_k - prod (1 - F_k) over the line (Tippett 1925, Biometrika 17:364), by
    Simpson's rule. It grows with the number of areas: what a comparison of best and worst finds where there
    is nothing.
    """
    reach = REACH * float(std_error.max())
    x = np.linspace(-reach, reach, POINTS)
    z = x[:, None] / std_error
    below, above = special.ndtr(z).prod(axis=1), special.ndtr(-z).prod(axis=1)
    step = x[1] - x[0]
    height = 1.0 - below - above
    return float(
        step / 3.0 * (height[0] + height[-1] + 4.0 * height[1:-1:2].sum() + 2.0 * height[2:-1:2].sum())
    )
