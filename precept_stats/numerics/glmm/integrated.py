"""The marginal log-likelihood with any random effects, by Laplace or quadrature, with its exact gradient.

The parameters psi are beta, theta (the entries of L, see ``effects``) and, for a negative binomial
family, the log of its shape. With h(u) = sum l(offset + X beta + A u) - u'u / 2, u^ its maximum, H its
negative Hessian there and R R' = H^-1, the criterion is

    -log|H| / 2 + log sum_j w_j exp(h(u^ + R z_j) + z_j'z_j / 2)

cluster by cluster over the nodes z_j (one factor only), or -log|H| / 2 + h(u^), Laplace's approximation, its
one-node case. u^, H and R all move with psi; the gradient follows them through the implicit function
theorem (for H, the third derivatives of the rows). It is found by one solve with H, whatever the
number of parameters.

Sources: Pinheiro and Chao (2006), J Comput Graph Stat 15:58; Skaug and Fournier (2006), Comput Stat
Data Anal 51:699.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.glmm.effects import Effects
from precept_stats.numerics.glmm.elimination import Loadings, Pattern, Solved, solve_at
from precept_stats.numerics.glmm.families import Family, Slopes
from precept_stats.numerics.glmm.joint_modes import Conditional, Modes, find_joint_modes, transposed
from precept_stats.numerics.glmm.negative_binomial import NegativeBinomialLog
from precept_stats.numerics.glmm.quadrature import gauss_hermite

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Points z (J, q) of quadrature and logs of their weights times exp(z'z / 2) (J,); the middle is 0."""

    at: Matrix
    log_weight: Vector


def tensor_grid(count: int, width: int) -> Grid:
    """``count`` (odd) nodes in each of ``width`` directions."""
    nodes = gauss_hermite(count)
    at = np.stack(np.meshgrid(*[nodes.at] * width, indexing="ij"), axis=-1).reshape(-1, width)
    log_weight = reduce(np.add.outer, [nodes.log_weight] * width)
    return Grid(at, np.asarray(log_weight).ravel())


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """What does not change with psi. ``grid`` is None for Laplace's approximation."""

    effects: Effects
    pattern: Pattern
    family: Family
    grid: Grid | None = None

    @property
    def p(self) -> int:
        return int(self.effects.X.shape[1])

    @property
    def has_shape(self) -> bool:
        return isinstance(self.family, NegativeBinomialLog)

    @property
    def n_parameters(self) -> int:
        return self.p + len(self.effects.structure.entries) + self.has_shape

    def theta(self, psi: Vector) -> Vector:
        return psi[self.p : self.p + len(self.effects.structure.entries)]

    def family_at(self, psi: Vector) -> Family:
        return self.family.at(float(psi[-1])) if isinstance(self.family, NegativeBinomialLog) else self.family

    def given(self, psi: Vector) -> Conditional:
        """The rows given the random effects, at psi."""
        data = self.effects
        fixed = data.offset + data.X @ psi[: self.p]
        return Conditional(data, self.pattern, self.family_at(psi), self.loadings(psi), fixed)

    def loadings(self, psi: Vector) -> Loadings:
        found = [
            factor.Z @ L if L.shape[0] > 1 else factor.Z * L[0, 0]
            for factor, L in zip(
                self.effects.factors, self.effects.structure.triangles(self.theta(psi)), strict=True
            )
        ]
        rest = [A for f, A in enumerate(found) if f != self.effects.first]
        n = len(self.effects.y)
        return Loadings(found[self.effects.first], np.hstack(rest) if rest else np.empty((n, 0)))


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """The criterion at ``psi`` (without the family's constant) and its gradient, and what they came from."""

    psi: Vector
    value: float
    gradient: Vector
    modes: Modes
    centre: Centre


