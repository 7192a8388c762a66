"""Maximum likelihood for a random intercept: Newton's method, its status, and the evidence for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from precept_stats.numerics.glmm.families import Family, PoissonLog
from precept_stats.numerics.glmm.layout import Layout, arrange
from precept_stats.numerics.glmm.likelihood import Evaluation, evaluate
from precept_stats.numerics.glmm.newton import uphill
from precept_stats.numerics.glmm.penalised import Start, Unclustered, start, unclustered
from precept_stats.numerics.glmm.quadrature import Nodes, gauss_hermite
from precept_stats.numerics.glmm.separation import runs_away, separating_columns

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]

MAX_ITERATIONS = 60
MAX_STEP_IN_LOG_SIGMA = 1.5
SETTLED = 1e-16
"""Twice the gain in log-likelihood that is left, at which the iterations stop."""

ALMOST = 1e-9
"""The same, from which a full Newton step needs no line search."""

NEARLY_ZERO = 0.02
"""A typical reliability sigma^2 / (sigma^2 + variance of a cluster) below which sigma = 0 is tried."""

LARGEST_SIGMA = 20.0

LEAST_LOG_SIGMA = float(np.log(0.15))
"""From where a variance is sought when a fit near by has none."""

SINGULAR = 1e-11
"""An eigenvalue of the scaled information below which parameters cannot be told apart."""


@dataclass(frozen=True, slots=True, eq=False)
class GlmmRows:
    """Totals y (n,) with denominators size (n,), X (n, p) of full rank, and codes of clusters (n,) from 0."""

    X: Matrix
    y: Vector
    size: Vector
    cluster: Ints


@dataclass(frozen=True, slots=True, eq=False)
class GlmmFit:
    """A fit. ``covariance`` (p + 1, p + 1) is that of (beta, log sigma), the inverse joint information.

    On the boundary sigma is 0, ``log_sigma`` minus infinity with variance 0, and ``boundary_score`` (the
    derivative of the log-likelihood in sigma^2 there) is not positive. ``gradient`` is the length of
    the score in standard errors; ``curvature`` the smallest eigenvalue of the information scaled
    to a unit diagonal. ``modes``, ``mode_sds`` and ``mode_errors`` (with the fixed effects' uncertainty,
    the variance taken as known) are by cluster code. ``reason`` says why a fit failed;
    ``separating`` are the columns of X that separate the outcome.
    """

    params: Vector
    log_sigma: float
    covariance: Matrix
    log_likelihood: float
    status: Literal["ok", "boundary", "failed"]
    reason: str
    separating: tuple[int, ...]
    gradient: float
    curvature: float
    boundary_score: float
    iterations: int
    rows_used: int
    modes: Vector
    mode_sds: Vector
    mode_errors: Vector


@dataclass(frozen=True, slots=True, eq=False)
class _Problem:
    layout: Layout
    family: Family
    constant: float

    def at(self, nodes: Nodes, theta: Vector, modes: Vector) -> Evaluation:
        return evaluate(self.layout, self.family, nodes, theta, modes)


@dataclass(frozen=True, slots=True, eq=False)
class _Climb:
    """Where Newton's method ended, and why."""

    found: Evaluation
    iterations: int
    reason: str = ""
    zero: Unclustered | None = None
    separating: tuple[int, ...] = ()


def fit_glmm(rows: GlmmRows, family: Family, nodes: int = 1, near: Vector | None = None) -> GlmmFit:
    """Maximise the likelihood with ``nodes`` (odd) quadrature points a cluster; 1 is Laplace's approximation.

    X must have full column rank. ``near`` (p + 1,) are (beta, log sigma) to start from, where such are
    known. Nothing is raised for data without an estimate: see ``status``.
    """
    layout = arrange(rows.X, rows.y, rows.size, rows.cluster)
    problem = _Problem(layout, family, family.constant(rows.y, rows.size))
    begin = start(layout, family, 0.5) if near is None else _begin(layout, near)
    laplace = gauss_hermite(1)
    with np.errstate(over="ignore", under="ignore"):
        climb = _climb(problem, laplace, problem.at(laplace, begin.theta, begin.modes))
        if nodes > 1 and climb.zero is None and not climb.reason:
            more = gauss_hermite(nodes)
            again = problem.at(more, climb.found.theta, climb.found.modes)
            second = _climb(problem, more, again)
            climb = replace(second, iterations=climb.iterations + second.iterations)
    return _answer(problem, climb)


def _begin(layout: Layout, near: Vector) -> Start:
    theta = np.append(near[:-1][layout.columns], max(float(near[-1]), LEAST_LOG_SIGMA))
    return Start(theta, np.zeros(layout.n_clusters))


def _climb(problem: _Problem, nodes: Nodes, found: Evaluation) -> _Climb:
    for iteration in range(1, MAX_ITERATIONS + 1):
        zero = _zero_is_better(problem, found)
        if zero is not None:
            gone = _separation(problem, zero.step, float(zero.gradient @ zero.step))
            return _Climb(found, iteration, "separation" if gone else "", zero, gone)
        step = _ascent(found)
        gain = float(found.gradient @ step)
        if gain < SETTLED:
            return _Climb(found, iteration)
        separating = _separation(problem, step[:-1], gain)
        if separating:
            return _Climb(found, iteration, "separation", separating=separating)
        better = _along(problem, nodes, found, step, gain)
        if better is None:
            reason = "" if gain < ALMOST else "no step raises the likelihood"
            return _Climb(found, iteration, reason)
        found = better
        if found.theta[-1] > np.log(LARGEST_SIGMA):
            return _Climb(found, iteration, "the variance between clusters grows without end")
    return _Climb(found, MAX_ITERATIONS, "the iterations did not settle")


