"""Fit a linear mixed model on cells: from rows to estimates, with the evidence that they are the optimum."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.numerics.cells.criterion import CellPoint, CellProblem, deviance, evaluate
from precept_stats.numerics.cells.model import CellModel
from precept_stats.numerics.cells.statistics import collect
from precept_stats.numerics.cells.system import System, prepare
from precept_stats.numerics.mixed.fit import VANISHING, Criterion
from precept_stats.numerics.mixed.model import Matrix, Vector
from precept_stats.numerics.mixed.optimise import ZERO, Optimum, minimise

SINGULAR = 1e-10
"""Information (scaled to correlations) with a smaller eigenvalue cannot tell its parameters apart."""

SMALL = 1e-3
"""A residual variance below this share of the squares about the fixed effects is looked at more closely."""


@dataclass(frozen=True, slots=True, eq=False)
class CellFit:
    """A fitted model. ``covariance`` is the plain model-based one, (X'V^-1X)^-1.

    ``deviance`` is -2 log likelihood (restricted under REML). ``sigma2`` are residual variances in the order
    of ``residual_names``; ``psi`` the structure's parameters in the order of ``psi_names``, of which
    ``at_zero`` marks those on their boundary (variances of 0, decays of 0 or 1, correlations of 1 or -1).
    ``gradient`` is the largest scaled gradient |g_i| max(|theta_i|, 1) of the deviance and
    ``smallest_curvature`` the smallest eigenvalue of its Hessian in theta, parameters at the boundary left
    out; theta are the structure's (``structures.Structure.natural``) and the log residual variances.
    """

    names: tuple[str, ...]
    params: Vector
    covariance: Matrix
    sigma2: tuple[float, ...]
    residual_names: tuple[str, ...]
    psi: tuple[float, ...]
    psi_names: tuple[str, ...]
    theta: Vector
    deviance: float
    at_zero: tuple[bool, ...]
    converged: bool
    evaluations: int
    gradient: float
    smallest_curvature: float
    problem: CellProblem
    point: CellPoint

    @property
    def log_likelihood(self) -> float:
        return -0.5 * self.deviance

    @property
    def boundary(self) -> bool:
        """Whether a parameter of the structure is estimated on its boundary."""
        return any(self.at_zero)


def fit_cells(model: CellModel, criterion: Criterion = "reml") -> CellFit:
    """Estimate by REML or ML.

    Raises FitError for rows that cannot be used, aliased columns, cells that cannot tell the variance
    parameters apart, no residual degrees of freedom, and an outcome that the model explains exactly.
    """
    statistics = collect(model)
    problem = CellProblem(prepare(statistics, model.structure), criterion == "reml")
    if problem.df <= 0:
        raise FitError(
            "no residual degrees of freedom are left",
            found=f"{statistics.rows:g} observations and {statistics.p} fixed effects",
            allowed="more observations than fixed effects",
        )
    with np.errstate(all="ignore"):
        refuse_confounded(problem, (*model.structure.names, *model.residual_names))
        found = _search(problem)
        refuse_vanishing(problem, found.point, model.residual_names)
    return _described(model, problem, found)


def _search(problem: CellProblem) -> Optimum[CellPoint]:
    """The best of the searches from each group of starts, with the evaluations of all of them."""
    try:
        searches = [maximise(problem, group) for group in starts(problem.system)]
    except np.linalg.LinAlgError as error:
        raise FitError(
            "the likelihood has no maximum: its equations become singular on the way",
            found=str(error),
            allowed="an outcome that varies within cells, or a simpler structure",
        ) from error
    best = min(searches, key=lambda each: each.point.value)
    return replace(best, evaluations=sum(each.evaluations for each in searches))


def starts(system: System) -> tuple[tuple[Vector, ...], ...]:
    """Those of the structure, with residual variances from within cells where there are rows to tell."""
    statistics = system.statistics
    within, unit2 = statistics.within[:, -1, -1], statistics.unit**2
    known = statistics.inner > 2
    sizes = np.where(known, within / np.maximum(statistics.inner, 1.0) / unit2, 0.5)
    logs = np.log(np.clip(sizes, 1e-3, 1e3))
    return tuple(tuple(np.concatenate([start, logs]) for start in group) for group in system.structure.starts)


def maximise(problem: CellProblem, beginnings: tuple[Vector, ...]) -> Optimum[CellPoint]:
    """The maximum of the likelihood from the best of the beginnings, parameters at the boundary put there."""
    kept, r = problem.system.structure, problem.system.parameters
    best = min(beginnings, key=lambda theta: deviance(problem, theta))
    folded = np.concatenate([kept.folded, np.zeros(problem.system.residuals, dtype=np.bool_)])
    found = minimise(lambda theta: evaluate(problem, theta), (best,), folded)
    theta = np.where(folded & (np.abs(found.point.theta) < ZERO), 0.0, found.point.theta)
    theta[:r] = kept.settled(theta[:r])
    if np.array_equal(theta, found.point.theta):
        return found
    trial = evaluate(problem, theta)
    if trial.value > found.point.value + 1e-9 * max(1.0, abs(found.point.value) * 1e-3):
        return found
    return Optimum(trial, found.converged, found.evaluations + 1, found.decrement)


def refuse_confounded(problem: CellProblem, names: tuple[str, ...]) -> None:
    """FitError where the expected information, away from the boundary, cannot tell the parameters apart."""
    system = problem.system
    inside = np.concatenate([system.structure.inside, np.full(system.residuals, math.log(0.5))])
    point = evaluate(CellProblem(system, reml=True), inside)
    information = expected_information(point)
    size = np.sqrt(np.maximum(np.diag(information), 0.0))
    if np.all(size > 0.0):
        values, vectors = np.linalg.eigh(information / np.outer(size, size))
        if values[0] > SINGULAR:
            return
        involved = np.abs(vectors[:, 0]) > 1e-4
    else:
        involved = size <= 0.0
    shown = ", ".join(name for name, one in zip(names, involved, strict=True) if one)
    raise FitError(
        "variance parameters cannot be told apart in these cells",
        found=f"a likelihood that is flat in {shown}",
        allowed="cells with several rows, clusters with several cells, or a simpler structure",
    )


def expected_information(point: CellPoint, *, reml: bool = True) -> Matrix:
    """Twice the expected information of psi: tr(P V_r P V_s), or tr(V^-1 V_r V^-1 V_s) by ML."""
    phi, p = point.solved.phi, len(point.solved.beta)
    K = point.moments.K
    if reml:
        P, Q = point.moments.P[:, :p, :p], point.moments.Q[:, :, :p, :p]
        phiP = phi @ P
        K = K - 2.0 * np.einsum("ij,rsji->rs", phi, Q) + np.einsum("rij,sji->rs", phiP, phiP)
    found: Matrix = (K + K.T) / 2.0
    return found


def refuse_vanishing(problem: CellProblem, point: CellPoint, names: tuple[str, ...]) -> None:
    """FitError where the likelihood does not fall as a small residual variance goes on to zero."""
    r, gone = problem.system.parameters, []
    for g, name in enumerate(names):
        at = point.theta.copy()
        at[r + g] = math.log(VANISHING)
        small = point.theta[r + g] < math.log(SMALL)
        if small and (at[r + g] >= point.theta[r + g] or deviance(problem, at) <= point.value + 1e-6):
            gone.append(name)
    if gone:
        raise FitError(
            "a residual variance runs to zero",
            found=", ".join(gone),
            allowed="an outcome that varies within cells, or a simpler structure",
        )


def _described(model: CellModel, problem: CellProblem, found: Optimum[CellPoint]) -> CellFit:
    point, statistics, r = found.point, problem.system.statistics, problem.system.parameters
    psi, sigma2 = point.natural.psi[:r], point.natural.psi[r:]
    restore = statistics.restore
    scaled = np.abs(point.gradient) * np.maximum(np.abs(point.theta), 1.0)
    free = _free(point)
    curvature = point.hessian[np.ix_(free, free)]
    return CellFit(
        names=model.fixed.names,
        params=restore @ point.solved.beta + statistics.start,
        covariance=restore @ point.solved.phi @ restore.T,
        sigma2=tuple(float(value) for value in sigma2),
        residual_names=model.residual_names,
        psi=tuple(float(value) for value in psi),
        psi_names=model.structure.names,
        theta=point.theta,
        deviance=point.value,
        at_zero=model.structure.at_bound(psi),
        converged=found.converged,
        evaluations=found.evaluations,
        gradient=float(scaled.max(initial=0.0)),
        smallest_curvature=float(np.linalg.eigvalsh(curvature)[0]) if len(curvature) else math.nan,
        problem=problem,
        point=point,
    )


def _free(point: CellPoint) -> NDArray[np.intp]:
    """The theta that move psi: not those at a point of symmetry."""
    moves = np.abs(point.natural.jacobian).max(axis=0)
    return np.flatnonzero(moves > 1e-10 * moves.max())
