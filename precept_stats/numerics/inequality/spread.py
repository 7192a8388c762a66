"""Between-group variance, standard deviation and coefficient of variation, of areas as they are estimated.

BGV = sum_k w_k (y_k - mu)^2 with mu = sum_k w_k y_k (WHO 2022, technical notes). Sampling error is in all
three: without any true inequality they are above 0 (see ``noise``).
"""

from __future__ import annotations

import numpy as np

from precept_stats.numerics.inequality.areas import Areas, Vector, mean
from precept_stats.numerics.inequality.measure import Measure


def _mean_slope(_y: Vector, areas: Areas) -> Vector:
    return areas.share


def variance(y: Vector, areas: Areas) -> Vector:
    """Between-group variance of estimates (..., K)."""
    found: Vector = (y - mean(y, areas)[..., None]) ** 2 @ areas.share
    return found


def variance_slope(y: Vector, areas: Areas) -> Vector:
    """2 w_k (y_k - mu): the mean moves, and what it moves sums to nothing."""
    found: Vector = 2.0 * areas.share * (y - mean(y, areas))
    return found


def _deviation(y: Vector, areas: Areas) -> Vector:
    found: Vector = np.sqrt(variance(y, areas))
    return found


def _deviation_slope(y: Vector, areas: Areas) -> Vector:
    found: Vector = variance_slope(y, areas) / (2.0 * _deviation(y, areas))
    return found


def _variation(y: Vector, areas: Areas) -> Vector:
    found: Vector = 100.0 * _deviation(y, areas) / mean(y, areas)
    return found


def _variation_slope(y: Vector, areas: Areas) -> Vector:
    middle = mean(y, areas)
    found: Vector = (100.0 * _deviation_slope(y, areas) - _variation(y, areas) * areas.share) / middle
    return found


MEAN = Measure("mean", "Mean over the population", "mean", "outcome", mean, _mean_slope)

SPREAD = (
    Measure("bgv", "Between-group variance", "variance", "outcome squared", variance, variance_slope),
    Measure(
        "bgsd", "Between-group standard deviation", "variance", "outcome", _deviation, _deviation_slope
    ),
    Measure(
        "cov", "Coefficient of variation", "variance", "per cent of the mean", _variation, _variation_slope,
        needs=frozenset({"positive mean"}),
    ),
)  # fmt: skip
