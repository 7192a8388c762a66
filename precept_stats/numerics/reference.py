"""What a statistic was, beside what it would have been in every replicate of the null."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.ties import TIE

Vector = NDArray[np.float64]

MOST_BINS = 60
"""So many bins are drawn at most; up to so many distinct values stand alone."""
TARGET = 56.0
"""The range is cut in about so many: both tails, and what lies between them, are rounded up."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """The distribution (M,) that a test refers its ``observed`` statistic to, at no effect.

    ``name`` says what the statistic is; ``in_units`` whether it is on the scale of the effect itself.
    """

    statistics: Vector
    observed: float
    name: str = "statistic"
    in_units: bool = False


@dataclass(frozen=True, slots=True)
class Bin:
    """A part of a distribution: its ends (the same where it is one value), its share of all replicates.

    ``extreme`` where its values are at least as far from 0 as the observed one.
    """

    lower: float
    upper: float
    share: float
    extreme: bool


@dataclass(frozen=True, slots=True)
class Binned:
    """A distribution in up to ``MOST_BINS`` bins, lowest first, with how many values there are."""

    bins: tuple[Bin, ...]
    replicates: int
    distinct: int

    @property
    def share_extreme(self) -> float:
        """The share of replicates that are at least as far from 0 as the observed statistic."""
        return math.fsum(one.share for one in self.bins if one.extreme)


def binned(reference: Reference) -> Binned:
    """The distribution as single values where they are few, else in bins with edges at -/+ the observed.

    Bins between these edges are equally wide, those beyond them a 56th of the whole range, so that no bin
    holds both sides of an edge and the shares of the tails add up to the two-sided p-value. Values that
    differ by less than a tie of the test (1e-9 of the largest) are one; infinite ones are left out.
    """
    values = np.sort(reference.statistics[np.isfinite(reference.statistics)])
    if not len(values):
        return Binned((), 0, 0)
    largest = max(float(np.abs(values).max()), abs(reference.observed))
    tie, far = TIE * largest, abs(reference.observed)
    starts = np.flatnonzero(np.diff(values, prepend=-np.inf) > tie)
    alone = len(starts) <= MOST_BINS
    made = _alone(values, starts, far - tie) if alone else _cut(values, far, tie, largest)
    return Binned(made, len(values), len(starts))


def _alone(values: Vector, starts: NDArray[np.intp], far: float) -> tuple[Bin, ...]:
    counts = np.diff(starts, append=len(values))
    return tuple(
        Bin(float(values[at]), float(values[at]), int(count) / len(values), abs(float(values[at])) >= far)
        for at, count in zip(starts, counts, strict=True)
    )


def _cut(values: Vector, far: float, tie: float, largest: float) -> tuple[Bin, ...]:
    width = 2.0 * largest / TARGET
    beyond = max(1, math.ceil((largest - far) / width - TIE))
    outer = far + width * np.arange(beyond + 1, dtype=np.float64)
    extreme = np.abs(values) >= far - tie
    low, high = values[extreme & (values < 0.0)], values[extreme & (values >= 0.0)]
    parts = [(low, -outer[::-1], True)]
    if far > tie:
        inner = np.linspace(-far, far, max(1, round(2.0 * far / width)) + 1)
        parts.append((values[~extreme], inner, False))
    parts.append((high, outer, True))
    return tuple(made for inside, edges, tail in parts for made in _parted(inside, edges, tail, len(values)))


def _parted(inside: Vector, edges: Vector, extreme: bool, of: int) -> Iterator[Bin]:
    """Bins with these edges; values that rounding put outside them are in the first or the last."""
    counts = np.histogram(np.clip(inside, edges[0], edges[-1]), edges)[0]
    for lower, upper, count in zip(edges, edges[1:], counts, strict=False):
        yield Bin(float(lower), float(upper), int(count) / of, extreme)
