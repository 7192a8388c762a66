"""The parametric bootstrap of linear mixed models."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from precept_stats.inference.bootstrap import Refit
from precept_stats.numerics.mixed.fit import MixedFit
from precept_stats.numerics.mixed.model import Matrix, MixedModel, Vector
from precept_stats.numerics.mixed.resample import Outcome, Resampler, resampler


@dataclass(frozen=True, slots=True, eq=False)
class MixedBootstrap:
    """A linear mixed model to be simulated from, as its fit by REML or ML has it.

    Parameters are the fixed effects, the variances and covariances of random effects in order, and the
    residual variance. Covariances are the plain ones of fixed effects, so that these have studentised
    intervals; those of variances are NaN, so that functions of them have percentiles.
    """

    names: tuple[str, ...]
    point: Refit
    resampler: Resampler

    def simulate(self, rng: np.random.Generator) -> Outcome:
        """Normal random effects and residuals on the rows of the fit, fixed effects held."""
        return self.resampler.simulate(rng)

    def refit(self, outcome: Outcome) -> Refit:
        """By the same criterion, on cross-products."""
        found = self.resampler.refit(outcome)
        variances = np.append(found.components, found.sigma2)
        return _with_variances(found.params, found.covariance, variances, boundary=found.boundary)


def mixed_bootstrap(model: MixedModel, fit: MixedFit) -> MixedBootstrap:
    """The model and its fit, ready for ``bootstrap``."""
    variances = np.array([component.value for component in fit.components] + [fit.sigma2])
    names = (*fit.names, *(f"{c.factor}[{c.row}, {c.column}]" for c in fit.components), "residual")
    point = _with_variances(fit.params, fit.covariance, variances, boundary=fit.boundary)
    return MixedBootstrap(names, point, resampler(model, fit))


def _with_variances(params: Vector, covariance: Matrix, variances: Vector, *, boundary: bool) -> Refit:
    count = len(params)
    whole = np.full((count + len(variances),) * 2, np.nan)
    whole[:count, :count] = covariance
    return Refit(np.concatenate([params, variances]), whole, boundary)
