"""Separation: covariates along which the likelihood rises for ever, so that there is no estimate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.glmm.families import Family
from precept_stats.numerics.glmm.layout import Layout

Vector = NDArray[np.float64]

TOLERANCE = 1e-3
"""What counts as no movement of a linear predictor, as a share of the largest movement."""

EDGE = 1e-12
"""Information in a row so small that its fitted mean is 0 (or 1) but for rounding."""


def rows_at_edge(layout: Layout, family: Family, params: Vector, modes: Vector) -> int:
    """How many rows have a fitted mean of 0 or 1 to rounding: no finite parameters give that."""
    count = 0
    for block in layout:
        eta = block.fixed_part(params) + block.spread(modes[block.clusters])
        _, _, second = family.curve(eta, block.y, block.size)
        count += int(np.sum(-second < EDGE))
    return count


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
    taking_part = np.abs(direction) > TOLERANCE * float(np.max(np.abs(direction)))
    return tuple(int(column) for column in np.sort(layout.columns[taking_part]))
