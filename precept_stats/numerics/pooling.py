"""Random-effects pooling of independent estimates: their mean, its standard error, and what a new one may be.

The estimates are y_k ~ N(mu, tau2 + v_k), v_k taken as known. Hartung and Knapp's variance of the mean is the
weighted variance of the estimates about it over K - 1, with a t distribution on K - 1 degrees of freedom
(Hartung and Knapp 2001, Stat Med 20:3875; Sidik and Jonkman 2002, Stat Med 21:3153).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.inequality.heterogeneity import Heterogeneity, heterogeneity, paule_mandel

Vector = NDArray[np.float64]
BetweenEstimator = Literal["reml", "paule_mandel", "dersimonian_laird"]


@dataclass(frozen=True, slots=True, eq=False)
class PooledMean:
    """The mean with its ``variance`` at ``tau2`` and Hartung and Knapp's factor ``inflation`` on it.

    ``weights`` (K,) add up to 1. ``spread`` is what is known of tau2 whatever its estimator; ``i2`` goes with
    ``tau2``.
    """

    mean: float
    variance: float
    inflation: float
    tau2: float
    i2: float
    weights: Vector
    spread: Heterogeneity


def pool(y: Vector, variance: Vector, estimator: BetweenEstimator, level: float = 0.95) -> PooledMean:
    """Of K estimates (K,), two or more, with variances above 0; ``level`` is that of the limits of tau2."""
    spread = heterogeneity(y, variance, level)
    tau2 = {
        "reml": lambda: spread.tau2_reml,
        "dersimonian_laird": lambda: spread.tau2_dl,
        "paule_mandel": lambda: paule_mandel(y, variance),
    }[estimator]()
    weight, fixed = 1.0 / (variance + tau2), 1.0 / variance
    total = float(weight.sum())
    mean = float(weight @ y) / total
    inflation = float(weight @ (y - mean) ** 2) / (len(y) - 1)
    typical = (len(y) - 1) / float(fixed.sum() - (fixed**2).sum() / fixed.sum())
    return PooledMean(mean, 1.0 / total, inflation, tau2, tau2 / (tau2 + typical), weight / total, spread)
