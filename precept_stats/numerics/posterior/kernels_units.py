"""Compiled sums over units whose rows share several normal effects: the likelihood without them, with slopes.

Row i of a unit has the linear predictor fixed[i] + z[i]'A u with u standard normal of q directions and A
lower triangular. Nodes of quadrature are placed about the mode of u, turned and stretched as the curvature
there says; as the sums are exact to far below sampling error with enough of them, slopes are those of the
integrand, the nodes held.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.posterior.kernels_cells import LONGEST, POISSON, compiled, poisson

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Ints = NDArray[np.intp]

Rows = tuple[Vector, Vector, Vector, Matrix, Ints]
"""y, n, the fixed part of eta, Z (q, m), and where units begin (K + 1,)."""

Work = tuple[Vector, Matrix, Matrix, Vector]

REACH, FINENESS = 30.0, 32.0
CLOSE = 0.05
"""A Newton step, in standard deviations of the effects, after which nodes are placed."""


@compiled
def softplus_table() -> Matrix:
    """Cubics of log(1 + exp(x)) between grid points (intervals, 4), from values and slopes: to 4e-10."""
    count = int(2.0 * REACH * FINENESS)
    out = np.empty((count, 4))
    for j in range(count):
        ends = np.empty((2, 2))
        for k in range(2):
            x = -REACH + (j + k) / FINENESS
            small = math.exp(-abs(x))
            ends[k, 0] = max(x, 0.0) + math.log1p(small)
            ends[k, 1] = (1.0 / (1.0 + small) if x >= 0.0 else small / (1.0 + small)) / FINENESS
        rise = ends[1, 0] - ends[0, 0]
        out[j, 0], out[j, 1] = ends[0, 0], ends[0, 1]
        out[j, 2] = 3.0 * rise - 2.0 * ends[0, 1] - ends[1, 1]
        out[j, 3] = ends[0, 1] + ends[1, 1] - 2.0 * rise
    return out


@compiled
def turned(A: Matrix, u: Vector, into: Vector) -> None:
    """A u, A lower triangular."""
    for a in range(len(u)):
        into[a] = 0.0
        for b in range(a + 1):
            into[a] += A[a, b] * u[b]


@compiled
def laws_at(law: int, rows: Rows, k: int, effects: Vector, into: tuple[Vector, Vector, Matrix]) -> float:
    """The log-likelihood of unit k at ``effects`` (q,) = A u.

    ``into`` are filled: slopes of its rows in eta, and minus their curvatures; last is the table of the law.
    """
    y, n, fixed, Z, starts = rows
    slopes, curves, table = into
    first, count = np.uint64(starts[k]), np.uint64(starts[k + 1] - starts[k])
    for i in range(count):
        slopes[i] = fixed[first + i]
    for a in range(len(effects)):
        effect = effects[a]
        for i in range(count):
            slopes[i] += effect * Z[a, first + i]
    value, last = 0.0, REACH - 1e-9
    for i in range(count):
        eta, events, people = slopes[i], y[first + i], n[first + i]
        if law == POISSON:
            found, slopes[i], curves[i] = poisson(events, people, eta)
            value += found
            continue
        held = min(max(eta, -last), last)
        place = (held + REACH) * FINENESS
        j = np.uint64(place)
        t = place - j
        c1, c2, c3 = table[j, 1], table[j, 2], table[j, 3]
        softplus = table[j, 0] + t * (c1 + t * (c2 + t * c3)) + max(eta - last, 0.0)
        mean = (c1 + t * (2.0 * c2 + 3.0 * t * c3)) * FINENESS
        value += events * eta - people * softplus
        slopes[i] = events - people * mean
        curves[i] = people * mean * (1.0 - mean)
    return value


@compiled
def pulled(Z: Matrix, start: int, slopes: Vector, count: int, into: Vector) -> None:
    """Z' slopes (q,) of ``count`` rows from ``start`` on."""
    first = np.uint64(start)
    for a in range(len(into)):
        total = 0.0
        for i in range(np.uint64(count)):
            total += slopes[i] * Z[a, first + i]
        into[a] = total


@compiled
def informed(Z: Matrix, start: int, curves: Vector, count: int, into: Matrix) -> None:
    """Z' W Z, its lower triangle."""
    first = np.uint64(start)
    for a in range(len(into)):
        for b in range(a + 1):
            total = 0.0
            for i in range(np.uint64(count)):
                total += curves[i] * Z[a, first + i] * Z[b, first + i]
            into[a, b] = total


@compiled
def factored(information: Matrix, A: Matrix, lower: Matrix) -> float:
    """Fills the Cholesky factor of I + A' information A in; half its log determinant."""
    q = len(A)
    for a in range(q):
        for b in range(a + 1):
            total = 1.0 if a == b else 0.0
            for c in range(q):
                for d in range(q):
                    weight = information[c, d] if d <= c else information[d, c]
                    total += A[c, a] * weight * A[d, b]
            for c in range(b):
                total -= lower[a, c] * lower[b, c]
            lower[a, b] = math.sqrt(max(total, 1e-300)) if a == b else total / lower[b, b]
    half = 0.0
    for a in range(q):
        half += math.log(lower[a, a])
    return half


