"""Likelihood-ratio tests and profile-likelihood intervals of fixed effects, for fits by ML.

Both refer to chi-squared, which needs many clusters: with few, tests reject too often and intervals
are too narrow. They are for comparison with Kenward-Roger and with published analyses.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from precept_stats.errors import FitError
from precept_stats.inference.joint import JointTest, contrast_rank, independent
from precept_stats.inference.profiled import PROFILE
from precept_stats.numerics.cells.either import AnyMixedFit, constrained_deviance
from precept_stats.values import Interval

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

FARTHEST = 64.0
"""Profiles are followed to this many standard errors from the estimate."""


class Maximum(Protocol):
    """A fit by maximum likelihood: coefficients (p,), their covariance, and the likelihood elsewhere."""

    @property
    def params(self) -> Vector: ...

    @property
    def covariance(self) -> Matrix: ...

    def fall(self, contrasts: Matrix, values: Vector) -> float:
        """Twice the fall in log likelihood when contrasts (k, p) @ params are held at values (k,).

        All else, variances too, is at its best there. Raises FitError where that is not found.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LinearMaximum:
    """That of a linear mixed model."""

    fit: AnyMixedFit

    @property
    def params(self) -> Vector:
        return self.fit.params

    @property
    def covariance(self) -> Matrix:
        return self.fit.covariance

    def fall(self, contrasts: Matrix, values: Vector) -> float:
        """Twice the fall in log likelihood; FitError for a fit by REML."""
        return max(0.0, constrained_deviance(self.fit, contrasts, values) - self.fit.deviance)


def likelihood_ratio_test(fit: Maximum, contrasts: Matrix) -> JointTest:
    """Test that every row of contrasts (k, p) times the parameters is zero: chi-squared / k, and its p."""
    contrasts = np.atleast_2d(np.asarray(contrasts, dtype=np.float64))
    rank = contrast_rank(contrasts)
    if rank == 0:
        raise FitError(
            "there is nothing to test", found="contrasts that are all zero", allowed="a non-zero row"
        )
    statistic = fit.fall(independent(contrasts), np.zeros(rank))
    return JointTest(statistic / rank, rank, None, float(special.chdtrc(rank, statistic)))


def profile_interval(fit: Maximum, gradient: Vector, level: float = 0.95) -> Interval:
    """The values of gradient @ params that the likelihood-ratio test does not reject at 1 - level.

    Raises FitError where the likelihood stays above the limit as far as 64 standard errors.
    """
    estimate = float(gradient @ fit.params)
    error = math.sqrt(float(gradient @ fit.covariance @ gradient))
    limit = float(special.ndtri(0.5 + level / 2))

    def excess(value: float) -> float:
        """The signed root of the likelihood ratio beyond the limit; nearly linear in the value."""
        return math.sqrt(fit.fall(gradient[None], np.array([value]))) - limit

    lower, upper = (crossing(excess, (estimate, side * error), limit) for side in (-1.0, 1.0))
    return Interval(lower, upper, level, method=PROFILE)


@dataclass(frozen=True, slots=True, eq=False)
class FixedEffectsProfile:
    """The profile of a likelihood in its fixed effects, the first of the parameters."""

    fit: Maximum

    def ratio(self, weights: Vector, value: float) -> float:
        """Twice the fall in log likelihood when weights @ params is held at ``value``."""
        return self.fit.fall(self._leading(weights)[None], np.array([value]))

    def limits(self, weights: Vector, level: float) -> tuple[float, float]:
        """The ends of :func:`profile_interval`."""
        found = profile_interval(self.fit, self._leading(weights), level)
        return found.lower, found.upper

    def _leading(self, weights: Vector) -> Vector:
        """The weights of the fixed effects; FitError where variances have weight."""
        count = len(self.fit.params)
        if np.any(weights[count:]):
            raise FitError(
                "the likelihood has no profile in variances here",
                found="weights on variances",
                allowed="none",
            )
        return weights[:count]


def crossing(excess: Callable[[float], float], start: tuple[float, float], limit: float) -> float:
    """Where the excess passes 0 from the estimate, step by step in standard errors."""
    estimate, step = start
    inner, width = estimate, limit
    while width <= FARTHEST:
        outer = estimate + width * step
        if excess(outer) >= 0.0:
            return float(optimize.brentq(excess, inner, outer, xtol=1e-8 * abs(step), rtol=1e-13))
        inner, width = outer, width * 1.5
    raise FitError(
        "the profile likelihood does not fall to the limit",
        found=f"within {FARTHEST:g} standard errors of the estimate",
        allowed="a coefficient that the data bound",
    )
