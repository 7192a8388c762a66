"""The estimating equations at given parameters, by sums over segments: no matrix has a row an outcome.

With z = (d mean / d eta) x / sqrt(variance) and Pearson residuals r, D' V^-1 D and D' V^-1 (y - mean) of a
cluster are (sum z z' - s' K s) / (1 - a0) and (sum z r - s' K t) / (1 - a0), where s (T, p) and t (T,) are
the sums of z and r by period, K = G ((1 - a0) I + N G)^-1, and N the diagonal of outcomes by period (the
inverse of (1 - a0) I + Z G Z', by Woodbury). The scale of the variance cancels and is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_diag, coo_array, csr_array

from precept_stats.numerics.gee.cells import Cells
from precept_stats.numerics.gee.correlation import Correlation, PairSums, lag_matrix
from precept_stats.numerics.gee.families import Family

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]

NOT_POSITIVE = 1e-10
"""A smallest eigenvalue of a cluster's correlation matrix below this is not positive."""


@dataclass(frozen=True, slots=True, eq=False)
class Working:
    """Pearson residuals and slopes by row at some parameters.

    ``mean`` and ``variance`` are of one outcome; ``slope`` is z / x; ``residual`` is the sum of Pearson
    residuals of a row's outcomes and ``square`` that of their squares.
    """

    mean: Vector
    variance: Vector
    slope: Vector
    residual: Vector
    square: Vector


