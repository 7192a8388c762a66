"""Draws from a Bayesian logistic model with a random intercept, without a chain.

logit P(y = 1) = X beta + u[cluster] with u ~ N(0, tau^2), the prior flat for beta and for tau between 0
and ``LARGEST``. The posterior of tau comes from the likelihood with u integrated out by adaptive
Gauss-Hermite quadrature and beta by Laplace's approximation (Rue, Martino and Chopin 2009, J R Stat Soc B
71:319, with quadrature for the inner integral):

    p(tau | y)  ~  max over beta of L(beta, tau)  times  |I(tau)|^(-1/2)

beta is then normal about its maximum given tau, and u is drawn cluster by cluster from its conditional
distribution on a grid. The density of tau is taken to have one mode, and left out where it is negligible.

A cluster whose outcomes are all alike has a conditional distribution that is a normal one on one side and
cut off on the other, the more so the larger tau: Gauss-Hermite nodes then converge slowly, so that equally
spaced nodes take their place, at which the integral of a smooth function converges geometrically.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import interpolate, linalg, special

from precept_stats.numerics.glmm.quadrature import Nodes, gauss_hermite
from precept_stats.numerics.imputation.rows import Answered, DrawnEvents, Ints, Unanswered, sums
from precept_stats.numerics.imputation.separation import separating_columns

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

LARGEST = 5.0
"""The largest standard deviation between clusters on the log odds scale: chances of 0.0001 to 0.9999."""
STEPS = 60
SETTLED = 1e-7
FAR = 25.0
"""A fitted log odds that ordinary data do not have, at which it is asked whether they are separated."""
COARSE, FINE, DENSE = 13, 17, 600
NEGLIGIBLE = 15.0
"""A log density so much below the largest is left out."""
REACH = np.linspace(-8.0, 8.0, 129)
"""The grid of a cluster's effect in conditional standard deviations."""


def _equally_spaced(reach: float, step: float) -> Nodes:
    """Nodes of the trapezium rule, in the form of those of Gauss and Hermite."""
    at: Vector = np.arange(-round(reach / step), round(reach / step) + 1, dtype=np.float64) * step
    return Nodes(at, np.full(len(at), np.log(step) - 0.5 * np.log(2.0 * np.pi)))


RULES = ((1.0, gauss_hermite(15)), (2.0, _equally_spaced(8.0, 0.4)), (LARGEST, _equally_spaced(10.0, 0.25)))
"""The largest tau of each rule. The log integral of one cluster is right to 1e-5."""


@dataclass(frozen=True, slots=True)
class Separated:
    """No posterior with a flat prior: along these columns of X the likelihood rises for ever."""

    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Newton's method found no maximum at this standard deviation between clusters."""

    tau: float


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """The maximum over beta given tau, in the columns Q: log L, and minus its Hessian as ``information``."""

    tau: float
    params: Vector
    value: float
    information: Matrix

    @property
    def log_density(self) -> float:
        """The log marginal posterior of tau, but for a constant."""
        return self.value - 0.5 * float(np.linalg.slogdet(self.information)[1])


@dataclass(frozen=True, slots=True, eq=False)
class LogisticPosterior:
    """The answered rows in columns Q = X R^-1, and the marginal posterior of tau on a dense grid."""

    rows: Answered
    triangle: Matrix
    solved: tuple[Solved, ...]
    taus: Vector
    cumulative: Vector

    def draw(self, generator: np.random.Generator, asked: Unanswered) -> DrawnEvents:
        """Parameters and effects of clusters, then what the outcomes of the rows asked for depend on."""
        tau = float(np.interp(generator.random(), self.cumulative, self.taus))
        near = min(self.solved, key=lambda one: abs(one.tau - tau))
        at = maximum(self.rows, tau, near.params) or near
        root = linalg.cholesky(at.information, lower=False)
        params = at.params + linalg.solve_triangular(root, generator.standard_normal(len(at.params)))
        effects = _effects(self.rows, params, tau, generator)
        linear = asked.X @ linalg.solve_triangular(self.triangle, params) + effects[asked.cluster]
        return DrawnEvents(linear, generator.random(len(linear)))


