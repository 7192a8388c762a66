"""The profiled deviance (REML or ML) in theta, with its gradient and second derivatives."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from precept_stats.numerics.mixed.model import Matrix, Vector
from precept_stats.numerics.mixed.system import Level, Moments, Second, System, level, moments, second

EXACT_UP_TO = 250
"""Blocks wider than this use average information (Gilmour, Thompson and Cullis 1995) while optimising."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A system with the criterion: ``reml`` or ML, and the residual variance when it is not estimated."""

    system: System
    reml: bool
    scale: float | None = None

    @property
    def is_small(self) -> bool:
        """Whether exact second derivatives cost little beside the first."""
        return self.system.layout.m <= EXACT_UP_TO

    @property
    def df(self) -> float:
        """What the residual sum of squares is divided by: n - p, or n by ML."""
        return self.system.statistics.n - (self.system.statistics.p if self.reml else 0)


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """The deviance (-2 log likelihood) at theta, its derivatives there, and what they were made from.

    ``beta`` are parameters of the centred columns, ``phi`` (X'V^-1X)^-1 of these (without the residual
    variance), ``ss`` the weighted residual sum of squares y'Py, ``in_gamma`` the gradient in gamma.
    """

    theta: Vector
    value: float
    gradient: Vector
    hessian: Matrix
    in_gamma: Vector
    beta: Vector
    phi: Matrix
    ss: float
    moments: Moments


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """Generalised least squares: ``rotate`` takes Y = [X, y] to [X, y - X beta]."""

    beta: Vector
    phi: Matrix
    log_determinant: float
    ss: float
    rotate: Matrix


def solve(M: Matrix) -> Solved:
    """From Y'V^-1Y to beta, (X'V^-1X)^-1 with its log determinant, and the residual sum of squares."""
    p = len(M) - 1
    rotate = np.eye(p + 1)
    if p == 0:
        return Solved(np.zeros(0), np.zeros((0, 0)), 0.0, float(M[0, 0]), rotate)
    L, failed = linalg.lapack.dpotrf(M[:p, :p], lower=1, clean=1)
    if failed:
        raise np.linalg.LinAlgError("the equations of the fixed effects are not positive definite")
    half = linalg.lapack.dtrtrs(L, M[:p, p], lower=1)[0]
    beta = linalg.lapack.dtrtrs(L, half, lower=1, trans=1)[0]
    inverse = linalg.lapack.dtrtri(L, lower=1)[0]
    rotate[:p, p] = -beta
    logs = 2.0 * float(np.log(np.diag(L)).sum())
    return Solved(beta, inverse.T @ inverse, logs, float(M[p, p] - half @ half), rotate)


def evaluate(problem: Problem, theta: Vector) -> Point:
    """The profiled deviance and its derivatives at theta (Bates et al. 2015, eq. 34 and 42)."""
    found = moments(problem.system, theta)
    solved = solve(found.M)
    more = second(found, with_traces=problem.is_small)
    in_gamma, hessian = _derivatives(problem, found, solved, more)
    kept = problem.system.structure
    J = kept.jacobian(theta)
    return Point(
        theta=theta,
        value=deviance(problem, found, solved),
        gradient=J.T @ in_gamma,
        hessian=J.T @ hessian @ J + kept.curvature(in_gamma),
        in_gamma=in_gamma,
        beta=solved.beta,
        phi=solved.phi,
        ss=solved.ss,
        moments=found,
    )


def value(problem: Problem, theta: Vector) -> float:
    """The profiled deviance at theta; infinite where the equations have no solution."""
    try:
        found = level(problem.system, theta)
        at_theta = deviance(problem, found, solve(found.M))
    except np.linalg.LinAlgError:
        return math.inf
    return at_theta if math.isfinite(at_theta) else math.inf


def deviance(problem: Problem, found: Level | Moments, solved: Solved) -> float:
    """-2 log likelihood, profiled over beta and (unless fixed) the residual variance."""
    statistics, df = problem.system.statistics, problem.df
    if not solved.ss > 0.0:
        return math.inf
    logs = found.log_determinant - statistics.log_weights
    if problem.reml:
        logs += solved.log_determinant - 2.0 * float(np.log(np.abs(np.diag(statistics.restore))).sum())
    if problem.scale is not None:
        return logs + df * math.log(2.0 * math.pi * problem.scale) + solved.ss / problem.scale
    return logs + df * (1.0 + math.log(2.0 * math.pi * solved.ss / df))


def _derivatives(problem: Problem, found: Moments, solved: Solved, more: Second) -> tuple[Vector, Matrix]:
    """Gradient and second derivatives in gamma; average information where exact traces were not asked."""
    p = len(solved.beta)
    P = solved.rotate.T @ found.P @ solved.rotate
    Q = solved.rotate.T @ more.Q @ solved.rotate
    squares, slopes = P[:, p, p], P[:, :p, p]
    times = 1.0 / problem.scale if problem.scale is not None else problem.df / solved.ss
    traces = found.traces.copy()
    phiP = solved.phi @ P[:, :p, :p]
    if problem.reml:
        traces -= np.trace(phiP, axis1=1, axis2=2)
    products = Q[:, :, p, p] - slopes @ solved.phi @ slopes.T
    hessian = times * products
    if more.K is not None:
        hessian = 2.0 * hessian - more.K
        if problem.reml:
            hessian += 2.0 * np.einsum("ij,rsji->rs", solved.phi, Q[:, :, :p, :p])
            hessian -= np.einsum("rij,sji->rs", phiP, phiP)
    if problem.scale is None:
        hessian = hessian - times / solved.ss * np.outer(squares, squares)
    return traces - times * squares, (hessian + hessian.T) / 2.0
