"""Families with a link: the log-likelihood of a row and its derivatives in the linear predictor.

Rows are totals ``y`` with denominators ``size``: events out of trials, or events in person-time.
Only links for which the model is defined for every value of a normal random effect are here: a log
or identity link for a risk, or an identity link for a rate, would pass 1 or 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, log_ndtr, ndtr, ndtri

Vector = NDArray[np.float64]

STEEPEST = 500.0
"""The linear predictor is held within this distance of 0, so that nothing overflows."""


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """The log-likelihood of each row (n,), without constants, and its derivatives up to the fourth."""

    value: Vector
    first: Vector
    second: Vector
    third: Vector
    fourth: Vector


class Family(Protocol):
    """What a mixed model asks of a family and its link."""

    def constant(self, y: Vector, size: Vector) -> float:
        """The part of the log-likelihood that no parameter changes, summed over rows."""
        ...

    def start(self, y: Vector, size: Vector) -> Vector:
        """A linear predictor for each row near its own data, to start from."""
        ...

    def curve(self, eta: Vector, y: Vector, size: Vector) -> tuple[Vector, Vector, Vector]:
        """The log-likelihood of each row and its first two derivatives."""
        ...

    def slopes(self, eta: Vector, y: Vector, size: Vector) -> Slopes: ...

    def mean(self, eta: Vector) -> Vector:
        """Events a unit of denominator."""
        ...

    def mean_slope(self, eta: Vector) -> Vector:
        """The derivative of the mean in the linear predictor."""
        ...

    def variance(self, mean: Vector) -> Vector:
        """The variance of an outcome for one unit of denominator."""
        ...

    def draw(self, rng: np.random.Generator, eta: Vector, size: Vector) -> Vector:
        """An outcome for each row."""
        ...


def _binomial_constant(y: Vector, size: Vector) -> float:
    if np.all(size == 1.0):
        return 0.0
    return float(np.sum(gammaln(size + 1.0) - gammaln(y + 1.0) - gammaln(size - y + 1.0)))


def _binomial_draw(rng: np.random.Generator, mean: Vector, size: Vector) -> Vector:
    return rng.binomial(np.rint(size).astype(np.int64), mean).astype(np.float64)


def _held(eta: Vector) -> Vector:
    return np.clip(eta, -STEEPEST, STEEPEST)


class BinomialLogit:
    """y events out of size, log odds linear."""

    def constant(self, y: Vector, size: Vector) -> float:
        return _binomial_constant(y, size)

    def start(self, y: Vector, size: Vector) -> Vector:
        start: Vector = np.log((y + 0.5) / (size - y + 0.5))
        return start

    def curve(self, eta: Vector, y: Vector, size: Vector) -> tuple[Vector, Vector, Vector]:
        eta = _held(eta)
        odds = 1.0 + np.exp(-eta)
        mean = 1.0 / odds
        first = y - size * mean
        return (y - size) * eta - size * np.log(odds), first, (size * mean) * (mean - 1.0)

    def slopes(self, eta: Vector, y: Vector, size: Vector) -> Slopes:
        eta = _held(eta)
        odds = 1.0 + np.exp(-eta)
        mean = 1.0 / odds
        spread = mean * (1.0 - mean)
        second = -size * spread
        return Slopes(
            (y - size) * eta - size * np.log(odds),
            y - size * mean,
            second,
            second * (1.0 - 2.0 * mean),
            second * (1.0 - 6.0 * spread),
        )

    def mean(self, eta: Vector) -> Vector:
        mean: Vector = 1.0 / (1.0 + np.exp(-_held(eta)))
        return mean

    def mean_slope(self, eta: Vector) -> Vector:
        mean = self.mean(eta)
        return mean * (1.0 - mean)

    def variance(self, mean: Vector) -> Vector:
        return np.maximum(mean * (1.0 - mean), np.finfo(float).tiny)

    def draw(self, rng: np.random.Generator, eta: Vector, size: Vector) -> Vector:
        return _binomial_draw(rng, self.mean(eta), size)


class BinomialProbit:
    """y events out of size, the risk a normal distribution function of the linear predictor."""

    def constant(self, y: Vector, size: Vector) -> float:
        return _binomial_constant(y, size)

    def start(self, y: Vector, size: Vector) -> Vector:
        start: Vector = ndtri((y + 0.5) / (size + 1.0))
        return start

    def curve(self, eta: Vector, y: Vector, size: Vector) -> tuple[Vector, Vector, Vector]:
        found = self.slopes(eta, y, size)
        return found.value, found.first, found.second

    def slopes(self, eta: Vector, y: Vector, size: Vector) -> Slopes:
        eta = np.clip(eta, -35.0, 35.0)
        up, down = _normal_tail(eta), _normal_tail(-eta)
        rest = size - y
        return Slopes(
            y * up.value + rest * down.value,
            y * up.first - rest * down.first,
            y * up.second + rest * down.second,
            y * up.third - rest * down.third,
            y * up.fourth + rest * down.fourth,
        )

    def mean(self, eta: Vector) -> Vector:
        mean: Vector = ndtr(eta)
        return mean

    def mean_slope(self, eta: Vector) -> Vector:
        slope: Vector = np.exp(-0.5 * eta * eta) / np.sqrt(2.0 * np.pi)
        return slope

    def variance(self, mean: Vector) -> Vector:
        return np.maximum(mean * (1.0 - mean), np.finfo(float).tiny)

    def draw(self, rng: np.random.Generator, eta: Vector, size: Vector) -> Vector:
        return _binomial_draw(rng, self.mean(eta), size)


def _normal_tail(eta: Vector) -> Slopes:
    """The log of the normal distribution function and its derivatives."""
    value = log_ndtr(eta)
    first = np.exp(-0.5 * eta * eta - 0.5 * np.log(2.0 * np.pi) - value)
    second = -first * (eta + first)
    third = -second * (eta + first) - first * (1.0 + second)
    fourth = -third * (eta + first) - 2.0 * second * (1.0 + second) - first * third
    return Slopes(value, first, second, third, fourth)


class BinomialCloglog:
    """y events out of size, log(-log(1 - risk)) linear."""

    def constant(self, y: Vector, size: Vector) -> float:
        return _binomial_constant(y, size)

    def start(self, y: Vector, size: Vector) -> Vector:
        start: Vector = np.log(-np.log1p(-(y + 0.5) / (size + 1.0)))
        return start

    def curve(self, eta: Vector, y: Vector, size: Vector) -> tuple[Vector, Vector, Vector]:
        found = self.slopes(eta, y, size)
        return found.value, found.first, found.second

    def slopes(self, eta: Vector, y: Vector, size: Vector) -> Slopes:
        hazard = np.exp(np.clip(eta, -36.0, 6.5))
        ratio = hazard / np.expm1(hazard)
        fall = 1.0 - hazard - ratio
        second = ratio * fall
        third = second * fall - ratio * (hazard + second)
        fourth = third * fall - 2.0 * second * (hazard + second) - ratio * (hazard + third)
        missed = (size - y) * hazard
        return Slopes(
            y * np.log(-np.expm1(-hazard)) - missed,
            y * ratio - missed,
            y * second - missed,
            y * third - missed,
            y * fourth - missed,
        )

    def mean(self, eta: Vector) -> Vector:
        mean: Vector = -np.expm1(-np.exp(np.minimum(eta, 6.5)))
        return mean

    def mean_slope(self, eta: Vector) -> Vector:
        hazard = np.exp(np.minimum(eta, 6.5))
        slope: Vector = hazard * np.exp(-hazard)
        return slope

    def variance(self, mean: Vector) -> Vector:
        return np.maximum(mean * (1.0 - mean), np.finfo(float).tiny)

    def draw(self, rng: np.random.Generator, eta: Vector, size: Vector) -> Vector:
        return _binomial_draw(rng, self.mean(eta), size)


class PoissonLog:
    """y events in size units of person-time, log rate linear."""

    def constant(self, y: Vector, size: Vector) -> float:
        return float(np.sum(y * np.log(size) - gammaln(y + 1.0)))

    def start(self, y: Vector, size: Vector) -> Vector:
        overall = max(float(y.sum()), 0.5) / float(size.sum())
        start: Vector = np.log((y + 0.5) / (size + 0.5 / overall))
        return start

    def curve(self, eta: Vector, y: Vector, size: Vector) -> tuple[Vector, Vector, Vector]:
        eta = _held(eta)
        expected = size * np.exp(eta)
        return y * eta - expected, y - expected, -expected

    def slopes(self, eta: Vector, y: Vector, size: Vector) -> Slopes:
        value, first, second = self.curve(eta, y, size)
        return Slopes(value, first, second, second, second)

    def mean(self, eta: Vector) -> Vector:
        return np.exp(_held(eta))

    def mean_slope(self, eta: Vector) -> Vector:
        return np.exp(_held(eta))

    def variance(self, mean: Vector) -> Vector:
        return mean

    def draw(self, rng: np.random.Generator, eta: Vector, size: Vector) -> Vector:
        return rng.poisson(size * self.mean(eta)).astype(np.float64)
