"""From statistics and psi to the moments that likelihood and tests need; nothing is of the size of the rows.

The means of a cluster's cells have covariance V = diag(d) + U core U', d = nugget + sigma2 / n, and
V^-1 = diag(1/d) - B H B' with B = diag(1/d) U (Woodbury). A direction (derivative of V in one parameter)
is diag(a) + U E U'. What varies within cells has the residual variance alone and only adds to sums.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.cells.statistics import CellStatistics
from precept_stats.numerics.cells.structures import Core, Structure
from precept_stats.numerics.mixed.model import Matrix, Vector

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class System:
    """Statistics and structure with the basis U (K, T, q), None for the identity."""

    statistics: CellStatistics
    structure: Structure
    basis: Array | None

    @property
    def parameters(self) -> int:
        """Parameters of the structure."""
        return len(self.structure.names)

    @property
    def residuals(self) -> int:
        """Residual variances."""
        return len(self.statistics.inner)

    def down(self, values: Array) -> Array:
        """U' values, (K, q, c)."""
        return values if self.basis is None else np.matmul(self.basis.transpose(0, 2, 1), values)

    def up(self, values: Array) -> Array:
        """U values, (K, T, c)."""
        return values if self.basis is None else np.matmul(self.basis, values)


def prepare(statistics: CellStatistics, structure: Structure) -> System:
    """Raises FitError where the structure cannot be told apart in these cells."""
    structure.refuse(statistics.seen)
    return System(statistics, structure, structure.basis(statistics.seen))


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """V at one psi: ``inverse_d`` 1/d (K, T), zero in absent cells; H and C = U'V^-1U (K, q, q).

    ``shrink`` (K, q, q) is I - N H with N = U' diag(1/d) U; ``S`` V^-1 Y (K, T, c) and ``US`` U'S.
    """

    system: System
    core: Core
    sigma2: Vector
    inverse_d: Matrix
    H: Array
    C: Array
    shrink: Array
    S: Array
    US: Array
    log_determinant: float
    M: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """At one psi, over parameters r (structure, then residual variances), V_r = dV / dr, Y = [X, y].

    ``traces`` tr(V^-1 V_r) (R,), ``K`` tr(V^-1 V_r V^-1 V_s), ``P`` Y'V^-1 V_r V^-1 Y (R, c, c), ``Q``
    Y'V^-1 V_r V^-1 V_s V^-1 Y; with V_rs = d2V / dr ds, ``bent_traces`` tr(V^-1 V_rs) (R, R) and ``bent``
    Y'V^-1 V_rs V^-1 Y (R, R, c, c), both None where V is linear.
    """

    traces: Vector
    K: Matrix
    P: Array
    Q: Array
    bent_traces: Matrix | None
    bent: Array | None


def solve(system: System, psi: Vector) -> State:
    """V^-1 Y, Y'V^-1 Y and log|V| over all rows; psi are the structure's, then the residual variances."""
    statistics, r = system.statistics, system.parameters
    core, sigma2 = system.structure.at(psi[:r], statistics.n.shape[1]), psi[r:]
    present = statistics.seen.present
    d = core.nugget + sigma2[statistics.groups] / np.where(present, statistics.n, 1.0)
    inverse_d = np.where(present, 1.0 / d, 0.0)
    B = _columns(system, inverse_d)
    N = system.down(B)
    matrix = np.eye(N.shape[-1]) + np.matmul(N, core.core)
    inverse = np.linalg.inv(matrix)
    logs = float(np.linalg.slogdet(matrix)[1].sum()) + float(np.log(d[present]).sum())
    logs += float(statistics.inner @ np.log(sigma2)) + statistics.log_sums
    H = np.matmul(core.core, inverse)
    H = (H + H.transpose(0, 2, 1)) / 2.0
    weighted = inverse_d[:, :, None] * statistics.means
    downY = system.down(weighted)
    S = weighted - inverse_d[:, :, None] * system.up(np.matmul(H, downY))
    M = np.einsum("gij,g->ij", statistics.within, 1.0 / sigma2) + _gram(statistics.means, S)
    US = np.matmul(inverse, downY)
    C = np.matmul(inverse, N)
    C = (C + C.transpose(0, 2, 1)) / 2.0
    return State(system, core, sigma2, inverse_d, H, C, inverse, S, US, logs, (M + M.T) / 2.0)


def _columns(system: System, values: Matrix) -> Array:
    """diag(values) U, (K, T, q)."""
    if system.basis is None:
        found: Array = values[:, :, None] * np.eye(values.shape[1])
        return found
    return values[:, :, None] * system.basis


def _gram(one: Array, other: Array) -> Matrix:
    """The sum over clusters of one' other, for (K, T, c) and (K, T, e)."""
    return one.reshape(-1, one.shape[-1]).T @ other.reshape(-1, other.shape[-1])


@dataclass(frozen=True, slots=True, eq=False)
class _Direction:
    """dV / dr = diag(a) + U E U': ``a`` (K, T) or None, ``core`` E (q, q) or None.

    ``below`` is B'a S and ``turned`` U'V^-1 a S, both None without a; ``applied`` is E U'S and ``onward``
    C E U'S, both None without a core.
    """

    a: Matrix | None
    core: Matrix | None
    below: Array | None
    turned: Array | None
    applied: Array | None
    onward: Array | None


