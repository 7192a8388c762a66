"""Rows arranged for sums by cluster: equal rows collapsed, columns split by how finely they vary.

Outcomes of a cluster (and period) that agree in every column enter the estimating equations through
their number, sum and sum of squares alone. Where a few columns vary from person to person, the others
still agree within cells, so that products of those columns cost as many operations as there are cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]
Ints = NDArray[np.intp]

SAMPLE = 512
"""Rows that are looked at to find the columns that vary from row to row."""

GOLDEN = 0.6180339887498949
"""Multiples of it, less their whole parts, weight the columns in a row's key."""


@dataclass(frozen=True, slots=True, eq=False)
class GeeRows:
    """Outcomes by row: ``count`` of them that share X (n, p), their ``total`` and sum of ``squares`` (n,).

    ``exposure`` multiplies the mean of each outcome (person-time; 1 otherwise). ``cluster`` (n,) numbers
    the K clusters from 0, and ``period`` (n,) the periods, in which correlations may differ. ``weight``
    (K,) multiplies the estimating function of each cluster.
    """

    X: Matrix
    count: Vector
    total: Vector
    squares: Vector
    exposure: Vector
    cluster: Ints
    period: Ints
    weight: Vector


def individual_rows(X: Matrix, y: Vector, cluster: Ints) -> GeeRows:
    """One outcome a row, of equal weight and without periods."""
    ones = np.ones(len(y))
    clusters = int(cluster.max()) + 1
    return GeeRows(X, ones, y, y * y, ones, cluster, np.zeros_like(cluster), np.ones(clusters))


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Rows in order of cluster, period and cell; ``_at`` arrays are where runs of rows (or cells) start.

    ``coarse`` (g, pc) are the columns that are constant in a cell, ``fine`` (n, pf) the others; inside,
    parameters are in the order ``columns`` of X. A segment is the part of a cluster in one period.
    """

    count: Vector
    total: Vector
    squares: Vector
    exposure: Vector
    coarse: Matrix
    fine: Matrix
    columns: Ints
    cell_at: Ints
    cell_rows: Ints
    segment_at: Ints
    segment_cell_at: Ints
    segment_cluster: Ints
    segment_period: Ints
    cluster_at: Ints
    cluster_cell_at: Ints
    weight: Vector

    @property
    def n_parameters(self) -> int:
        return len(self.columns)

    @property
    def n_clusters(self) -> int:
        return len(self.cluster_at)

    @property
    def row_weight(self) -> Vector:
        """The weight of each row's cluster (n,)."""
        return np.repeat(self.weight, np.diff(self.cluster_at, append=len(self.count)))

    def eta(self, params: Vector) -> Vector:
        """X @ params for each row (n,)."""
        pc = self.coarse.shape[1]
        eta: Vector = self.coarse @ params[:pc]
        if self.fine.shape[1]:
            eta = np.repeat(eta, self.cell_rows) + self.fine @ params[pc:]
        return eta

    def by_segment(self, values: Vector) -> Vector:
        """Sums over the rows of each segment (S,)."""
        return np.add.reduceat(values, self.segment_at)

    def segment_products(self, values: Vector) -> Matrix:
        """Sums of values times the columns by segment (S, p)."""
        coarse = np.add.reduceat(self._by_cell(values)[:, None] * self.coarse, self.segment_cell_at, axis=0)
        if not self.fine.shape[1]:
            return coarse
        return np.hstack([coarse, np.add.reduceat(values[:, None] * self.fine, self.segment_at, axis=0)])

    def gram(self, values: Vector) -> Matrix:
        """X' diag(values) X (p, p)."""
        return self._gram(values, slice(None), slice(None))

    def cluster_grams(self, values: Vector) -> NDArray[np.float64]:
        """X' diag(values) X by cluster (K, p, p)."""
        rows = np.append(self.cluster_at, len(self.count))
        cells = np.append(self.cluster_cell_at, len(self.cell_at))
        by_cell = self._by_cell(values)
        out = np.empty((self.n_clusters, self.n_parameters, self.n_parameters))
        for k in range(self.n_clusters):
            these = slice(rows[k], rows[k + 1]), slice(cells[k], cells[k + 1])
            out[k] = self._gram(values, *these, by_cell=by_cell)
        return out

    def _by_cell(self, values: Vector) -> Vector:
        return np.add.reduceat(values, self.cell_at) if self.fine.shape[1] else values

    def _gram(self, values: Vector, rows: slice, cells: slice, by_cell: Vector | None = None) -> Matrix:
        pc, pf = self.coarse.shape[1], self.fine.shape[1]
        coarse, fine = self.coarse[cells], self.fine[rows]
        weights = (self._by_cell(values) if by_cell is None else by_cell)[cells]
        if not pf:
            return coarse.T @ (weights[:, None] * coarse)
        out = np.empty((pc + pf, pc + pf))
        out[:pc, :pc] = coarse.T @ (weights[:, None] * coarse)
        weighted = values[rows, None] * fine
        out[pc:, pc:] = fine.T @ weighted
        starts = self.cell_at[cells] - self.cell_at[cells][0]
        out[:pc, pc:] = coarse.T @ np.add.reduceat(weighted, starts, axis=0)
        out[pc:, :pc] = out[:pc, pc:].T
        return out


