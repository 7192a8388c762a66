"""Where the search for the variances begins."""

from __future__ import annotations

import numpy as np

from precept_stats.numerics.mixed.covariance import Structure
from precept_stats.numerics.mixed.model import Vector
from precept_stats.numerics.mixed.statistics import Statistics

LEAST, MOST = 0.05, 100.0
"""A start from moments is kept between these, in relative standard deviations."""


def alike(kept: Structure) -> tuple[Vector, ...]:
    """Relative standard deviations of 1, 0.3 and 0.05 for all terms alike."""
    return tuple(np.where(kept.diagonal, size, 0.0) for size in (1.0, 0.3, 0.05))


def from_moments(statistics: Statistics, kept: Structure) -> Vector | None:
    """Theta from sums of squares of least squares residuals between levels, and in total.

    They are set equal to what they would be for errors in place of residuals (Henderson's method 1;
    Searle, Casella and McCulloch 1992, Variance Components, section 5.3). None where a factor has several
    random coefficients, or the equations have no solution with a residual variance above 0.
    """
    if any(width > 1 for width in kept.widths):
        return None
    p, R = statistics.p, len(kept.widths)
    YY = statistics.YY
    residual = np.append(-np.linalg.solve(YY[:p, :p], YY[:p, p]), 1.0)
    expected, squares = np.empty((R + 1, R + 1)), np.empty(R + 1)
    for f in range(R):
        size = statistics.ZZ[f][:, 0, 0]
        inverse = np.divide(1.0, size, out=np.zeros_like(size), where=size > 0.0)
        squares[f] = inverse @ (statistics.ZY[f][:, 0] @ residual) ** 2
        expected[f] = [_shared(statistics, f, g, inverse) for g in range(R)] + [np.count_nonzero(inverse)]
        expected[R, f] = size.sum()
    squares[R], expected[R, R] = residual @ YY @ residual, statistics.n - p
    try:
        found = np.linalg.solve(expected, squares)
    except np.linalg.LinAlgError:
        return None
    if not (np.isfinite(found).all() and found[R] > 0.0):
        return None
    theta: Vector = np.sqrt(np.clip(found[:R] / found[R], LEAST**2, MOST**2))
    return theta[[entry.factor for entry in kept.entries]]


def _shared(statistics: Statistics, f: int, g: int, inverse: Vector) -> float:
    """The sum over levels of f of the squares of Z_f'WZ_g, each level's divided by its size."""
    if f == g:
        return float(inverse @ statistics.ZZ[f][:, 0, 0] ** 2)
    found = statistics.cross[min(f, g), max(f, g)].tocoo()
    return float(found.data**2 @ inverse[found.row if f < g else found.col])
