"""What areas are drawn from: counts or estimates, with a linear predictor of one value an area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

Vector = NDArray[np.float64]
Ints = NDArray[np.intp]

HALF = 0.5


class Law(Protocol):
    """The log-likelihood of each area in its linear predictor, without constants."""

    @property
    def count(self) -> int:
        """The number of areas."""
        ...

    def rough(self) -> tuple[Vector, Vector]:
        """An estimate of each linear predictor and its variance, finite whatever the counts."""
        ...

    def value(self, eta: Vector) -> Vector:
        """The log-likelihood of each area (K, ...) at eta, (K, ...) or one row for all."""
        ...

    def slopes(self, eta: Vector) -> tuple[Vector, Vector]:
        """Its first derivative, and the information (less the second), at eta (K,)."""
        ...

    def mean(self, eta: Vector) -> Vector:
        """What the predictor is as a share, a rate or an estimate."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Binomial:
    """``events`` of ``size`` people an area (K,); the predictor is the log odds."""

    events: Vector
    size: Vector

    @property
    def count(self) -> int:
        return len(self.events)

    def rough(self) -> tuple[Vector, Vector]:
        seen, rest = self.events + HALF, self.size - self.events + HALF
        return np.log(seen / rest), 1.0 / seen + 1.0 / rest

    def value(self, eta: Vector) -> Vector:
        shape = (-1,) + (1,) * (np.ndim(eta) - 1)
        found: Vector = self.events.reshape(shape) * eta - self.size.reshape(shape) * np.logaddexp(0.0, eta)
        return found

    def slopes(self, eta: Vector) -> tuple[Vector, Vector]:
        share = special.expit(eta)
        return self.events - self.size * share, self.size * share * special.expit(-eta)

    def mean(self, eta: Vector) -> Vector:
        found: Vector = special.expit(eta)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Poisson:
    """``events`` in person-time ``size`` an area (K,); the predictor is the log rate."""

    events: Vector
    size: Vector

    @property
    def count(self) -> int:
        return len(self.events)

    def rough(self) -> tuple[Vector, Vector]:
        seen = self.events + HALF
        return np.log(seen / self.size), 1.0 / seen

    def value(self, eta: Vector) -> Vector:
        shape = (-1,) + (1,) * (np.ndim(eta) - 1)
        found: Vector = self.events.reshape(shape) * eta - self.size.reshape(shape) * np.exp(eta)
        return found

    def slopes(self, eta: Vector) -> tuple[Vector, Vector]:
        expected = self.size * np.exp(eta)
        return self.events - expected, expected

    def mean(self, eta: Vector) -> Vector:
        found: Vector = np.exp(eta)
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """Estimates ``y`` (K,) with variances that are taken as known; the predictor is what they estimate."""

    y: Vector
    variance: Vector

    @property
    def count(self) -> int:
        return len(self.y)

    def rough(self) -> tuple[Vector, Vector]:
        return self.y, self.variance

    def value(self, eta: Vector) -> Vector:
        shape = (-1,) + (1,) * (np.ndim(eta) - 1)
        found: Vector = -0.5 * (self.y.reshape(shape) - eta) ** 2 / self.variance.reshape(shape)
        return found

    def slopes(self, eta: Vector) -> tuple[Vector, Vector]:
        return (self.y - eta) / self.variance, 1.0 / self.variance

    def mean(self, eta: Vector) -> Vector:
        return eta


LawName = Literal["binomial", "poisson", "given"]
