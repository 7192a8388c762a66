"""The deviance (REML or ML) in theta, all variances in it, with its exact gradient and Hessian."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.cells.system import Moments, State, System, moments, solve
from precept_stats.numerics.mixed.criterion import Solved
from precept_stats.numerics.mixed.criterion import solve as least_squares
from precept_stats.numerics.mixed.model import Matrix, Vector

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CellProblem:
    """A system with the criterion: ``reml`` or ML."""

    system: System
    reml: bool

    @property
    def df(self) -> float:
        """Rows less fixed effects, or rows by ML."""
        statistics = self.system.statistics
        return statistics.rows - (statistics.p if self.reml else 0)


@dataclass(frozen=True, slots=True, eq=False)
class Natural:
    """psi of structure and residuals at theta, with d psi / d theta and the second derivatives, psi first."""

    psi: Vector
    jacobian: Matrix
    second: Array


@dataclass(frozen=True, slots=True, eq=False)
class CellPoint:
    """The deviance (-2 log likelihood) at theta, its derivatives there, and what they were made from.

    ``natural`` holds psi; ``solved`` beta and (X'V^-1X)^-1 of the centred columns.
    """

    theta: Vector
    value: float
    gradient: Vector
    hessian: Matrix
    natural: Natural
    solved: Solved
    state: State
    moments: Moments


def natural(system: System, theta: Vector) -> Natural:
    """Where theta leads: the structure's theta and log residual variances, all in units of the data."""
    r, R = system.parameters, system.parameters + system.residuals
    own = system.structure.natural(theta[:r])
    unit2 = system.statistics.unit**2
    scale = np.where(system.structure.scaled, unit2, 1.0)
    sigma2 = unit2 * np.exp(theta[r:])
    jacobian, second = np.zeros((R, R)), np.zeros((R, R, R))
    jacobian[:r, :r] = scale[:, None] * own.jacobian
    second[:r, :r, :r] = scale[:, None, None] * own.second
    last = np.arange(r, R)
    jacobian[last, last] = second[last, last, last] = sigma2
    return Natural(np.concatenate([scale * own.psi, sigma2]), jacobian, second)


def deviance(problem: CellProblem, theta: Vector) -> float:
    """-2 log likelihood at theta, without derivatives; infinite where it cannot be had."""
    try:
        state = solve(problem.system, natural(problem.system, theta).psi)
        value = _deviance(problem, state, least_squares(state.M))
    except np.linalg.LinAlgError:
        return math.inf
    return value if math.isfinite(value) else math.inf


def _deviance(problem: CellProblem, state: State, solved: Solved) -> float:
    logs = state.log_determinant + solved.ss + problem.df * math.log(2.0 * math.pi)
    if problem.reml:
        restore = problem.system.statistics.restore
        logs += solved.log_determinant - 2.0 * float(np.linalg.slogdet(restore)[1])
    return logs


def evaluate(problem: CellProblem, theta: Vector) -> CellPoint:
    """The deviance and its derivatives at theta."""
    found = natural(problem.system, theta)
    state = solve(problem.system, found.psi)
    solved = least_squares(state.M)
    more = moments(state)
    gradient, hessian = _derivatives(problem, solved, more)
    J = found.jacobian
    return CellPoint(
        theta=theta,
        value=_deviance(problem, state, solved),
        gradient=J.T @ gradient,
        hessian=J.T @ hessian @ J + np.einsum("k,kij->ij", gradient, found.second),
        natural=found,
        solved=solved,
        state=state,
        moments=more,
    )


def _derivatives(problem: CellProblem, solved: Solved, found: Moments) -> tuple[Vector, Matrix]:
    """Gradient and Hessian of the deviance in psi (Harville 1977, J Am Stat Assoc 72:320)."""
    p, phi, rotate = len(solved.beta), solved.phi, solved.rotate
    P, Q = rotate.T @ found.P @ rotate, rotate.T @ found.Q @ rotate
    slopes, phiP = P[:, :p, p], phi @ P[:, :p, :p]
    gradient = found.traces - P[:, p, p]
    hessian = 2.0 * (Q[:, :, p, p] - slopes @ phi @ slopes.T) - found.K
    if problem.reml:
        gradient = gradient - np.trace(phiP, axis1=1, axis2=2)
        hessian += 2.0 * np.einsum("ij,rsji->rs", phi, Q[:, :, :p, :p])
        hessian -= np.einsum("rij,sji->rs", phiP, phiP)
    if found.bent is not None and found.bent_traces is not None:
        bent = rotate.T @ found.bent @ rotate
        hessian += found.bent_traces - bent[:, :, p, p]
        if problem.reml:
            hessian -= np.einsum("ij,rsji->rs", phi, bent[:, :, :p, :p])
    return gradient, (hessian + hessian.T) / 2.0