def _ascent(found: Evaluation) -> Vector:
    """Newton's step, shortened where it would move log sigma far."""
    step = uphill(found.gradient, -found.hessian)
    step *= min(1.0, MAX_STEP_IN_LOG_SIGMA / max(abs(float(step[-1])), 1e-300))
    return step


def _along(
    problem: _Problem, nodes: Nodes, found: Evaluation, step: Vector, gain: float
) -> Evaluation | None:
    """The criterion after the longest halving of the step that raises it; None when none does."""
    for halving in range(25):
        share = 0.5**halving
        theta = found.theta + share * step
        other = problem.at(nodes, theta, found.modes_at(theta))
        if not np.isfinite(other.value):
            continue
        if other.value >= found.value + 1e-4 * share * gain:
            return other
        if gain < ALMOST:
            closer = float(np.max(np.abs(other.gradient))) < float(np.max(np.abs(found.gradient)))
            return other if closer else None
    return None


def _zero_is_better(problem: _Problem, found: Evaluation) -> Unclustered | None:
    """The fit without a random effect, when sigma heads to 0 and 0 is a maximum no worse than here."""
    precision = np.exp(-2.0 * found.theta[-1])
    reliability = float(np.median(1.0 - precision / found.curvature))
    if reliability > NEARLY_ZERO or found.gradient[-1] >= 0.0:
        return None
    zero = unclustered(problem.layout, problem.family, found.theta[:-1])
    return zero if zero.score <= 0.0 and zero.value >= found.value else None


def _separation(problem: _Problem, direction: Vector, gain: float) -> tuple[int, ...]:
    """Columns that separate, looked for when a long step gains little: the mark of no finite maximum."""
    longest = max(float(np.max(np.abs(block.fixed_part(direction)))) for block in problem.layout)
    if gain > 1e-3 or longest < 0.02:
        return ()
    return separating_columns(problem.layout, direction, counts=isinstance(problem.family, PoissonLog))


def _answer(problem: _Problem, climb: _Climb) -> GlmmFit:
    at_zero = climb.zero is not None and not climb.reason
    return _at_boundary(problem, climb, climb.zero) if at_zero and climb.zero else _inside(problem, climb)


def _inside(problem: _Problem, climb: _Climb) -> GlmmFit:
    found, layout = climb.found, problem.layout
    back = np.append(np.argsort(layout.columns), len(layout.columns))
    covariance, smallest = _inverse(-found.hessian)
    reason = climb.reason or _flaw(problem, found.theta[:-1], found.modes, covariance)
    by_code = np.argsort(layout.clusters)
    return GlmmFit(
        params=found.theta[:-1][back[:-1]],
        log_sigma=float(found.theta[-1]),
        covariance=covariance[np.ix_(back, back)],
        log_likelihood=found.value + problem.constant,
        status="failed" if reason else "ok",
        reason=reason,
        separating=climb.separating,
        gradient=float(np.sqrt(np.abs(found.gradient @ covariance @ found.gradient))),
        curvature=smallest,
        boundary_score=float("nan"),
        iterations=climb.iterations,
        rows_used=layout.n_rows,
        modes=found.modes[by_code],
        mode_sds=(1.0 / np.sqrt(found.curvature))[by_code],
        mode_errors=_prediction_errors(found, covariance)[by_code],
    )


def _prediction_errors(found: Evaluation, covariance: Matrix) -> Vector:
    moves, fixed = found.mode_slopes[:, :-1], covariance[:-1, :-1]
    errors: Vector = np.sqrt(1.0 / found.curvature + np.sum((moves @ fixed) * moves, axis=1))
    return errors


def _at_boundary(problem: _Problem, climb: _Climb, zero: Unclustered) -> GlmmFit:
    layout = problem.layout
    back = np.argsort(layout.columns)
    inverse, smallest = _inverse(zero.information)
    reason = _flaw(problem, zero.params, np.zeros(layout.n_clusters), inverse)
    covariance = np.zeros((len(back) + 1, len(back) + 1))
    covariance[:-1, :-1] = inverse[np.ix_(back, back)]
    return GlmmFit(
        params=zero.params[back],
        log_sigma=float("-inf"),
        covariance=covariance,
        log_likelihood=zero.value + problem.constant,
        status="failed" if reason else "boundary",
        reason=reason,
        separating=(),
        gradient=float(np.sqrt(zero.gradient @ inverse @ zero.gradient)),
        curvature=smallest,
        boundary_score=zero.score,
        iterations=climb.iterations,
        rows_used=layout.n_rows,
        modes=np.zeros(layout.n_clusters),
        mode_sds=np.zeros(layout.n_clusters),
        mode_errors=np.zeros(layout.n_clusters),
    )


def _flaw(problem: _Problem, params: Vector, modes: Vector, covariance: Matrix) -> str:
    """Why a point where the iterations settled is no estimate; empty when it is one."""
    variances = np.diag(covariance)[: len(params)]
    if runs_away(problem.layout, problem.family, params, modes, variances):
        return "separation"
    return "" if np.all(np.isfinite(variances)) else "the information is singular"


def _inverse(information: Matrix) -> tuple[Matrix, float]:
    """The inverse, and the smallest eigenvalue of the matrix scaled to a unit diagonal."""
    scale = 1.0 / np.sqrt(np.maximum(np.abs(np.diag(information)), np.finfo(float).tiny))
    values, vectors = linalg.eigh(information * np.outer(scale, scale))
    if values[0] <= SINGULAR:
        return np.full_like(information, np.nan), float(values[0])
    inverse = (vectors / values) @ vectors.T
    return np.outer(scale, scale) * inverse, float(values[0])
