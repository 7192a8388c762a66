"""Laws of cells tabulated once for a whole posterior, over the linear predictor and their further parameter.

Laws are even in the further parameter t and smooth in its square, so that on (-T, T) an expansion in the even
Chebyshev polynomials T_2k(t / T), found at the roots of T_2M, converges geometrically (Trefethen 2013,
Approximation Theory and Approximation Practice, chapters 4 and 8). What is left for each evaluation is a sum
of M tables, and its slope in t is that of the sum.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.posterior.tables import Grid, grid_over

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Four = tuple[Matrix, Matrix, Matrix, Matrix]
Laws = Callable[[Vector, float], tuple[Matrix, Matrix]]
"""Values and slopes in the further parameter of each pair of counts, at places in eta: (pairs, places)."""

TERMS = (1, 6, 9, 13, 19, 27)
"""How many polynomials are tried, fewest first."""

EXACT = 1e-7
"""The largest error of a value that is let through, of sizes like that of the cubics."""

MARGIN = 0.1
"""By what share of itself the range of eta is widened at either end."""

FURTHER = 1.5
"""By what factor the range of the further parameter is widened."""

INSIDE = 0.99


@dataclass(frozen=True, slots=True)
class Range:
    """What a surface covers: eta from ``low`` to ``high``, the further parameter up to ``more`` in size."""

    low: float
    high: float
    more: float

    @classmethod
    def about(cls, low: float, high: float, more: float) -> Range:
        """Rather more than was met at a few likely places."""
        slack = MARGIN * max(high - low, 1.0)
        return cls(low - slack, high + slack, FURTHER * more if more > 0.0 else 1.0)

    def holds(self, low: float, high: float, more: float) -> bool:
        return self.low <= low and high <= self.high and abs(more) <= INSIDE * self.more


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Coefficients of even polynomials (M, 2, pairs, ends): of values and their slopes in eta."""

    over: Range
    grid: Grid
    coefficients: NDArray[np.float64]

    def at(self, more: float) -> Four:
        """Values, their slopes in eta, slopes in the further parameter, and theirs in eta: (pairs, ends)."""
        from precept_stats.numerics.posterior import kernels  # lazy: compiling needs numba

        scale, shape = 1.0 / self.over.more, self.coefficients.shape
        found = kernels.even_series(self.coefficients.reshape(shape[0], -1), scale * more)
        values, further = found.reshape(2, *shape[1:])
        further *= scale
        return values[0], values[1], further[0], further[1]


def surface_over(laws: Laws, over: Range) -> Surface | None:
    """The laws over a range, or None where no table of bearable size is exact enough."""
    grid = grid_over(over.low, over.high)
    if grid is None:
        return None
    for terms in TERMS:
        found = Surface(over, grid, _coefficients(laws, over, grid, terms))
        if _error(found, laws) < EXACT:
            return found
    return None


def _coefficients(laws: Laws, over: Range, grid: Grid, terms: int) -> NDArray[np.float64]:
    angles = math.pi * (np.arange(terms) + 0.5) / (2 * terms)
    met = [laws(grid.nodes, over.more * math.cos(angle)) for angle in angles]
    ends = np.array([grid.spread(*found)[:2] for found in met])
    weights = 2.0 / terms * np.cos(2.0 * np.outer(np.arange(terms), angles))
    weights[0] *= 0.5
    found: NDArray[np.float64] = np.ascontiguousarray(np.tensordot(weights, ends, axes=1))
    return found


def _error(of: Surface, laws: Laws) -> float:
    """The largest error of a value at ends of intervals, half-way between the parameters that were used."""
    terms = len(of.coefficients)
    places = np.cos(math.pi * np.arange(1, terms + 1) / (2 * terms)) if terms > 1 else np.zeros(1)
    errors = []
    for more in np.append(0.0, of.over.more * INSIDE * places):
        used, exact = of.at(float(more))[0], of.grid.spread(*laws(of.grid.nodes, float(more)))[0]
        errors.append(np.max(np.abs(used - exact)))
    return float(np.max(errors))
