"""One pass over the rows: the cross-products by grouping level that are all a fit needs.

Columns are centred and scaled, and the outcome replaced by its least squares residual where the
fixed part explains nearly all of it, so that cross-products keep their digits. ``restore`` brings
parameters back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from precept_stats.errors import FitError
from precept_stats.numerics.mixed.model import (
    Category,
    Grouping,
    Ints,
    Matrix,
    MixedModel,
    Numeric,
    Vector,
    check,
)

Cube = NDArray[np.float64]

ALIAS_TOLERANCE = 1e-11
"""A column is aliased when columns before it explain all but this share of its squared length."""

CONSTANT_BELOW = 1e-12
"""A column whose spread is below this share of its mean is constant up to rounding."""

EXACT_BELOW = 1e-13
"""A residual sum of squares below this share of the outcome's is rounding."""

REFINE_BELOW = 1e-3
"""The outcome is replaced by its residual when the fixed part leaves less than this share of its squares."""


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """Cross-products of Y = [X, y] and of the random columns Z, weighted.

    ``YY`` is (p + 1, p + 1). For grouping factor f, ``ZY[f]`` is (levels, q, p + 1) and ``ZZ[f]`` is
    (levels, q, q), q being the factor's random coefficients a level over all its terms. ``cross[f, g]``,
    f < g, is the sparse (levels_f * q_f, levels_g * q_g) matrix Z_f'WZ_g. ``restore`` (p, p), upper
    triangular, takes parameters of the centred columns to those asked for; ``start`` (p,) is added after.
    """

    n: float
    log_weights: float
    YY: Matrix
    ZZ: tuple[Cube, ...]
    ZY: tuple[Cube, ...]
    cross: dict[tuple[int, int], sparse.csr_array]
    restore: Matrix
    start: Vector

    @property
    def p(self) -> int:
        return len(self.YY) - 1


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """The numeric columns as rows of ``values`` (k, n): constant, fixed, outcome, slopes.

    ``fixed`` and ``slopes`` say in which row a term's name stands; ``outcome`` is the row of y;
    ``shift`` and ``scale`` (k,) are what was taken off and divided by. ``weights`` (n,) or None.
    """

    values: Matrix
    weights: Vector | None
    fixed: dict[int, int]
    slopes: dict[int, int]
    outcome: int
    shift: Vector
    scale: Vector

    def times(self, row: int, other: int) -> Vector:
        """Weighted products of two rows, (n,); row 0 is the constant."""
        found = self.values[other] if row == 0 else self.values[row] * self.values[other]
        products: Vector = found if self.weights is None else found * self.weights
        return products


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Rows summed over combinations of codes; ``sums[z][j]`` are sums of z times column j by cell."""

    codes: dict[int, Ints]
    sums: dict[int, Matrix]


def factors(model: MixedModel) -> tuple[Grouping, ...]:
    """The grouping factors, each once, in the order of the terms."""
    found: list[Grouping] = []
    for term in model.random:
        if not any(term.grouping is known for known in found):
            found.append(term.grouping)
    return tuple(found)


def collect(model: MixedModel) -> Statistics:
    """The cross-products of a model's rows. Raises FitError for unusable rows and aliased columns."""
    check(model)
    columns = _columns(model)
    found = _assemble(model, columns)
    refuse_aliased(found.YY[:-1, :-1], model.fixed.names)
    p, yy = found.p, float(found.YY[-1, -1])
    start = linalg.solve(found.YY[:p, :p], found.YY[:p, p], assume_a="pos") if p else np.zeros(0)
    left = yy - float(start @ found.YY[:p, p])
    if not left > EXACT_BELOW * yy:
        raise FitError(
            "the outcome does not vary about the fixed effects",
            found=f"a residual sum of squares of {max(left, 0.0):g}",
            allowed="an outcome that the fixed effects do not explain exactly",
        )
    if p and left < REFINE_BELOW * yy:
        _subtract_fitted(model, columns, start)
        found = _assemble(model, columns, start)
    return found


def _columns(model: MixedModel) -> _Columns:
    """Fixed columns centred (with an intercept) and scaled; the outcome less its offset, centred."""
    rows, terms = model.rows, model.fixed.terms
    numeric = {i: term.values for i, term in enumerate(terms) if isinstance(term, Numeric)}
    slopes = {id(slope): slope.values for term in model.random for slope in term.slopes}
    y = rows.y if rows.offset is None else rows.y - rows.offset
    values = np.empty((2 + len(numeric) + len(slopes), len(y)))
    values[0] = 1.0
    for row, column in enumerate((*numeric.values(), y, *slopes.values()), start=1):
        values[row] = column
    weights = rows.weights
    if rows.repeats is not None:
        weights = rows.repeats if weights is None else weights * rows.repeats
    shift, scale = np.zeros(len(values)), np.ones(len(values))
    outcome = 1 + len(numeric)
    for row in range(1, outcome + 1):
        if model.fixed.intercept:
            shift[row] = np.average(values[row], weights=weights)
            values[row] -= shift[row]
        spread = float(np.sqrt(values[row] @ values[row] / len(y)))
        constant = spread <= CONSTANT_BELOW * abs(shift[row])
        scale[row] = 1.0 if constant or spread == 0.0 or row == outcome else spread
        values[row] *= 0.0 if constant else 1.0 / scale[row]
    fixed = {i: row for row, i in enumerate(numeric, start=1)}
    where = {key: outcome + 1 + i for i, key in enumerate(slopes)}
    return _Columns(values, weights, fixed, where, outcome, shift, scale)


