"""Random factors of wild bootstraps, one a cluster: every vector of them, or draws.

A bootstrap statistic is made of linear and quadratic forms of such a vector. Over every vector these are
found from the two halves of it: the form of each half, and one product of matrices for what they share.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]

MOST = 1_000_000
"""Up to so many vectors are enumerated."""
CHUNK = 1 << 20
"""Draws times clusters that are multiplied out at a time."""


@dataclass(frozen=True, slots=True)
class Points:
    """The values that a factor takes and the probability of each: mean 0 and variance 1.

    ``enumerable`` where all are equally likely, 1 and with every value its negative among them, so that the
    observed statistic is that of one of the vectors and p is a share of them.
    """

    values: tuple[float, ...]
    shares: tuple[float, ...]
    enumerable: bool

    def count(self, clusters: int) -> int:
        """How many vectors there are."""
        count: int = len(self.values) ** clusters
        return count


ROOT5 = float(np.sqrt(5.0))
RADEMACHER = Points((1.0, -1.0), (0.5, 0.5), True)
"""Davidson and Flachaire (2008), J Econom 146:162."""
WEBB = Points(
    tuple(s * float(np.sqrt(v)) for v in (1.0, 1.5, 0.5) for s in (1.0, -1.0)), (1.0 / 6.0,) * 6, True
)
"""Webb (2023), Can J Econ 56:839: six points, third moment 0, fourth 7/6."""
MAMMEN = Points(
    ((1.0 - ROOT5) / 2.0, (1.0 + ROOT5) / 2.0),
    ((ROOT5 + 1.0) / (2.0 * ROOT5), (ROOT5 - 1.0) / (2.0 * ROOT5)),
    False,
)
"""Mammen (1993), Ann Stat 21:255: third moment 1."""


@dataclass(frozen=True, slots=True, eq=False)
class EveryVector:
    """All vectors of which the first factor is positive; the others are their negatives.

    ``left`` (m, g) and ``right`` (n, G - g) are the halves, each of one going with each of the other.
    ``same`` numbers the vectors with one value for all clusters, which give the observed statistic.
    """

    left: Matrix
    right: Matrix
    same: Ints

    @property
    def tied(self) -> float:
        """The share of vectors that give the observed statistic whatever the data."""
        return len(self.same) / (len(self.left) * len(self.right))

    def share(self, far: NDArray[np.bool_]) -> float:
        """The share of vectors that are ``far`` (M,), or give the observed statistic."""
        return float(np.count_nonzero(far) + np.count_nonzero(~far[self.same])) / len(far)

    def linear(self, a: Vector) -> Vector:
        """The products v @ a of every vector (M,)."""
        g = self.left.shape[1]
        return np.add.outer(self.left @ a[:g], self.right @ a[g:]).ravel()

    def quadratic(self, Q: Matrix) -> Vector:
        """The products v @ Q @ v of every vector (M,), Q being symmetric."""
        g = self.left.shape[1]
        left, right = (
            _forms(half, block) for half, block in ((self.left, Q[:g, :g]), (self.right, Q[g:, g:]))
        )
        shared = (2.0 * self.left @ Q[:g, g:]) @ self.right.T
        return (shared + np.add.outer(left, right)).ravel()


@dataclass(frozen=True, slots=True, eq=False)
class DrawnVectors:
    """Vectors (M, G), (1, ..., 1) being the last of them; ``same`` as of all vectors."""

    vectors: Matrix
    same: Ints

    @property
    def tied(self) -> float:
        """The share of vectors that give the observed statistic whatever the data."""
        return len(self.same) / len(self.vectors)

    def share(self, far: NDArray[np.bool_]) -> float:
        """The share of vectors that are ``far`` (M,), or give the observed statistic."""
        return float(np.count_nonzero(far) + np.count_nonzero(~far[self.same])) / len(far)

    def linear(self, a: Vector) -> Vector:
        """The products v @ a of every vector (M,)."""
        made: Vector = self.vectors @ a
        return made

    def quadratic(self, Q: Matrix) -> Vector:
        """The products v @ Q @ v of every vector (M,), Q being symmetric."""
        rows = max(1, CHUNK // self.vectors.shape[1])
        starts = range(0, len(self.vectors), rows)
        return np.concatenate([_forms(self.vectors[at : at + rows], Q) for at in starts])


AnyVectors = EveryVector | DrawnVectors


def _forms(vectors: Matrix, Q: Matrix) -> Vector:
    forms: Vector = np.einsum("ij,ij->i", vectors @ Q, vectors)
    return forms


def every_vector(points: Points, clusters: int) -> EveryVector:
    """All of them for two clusters or more. FitError when they are too many, or not equally likely."""
    count = points.count(clusters)
    if count > MOST:
        raise FitError(
            "there are too many vectors of signs to enumerate",
            found=f"{count:,} for {clusters} clusters",
            allowed=f"up to {MOST:,}; draw them instead: replicates {{kind: monte_carlo}}",
        )
    if not points.enumerable:
        raise FitError(
            "these factors are not equally likely, and the observed statistic is not that of any of them",
            found="an enumeration",
            allowed="draws: replicates {kind: monte_carlo}",
        )
    g = clusters // 2
    positive = tuple(value for value in points.values if value > 0.0)
    left = np.array([*itertools.product(positive, *(points.values,) * (g - 1))])
    right = np.array([*itertools.product(*(points.values,) * (clusters - g))])
    same = [_row(left, value) * len(right) + _row(right, value) for value in positive]
    return EveryVector(left, right, np.array(same, dtype=np.intp))


def _row(vectors: Matrix, value: float) -> int:
    """The vector with one value for all clusters."""
    return int(np.argmax(np.all(vectors == value, axis=1)))


def drawn_vectors(points: Points, clusters: int, draws: int, rng: np.random.Generator) -> DrawnVectors:
    """So many, independent of each other, and the observed one (Phipson and Smyth 2010)."""
    made = np.ones((draws + 1, clusters))
    ends = np.cumsum(points.shares)[:-1]
    made[:draws] = np.array(points.values)[np.searchsorted(ends, rng.random((draws, clusters)), side="right")]
    return DrawnVectors(made, np.flatnonzero(np.all(made == made[:, :1], axis=1)))