def _directions(state: State) -> list[_Direction]:
    system, statistics = state.system, state.system.statistics
    present = statistics.seen.present
    found = []
    for r in range(system.parameters):
        nugget = state.core.first_nugget[r]
        a = nugget * present.astype(np.float64) if nugget != 0.0 else None
        core = state.core.first[r]
        found.append(_direction(state, a, core if core.any() else None))
    for g in range(system.residuals):
        here = statistics.groups == g
        a = np.where(here, 1.0 / np.where(here, statistics.n, 1.0), 0.0)
        found.append(_direction(state, a, None))
    return found


def _direction(state: State, a: Matrix | None, core: Matrix | None) -> _Direction:
    below = None if a is None else state.system.down((a * state.inverse_d)[:, :, None] * state.S)
    turned = None if below is None else np.matmul(state.shrink, below)
    applied = None if core is None else np.matmul(core, state.US)
    onward = None if applied is None else np.matmul(state.C, applied)
    return _Direction(a, core, below, turned, applied, onward)


def moments(state: State) -> Moments:
    """Everything of first and second order at the state."""
    directions, c = _directions(state), len(state.M)
    R = len(directions)
    statistics = state.system.statistics
    P, Q = np.zeros((R, c, c)), np.zeros((R, R, c, c))
    for r, one in enumerate(directions):
        P[r] = _first_product(state, one)
        for s, other in enumerate(directions[: r + 1]):
            Q[r, s] = _second_product(state, one, other)
            Q[s, r] = Q[r, s].T
    traces, K = _traces(state, directions)
    for g, sigma2 in enumerate(state.sigma2):
        r = state.system.parameters + g
        P[r] += statistics.within[g] / sigma2**2
        Q[r, r] += statistics.within[g] / sigma2**3
        traces[r] += statistics.inner[g] / sigma2
        K[r, r] += statistics.inner[g] / sigma2**2
    return Moments(traces, K, P, Q, *_bent(state, R))


def _first_product(state: State, one: _Direction) -> Matrix:
    found = np.zeros_like(state.M)
    if one.a is not None:
        found = _gram(state.S, one.a[:, :, None] * state.S)
    if one.applied is not None:
        found = found + _gram(state.US, one.applied)
    return found


def _second_product(state: State, one: _Direction, other: _Direction) -> Matrix:
    """S' V_r V^-1 V_s S."""
    found = np.zeros_like(state.M)
    if one.a is not None and other.a is not None and one.below is not None and other.below is not None:
        weights = one.a * other.a * state.inverse_d
        if weights.any():
            found = found + _gram(state.S, weights[:, :, None] * state.S)
        found = found - _gram(one.below, np.matmul(state.H, other.below))
    if one.turned is not None and other.applied is not None:
        found = found + _gram(one.turned, other.applied)
    if one.applied is not None and other.turned is not None:
        found = found + _gram(one.applied, other.turned)
    if one.applied is not None and other.onward is not None:
        found = found + _gram(one.applied, other.onward)
    return found


def _traces(state: State, directions: list[_Direction]) -> tuple[Vector, Matrix]:
    """tr(V^-1 V_r) and tr(V^-1 V_r V^-1 V_s) of the means of the cells."""
    B = _columns(state.system, state.inverse_d)
    half = np.matmul(B, state.H)
    h = np.einsum("ktq,ktq->kt", half, B)
    VU = B - np.matmul(half, state.system.down(B))
    on_diagonal = state.inverse_d - h
    summed_C = state.C.sum(axis=0)
    inner = [None if d.a is None else np.matmul(_turned(B, d.a), state.H) for d in directions]
    outer = [None if d.a is None else _turned(VU, d.a).sum(axis=0) for d in directions]
    onward = [None if d.core is None else np.matmul(state.C, d.core) for d in directions]
    R = len(directions)
    traces, K = np.zeros(R), np.zeros((R, R))
    for r, one in enumerate(directions):
        if one.a is not None:
            traces[r] += float((one.a * on_diagonal).sum())
        if one.core is not None:
            traces[r] += float((summed_C * one.core).sum())
        for s, other in enumerate(directions[: r + 1]):
            total = 0.0
            if one.a is not None and other.a is not None:
                both = one.a * other.a
                total += float((both * state.inverse_d * (state.inverse_d - 2.0 * h)).sum())
                total += _trace(inner[r], inner[s])
            total += _mixed(outer[r], other.core) + _mixed(outer[s], one.core)
            K[r, s] = K[s, r] = total + _trace(onward[r], onward[s])
    return traces, K


def _turned(values: Array, a: Matrix) -> Array:
    """The products values' diag(a) values, (K, q, q)."""
    turned: Array = np.matmul(values.transpose(0, 2, 1), a[:, :, None] * values)
    return turned


def _trace(one: Array | None, other: Array | None) -> float:
    """The sum over clusters of tr(one other); 0 without either."""
    return 0.0 if one is None or other is None else float(np.einsum("kij,kji->", one, other))


def _mixed(one: Matrix | None, core: Matrix | None) -> float:
    return 0.0 if one is None or core is None else float((one * core).sum())


def _bent(state: State, R: int) -> tuple[Matrix | None, Array | None]:
    second, c = state.core.second, len(state.M)
    if second is None:
        return None, None
    r = len(second)
    traces, bent = np.zeros((R, R)), np.zeros((R, R, c, c))
    summed = state.C.sum(axis=0)
    for i in range(r):
        for j in range(i + 1):
            if second[i, j].any():
                traces[i, j] = traces[j, i] = float((summed * second[i, j]).sum())
                bent[i, j] = bent[j, i] = _gram(state.US, np.matmul(second[i, j], state.US))
    return traces, bent
