"""Predicted random effects of a generalised mixed model, with their prediction errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.glmm.integrated import Centre, Problem
from precept_stats.numerics.glmm.joint_modes import transposed

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PredictedEffects:
    """One grouping factor's conditional modes (levels, q) and standard errors of prediction (levels, q).

    ``levels`` are their numbers in the caller's grouping. The standard error is that of the curvature at
    the mode, the fixed effects' uncertainty included and the variances taken as known.
    """

    name: str
    levels: NDArray[np.intp]
    values: Matrix
    std_errors: Matrix


def predict_effects(
    problem: Problem, psi: Vector, centre: Centre, covariance: Matrix
) -> tuple[PredictedEffects, ...]:
    """The predictions of every grouping factor at psi; ``covariance`` (p, p) is that of the fixed effects."""
    data, pattern = problem.effects, problem.pattern
    first, rest = _slopes(centre)
    triangles = data.structure.triangles(problem.theta(psi))
    found, number = [], 0
    for f, (factor, L) in enumerate(zip(data.factors, triangles, strict=True)):
        if f == data.first:
            u, slope, own = centre.modes.first, first, centre.solved.entries()[0]
        else:
            places = pattern.places_of[number]
            u, slope, own = centre.modes.rest[places], rest[places], centre.solved.own(number)
            number += 1
        moves = L @ slope
        spread = L @ own @ L.T + moves @ covariance @ moves.transpose(0, 2, 1)
        errors = np.sqrt(np.maximum(np.diagonal(spread, axis1=1, axis2=2), 0.0))
        found.append(PredictedEffects(factor.name, factor.present, u @ L.T, errors))
    return tuple(found)


def _slopes(centre: Centre) -> tuple[Cube, Matrix]:
    """How the modes move with the fixed effects: -H^-1 A'WX, of the eliminated factor and the others."""
    given, W = centre.given, centre.rows.second
    columns = [transposed(given.pattern, given.A, W * column) for column in given.data.X.T]
    return centre.solved.solve(
        np.stack([column.first for column in columns], axis=-1),
        np.column_stack([column.rest for column in columns]),
    )
