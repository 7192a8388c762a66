"""What measures of inequality are taken of: areas with shares of the population, a reference and an order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """K areas, without their estimates; all arrays are (K,).

    ``share`` are the shares of the population and sum to one (1/K where each area counts the same).
    ``reference``, ``best``, ``low`` and ``high`` are weights that sum to one, each a value to measure from:
    one at an area, or shares of several. ``best`` is the area with the best estimate; the difference and the
    ratio are of ``high`` and ``low``. ``ridit`` are the relative ranks of ordered areas, NaN where they have
    no order. ``bounds`` are the least and the largest value that the outcome can have, infinite where it has
    no such bound; ``sign`` is 1 where more of it is better and -1 where less is.
    """

    share: Vector
    reference: Vector
    best: Vector
    low: Vector
    high: Vector
    ridit: Vector
    bounds: tuple[float, float]
    sign: float

    @property
    def count(self) -> int:
        return len(self.share)


def mean(y: Vector, areas: Areas) -> Vector:
    """The mean over the population, of estimates (..., K)."""
    found: Vector = y @ areas.share
    return found


def reference_value(y: Vector, areas: Areas) -> Vector:
    """What the reference has, of estimates (..., K)."""
    found: Vector = y @ areas.reference
    return found


def indicator(place: int, count: int) -> Vector:
    """One at ``place``, zero elsewhere."""
    weights: Vector = np.zeros(count)
    weights[place] = 1.0
    return weights


def midpoints(rank: Vector, share: Vector) -> Vector:
    """Relative ranks (ridits): the share of the population below each area and half of its own.

    Areas with the same rank have the same midpoint: that of all of them together. They have the mean 1/2
    over the population (Bross 1958, Biometrics 14:18).
    """
    _, place = np.unique(rank, return_inverse=True)
    held = np.bincount(place, weights=share)
    middle: Vector = (np.cumsum(held) - held / 2)[place]
    return middle
