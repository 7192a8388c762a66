"""The symmetric residual adjustments of CR2, by an eigen-decomposition or by shifted solves.

For a cluster with working covariance V = S R S (S the standard deviations) and residual covariance
V - D M D', the adjustment is A = F B^-1/2 F' with B = F' (V - D M D') F and any F F' = V (the matrix
geometric mean of V and the inverse residual covariance). Here F = S R^1/2. With few distinct rows B is
decomposed; otherwise see ``shifts``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.gee.batch import Batch, Batches, batches_of, runs
from precept_stats.numerics.gee.fit import FULL_LEVERAGE, GeeFit
from precept_stats.numerics.gee.shifts import by_shifts

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]
Ints = NDArray[np.intp]

NARROW = 1e-9
"""The least ratio of extreme eigenvalues for which shifts are used; beyond it they lose digits."""

FEW = 40
"""Up to so many distinct rows an eigen-decomposition costs less."""


@dataclass(frozen=True, slots=True, eq=False)
class Adjustments:
    """With E = A V^-1 D by cluster: scores E' e (K, p), quadratic E' V E and cross D' E (K, p, p)."""

    scores: Matrix
    quadratic: Stack
    cross: Stack


def symmetric_adjustments(fit: GeeFit) -> Adjustments:
    """The adjustments of every cluster."""
    K, p = fit.clusters.score.shape
    scores, quadratic, cross = np.empty((K, p)), np.empty((K, p, p)), np.empty((K, p, p))
    cutter = batches_of(fit)
    root = np.linalg.cholesky(fit.bread)
    leverage = np.linalg.eigvalsh(root.T @ fit.clusters.information @ root)
    full = np.count_nonzero(leverage > 1.0 - FULL_LEVERAGE, axis=1)
    low, high = _range_of_eigenvalues(cutter, leverage[:, -1])
    shifted = (cutter.sizes > FEW) & (full == 0) & (low > NARROW * high)
    keys = np.where(shifted, -cutter.periods, (cutter.sizes * (K + 1) + full) * (K + 1) + cutter.periods)
    for first, last in runs(keys, cutter.sizes):
        these = slice(first, last)
        batch = cutter.cut(first, last)
        if shifted[first]:
            across, whole = by_shifts(batch, (low[these], high[these])), batch.information
        else:
            across, whole = decomposed(batch, int(full[first]))
        weight = batch.weight[:, None, None]
        scores[these] = batch.weight[:, None] * across[:, 0]
        cross[these] = weight * across[:, 1:]
        inner = np.swapaxes(across[:, 1:], 1, 2) @ batch.bread @ across[:, 1:]
        quadratic[these] = weight * (whole + inner)
    place = np.argsort(fit.cells.columns)
    inside = np.ix_(np.arange(K), place, place)
    return Adjustments(scores[:, place], quadratic[inside], cross[inside])


def _range_of_eigenvalues(cutter: Batches, largest: Vector) -> tuple[Vector, Vector]:
    """Bounds of the eigenvalues of B by cluster (K,), but for the square of the weight."""
    variance, starts = cutter.fit.state.variance, cutter.starts[0][:-1]
    lowest, highest = cutter.roots()
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
    root, inverse = R.rest * np.eye(g) + Z @ R.L @ back, np.eye(g) / R.rest + Z @ R.J @ back
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
