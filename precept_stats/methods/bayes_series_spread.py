"""How much units and regions of many series differ, as quantities: standard deviations and correlations."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.quantities import Quantity

Vector = NDArray[np.float64]

LEAST = 1e-300
"""A variance is held above this, so that it has a logarithm."""


def deviation(of: str, place: int) -> Quantity:
    """The standard deviation whose variance is a parameter."""

    def value(params: Vector) -> float:
        return 0.5 * math.log(max(float(params[place]), LEAST))

    def gradient(params: Vector) -> Vector:
        slope: Vector = 0.5 * np.eye(1, len(params), place).ravel() / params[place]
        return slope

    return Quantity("sd_random_effect", of, "log", "", 1.0, value, gradient)


def correlation(of: str, at: tuple[int, int, int]) -> Quantity:
    """A covariance over the roots of two variances, ``at`` which places they are."""

    def value(params: Vector) -> float:
        covariance, one, other = (float(params[k]) for k in at)
        return covariance / math.sqrt(max(one * other, LEAST))

    def gradient(params: Vector) -> Vector:
        covariance, one, other = (float(params[k]) for k in at)
        slope, root = np.zeros(len(params)), math.sqrt(one * other)
        slope[list(at)] = 1.0 / root, -0.5 * covariance / (root * one), -0.5 * covariance / (root * other)
        return slope

    return Quantity("correlation_random_effects", of, "identity", "", 0.0, value, gradient)
