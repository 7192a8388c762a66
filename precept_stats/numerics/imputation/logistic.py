"""Draws from a Bayesian logistic model with a random intercept, without a chain.

logit P(y = 1) = X beta + u[cluster] with u ~ N(0, tau^2), the prior flat for beta and for tau between 0
and ``LARGEST``. The posterior of tau comes from the likelihood with u integrated out by adaptive
Gauss-Hermite quadrature and beta by Laplace's approximation (Rue, Martino and Chopin 2009, J R Stat Soc B
71:319, with quadrature for the inner integral):

    p(tau | y)  ~  max over beta of L(beta, tau)  times  |I(tau)|^(-1/2)

beta is then normal about its maximum given tau, and u is drawn cluster by cluster from its conditional
distribution on a grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import interpolate, linalg, special

from precept_stats.numerics.glmm.quadrature import gauss_hermite
from precept_stats.numerics.imputation.rows import Answered, DrawnEvents, Ints, Unanswered, sums

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

LARGEST = 5.0
"""The largest standard deviation between clusters on the log odds scale: chances of 0.0001 to 0.9999."""
NODES = gauss_hermite(11)
STEPS = 40
SETTLED = 1e-7
FAR = 25.0
"""A log odds that no data bear out: the model runs away, its outcomes being separated."""
COARSE, FINE, DENSE = 13, 17, 600
NEGLIGIBLE = 15.0
"""A log density so much below the largest is left out."""
REACH = np.linspace(-6.0, 6.0, 97)
"""The grid of a cluster's effect in conditional standard deviations."""


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


def logistic_posterior(rows: Answered) -> LogisticPosterior | None:
    """The posterior given the answered rows; None where their outcomes are separated."""
    root_n = np.sqrt(len(rows.y))
    Q, R = linalg.qr(rows.X, mode="economic")
    rows = Answered(Q * root_n, rows.y, rows.cluster, rows.clusters)
    start = np.zeros(rows.X.shape[1])
    coarse = _along(rows, LARGEST * np.linspace(0.0, 1.0, COARSE) ** 2, start)
    if coarse is None:
        return None
    heights = np.array([one.log_density for one in coarse])
    within = np.flatnonzero(heights > heights.max() - NEGLIGIBLE)
    low = coarse[max(within[0] - 1, 0)].tau
    high = coarse[min(within[-1] + 1, COARSE - 1)].tau
    fine = _along(rows, np.linspace(low, high, FINE), coarse[int(heights.argmax())].params)
    if fine is None:
        return None
    curve = interpolate.CubicSpline([one.tau for one in fine], [one.log_density for one in fine])
    taus = np.linspace(low, high, DENSE)
    density = curve(taus)
    density = np.exp(density - density.max())
    cumulative = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return LogisticPosterior(rows, R / root_n, fine, taus, cumulative / cumulative[-1])


def _along(rows: Answered, taus: Vector, start: Vector) -> tuple[Solved, ...] | None:
    found: list[Solved] = []
    for tau in taus:
        one = maximum(rows, float(tau), found[-1].params if found else start)
        if one is None:
            return None
        found.append(one)
    return tuple(found)


def maximum(rows: Answered, tau: float, start: Vector) -> Solved | None:
    """The maximum of the integrated likelihood over beta, by Newton's method; None where it runs away."""
    params = start
    value, gradient, information = integrated(rows, params, tau)
    for _ in range(STEPS):
        step = np.linalg.solve(information, gradient)
        scale = 1.0
        ahead = integrated(rows, params + step, tau)
        while not ahead[0] >= value - 1e-10 and scale > 1e-4:
            scale /= 2
            ahead = integrated(rows, params + scale * step, tau)
        params = params + scale * step
        value, gradient, information = ahead
        if float(np.max(np.abs(rows.X @ params))) > FAR:
            return None
        if float(np.max(np.abs(scale * step))) < SETTLED:
            return Solved(tau, params, value, information)
    return None


def integrated(rows: Answered, params: Vector, tau: float) -> tuple[float, Vector, Matrix]:
    """Log L, its gradient and minus its Hessian, the effects of clusters integrated out."""
    X, K = rows.X, rows.clusters
    eta = X @ params
    mode, deviation = _modes(rows, eta, tau)
    nodes = mode[:, None] + deviation[:, None] * NODES.at
    at = eta[:, None] + tau * nodes[rows.cluster]
    chance = special.expit(at)
    terms = (
        sums(_log_chance(rows, at), rows.cluster, K)
        - nodes**2 / 2
        + NODES.log_weight
        + np.log(deviation)[:, None]
    )
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
    """The mode of each cluster's effect in units of tau (K,), and its standard deviation there."""
    mode, K = np.zeros(rows.clusters), rows.clusters
    curvature = np.ones(K)
    for _ in range(STEPS):
        chance = special.expit(eta + tau * mode[rows.cluster])
        slope = tau * sums(rows.y - chance, rows.cluster, K) - mode
        curvature = 1.0 + tau**2 * sums(chance * (1.0 - chance), rows.cluster, K)
        step = np.clip(slope / curvature, -1.0, 1.0)
        mode = mode + step
        if float(np.max(np.abs(step), initial=0.0)) < SETTLED:
            break
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