@dataclass(frozen=True, slots=True, eq=False)
class Centre:
    """The rows given the random effects, their modes, linear predictor and derivatives there, and H."""

    given: Conditional
    modes: Modes
    eta: Vector
    rows: Slopes
    solved: Solved

    @classmethod
    def of(cls, given: Conditional, start: Modes) -> Centre:
        modes = find_joint_modes(given, start)
        eta = given.fixed + modes.spread(given.pattern, given.A)
        rows = given.family.slopes(eta, given.data.y, given.data.size)
        return cls(given, modes, eta, rows, solve_at(given.pattern, given.A, -rows.second))


@dataclass(frozen=True, slots=True, eq=False)
class _Integral:
    """What the nodes give, as means over each cluster's nodes.

    ``scores`` of rows (n,) and ``moments``, their products with R z (n, q); ``pull``, the slope of h
    (levels, q); N, which stands for H^-1 (levels, q, q); ``shape``, the slope in the log shape, summed.
    """

    value: float
    scores: Vector
    moments: Matrix
    pull: Matrix
    N: Cube
    shape: float


def evaluate(problem: Problem, psi: Vector, start: Modes) -> Point:
    """The criterion and its gradient at psi; ``start`` is near the modes."""
    given = problem.given(psi)
    centre = Centre.of(given, start)
    own, between = centre.solved.entries()
    integral = _laplace(centre, own) if problem.grid is None else _over_nodes(problem.grid, centre, own)
    gradient = _gradient(problem, centre, integral, between)
    return Point(psi, integral.value, gradient, centre.modes, centre)


def _laplace(centre: Centre, own: Cube) -> _Integral:
    value = float(centre.rows.value.sum()) - 0.5 * centre.modes.square - 0.5 * centre.solved.log_determinant
    return _Integral(
        value,
        centre.rows.first,
        np.zeros_like(centre.given.A.first),
        np.zeros_like(centre.modes.first),
        own,
        float(_shape(centre, centre.eta)[0].sum()),
    )


def _shape(centre: Centre, eta: Vector) -> tuple[Vector, Vector, Vector]:
    """The slopes in the log shape, 0 for families without."""
    family, data = centre.given.family, centre.given.data
    if not isinstance(family, NegativeBinomialLog):
        none = np.zeros_like(eta)
        return none, none, none
    found = family.shape_slopes(eta, data.y, data.size)
    return found.value, found.first, found.second


@dataclass(frozen=True, slots=True, eq=False)
class _Node:
    """At one node: the effects (levels, q), the log of the weighted integrand (levels,), and by row."""

    effects: Matrix
    height: Vector
    scores: Vector
    shape: Vector


def _over_nodes(grid: Grid, centre: Centre, own: Cube) -> _Integral:
    """Sums over the nodes, weighted by their share of each cluster's integral."""
    pattern, A = centre.given.pattern, centre.given.A
    R = np.linalg.inv(np.linalg.cholesky(np.linalg.inv(own))).transpose(0, 2, 1)
    nodes = [_node(centre, R @ z, weight) for z, weight in zip(grid.at, grid.log_weight, strict=True)]
    heights = np.array([node.height for node in nodes])
    top = heights.max(axis=0)
    shares = np.exp(heights - top)
    total = shares.sum(axis=0)
    shares /= total
    scores, shape = np.zeros(len(A.first)), 0.0
    turned = np.zeros_like(A.first)
    pull, K = np.zeros_like(centre.modes.first), np.zeros_like(own)
    for node, z, share in zip(nodes, grid.at, shares, strict=True):
        weighted = share[pattern.codes] * node.scores
        scores += weighted
        turned += weighted[:, None] * z
        slope = share[:, None] * (pattern.by_first(A.first * node.scores[:, None]) - node.effects)
        pull += slope
        K += z[:, None] * slope[:, None, :]
        shape += float(share[pattern.codes] @ node.shape)
    half = np.tril(np.matmul(K, R))
    half -= 0.5 * half * np.eye(half.shape[-1])
    N = R @ (np.eye(half.shape[-1]) + half + half.transpose(0, 2, 1)) @ R.transpose(0, 2, 1)
    moments = np.einsum("ncd,nd->nc", R[pattern.codes], turned)
    value = float(np.sum(top + np.log(total))) - 0.5 * centre.solved.log_determinant
    return _Integral(value, scores, moments, pull, N, shape)


