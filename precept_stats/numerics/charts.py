"""Charts of one unit over time: limits of a Shewhart chart, Laney's wider ones, and runs about the median.

Sources: Shewhart 1931, Economic control of quality of manufactured product (p and u charts, three standard
errors); Laney 2002, Qual Eng 14:531 (p' and u' charts); Anhoej and Olesen 2014, PLoS ONE 9:e113825, and
Anhoej 2015, PLoS ONE 10:e0121349 (runs).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Vector = NDArray[np.float64]

WIDE = 3.0
MOVING = 2.0 / math.sqrt(math.pi)
"""The mean difference of two standard normal values (d2 of two, 1.128)."""
FEWEST = 10
"""Useful points below which no rule about runs is applied."""
ALPHA = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """The middle, and limits (T,) for each point; ``stretch`` is Laney's factor, 1 without it."""

    centre: float
    lower: Vector
    upper: Vector
    stretch: float


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs about the median; points on the median are not ``useful``.

    A signal is a longest run above ``longest_limit`` or fewer crossings than ``crossings_limit``; with fewer
    than 10 useful points there are no limits (None) and no signal.
    """

    median: float
    useful: int
    longest: int
    crossings: int
    longest_limit: int | None
    crossings_limit: int | None

    @property
    def signal(self) -> bool:
        """Whether either rule tells of a change that is not chance."""
        if self.longest_limit is None or self.crossings_limit is None:
            return False
        return self.longest > self.longest_limit or self.crossings < self.crossings_limit


def limits(events: Vector, size: Vector, *, binomial: bool, prime: bool) -> Limits:
    """Three standard errors about the common share (or rate); ``prime`` stretches them as Laney does.

    The stretch is the mean moving range of the z scores over 1.128: what differs from one point to the next
    beyond the sampling of people. It can be below 1.
    """
    centre = float(events.sum() / size.sum())
    error = np.sqrt(centre * ((1.0 - centre) if binomial else 1.0) / size)
    stretch = 1.0
    if prime:
        z = np.divide(events / size - centre, error, out=np.zeros(len(size)), where=error > 0.0)
        stretch = float(np.mean(np.abs(np.diff(z)))) / MOVING
    half = WIDE * stretch * error
    upper = centre + half
    return Limits(
        centre, np.maximum(centre - half, 0.0), np.minimum(upper, 1.0) if binomial else upper, stretch
    )


def runs(y: Vector) -> Runs:
    """The longest run on one side of the median, and how often the line crosses it.

    With n useful points, the limits are round(log2(n) + 3) and the 5 per cent quantile of a binomial law of n
    - 1 trials with chance 1/2 (Anhoej and Olesen 2014).
    """
    median = float(np.median(y))
    side = np.sign(y - median)
    side = side[side != 0.0]
    useful = len(side)
    if useful == 0:
        return Runs(median, 0, 0, 0, None, None)
    ends = np.flatnonzero(np.diff(side) != 0.0)
    lengths = np.diff(np.concatenate([[-1], ends, [useful - 1]]))
    found = (int(lengths.max()), len(ends))
    if useful < FEWEST:
        return Runs(median, useful, *found, None, None)
    return Runs(median, useful, *found, round(math.log2(useful) + 3.0), _least_crossings(useful))


def _least_crossings(useful: int) -> int:
    """The least number that so many crossings or fewer have a chance of 5 per cent or more."""
    chances = special.bdtr(np.arange(useful), useful - 1, 0.5)
    return int(np.argmax(chances >= ALPHA))
