"""The mixed model equations: from statistics and theta to the moments that likelihood and tests need.

With several grouping factors the largest one that has a random intercept only is eliminated first, in
closed form; what is left is solved by blocks. Nothing here is of the size of the rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from precept_stats.numerics.mixed.blocks import (
    Layout,
    RandomCovariance,
    gram,
    joint_layout,
    random_covariance,
    resolve,
    single_layout,
    trace_of_product,
)
from precept_stats.numerics.mixed.covariance import Structure
from precept_stats.numerics.mixed.model import Matrix, Vector
from precept_stats.numerics.mixed.statistics import Statistics

Cube = NDArray[np.float64]

MOST_PAIRS = 2
"""Pairs are written out up to so many times the entries of the matrices that they are summed to."""


@dataclass(frozen=True, slots=True, eq=False)
class Eliminated:
    """The factor eliminated first: counts n (L,), Z1'WY (L, c), and Z1'WZ2 (L, flat) with its transpose.

    ``pairs`` (flat * m, L) takes weights of the levels to N21 diag(weights) N12, lower triangle with half
    the diagonal; None where it would be much larger than the matrices themselves.
    """

    factor: int
    n: Vector
    ZY: Matrix
    N12: sparse.csr_array
    N21: sparse.csr_array
    pairs: sparse.csc_array | None

    def weighted(self, layout: Layout, weights: Vector) -> Cube:
        """N21 diag(weights) N12 by block."""
        if self.pairs is not None:
            lower = (self.pairs @ weights).reshape(layout.blocks, layout.m, layout.m)
            both: Cube = lower + lower.transpose(0, 2, 1)
            return both
        scaled = sparse.csr_array(
            (self.N21.data * weights[self.N21.indices], self.N21.indices, self.N21.indptr),
            shape=self.N21.shape,
        )
        return layout.scatter_matrix(sparse.csr_array(scaled @ self.N12))

    def trace(self, layout: Layout, weights: Vector, H: Cube) -> float:
        """tr(H N21 diag(weights) N12), with H symmetric."""
        if self.pairs is None:
            return trace_of_product(H, self.weighted(layout, weights))
        return 2.0 * float(weights @ (self.pairs.T @ H.ravel()))


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """What does not change with theta: layout, N = Z'WZ and ZY = Z'WY by block, and the factor eliminated."""

    statistics: Statistics
    structure: Structure
    layout: Layout
    N: Cube
    ZY: Cube
    first: Eliminated | None


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """At one theta, with V = I + Z G Z' (times 1 / weights) and Y = [X, y], c = p + 1 columns.

    ``log_determinant`` is log|V| less that of the weights, ``M`` Y'V^-1Y (c, c); for each parameter r with
    G_r = dV / dgamma_r, ``traces`` tr(V^-1 G_r) (R,) and ``P`` Y'V^-1 G_r V^-1 Y (R, c, c).
    """

    log_determinant: float
    M: Matrix
    traces: Vector
    P: Cube
    state: State


@dataclass(frozen=True, slots=True, eq=False)
class Second:
    """``K`` tr(V^-1 G_r V^-1 G_s) (R, R), or None when not asked, and ``Q`` Y'V^-1 G_r V^-1 G_s V^-1 Y."""

    K: Matrix | None
    Q: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """What the second derivatives take from the first: N = Z2'V1^-1Z2, R = (I + N G)^-1, S = Z2'V^-1Y.

    V1 is V with the eliminated factor alone, of which ``u`` is 1 / (1 + g n) (L,) and ``S1`` Z1'V^-1Y.
    ``applied`` is G_r S by parameter, None for the eliminated factor's.
    """

    system: System
    G: RandomCovariance
    N: Cube
    R: Cube
    S: Cube
    applied: tuple[Cube | None, ...]
    u: Vector
    S1: Matrix


def prepare(statistics: Statistics, structure: Structure, *, eliminate: bool = True) -> System:
    """Choose the factor to eliminate (none when switched off) and lay out the rest in blocks."""
    if len(structure.widths) == 1:
        layout = single_layout(structure.levels[0], structure.widths[0])
        return System(statistics, structure, layout, statistics.ZZ[0], statistics.ZY[0], None)
    scalar = [f for f, q in enumerate(structure.widths) if q == 1 and eliminate]
    factor = max(scalar, key=lambda f: structure.levels[f]) if scalar else None
    layout = joint_layout(statistics, structure, factor)
    c = statistics.p + 1
    ZY = np.zeros((layout.flat, c))
    for f, places in layout.places.items():
        ZY[places.ravel()] = statistics.ZY[f].reshape(-1, c)
    N = layout.scatter_matrix(_within(statistics, structure, layout))
    first = None if factor is None else _first(statistics, structure, layout, factor)
    return System(statistics, structure, layout, N, ZY.reshape(layout.blocks, layout.m, c), first)


