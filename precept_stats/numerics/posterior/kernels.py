"""Compiled sums over clusters of counts: the likelihood with random effects integrated out, and its gradient.

A cell is a row of counts that share a linear predictor. Given eta, its law has at most one parameter more,
of either sign, the likelihood being even in it: the standard deviation of a normal effect of the cell, the
root of the odds of the correlation within it (beta-binomial), or the root of the extra dispersion of
negative binomial counts. Cells of a cluster share a normal effect sigma u, which is integrated out
by adaptive Gauss-Hermite quadrature. Where many cells have the same counts their laws are tabulated in eta,
once an evaluation, and looked up. Nodes are placed at the mode; as the sums are exact to far below
sampling error with enough of them, their slopes are those of the integrand, the nodes held.

numba is imported at the top: this module is itself loaded when a model is first sampled.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numba
import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.posterior.counts import LEAST_SQUARE

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Ints = NDArray[np.intp]

Rows = tuple[Vector, Vector, Vector, Ints, Ints]
Given = tuple[float, tuple[Vector, Vector], Cube, tuple[float, float, int]]

BINOMIAL, POISSON, BETA_BINOMIAL, NEGATIVE_BINOMIAL, BINOMIAL_NORMAL, POISSON_NORMAL = range(6)

STEEPEST = 500.0
LONGEST = 3.0
CLOSE = 0.02
"""A Newton step, in standard deviations of a random effect, after which nodes are placed."""


def compiled[F: Callable[..., object]](function: F) -> F:
    """The function in machine code, kept on disk."""
    made: F = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return made


@compiled
def digamma(x: float) -> float:
    """The slope of log gamma at x > 0, by recurrence to 6 and the asymptotic series."""
    total = 0.0
    while x < 6.0:
        total -= 1.0 / x
        x += 1.0
    inverse = 1.0 / (x * x)
    series = inverse * (1.0 / 12 - inverse * (1.0 / 120 - inverse * (1.0 / 252 - inverse * (1.0 / 240))))
    return total + math.log(x) - 0.5 / x - series


@compiled
def binomial(y: float, n: float, eta: float) -> tuple[float, float, float]:
    """The log-likelihood of y of n at log odds eta, its slope, and minus its curvature."""
    eta = min(max(eta, -STEEPEST), STEEPEST)
    small = math.exp(-abs(eta))
    mean = 1.0 / (1.0 + small) if eta >= 0.0 else small / (1.0 + small)
    value = y * eta - n * (max(eta, 0.0) + math.log1p(small))
    return value, y - n * mean, n * mean * (1.0 - mean)


@compiled
def poisson(y: float, n: float, eta: float) -> tuple[float, float, float]:
    """The same of y events in n person-time at log rate eta."""
    eta = min(max(eta, -STEEPEST), STEEPEST)
    expected = n * math.exp(eta)
    return y * eta - expected, y - expected, expected


@compiled
def beta_binomial(y: float, n: float, eta: float, more: float) -> tuple[float, float, float, float]:
    """Y of n whose risk is beta with mean expit(eta); ``more`` is the root of the odds of its correlation.

    Fourth is the slope in ``more``. The curvature is that of the binomial law over its design effect.
    """
    eta = min(max(eta, -30.0), 30.0)
    small = math.exp(-abs(eta))
    mean = 1.0 / (1.0 + small) if eta >= 0.0 else small / (1.0 + small)
    total = 1.0 / max(more * more, LEAST_SQUARE)
    a, b = total * mean, total * (1.0 - mean)
    value = math.lgamma(y + a) - math.lgamma(a) + math.lgamma(n - y + b) - math.lgamma(b)
    value += math.lgamma(total) - math.lgamma(n + total)
    of_a, of_b = digamma(y + a) - digamma(a), digamma(n - y + b) - digamma(b)
    of_total = digamma(total) - digamma(n + total)
    spread = mean * (1.0 - mean)
    effect = 1.0 + (n - 1.0) / (1.0 + total)
    slope = -2.0 * more * total * (of_a * a + of_b * b + of_total * total)
    return value, total * spread * (of_a - of_b), n * spread / effect, slope


@compiled
def negative_binomial(y: float, n: float, eta: float, more: float) -> tuple[float, float, float, float]:
    """Y events in n person-time, variance m + (m more)^2."""
    eta = min(max(eta, -STEEPEST), STEEPEST)
    shape, mean = 1.0 / max(more * more, LEAST_SQUARE), n * math.exp(eta)
    share = mean / (mean + shape)
    value = math.lgamma(y + shape) - math.lgamma(shape) + y * eta - y * math.log(mean + shape)
    value -= shape * math.log1p(mean / shape)
    slope = digamma(y + shape) - digamma(shape) - math.log1p(mean / shape) + (mean - y) / (mean + shape)
    slope *= -2.0 * more * shape * shape
    return value, y - (y + shape) * share, (y + shape) * share * (1.0 - share), slope


@compiled
def plain(law: int, y: float, n: float, eta: float) -> tuple[float, float, float]:
    """The binomial or Poisson law."""
    if law in (POISSON, POISSON_NORMAL):
        return poisson(y, n, eta)
    return binomial(y, n, eta)


@compiled
def with_normal(
    law: int, y: float, n: float, at: tuple[float, float], nodes: tuple[Vector, Vector]
) -> tuple[float, float, float, float]:
    """A plain law whose eta has a normal effect of the cell; ``at`` are eta and its SD, of either sign."""
    eta, sd = at
    place, curve = 0.0, 1.0
    for _ in range(20):
        _, first, information = plain(law, y, n, eta + sd * place)
        curve = 1.0 + sd * sd * information
        step = (sd * first - place) / curve
        step = min(max(step, -LONGEST), LONGEST)
        place += step
        if abs(step) * math.sqrt(curve) < 0.1:
            break
    width = 1.0 / math.sqrt(curve)
    z, log_weight = nodes
    top, total, of_eta, of_sd, second = -np.inf, 0.0, 0.0, 0.0, 0.0
    for q in range(len(z)):
        w = place + width * z[q]
        value, first, information = plain(law, y, n, eta + sd * w)
        height = value - 0.5 * w * w + log_weight[q]
        if height > top:
            old = math.exp(top - height) if top > -np.inf else 0.0
            total, of_eta, of_sd, second = total * old, of_eta * old, of_sd * old, second * old
            top = height
        share = math.exp(height - top)
        total += share
        of_eta += share * first
        of_sd += share * first * w
        second += share * (first * first - information)
    mean = of_eta / total
    information = max(mean * mean - second / total, 1e-8)
    return top + math.log(total * width), mean, information, of_sd / total


@compiled
def cell(
    law: int, y: float, n: float, at: tuple[float, float], nodes: tuple[Vector, Vector]
) -> tuple[float, float, float, float]:
    """Any law: value, slope in eta, information, and slope in the further parameter."""
    if law == BETA_BINOMIAL:
        return beta_binomial(y, n, at[0], at[1])
    if law == NEGATIVE_BINOMIAL:
        return negative_binomial(y, n, at[0], at[1])
    if law in (BINOMIAL_NORMAL, POISSON_NORMAL):
        return with_normal(law, y, n, at, nodes)
    value, first, information = plain(law, y, n, at[0])
    return value, first, information, 0.0


@compiled
def fill(
    law: int,
    pairs: tuple[Vector, Vector],
    grid: tuple[float, float, int],
    more: float,
    nodes: tuple[Vector, Vector],
) -> Cube:
    """What ``cell`` gives for each pair (y, n) at ``grid`` = (first eta, step, count): (pairs, count, 4)."""
    y, n = pairs
    low, step, count = grid
    out = np.empty((len(y), count, 4))
    for i in range(len(y)):
        for j in range(count):
            value, first, information, further = cell(law, y[i], n[i], (low + j * step, more), nodes)
            out[i, j, 0], out[i, j, 1], out[i, j, 2], out[i, j, 3] = value, first, information, further
    return out


@compiled
def looked_up(
    table: Cube, grid: tuple[float, float, int], pair: int, eta: float
) -> tuple[float, float, float, float]:
    """``cell`` between grid points: the cubic through values and slopes, and its slope."""
    low, step, count = grid
    place = (eta - low) / step
    j = min(max(int(place), 0), count - 2)
    t = place - j
    a, b = table[pair, j], table[pair, j + 1]
    rise, start, end = b[0] - a[0], step * a[1], step * b[1]
    square, cubic = 3.0 * rise - 2.0 * start - end, start + end - 2.0 * rise
    value = a[0] + t * (start + t * (square + t * cubic))
    slope = (start + t * (2.0 * square + 3.0 * t * cubic)) / step
    further = a[3] + t * (b[3] - a[3])
    if 0 < j < count - 2:
        before, after = table[pair, j - 1, 3], table[pair, j + 2, 3]
        further -= (
            t
            * (1.0 - t)
            * ((2.0 - t) * (before - 2.0 * a[3] + b[3]) + (1.0 + t) * (a[3] - 2.0 * b[3] + after))
            / 6.0
        )
    return value, slope, a[2] + t * (b[2] - a[2]), further


@compiled
def placed(law: int, rows: Rows, k: int, start: tuple[float, float], given: Given) -> tuple[float, float]:
    """The mode of cluster k's effect u and its width, by Newton's method; ``start`` are sigma and a place."""
    y, n, fixed, starts, pair = rows
    more, nodes, table, grid = given
    low, high = grid[0], grid[0] + (grid[2] - 1) * grid[1]
    sigma, place = start
    curve = 1.0
    for _ in range(30):
        pull, curve = -place, 1.0
        for i in range(starts[k], starts[k + 1]):
            eta = fixed[i] + sigma * place
            if len(table) > 0 and low <= eta <= high:
                found = looked_up(table, grid, pair[i], eta)
            else:
                found = cell(law, y[i], n[i], (eta, more), nodes)
            pull += sigma * found[1]
            curve += sigma * sigma * found[2]
        step = min(max(pull / curve, -LONGEST), LONGEST)
        place += step
        if abs(step) * math.sqrt(curve) < CLOSE or sigma == 0.0:
            break
    return place, 1.0 / math.sqrt(curve)


@compiled
def at_nodes(law: int, rows: Rows, k: int, at: tuple[float, Vector, Matrix, Matrix], given: Given) -> None:
    """Fill the sums over cluster k's rows of value, slope in eta and in the further parameter, by node.

    ``at`` are sigma, the places u (q,), the sums (3, q) and the slopes of rows (q, rows), both filled.
    """
    y, n, fixed, starts, pair = rows
    more, nodes, table, grid = given
    low, high = grid[0], grid[0] + (grid[2] - 1) * grid[1]
    sigma, places, sums, of_rows = at
    first = starts[k]
    for q in range(len(places)):
        value, slope, further = 0.0, 0.0, 0.0
        for i in range(first, starts[k + 1]):
            eta = fixed[i] + sigma * places[q]
            if len(table) > 0 and low <= eta <= high:
                found = looked_up(table, grid, pair[i], eta)
            else:
                found = cell(law, y[i], n[i], (eta, more), nodes)
            value += found[0]
            slope += found[1]
            further += found[3]
            of_rows[q, i - first] = found[1]
        sums[0, q], sums[1, q], sums[2, q] = value, slope, further


@compiled
def clusters(
    law: int, rows: Rows, sigma: float, between: tuple[Vector, Vector, Vector], given: Given
) -> tuple[Vector, Vector, float, float]:
    """Log-likelihoods of clusters (K,), slopes in the rows' eta (n,), in sigma, and in the further parameter.

    ``rows`` are y, n, the fixed part of eta, where clusters begin (K + 1,), and the rows' places in the
    table. ``between`` are the nodes and weights of clusters, and where modes were (K,), left with where they
    are. ``given`` are the further parameter, the nodes of cells, the table (maybe empty) and its grid.
    """
    z, log_weight, modes = between
    starts = rows[3]
    slopes, count = np.zeros(len(rows[0])), len(z)
    values, of_sigma, of_more = np.empty(len(starts) - 1), 0.0, 0.0
    sums, places, heights = np.empty((3, count)), np.empty(count), np.empty(count)
    of_rows = np.empty((count, int(np.max(starts[1:] - starts[:-1]))))
    for k in range(len(starts) - 1):
        place, width = placed(law, rows, k, (sigma, modes[k]), given)
        modes[k] = place
        for q in range(count):
            places[q] = place + width * z[q]
        at_nodes(law, rows, k, (sigma, places, sums, of_rows), given)
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
def drawn_effects(
    law: int, rows: Rows, sigma: float, between: tuple[Vector, Vector, Vector], given: Given
) -> Vector:
    """A draw of every cluster's effect sigma u given the rest (K,), by the inverse of its distribution.

    ``between`` are a uniform number a cluster (K,), where modes were (K,), and distances from the mode, in
    widths, that the distribution is summed over.
    """
    uniform, modes, z = between
    count, found = len(z), np.empty(len(modes))
    sums, places, below = np.empty((3, count)), np.empty(count), np.empty(count)
    starts = rows[3]
    of_rows = np.empty((count, int(np.max(starts[1:] - starts[:-1]))))
    for k in range(len(modes)):
        modes[k], width = placed(law, rows, k, (sigma, modes[k]), given)
        for q in range(count):
            places[q] = modes[k] + width * z[q]
        at_nodes(law, rows, k, (sigma, places, sums, of_rows), given)
        heights = sums[0] - 0.5 * places * places
        heights = np.exp(heights - np.max(heights))
        below[0] = 0.0
        for q in range(1, count):
            below[q] = below[q - 1] + 0.5 * (heights[q] + heights[q - 1]) * (places[q] - places[q - 1])
        found[k] = sigma * np.interp(uniform[k] * below[-1], below, places)
    return found
