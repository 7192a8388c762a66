"""Maximum likelihood with any random effects: from rows to estimates, with status and evidence."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from precept_stats.errors import FitError
from precept_stats.numerics.glmm.effects import StructuredRows, arrange_effects
from precept_stats.numerics.glmm.elimination import pattern_of
from precept_stats.numerics.glmm.families import Family, PoissonLog
from precept_stats.numerics.glmm.integrated import Point, Problem, evaluate, tensor_grid
from precept_stats.numerics.glmm.joint_start import JointStart, joint_start
from precept_stats.numerics.glmm.layout import arrange
from precept_stats.numerics.glmm.negative_binomial import NegativeBinomialLog
from precept_stats.numerics.glmm.quasi_newton import Search, Summit, climb
from precept_stats.numerics.glmm.separation import rows_at_edge, separating_columns

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

NEARLY_ZERO = 0.1
"""A standard deviation (of a typical row) below which a variance of 0 is tried."""

SMALL = 1e-3
"""The standard deviation at which the slope of the likelihood in a variance of 0 is taken."""

LARGEST_SD = 20.0
LARGEST_LOG_SHAPE = 14.0
NEARLY_POISSON = 2e-3
"""Extra variance, as a share of the mean's, below which the Poisson family is tried."""

SINGULAR = 1e-11
"""An eigenvalue of the scaled information below which parameters cannot be told apart."""

TIE = 1e-8
"""Log-likelihoods this near are the same."""


@dataclass(frozen=True, slots=True, eq=False)
class JointFit:
    """A fit. The parameters are beta (p,), ``theta`` (R,), and for a negative binomial the log shape.

    ``theta`` are the entries of L, in the order of ``problem.effects.structure``; ``at_zero`` (R,) marks
    those on the boundary (a variance of 0, or coefficients perfectly correlated), whose rows of
    ``covariance`` are 0 and whose ``boundary_scores`` are the slopes of the log-likelihood in the squared
    diagonal entry. ``log_shape`` is infinite when counts are no more dispersed than Poisson, and None
    for other families. ``gradient`` is the length of the score in standard errors, ``curvature`` the
    smallest eigenvalue of the information scaled to a unit diagonal.
    """

    params: Vector
    theta: Vector
    log_shape: float | None
    covariance: Matrix
    log_likelihood: float
    status: Literal["ok", "boundary", "failed"]
    reason: str
    separating: tuple[int, ...]
    gradient: float
    curvature: float
    at_zero: Mask
    boundary_scores: Vector
    iterations: int
    problem: Problem
    point: Point

    @property
    def covariances(self) -> tuple[Matrix, ...]:
        """The covariance of the coefficients of a level (q, q), by grouping factor."""
        return self.problem.effects.structure.covariances(self.theta)


def fit_joint(rows: StructuredRows, family: Family, nodes: int = 1, near: Vector | None = None) -> JointFit:
    """Maximise the likelihood by Laplace's approximation, or ``nodes`` (odd) in each direction of one factor.

    X must have full column rank. ``near`` are the parameters (psi) of a fit to start from, where such are
    known. Nothing is raised for data without an estimate: see ``status``. Raises FitError for quadrature
    with several grouping factors.
    """
    shaped = isinstance(family, NegativeBinomialLog)
    effects = arrange_effects(rows, collapse=not shaped)
    if nodes > 1 and len(effects.factors) > 1:
        raise FitError(
            "quadrature is for one grouping of random effects",
            found=f"{len(effects.factors)} groupings",
            allowed="Laplace's approximation (1 node), which serves any number of groupings",
        )
    problem = Problem(effects, pattern_of(effects), family)
    constant = family.constant(rows.y, rows.size)
    overloaded = _overloaded(rows, problem)
    with np.errstate(all="ignore"):
        begin = joint_start(problem, near)
        ascent = _Ascent.begin(problem)
        found = ascent.from_start(begin, overloaded)
        if nodes > 1 and not found.reason:
            grid = tensor_grid(nodes, effects.factors[0].width)
            ascent = _Ascent.begin(replace(problem, grid=grid))
            again = ascent.evaluate(found.point.psi, found.point)
            found = found.then(climb(ascent.search, again, found.information))
        found = ascent.off_saddles(found)
        ascent, found = ascent.to_zero(found)
        fit = _answer(ascent, found, constant)
    return _or_poisson(rows, fit, nodes) if shaped else fit


