"""Rows arranged for sums by cluster: identical rows collapsed, columns split by how finely they vary.

Rows of a cluster that agree in every covariate are one row of counts. Where a few columns vary from
row to row (an individual's age), the others still agree within cells, so that sums of products of
those columns cost as many operations as there are cells, not rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]

SAMPLE_ROWS = 4096
"""Rows that are looked at to find the columns that vary from row to row."""

MULTIPLIER = 0x9E3779B97F4A7C15
"""An odd number of 64 bits whose multiples scatter (2^64 over the golden ratio)."""

BLOCK_ROWS = 16384
"""Rows of whole clusters that are worked on together, so that they stay in the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Whole clusters, k of them, in g cells and n rows, each sorted by the one before.

    ``coarse`` (g, pc) are the columns that are constant in a cell, ``fine`` (n, pf) the others; every
    result has the coarse columns first. The ``_at`` arrays are where segments start.
    """

    y: Vector
    size: Vector
    coarse: Matrix
    fine: Matrix
    cell_at: Ints
    cell_rows: Ints
    cluster_at: Ints
    cluster_cell_at: Ints
    clusters: slice

    @property
    def n_clusters(self) -> int:
        return len(self.cluster_at)

    def fixed_part(self, params: Vector) -> Vector:
        """X @ params for each row (n,)."""
        pc = self.coarse.shape[1]
        eta: Vector = self.coarse @ params[:pc]
        if self.fine.shape[1]:
            eta = np.repeat(eta, self.cell_rows) + self.fine @ params[pc:]
        return eta

    def spread(self, values: Vector) -> Vector:
        """One value a cluster (k,) for each of its rows (n,)."""
        rows = np.diff(self.cluster_at, append=len(self.y))
        return np.repeat(values, rows)

    def by_cluster(self, values: Vector) -> Vector:
        """Sums over the rows of each cluster (k,)."""
        return np.add.reduceat(values, self.cluster_at)

    def _by_cell(self, values: Vector) -> Vector:
        return np.add.reduceat(values, self.cell_at) if self.fine.shape[1] else values

    def products(self, weights: Vector) -> Matrix:
        """Sums of weights times the columns by cluster (k, p)."""
        pc, pf = self.coarse.shape[1], self.fine.shape[1]
        out = np.empty((self.n_clusters, pc + pf))
        out[:, :pc] = _segments(self._by_cell(weights), self.cluster_cell_at) @ self.coarse
        if pf:
            out[:, pc:] = _segments(weights, self.cluster_at) @ self.fine
        return out

    def gram(self, weights: Vector) -> Matrix:
        """X' diag(weights) X (p, p)."""
        pc, pf = self.coarse.shape[1], self.fine.shape[1]
        out = np.empty((pc + pf, pc + pf))
        out[:pc, :pc] = self.coarse.T @ (self._by_cell(weights)[:, None] * self.coarse)
        if pf:
            weighted = weights[:, None] * self.fine
            out[pc:, pc:] = self.fine.T @ weighted
            cells = np.column_stack([self._by_cell(column) for column in weighted.T])
            out[:pc, pc:] = self.coarse.T @ cells
            out[pc:, :pc] = out[:pc, pc:].T
        return out


def _segments(weights: Vector, starts: Ints) -> csr_matrix:
    """The matrix (segments, n) whose rows hold the weights of a segment."""
    bounds = np.append(starts, len(weights))
    return csr_matrix((weights, np.arange(len(weights)), bounds), shape=(len(starts), len(weights)))


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """All blocks. ``columns`` are the numbers of the columns of X in the order used inside.

    ``clusters`` are the cluster codes in the order used inside; ``n_rows`` counts collapsed rows.
    """

    blocks: tuple[Block, ...]
    columns: Ints
    clusters: Ints
    n_rows: int

    def __iter__(self) -> Iterator[Block]:
        return iter(self.blocks)

    @property
    def n_clusters(self) -> int:
        return len(self.clusters)


@dataclass(frozen=True, slots=True, eq=False)
class _Sorted:
    """Rows in order of cluster and cell; ``fresh`` (n,) marks the first row of a cell."""

    order: Ints
    cluster: Ints
    fresh: NDArray[np.bool_]


