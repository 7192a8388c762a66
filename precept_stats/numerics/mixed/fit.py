"""Fit a linear mixed model: from rows to estimates, with the evidence that they are the optimum."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from precept_stats.errors import FitError
from precept_stats.numerics.mixed.covariance import Structure, structure
from precept_stats.numerics.mixed.criterion import Point, Problem, evaluate, solve, value
from precept_stats.numerics.mixed.model import Matrix, MixedModel, Vector
from precept_stats.numerics.mixed.optimise import Optimum, minimise
from precept_stats.numerics.mixed.starts import alike, from_moments
from precept_stats.numerics.mixed.statistics import collect, factors
from precept_stats.numerics.mixed.system import prepare

Criterion = Literal["reml", "ml"]

VANISHING = 1e-9
"""A residual variance below this share of that without random effects is running to zero."""


@dataclass(frozen=True, slots=True, eq=False)
class VarianceComponent:
    """One entry of the covariance of the random effects: a variance, or a covariance of two coefficients."""

    factor: str
    row: str
    column: str
    value: float


@dataclass(frozen=True, slots=True, eq=False)
class MixedFit:
    """A fitted model. ``covariance`` is the plain model-based one, sigma2 (X'V^-1X)^-1.

    ``deviance`` is -2 log likelihood (restricted under REML). ``theta`` are relative Cholesky factors in
    the order of ``structure``; ``at_zero`` marks those on the boundary. ``gradient`` is the largest
    scaled gradient |g_i| max(|theta_i|, 1) of the deviance and ``smallest_curvature`` the smallest
    eigenvalue of its Hessian in theta, parameters at zero left out (NaN when none is left).
    """

    names: tuple[str, ...]
    params: Vector
    covariance: Matrix
    sigma2: float
    theta: Vector
    components: tuple[VarianceComponent, ...]
    deviance: float
    at_zero: tuple[bool, ...]
    converged: bool
    evaluations: int
    gradient: float
    smallest_curvature: float
    problem: Problem
    point: Point

    @property
    def log_likelihood(self) -> float:
        return -0.5 * self.deviance

    @property
    def boundary(self) -> bool:
        """Whether a variance is estimated as zero, or a covariance matrix as singular."""
        return any(self.at_zero)


def fit_mixed(model: MixedModel, criterion: Criterion = "reml", *, scale: float | None = None) -> MixedFit:
    """Estimate by REML or ML; ``scale`` fixes the residual variance (None estimates it).

    Raises FitError for rows that cannot be used, aliased columns, as many random effects as
    observations, no residual degrees of freedom, and an outcome that the model explains exactly.
    """
    statistics, kept = collect(model), structure(model)
    problem = Problem(prepare(statistics, kept), criterion == "reml", scale)
    if problem.df <= 0:
        raise FitError(
            "no residual degrees of freedom are left",
            found=f"{statistics.n:g} observations and {statistics.p} fixed effects",
            allowed="more observations than fixed effects",
        )
    with np.errstate(all="ignore"):
        start = _start(problem)
        found = minimise(
            lambda theta: evaluate(problem, theta), (start,), kept.diagonal, exact=problem.is_small
        )
    return _described(model, problem, _signed(problem, found))


def _start(problem: Problem) -> Vector:
    """The best of several starts; the likeliest one where the deviance takes long."""
    system = problem.system
    moments, others = from_moments(system.statistics, system.structure), alike(system.structure)
    if not problem.is_small:
        return others[1] if moments is None else moments
    candidates = others if moments is None else (moments, *others)
    return min(candidates, key=lambda theta: value(problem, theta))


def _signed(problem: Problem, found: Optimum[Point]) -> Optimum[Point]:
    """The same optimum with no negative diagonal in theta."""
    kept, theta = problem.system.structure, found.point.theta
    diagonal = {(e.term, e.b): value for e, value in zip(kept.entries, theta, strict=True) if e.on_diagonal}
    signs = np.array([-1.0 if diagonal[e.term, e.b] < 0 else 1.0 for e in kept.entries])
    if np.all(signs > 0):
        return found
    return Optimum(evaluate(problem, signs * theta), found.converged, found.evaluations, found.decrement)


def _described(model: MixedModel, problem: Problem, found: Optimum[Point]) -> MixedFit:
    point, statistics, kept = found.point, problem.system.statistics, problem.system.structure
    if not point.ss > VANISHING * solve(statistics.YY).ss:
        raise FitError(
            "the residual variance runs to zero",
            found=f"a residual sum of squares of {point.ss:g}",
            allowed="an outcome that varies within the levels of the random effects",
        )
    sigma2 = problem.scale if problem.scale is not None else point.ss / problem.df
    at_zero = kept.diagonal & (point.theta == 0.0)
    free = ~at_zero
    scaled = np.abs(point.gradient) * np.maximum(np.abs(point.theta), 1.0)
    curvature = point.hessian[np.ix_(free, free)]
    return MixedFit(
        names=model.fixed.names,
        params=statistics.restore @ point.beta + statistics.start,
        covariance=sigma2 * statistics.restore @ point.phi @ statistics.restore.T,
        sigma2=sigma2,
        theta=point.theta,
        components=_components(model, kept, point.theta, sigma2),
        deviance=point.value,
        at_zero=tuple(bool(zero) for zero in at_zero),
        converged=found.converged,
        evaluations=found.evaluations,
        gradient=float(scaled.max(initial=0.0)),
        smallest_curvature=float(np.linalg.eigvalsh(curvature)[0]) if free.any() else math.nan,
        problem=problem,
        point=point,
    )


def _components(
    model: MixedModel, kept: Structure, theta: Vector, sigma2: float
) -> tuple[VarianceComponent, ...]:
    groups, gamma = factors(model), kept.gamma(theta)
    return tuple(
        VarianceComponent(
            groups[entry.factor].name,
            model.random[entry.term].names[entry.a],
            model.random[entry.term].names[entry.b],
            sigma2 * float(value),
        )
        for entry, value in zip(kept.entries, gamma, strict=True)
    )
