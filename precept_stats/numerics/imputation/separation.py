"""Whether outcomes are separated: some combination of columns goes with events alone, or with none alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

MOVED = 1e-5
"""A movement of the most movable row, the largest coefficient being 1, that is more than rounding."""


def separating_columns(X: Matrix, y: Vector) -> tuple[int, ...]:
    """Columns of X (n, p) along which no row's likelihood falls and some row's rises; empty if none do so.

    A constant column is named only where no other takes part.

    Such a direction exists exactly if no maximum does, with effects of clusters or without (Albert and
    Anderson 1984, Biometrika 71:1). It is found by linear programming: with s = 1 for events and -1 for
    others, the largest sum of s x'd where no s x'd is negative and no coefficient is above 1.
    """
    size = np.max(np.abs(X), axis=0)
    moves = np.unique(np.where(y == 1.0, 1.0, -1.0)[:, None] * (X / np.where(size > 0.0, size, 1.0)), axis=0)
    found = linprog(-moves.mean(axis=0), A_ub=-moves, b_ub=np.zeros(len(moves)), bounds=(-1.0, 1.0))
    if found.x is None or float(np.max(moves @ found.x)) < MOVED:
        return ()
    moving = np.flatnonzero(np.abs(found.x) > MOVED)
    varying = moving[np.ptp(X[:, moving], axis=0) > 0.0]
    return tuple(int(j) for j in (varying if len(varying) else moving))
