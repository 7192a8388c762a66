"""Clusters reduced to what correlations need: size, total, scatter within, and what they are compared in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError

Vector = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Clustered:
    """K clusters of an outcome at one time, each array (K,).

    ``within`` are the squares of members about the mean of their cluster, y (n - y) / n of y events among n.
    ``group`` numbers from 0 what clusters are compared within (an arm, a stratum of an arm): each group
    has a mean of its own.
    """

    size: Vector
    total: Vector
    within: Vector
    group: Ints

    @property
    def n_clusters(self) -> int:
        return len(self.size)

    @property
    def n_groups(self) -> int:
        return len(np.unique(self.group))

    @property
    def mean(self) -> Vector:
        """Means, or proportions, by cluster."""
        return self.total / self.size

    @property
    def least(self) -> float:
        """The least correlation that all pairs of members of the largest cluster can have, -1 / (n - 1)."""
        return -1.0 / (float(self.size.max()) - 1.0) if self.size.max() > 1.0 else -np.inf

    def take(self, chosen: Ints) -> Clustered:
        """The clusters of these numbers, in this order; one may be taken again."""
        return Clustered(self.size[chosen], self.total[chosen], self.within[chosen], self.group[chosen])

    def by_group(self, values: Vector) -> Vector:
        """Sums of values by cluster over each group, in order of the group's number."""
        _, place = np.unique(self.group, return_inverse=True)
        return np.bincount(place, weights=values)

    def of_group(self, values: Vector) -> Vector:
        """Values by group as one entry a cluster."""
        _, place = np.unique(self.group, return_inverse=True)
        return values[place]


def binary_clusters(events: Vector, size: Vector, group: Ints) -> Clustered:
    """Clusters of 0/1 outcomes from their counts of events."""
    return Clustered(size, events, events * (size - events) / size, group)


def require_pairs(data: Clustered) -> None:
    """FitError where no correlation can be seen: too few clusters, no pairs, nothing that varies."""
    between = data.n_clusters - data.n_groups
    if between < 1:
        raise FitError(
            "there are too few clusters to compare",
            found=f"{data.n_clusters} in {data.n_groups} group(s)",
            allowed="at least 2 clusters in one of the arms or strata that they are compared within",
        )
    if not np.any(data.size > 1.0):
        raise FitError(
            "every cluster is of size 1, so nobody has a pair",
            found=f"{data.n_clusters} clusters of 1",
            allowed="at least one cluster of 2",
        )
    centre = data.of_group(data.by_group(data.total) / data.by_group(data.size))
    scatter = float(data.within.sum() + data.size @ (data.mean - centre) ** 2)
    if not scatter > 1e-20 * float(data.size @ (1.0 + data.mean**2)):
        raise FitError(
            "the outcome does not vary",
            found=f"a mean of {data.mean[0]:g} in every cluster",
            allowed="an outcome that differs between people",
        )


def size_weighted_effect(size: Vector, icc: float) -> float:
    """1 + ((cv^2 + 1) m - 1) ICC for mean size m and cv with divisor K: every individual counts the same.

    Source: Eldridge, Ashby and Kerry (2006), Int J Epidemiol 35:1292. It can be below 1.
    """
    mean = float(size.mean())
    variation = float(size.var()) / mean**2
    return 1.0 + ((variation + 1.0) * mean - 1.0) * icc


def least_variance_effect(size: Vector, icc: float) -> float:
    """sum(n) / sum(n / (1 + (n - 1) ICC)): clusters are weighted so that the variance is least.

    Source: Kerry and Bland (2001), Stat Med 20:377. FitError for an ICC below -1 / (largest n - 1).
    """
    inflation = 1.0 + (size - 1.0) * icc
    if not np.all(inflation > 0.0):
        raise FitError(
            "no design effect at a correlation that clusters of this size cannot have",
            found="one at or below -1/(n - 1) of the largest cluster",
            allowed="one above it",
        )
    return float(size.sum() / np.sum(size / inflation))
