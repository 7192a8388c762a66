"""What an imputation model is fitted to, what it is asked for, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.numerics.linear import aliased_columns

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]

FOREIGN = 1e-6
"""How far, relative to its size, a column may lie from what the answered rows make of the others."""


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """Rows with an outcome: X (n, p) of full column rank, y (n,), and their cluster (n,), sorted.

    Clusters are numbered below ``clusters``; some may have no row.
    """

    X: Matrix
    y: Vector
    cluster: Ints
    clusters: int

    @property
    def seen(self) -> int:
        """Clusters with a row."""
        return len(np.unique(self.cluster))

    @property
    def cluster_dimensions(self) -> int:
        """Dimensions of the columns that do not vary within clusters."""
        size = np.bincount(self.cluster, minlength=self.clusters)
        total = sums(self.X, self.cluster, self.clusters)
        within = self.X - (total / np.maximum(size, 1)[:, None])[self.cluster]
        largest = np.max(np.abs(self.X), axis=0, initial=0.0)
        varies = np.max(np.abs(within), axis=0, initial=0.0) > 1e-9 * largest
        return int(self.X.shape[1] - varies.sum())


@dataclass(frozen=True, slots=True, eq=False)
class Unanswered:
    """Rows without an outcome: their columns (m, p) and cluster (m,)."""

    X: Matrix
    cluster: Ints


@dataclass(frozen=True, slots=True, eq=False)
class DrawnValues:
    """Outcomes about a linear predictor: ``linear + shift + noise``."""

    linear: Vector
    noise: Vector

    def values(self, shift: Vector) -> Vector:
        """The outcomes with ``shift`` (m,) added: the same noise, whatever the shift."""
        return self.linear + shift + self.noise


@dataclass(frozen=True, slots=True, eq=False)
class DrawnEvents:
    """Events where ``uniform`` falls below the probability that goes with a log odds."""

    linear: Vector
    uniform: Vector

    def values(self, shift: Vector) -> Vector:
        """0 or 1 with ``shift`` (m,) added to the log odds: the same uniform numbers, whatever the shift."""
        return (self.uniform < special.expit(self.linear + shift)).astype(np.float64)


Drawn = DrawnValues | DrawnEvents


def sums(values: Matrix, cluster: Ints, clusters: int) -> Matrix:
    """Sums over the rows of each cluster (K, ...), 0 for a cluster without rows; ``cluster`` is sorted."""
    present, first = np.unique(cluster, return_index=True)
    found = np.zeros((clusters, *values.shape[1:]))
    if len(present):
        found[present] = np.add.reduceat(values, first, axis=0)
    return found


def usable_columns(answered: Matrix, unanswered: Matrix) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The columns that the answered rows tell apart, and those left out that unanswered rows would need.

    A column that is a combination of others among the answered rows can be left out only if it is the same
    combination of them among the unanswered.
    """
    aliased = aliased_columns(answered)
    kept = tuple(j for j in range(answered.shape[1]) if j not in aliased)
    if not aliased:
        return kept, ()
    combination, *_ = np.linalg.lstsq(answered[:, kept], answered[:, aliased], rcond=None)
    off = np.abs(unanswered[:, aliased] - unanswered[:, kept] @ combination)
    size = np.max(np.abs(np.vstack([answered, unanswered])[:, aliased]), axis=0, initial=0.0)
    needed = np.max(off, axis=0, initial=0.0) > FOREIGN * np.maximum(size, 1e-300)
    return kept, tuple(j for j, bad in zip(aliased, needed, strict=True) if bad)