def _node(centre: Centre, away: Matrix, log_weight: float) -> _Node:
    given = centre.given
    effects = centre.modes.first + away
    eta = given.fixed + Modes(effects, centre.modes.rest).spread(given.pattern, given.A)
    value, first, _ = given.family.curve(eta, given.data.y, given.data.size)
    height = given.pattern.by_first(value) - 0.5 * np.sum(effects**2, axis=1) + log_weight
    return _Node(effects, height, first, _shape(centre, eta)[0])


def _gradient(problem: Problem, centre: Centre, integral: _Integral, between: Cube) -> Vector:
    """The sum of scores' d eta, -<N, dH> / 2 and pull' du^; du^ and dH by the implicit function theorem."""
    given, rows = centre.given, centre.rows
    pattern, A = given.pattern, given.A
    S = _sensitivities(centre, integral.N, between)
    leverage = np.sum(A.first * S.first, axis=1) + np.sum(A.rest * S.rest, axis=1)
    v = 0.5 * rows.third * leverage
    pushed = transposed(pattern, A, v)
    first, rest = centre.solved.solve((pushed.first + integral.pull)[:, :, None], pushed.rest[:, None])
    w = Modes(first[:, :, 0], rest[:, 0])
    drawn = w.spread(pattern, A)
    explicit = integral.scores + v + rows.second * drawn
    gradient = np.empty(problem.n_parameters)
    gradient[: problem.p] = given.data.X.T @ explicit
    parts = _Parts(explicit, integral.moments, w, S)
    slopes = _by_factor(problem, centre, parts)
    for number, entry in enumerate(given.data.structure.entries):
        gradient[problem.p + number] = slopes[entry.factor][entry.rows]
    if problem.has_shape:
        _, first_shape, second_shape = _shape(centre, centre.eta)
        gradient[-1] = integral.shape + float(0.5 * leverage @ second_shape + drawn @ first_shape)
    return gradient


def _sensitivities(centre: Centre, own: Cube, between: Cube) -> Loadings:
    """A H^-1 by row, of each row's own levels only; ``own`` stands for the eliminated blocks of H^-1."""
    pattern, A = centre.given.pattern, centre.given.A
    q, s = A.first.shape[1], A.rest.shape[1]
    first, rest = np.zeros_like(A.first), np.zeros_like(A.rest)
    for a in range(q):
        for b in range(q):
            first[:, a] += own[:, a, b][pattern.codes] * A.first[:, b]
        for b in range(s):
            joint = between[:, a][pattern.codes, pattern.slot[:, b]]
            first[:, a] += joint * A.rest[:, b]
            rest[:, b] += joint * A.first[:, a]
    pairs = centre.solved.of_pairs()
    for a in range(s):
        for b in range(s):
            rest[:, a] += pairs[:, a, b] * A.rest[:, b]
    return Loadings(first, rest)


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """What meets the columns of Z in the gradient of L, see ``_by_factor``."""

    explicit: Vector
    moments: Matrix
    w: Modes
    S: Loadings


def _by_factor(problem: Problem, centre: Centre, parts: _Parts) -> list[Matrix]:
    """The slopes of the criterion in all entries of each factor's L (q, q)."""
    data, rows, pattern = problem.effects, centre.rows, problem.pattern
    found, column, number = [], 0, 0
    for f, factor in enumerate(data.factors):
        q = factor.width
        if f == data.first:
            u, w, S, moments = centre.modes.first, parts.w.first, parts.S.first, parts.moments
        else:
            places = pattern.places_of[number]
            u, w = centre.modes.rest[places], parts.w.rest[places]
            S, moments = parts.S.rest[:, column : column + q], np.zeros((1, 1))
            column, number = column + q, number + 1
        of_column = (
            parts.explicit[:, None] * u[factor.codes]
            + rows.first[:, None] * w[factor.codes]
            + rows.second[:, None] * S
            + moments
        )
        found.append(factor.Z.T @ of_column)
    return found