@compiled
def solved(lower: Matrix, of: Vector, both: bool) -> None:
    """Solve lower x = of in place where ``both``; then, always, lower' x = that."""
    q = len(of)
    if both:
        for a in range(q):
            for b in range(a):
                of[a] -= lower[a, b] * of[b]
            of[a] /= lower[a, a]
    for a in range(q - 1, -1, -1):
        for b in range(a + 1, q):
            of[a] -= lower[b, a] * of[b]
        of[a] /= lower[a, a]


@compiled
def placed(
    law: int, rows: Rows, k: int, A: Matrix, into: tuple[Vector, Matrix, Vector, Vector, Matrix]
) -> tuple[float, float]:
    """Near the mode of unit k's u: the log-likelihood there, and half the log determinant of the curvature.

    ``into`` are u (q,), moved there from where it is; the factor of its curvature (q, q), the rows' slopes
    and curvatures, and the table.
    """
    u, lower, slopes, curves, table = into
    Z, first, q = rows[3], rows[4][k], len(u)
    count = rows[4][k + 1] - first
    effects, of_effects, step, information = np.empty(q), np.empty(q), np.empty(q), np.empty((q, q))
    value, half = 0.0, 0.0
    for _ in range(40):
        turned(A, u, effects)
        value = laws_at(law, rows, k, effects, (slopes, curves, table))
        pulled(Z, first, slopes, count, of_effects)
        informed(Z, first, curves, count, information)
        half = factored(information, A, lower)
        for a in range(q):
            step[a] = -u[a]
            for b in range(a, q):
                step[a] += A[b, a] * of_effects[b]
        solved(lower, step, True)
        size = 0.0
        for a in range(q):
            along = 0.0
            for b in range(a, q):
                along += lower[b, a] * step[b]
            size += along * along
        if not size >= CLOSE * CLOSE:
            break
        length = 0.0
        for a in range(q):
            length += step[a] * step[a]
        share = min(1.0, LONGEST / math.sqrt(length))
        for a in range(q):
            u[a] += share * step[a]
    return value, half


@compiled
def shared(
    law: int, rows: Rows, k: int, A: Matrix, into: tuple[Matrix, Vector, Vector, Matrix, Work, Matrix]
) -> float:
    """The log-likelihood of unit k, u integrated out.

    ``into`` are nodes (Q, q), the first of them 0, their log weights (Q,), u (q,), which is moved to near the
    mode, slopes of the unit's rows at each node (Q, .), what else is filled, and the table. Filled are shares
    of nodes (Q,), their places (Q, q), Z' slopes there (Q, q), and curvatures of rows.
    """
    nodes, log_weight, mode, of_rows, work, table = into
    heights, places, pulls, curves = work
    q, first = len(mode), rows[4][k]
    lower, effects = np.zeros((q, q)), np.empty(q)
    _, half = placed(law, rows, k, A, (mode, lower, of_rows[0], curves, table))
    top, total = -np.inf, 0.0
    for j in range(len(nodes)):
        place = places[j]
        place[:] = nodes[j]
        solved(lower, place, False)
        square = 0.0
        for a in range(q):
            place[a] += mode[a]
            square += place[a] * place[a]
        turned(A, place, effects)
        value = laws_at(law, rows, k, effects, (of_rows[j], curves, table))
        pulled(rows[3], first, of_rows[j], rows[4][k + 1] - first, pulls[j])
        heights[j] = value + log_weight[j] - 0.5 * square
        top = max(top, heights[j])
    for j in range(len(nodes)):
        heights[j] = math.exp(heights[j] - top)
        total += heights[j]
    for j in range(len(nodes)):
        heights[j] /= total
    return top + math.log(total) - half


@compiled
def unit_sums(
    law: int, rows: Rows, A: Matrix, between: tuple[Matrix, Vector, Matrix], table: Matrix
) -> tuple[Vector, Vector, Matrix, Matrix, Cube]:
    """Log-likelihoods of units (K,), slopes in the rows' eta (m,) and in A (q, q), and moments of u.

    ``between`` are nodes (Q, q), the first of them 0, their log weights (Q,), and where modes were (K, q),
    left with where they are. Moments given the data are means (K, q) and second moments (K, q, q).
    """
    nodes, log_weight, modes = between
    starts, count, q = rows[4], len(nodes), len(A)
    units, longest = len(starts) - 1, int(np.max(starts[1:] - starts[:-1]))
    values, slopes, of_A = np.empty(units), np.zeros(len(rows[0])), np.zeros((q, q))
    means, seconds = np.zeros((units, q)), np.zeros((units, q, q))
    of_rows, places, pulls = np.empty((count, longest)), np.empty((count, q)), np.empty((count, q))
    shares = np.empty(count)
    work = shares, places, pulls, np.empty(longest)
    for k in range(units):
        values[k] = shared(law, rows, k, A, (nodes, log_weight, modes[k], of_rows, work, table))
        for j in range(count):
            for a in range(q):
                means[k, a] += shares[j] * places[j, a]
                for b in range(q):
                    of_A[a, b] += shares[j] * pulls[j, a] * places[j, b]
                    seconds[k, a, b] += shares[j] * places[j, a] * places[j, b]
            for i in range(starts[k + 1] - starts[k]):
                slopes[starts[k] + i] += shares[j] * of_rows[j, i]
    return values, slopes, of_A, means, seconds
