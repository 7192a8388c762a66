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

EDGE = 1e-8
"""A mean this near to the end of its range, as a share of the overall mean's distance, is at its end."""

AWAY = 18.0
"""A linear predictor this far from that of the overall mean has run away: odds or means e^18 times as far."""


class Link(Protocol):
    """From a linear predictor to a mean, with its derivative, and back.

    ``reaches`` says whether a finite linear predictor gives a mean of 0 (first) or 1 (second).
    """

    reaches: tuple[bool, bool]

    def mean(self, eta: Vector) -> Vector: ...

    def mean_slope(self, eta: Vector) -> Vector: ...

    def linear(self, mean: float) -> float: ...

    def runs_away(self, eta: Vector, overall: float) -> bool:
        """Whether a linear predictor is on its way to an infinity, where the mean has its bound."""
        ...


class Logit:
    """The log odds of the mean are linear."""

    reaches = (False, False)

    def mean(self, eta: Vector) -> Vector:
        mean: Vector = expit(np.clip(eta, -STEEPEST, STEEPEST))
        return mean

    def mean_slope(self, eta: Vector) -> Vector:
        mean = self.mean(eta)
        return mean * (1.0 - mean)

    def linear(self, mean: float) -> float:
        return float(np.log(mean / (1.0 - mean)))

    def runs_away(self, eta: Vector, overall: float) -> bool:
        return bool(np.any(np.abs(eta - self.linear(overall)) > AWAY))


class Log:
    """The log of the mean is linear."""

    reaches = (False, True)

    def mean(self, eta: Vector) -> Vector:
        return np.exp(np.clip(eta, -STEEPEST, STEEPEST))

    def mean_slope(self, eta: Vector) -> Vector:
        return self.mean(eta)

    def linear(self, mean: float) -> float:
        return float(np.log(mean))

    def runs_away(self, eta: Vector, overall: float) -> bool:
        return bool(np.any(eta - self.linear(overall) < -AWAY))


class Identity:
    """The mean itself is linear."""

    reaches = (True, True)

    def mean(self, eta: Vector) -> Vector:
        return eta

    def mean_slope(self, eta: Vector) -> Vector:
        return np.ones_like(eta)

    def linear(self, mean: float) -> float:
        return mean

    def runs_away(self, eta: Vector, overall: float) -> bool:
        return False


class Variance(Protocol):
    """The variance of one outcome as a function of its mean, and the means for which there is one."""

    def of(self, mean: Vector) -> Vector: ...

    def allows(self, mean: Vector) -> bool: ...

    def at_edge(self, mean: Vector, overall: float, reaches: tuple[bool, bool]) -> bool:
        """Whether a mean is at an end of its range that the link reaches."""
        ...

    def deviance(self, mean: Vector, count: Vector, total: Vector) -> float:
        """Minus twice the log quasi-likelihood of ``count`` outcomes of sum ``total``, less what is fixed."""
        ...


class Binomial:
    """mean * (1 - mean)."""

    def of(self, mean: Vector) -> Vector:
        return np.maximum(mean * (1.0 - mean), np.finfo(float).tiny)

    def allows(self, mean: Vector) -> bool:
        return bool(np.all((mean > 0.0) & (mean < 1.0)))

    def at_edge(self, mean: Vector, overall: float, reaches: tuple[bool, bool]) -> bool:
        low, high = np.any(mean < EDGE * overall), np.any(1.0 - mean < EDGE * (1.0 - overall))
        return bool((low and reaches[0]) or (high and reaches[1]))

    def deviance(self, mean: Vector, count: Vector, total: Vector) -> float:
        return -2.0 * float(np.sum(xlogy(total, mean) + xlogy(count - total, 1.0 - mean)))


class Poisson:
    """The mean."""

    def of(self, mean: Vector) -> Vector:
        return np.maximum(mean, np.finfo(float).tiny)

    def allows(self, mean: Vector) -> bool:
        return bool(np.all(mean > 0.0))

    def at_edge(self, mean: Vector, overall: float, reaches: tuple[bool, bool]) -> bool:
        return reaches[0] and bool(np.any(mean < EDGE * overall))

    def deviance(self, mean: Vector, count: Vector, total: Vector) -> float:
        return -2.0 * float(np.sum(xlogy(total, mean) - count * mean))


class Gaussian:
    """The same for every mean."""

    def of(self, mean: Vector) -> Vector:
        return np.ones_like(mean)

    def allows(self, mean: Vector) -> bool:
        return bool(np.all(np.isfinite(mean)))

    def at_edge(self, mean: Vector, overall: float, reaches: tuple[bool, bool]) -> bool:
        return False

    def deviance(self, mean: Vector, count: Vector, total: Vector) -> float:
        return float(np.sum(count * mean * mean - 2.0 * total * mean))


@dataclass(frozen=True, slots=True)
class Family:
    """A link and a variance function."""

    link: Link
    variance: Variance
