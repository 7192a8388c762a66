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

from precept_stats.numerics.gee.cluster import Cluster, clusters_of
from precept_stats.numerics.gee.fit import FULL_LEVERAGE, GeeFit
from precept_stats.numerics.gee.shifts import by_shifts

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]

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
    for k, cluster in enumerate(clusters_of(fit)):
        across, whole = shifted(cluster) if _many(cluster) else decomposed(cluster)
        scores[k] = cluster.weight * across[0]
        cross[k] = cluster.weight * across[1:]
        quadratic[k] = cluster.weight * (whole + cross[k].T @ cluster.bread @ cross[k] / cluster.weight**2)
    place = np.argsort(fit.cells.columns)
    inside = np.ix_(np.arange(K), place, place)
    return Adjustments(scores[:, place], quadratic[inside], cross[inside])


def _many(cluster: Cluster) -> bool:
    """Whether there are many rows, no parameter of the cluster's own, and variances not too far apart."""
    lowest, highest = cluster.range_of_eigenvalues()
    return (
        len(cluster.many) > FEW
        and not np.any(cluster.leverage > 1.0 - FULL_LEVERAGE)
        and lowest > NARROW * highest
    )


def shifted(cluster: Cluster) -> tuple[Matrix, Matrix]:
    """[F' e, F' D]' B^-1/2 F^-1 D (1 + p, p) and (F^-1 D)' F^-1 D (p, p), by shifted solves."""
    return by_shifts(cluster, cluster.range_of_eigenvalues())


def decomposed(cluster: Cluster) -> tuple[Matrix, Matrix]:
    """The same, by eigenvalues of B; directions that the cluster fixes by itself are projected off."""
    R, spread = cluster.R, np.sqrt(cluster.variance)
    segment = np.zeros(len(spread), dtype=np.intp)
    segment[cluster.rows.segment_at[1:]] = 1
    Z = cluster.many[:, None] * (np.cumsum(segment)[:, None] == np.arange(len(R.counts)))
    root = R.rest * np.eye(len(spread)) + Z @ R.L @ Z.T
    inverse = np.eye(len(spread)) / R.rest + Z @ R.J @ Z.T
    scaled = (cluster.many * cluster.slope)[:, None] * cluster.rows.columns
    e = cluster.residual * cluster.variance / cluster.many
    left = root @ np.column_stack([e, cluster.variance[:, None] * scaled])
    right = inverse @ scaled
    Q = (root * cluster.variance) @ root
    values, vectors = np.linalg.eigh(Q @ Q - left[:, 1:] @ cluster.bread @ left[:, 1:].T)
    full = int(np.sum(cluster.leverage > 1.0 - FULL_LEVERAGE))
    values, vectors = values[full:], vectors[:, full:]
    inside = vectors.T @ right
    return (left.T @ (vectors / np.sqrt(values))) @ inside, inside.T @ inside