def _within(statistics: Statistics, structure: Structure, layout: Layout) -> sparse.csr_array:
    """Z'WZ of the factors that stay, in flat positions."""
    rows, columns, values = [], [], []
    for f, places in layout.places.items():
        q = structure.widths[f]
        rows.append(np.repeat(places, q, axis=1).ravel())
        columns.append(np.tile(places, (1, q)).ravel())
        values.append(statistics.ZZ[f].ravel())
    for (f, g), found in statistics.cross.items():
        if f in layout.places and g in layout.places:
            coo = found.tocoo()
            one, other = layout.places[f].ravel()[coo.row], layout.places[g].ravel()[coo.col]
            rows += [one, other]
            columns += [other, one]
            values += [coo.data, coo.data]
    where = np.concatenate(rows), np.concatenate(columns)
    return sparse.csr_array((np.concatenate(values), where), shape=(layout.flat, layout.flat))


def _first(statistics: Statistics, structure: Structure, layout: Layout, factor: int) -> Eliminated:
    rows, columns, values = [], [], []
    for (f, g), found in statistics.cross.items():
        if factor not in (f, g):
            continue
        coo = (found if f == factor else sparse.csr_array(found.T)).tocoo()
        rows.append(coo.row)
        columns.append(layout.places[g if f == factor else f].ravel()[coo.col])
        values.append(coo.data)
    where = np.concatenate(rows), np.concatenate(columns)
    shape = structure.levels[factor], layout.flat
    N12 = sparse.csr_array((np.concatenate(values), where), shape=shape)
    n = statistics.ZZ[factor][:, 0, 0]
    pairs = _pairs(N12, layout)
    return Eliminated(factor, n, statistics.ZY[factor][:, 0], N12, sparse.csr_array(N12.T), pairs)


def _pairs(N12: sparse.csr_array, layout: Layout) -> sparse.csc_array | None:
    """The products of every two entries in a row of N12, at the place of the pair."""
    N12.sort_indices()
    lengths = np.diff(N12.indptr).astype(np.intp)
    counts = lengths * (lengths + 1) // 2
    total = int(counts.sum())
    if total > MOST_PAIRS * max(layout.flat * layout.m, N12.nnz):
        return None
    begin = np.repeat(N12.indptr[:-1].astype(np.intp), lengths)
    own = np.arange(1, N12.nnz + 1) - begin
    ends = np.cumsum(own)
    earlier = np.arange(total) + np.repeat(begin - ends + own, own)
    values = np.repeat(N12.data, own) * N12.data[earlier]
    values[ends - 1] *= 0.5
    row = N12.indices.astype(np.intp) * layout.m
    where = np.repeat(row, own) + (N12.indices % layout.m)[earlier]
    starts = np.concatenate([[0], np.cumsum(counts)])
    return sparse.csc_array((values, where, starts), shape=(layout.flat * layout.m, len(lengths)))


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """The log determinant and cross-products of ``Moments``, with what the derivatives are made from."""

    log_determinant: float
    M: Matrix
    G: RandomCovariance
    N: Cube
    R: Cube
    S: Cube
    u: Vector


def level(system: System, theta: Vector) -> Level:
    """The log determinant and cross-products at theta."""
    covariances = system.structure.covariances(theta)
    M, N, ZY, first, logs = system.statistics.YY, system.N, system.ZY, system.first, 0.0
    u = np.zeros(0)
    if first is not None:
        g = covariances[first.factor][0, 0]
        u = 1.0 / (1.0 + g * first.n)
        logs = -float(np.log(u).sum())
        M = M - first.ZY.T @ (first.ZY * (g * u)[:, None])
        N = N - first.weighted(system.layout, g * u)
        ZY = ZY - (first.N21 @ (first.ZY * (g * u)[:, None])).reshape(ZY.shape)
    G = random_covariance(system.layout, system.structure, covariances)
    solved = resolve(N, G)
    S = np.matmul(solved.R, ZY)
    M = M - gram(ZY, G.times(S))
    return Level(logs + solved.log_determinant, (M + M.T) / 2, G, N, solved.R, S, u)


