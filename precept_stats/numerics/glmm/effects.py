"""Rows with any random effects: arranged by the grouping factor that is eliminated, and what joins them.

Every random effect is a coefficient of a level of a grouping factor: eta = offset + X beta + A u with
u ~ N(0, I) and A = Z L, row by row, L the lower triangular factor of the covariance of a level's
coefficients. A variance of 0 is a column of zeros in L, and needs no other treatment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.glmm.layout import row_keys
from precept_stats.numerics.mixed.covariance import Structure, structure
from precept_stats.numerics.mixed.model import Fixed, Grouping, MixedModel, Numeric, Random, Rows
from precept_stats.numerics.mixed.statistics import factors

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class StructuredRows:
    """Totals y (n,) with denominators size (n,), X (n, p) of full rank, and the random terms.

    ``offset`` (n,) is added to the linear predictor. Terms that name the same ``Grouping`` object are
    independent of each other.
    """

    X: Matrix
    y: Vector
    size: Vector
    random: tuple[Random, ...]
    offset: Vector | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """One grouping factor: ``codes`` (n,) number the levels that have rows, Z (n, q) their coefficients.

    ``present`` are those levels' numbers in the caller's grouping, of ``total`` levels.
    """

    name: str
    codes: Ints
    levels: int
    Z: Matrix
    present: Ints
    total: int

    @property
    def width(self) -> int:
        return int(self.Z.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """Sorted, collapsed rows. ``factors[first]`` is eliminated first; rows are in order of its codes.

    ``structure`` numbers the variance parameters: the lower triangles of L, column by column, by term.
    """

    X: Matrix
    y: Vector
    size: Vector
    offset: Vector
    factors: tuple[Factor, ...]
    first: int
    structure: Structure


def arrange_effects(rows: StructuredRows, *, collapse: bool) -> Effects:
    """Sort rows by the factor with the most levels; add up rows that agree in all but y and size.

    ``collapse`` must be off for a family whose rows cannot be added up.
    """
    terms = MixedModel(Rows(rows.y), Fixed(), rows.random)
    groups, kept = factors(terms), structure(terms)
    found = [_factor(group, rows.random) for group in groups]
    first = int(np.argmax([factor.levels for factor in found]))
    offset = np.zeros(len(rows.y)) if rows.offset is None else rows.offset
    columns = np.column_stack([rows.X, offset, *[f.Z for f in found], *[f.codes for f in found]])
    order, fresh = _in_order(columns, found[first].codes, collapse)
    starts = np.flatnonzero(fresh)
    lead = order[starts]
    return Effects(
        X=np.ascontiguousarray(rows.X[lead]),
        y=np.add.reduceat(rows.y[order], starts),
        size=np.add.reduceat(rows.size[order], starts),
        offset=offset[lead],
        factors=tuple(replace(f, codes=f.codes[lead], Z=np.ascontiguousarray(f.Z[lead])) for f in found),
        first=first,
        structure=kept,
    )


def _factor(group: Grouping, random: tuple[Random, ...]) -> Factor:
    present, codes = np.unique(group.codes, return_inverse=True)
    columns = []
    for term in random:
        if term.grouping is group:
            columns += [np.ones(len(codes))] if term.intercept else []
            columns += [slope.values for slope in term.slopes]
    Z = np.column_stack(columns).astype(np.float64)
    return Factor(group.name, codes.astype(np.intp), len(present), Z, present, group.levels)


def _in_order(columns: Matrix, codes: Ints, collapse: bool) -> tuple[Ints, NDArray[np.bool_]]:
    """The order of rows by code, equal rows side by side, and which row of that order is a new one."""
    keys = row_keys(columns, np.arange(columns.shape[1]))
    order = np.lexsort((keys, codes)).astype(np.intp)
    if not collapse:
        return order, np.ones(len(order), dtype=np.bool_)
    ordered, fresh = keys[order], np.ones(len(order), dtype=np.bool_)
    fresh[1:] = (ordered[1:] != ordered[:-1]) | (codes[order][1:] != codes[order][:-1])
    same = np.flatnonzero(~fresh)
    fresh[same] = np.any(columns[order[same]] != columns[order[same - 1]], axis=1)
    return order, fresh


def subset(random: tuple[Random, ...], chosen: Ints) -> tuple[Random, ...]:
    """The terms for a choice of rows, terms of one grouping still sharing it."""
    known: dict[int, Grouping] = {}
    for term in random:
        group = term.grouping
        known.setdefault(id(group), Grouping(group.name, group.codes[chosen], group.levels))
    return tuple(
        Random(
            known[id(term.grouping)],
            tuple(Numeric(s.name, s.values[chosen]) for s in term.slopes),
            term.intercept,
        )
        for term in random
    )
