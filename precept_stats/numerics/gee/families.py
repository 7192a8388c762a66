"""Links and variance functions: any of one with any of the other, as far as the means allow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, xlogy

Vector = NDArray[np.float64]

STEEPEST = 500.0
"""The linear predictor of a logit or log link is held this near to 0, so that nothing overflows."""

EXTREME = 1e-8
"""A fitted mean this near to the end of its range (times the overall mean) has run away."""


class Link(Protocol):
    """From a linear predictor to a mean, with its derivative, and back."""

    def mean(self, eta: Vector) -> Vector: ...

    def mean_slope(self, eta: Vector) -> Vector: ...

    def linear(self, mean: float) -> float: ...


class Logit:
    """The log odds of the mean are linear."""

    def mean(self, eta: Vector) -> Vector:
        mean: Vector = expit(np.clip(eta, -STEEPEST, STEEPEST))
        return mean

    def mean_slope(self, eta: Vector) -> Vector:
        mean = self.mean(eta)
        return mean * (1.0 - mean)

    def linear(self, mean: float) -> float:
        return float(np.log(mean / (1.0 - mean)))


class Log:
    """The log of the mean is linear."""

    def mean(self, eta: Vector) -> Vector:
        return np.exp(np.clip(eta, -STEEPEST, STEEPEST))

    def mean_slope(self, eta: Vector) -> Vector:
        return self.mean(eta)

    def linear(self, mean: float) -> float:
        return float(np.log(mean))


class Identity:
    """The mean itself is linear."""

    def mean(self, eta: Vector) -> Vector:
        return eta

    def mean_slope(self, eta: Vector) -> Vector:
        return np.ones_like(eta)

    def linear(self, mean: float) -> float:
        return mean


class Variance(Protocol):
    """The variance of one outcome as a function of its mean, and the means for which there is one."""

    def of(self, mean: Vector) -> Vector: ...

    def allows(self, mean: Vector) -> bool: ...

    def deviance(self, mean: Vector, count: Vector, total: Vector) -> float:
        """Minus twice the log quasi-likelihood of ``count`` outcomes of sum ``total``, less what is fixed."""
        ...

    def at_edge(self, mean: Vector, overall: float) -> bool:
        """Whether a fitted mean has run to the end of its range."""
        ...


class Binomial:
    """mean * (1 - mean)."""

    def of(self, mean: Vector) -> Vector:
        return np.maximum(mean * (1.0 - mean), np.finfo(float).tiny)

    def allows(self, mean: Vector) -> bool:
        return bool(np.all((mean > 0.0) & (mean < 1.0)))

    def deviance(self, mean: Vector, count: Vector, total: Vector) -> float:
        return -2.0 * float(np.sum(xlogy(total, mean) + xlogy(count - total, 1.0 - mean)))

    def at_edge(self, mean: Vector, overall: float) -> bool:
        return bool(np.any((mean < EXTREME * overall) | (1.0 - mean < EXTREME * (1.0 - overall))))


class Poisson:
    """The mean."""

    def of(self, mean: Vector) -> Vector:
        return np.maximum(mean, np.finfo(float).tiny)

    def allows(self, mean: Vector) -> bool:
        return bool(np.all(mean > 0.0))

    def deviance(self, mean: Vector, count: Vector, total: Vector) -> float:
        return -2.0 * float(np.sum(xlogy(total, mean) - count * mean))

    def at_edge(self, mean: Vector, overall: float) -> bool:
        return bool(np.any(mean < EXTREME * overall))


class Gaussian:
    """The same for every mean."""

    def of(self, mean: Vector) -> Vector:
        return np.ones_like(mean)

    def allows(self, mean: Vector) -> bool:
        return bool(np.all(np.isfinite(mean)))

    def deviance(self, mean: Vector, count: Vector, total: Vector) -> float:
        return float(np.sum(count * mean * mean - 2.0 * total * mean))

    def at_edge(self, mean: Vector, overall: float) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Family:
    """A link and a variance function."""

    link: Link
    variance: Variance