def logistic_posterior(rows: Answered) -> LogisticPosterior | Separated | Unsettled:
    """The posterior given the answered rows, or why there is none.

    Whether outcomes are separated does not depend on tau, so that a logistic regression without effects of
    clusters tells. Clusters whose outcomes are all alike separate nothing.
    """
    given, root_n = rows, np.sqrt(len(rows.y))
    Q, R = linalg.qr(rows.X, mode="economic")
    rows = Answered(Q * root_n, rows.y, rows.cluster, rows.clusters)
    plain = maximum(rows, 0.0, np.zeros(rows.X.shape[1]))
    if plain is None or float(np.max(np.abs(rows.X @ plain.params))) > FAR:
        columns = separating_columns(given.X, given.y)
        if columns or plain is None:
            return Separated(columns) if columns else Unsettled(0.0)
    coarse = _outwards(rows, plain)
    if isinstance(coarse, Unsettled):
        return coarse
    heights = np.array([one.log_density for one in coarse])
    within = np.flatnonzero(heights > heights.max() - NEGLIGIBLE)
    low = coarse[max(within[0] - 1, 0)].tau
    high = coarse[min(within[-1] + 1, len(coarse) - 1)].tau
    fine = _along(rows, np.linspace(low, high, FINE), coarse[int(heights.argmax())].params)
    if isinstance(fine, Unsettled):
        return fine
    curve = interpolate.CubicSpline([one.tau for one in fine], [one.log_density for one in fine])
    taus = np.linspace(low, high, DENSE)
    density = curve(taus)
    density = np.exp(density - density.max())
    cumulative = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return LogisticPosterior(rows, R / root_n, fine, taus, cumulative / cumulative[-1])


def _outwards(rows: Answered, plain: Solved) -> tuple[Solved, ...] | Unsettled:
    """Maxima along a coarse grid of tau from 0, as far as the density is not negligible."""
    found, highest = [plain], plain.log_density
    for tau in LARGEST * np.linspace(0.0, 1.0, COARSE)[1:] ** 2:
        one = maximum(rows, float(tau), found[-1].params)
        if one is None:
            return Unsettled(float(tau))
        found.append(one)
        highest = max(highest, one.log_density)
        if one.log_density < highest - NEGLIGIBLE:
            break
    return tuple(found)


def _along(rows: Answered, taus: Vector, start: Vector) -> tuple[Solved, ...] | Unsettled:
    found: list[Solved] = []
    for tau in taus:
        one = maximum(rows, float(tau), found[-1].params if found else start)
        if one is None:
            return Unsettled(float(tau))
        found.append(one)
    return tuple(found)


def maximum(rows: Answered, tau: float, start: Vector) -> Solved | None:
    """The maximum of the integrated likelihood over beta, by Newton's method; None where it finds none.

    Nodes are held where they are while a step is shortened: value, gradient and information are then those
    of one function, which they are not where nodes move with beta.
    """
    params = start
    for _ in range(STEPS):
        held = _nodes(rows, rows.X @ params, tau)
        value, gradient, information = _over(rows, params, tau, held)
        try:
            step = linalg.cho_solve(linalg.cho_factor(information), gradient)
        except (linalg.LinAlgError, ValueError):
            return None
        if float(np.max(np.abs(step))) < SETTLED:
            return Solved(tau, params, value, information)
        scale, least = 1.0, value - 1e-10 - 1e-13 * abs(value)
        while not _value(rows, params + scale * step, tau, held) >= least and scale > 1e-4:
            scale /= 2
        params = params + scale * step
    return None


def integrated(rows: Answered, params: Vector, tau: float) -> tuple[float, Vector, Matrix]:
    """Log L, its gradient and minus its Hessian, the effects of clusters integrated out."""
    return _over(rows, params, tau, _nodes(rows, rows.X @ params, tau))


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Nodes of each cluster's effect in units of tau (K, q), and their log weights."""

    at: Matrix
    log_weight: Matrix


def _nodes(rows: Answered, eta: Vector, tau: float) -> Held:
    """Nodes about the mode of each cluster's effect, their weights with the effect's own density."""
    rule = next(nodes for largest, nodes in RULES if tau <= largest)
    mode, deviation = _modes(rows, eta, tau)
    at = mode[:, None] + deviation[:, None] * rule.at
    return Held(at, rule.log_weight + np.log(deviation)[:, None] - at**2 / 2)


def _value(rows: Answered, params: Vector, tau: float, held: Held) -> float:
    """Log L over nodes that are held."""
    at = (rows.X @ params)[:, None] + tau * held.at[rows.cluster]
    terms = sums(_log_chance(rows, at), rows.cluster, rows.clusters) + held.log_weight
    return float(special.logsumexp(terms, axis=1).sum())