def moments(system: System, theta: Vector) -> Moments:
    """The log determinant, cross-products and first derivatives at theta."""
    found, first = level(system, theta), system.first
    G, S, u = found.G, found.S, found.u
    S1 = np.zeros((0, S.shape[-1]))
    if first is not None:
        H_ZY = G.times(S).reshape(system.layout.flat, -1)
        S1 = u[:, None] * (first.ZY - first.N12 @ H_ZY)
    applied = tuple(
        None if first is not None and entry.factor == first.factor else system.layout.apply(entry, S)
        for entry in system.structure.entries
    )
    state = State(system, G, found.N, found.R, S, applied, u, S1)
    return Moments(found.log_determinant, found.M, _traces(state), _first_products(state), state)


def _traces(state: State) -> Vector:
    system, first = state.system, state.system.first
    layout = system.layout
    R, N = state.R.reshape(layout.flat, -1), state.N.reshape(layout.flat, -1)
    found = []
    for entry in system.structure.entries:
        if first is not None and entry.factor == first.factor:
            spread = first.trace(layout, state.u**2, state.G.times(state.R))
            found.append(float(state.u @ first.n) - spread)
            continue
        if layout.is_whole(entry):
            found.append(float(np.vdot(state.R, state.N)))
            continue
        a, b = (layout.places[entry.factor][:, row] for row in entry.rows)
        total = float(np.einsum("ij,ij->", R[a], N[b]))
        found.append(total if entry.on_diagonal else 2.0 * total)
    return np.array(found)


def _first_products(state: State) -> Cube:
    return np.array([state.S1.T @ state.S1 if E is None else gram(state.S, E) for E in state.applied])


def second(found: Moments, *, with_traces: bool = True) -> Second:
    """The second-order moments at the same theta."""
    state, first = found.state, found.state.system.first
    R, c = len(found.traces), len(found.M)
    Q = np.zeros((R, R, c, c))
    for s, right in enumerate(state.applied):
        if right is None:
            continue
        onward = np.matmul(state.R, np.matmul(state.N, right))
        for r, left in enumerate(state.applied):
            if left is not None:
                Q[r, s] = gram(left, onward)
    if first is not None:
        here = next(r for r, E in enumerate(state.applied) if E is None)
        W = (first.N21 @ (state.u[:, None] * state.S1)).reshape(state.S.shape)
        RW = np.matmul(state.R, W)
        Q[here, here] = state.S1.T @ ((state.u * first.n)[:, None] * state.S1) - gram(W, state.G.times(RW))
        for s, right in enumerate(state.applied):
            if right is not None:
                Q[here, s] = gram(RW, right)
                Q[s, here] = Q[here, s].T
    return Second(_second_traces(state) if with_traces else None, Q)


def _second_traces(state: State) -> Matrix:
    """tr(V^-1 G_r V^-1 G_s), (R, R)."""
    system, first = state.system, state.system.first
    entries, layout = system.structure.entries, system.layout
    stays = [r for r, E in enumerate(state.applied) if E is not None]
    C = np.matmul(state.R, state.N)
    applied = {r: layout.apply(entries[r], C) for r in stays}
    K = np.zeros((len(entries), len(entries)))
    for r in stays:
        for s in stays:
            K[r, s] = trace_of_product(applied[r], applied[s])
    if first is None:
        return K
    here = next(r for r in range(len(entries)) if r not in stays)
    d = state.u * first.n
    T1, T2 = first.weighted(layout, state.u**2), first.weighted(layout, state.u**2 * d)
    H = state.G.times(state.R)
    HT = np.matmul(H, T1)
    K[here, here] = float(d @ d) - 2.0 * trace_of_product(H, T2) + trace_of_product(HT, HT)
    spread = np.matmul(np.matmul(state.R, T1), state.R.transpose(0, 2, 1))
    for s in stays:
        a, b = (layout.places[entries[s].factor][:, row] for row in entries[s].rows)
        total = float(spread.reshape(-1)[a * layout.m + b % layout.m].sum())
        K[here, s] = K[s, here] = total if entries[s].on_diagonal else 2.0 * total
    return K
