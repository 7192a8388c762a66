"""A maximum likelihood fit under linear constraints on the fixed effects, on the same cross-products."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import linalg

from precept_stats.errors import FitError
from precept_stats.numerics.mixed.criterion import Problem, evaluate
from precept_stats.numerics.mixed.fit import MixedFit
from precept_stats.numerics.mixed.model import Matrix, Vector
from precept_stats.numerics.mixed.optimise import minimise
from precept_stats.numerics.mixed.system import prepare


def constrained_deviance(fit: MixedFit, contrasts: Matrix, values: Vector) -> float:
    """-2 log likelihood, maximised under contrasts @ params = values; contrasts (k, p) of full rank k.

    Raises FitError for a fit by REML, whose likelihoods under different fixed effects do not compare.
    """
    require_likelihood(fit.problem.reml)
    statistics, kept = fit.problem.system.statistics, fit.problem.system.structure
    turn = held(contrasts @ statistics.restore, values - contrasts @ statistics.start)
    left = turn.shape[1] - 1
    restricted = replace(
        statistics,
        YY=turn.T @ statistics.YY @ turn,
        ZY=tuple(ZY @ turn for ZY in statistics.ZY),
        restore=np.eye(left),
        start=np.zeros(left),
    )
    problem = Problem(prepare(restricted, kept), reml=False, scale=fit.problem.scale)
    near = np.where(kept.diagonal & (fit.theta < 0.05), 0.05, fit.theta)
    found = minimise(lambda theta: evaluate(problem, theta), (near, fit.theta), kept.diagonal)
    require_maximum(found.converged, found.evaluations)
    return found.point.value


def held(rows: Matrix, values: Vector) -> Matrix:
    """What brings the columns (X, y) to those of the free coefficients when rows (k, p) @ beta are held."""
    beta = np.linalg.lstsq(rows, values, rcond=None)[0]
    free = linalg.null_space(rows)
    p, left = free.shape
    turn = np.zeros((p + 1, left + 1))
    turn[:p, :left], turn[:p, left], turn[p, left] = free, -beta, 1.0
    return turn


def require_likelihood(reml: bool) -> None:
    """FitError for a fit by REML, whose likelihoods under different fixed effects do not compare."""
    if reml:
        raise FitError(
            "likelihoods under constraints on fixed effects need a fit by maximum likelihood",
            found="a fit by REML",
            allowed="criterion ml",
        )


def require_maximum(converged: bool, evaluations: int) -> None:
    """FitError when the search under a constraint found no rest."""
    if not converged:
        raise FitError(
            "the likelihood under a constraint could not be maximised",
            found=f"{evaluations} evaluations",
            allowed="a fit that converges; simplify the model",
        )
