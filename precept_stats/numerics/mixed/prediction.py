"""Predicted random effects (BLUP) with their prediction errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from precept_stats.numerics.mixed.blocks import Layout
from precept_stats.numerics.mixed.fit import MixedFit
from precept_stats.numerics.mixed.model import Ints, Matrix
from precept_stats.numerics.mixed.system import moments, prepare


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """One grouping factor's predictions (levels, q), with standard errors of prediction (levels, q).

    The standard error is that of prediction minus truth, the fixed effects' uncertainty included and
    the variances taken as known (Henderson 1975, Biometrics 31:423).
    """

    values: Matrix
    std_errors: Matrix


def predict_random(fit: MixedFit) -> tuple[Predicted, ...]:
    """The predictions of every grouping factor, in the order of the random terms."""
    system = prepare(fit.problem.system.statistics, fit.problem.system.structure, eliminate=False)
    state = moments(system, fit.theta).state
    p = len(fit.point.beta)
    S = state.S[:, :, :p]
    scores = state.S[:, :, p] - S @ fit.point.beta
    predicted = state.G.times(scores[:, :, None])
    fixed = state.G.times(S)
    G = state.G.times(np.broadcast_to(np.eye(system.layout.m), state.R.shape))
    C = np.matmul(state.R, state.N)
    errors = G - state.G.times(state.G.after(C)) + fixed @ fit.point.phi @ fixed.transpose(0, 2, 1)
    variances = fit.sigma2 * np.diagonal(errors, axis1=1, axis2=2).reshape(-1)
    return tuple(
        Predicted(_at(predicted.reshape(-1), places), np.sqrt(np.maximum(_at(variances, places), 0.0)))
        for places in _places(system.layout)
    )


def _places(layout: Layout) -> tuple[Ints, ...]:
    return tuple(layout.places[f] for f in sorted(layout.places))


def _at(values: Matrix, places: Ints) -> Matrix:
    found: Matrix = values[places]
    return found
