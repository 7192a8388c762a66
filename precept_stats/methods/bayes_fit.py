"""Whether a sampled posterior can be trusted: convergence of all that is reported, and the integrals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.convergence import Convergence, convergence
from precept_stats.inference.nuts import Chains
from precept_stats.methods.bayes_model import BayesModel
from precept_stats.numerics.posterior.density import Posterior

Floats = NDArray[np.float64]

CHECKED = 25
"""Draws at which the integrals are found again with many more nodes."""


def judged(chains: Chains, model: BayesModel, coordinates: Floats, effects: Floats) -> Convergence:
    """The convergence of every coordinate that was sampled, and of the effect."""
    vary = np.ptp(coordinates.reshape(-1, coordinates.shape[-1]), axis=0) > 0.0
    drawn = np.concatenate(
        [model.monitored(coordinates)[..., vary], effects.reshape(*coordinates.shape[:2], 1)], axis=2
    )
    names = (*(name for name, kept in zip(model.names, vary, strict=True) if kept), "the effect asked for")
    return convergence(chains, drawn, names)


def integration_error(posterior: Posterior, free: Floats) -> float:
    """The SD over draws of the error that quadrature makes in the log posterior."""
    fine = Posterior(posterior.likelihood.finer(), posterior.laws)
    if fine.likelihood is posterior.likelihood:
        return 0.0
    used, exact = posterior.evaluator(), fine.evaluator()
    chosen = free[np.linspace(0, len(free) - 1, CHECKED).astype(np.intp)]
    return float(np.std([used(draw)[0] - exact(draw)[0] for draw in chosen]))
