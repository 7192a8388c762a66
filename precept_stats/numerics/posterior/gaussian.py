"""Continuous outcomes in cells within clusters: the exact log-likelihood with random effects integrated out.

With residual variance r, v of cells and w of clusters the inverse covariance of a cluster's rows is that of
a diagonal matrix with two corrections of rank one a cell and one a cluster, so that only sums by cell of the
outcome and of X are needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Gaussian:
    """Products ``gram`` (p + 1, p + 1) of (X, y) over rows; ``sums`` (C, p + 1) and ``count`` (C,) by cell.

    ``cluster`` (C,) says whose cell it is, from 0 to ``n_clusters`` - 1; ``rows`` are (X, y) themselves
    (N, p + 1) and the cluster of each (N,). The coordinates are beta (p,), the
    SDs of clusters and, where ``nested``, of cells (of either sign), and the log residual SD.
    """

    gram: Matrix
    sums: Matrix
    count: Vector
    cluster: Ints
    n_clusters: int
    nested: bool
    rows: tuple[Matrix, Ints]

    @property
    def scales(self) -> int:
        """How many coordinates come after beta."""
        return 2 + self.nested

    def sparing(self, places: Matrix) -> Gaussian:
        """Itself: nothing is approximated."""
        return self

    def finer(self) -> Gaussian:
        """Itself: nothing is approximated."""
        return self

    def evaluator(self) -> GaussianEvaluator:
        """Something that evaluates it."""
        return GaussianEvaluator(self)


@dataclass(frozen=True, slots=True, eq=False)
class GaussianEvaluator:
    """The log-likelihood and its slopes."""

    of: Gaussian

    def __call__(self, coordinates: Vector) -> tuple[float, Vector]:
        """The value and its slopes at coordinates."""
        data, p = self.of, len(self.of.gram) - 1
        away = np.append(-coordinates[:p], 1.0)
        sigma, tau = float(coordinates[p]), float(coordinates[p + 1]) if data.nested else 0.0
        w, v, r = (
            sigma**2,
            tau**2,
            float(np.exp(2.0 * np.clip(coordinates[p + 1 + data.nested], -40.0, 40.0))),
        )
        crossed = data.gram @ away
        square, sums, rows = float(away @ crossed), data.sums @ away, float(data.count.sum())
        part = 1.0 / (r + data.count * v)
        T = np.bincount(data.cluster, sums * part, data.n_clusters)
        A = np.bincount(data.cluster, data.count * part, data.n_clusters)
        share = 1.0 / (1.0 + w * A)
        drawn = w * share * T
        value = -0.5 * (
            (square - v * float(part @ sums**2)) / r
            - w * float(share @ T**2)
            + (rows - len(part)) * np.log(r)
            - float(np.log(part).sum())
            - float(np.log(share).sum())
            + rows * np.log(2.0 * np.pi)
        )
        solved = sums * v * part / r + part * drawn[data.cluster]
        of_beta = (crossed / r - data.sums.T @ solved)[:p]
        left = sums - data.count * drawn[data.cluster]
        inside = data.count * part * (1.0 - w * (data.count * part) * share[data.cluster])
        of_v = 0.5 * float(np.sum((part * left) ** 2) - inside.sum())
        of_w = 0.5 * float(np.sum((share * T) ** 2) - np.sum(A * share))
        length = square / r**2 - 2.0 * float(solved @ sums) / r + float(data.count @ solved**2)
        trace = (rows - len(part)) / r + float(part @ (1.0 - w * data.count * part * share[data.cluster]))
        of_r = 0.5 * (length - trace)
        tail = [2.0 * sigma * of_w, *([2.0 * tau * of_v] if data.nested else []), 2.0 * r * of_r]
        return float(value), np.concatenate([of_beta, tail])

    def by_cluster(self, coordinates: Vector) -> Vector:
        """The log-likelihood of each cluster (K,), its effect integrated out."""
        data, K = self.of, self.of.n_clusters
        away = np.append(-coordinates[: len(data.gram) - 1], 1.0)
        r, part, T, A, w = self._parts(coordinates, away)
        v = (1.0 / part - r) / data.count
        both, of_row = data.rows
        square = np.bincount(of_row, (both @ away) ** 2, K)
        people, cells = np.bincount(of_row, minlength=K), np.bincount(data.cluster, minlength=K)
        inside = np.bincount(data.cluster, v * part * (data.sums @ away) ** 2 / r + np.log(part), K)
        share = 1.0 / (1.0 + w * A)
        found: Vector = -0.5 * (
            square / r - inside - w * share * T**2 - np.log(share)
            + (people - cells) * np.log(r) + people * np.log(2.0 * np.pi)
        )  # fmt: skip
        return found

    def drawn_effects(self, coordinates: Vector, uniform: Vector) -> Vector:
        """A draw of every cluster's effect given all else (K,), from uniform numbers (K,)."""
        away = np.append(-coordinates[: len(self.of.gram) - 1], 1.0)
        _, _, T, A, w = self._parts(coordinates, away)
        share = w / (1.0 + w * A)
        found: Vector = share * T + np.sqrt(share) * ndtri(uniform)
        return found

    def _parts(self, coordinates: Vector, away: Vector) -> tuple[float, Vector, Vector, Vector, float]:
        """The residual variance, weights of cells, their sums by cluster, the variance of clusters."""
        data, p = self.of, len(self.of.gram) - 1
        tau = float(coordinates[p + 1]) if data.nested else 0.0
        r = float(np.exp(2.0 * np.clip(coordinates[p + 1 + data.nested], -40.0, 40.0)))
        part = 1.0 / (r + data.count * tau**2)
        T = np.bincount(data.cluster, (data.sums @ away) * part, data.n_clusters)
        A = np.bincount(data.cluster, data.count * part, data.n_clusters)
        return r, part, T, A, float(coordinates[p]) ** 2


@dataclass(frozen=True, slots=True, eq=False)
class GaussianRows:
    """Rows in any order: X (N, p), y (N,), and codes (N,) of clusters and of cells within them."""

    X: Matrix
    y: Vector
    cluster: Ints
    cell: Ints


def summed(rows: GaussianRows, *, nested: bool) -> Gaussian:
    """The sums that the likelihood needs."""
    both = np.column_stack([rows.X, rows.y])
    groups = rows.cell if nested else rows.cluster
    _, first, codes = np.unique(groups, return_index=True, return_inverse=True)
    sums = np.zeros((len(first), both.shape[1]))
    np.add.at(sums, codes, both)
    _, cluster = np.unique(rows.cluster[first], return_inverse=True)
    return Gaussian(
        gram=both.T @ both,
        sums=sums,
        count=np.bincount(codes).astype(np.float64),
        cluster=cluster.astype(np.intp),
        n_clusters=int(cluster.max()) + 1,
        nested=nested,
        rows=(both, np.unique(rows.cluster, return_inverse=True)[1].astype(np.intp)),
    )
