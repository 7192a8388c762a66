"""One cluster as the symmetric adjustments of CR2 see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.gee.cells import ClusterRows
from precept_stats.numerics.gee.correlation import lag_matrix
from precept_stats.numerics.gee.fit import GeeFit

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class RootCorrelation:
    """R^1/2 = rest I + Z L Z', its inverse I / rest + Z J Z', and the extreme eigenvalues of R.

    Z (g, T) marks the segments of a cluster, each column with squares that add up to ``counts`` (T,).
    """

    rest: float
    counts: Vector
    L: Matrix
    J: Matrix
    lowest: float
    highest: float


def root_correlation(rest: float, counts: Vector, G: Matrix) -> RootCorrelation:
    """The root of R = rest I + Z G Z'."""
    many, root = np.sqrt(counts), float(np.sqrt(rest))
    values, vectors = np.linalg.eigh(rest * np.eye(len(many)) + many[:, None] * G * many)
    outside = np.outer(many, many)
    return RootCorrelation(
        rest=root,
        counts=counts,
        L=(vectors * (np.sqrt(values) - root)) @ vectors.T / outside,
        J=(vectors * (1.0 / np.sqrt(values) - 1.0 / root)) @ vectors.T / outside,
        lowest=min(rest, float(values[0])),
        highest=max(rest, float(values[-1])),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """One cluster in coordinates of its g distinct rows, n outcomes of a row together as root(n) times one.

    ``many`` (g,) are these roots, ``slope`` d mean / d eta over the standard deviation, ``variance`` that of
    an outcome, ``residual`` the sum of Pearson residuals of a row. ``bread`` (p, p) is the inverse of the
    information, in the order of the columns of ``rows``, times the weight of the cluster; ``leverage`` are
    the eigenvalues of H.
    """

    rows: ClusterRows
    many: Vector
    slope: Vector
    variance: Vector
    residual: Vector
    R: RootCorrelation
    bread: Matrix
    weight: float
    leverage: Vector

    def range_of_eigenvalues(self) -> tuple[float, float]:
        """Bounds of the eigenvalues of B (``square_root``), but for the square of the weight."""
        low, high = float(self.variance.min()), float(self.variance.max())
        return (1.0 - float(self.leverage[-1])) * (self.R.lowest * low) ** 2, (self.R.highest * high) ** 2


def clusters_of(fit: GeeFit) -> Iterator[Cluster]:
    """The clusters of a fit in order."""
    cells, state = fit.cells, fit.state
    by_lag = fit.model.correlation.at_lag(fit.alpha, int(cells.segment_period.max()) + 1)
    many = np.sqrt(cells.count)
    bread = fit.bread[np.ix_(cells.columns, cells.columns)]
    root = np.linalg.cholesky(fit.bread)
    leverage = np.linalg.eigvalsh(root.T @ fit.clusters.information @ root)
    for k in range(cells.n_clusters):
        rows = cells.cluster_rows(k)
        counts = rows.sums(cells.count[None, rows.rows])[0]
        weight = float(cells.weight[k])
        yield Cluster(
            rows=rows,
            many=many[rows.rows],
            slope=state.slope[rows.rows],
            variance=state.variance[rows.rows],
            residual=state.residual[rows.rows],
            R=root_correlation(
                fit.inverse.rest, counts, lag_matrix(by_lag, cells.segment_period[rows.segments])
            ),
            bread=weight * bread,
            weight=weight,
            leverage=leverage[k],
        )
