"""Likelihood-ratio tests whose reference is simulated under the null, for trials of few clusters.

As pbkrtest's PBmodcomp: outcomes are simulated from the model without what is tested, both models are
fitted to each, and p = (1 + simulated ratios at least as large) / (1 + simulated ratios).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import linalg

from precept_stats.errors import FitError
from precept_stats.inference.joint import contrast_rank, independent
from precept_stats.inference.seeds import Seed
from precept_stats.numerics.mixed.fit import MixedFit, fit_mixed
from precept_stats.numerics.mixed.model import Fixed, Matrix, MixedModel, Numeric
from precept_stats.numerics.mixed.resample import Resampler, dense_columns, resampler

TIE = 1e-7
"""Ratios closer than this are equal: both fits are on the same boundary."""


@dataclass(frozen=True, slots=True)
class BootstrapTest:
    """The likelihood ratio, how many were simulated, could not be (``failed``), and the p-value."""

    statistic: float
    df: int
    replicates: int
    failed: int
    p_value: float


@dataclass(frozen=True, slots=True, eq=False)
class Nested:
    """A model, and the one within it that the null hypothesis leaves; both fitted by the same criterion."""

    null: Resampler
    full: Resampler
    df: int

    @property
    def statistic(self) -> float:
        return max(0.0, self.null.fit.deviance - self.full.fit.deviance)

    def simulated(self, seed: Seed, number: int) -> float:
        """The likelihood ratio of one replicate, the same whenever it is made; NaN where a fit failed."""
        outcome = self.null.simulate(seed.at(number).generator())
        try:
            return max(0.0, self.null.refit(outcome).deviance - self.full.refit(outcome).deviance)
        except FitError:
            return np.nan


def bootstrap_test(nested: Nested, seed: Seed, replicates: int) -> BootstrapTest:
    """The test from so many replicates. Replicates that fail count as the most extreme."""
    ratios = np.array([nested.simulated(seed, number) for number in range(replicates)])
    failed = int(np.count_nonzero(np.isnan(ratios)))
    beyond = int(np.count_nonzero(ratios >= nested.statistic - TIE)) + failed
    return BootstrapTest(nested.statistic, nested.df, replicates, failed, (1 + beyond) / (1 + replicates))


def of_fixed_effects(model: MixedModel, fit: MixedFit, contrasts: Matrix) -> Nested:
    """Test that every row of contrasts (k, p) times the parameters is zero; the fit is by ML."""
    contrasts = np.atleast_2d(np.asarray(contrasts, dtype=np.float64))
    rank = contrast_rank(contrasts)
    if fit.problem.reml or rank == 0:
        raise FitError(
            "likelihoods under constraints on fixed effects need a fit by maximum likelihood and a contrast",
            found="a fit by REML" if fit.problem.reml else "contrasts that are all zero",
            allowed="criterion ml, and a row that is not zero",
        )
    kept = dense_columns(model) @ linalg.null_space(independent(contrasts))
    fixed = Fixed(tuple(Numeric(f"kept {k}", column) for k, column in enumerate(kept.T)), intercept=False)
    null = replace(model, fixed=fixed)
    return Nested(resampler(null, fit_mixed(null, "ml")), resampler(model, fit), rank)


def of_random_effects(full: tuple[MixedModel, MixedFit], null: tuple[MixedModel, MixedFit]) -> Nested:
    """Test that what ``null`` lacks of the random part of ``full`` is zero; each with its fit."""
    df = len(full[1].theta) - len(null[1].theta)
    if df < 1 or full[1].names != null[1].names or full[1].problem.reml != null[1].problem.reml:
        raise FitError(
            "likelihoods of these fits do not compare",
            found="other fixed effects or criteria, or no random effect less",
            allowed="the same fixed effects and criterion, and a null model without a random effect",
        )
    return Nested(resampler(*null), resampler(*full), df)
