"""The cluster bootstrap: clusters drawn again within the groups that they are compared in.

Each replicate has a seed of its own, found from its number. A replicate without a statistic counts against
the interval on both sides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.errors import FitError
from precept_stats.inference.seeds import Seed

Vector = NDArray[np.float64]
Ints = NDArray[np.intp]
Statistic = Callable[[Ints], float]
"""A statistic of the clusters of these numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """A statistic of clusters in ``group`` (K,), and its value in every replicate, NaN where it had none."""

    statistic: Statistic
    group: Ints
    values: Vector

    @property
    def failed(self) -> int:
        """Replicates in which the statistic was not defined."""
        return int(np.count_nonzero(np.isnan(self.values)))

    def percentiles(self, level: float) -> tuple[float, float]:
        """The equal-tailed interval of the replicates."""
        tail = 0.5 - level / 2.0
        return self._between(tail, 1.0 - tail)

    def bca(self, level: float) -> tuple[float, float]:
        """Percentiles corrected for bias and acceleration, that from leaving out each cluster in turn.

        Source: Efron (1987), J Am Stat Assoc 82:171. Groups are taken together.
        """
        everyone = np.arange(len(self.group))
        known, point = self.values[~np.isnan(self.values)], self.statistic(everyone)
        below = (np.sum(known < point) + 0.5 * np.sum(known == point)) / max(len(known), 1)
        if not 0.0 < below < 1.0:
            raise FitError(
                "no correction for bias can be made",
                found="every replicate on one side of the estimate",
                allowed="replicates on both sides; name percentile_bootstrap",
            )
        left = np.array([_defined(self.statistic, np.delete(everyone, one)) for one in everyone])
        left = left[~np.isnan(left)]
        away = left.mean() - left
        spread = float(np.sum(away**2)) ** 1.5
        acceleration = float(np.sum(away**3)) / (6.0 * spread) if spread > 0.0 else 0.0
        bias, tail = float(special.ndtri(below)), 0.5 - level / 2.0
        shares = []
        for probability in (tail, 1.0 - tail):
            reach = bias + float(special.ndtri(probability))
            shares.append(float(special.ndtr(bias + reach / (1.0 - acceleration * reach))))
        return self._between(*shares)

    def _between(self, lower: float, upper: float) -> tuple[float, float]:
        """Order statistics at these shares, by the (B + 1) rule, rounded outwards."""
        count = len(self.values)
        first = math.floor(round(lower * (count + 1), 9))
        last = math.ceil(round(upper * (count + 1), 9))
        if first < 1 or last > count:
            raise FitError(
                "too few replicates for this interval",
                found=f"{count} replicates",
                allowed="more of them (1,999 or more)",
            )
        low = np.sort(np.where(np.isnan(self.values), -np.inf, self.values))
        high = np.sort(np.where(np.isnan(self.values), np.inf, self.values))
        limits = float(low[first - 1]), float(high[last - 1])
        if not all(map(math.isfinite, limits)):
            raise FitError(
                "the bootstrap interval has no end",
                found=f"{self.failed} of {count} replicates without an estimate",
                allowed="data in which nearly every replicate has one",
            )
        return limits


def resampled(statistic: Statistic, group: Ints, seed: Seed, replicates: int) -> Resampled:
    """The statistic of as many clusters drawn with replacement from each group, so many times."""
    members = [np.flatnonzero(group == number) for number in np.unique(group)]
    values = np.empty(replicates)
    for number in range(replicates):
        rng = seed.at(number).generator()
        chosen = np.concatenate([rng.choice(one, len(one)) for one in members])
        values[number] = _defined(statistic, chosen)
    return Resampled(statistic, group, values)


def _defined(statistic: Statistic, chosen: Ints) -> float:
    try:
        with np.errstate(all="ignore"):
            value = statistic(chosen)
    except FitError:
        return math.nan
    return value if math.isfinite(value) else math.nan
