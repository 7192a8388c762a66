"""Whether ranks are uniform: simultaneous bands of their distribution function, and a p-value from them.

Säilynoja, Bürkner and Vehtari (2022), Stat Comput 32:32. At a point z the count of N uniform ranks below is
binomial (N, z). The same tail probability is left out on either side at every point, chosen so that all
points are inside at once with the stated probability, found exactly by going from point to point.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

POINTS = 50
"""Where the distribution function is looked at: multiples of 1 / POINTS, which ranks must divide into."""


def points() -> Floats:
    """Between 0 and 1, ends left out."""
    found: Floats = np.arange(1, POINTS) / POINTS
    return found


def counts(ranks: Ints, n_ranks: int) -> Ints:
    """How many of the ranks (0 to ``n_ranks`` - 1) are below each point (POINTS - 1,)."""
    return np.searchsorted(np.sort(ranks), points() * n_ranks - 0.5).astype(np.intp)


def limits(tail: float, count: int) -> tuple[Ints, Ints]:
    """The least and greatest counts that leave out this tail probability at either side of each point."""
    low = stats.binom.ppf(tail, count, points())
    high = stats.binom.ppf(1.0 - tail, count, points())
    return low.astype(np.intp), high.astype(np.intp)


@cache
def transitions(count: int) -> Floats:
    """From so many ranks below one point to so many below the next (POINTS - 1, count + 1, count + 1)."""
    places, before, found = np.arange(count + 1), 0.0, []
    for z in points():
        chance = (z - before) / (1.0 - before)
        found.append(stats.binom.pmf(places[None, :] - places[:, None], (count - places)[:, None], chance))
        before = float(z)
    return np.array(found)


def inside(tail: float, count: int) -> float:
    """The probability that the counts of uniform ranks are within these limits at all points."""
    places = np.arange(count + 1)
    mass = (places == 0).astype(np.float64)
    for moves, least, greatest in zip(transitions(count), *limits(tail, count), strict=True):
        mass = np.where((places >= least) & (places <= greatest), mass @ moves, 0.0)
    return float(mass.sum())


@cache
def tail_of(level: float, count: int) -> float:
    """The largest tail probability whose limits hold all of ``count`` uniform ranks with this probability."""

    def excess(log_tail: float) -> float:
        return inside(float(np.exp(log_tail)), count) - level

    return float(np.exp(optimize.bisect(excess, np.log(1e-6), np.log(0.2), xtol=1e-3)))


def band(count: int, level: float = 0.95) -> tuple[Ints, Ints]:
    """Least and greatest counts (POINTS - 1,) of uniform ranks, all at once with probability ``level``."""
    return limits(tail_of(level, count), count)


def p_value(ranks: Ints, n_ranks: int) -> float:
    """How probable as far out a count is, anywhere, when ranks are uniform."""
    below, count = counts(ranks, n_ranks), len(ranks)
    tails = np.minimum(stats.binom.cdf(below, count, points()), stats.binom.sf(below - 1, count, points()))
    least = float(tails.min())
    return 1.0 if least >= 0.5 else 1.0 - inside(least * (1.0 + 1e-9), count)


def holm(p_values: Floats) -> Floats:
    """Adjusted for being several, whatever their dependence (Holm 1979, Scand J Stat 6:65)."""
    order = np.argsort(p_values)
    stepped = np.maximum.accumulate(p_values[order] * (len(p_values) - np.arange(len(p_values))))
    found = np.empty(len(p_values))
    found[order] = np.minimum(stepped, 1.0)
    return found
