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
class Correlations:
    """R = rest I + Z G Z' by cluster.

    Z marks the T segments of a cluster, each column with squares that add up to ``counts`` (k, T); G is
    (k, T, T).
    """

    rest: float
    counts: Matrix
    G: Stack

    def extremes(self) -> tuple[Vector, Vector]:
        """The least and the largest eigenvalue of each R (k,)."""
        values = np.linalg.eigvalsh(self._within()[0])
        return np.minimum(self.rest, values[:, 0]), np.maximum(self.rest, values[:, -1])

    def roots(self) -> tuple[float, Stack, Stack]:
        """r, L and J (k, T, T): R^1/2 = r I + Z L Z', and its inverse I / r + Z J Z'."""
        within, many = self._within()
        root = float(np.sqrt(self.rest))
        values, vectors = np.linalg.eigh(within)
        outside = many[:, :, None] * many[:, None, :]
        back = np.swapaxes(vectors, 1, 2)
        L = (vectors * (np.sqrt(values) - root)[:, None, :]) @ back / outside
        J = (vectors * (1.0 / np.sqrt(values) - 1.0 / root)[:, None, :]) @ back / outside
        return root, L, J

    def _within(self) -> tuple[Stack, Matrix]:
        many = np.sqrt(self.counts)
        around = many[:, :, None] * self.G * many[:, None, :]
        return self.rest * np.eye(self.counts.shape[1]) + around, many


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Neighbouring clusters in coordinates of their g distinct rows, n outcomes of one as root(n) times it.

    ``first`` and ``last`` number them among all. ``many`` (g,) are the roots, ``slope`` d mean / d eta over
    the standard deviation, ``variance`` that of an outcome, ``residual`` the sum of a row's Pearson ones.
    ``bread`` (k, p, p) is the inverse of the information, in the order of the columns of the cells, times
    the weight of the cluster; ``information`` (k, p, p), D' V^-1 D, has that order and no weight. ``_at``
    arrays are where runs of rows (or cells) start in the batch. ``lengths`` (p,) give the whole information
    a unit diagonal; ``precision`` (k, p, p) is it in these units, over the weight of the cluster.
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
    R: Correlations
    bread: Stack
    information: Stack
    precision: Stack
    lengths: Vector
    weight: Vector

    def of_rows(self, values: Vector) -> Vector:
        """Values of clusters (..., k) by row (..., g)."""
        return np.repeat(values, np.diff(self.cluster_at, append=len(self.many)), axis=-1)

    @property
    def cells_of_clusters(self) -> Ints:
        """Cells of each cluster (k,)."""
        return np.diff(self.cluster_cell_at, append=len(self.coarse))

    @property
    def cells_of_segments(self) -> Ints:
        """Cells of each segment (k T,)."""
        return np.diff(self.segment_cell_at, append=len(self.coarse))

    def by_cell(self, diagonal: Matrix, vectors: Matrix) -> Stack:
        """Sums of diagonal (N, g) times vectors (g, m) by cell (cells, N, m)."""
        cells, (N, g) = len(self.cell_at), diagonal.shape
        if cells == g:
            return diagonal.T[:, :, None] * vectors[:, None, :]
        ends = np.append(self.cell_at[1:], g)
        each = ends[0]
        if cells * each == g and np.all(ends - self.cell_at == each):
            by = np.swapaxes(diagonal.reshape(N, cells, each), 0, 1)
            return by @ vectors.reshape(cells, each, -1)
        if g < WIDE * cells:
            return np.add.reduceat(diagonal.T[:, :, None] * vectors[:, None, :], self.cell_at, axis=0)
        out = np.empty((cells, N, vectors.shape[1]))
        for c, (start, end) in enumerate(zip(self.cell_at.tolist(), ends.tolist(), strict=True)):
            np.matmul(diagonal[:, start:end], vectors[start:end], out=out[c])
        return out

    def spread(self, right: Stack) -> Stack:
        """``right`` (k, p, N) by cell: the coarse columns times it, and its rows of the fine ones."""
        pc = self.coarse.shape[1]
        out = np.empty((1 + self.fine.shape[1], len(self.coarse), right.shape[2]))
        for k, these in enumerate(self._cells()):
            np.matmul(self.coarse[these], right[k, :pc], out=out[0, these])
        out[1:] = np.repeat(np.swapaxes(right[:, pc:], 0, 1), self.cells_of_clusters, axis=1)
        return out

    def gathered(self, values: Stack) -> Stack:
        """Sums over cells (1 + f, cells, N) by column (k, p, N), the first of them times the coarse ones."""
        pc, pf = self.coarse.shape[1], self.fine.shape[1]
        out = np.empty((len(self.weight), pc + pf, values.shape[2]))
        for k, these in enumerate(self._cells()):
            np.matmul(self.coarse[these].T, values[0, these], out=out[k, :pc])
        out[:, pc:] = np.swapaxes(np.add.reduceat(values[1:], self.cluster_cell_at, axis=1), 0, 1)
        return out

    def _cells(self) -> list[slice]:
        ends = np.append(self.cluster_cell_at[1:], len(self.coarse))
        return [slice(a, b) for a, b in zip(self.cluster_cell_at.tolist(), ends.tolist(), strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class Batches:
    """Cuts runs of clusters out of a fit."""

    fit: GeeFit
    many: Vector
    bread: Matrix
    precision: Matrix
    lengths: Vector
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

    def extremes(self) -> tuple[Vector, Vector]:
        """Extreme eigenvalues of R by cluster (K,), for all of one number of periods at a time."""
        found = np.empty((2, self.fit.cells.n_clusters))
        for periods in np.unique(self.periods):
            these = np.flatnonzero(self.periods == periods)
            found[:, these] = self._correlations(these, int(periods)).extremes()
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
            precision=self.precision / weight[:, None, None],
            lengths=self.lengths,
            weight=weight,
        )

    def _information(self, first: int, last: int) -> Stack:
        columns = self.fit.cells.columns
        return self.fit.clusters.information[first:last][:, columns][:, :, columns]

    def _correlations(self, clusters: Ints, periods: int) -> Correlations:
        segments = self.starts[2][clusters][:, None] + np.arange(periods)
        at = self.fit.cells.segment_period[segments]
        apart = np.abs(at[:, :, None] - at[:, None, :])
        return Correlations(self.fit.inverse.rest, self.counts[segments], self.at_lag[apart])


def batches_of(fit: GeeFit) -> Batches:
    """What runs of clusters are cut from."""
    cells = fit.cells
    inside = np.ix_(cells.columns, cells.columns)
    information = fit.clusters.information.sum(axis=0)[inside]
    lengths = 1.0 / np.sqrt(np.diag(information))
    return Batches(
        fit=fit,
        many=np.sqrt(cells.count),
        bread=fit.bread[inside],
        precision=information * np.outer(lengths, lengths),
        lengths=lengths,
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