@dataclass(frozen=True, slots=True, eq=False)
class _Ascent:
    """A problem on its way: which entries of theta are held at 0, and the scale of each parameter."""

    problem: Problem
    at_zero: Mask
    sizes: Vector

    @classmethod
    def begin(cls, problem: Problem) -> _Ascent:
        entries = problem.effects.structure.entries
        rms = [np.sqrt(np.mean(factor.Z**2, axis=0)) for factor in problem.effects.factors]
        sizes = np.array([max(float(rms[e.factor][e.rows[0]]), 1e-8) for e in entries])
        return cls(problem, np.zeros(len(entries), dtype=np.bool_), sizes)

    @property
    def search(self) -> Search[Point]:
        extra = int(self.problem.has_shape)
        free = np.concatenate(
            [np.ones(self.problem.p, dtype=np.bool_), ~self.at_zero, np.ones(extra, dtype=np.bool_)]
        )
        longest = np.concatenate([np.full(self.problem.p, 1e6), 1.0 / self.sizes, np.full(extra, 1.5)])
        return Search(self.evaluate, free, longest, self.stop)

    def evaluate(self, psi: Vector, near: Point) -> Point:
        try:
            return evaluate(self.problem, psi, near.modes)
        except np.linalg.LinAlgError:
            return replace(near, psi=psi, value=-np.inf)

    def stop(self, point: Point, step: Vector, gain: float) -> str:
        p = self.problem.p
        if np.any(np.abs(self.problem.theta(point.psi)) * self.sizes > LARGEST_SD):
            return "the variance of random effects grows without end"
        if self.problem.has_shape and point.psi[-1] > LARGEST_LOG_SHAPE:
            return "no more dispersed than Poisson"
        longest = float(np.max(np.abs(self.problem.effects.X @ step[:p])))
        if gain <= 1e-3 and longest >= 0.02 and self.separating(step[:p]):
            return "separation"
        return ""

    def separating(self, direction: Vector) -> tuple[int, ...]:
        """The columns of X by which a direction separates the rows."""
        data = self.problem.effects
        layout = arrange(data.X, data.y, data.size, data.factors[data.first].codes)
        counts = isinstance(self.problem.family, PoissonLog | NegativeBinomialLog)
        return separating_columns(layout, direction[layout.columns], counts=counts)

    def from_start(self, begin: JointStart, overloaded: str) -> Summit[Point]:
        """Climb from the start; the variance part of the first information is by differences."""
        point = evaluate(self.problem, begin.psi, begin.modes)
        information = np.eye(self.problem.n_parameters)
        p = self.problem.p
        information[:p, :p] = begin.information
        if overloaded:
            return Summit(point, information, 0, np.inf, overloaded)
        others = np.arange(len(information)) >= p
        information = self.search.differenced(point, information, others)
        return climb(self.search, point, information)

    def off_saddles(self, found: Summit[Point]) -> Summit[Point]:
        """Climb on from a stationary point whose curvature points up."""
        for _ in range(3):
            free = self.search.free
            values, vectors, scale = _scaled(found.information[np.ix_(free, free)])
            if found.reason or values[0] >= -1e-6:
                return found
            step = np.zeros(len(free))
            step[free] = scale * vectors[:, 0]
            sides = [self.evaluate(found.point.psi + sign * step, found.point) for sign in (1.0, -1.0)]
            best = max(sides, key=lambda side: side.value)
            if not best.value > found.point.value:
                return found
            found = found.then(climb(self.search, best, found.information))
        return found

    def to_zero(self, found: Summit[Point]) -> tuple[_Ascent, Summit[Point]]:
        """Variances that are nearly 0 put to 0, one after another, when that is a maximum and no worse."""
        ascent, entries = self, self.problem.effects.structure.entries
        order = np.argsort(np.abs(self.problem.theta(found.point.psi)) * self.sizes)
        for j in order:
            size = abs(float(self.problem.theta(found.point.psi)[j])) * self.sizes[j]
            if found.reason or not entries[j].on_diagonal or ascent.at_zero[j] or size > NEARLY_ZERO:
                continue
            held = ascent.held(int(j))
            psi = held.without(found.point.psi, int(j))
            other = climb(held.search, held.evaluate(psi, found.point), found.information)
            no_worse = other.point.value >= found.point.value - TIE
            if not other.reason and no_worse and held.score(other.point, int(j)) <= TIE:
                ascent, found = held, found.then(other)
        return ascent, found

    def held(self, j: int) -> _Ascent:
        """The same with the column of L that begins at entry j held at 0."""
        entries = self.problem.effects.structure.entries
        column = (entries[j].term, entries[j].b)
        return replace(self, at_zero=self.at_zero | np.array([(e.term, e.b) == column for e in entries]))

    def without(self, psi: Vector, j: int) -> Vector:
        """Psi with that column at 0, what it gave to later coefficients kept in their own columns."""
        kept = self.problem.effects.structure
        theta = self.problem.theta(psi)
        entry = kept.entries[j]
        L = kept.triangles(theta)[entry.factor].copy()
        c = entry.rows[0]
        rest = slice(c + 1, None)
        if len(L) > c + 1 and np.any(L[rest, c]):
            trailing = L[rest, c:] @ L[rest, c:].T
            L[rest, rest] = np.linalg.cholesky(trailing + 1e-10 * np.eye(len(trailing)))
        L[c:, c] = 0.0
        new = [L[e.rows] if e.factor == entry.factor else t for e, t in zip(kept.entries, theta, strict=True)]
        out = psi.copy()
        out[self.problem.p : self.problem.p + len(theta)] = np.where(self.at_zero, 0.0, new)
        return out

    def score(self, point: Point, j: int) -> float:
        """The slope of the criterion in the square of a diagonal entry of L at 0 (for a typical row)."""
        psi, at = point.psi.copy(), self.problem.p + j
        psi[at] = SMALL / self.sizes[j]
        slope = float(self.evaluate(psi, point).gradient[at])
        return slope / (2.0 * SMALL * float(self.sizes[j]))


