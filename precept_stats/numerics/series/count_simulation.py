"""Counts with a given mean, dispersion and first-order autocorrelation, from correlated normal numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Vector = NDArray[np.float64]

POISSON = 1.0 + 1e-6
"""A dispersion up to here is that of the Poisson or binomial distribution itself."""


def counts_from(normal: Vector, mean: Vector, dispersion: float) -> Vector:
    """Counts with this mean and variance dispersion * mean (Poisson where it is 1 or less).

    Each is the quantile of its distribution, negative binomial, at the probability of its normal number.
    """
    at = special.ndtr(normal)
    if dispersion <= POISSON:
        return np.asarray(stats.poisson.ppf(at, mean), dtype=np.float64)
    shape = mean / (dispersion - 1.0)
    return np.asarray(stats.nbinom.ppf(at, shape, 1.0 / dispersion), dtype=np.float64)


def events_from(normal: Vector, share: Vector, size: Vector, dispersion: float) -> Vector:
    """Events out of ``size`` with this share and dispersion times the binomial variance, rounded.

    Each is ``size`` times the quantile of the beta distribution with that mean and variance, which is close
    to the (beta-)binomial one where ``size`` is well above the dispersion, and quick for large sizes.
    """
    total = np.maximum(size / max(dispersion, 1.0) - 1.0, 0.5)
    quantile = stats.beta.ppf(special.ndtr(normal), share * total, (1.0 - share) * total)
    found: Vector = np.clip(np.round(size * quantile), 0.0, size)
    return found
