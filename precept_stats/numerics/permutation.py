"""Randomisation distributions of a sum of scores over the clusters of one arm, exact or drawn.

Clusters were allocated within blocks (strata, pairs, or one block for all), each block keeping its number of
clusters in the arm. A difference of arm means, weighted or not, overall or within blocks, is such a sum but
for a shift and a factor that no allocation changes. Nothing is computed allocation by allocation: sums over
subsets are built up cluster by cluster, and blocks are joined by adding every sum of one to every sum of
the other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError

Vector = NDArray[np.float64]
Ints = NDArray[np.intp]

MOST = 1_000_000
"""Up to so many allocations are enumerated."""

TIE = 1e-9
"""Statistics that differ by less than this share of the spread of all are equal."""


@dataclass(frozen=True, slots=True, eq=False)
class RandomisationDistribution:
    """Statistics of allocations about their mean, and where the observed one stands.

    ``statistics`` holds every allocation when ``exact``, otherwise draws; ``observed`` is on the same scale.
    ``allocations`` counts those possible. ``largest`` is the largest absolute statistic that any of them has.
    """

    statistics: Vector
    observed: float
    exact: bool
    allocations: int
    largest: float

    @property
    def p_value(self) -> float:
        """Two-sided: the share of allocations with a statistic at least as far from the mean.

        With draws the observed allocation counts as one of them (Phipson and Smyth 2010, Stat Appl Genet
        Mol Biol 9:39), so that p is never 0.
        """
        count = int(np.sum(np.abs(self.statistics) >= abs(self.observed) - self._tie))
        return count / len(self.statistics) if self.exact else (1 + count) / (1 + len(self.statistics))

    @property
    def monte_carlo_error(self) -> float:
        """The standard error of p from drawing; 0 when exact."""
        p = self.p_value
        return 0.0 if self.exact else math.sqrt(p * (1.0 - p) / len(self.statistics))

    @property
    def smallest_p(self) -> float | None:
        """The least p that any allocation could have given; None where they were not all seen."""
        if not self.exact:
            return None
        return int(np.sum(np.abs(self.statistics) >= self.largest - self._tie)) / len(self.statistics)

    @property
    def _tie(self) -> float:
        return TIE * self.largest


def count_allocations(arm: Ints, block: Ints) -> int:
    """How many allocations of clusters (K,) keep the numbers in arm 1 of every block."""
    return math.prod(
        math.comb(int(np.sum(block == b)), int(np.sum(arm[block == b]))) for b in np.unique(block)
    )


def exact_distribution(scores: Vector, arm: Ints, block: Ints) -> RandomisationDistribution:
    """Every allocation. Raises FitError when there are more than ``MOST``, or only one."""
    allocations = _checked(scores, arm, block)
    if allocations > MOST:
        raise FitError(
            "there are too many allocations to enumerate",
            found=f"{allocations:,}",
            allowed=f"up to {MOST:,}; draw them instead",
        )
    centred = _centred(scores, block)
    statistics = np.zeros(1)
    for b in np.unique(block):
        mine = block == b
        sums = subset_sums(centred[mine], int(np.sum(arm[mine])))
        statistics = (statistics[:, None] + sums).ravel()
    statistics.setflags(write=False)
    observed = float(centred[arm == 1].sum())
    return RandomisationDistribution(statistics, observed, True, allocations, float(np.abs(statistics).max()))


def drawn_distribution(
    scores: Vector, arm: Ints, block: Ints, draws: int, seed: np.random.SeedSequence
) -> RandomisationDistribution:
    """``draws`` allocations, each equally likely, independent of each other."""
    allocations = _checked(scores, arm, block)
    centred = _centred(scores, block)
    rng = np.random.default_rng(seed)
    statistics, largest = np.zeros(draws), 0.0
    for b in np.unique(block):
        mine = centred[block == b]
        treated = int(np.sum(arm[block == b]))
        if not 0 < treated < len(mine):
            statistics += mine.sum() if treated else 0.0
            continue
        chosen = np.argpartition(rng.random((draws, len(mine))), treated - 1, axis=1)[:, :treated]
        statistics += mine[chosen].sum(axis=1)
        ordered = np.sort(mine)
        largest += max(float(ordered[-treated:].sum()), -float(ordered[:treated].sum()))
    statistics.setflags(write=False)
    return RandomisationDistribution(statistics, float(centred[arm == 1].sum()), False, allocations, largest)


def subset_sums(scores: Vector, size: int) -> Vector:
    """The sums of every subset of ``size`` of the scores (n,): n choose size of them, in a fixed order."""
    n = len(scores)
    sums = [np.zeros(1)] + [np.zeros(0)] * size
    for i, score in enumerate(scores):
        for m in range(min(size, i + 1), max(0, size - (n - i)), -1):
            sums[m] = np.concatenate([sums[m], sums[m - 1] + score])
    return sums[size]


def _centred(scores: Vector, block: Ints) -> Vector:
    """Scores about the mean of their block, which makes the mean over allocations 0."""
    _, code = np.unique(block, return_inverse=True)
    means = np.bincount(code, weights=scores) / np.bincount(code)
    centred: Vector = scores - means[code]
    return centred


def _checked(scores: Vector, arm: Ints, block: Ints) -> int:
    allocations = count_allocations(arm, block)
    if allocations < 2:
        raise FitError(
            "there is only one possible allocation",
            found="every stratum or pair in one arm",
            allowed="a stratum or pair with clusters in both arms",
        )
    if not np.ptp(_centred(scores, block)) > 0.0:
        raise FitError(
            "every allocation gives the same statistic",
            found="scores that do not differ within strata or pairs",
            allowed="cluster summaries that vary",
        )
    return allocations
