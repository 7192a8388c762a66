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
    """Events out of ``size`` with this share and dispersion times the binomial variance (beta-binomial)."""
    at, size = special.ndtr(normal), np.round(size)
    within = np.clip((dispersion - 1.0) / np.maximum(size - 1.0, 1.0), 0.0, 0.99)
    plain = np.asarray(stats.binom.ppf(at, size, share), dtype=np.float64)
    if dispersion <= POISSON:
        return plain
    total = 1.0 / within - 1.0
    spread = np.asarray(stats.betabinom.ppf(at, size, share * total, (1.0 - share) * total), dtype=np.float64)
    return np.where(size > 1.0, spread, plain)
