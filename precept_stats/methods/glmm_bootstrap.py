"""The parametric bootstrap of generalised linear mixed models."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.bootstrap import Refit
from precept_stats.methods.glmm_estimate import Estimated, by_likelihood, by_pseudo_likelihood
from precept_stats.methods.glmm_model import GlmmModel
from precept_stats.methods.settings_glmm import GlmmApproximation, PseudoLikelihood
from precept_stats.numerics.glmm.families import Family
from precept_stats.numerics.glmm.negative_binomial import NegativeBinomialLog
from precept_stats.numerics.glmm.simulation import Law, simulated

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class GlmmBootstrap:
    """A generalised linear mixed model to be simulated from as it was fitted, and refitted in the same way.

    Refits by likelihood start from the fit. Parameters and covariances are those of ``Estimated``.
    """

    model: GlmmModel
    found: Estimated
    approximation: GlmmApproximation

    @property
    def names(self) -> tuple[str, ...]:
        return self.model.parameter_names

    @property
    def point(self) -> Refit:
        return _refit(self.found)

    def simulate(self, rng: np.random.Generator) -> Floats:
        """Normal random effects, then outcomes given these, on the rows of the design."""
        model, params = self.model, self.found.params
        law = Law(_family(model, params), params[: model.X.shape[1]], covariances(model, params))
        return simulated(model.rows, law, rng)

    def refit(self, outcome: Floats) -> Refit:
        """The model fitted to a simulated outcome. FitError when it cannot be."""
        model = replace(self.model, design=replace(self.model.design, y=outcome))
        try:
            if isinstance(self.approximation, PseudoLikelihood):
                return _refit(by_pseudo_likelihood(model, adjusted=False))
            return _refit(by_likelihood(model, self.approximation.points, self.found.psi))
        except np.linalg.LinAlgError as problem:
            raise FitError(
                "the equations of the fit have no solution", found=str(problem), allowed="more events"
            ) from problem


def edge_of(model: GlmmModel, found: Estimated) -> Floats:
    """The parameters with every variance at 0 and no extra dispersion, which refits can end at."""
    edge, p = found.params.copy(), model.X.shape[1]
    edge[p : p + model.shaped] = np.inf
    edge[-len(model.entries) - 1 : -1] = 0.0
    return edge


def covariances(model: GlmmModel, params: Floats) -> tuple[Floats, ...]:
    """The covariance (q, q) of the random effects of each term."""
    made = [np.zeros((term.width, term.width)) for term in model.random.terms]
    values = params[-len(model.entries) - 1 : -1]
    for entry, value in zip(model.entries, values, strict=True):
        made[entry.term][entry.a, entry.b] = made[entry.term][entry.b, entry.a] = value
    return tuple(made)


def _family(model: GlmmModel, params: Floats) -> Family:
    """The family, a negative binomial with the shape that was estimated."""
    if isinstance(model.family, NegativeBinomialLog):
        return model.family.at(float(params[model.X.shape[1]]))
    return model.family


def _refit(found: Estimated) -> Refit:
    return Refit(found.params, found.covariance, found.boundary)