def _subtract_fitted(model: MixedModel, columns: _Columns, start: Vector) -> None:
    """Replace the outcome row by its residual from the parameters ``start`` of the centred columns."""
    place = int(model.fixed.intercept)
    y = columns.values[columns.outcome]
    if model.fixed.intercept:
        y -= start[0]
    for i, term in enumerate(model.fixed.terms):
        if isinstance(term, Numeric):
            y -= start[place] * columns.values[columns.fixed[i]]
            place += 1
        else:
            width = len(term.levels) - 1
            y -= np.concatenate([[0.0], start[place : place + width]])[term.codes]
            place += width


def _cells(model: MixedModel, columns: _Columns) -> _Cells:
    """Sums by combination of codes where these are few; else products row by row."""
    coded = {id(g): (g.codes, g.levels) for g in factors(model)}
    coded |= {id(t): (t.codes, len(t.levels)) for t in model.fixed.terms if isinstance(t, Category)}
    sizes = [levels for _, levels in coded.values()]
    n, cells = columns.values.shape[1], int(np.prod([float(size) for size in sizes]))
    multipliers = (0, *columns.slopes.values())
    rows = range(len(columns.values))
    if cells > n // 2:
        sums = {z: np.array([columns.times(z, j) for j in rows]) for z in multipliers}
        return _Cells({key: codes for key, (codes, _) in coded.items()}, sums)
    code = np.zeros(n, dtype=np.intp)
    for codes, levels in coded.values():
        code *= levels
        code += codes
    sums = {
        z: np.array([np.bincount(code, columns.times(z, j), minlength=cells) for j in rows])
        for z in multipliers
    }
    used = np.flatnonzero(np.bincount(code, minlength=cells))
    unravelled = np.unravel_index(used, sizes)
    return _Cells(dict(zip(coded, unravelled, strict=True)), {z: table[:, used] for z, table in sums.items()})


def _assemble(model: MixedModel, columns: _Columns, start: Vector | None = None) -> Statistics:
    cells, groups = _cells(model, columns), factors(model)
    width = len(model.fixed.names)
    rows = model.rows
    YY = _fixed_products(model, columns, cells)
    YY[-1, -1] += rows.within
    n = float(len(rows.y) if rows.repeats is None else rows.repeats.sum())
    logs = 0.0
    if rows.weights is not None:
        logs = float(np.log(rows.weights) @ (np.ones_like(rows.y) if rows.repeats is None else rows.repeats))
    coefficients = [_coefficients(model, columns, group) for group in groups]
    restore, shift = _restoration(model, columns)
    return Statistics(
        n=n,
        log_weights=logs,
        YY=YY,
        ZZ=tuple(_level_products(cells, g, c) for g, c in zip(groups, coefficients, strict=True)),
        ZY=tuple(
            np.stack([_by_level(model, columns, cells, (g, z)) for z in c], axis=1)
            for g, c in zip(groups, coefficients, strict=True)
        ),
        cross={
            (f, g): _cross(cells, (groups[f], coefficients[f]), (groups[g], coefficients[g]))
            for f in range(len(groups))
            for g in range(f + 1, len(groups))
        },
        restore=restore,
        start=shift + restore @ (start if start is not None else np.zeros(width)),
    )


def _coefficients(model: MixedModel, columns: _Columns, group: Grouping) -> tuple[int, ...]:
    """The multiplier (row of the columns, 0 for the constant) of each random coefficient of a factor."""
    found: list[int] = []
    for term in model.random:
        if term.grouping is group:
            found += [0] * term.intercept + [columns.slopes[id(slope)] for slope in term.slopes]
    return tuple(found)


def _level_products(cells: _Cells, group: Grouping, coefficients: tuple[int, ...]) -> Cube:
    codes = cells.codes[id(group)]
    q = len(coefficients)
    found = np.empty((group.levels, q, q))
    for a, first in enumerate(coefficients):
        for b, second in enumerate(coefficients):
            found[:, a, b] = np.bincount(codes, cells.sums[first][second], minlength=group.levels)
    return found