def _over(rows: Answered, params: Vector, tau: float, held: Held) -> tuple[float, Vector, Matrix]:
    """Log L, its gradient and minus its Hessian over nodes that are held."""
    X, K = rows.X, rows.clusters
    at = (X @ params)[:, None] + tau * held.at[rows.cluster]
    chance = special.expit(at)
    terms = sums(_log_chance(rows, at), rows.cluster, K) + held.log_weight
    each = special.logsumexp(terms, axis=1)
    weight = np.exp(terms - each[:, None])
    off = rows.y[:, None] - chance
    score = np.stack([sums(X[:, j, None] * off, rows.cluster, K) for j in range(X.shape[1])], axis=2)
    mean = np.einsum("kq,kqp->kp", weight, score)
    spread = np.einsum("kq,kqi,kqj->ij", weight, score, score) - mean.T @ mean
    curve = np.sum(weight[rows.cluster] * chance * (1.0 - chance), axis=1)
    information = (X * curve[:, None]).T @ X - spread
    return float(each.sum()), mean.sum(axis=0), information


def _log_chance(rows: Answered, at: Matrix) -> Matrix:
    """Log probability of what each row answered, at log odds (n, q)."""
    found: Matrix = special.log_expit(np.where(rows.y[:, None] == 1.0, at, -at)).astype(np.float64)
    return found


def _modes(rows: Answered, eta: Vector, tau: float) -> tuple[Vector, Vector]:
    """The mode of each cluster's effect in units of tau (K,), and its standard deviation there.

    By Newton's method, which at a large tau jumps to and fro over a mode: a step beyond a place that is
    known to lie on the mode's other side goes half the way to it.
    """
    mode, K = np.zeros(rows.clusters), rows.clusters
    curvature, low, high = np.ones(K), np.full(K, -np.inf), np.full(K, np.inf)
    for _ in range(STEPS):
        chance = special.expit(eta + tau * mode[rows.cluster])
        slope = tau * sums(rows.y - chance, rows.cluster, K) - mode
        curvature = 1.0 + tau**2 * sums(chance * (1.0 - chance), rows.cluster, K)
        step = np.clip(slope / curvature, -1.0, 1.0)
        if float(np.max(np.abs(step), initial=0.0)) < SETTLED:
            break
        low, high = np.where(slope > 0.0, mode, low), np.where(slope < 0.0, mode, high)
        beyond = ((step > 0.0) & (mode + step >= high)) | ((step < 0.0) & (mode + step <= low))
        other = np.where(beyond, np.where(step > 0.0, high, low), mode + 2.0 * step)
        mode = np.where(beyond, (mode + other) / 2, mode + step)
    return mode, 1.0 / np.sqrt(curvature)


def _effects(rows: Answered, params: Vector, tau: float, generator: np.random.Generator) -> Vector:
    """One draw of every cluster's effect from its conditional distribution (K,)."""
    eta, places = rows.X @ params, generator.random(rows.clusters)
    mode, deviation = _modes(rows, eta, tau)
    nodes = mode[:, None] + deviation[:, None] * REACH
    at = eta[:, None] + tau * nodes[rows.cluster]
    height = sums(_log_chance(rows, at), rows.cluster, rows.clusters) - nodes**2 / 2
    density = np.exp(height - height.max(axis=1, keepdims=True))
    steps = (density[:, 1:] + density[:, :-1]) / 2
    cumulative = np.hstack([np.zeros((rows.clusters, 1)), np.cumsum(steps, axis=1)])
    return tau * _inverse(cumulative / cumulative[:, -1:], nodes, places)


def _inverse(cumulative: Matrix, nodes: Matrix, places: Vector) -> Vector:
    """Where each cluster's cumulative distribution, linear between nodes, reaches its place."""
    right = np.clip((cumulative < places[:, None]).sum(axis=1), 1, cumulative.shape[1] - 1)
    k: Ints = np.arange(len(places))
    low, high = cumulative[k, right - 1], cumulative[k, right]
    share = np.where(high > low, (places - low) / np.where(high > low, high - low, 1.0), 0.5)
    found: Vector = nodes[k, right - 1] + share * (nodes[k, right] - nodes[k, right - 1])
    return found