def arrange(X: Matrix, y: Vector, size: Vector, cluster: Ints) -> Layout:
    """Arrange rows of X (n, p) with totals y and denominators size (n,) of clusters coded in ``cluster``.

    Collapsing adds up y and size; it leaves out no row and rounds nothing.
    """
    fine = _varying_columns(X, cluster)
    coarse = np.setdiff1d(np.arange(X.shape[1]), fine)
    found = _sorted_rows(X, coarse, cluster)
    if len(fine) and 2 * int(found.fresh.sum()) > len(y):
        fine, coarse = np.empty(0, dtype=np.intp), np.arange(X.shape[1])
        found = _sorted_rows(X, coarse, cluster)
    starts = np.flatnonzero(found.fresh)
    y, size = y[found.order], size[found.order]
    cells = np.ascontiguousarray(X[np.ix_(found.order[starts], coarse)])
    rest = np.asfortranarray(X[np.ix_(found.order, fine)])
    if not len(fine):
        y, size = np.add.reduceat(y, starts), np.add.reduceat(size, starts)
        found = _Sorted(found.order[starts], found.cluster[starts], np.ones(len(starts), dtype=np.bool_))
        rest = np.empty((len(starts), 0))
        starts = np.arange(len(starts))
    cut = _Cut(y, size, cells, rest, starts, found.cluster)
    return Layout(tuple(cut.blocks()), np.append(coarse, fine), cut.codes, len(y))


def _varying_columns(X: Matrix, cluster: Ints) -> Ints:
    """Columns with so many values in the first clusters that hardly two rows agree."""
    some = np.flatnonzero(cluster <= _last_sampled(cluster))
    if len(some) > 4 * SAMPLE_ROWS:
        some = some[: 4 * SAMPLE_ROWS]
    found = [j for j in range(X.shape[1]) if len(np.unique(X[some, j])) > len(some) / 4]
    return np.array(found, dtype=np.intp)


def _last_sampled(cluster: Ints) -> int:
    """The code up to which clusters, by number, hold at least the rows of a sample."""
    cumulative = np.cumsum(np.bincount(cluster))
    return min(int(np.searchsorted(cumulative, SAMPLE_ROWS)), len(cumulative) - 1)


def _sorted_rows(X: Matrix, coarse: Ints, cluster: Ints) -> _Sorted:
    order = np.argsort(cluster, kind="stable").astype(np.intp)
    fresh = _changes(X, coarse, cluster, order)
    if 8 * int(fresh.sum()) > len(order):
        keyed = np.lexsort((row_keys(X, coarse), cluster))
        again = _changes(X, coarse, cluster, keyed)
        if again.sum() < 0.9 * fresh.sum():
            order, fresh = keyed, again
    return _Sorted(order, cluster[order], fresh)


def _changes(X: Matrix, coarse: Ints, cluster: Ints, order: Ints) -> NDArray[np.bool_]:
    """Where a row differs from the row before it in the order; the first row differs."""
    fresh = np.ones(len(order), dtype=np.bool_)
    key = cluster[order]
    fresh[1:] = key[1:] != key[:-1]
    for j in coarse:
        column = X[order, j]
        fresh[1:] |= column[1:] != column[:-1]
    return fresh


def row_keys(X: Matrix, coarse: Ints) -> NDArray[np.uint64]:
    """A number for each row that is the same for equal rows; different rows nearly always differ."""
    keys = np.zeros(len(X), dtype=np.uint64)
    for number, j in enumerate(coarse):
        bits = (X[:, j] + 0.0).view(np.uint64)
        mixed = (bits ^ (bits >> np.uint64(32))) * np.uint64(MULTIPLIER)
        keys += (mixed ^ (mixed >> np.uint64(29))) * np.uint64(2 * number + 1)
    return keys


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """Sorted rows, about to be cut into blocks between clusters."""

    y: Vector
    size: Vector
    cells: Matrix
    fine: Matrix
    cell_at: Ints
    cluster: Ints

    @property
    def codes(self) -> Ints:
        return self.cluster[self._cluster_at()]

    def _cluster_at(self) -> Ints:
        return np.flatnonzero(np.append(True, self.cluster[1:] != self.cluster[:-1]))

    def blocks(self) -> Iterator[Block]:
        at = self._cluster_at()
        group = at // BLOCK_ROWS
        firsts = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
        for first, last in zip(firsts, np.append(firsts[1:], len(at)), strict=True):
            yield self._block(at, int(first), int(last))

    def _block(self, at: Ints, first: int, last: int) -> Block:
        rows = slice(int(at[first]), int(at[last]) if last < len(at) else len(self.y))
        low, high = np.searchsorted(self.cell_at, [rows.start, rows.stop])
        cell_at = self.cell_at[low:high] - rows.start
        cluster_at = at[first:last] - rows.start
        return Block(
            y=self.y[rows],
            size=self.size[rows],
            coarse=self.cells[low:high],
            fine=self.fine[rows],
            cell_at=cell_at,
            cell_rows=np.diff(cell_at, append=rows.stop - rows.start),
            cluster_at=cluster_at,
            cluster_cell_at=np.searchsorted(cell_at, cluster_at),
            clusters=slice(first, last),
        )
