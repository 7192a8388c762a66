"""Where to start with any random effects: joint penalised least squares, variances moved by the EM step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from precept_stats.numerics.glmm.effects import Effects
from precept_stats.numerics.glmm.elimination import Solved, solve_at
from precept_stats.numerics.glmm.integrated import Problem
from precept_stats.numerics.glmm.joint_modes import Conditional, Modes, transposed

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]

ITERATIONS = 6
FIRST_SD = 0.5
"""The standard deviation, on the scale of the link, that every random effect begins with."""

LEAST_SHARE = 0.3
"""The least share of that with which a search begins at another fit."""

LARGEST_FIRST_LOG_SHAPE = 3.0
"""The largest log shape with which a search begins at another fit."""


@dataclass(frozen=True, slots=True, eq=False)
class JointStart:
    """Parameters and modes to start from; ``information`` (p, p) is nearly that of beta there."""

    psi: Vector
    modes: Modes
    information: Matrix


def first_theta(data: Effects) -> Vector:
    """Every coefficient of a typical row with the same standard deviation, and independent."""
    sizes = [np.sqrt(np.mean(factor.Z**2, axis=0)) for factor in data.factors]
    return np.array(
        [
            FIRST_SD / max(sizes[e.factor][e.rows[0]], 1e-8) if e.on_diagonal else 0.0
            for e in data.structure.entries
        ]
    )


def joint_start(problem: Problem, near: Vector | None = None) -> JointStart:
    """Penalised weighted least squares for (beta, u) jointly; L follows from conditional moments.

    ``near`` are parameters of another fit: one step from these, their variances kept unless nearly 0.
    """
    if near is not None:
        return _warm_start(problem, near)
    data = problem.effects
    psi = np.zeros(problem.n_parameters)
    psi[problem.p : problem.p + len(data.structure.entries)] = first_theta(data)
    eta = problem.family.start(data.y, data.size)
    for _ in range(ITERATIONS):
        given = problem.given(psi)
        system = _System.of(given, eta)
        psi[: problem.p] = system.params
        psi[problem.p : problem.p + len(data.structure.entries)] = _moved(problem, psi, system)
        fixed = data.offset + data.X @ system.params
        eta = fixed + system.modes.spread(problem.pattern, given.A)
    return JointStart(psi, system.modes, system.information)


def _warm_start(problem: Problem, near: Vector) -> JointStart:
    data, psi = problem.effects, near.copy()
    theta = problem.theta(psi)
    least = LEAST_SHARE * first_theta(data)
    psi[problem.p : problem.p + len(theta)] = np.where(
        data.structure.diagonal, np.maximum(theta, least), theta
    )
    if problem.has_shape:
        psi[-1] = min(float(psi[-1]), LARGEST_FIRST_LOG_SHAPE)
    system = _System.of(problem.given(psi), data.offset + data.X @ psi[: problem.p])
    return JointStart(psi, system.modes, system.information)


@dataclass(frozen=True, slots=True, eq=False)
class _System:
    """One step: the solution, the Schur complement of the fixed effects, and H."""

    params: Vector
    modes: Modes
    information: Matrix
    solved: Solved

    @classmethod
    def of(cls, given: Conditional, eta: Vector) -> _System:
        data, pattern = given.data, given.pattern
        _, first, second = given.family.curve(eta, data.y, data.size)
        W = np.maximum(-second, 1e-10 * data.size)
        response = W * (eta - data.offset) + first
        solved = solve_at(pattern, given.A, W)
        weighted = W[:, None] * data.X
        columns = [transposed(pattern, given.A, column) for column in weighted.T]
        right = transposed(pattern, given.A, response)
        both = solved.solve(
            np.stack([*(c.first for c in columns), right.first], axis=-1),
            np.column_stack([*(c.rest for c in columns), right.rest]),
        )
        crossed = np.hstack(
            [np.array([c.first.ravel() for c in columns]), np.array([c.rest for c in columns])]
        )
        answers = np.vstack([both[0].reshape(-1, both[0].shape[-1]), both[1]])
        information = data.X.T @ weighted - crossed @ answers[:, :-1]
        params = _solution(information, data.X.T @ response - crossed @ answers[:, -1])
        u = answers[:, -1] - answers[:, :-1] @ params
        cut = pattern.levels * pattern.width
        modes = Modes(u[:cut].reshape(pattern.levels, pattern.width), u[cut:])
        return cls(params, modes, (information + information.T) / 2.0, solved)


def _solution(information: Matrix, right: Vector) -> Vector:
    scale = 1.0 / np.sqrt(np.maximum(np.diag(information), np.finfo(float).tiny))
    ridged = information * np.outer(scale, scale) + 1e-10 * np.eye(len(scale))
    solution: Vector = scale * linalg.solve(ridged, scale * right, assume_a="sym")
    return solution


def _moved(problem: Problem, psi: Vector, system: _System) -> Vector:
    """The entries of L times the Cholesky factor of the mean of u u' + its conditional covariance."""
    data, pattern = problem.effects, problem.pattern
    moved, number = [], 0
    for f, L in enumerate(data.structure.triangles(problem.theta(psi))):
        if f == data.first:
            u, own = system.modes.first, system.solved.entries()[0]
        else:
            u, own = system.modes.rest[pattern.places_of[number]], system.solved.own(number)
            number += 1
        moments = np.mean(u[:, :, None] * u[:, None, :] + own, axis=0)
        moved.append(L @ np.linalg.cholesky(moments + 1e-8 * np.eye(len(L))))
    return np.array([moved[entry.factor][entry.rows] for entry in data.structure.entries])
