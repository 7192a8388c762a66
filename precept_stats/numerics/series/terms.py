"""Columns of a segmented regression, from whole-number positions in time (one a month, a quarter, a year).

A position is counted from any origin. Every shape is 0 before its interruption, so that leaving its column
out of a fitted line gives what would have been without it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]


def step(positions: Ints, start: int) -> Vector:
    """1 from ``start`` on: a change of level."""
    return (positions >= start).astype(np.float64)


def ramp(positions: Ints, start: int) -> Vector:
    """Positions since ``start``, 0 at ``start`` itself: a change of slope that begins there."""
    return np.maximum(positions - start, 0).astype(np.float64)


def pulse(positions: Ints, start: int, length: int) -> Vector:
    """1 for ``length`` positions from ``start``: a change that ends."""
    return ((positions >= start) & (positions < start + length)).astype(np.float64)


def decay(positions: Ints, start: int, half_life: float) -> Vector:
    """1 at ``start``, halved every ``half_life`` positions after it: a change that wears off."""
    since = np.maximum(positions - start, 0)
    column: Vector = np.where(positions >= start, 0.5 ** (since / half_life), 0.0)
    return column


def phased_in(positions: Ints, start: int, length: int) -> Vector:
    """A change of level that arrives over a transition: 1 / (length + 1) at ``start``, 1 after ``length``."""
    column: Vector = np.clip((positions - start + 1) / (length + 1), 0.0, 1.0)
    return column


def season_dummies(season: Ints, reference: int) -> tuple[tuple[int, ...], Matrix]:
    """The seasons that occur, ``reference`` left out, and one 0/1 column for each of them (n, k)."""
    kept = tuple(int(one) for one in np.unique(season) if one != reference)
    columns = [(season == one).astype(np.float64) for one in kept]
    return kept, np.column_stack(columns) if columns else np.empty((len(season), 0))


def fourier_pairs(positions: Ints, period: float, pairs: int) -> Matrix:
    """Sine and cosine of 2 pi k t / period for k = 1 to ``pairs``, (n, 2 pairs).

    The sine of the pair at half the period is 0 at every whole position and is left out.
    """
    columns = []
    for k in range(1, pairs + 1):
        angle = 2.0 * np.pi * np.mod(k * positions.astype(np.float64), period) / period
        if abs(2.0 * k - period) > 1e-9:
            columns.append(np.sin(angle))
        columns.append(np.cos(angle))
    return np.column_stack(columns)


def periodic_spline(positions: Ints, period: float, df: int) -> Matrix:
    """A smooth season as a periodic cubic spline with ``df`` + 1 equal knots a ``period``, (n, df).

    The columns are B-splines wrapped round the period less their mean, 1 / (df + 1); one is left out
    because they sum to a constant. Source: Eilers and Marx (1996, Stat Sci 11:89), without penalty.
    """
    knots = df + 1
    along = np.mod(positions.astype(np.float64), period) * knots / period
    place = along[:, None] - np.arange(knots)[None, :]
    around = sum((_cubic(place + turn * knots) for turn in range(-4, 5)), np.zeros_like(place))
    found: Matrix = (around - 1.0 / knots)[:, :-1]
    return found


def _cubic(u: Matrix) -> Matrix:
    """The cardinal cubic B-spline on (0, 4)."""
    far = np.abs(u - 2.0)
    shape: Matrix = np.where(
        far < 1.0, 2.0 / 3.0 - far**2 + far**3 / 2.0, np.where(far < 2.0, (2.0 - far) ** 3 / 6.0, 0.0)
    )
    return shape