def working_at(cells: Cells, family: Family, params: Vector) -> Working | None:
    """Residuals and slopes at the parameters (p,); None where a mean has no variance."""
    eta = cells.eta(params)
    mean = cells.exposure * family.link.mean(eta)
    if not family.variance.allows(mean):
        return None
    variance = family.variance.of(mean)
    spread = np.sqrt(variance)
    return Working(
        mean=mean,
        variance=variance,
        slope=cells.exposure * family.link.mean_slope(eta) / spread,
        residual=(cells.total - cells.count * mean) / spread,
        square=(cells.squares - 2.0 * mean * cells.total + cells.count * mean * mean) / variance,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Inverse:
    """The inverse correlation: K as a diagonal (S,) or blocks (S, S), and R's least eigenvalue."""

    inner: Vector | csr_array
    rest: float
    smallest: float

    def times(self, right: Matrix) -> Matrix:
        """K of each cluster times its segments' rows (S, m)."""
        if isinstance(self.inner, np.ndarray):
            return self.inner[:, None] * right
        return np.asarray(self.inner @ right)


def segment_counts(cells: Cells) -> Vector:
    """Outcomes by segment (S,)."""
    return cells.by_segment(cells.count)


def inverse_correlation(cells: Cells, correlation: Correlation, params: Vector) -> Inverse:
    """Invert R for every cluster; look at ``smallest`` before using the result."""
    counts = segment_counts(cells)
    by_lag = correlation.at_lag(params, int(cells.segment_period.max()) + 1)
    rest = 1.0 - float(by_lag[0])
    if not correlation.by_period:
        level = rest + counts * by_lag[0]
        smallest = min(rest if counts.max() > 1 else 1.0, float(level.min()))
        safe = np.where(level > NOT_POSITIVE, level, 1.0)
        return Inverse(by_lag[0] / safe, rest, smallest)
    blocks, smallest = [], rest if counts.max() > 1 else 1.0
    starts = np.searchsorted(cells.segment_cluster, np.arange(cells.n_clusters + 1))
    for first, last in pairwise(starts):
        n = counts[first:last]
        G = lag_matrix(by_lag, cells.segment_period[first:last])
        root = np.sqrt(n)
        least = float(np.linalg.eigvalsh(rest * np.eye(len(n)) + root[:, None] * G * root)[0])
        smallest = min(smallest, least)
        system = rest * np.eye(len(n)) + n[:, None] * G
        blocks.append(np.linalg.solve(system.T, G).T if least > NOT_POSITIVE else np.zeros_like(G))
    return Inverse(csr_array(block_diag([coo_array(block) for block in blocks])), rest, smallest)


@dataclass(frozen=True, slots=True, eq=False)
class Equations:
    """Information (p, p) and score (p,) summed over clusters, weighted, in units of the scale."""

    information: Matrix
    score: Vector


def equations(cells: Cells, now: Working, inverse: Inverse) -> Equations:
    """The estimating equations of all clusters together."""
    weight = cells.row_weight
    by_segment = cells.segment_products(cells.count * now.slope)
    weighted = cells.weight[cells.segment_cluster, None] * by_segment
    pulled = inverse.times(np.column_stack([by_segment, cells.by_segment(now.residual)]))
    information = cells.gram(weight * cells.count * now.slope**2) - weighted.T @ pulled[:, :-1]
    direct = cells.segment_products(weight * now.slope * now.residual).sum(axis=0)
    score = direct - weighted.T @ pulled[:, -1]
    return Equations(information / inverse.rest, score / inverse.rest)


@dataclass(frozen=True, slots=True, eq=False)
class ClusterEquations:
    """Information (K, p, p) and score (K, p) of each cluster, weighted, in units of the scale."""

    information: Stack
    score: Matrix


def cluster_equations(cells: Cells, now: Working, inverse: Inverse) -> ClusterEquations:
    """The estimating equations cluster by cluster."""
    by_segment = cells.segment_products(cells.count * now.slope)
    pulled = inverse.times(np.column_stack([by_segment, cells.by_segment(now.residual)]))
    information = cells.cluster_grams(cells.count * now.slope**2)
    direct = cells.segment_products(now.slope * now.residual)
    score = np.empty((cells.n_clusters, cells.n_parameters))
    starts = np.searchsorted(cells.segment_cluster, np.arange(cells.n_clusters + 1))
    for k, (first, last) in enumerate(pairwise(starts)):
        mine = by_segment[first:last]
        information[k] -= mine.T @ pulled[first:last, :-1]
        score[k] = direct[first:last].sum(axis=0) - pulled[first:last, -1] @ mine
    scale = cells.weight / inverse.rest
    return ClusterEquations(scale[:, None, None] * information, scale[:, None] * score)


def pair_sums(cells: Cells, now: Working, shift: Matrix | None = None) -> tuple[PairSums, Vector]:
    """Sums of residual products over pairs, by cluster and lag, and of squared residuals by cluster (K,).

    With ``shift`` (K, p) one residual of each product, in turn, is corrected to r + z @ shift of its cluster
    (matrix-adjusted estimating equations; the half-sum over both orders of a pair).
    """
    sums = cells.by_segment(now.residual)
    squares = cells.by_segment(now.square)
    corrected = sums
    if shift is not None:
        mine = shift[cells.segment_cluster]
        corrected = sums + np.sum(cells.segment_products(cells.count * now.slope) * mine, axis=1)
        squares = squares + np.sum(cells.segment_products(now.slope * now.residual) * mine, axis=1)
    plain, adjusted, inside, counts = (
        _table(cells, values) for values in (sums, corrected, squares, segment_counts(cells))
    )
    lags = plain.shape[1]
    products, pairs = np.empty_like(plain), np.empty_like(plain)
    products[:, 0] = 0.5 * np.sum(plain * adjusted - inside, axis=1)
    pairs[:, 0] = 0.5 * np.sum(counts * counts - counts, axis=1)
    for lag in range(1, lags):
        early, late = slice(None, lags - lag), slice(lag, None)
        crossed = plain[:, early] * adjusted[:, late] + adjusted[:, early] * plain[:, late]
        products[:, lag] = 0.5 * np.sum(crossed, axis=1)
        pairs[:, lag] = np.sum(counts[:, early] * counts[:, late], axis=1)
    return PairSums(products, pairs), inside.sum(axis=1)


def _table(cells: Cells, values: Vector) -> Matrix:
    """Values by segment as a table of clusters by periods, 0 where there is no segment."""
    table = np.zeros((cells.n_clusters, int(cells.segment_period.max()) + 1))
    table[cells.segment_cluster, cells.segment_period] = values
    return table
