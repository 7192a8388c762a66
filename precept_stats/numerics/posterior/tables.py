"""Functions tabulated over an interval: found at Chebyshev nodes, spread with their slopes to a fine grid.

The laws of cells are analytic in eta but for points at a distance of pi from the real line, so that a
polynomial through C nodes on a range of R is in error by some (2 pi / R + sqrt(1 + (2 pi / R)^2))^-C of their
size (Trefethen 2013, Approximation Theory and Approximation Practice, theorem 8.2): below 1e-7 here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

STEP = 0.125
"""The longest interval; cubics through values and slopes are in error by some 1e-7 an event."""

INTERVALS, FEWEST_NODES = 64, 24
DOUBLINGS = 3
"""How often a grid of intervals and nodes may be doubled before a range is too wide for a table."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Intervals of one ``step`` from ``low``, and the Chebyshev nodes (C,) on the same range."""

    low: float
    step: float
    nodes: Vector
    spreads: tuple[Matrix, Matrix]

    def spread(self, values: Matrix, others: Matrix) -> tuple[Matrix, Matrix, Matrix, Matrix]:
        """Values and slopes at the ends of intervals, of two functions known at the nodes (., C)."""
        direct, slope = self.spreads
        scale = 2.0 / (self.step * (len(direct) - 1))
        return values @ direct.T, scale * (values @ slope.T), others @ direct.T, scale * (others @ slope.T)


def grid_over(low: float, high: float) -> Grid | None:
    """The grid from ``low`` to ``high``, or None when that is too wide."""
    if not math.isfinite(high - low):
        return None
    doublings = max(0, math.ceil(math.log2(max(high - low, STEP) / (STEP * INTERVALS))))
    if doublings > DOUBLINGS:
        return None
    intervals = INTERVALS * 2**doublings
    places, *spreads = _unit(FEWEST_NODES * 2**doublings, intervals)
    half = 0.5 * max(high - low, STEP)
    nodes = low + half * (1.0 + places)
    return Grid(low, 2.0 * half / intervals, nodes, (spreads[0], spreads[1]))


@cache
def _unit(nodes: int, intervals: int) -> tuple[Vector, Matrix, Matrix]:
    """Nodes on (-1, 1), and what takes values there to values and slopes at the ends of equal intervals."""
    places = chebyshev.chebpts1(nodes)
    ends, degree = np.linspace(-1.0, 1.0, intervals + 1), nodes - 1
    coefficients = 2.0 / nodes * chebyshev.chebvander(places, degree).T
    coefficients[0] *= 0.5
    slopes = np.asarray(chebyshev.chebvander(ends, degree - 1) @ chebyshev.chebder(coefficients, axis=0))
    values = chebyshev.chebvander(ends, degree) @ coefficients
    return places.astype(np.float64), values.astype(np.float64), slopes.astype(np.float64)
