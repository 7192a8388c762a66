"""Clusters as the symmetric adjustments of CR2 see them: runs of neighbours with as many periods each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.gee.cells import Cells
from precept_stats.numerics.gee.fit import GeeFit

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]
Ints = NDArray[np.intp]

MOST_ROWS = 8192
"""Rows of a batch, so that what is made of them stays in memory that is near."""

WIDE = 6
"""From so many rows a cell on, sums by cell are products of matrices, cell by cell."""


@dataclass(frozen=True, slots=True, eq=False)
class RootCorrelations:
    """R^1/2 = rest I + Z L Z' by cluster, its inverse I / rest + Z J Z', and the extreme eigenvalues of R.

    Z marks the T segments of a cluster, each column with squares that add up to ``counts`` (k, T); L and J
    are (k, T, T), ``lowest`` and ``highest`` (k,).
    """

    rest: float
    counts: Matrix
    L: Stack
    J: Stack
    lowest: Vector
    highest: Vector


def root_correlations(rest: float, counts: Matrix, G: Stack) -> RootCorrelations:
    """The roots of R = rest I + Z G Z'."""
    many, root = np.sqrt(counts), float(np.sqrt(rest))
    values, vectors = np.linalg.eigh(rest * np.eye(counts.shape[1]) + many[:, :, None] * G * many[:, None, :])
    outside = many[:, :, None] * many[:, None, :]
    back = np.swapaxes(vectors, 1, 2)
    return RootCorrelations(
        rest=root,
        counts=counts,
        L=(vectors * (np.sqrt(values) - root)[:, None, :]) @ back / outside,
        J=(vectors * (1.0 / np.sqrt(values) - 1.0 / root)[:, None, :]) @ back / outside,
        lowest=np.minimum(rest, values[:, 0]),
        highest=np.maximum(rest, values[:, -1]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Weighted sums by segment or cluster, alone and with columns.

    ``levels`` (k, N, m0, T), ``products`` with the columns (k, N, m1, T, p), ``grams`` with products of
    columns (k, N, m2, p, p).
    """

    levels: Stack
    products: Stack
    grams: Stack


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Neighbouring clusters in coordinates of their g distinct rows, n outcomes of one as root(n) times it.

    ``first`` and ``last`` number them among all. ``many`` (g,) are the roots, ``slope`` d mean / d eta over
    the standard deviation, ``variance`` that of an outcome, ``residual`` the sum of a row's Pearson ones.
    ``bread`` (k, p, p) is the inverse of the information, in the order of the columns of the cells, times
    the weight of the cluster; ``information`` (k, p, p), D' V^-1 D, has that order and no weight. ``_at``
    arrays are where runs of rows (or cells) start in the batch.
    """

    first: int
    last: int
    many: Vector
    slope: Vector
    variance: Vector
    residual: Vector
    coarse: Matrix
    fine: Matrix
    cell_at: Ints
    cluster_at: Ints
    cluster_cell_at: Ints
    segment_at: Ints
    segment_cell_at: Ints
    R: RootCorrelations
    bread: Stack
    information: Stack
    weight: Vector

    def of_rows(self, values: Vector) -> Vector:
        """Values of clusters (..., k) by row (..., g)."""
        return np.repeat(values, np.diff(self.cluster_at, append=len(self.many)), axis=-1)

    def moments(self, diagonal: Matrix, by: tuple[Matrix, Matrix, Matrix]) -> Moments:
        """Sums of rows of ``diagonal`` (N, g) times each of the vectors ``by`` (m0, g), (m1, g), (m2, g).

        Those of the first alone, of the second times the columns, of the third times products of columns.
        """
        pc, pf = self.coarse.shape[1], self.fine.shape[1]
        alone, single, double = by
        pairs = [(i, j) for i in range(pf) for j in range(i + 1)]
        squares = [self.fine[:, i] * self.fine[:, j] for i, j in pairs]
        vectors = [
            alone,
            *(single * f for f in (1.0, *self.fine.T)),
            *(double * f for f in (1.0, *self.fine.T)),
        ]
        cells = self._by_cell(diagonal, np.vstack([*vectors, *(double * square for square in squares)]).T)
        m0, m1, m2 = (len(vectors) for vectors in by)
        first, second = m0 + m1, m0 + m1 * (1 + pf)
        by_segment = np.add.reduceat(cells[:, :, : max(second, 1)], self.segment_cell_at, axis=0)
        products = np.empty((*by_segment.shape[:2], m1, pc + pf))
        for j in range(pf):
            products[..., pc + j] = by_segment[:, :, first + j * m1 : first + (j + 1) * m1]
        grams = np.empty((len(self.weight), cells.shape[1], m2, pc + pf, pc + pf))
        by_cluster = np.add.reduceat(cells[:, :, second + m2 * (1 + pf) :], self.cluster_cell_at, axis=0)
        for number, (i, j) in enumerate(pairs):
            both = by_cluster[:, :, number * m2 : (number + 1) * m2]
            grams[..., pc + i, pc + j] = grams[..., pc + j, pc + i] = both
        self._coarse_products(cells[:, :, m0:first], products)
        self._coarse_grams(cells[:, :, second : second + m2 * (1 + pf)], grams)
        K, T = self.R.counts.shape
        shape = (K, T, *by_segment.shape[1:2])
        return Moments(
            np.moveaxis(by_segment[:, :, :m0].reshape(*shape, m0), 1, 3),
            np.moveaxis(products.reshape(*shape, m1, pc + pf), 1, 3),
            grams,
        )

    def _by_cell(self, diagonal: Matrix, vectors: Matrix) -> Stack:
        """Sums of diagonal (N, g) times vectors (g, m) by cell (cells, N, m)."""
        if len(self.many) < WIDE * len(self.cell_at):
            each = diagonal.T[:, :, None] * vectors[:, None, :]
            return each if not self.fine.shape[1] else np.add.reduceat(each, self.cell_at, axis=0)
        out = np.empty((len(self.cell_at), len(diagonal), vectors.shape[1]))
        ends = np.append(self.cell_at[1:], len(self.many))
        for c, (start, end) in enumerate(zip(self.cell_at.tolist(), ends.tolist(), strict=True)):
            np.matmul(diagonal[:, start:end], vectors[start:end], out=out[c])
        return out

    def _coarse_products(self, cells: Stack, products: Stack) -> None:
        """Cell sums (cells, N, m1) times the coarse columns, into products (segments, N, m1, p)."""
        pc = self.coarse.shape[1]
        ends = np.append(self.segment_cell_at[1:], len(self.coarse))
        flat = cells.reshape(len(cells), -1)
        for s, (start, end) in enumerate(zip(self.segment_cell_at, ends, strict=True)):
            found = flat[start:end].T @ self.coarse[start:end]
            products[s, :, :, :pc] = found.reshape(*cells.shape[1:], pc)

    def _coarse_grams(self, cells: Stack, grams: Stack) -> None:
        """Cell sums (cells, N, m2 (1 + pf)), times coarse columns or their products, into grams."""
        pc, pf, m2 = self.coarse.shape[1], self.fine.shape[1], grams.shape[2]
        N = cells.shape[1]
        if not m2:
            return
        plain = np.ascontiguousarray(cells[:, :, :m2]).reshape(len(cells), -1)
        crossed = np.ascontiguousarray(cells[:, :, m2:]).reshape(len(cells), -1)
        ends = np.append(self.cluster_cell_at[1:], len(self.coarse))
        for k, (start, end) in enumerate(zip(self.cluster_cell_at, ends, strict=True)):
            coarse = self.coarse[start:end]
            outer = (coarse[:, :, None] * coarse[:, None, :]).reshape(len(coarse), -1)
            grams[k, :, :, :pc, :pc] = (plain[start:end].T @ outer).reshape(N, m2, pc, pc)
            if pf:
                beside = (crossed[start:end].T @ coarse).reshape(N, pf, m2, pc)
                grams[k, :, :, :pc, pc:] = np.moveaxis(beside, 1, 3)
                grams[k, :, :, pc:, :pc] = np.moveaxis(beside, 1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """Cuts runs of clusters out of a fit."""

    fit: GeeFit
    many: Vector
    bread: Matrix
    at_lag: Vector
    counts: Vector
    starts: tuple[Ints, Ints, Ints]

    @property
    def periods(self) -> Ints:
        """Segments of each cluster (K,)."""
        return np.diff(self.starts[2])

    @property
    def sizes(self) -> Ints:
        """Distinct rows of each cluster (K,)."""
        return np.diff(self.starts[0])

    def roots(self) -> tuple[Vector, Vector]:
        """Bounds of the eigenvalues of R by cluster (K,), for all of one number of periods at a time."""
        found = np.empty((2, self.fit.cells.n_clusters))
        for periods in np.unique(self.periods):
            these = np.flatnonzero(self.periods == periods)
            R = self._correlations(these, int(periods))
            found[0, these], found[1, these] = R.lowest, R.highest
        return found[0], found[1]

    def cut(self, first: int, last: int) -> Batch:
        """The clusters from ``first`` up to ``last``, which have as many segments each."""
        cells, state = self.fit.cells, self.fit.state
        row, cell, segment = (np.asarray(start[first : last + 1]) for start in self.starts)
        rows, inside = slice(row[0], row[-1]), slice(cell[0], cell[-1])
        segments = slice(segment[0], segment[-1])
        weight = cells.weight[first:last]
        return Batch(
            first=first,
            last=last,
            many=self.many[rows],
            slope=state.slope[rows],
            variance=state.variance[rows],
            residual=state.residual[rows],
            coarse=cells.coarse[inside],
            fine=cells.fine[rows],
            cell_at=cells.cell_at[inside] - row[0],
            cluster_at=row[:-1] - row[0],
            cluster_cell_at=cell[:-1] - cell[0],
            segment_at=cells.segment_at[segments] - row[0],
            segment_cell_at=cells.segment_cell_at[segments] - cell[0],
            R=self._correlations(np.arange(first, last), int(segment[1] - segment[0])),
            bread=weight[:, None, None] * self.bread,
            information=self._information(first, last) / weight[:, None, None],
            weight=weight,
        )

    def _information(self, first: int, last: int) -> Stack:
        columns = self.fit.cells.columns
        return self.fit.clusters.information[first:last][:, columns][:, :, columns]

    def _correlations(self, clusters: Ints, periods: int) -> RootCorrelations:
        segments = self.starts[2][clusters][:, None] + np.arange(periods)
        at = self.fit.cells.segment_period[segments]
        apart = np.abs(at[:, :, None] - at[:, None, :])
        return root_correlations(self.fit.inverse.rest, self.counts[segments], self.at_lag[apart])


def batches_of(fit: GeeFit) -> Batches:
    """What runs of clusters are cut from."""
    cells = fit.cells
    return Batches(
        fit=fit,
        many=np.sqrt(cells.count),
        bread=fit.bread[np.ix_(cells.columns, cells.columns)],
        at_lag=fit.model.correlation.at_lag(fit.alpha, int(cells.segment_period.max()) + 1),
        counts=cells.by_segment(cells.count),
        starts=_starts(cells),
    )


def _starts(cells: Cells) -> tuple[Ints, Ints, Ints]:
    """Where the rows, cells and segments of each cluster start, and where the last ends."""
    return (
        np.append(cells.cluster_at, len(cells.count)),
        np.append(cells.cluster_cell_at, len(cells.cell_at)),
        np.searchsorted(cells.segment_cluster, np.arange(cells.n_clusters + 1)),
    )


def runs(keys: Ints, sizes: Ints) -> Iterator[tuple[int, int]]:
    """Runs of clusters with equal keys, of no more rows than a batch holds unless one alone has more."""
    first, rows = 0, 0
    for k, (key, size) in enumerate(zip(keys, sizes, strict=True)):
        if k > first and (key != keys[first] or rows + size > MOST_ROWS):
            yield first, k
            first, rows = k, 0
        rows += int(size)
    yield first, len(keys)
