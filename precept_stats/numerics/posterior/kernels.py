"""Compiled sums over clusters of counts: the likelihood with random effects integrated out, and its gradient.

Cells of a cluster share a normal effect sigma u, which is integrated out by adaptive Gauss-Hermite
quadrature. Where many cells have the same counts their laws are tabulated in eta, once an evaluation, and
looked up. Nodes are placed at the mode; as the sums are exact to far below sampling error with enough of
them, their slopes are those of the integrand, the nodes held.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.posterior.kernels_cells import (
    BINOMIAL_NORMAL,
    LONGEST,
    POISSON_NORMAL,
    cell,
    compiled,
    inlined,
    with_normal,
)

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Ints = NDArray[np.intp]

Rows = tuple[Vector, Vector, Vector, Ints, Ints]
Given = tuple[float, tuple[Vector, Vector], Cube, tuple[float, float]]

CLOSE = 0.1
"""A Newton step, in standard deviations of a random effect, after which nodes are placed."""

FLATTEST = 0.2
"""The least curvature, of 1 of the effect's own law, in a Newton step."""


@compiled
def fill(
    law: int, pairs: tuple[Vector, Vector], places: Vector, more: float, nodes: tuple[Vector, Vector]
) -> tuple[Matrix, Matrix]:
    """Values and slopes in the further parameter, of each pair (y, n) at places in eta: (pairs, places)."""
    y, n = pairs
    values, further = np.empty((len(y), len(places))), np.empty((len(y), len(places)))
    for i in range(len(y)):
        mode = 0.0
        for j in range(len(places)):
            if law in (BINOMIAL_NORMAL, POISSON_NORMAL):
                values[i, j], _, _, further[i, j], mode = with_normal(
                    law, y[i], n[i], (places[j], more, mode), nodes
                )
            else:
                values[i, j], _, _, further[i, j] = cell(law, y[i], n[i], (places[j], more), nodes)
    return values, further


@compiled
def cubics(of: tuple[Matrix, Matrix, Matrix, Matrix], step: float) -> Cube:
    """Cubics between grid points from values and slopes, of two functions: (pairs, intervals, 8)."""
    pairs, count = of[0].shape
    out = np.empty((pairs, count - 1, 8))
    for i in range(pairs):
        for j in range(count - 1):
            for k in range(2):
                value, slope = of[2 * k], of[2 * k + 1]
                rise = value[i, j + 1] - value[i, j]
                start, end = step * slope[i, j], step * slope[i, j + 1]
                out[i, j, 4 * k] = value[i, j]
                out[i, j, 4 * k + 1] = start
                out[i, j, 4 * k + 2] = 3.0 * rise - 2.0 * start - end
                out[i, j, 4 * k + 3] = start + end - 2.0 * rise
    return out


@compiled
def even_series(coefficients: Matrix, x: float) -> Matrix:
    """Sums over k of T_2k(x) coefficients[k, i] (2, n), the second row their slopes in x."""
    terms, count = coefficients.shape
    squared, found = 2.0 * x * x - 1.0, np.zeros((2, count))
    before, term, steep_before, steep = squared, 1.0, 1.0, 0.0
    for k in range(terms):
        share, tilt = term, 4.0 * x * steep
        for i in range(count):
            found[0, i] += share * coefficients[k, i]
            found[1, i] += tilt * coefficients[k, i]
        after, steep_after = 2.0 * squared * term - before, 2.0 * (term + squared * steep) - steep_before
        before, term, steep_before, steep = term, after, steep, steep_after
    return found


@inlined
def looked_up(table: Cube, fineness: float, pair: int, place: float) -> tuple[float, float, float, float]:
    """``cell`` from its table at a place in intervals, of which there are ``fineness`` to a unit of eta."""
    j = int(place)
    t = place - j
    c = table[pair, j]
    value = c[0] + t * (c[1] + t * (c[2] + t * c[3]))
    slope = (c[1] + t * (2.0 * c[2] + 3.0 * t * c[3])) * fineness
    information = -(2.0 * c[2] + 6.0 * t * c[3]) * fineness * fineness
    return value, slope, information, c[4] + t * (c[5] + t * (c[6] + t * c[7]))


@inlined
def summed(
    law: int, rows: Rows, k: int, at: tuple[float, float], into: tuple[Given, Vector]
) -> tuple[float, float, float, float]:
    """Sums over cluster k's rows at effect sigma u: value, slope in eta, information, further slope.

    ``at`` are sigma and u; ``into`` what laws are given, and the slopes of rows, which are filled.
    """
    y, n, fixed, starts, pair = rows
    (more, nodes, table, grid), of_rows = into
    shift = at[0] * at[1]
    first, usable = starts[k], table.shape[1] if len(table) > 0 else 0
    value, slope, information, further = 0.0, 0.0, 0.0, 0.0
    for i in range(first, starts[k + 1]):
        eta = fixed[i] + shift
        place = (eta - grid[0]) * grid[1]
        if 0.0 <= place < usable:
            found = looked_up(table, grid[1], pair[i], place)
        else:
            found = cell(law, y[i], n[i], (eta, more), nodes)
        value += found[0]
        slope += found[1]
        information += found[2]
        further += found[3]
        of_rows[i - first] = found[1]
    return value, slope, information, further


