"""Laws of priors, each on the coordinate in which a parameter is sampled.

The coordinate is the parameter itself, the log of a positive one, or the logit of a share; densities are
those of the coordinate (with the Jacobian), normalised. Standard deviations that may be 0 have coordinates of
either sign: a density even in them has no edge there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln, ndtr, stdtr

Vector = NDArray[np.float64]

LARGEST = 300.0
"""Coordinates of positive parameters are held within this distance of 0, so that nothing overflows."""


class Law(Protocol):
    """A prior of one parameter on its coordinate."""

    def at(self, coordinate: float) -> tuple[float, float]:
        """The log density and its slope."""
        ...

    def draw(self, rng: np.random.Generator, count: int) -> Vector:
        """Independent coordinates (count,)."""
        ...

    @property
    def start(self) -> float:
        """A likely coordinate."""
        ...

    @property
    def width(self) -> float:
        """About how far from there others are."""
        ...


@dataclass(frozen=True, slots=True)
class Normal:
    """A normal law of the coordinate itself."""

    mean: float
    sd: float

    def at(self, coordinate: float) -> tuple[float, float]:
        away = (coordinate - self.mean) / self.sd
        return -0.5 * away * away - math.log(self.sd) - 0.5 * math.log(2.0 * math.pi), -away / self.sd

    def draw(self, rng: np.random.Generator, count: int) -> Vector:
        return rng.normal(self.mean, self.sd, count)

    @property
    def start(self) -> float:
        return self.mean

    @property
    def width(self) -> float:
        return self.sd


@dataclass(frozen=True, slots=True)
class LogitBeta:
    """A beta law of a share, whose coordinate is its logit."""

    a: float
    b: float

    def at(self, coordinate: float) -> tuple[float, float]:
        small = math.exp(-abs(coordinate))
        share = 1.0 / (1.0 + small) if coordinate >= 0.0 else small / (1.0 + small)
        total = self.a + self.b
        value = self.a * coordinate - total * (max(coordinate, 0.0) + math.log1p(small))
        return value - float(betaln(self.a, self.b)), self.a - total * share

    def draw(self, rng: np.random.Generator, count: int) -> Vector:
        """The logit of a ratio of gamma variates, as logs, so that no share is 0 or 1."""
        found: Vector = _log_gamma(rng, self.a, count) - _log_gamma(rng, self.b, count)
        return found

    @property
    def start(self) -> float:
        return math.log(self.a / self.b)

    @property
    def width(self) -> float:
        return math.sqrt(1.0 / self.a + 1.0 / self.b)


def _log_gamma(rng: np.random.Generator, shape: float, count: int) -> Vector:
    """Logs of gamma variates, of one with shape + 1 times uniform^(1 / shape)."""
    found: Vector = np.log(rng.gamma(shape + 1.0, size=count)) + np.log(rng.random(count)) / shape
    return found


@dataclass(frozen=True, slots=True)
class Folded:
    """A t law of a coordinate whose sign means nothing: its size is half-t (half-normal: infinite ``df``)."""

    scale: float
    df: float = math.inf

    def at(self, coordinate: float) -> tuple[float, float]:
        away = coordinate / self.scale
        constant = -math.log(self.scale)
        if math.isinf(self.df):
            return constant - 0.5 * math.log(2.0 * math.pi) - 0.5 * away * away, -away / self.scale
        power = 0.5 * (self.df + 1.0)
        constant += float(gammaln(power) - gammaln(0.5 * self.df)) - 0.5 * math.log(self.df * math.pi)
        value = constant - power * math.log1p(away * away / self.df)
        return value, -2.0 * power * away / (self.df + away * away) / self.scale

    def draw(self, rng: np.random.Generator, count: int) -> Vector:
        drawn = rng.standard_normal(count) if math.isinf(self.df) else rng.standard_t(self.df, count)
        found: Vector = self.scale * drawn
        return found

    def beyond(self, size: float) -> float:
        """The probability of a larger size."""
        at = -size / self.scale
        return 2.0 * float(ndtr(at) if math.isinf(self.df) else stdtr(self.df, at))

    @property
    def start(self) -> float:
        return 0.5 * self.scale

    @property
    def width(self) -> float:
        return self.scale


@dataclass(frozen=True, slots=True)
class LogOf:
    """The law of the size of a folded one, on the coordinate of its log: for what cannot be 0."""

    size: Folded

    def at(self, coordinate: float) -> tuple[float, float]:
        value = math.exp(min(max(coordinate, -LARGEST), LARGEST))
        density, slope = self.size.at(value)
        return math.log(2.0) + density + coordinate, slope * value + 1.0

    def draw(self, rng: np.random.Generator, count: int) -> Vector:
        found: Vector = np.log(np.abs(self.size.draw(rng, count)))
        return found

    @property
    def start(self) -> float:
        return math.log(self.size.start)

    @property
    def width(self) -> float:
        return 1.0


@dataclass(frozen=True, slots=True)
class Known:
    """A coordinate that is taken as known; it is not sampled."""

    coordinate: float

    def at(self, coordinate: float) -> tuple[float, float]:
        return 0.0, 0.0

    def draw(self, rng: np.random.Generator, count: int) -> Vector:
        return np.full(count, self.coordinate)

    @property
    def start(self) -> float:
        return self.coordinate

    @property
    def width(self) -> float:
        return 1.0


@dataclass(frozen=True, slots=True)
class OfBlock:
    """A coordinate of random effects that are sampled: its law is that of its block, given others."""

    def at(self, coordinate: float) -> tuple[float, float]:
        return 0.0, 0.0

    def draw(self, rng: np.random.Generator, count: int) -> Vector:
        """Nothing: the block draws them once their standard deviation is drawn."""
        return np.zeros(count)

    @property
    def start(self) -> float:
        return 0.0

    @property
    def width(self) -> float:
        return 1.0
