"""One pass over the rows: means by cell, and cross-products within cells by residual group.

Columns are split into their means by cell and deviations from these before any product is formed, so
that what varies only between cells adds exactly nothing within them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from precept_stats.errors import FitError
from precept_stats.numerics.cells.model import CellModel, check
from precept_stats.numerics.cells.structures import Seen
from precept_stats.numerics.mixed.model import Category, Fixed, Ints, Matrix, Numeric, Vector
from precept_stats.numerics.mixed.statistics import EXACT_BELOW, REFINE_BELOW, refuse_aliased

Array = NDArray[np.float64]

CONSTANT_BELOW = 1e-12
"""A column whose deviations are below this share of its largest value is constant up to rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class CellStatistics:
    """What a fit needs of the rows, for Y = [X, y] of c = p + 1 columns, K clusters and T places for cells.

    ``means`` (K, T, c) are weighted means by cell, zero in absent cells; ``n`` (K, T) the weights' sums and
    ``groups`` (K, T) the residual group, -1 in absent cells. ``within`` (g, c, c) are weighted
    cross-products of deviations from the means of the cells, ``inner`` (g,) rows less cells.
    ``log_sums`` is the sum of log n over cells less that of the log weights over rows. ``restore`` and
    ``start`` take parameters of the centred columns to those asked for; ``unit`` is the root mean square
    of the outcome about the fixed effects.
    """

    rows: float
    log_sums: float
    means: Array
    n: Matrix
    groups: Ints
    within: Array
    inner: Vector
    restore: Matrix
    start: Vector
    unit: float
    seen: Seen

    @property
    def p(self) -> int:
        return len(self.restore)


