"""The marginal log-likelihood by adaptive Gauss-Hermite quadrature, with exact gradient and Hessian.

The model for row i of cluster k is E(y) = size * mean(x'beta + u_k), u_k ~ N(0, sigma^2). Parameters
are theta = (beta, tau), tau = log sigma, and P = sigma^-2 is the precision. With the mode u^ of
h(u) = sum l(eta) - P u^2 / 2 - tau and s = D^(-1/2), D = P - sum l''(eta), cluster k contributes

    log s + log sum_j w_j exp(h(u^ + s z_j) + z_j^2 / 2)

over the nodes z_j. One node is the Laplace approximation. Both the mode and D move with theta;
derivatives follow them by the implicit function theorem, so they are those of the criterion itself.

Source: Pinheiro and Bates (1995), J Comput Graph Stat 4:12, eq. 2.8 and 2.9; Pinheiro and Chao
(2006), J Comput Graph Stat 15:58.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.glmm.families import Family, Slopes
from precept_stats.numerics.glmm.layout import Block, Layout
from precept_stats.numerics.glmm.modes import find_modes
from precept_stats.numerics.glmm.quadrature import Nodes

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """The criterion at ``theta`` (p + 1,), its gradient and Hessian, and where the modes are.

    ``modes`` (K,) are the predicted random effects, ``mode_slopes`` (K, p + 1) their derivatives,
    ``curvature`` (K,) is D. ``value`` leaves out the family's constant.
    """

    theta: Vector
    value: float
    gradient: Vector
    hessian: Matrix
    modes: Vector
    mode_slopes: Matrix
    curvature: Vector

    def modes_at(self, theta: Vector) -> Vector:
        """Where the modes are likely to be for other parameters: to first order."""
        return self.modes + self.mode_slopes @ (theta - self.theta)


@dataclass(frozen=True, slots=True, eq=False)
class _Nodal:
    """What the nodes of a block give: by node (q, k), with the sums of products by node (q, k, p).

    ``at`` is u, ``value`` h + tau, ``slope`` h', ``curve`` h'', ``first`` and ``second`` the sums of
    l' x and l'' x; ``row_second`` (q, n) is l''.
    """

    at: Matrix
    value: Matrix
    slope: Matrix
    curve: Matrix
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    row_second: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class _Centre:
    """The modes (k,), D, s, their slopes in theta (k, p + 1), and sums of third and fourth derivatives."""

    precision: float
    mode: Vector
    curvature: Vector
    width: Vector
    mode_slope: Matrix
    curvature_slope: Matrix
    width_log_slope: Matrix
    third: Vector
    fourth: Vector
    third_products: Matrix
    fourth_products: Matrix


def evaluate(layout: Layout, family: Family, nodes: Nodes, theta: Vector, start: Vector) -> Evaluation:
    """The criterion at theta (in the layout's order of columns); ``start`` (K,) is near the modes."""
    p, K = len(theta), layout.n_clusters
    precision = float(np.exp(-2.0 * theta[-1]))
    value = -K * float(theta[-1])
    gradient, hessian = np.zeros(p), np.zeros((p, p))
    modes, slopes, curvature = np.empty(K), np.empty((K, p)), np.empty(K)
    for block in layout:
        fixed = block.fixed_part(theta[:-1])
        mode = find_modes(block, family, fixed, precision, start[block.clusters])
        rows = family.slopes(fixed + block.spread(mode), block.y, block.size)
        centre = _centre(block, rows, mode, precision)
        found = _nodal(_At(block, family, nodes, precision), fixed, rows, centre)
        part = _contribution(block, rows, centre, found, _Weights.of(nodes, found, centre))
        value += part.value
        gradient += part.gradient
        hessian += part.hessian
        modes[block.clusters], curvature[block.clusters] = mode, centre.curvature
        slopes[block.clusters] = centre.mode_slope
    gradient[-1] -= K
    return Evaluation(theta, value, gradient, hessian, modes, slopes, curvature)


def _centre(block: Block, rows: Slopes, mode: Vector, precision: float) -> _Centre:
    third, fourth = block.by_cluster(rows.third), block.by_cluster(rows.fourth)
    curvature = precision - block.by_cluster(rows.second)
    second_products = block.products(rows.second)
    third_products = block.products(rows.third)
    mode_slope = np.column_stack([second_products, 2.0 * precision * mode]) / curvature[:, None]
    explicit = np.column_stack([-third_products, np.full(len(mode), -2.0 * precision)])
    curvature_slope = explicit - third[:, None] * mode_slope
    return _Centre(
        precision=precision,
        mode=mode,
        curvature=curvature,
        width=1.0 / np.sqrt(curvature),
        mode_slope=mode_slope,
        curvature_slope=curvature_slope,
        width_log_slope=-0.5 * curvature_slope / curvature[:, None],
        third=third,
        fourth=fourth,
        third_products=third_products,
        fourth_products=block.products(rows.fourth),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _At:
    """Which block is evaluated, with what."""

    block: Block
    family: Family
    nodes: Nodes
    precision: float


def _nodal(at: _At, fixed: Vector, rows: Slopes, centre: _Centre) -> _Nodal:
    block, count = at.block, len(at.nodes.at)
    k, p = centre.mode_slope.shape
    places = centre.mode + at.nodes.at[:, None] * centre.width
    value, slope, curve = np.empty((count, k)), np.empty((count, k)), np.empty((count, k))
    first, second = np.empty((count, k, p - 1)), np.empty((count, k, p - 1))
    row_second = np.empty((count, len(block.y)))
    for j, u in enumerate(places):
        if at.nodes.at[j] == 0.0:
            l0, l1, l2 = rows.value, rows.first, rows.second
        else:
            l0, l1, l2 = at.family.curve(fixed + block.spread(u), block.y, block.size)
        value[j] = block.by_cluster(l0) - 0.5 * at.precision * u * u
        slope[j] = block.by_cluster(l1) - at.precision * u
        curve[j] = block.by_cluster(l2) - at.precision
        first[j], second[j] = block.products(l1), block.products(l2)
        row_second[j] = l2
    return _Nodal(places, value, slope, curve, first, second, row_second)


@dataclass(frozen=True, slots=True, eq=False)
class _Weights:
    """Posterior weights of the nodes (q, k) and what multiplies each second derivative (k,).

    The second derivatives of a contribution are those of u^ times ``of_mode``, of D times
    ``of_curvature``, of log s times ``of_width`` in all, and the rest, node by node.
    """

    log_sum: Vector
    posterior: Matrix
    nodes: Vector
    of_mode: Vector
    of_curvature: Vector
    of_width: Vector

    @classmethod
    def of(cls, nodes: Nodes, found: _Nodal, centre: _Centre) -> _Weights:
        terms = nodes.log_weight[:, None] + found.value
        top = terms.max(axis=0)
        shares = np.exp(terms - top)
        total = shares.sum(axis=0)
        posterior = shares / total
        pulls = posterior * found.slope
        of_width = 1.0 + centre.width * (nodes.at @ pulls)
        of_curvature = -0.5 * of_width / centre.curvature
        of_mode = pulls.sum(axis=0) - of_curvature * centre.third
        return cls(top + np.log(total), posterior, nodes.at, of_mode, of_curvature, of_width)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A block's share of the criterion, without the -tau of each cluster."""

    value: float
    gradient: Vector
    hessian: Matrix


def _contribution(block: Block, rows: Slopes, centre: _Centre, found: _Nodal, weights: _Weights) -> _Part:
    p = centre.mode_slope.shape[1]
    gradient, hessian = centre.width_log_slope.sum(axis=0), np.zeros((p, p))
    hessian[:-1, :-1] = block.gram(_row_weights(block, rows, centre, found, weights))
    hessian += _centre_terms(centre, weights)
    for j in range(len(weights.nodes)):
        slope, curve = _node_terms(j, centre, found, weights)
        gradient += slope
        hessian += curve
    if len(weights.nodes) > 1:
        hessian -= _between_nodes(centre, found, weights)
    value = float(np.sum(np.log(centre.width) + weights.log_sum))
    return _Part(value, gradient, hessian)


def _row_weights(block: Block, rows: Slopes, centre: _Centre, found: _Nodal, weights: _Weights) -> Vector:
    """What multiplies x x' of each row in the Hessian (n,)."""
    of_third = block.spread(weights.of_mode / centre.curvature) * rows.third
    of_fourth = block.spread(weights.of_curvature) * rows.fourth
    total: Vector = of_third - of_fourth
    for posterior, second in zip(weights.posterior, found.row_second, strict=True):
        total += block.spread(posterior) * second
    return total


def _centre_terms(centre: _Centre, weights: _Weights) -> Matrix:
    """What the second derivatives of the mode, of D and of log s add, but for x x' of rows."""
    precision, m = centre.precision, centre.mode_slope
    of_mode = weights.of_mode / centre.curvature
    crossed = np.column_stack([of_mode[:, None] * centre.third_products, 2.0 * precision * of_mode])
    crossed[:, :-1] -= weights.of_curvature[:, None] * centre.fourth_products
    squared = of_mode * centre.third - weights.of_curvature * centre.fourth
    crossed += 0.5 * squared[:, None] * m
    out = crossed.T @ m
    out += out.T.copy()
    log_slope = centre.width_log_slope
    out += log_slope.T @ ((3.0 * weights.of_width - 1.0)[:, None] * log_slope)
    out[-1, -1] += 4.0 * precision * float(np.sum(weights.of_curvature - of_mode * centre.mode))
    return out


def _place_slope(j: int, centre: _Centre, weights: _Weights) -> Matrix:
    """How the place of node j moves with theta (k, p + 1)."""
    if weights.nodes[j] == 0.0:
        return centre.mode_slope
    moves: Matrix = (weights.nodes[j] * centre.width)[:, None] * centre.width_log_slope
    return centre.mode_slope + moves


def _height_slope(j: int, centre: _Centre, found: _Nodal, moves: Matrix) -> Matrix:
    """How the log of the integrand at node j changes with theta (k, p + 1)."""
    height: Matrix = np.column_stack([found.first[j], centre.precision * found.at[j] ** 2])
    height += found.slope[j][:, None] * moves
    return height


def _node_terms(j: int, centre: _Centre, found: _Nodal, weights: _Weights) -> tuple[Vector, Matrix]:
    """Node j's share of the gradient, and of the Hessian but for x x' of rows."""
    share, u = weights.posterior[j], found.at[j]
    moves = _place_slope(j, centre, weights)
    height = _height_slope(j, centre, found, moves)
    crossed = np.column_stack([found.second[j], 2.0 * centre.precision * u])
    crossed += 0.5 * found.curve[j][:, None] * moves
    out = crossed.T @ (share[:, None] * moves)
    out += out.T.copy()
    if len(weights.nodes) > 1:
        out += height.T @ (share[:, None] * height)
    out[-1, -1] -= 2.0 * centre.precision * float(share @ (u * u))
    return share @ height, out


def _between_nodes(centre: _Centre, found: _Nodal, weights: _Weights) -> Matrix:
    """The square of the posterior mean of the height's slope, summed over clusters."""
    mean = np.zeros_like(centre.mode_slope)
    for j in range(len(weights.nodes)):
        moves = _place_slope(j, centre, weights)
        mean += weights.posterior[j][:, None] * _height_slope(j, centre, found, moves)
    square: Matrix = mean.T @ mean
    return square
