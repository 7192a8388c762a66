"""Separation: covariates along which the likelihood rises for ever, so that there is no estimate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.glmm.families import Family
from precept_stats.numerics.glmm.layout import Block, Layout

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

TOLERANCE = 1e-6
"""What counts as no movement of a linear predictor, as a share of the largest movement."""

EDGE = 1e-12
"""Information in a row so small that its fitted mean is 0 (or 1) but for rounding."""

UNKNOWN = 1e3
"""A standard error of a linear predictor, at a column's typical value, that tells nothing."""


def runs_away(layout: Layout, family: Family, params: Vector, modes: Vector, variances: Vector) -> bool:
    """Whether fitted means are 0 or 1 to rounding and ``variances`` of the parameters (p,) without bound.

    A row far from all others may be fitted as 0 or 1 by well-determined parameters; that is no flaw.
    """
    at_edge = False
    for block in layout:
        eta = block.fixed_part(params) + block.spread(modes[block.clusters])
        _, _, second = family.curve(eta, block.y, block.size)
        at_edge |= bool(np.any(-second < EDGE))
    return at_edge and not np.all(np.sqrt(variances) * _typical_values(layout) < UNKNOWN)


def rows_at_edge(X: Matrix, second: Vector, variances: Vector) -> bool:
    """The same for rows as they are: ``second`` (n,) are second derivatives at the fit, X (n, p)."""
    if not np.any(-second < EDGE):
        return False
    typical = [float(np.median(column[column > 0.0])) if column.any() else 0.0 for column in np.abs(X).T]
    return not np.all(np.sqrt(variances) * np.array(typical) < UNKNOWN)


def _typical_values(layout: Layout) -> Vector:
    """The median of the absolute values of each column that are not 0 (p,)."""
    columns = zip(*([*block.coarse.T, *block.fine.T] for block in layout), strict=True)
    values = [np.abs(np.concatenate(parts)) for parts in columns]
    return np.array([float(np.median(value[value > 0.0])) if value.any() else 0.0 for value in values])


def separating_columns(layout: Layout, direction: Vector, *, counts: bool) -> tuple[int, ...]:
    """Columns (in the order of X) by which the direction (p,) separates the rows; empty when it does not.

    A direction separates when no row's likelihood falls along it, however far: rows with events do not
    go down, rows with other than events do not go up (``counts``: rows with events stay, rows without go
    down). That is the condition under which no finite maximum exists, whatever the random effects
    (Albert and Anderson 1984, Biometrika 71:1). It is checked on every row, to a tolerance.
    """
    moves = [block.fixed_part(direction) for block in layout]
    largest = max(float(np.max(np.abs(move))) for move in moves)
    if largest == 0.0:
        return ()
    for block, move in zip(layout, moves, strict=True):
        limit = TOLERANCE * largest
        events = block.y > 0
        others = np.ones_like(events) if counts else block.y < block.size
        if np.any(move[events] < -limit) or np.any(move[others] > limit):
            return ()
    reach = np.max([_largest_values(block) for block in layout], axis=0) * np.abs(direction)
    taking_part = reach > 1e-3 * largest
    return tuple(int(column) for column in np.sort(layout.columns[taking_part]))


def _largest_values(block: Block) -> Vector:
    columns = [*block.coarse.T, *block.fine.T]
    return np.array([float(np.max(np.abs(column))) for column in columns])