@inlined
def placed(
    law: int, rows: Rows, k: int, start: tuple[float, float], into: tuple[Given, Vector]
) -> tuple[float, float, tuple[float, float, float, float]]:
    """Near the mode of cluster k's effect u, its width, and the sums there; ``start``: sigma and a place."""
    sigma, place = start
    found, curve = summed(law, rows, k, (sigma, place), into), 1.0
    for _ in range(30):
        curve = max(1.0 + sigma * sigma * found[2], FLATTEST)
        step = min(max((sigma * found[1] - place) / curve, -LONGEST), LONGEST)
        if abs(step) * math.sqrt(curve) < CLOSE:
            break
        place += step
        found = summed(law, rows, k, (sigma, place), into)
    return place, 1.0 / math.sqrt(curve), found


@compiled
def clusters(
    law: int, rows: Rows, sigma: float, between: tuple[Vector, Vector, Vector], given: Given
) -> tuple[Vector, Vector, float, float]:
    """Log-likelihoods of clusters (K,), slopes in the rows' eta (n,), in sigma, and in the further parameter.

    ``rows`` are y, n, the fixed part of eta, where clusters begin (K + 1,), and which pair of the table each
    is. ``between`` are the nodes and weights of clusters, the middle node 0, and where modes were (K,), left
    with where they are. ``given`` are the further parameter, the nodes of cells, the table (maybe empty), and
    its first eta with the intervals to a unit of eta.
    """
    z, log_weight, modes = between
    starts, count, middle = rows[3], len(z), len(z) // 2
    slopes = np.zeros(len(rows[0]))
    values, of_sigma, of_more = np.empty(len(starts) - 1), 0.0, 0.0
    sums, places, heights = np.empty((3, count)), np.empty(count), np.empty(count)
    of_rows = np.empty((count, int(np.max(starts[1:] - starts[:-1]))))
    for k in range(len(starts) - 1):
        place, width, found = placed(law, rows, k, (sigma, modes[k]), (given, of_rows[middle]))
        modes[k] = place
        for q in range(count):
            places[q] = place + width * z[q]
            if q != middle:
                found_there = summed(law, rows, k, (sigma, places[q]), (given, of_rows[q]))
                sums[0, q], sums[1, q], sums[2, q] = found_there[0], found_there[1], found_there[3]
        sums[0, middle], sums[1, middle], sums[2, middle] = found[0], found[1], found[3]
        top, total = -np.inf, 0.0
        for q in range(count):
            heights[q] = sums[0, q] + log_weight[q] - 0.5 * places[q] * places[q]
            top = max(top, heights[q])
        for q in range(count):
            heights[q] = math.exp(heights[q] - top)
            total += heights[q]
        values[k] = top + math.log(total * width)
        for q in range(count):
            share = heights[q] / total
            of_sigma += share * places[q] * sums[1, q]
            of_more += share * sums[2, q]
            for i in range(starts[k], starts[k + 1]):
                slopes[i] += share * of_rows[q, i - starts[k]]
    return values, slopes, of_sigma, of_more


@compiled
def inverse(target: float, places: Vector, heights: Vector, below: Vector) -> float:
    """Where a density, linear between places, has ``target`` of its mass below it."""
    j = min(max(int(np.searchsorted(below, target)) - 1, 0), len(places) - 2)
    width, rest = places[j + 1] - places[j], target - below[j]
    steep = (heights[j + 1] - heights[j]) / width
    root = math.sqrt(max(heights[j] * heights[j] + 2.0 * steep * rest, 0.0))
    if heights[j] + root == 0.0:
        return float(places[j])
    return float(places[j] + min(2.0 * rest / (heights[j] + root), width))


@compiled
def drawn_effects(
    law: int, rows: Rows, sigma: float, between: tuple[Vector, Vector, Vector], given: Given
) -> Vector:
    """A draw of every cluster's effect sigma u given the rest (K,), by the inverse of its distribution.

    ``between`` are a uniform number a cluster (K,), where modes were (K,), and distances from the mode, in
    widths, that the distribution is summed over.
    """
    uniform, modes, z = between
    count, found = len(z), np.empty(len(modes))
    places, heights, below = np.empty(count), np.empty(count), np.empty(count)
    of_rows = np.empty(int(np.max(rows[3][1:] - rows[3][:-1])))
    for k in range(len(modes)):
        modes[k], width, _ = placed(law, rows, k, (sigma, modes[k]), (given, of_rows))
        for q in range(count):
            places[q] = modes[k] + width * z[q]
            value = summed(law, rows, k, (sigma, places[q]), (given, of_rows))[0]
            heights[q] = value - 0.5 * places[q] * places[q]
        heights = np.exp(heights - np.max(heights))
        below[0] = 0.0
        for q in range(1, count):
            below[q] = below[q - 1] + 0.5 * (heights[q] + heights[q - 1]) * (places[q] - places[q - 1])
        found[k] = sigma * inverse(uniform[k] * below[-1], places, heights, below)
    return found


@compiled
def times(X: tuple[Vector, Ints, Ints, Vector], b: Vector) -> Vector:
    """X b for X in compressed rows: values, columns, where rows begin, and what all of a column is beyond."""
    values, columns, begin, base = X
    out = np.full(len(begin) - 1, np.dot(base, b))
    for i in range(len(out)):
        for e in range(begin[i], begin[i + 1]):
            out[i] += values[e] * b[columns[e]]
    return out


@compiled
def crossed(X: tuple[Vector, Ints, Ints, Vector], rows: Vector) -> Vector:
    """X' rows, for X in compressed rows."""
    values, columns, begin, base = X
    out = base * np.sum(rows)
    for i in range(len(rows)):
        for e in range(begin[i], begin[i + 1]):
            out[columns[e]] += values[e] * rows[i]
    return out