def _by_level(model: MixedModel, columns: _Columns, cells: _Cells, at: tuple[Grouping, int]) -> Matrix:
    """Sums by level of a multiplier times each column of Y, (levels, p + 1)."""
    group, z = at
    codes, sums = cells.codes[id(group)], cells.sums[z]
    parts = [np.bincount(codes, sums[0], minlength=group.levels)[:, None]] * model.fixed.intercept
    for i, term in enumerate(model.fixed.terms):
        if isinstance(term, Numeric):
            totals = np.bincount(codes, sums[columns.fixed[i]], minlength=group.levels)
            parts.append(totals[:, None])
        else:
            parts.append(_two_way((codes, group.levels), (cells.codes[id(term)], len(term.levels)), sums[0]))
    parts.append(np.bincount(codes, sums[columns.outcome], minlength=group.levels)[:, None])
    return np.hstack(parts)


def _two_way(first: tuple[Ints, int], second: tuple[Ints, int], values: Vector) -> Matrix:
    """Totals by two codes, (levels, other levels - 1): the first level of the second is the reference."""
    size = first[1] * second[1]
    table = np.bincount(first[0] * second[1] + second[0], values, minlength=size)
    return table.reshape(first[1], second[1])[:, 1:]


def _fixed_products(model: MixedModel, columns: _Columns, cells: _Cells) -> Matrix:
    """Y'WY, (p + 1, p + 1)."""
    rows, places = [0] * model.fixed.intercept, [0] * model.fixed.intercept
    coded: list[tuple[Category, slice]] = []
    width = len(rows)
    for i, term in enumerate(model.fixed.terms):
        if isinstance(term, Numeric):
            rows, places, width = [*rows, columns.fixed[i]], [*places, width], width + 1
        else:
            coded.append((term, slice(width, width + len(term.levels) - 1)))
            width += len(term.levels) - 1
    rows, places = [*rows, columns.outcome], [*places, width]
    found = np.empty((width + 1, width + 1))
    dense = columns.values[: columns.outcome + 1]
    products = (dense if columns.weights is None else dense * columns.weights) @ dense.T
    found[np.ix_(places, places)] = products[np.ix_(rows, rows)]
    for number, (term, own) in enumerate(coded):
        one = cells.codes[id(term)], len(term.levels)
        for row, place in zip(rows, places, strict=True):
            found[own, place] = np.bincount(one[0], cells.sums[0][row], minlength=one[1])[1:]
            found[place, own] = found[own, place]
        for other, theirs in coded[: number + 1]:
            pair = one, (cells.codes[id(other)], len(other.levels))
            found[own, theirs] = _two_way(*pair, cells.sums[0][0])[1:]
            found[theirs, own] = found[own, theirs].T
    return found


def _cross(
    cells: _Cells, first: tuple[Grouping, tuple[int, ...]], second: tuple[Grouping, tuple[int, ...]]
) -> sparse.csr_array:
    (f, one), (g, other) = first, second
    rows, columns, values = [], [], []
    for a, z in enumerate(one):
        for b, row in enumerate(other):
            rows.append(cells.codes[id(f)] * len(one) + a)
            columns.append(cells.codes[id(g)] * len(other) + b)
            values.append(cells.sums[z][row])
    shape = f.levels * len(one), g.levels * len(other)
    where = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_array(sparse.coo_array((np.concatenate(values), where), shape=shape))


def _restoration(model: MixedModel, columns: _Columns) -> tuple[Matrix, Vector]:
    """The matrix that takes parameters of the centred, scaled columns back, and what centring y took off."""
    width, place = len(model.fixed.names), int(model.fixed.intercept)
    restore, shift = np.eye(width), np.zeros(width)
    if model.fixed.intercept:
        shift[0] = columns.shift[columns.outcome]
    for i, term in enumerate(model.fixed.terms):
        if isinstance(term, Numeric):
            row = columns.fixed[i]
            restore[place, place] = 1.0 / columns.scale[row]
            if model.fixed.intercept:
                restore[0, place] = -columns.shift[row] / columns.scale[row]
            place += 1
        else:
            place += len(term.levels) - 1
    return restore, shift


def refuse_aliased(XX: Matrix, names: tuple[str, ...]) -> None:
    """FitError naming the fixed columns that are combinations of columns before them."""
    p = len(XX)
    factor, aliased = np.zeros((p, p)), []
    for j in range(p):
        column = XX[j:, j] - factor[j:, :j] @ factor[j, :j]
        if column[0] <= ALIAS_TOLERANCE * XX[j, j] or XX[j, j] <= 0.0:
            aliased.append(names[j])
        else:
            factor[j:, j] = column / np.sqrt(column[0])
    if aliased:
        raise FitError(
            "fixed effects cannot be told apart",
            found=f"{', '.join(aliased)}: fixed by the terms before",
            allowed="columns that vary and are not combinations of others; drop or merge them",
        )