def _overloaded(rows: StructuredRows, problem: Problem) -> str:
    """Why there are too many random effects for the data; empty when there are not.

    Counts of a Poisson family carry one random effect a row, which is their overdispersion.
    """
    counts = isinstance(problem.family, PoissonLog | NegativeBinomialLog)
    observations = float(len(rows.y)) if counts else float(rows.size.sum())
    room = observations + isinstance(problem.family, PoissonLog)
    for factor in problem.effects.factors:
        effects = factor.levels * factor.width
        if effects >= room:
            return f"{effects} random effects of {factor.name} for {observations:g} observations"
    return ""


def _scaled(information: Matrix) -> tuple[Vector, Matrix, Vector]:
    """Eigenvalues and vectors of the information scaled to a unit diagonal, and the scale."""
    scale: Vector = 1.0 / np.sqrt(np.maximum(np.abs(np.diag(information)), np.finfo(float).tiny))
    values, vectors = linalg.eigh(information * np.outer(scale, scale))
    return values, vectors, scale


def _answer(ascent: _Ascent, found: Summit[Point], constant: float) -> JointFit:
    problem, free = ascent.problem, ascent.search.free
    point, signs = found.point, _signs(problem, found.point.psi)
    values, vectors, scale = _scaled(found.information[np.ix_(free, free)])
    covariance = np.zeros_like(found.information)
    inverse = (vectors / values) @ vectors.T * np.outer(scale, scale)
    covariance[np.ix_(free, free)] = inverse if values[0] > SINGULAR else np.nan
    reason = found.reason or _flaw(problem, point, covariance)
    separating: tuple[int, ...] = ()
    if found.reason == "separation":
        step = ascent.search.step(point.gradient, found.information)
        separating = ascent.separating(step[: problem.p])
    diagonal = np.flatnonzero(ascent.at_zero & problem.effects.structure.diagonal)
    scores = np.full(len(ascent.at_zero), np.nan)
    for j in diagonal:
        scores[j] = ascent.score(point, int(j))
    slope = point.gradient[free]
    theta = problem.theta(point.psi)
    R = slice(problem.p, problem.p + len(theta))
    return JointFit(
        params=point.psi[: problem.p],
        theta=theta * signs[R],
        log_shape=float(point.psi[-1]) if problem.has_shape else None,
        covariance=covariance * np.outer(signs, signs),
        log_likelihood=point.value + constant,
        status="failed" if reason else "boundary" if ascent.at_zero.any() else "ok",
        reason=reason,
        separating=separating,
        gradient=float(np.sqrt(np.abs(slope @ covariance[np.ix_(free, free)] @ slope))),
        curvature=float(values[0]),
        at_zero=ascent.at_zero,
        boundary_scores=scores,
        iterations=found.iterations,
        problem=problem,
        point=point,
    )


def _signs(problem: Problem, psi: Vector) -> Vector:
    """What makes every diagonal entry of L positive: the sign of a column of L is arbitrary."""
    entries, theta = problem.effects.structure.entries, problem.theta(psi)
    diagonal = {(e.term, e.b): value for e, value in zip(entries, theta, strict=True) if e.on_diagonal}
    signs = np.ones(problem.n_parameters)
    for number, entry in enumerate(entries):
        signs[problem.p + number] = -1.0 if diagonal[entry.term, entry.b] < 0 else 1.0
    return signs


def _flaw(problem: Problem, point: Point, covariance: Matrix) -> str:
    variances = np.diag(covariance)
    if not np.all(np.isfinite(variances)):
        return "the information is singular"
    if rows_at_edge(problem.effects.X, point.centre.rows.second, variances[: problem.p]):
        return "separation"
    return "" if np.all(variances >= 0.0) else "the information is singular"


def _or_poisson(rows: StructuredRows, fit: JointFit, nodes: int) -> JointFit:
    """The Poisson fit, when the shape runs to infinity and it is no worse: a boundary."""
    typical = float(np.mean(rows.y))
    if fit.log_shape is None or typical * float(np.exp(-fit.log_shape)) > NEARLY_POISSON:
        return fit
    poisson = fit_joint(rows, PoissonLog(), nodes)
    worse = not poisson.log_likelihood >= fit.log_likelihood - 1e-6
    if poisson.status == "failed" or (worse and fit.status != "failed"):
        return fit
    covariance = np.zeros((len(poisson.covariance) + 1, len(poisson.covariance) + 1))
    covariance[:-1, :-1] = poisson.covariance
    return replace(poisson, log_shape=float("inf"), covariance=covariance, status="boundary")