@dataclass(frozen=True, slots=True, eq=False)
class _Split:
    """One term of Y by cell: means (cells, width), and by row what varies within cells.

    ``deviations`` (n,) of a numeric column or ``codes`` (n,) of a category; both None where the term is
    constant within cells.
    """

    means: Matrix
    deviations: Vector | None = None
    codes: Ints | None = None

    @property
    def width(self) -> int:
        return int(self.means.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Rows by cell: the cell, weights (None: all 1) and residual group of a row; sums of weights by cell."""

    cells: Ints
    weights: Vector | None
    groups: Ints | None
    n: Vector
    group_count: int

    def total(self, values: Vector) -> Vector:
        """Weighted sums by cell."""
        weighted = values if self.weights is None else values * self.weights
        return np.bincount(self.cells, weighted, minlength=len(self.n))

    def by_group(self, values: Vector) -> Vector:
        """Weighted sums by residual group (g,)."""
        weighted = values if self.weights is None else values * self.weights
        if self.groups is None:
            return np.array([weighted.sum()])
        return np.bincount(self.groups, weighted, minlength=self.group_count)

    def by_group_and(self, codes: Ints, levels: int, values: Vector | None = None) -> Matrix:
        """Weighted sums by residual group and code, (g, levels)."""
        code = codes if self.groups is None else self.groups * levels + codes
        weighted = self.weights if values is None or self.weights is None else values * self.weights
        weighted = values if self.weights is None else weighted
        size = self.group_count * levels
        return np.bincount(code, weighted, minlength=size).reshape(self.group_count, levels).astype(float)


def collect(model: CellModel) -> CellStatistics:
    """The statistics of a model's rows. Raises FitError for unusable rows and aliased columns.

    Where the fixed part explains nearly all of the outcome, statistics are those of its residual.
    """
    check(model)
    rows = _by_cell(model)
    columns = [_split(rows, term) for term in model.fixed.terms]
    if model.fixed.intercept:
        columns.insert(0, _Split((rows.n > 0).astype(np.float64)[:, None]))
    y = model.rows.y if model.rows.offset is None else model.rows.y - model.rows.offset
    found = _of_outcome(model, rows, columns, y)
    refuse_aliased(cross_products(found)[:-1, :-1], model.fixed.names)
    beta, left, whole = _least_squares(found)
    if not left > EXACT_BELOW * whole:
        raise FitError(
            "the outcome does not vary about the fixed effects",
            found=f"a residual sum of squares of {max(left, 0.0):g}",
            allowed="an outcome that the fixed effects do not explain exactly",
        )
    if left < REFINE_BELOW * whole:
        params = found.restore @ beta + found.start
        found = _of_outcome(model, rows, columns, y - _fitted(model.fixed, params, len(y)))
        found = replace(found, start=found.start + params)
        left = _least_squares(found)[1]
    return replace(found, unit=float(np.sqrt(left / found.rows)))


def _of_outcome(model: CellModel, rows: _Rows, columns: list[_Split], y: Vector) -> CellStatistics:
    splits = [*columns, _split(rows, Numeric("outcome", y))]
    means = np.hstack([split.means for split in splits])
    within = _within(rows, splits)
    within[:, -1, -1] += _sums_within_rows(model)
    return _centred(_assembled(model, rows, means, within), model.fixed.intercept)


def _fitted(fixed: Fixed, params: Vector, n: int) -> Vector:
    """The fixed part of every row (n,)."""
    place = int(fixed.intercept)
    fitted = np.full(n, params[0] if fixed.intercept else 0.0)
    for term in fixed.terms:
        if isinstance(term, Numeric):
            fitted += params[place] * term.values
            place += 1
        else:
            width = len(term.levels) - 1
            fitted += np.concatenate([[0.0], params[place : place + width]])[term.codes]
            place += width
    return fitted


def _least_squares(found: CellStatistics) -> tuple[Vector, float, float]:
    """Parameters of the centred columns, the residual sum of squares, and that of the outcome."""
    p, total = found.p, cross_products(found)
    beta = linalg.solve(total[:p, :p], total[:p, p], assume_a="pos") if p else np.zeros(0)
    return beta, float(total[p, p] - beta @ total[:p, p]), float(total[p, p])


def _by_cell(model: CellModel) -> _Rows:
    raw, cells = model.rows, model.cells
    weights = raw.weights
    if raw.repeats is not None:
        weights = raw.repeats if weights is None else weights * raw.repeats
    n = np.bincount(cells, weights, minlength=model.cluster.levels * model.periods).astype(np.float64)
    residual = model.residual
    groups = None if residual is None or len(residual.names) == 1 else residual.codes
    return _Rows(cells, weights, groups, n, len(model.residual_names))


def _sums_within_rows(model: CellModel) -> Vector:
    if model.residual is not None and model.residual.within is not None:
        return model.residual.within
    found = np.zeros(len(model.residual_names))
    found[0] = model.rows.within
    return found


def _constant_in_cells(rows: _Rows, codes: Ints) -> tuple[Ints, bool]:
    """The code of one row of each cell, and whether that is the code of all its rows."""
    one = np.zeros(len(rows.n), dtype=np.intp)
    one[rows.cells] = codes
    return one, bool((one[rows.cells] == codes).all())


def _split(rows: _Rows, term: Numeric | Category) -> _Split:
    if isinstance(term, Category):
        return _split_category(rows, term)
    safe = np.where(rows.n > 0, rows.n, 1.0)
    means = rows.total(term.values) / safe
    deviations = term.values - means[rows.cells]
    if float(np.abs(deviations).max()) <= CONSTANT_BELOW * float(np.abs(term.values).max()):
        return _Split(means[:, None])
    return _Split(means[:, None], deviations=deviations - (rows.total(deviations) / safe)[rows.cells])


def _split_category(rows: _Rows, term: Category) -> _Split:
    levels = len(term.levels)
    one, constant = _constant_in_cells(rows, term.codes)
    if constant:
        table = (one[:, None] == np.arange(1, levels)).astype(np.float64)
        table[rows.n == 0] = 0.0
        return _Split(table)
    size = len(rows.n) * levels
    counts = np.bincount(rows.cells * levels + term.codes, rows.weights, minlength=size)
    shares = counts.reshape(len(rows.n), levels)[:, 1:] / np.where(rows.n > 0, rows.n, 1.0)[:, None]
    return _Split(shares, codes=term.codes)


def _within(rows: _Rows, splits: list[_Split]) -> Array:
    """Cross-products of deviations from the means of the cells, by residual group (g, c, c)."""
    ends = np.cumsum([split.width for split in splits])
    found = np.zeros((rows.group_count, int(ends[-1]), int(ends[-1])))
    for i, one in enumerate(splits):
        for j, other in enumerate(splits[: i + 1]):
            block = _block(rows, one, other)
            if block is not None:
                here, there = slice(ends[i] - one.width, ends[i]), slice(ends[j] - other.width, ends[j])
                found[:, here, there] = block
                found[:, there, here] = block.transpose(0, 2, 1)
    return found


def _block(rows: _Rows, one: _Split, other: _Split) -> Array | None:
    """The cross-products of two terms (g, width, width); None where one is constant within cells."""
    if one.deviations is not None and other.deviations is not None:
        return rows.by_group(one.deviations * other.deviations)[:, None, None]
    if one.codes is not None and other.codes is not None:
        return _between_categories(rows, (one.codes, one.means), (other.codes, other.means))
    if one.codes is not None and other.deviations is not None:
        return rows.by_group_and(one.codes, one.width + 1, other.deviations)[:, 1:, None]
    if one.deviations is not None and other.codes is not None:
        return rows.by_group_and(other.codes, other.width + 1, one.deviations)[:, None, 1:]
    return None


def _between_categories(rows: _Rows, one: tuple[Ints, Matrix], other: tuple[Ints, Matrix]) -> Array:
    (codes, means), (others, other_means) = one, other
    shape = means.shape[1] + 1, other_means.shape[1] + 1
    together = rows.by_group_and(codes * shape[1] + others, shape[0] * shape[1])
    found = together.reshape(-1, *shape)[:, 1:, 1:]
    group = np.zeros(len(rows.n), dtype=np.intp)
    if rows.groups is not None:
        group[rows.cells] = rows.groups
    for g in range(rows.group_count):
        n = np.where(group == g, rows.n, 0.0)
        found[g] -= means.T @ (n[:, None] * other_means)
    return found


def _assembled(model: CellModel, rows: _Rows, means: Matrix, within: Array) -> CellStatistics:
    shape = model.cluster.levels, model.periods
    present = rows.n > 0
    repeats = model.rows.repeats
    count = np.bincount(rows.cells, repeats, minlength=len(rows.n)).astype(np.float64)
    logs = float(np.log(rows.n[present]).sum())
    if model.rows.weights is not None:
        logs -= float(
            np.log(model.rows.weights) @ (np.ones_like(model.rows.y) if repeats is None else repeats)
        )
    group = _cell_groups(model, rows)
    inner = np.bincount(group[present], (count - 1.0)[present], minlength=rows.group_count)
    p = means.shape[1] - 1
    return CellStatistics(
        rows=float(count.sum()),
        log_sums=logs,
        means=means.reshape(*shape, p + 1),
        n=rows.n.reshape(shape),
        groups=np.where(present, group, -1).reshape(shape),
        within=within,
        inner=inner,
        restore=np.eye(p),
        start=np.zeros(p),
        unit=1.0,
        seen=_seen(model, rows, count),
    )


def _cell_groups(model: CellModel, rows: _Rows) -> Ints:
    """The residual group of each cell; FitError where a cell holds several."""
    if rows.groups is None:
        return np.zeros(len(rows.n), dtype=np.intp)
    group, constant = _constant_in_cells(rows, rows.groups)
    if not constant:
        mixed = np.unique(rows.cells[group[rows.cells] != rows.groups])
        raise FitError(
            "a residual group must be constant within a cell",
            found=f"{len(mixed)} cells with rows of several of {', '.join(model.residual_names)}",
            allowed="cells (cluster by period) that lie in one group; name the period",
        )
    return group


def _seen(model: CellModel, rows: _Rows, count: Vector) -> Seen:
    shape = model.cluster.levels, model.periods
    columns = np.zeros((len(rows.n), len(model.structure.columns)))
    for place, column in enumerate(model.structure.columns):
        split = _split(rows, column)
        if split.deviations is not None:
            raise FitError(
                f"{column.name} has random effects and must be constant within a cell",
                found=f"{np.count_nonzero(rows.total(np.abs(split.deviations)))} cells in which it varies",
                allowed="a column with one value in each cluster and period",
            )
        columns[:, place] = split.means[:, 0]
    return Seen((rows.n > 0).reshape(shape), count.reshape(shape), columns.reshape(*shape, -1))


def _centred(found: CellStatistics, intercept: bool) -> CellStatistics:
    """Columns centred (with an intercept) and scaled; the outcome centred."""
    present, p = found.seen.present[:, :, None], found.p
    means, within, restore = found.means, found.within, found.restore.copy()
    start, scale = np.zeros(p), np.ones(p + 1)
    total = found.n.sum()
    first = int(intercept)
    if intercept:
        shift = np.einsum("kt,ktc->c", found.n, means) / total
        shift[0] = 0.0
        means = np.where(present, means - shift, 0.0)
        start[0] = shift[p]
        size = np.abs(found.means).max(axis=(0, 1))
        means[:, :, np.abs(means).max(axis=(0, 1)) <= CONSTANT_BELOW * size] = 0.0
    squares = np.einsum("kt,ktc,ktc->c", found.n, means, means) + np.einsum("gcc->c", within)
    spread = np.sqrt(squares / total)
    scale[first:p] = np.where(spread[first:p] > 0.0, spread[first:p], 1.0)
    restore = np.diag(1.0 / scale[:p])
    if intercept:
        restore[0, 1:] = -shift[1:p] / scale[1:p]
    return replace(
        found,
        means=means / scale,
        within=within / np.outer(scale, scale),
        restore=restore,
        start=start,
    )


def cross_products(found: CellStatistics) -> Matrix:
    """Y'WY over all rows, (c, c)."""
    flat = found.means.reshape(-1, found.p + 1)
    total: Matrix = flat.T @ (found.n.reshape(-1, 1) * flat) + found.within.sum(axis=0)
    return total
