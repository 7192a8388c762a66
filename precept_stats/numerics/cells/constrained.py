"""A maximum likelihood fit under linear constraints on the fixed effects, on the same statistics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from precept_stats.numerics.cells.criterion import CellProblem
from precept_stats.numerics.cells.fit import CellFit, maximise, starts
from precept_stats.numerics.mixed.constrained import held, require_likelihood, require_maximum
from precept_stats.numerics.mixed.model import Matrix, Vector


def constrained_deviance(fit: CellFit, contrasts: Matrix, values: Vector) -> float:
    """-2 log likelihood, maximised under contrasts @ params = values; contrasts (k, p) of full rank k.

    Raises FitError for a fit by REML, whose likelihoods under different fixed effects do not compare.
    """
    require_likelihood(fit.problem.reml)
    system = fit.problem.system
    statistics = system.statistics
    turn = held(contrasts @ statistics.restore, values - contrasts @ statistics.start)
    left = turn.shape[1] - 1
    restricted = replace(
        statistics,
        means=statistics.means @ turn,
        within=turn.T @ statistics.within @ turn,
        restore=np.eye(left),
        start=np.zeros(left),
    )
    problem = CellProblem(replace(system, statistics=restricted), reml=False)
    with np.errstate(all="ignore"):
        beginnings = [start for group in starts(problem.system) for start in group]
        found = maximise(problem, (_inside(fit), *beginnings))
    require_maximum(found.converged, found.evaluations)
    return found.point.value


def _inside(fit: CellFit) -> Vector:
    """The theta of the fit, a little off the boundary where it is on it."""
    folded = np.zeros(len(fit.theta), dtype=np.bool_)
    folded[: len(fit.psi)] = fit.problem.system.structure.folded
    near: Vector = np.where(folded & (np.abs(fit.theta) < 0.05), 0.05, fit.theta)
    return near