def arrange(rows: GeeRows) -> Cells:
    """Arrange the rows; collapsing adds up counts, totals and squares, and leaves out nothing."""
    fine = _varying(np.column_stack([rows.X, rows.exposure]), rows.cluster)
    collapsible = not len(fine)
    fine = fine[fine < rows.X.shape[1]]
    coarse = np.setdiff1d(np.arange(rows.X.shape[1]), fine).astype(np.intp)
    order, fresh = _sorted(rows, coarse)
    starts = np.flatnonzero(fresh)
    cells = np.ascontiguousarray(rows.X[np.ix_(order[starts], coarse)])
    values = [array[order] for array in (rows.count, rows.total, rows.squares)]
    rest = np.ascontiguousarray(rows.X[np.ix_(order, fine)])
    if collapsible:
        values = [np.add.reduceat(array, starts) for array in values]
        order, rest, starts = order[starts], rest[starts], np.arange(len(starts))
    elif not len(fine):
        cells, starts = np.ascontiguousarray(rows.X[order]), np.arange(len(order))
    return _cut(rows, order, values, (cells, rest, starts, np.append(coarse, fine)))


def _cut(
    rows: GeeRows, order: Ints, values: list[Vector], blocks: tuple[Matrix, Matrix, Ints, Ints]
) -> Cells:
    cells, rest, starts, columns = blocks
    cluster, period = rows.cluster[order], rows.period[order]
    cluster_at = _changes(cluster)
    segment_at = np.union1d(cluster_at, _changes(period))
    return Cells(
        count=values[0],
        total=values[1],
        squares=values[2],
        exposure=rows.exposure[order],
        coarse=cells,
        fine=rest,
        columns=columns,
        cell_at=starts,
        cell_rows=np.diff(starts, append=len(order)),
        segment_at=segment_at,
        segment_cell_at=np.searchsorted(starts, segment_at),
        segment_cluster=np.searchsorted(cluster_at, segment_at, side="right") - 1,
        segment_period=period[segment_at],
        cluster_at=cluster_at,
        cluster_cell_at=np.searchsorted(starts, cluster_at),
        weight=rows.weight[cluster[cluster_at]],
    )


def _changes(codes: Ints) -> Ints:
    return np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))


def _varying(X: Matrix, cluster: Ints) -> Ints:
    """Columns with so many values in the first rows of the first clusters that hardly two rows agree."""
    some = (
        X[:SAMPLE] if np.all(cluster[:-1] <= cluster[1:]) else X[np.argsort(cluster, kind="stable")[:SAMPLE]]
    )
    ordered = np.sort(some, axis=0)
    values = 1 + np.count_nonzero(ordered[1:] != ordered[:-1], axis=0)
    return np.flatnonzero(values > max(len(some) / 4, 16))


def _sorted(rows: GeeRows, coarse: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """An order by cluster, period and cell, and which rows in that order begin a cell."""
    X = np.column_stack([rows.X[:, coarse], rows.exposure])
    code = rows.cluster * (int(rows.period.max(initial=0)) + 1) + rows.period
    order = np.arange(len(code)) if np.all(code[:-1] <= code[1:]) else np.argsort(code, kind="stable")
    fresh = _begins(X, code, order)
    if 8 * int(fresh.sum()) > len(order):
        key = X @ ((GOLDEN * np.arange(1, X.shape[1] + 1)) % 1.0)
        keyed = np.lexsort((key, code))
        again = _begins(X, code, keyed)
        if again.sum() < 0.9 * fresh.sum():
            return keyed, again
    return order, fresh


def _begins(X: Matrix, code: Ints, order: Ints) -> NDArray[np.bool_]:
    """Where a row differs from the row before it in the order; the first row differs."""
    if not np.array_equal(order, np.arange(len(order))):
        X, code = X[order], code[order]
    fresh = np.ones(len(order), dtype=np.bool_)
    fresh[1:] = np.any(X[1:] != X[:-1], axis=1) | (code[1:] != code[:-1])
    return fresh
