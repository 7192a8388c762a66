"""The negative binomial family with a log link: a Poisson count whose rate varies from row to row."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, psi

from precept_stats.numerics.glmm.families import STEEPEST, Slopes

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ShapeSlopes:
    """Derivatives in the log shape, by row: of the log-likelihood and of its first two derivatives."""

    value: Vector
    first: Vector
    second: Vector


@dataclass(frozen=True, slots=True)
class NegativeBinomialLog:
    """NB2: y events in size units, mean m = size * exp(eta), variance m + m^2 / shape.

    A row is one observation: rows cannot be added up, unlike those of a Poisson family. Large shapes are
    the Poisson family.
    """

    log_shape: float = 0.0

    def at(self, log_shape: float) -> NegativeBinomialLog:
        """The same family with another shape."""
        return replace(self, log_shape=log_shape)

    def constant(self, y: Vector, size: Vector) -> float:
        return float(np.sum(y * np.log(size) - gammaln(y + 1.0)))

    def start(self, y: Vector, size: Vector) -> Vector:
        overall = max(float(y.sum()), 0.5) / float(size.sum())
        start: Vector = np.log((y + 0.5) / (size + 0.5 / overall))
        return start

    def curve(self, eta: Vector, y: Vector, size: Vector) -> tuple[Vector, Vector, Vector]:
        found = self.slopes(eta, y, size)
        return found.value, found.first, found.second

    def slopes(self, eta: Vector, y: Vector, size: Vector) -> Slopes:
        shape = float(np.exp(self.log_shape))
        eta = np.clip(eta, -STEEPEST, STEEPEST)
        mean = size * np.exp(eta)
        share = mean / (mean + shape)
        rest = 1.0 - share
        spread = (y + shape) * share * rest
        value = gammaln(y + shape) - gammaln(shape) + y * eta - y * np.log(mean + shape)
        value = value - shape * np.log1p(mean / shape)
        return Slopes(
            value,
            y - (y + shape) * share,
            -spread,
            -spread * (1.0 - 2.0 * share),
            -spread * (1.0 - 6.0 * share * rest),
        )

    def shape_slopes(self, eta: Vector, y: Vector, size: Vector) -> ShapeSlopes:
        shape = float(np.exp(self.log_shape))
        mean = size * np.exp(np.clip(eta, -STEEPEST, STEEPEST))
        share = mean / (mean + shape)
        rest = 1.0 - share
        value = psi(y + shape) - psi(shape) - np.log1p(mean / shape) + (mean - y) / (mean + shape)
        first = share * (y - mean) / (mean + shape)
        second = first * (rest - share) - share * share
        return ShapeSlopes(shape * value, shape * first, shape * second)

    def mean(self, eta: Vector) -> Vector:
        return np.exp(np.clip(eta, -STEEPEST, STEEPEST))

    def mean_slope(self, eta: Vector) -> Vector:
        return np.exp(np.clip(eta, -STEEPEST, STEEPEST))

    def variance(self, mean: Vector) -> Vector:
        return mean + mean * mean * float(np.exp(-self.log_shape))

    def draw(self, rng: np.random.Generator, eta: Vector, size: Vector) -> Vector:
        """Poisson counts where the shape is infinite."""
        mean, shape = size * self.mean(eta), float(np.exp(self.log_shape))
        drawn = (
            rng.negative_binomial(shape, shape / (shape + mean)) if np.isfinite(shape) else rng.poisson(mean)
        )
        return drawn.astype(np.float64)
