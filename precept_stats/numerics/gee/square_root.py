"""The symmetric residual adjustments of CR2, by an eigen-decomposition or by shifted solves.

For a cluster with working covariance V = S R S (S the standard deviations) and residual covariance
V - D M D', the adjustment is A = F B^-1/2 F' with B = F' (V - D M D') F and any F F' = V (the matrix
geometric mean of V and the inverse residual covariance). Here F = S R^1/2. With few distinct rows B is
decomposed; otherwise see ``shifts``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.gee.batch import Batch, Batches, batches_of, runs
from precept_stats.numerics.gee.fit import FULL_LEVERAGE, GeeFit
from precept_stats.numerics.gee.shifts import Shifted, by_shifts

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]
Ints = NDArray[np.intp]

NARROW = 1e-9
"""The least ratio of extreme eigenvalues for which shifts are used; beyond it they lose digits."""

SLIGHT = 0.5
"""A bound of the leverage up to which it need not be known."""

FEW = 40
"""Up to so many distinct rows an eigen-decomposition costs less."""


Pieces = Callable[[], tuple[Stack, Stack]]


@dataclass(frozen=True, slots=True, eq=False)
class Adjustments:
    """With E = A V^-1 D by cluster: scores E' e (K, p), and what makes the rest."""

    scores: Matrix
    fit: GeeFit
    parts: tuple[Pieces, ...]

    def pieces(self) -> tuple[Stack, Stack]:
        """Quadratic E' V E and cross D' E (K, p, p)."""
        place = np.argsort(self.fit.cells.columns)
        found = [part() for part in self.parts]
        cross, whole = (np.concatenate(each)[:, place][:, :, place] for each in zip(*found, strict=True))
        weight = self.fit.cells.weight[:, None, None]
        inner = np.swapaxes(cross, 1, 2) @ self.fit.bread @ cross
        return weight * whole + weight**2 * inner, weight * cross


def symmetric_adjustments(fit: GeeFit) -> Adjustments:
    """The adjustments of every cluster."""
    K, columns = fit.cells.n_clusters, fit.cells.columns
    cutter = batches_of(fit)
    largest, full = _leverage(fit)
    bounds = np.array(_range_of_eigenvalues(cutter, largest))
    shifted = (cutter.sizes > FEW) & (full == 0) & (bounds[0] > NARROW * bounds[1])
    keys = np.where(shifted, -cutter.periods, (cutter.sizes * (K + 1) + full) * (K + 1) + cutter.periods)
    scores, parts = np.empty_like(fit.clusters.score), []
    for first, last in runs(keys, cutter.sizes):
        batch = cutter.cut(first, last)
        if shifted[first]:
            found = by_shifts(batch, (bounds[0, first:last], bounds[1, first:last]))
            plain = fit.clusters.score[first:last, columns]
            adjusted = plain + batch.weight[:, None] * found.scores
            parts.append(partial(_shifted_pieces, batch, found))
        else:
            across, whole = decomposed(batch, int(full[first]))
            adjusted = batch.weight[:, None] * across[:, 0]
            parts.append(partial(_made, across[:, 1:], whole))
        scores[first:last, columns] = adjusted
    return Adjustments(scores, fit, tuple(parts))


def _made(cross: Stack, whole: Stack) -> tuple[Stack, Stack]:
    return cross, whole


def _shifted_pieces(batch: Batch, found: Shifted) -> tuple[Stack, Stack]:
    return batch.information + np.swapaxes(found.cross(), 1, 2), batch.information


def _leverage(fit: GeeFit) -> tuple[Vector, Ints]:
    """A bound of the largest eigenvalue of each cluster's H (K,), and how many are 1.

    The root of the sum of squared eigenvalues, or where that is not small the largest itself.
    """
    product = fit.clusters.information @ fit.bread
    largest = np.sqrt(np.sum(product * np.swapaxes(product, 1, 2), axis=(1, 2)))
    full = np.zeros(len(largest), dtype=np.intp)
    if len(wide := np.flatnonzero(largest > SLIGHT)):
        root = np.linalg.cholesky(fit.bread)
        values = np.linalg.eigvalsh(root.T @ fit.clusters.information[wide] @ root)
        largest[wide], full[wide] = values[:, -1], np.sum(values > 1.0 - FULL_LEVERAGE, axis=1)
    return largest, full


def _range_of_eigenvalues(cutter: Batches, largest: Vector) -> tuple[Vector, Vector]:
    """Bounds of the eigenvalues of B by cluster (K,), but for the square of the weight."""
    variance, starts = cutter.fit.state.variance, cutter.starts[0][:-1]
    lowest, highest = cutter.extremes()
    low = (1.0 - largest) * (lowest * np.minimum.reduceat(variance, starts)) ** 2
    return low, (highest * np.maximum.reduceat(variance, starts)) ** 2


def decomposed(batch: Batch, full: int) -> tuple[Stack, Stack]:
    """[F' e, F' D]' B^-1/2 F^-1 D (k, 1 + p, p) and (F^-1 D)' F^-1 D (k, p, p), by eigenvalues of B.

    The clusters have equally many distinct rows. ``full`` directions that each fixes by itself are
    projected off.
    """
    R, (k, T) = batch.R, batch.R.counts.shape
    g = len(batch.many) // k
    many, slope, v, residual = (
        values.reshape(k, g) for values in (batch.many, batch.slope, batch.variance, batch.residual)
    )
    segment = np.searchsorted(batch.segment_at, np.arange(k * g), side="right").reshape(k, g) - 1
    Z = many[:, :, None] * (segment[:, :, None] - T * np.arange(k)[:, None, None] == np.arange(T))
    back = np.swapaxes(Z, 1, 2)
    rest, L, J = R.roots()
    root, inverse = rest * np.eye(g) + Z @ L @ back, np.eye(g) / rest + Z @ J @ back
    cells = np.diff(batch.cell_at, append=k * g)
    X = np.hstack([np.repeat(batch.coarse, cells, axis=0), batch.fine]).reshape(k, g, -1)
    scaled = (many * slope)[:, :, None] * X
    e = (residual * v / many)[:, :, None]
    left = root @ np.concatenate([e, v[:, :, None] * scaled], axis=2)
    right = inverse @ scaled
    Q = (root * v[:, None, :]) @ root
    pulled = left[:, :, 1:] @ batch.bread @ np.swapaxes(left[:, :, 1:], 1, 2)
    values, vectors = np.linalg.eigh(Q @ Q - pulled)
    values, vectors = values[:, full:], vectors[:, :, full:]
    inside = np.swapaxes(vectors, 1, 2) @ right
    across = np.swapaxes(left, 1, 2) @ (vectors / np.sqrt(values)[:, None, :]) @ inside
    return across, np.swapaxes(inside, 1, 2) @ inside
