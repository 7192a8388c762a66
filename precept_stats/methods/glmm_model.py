"""The regression of a generalised linear mixed model: its columns, populations, quantities and facts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.fit import Fact
from precept_stats.inference.marginal import StandardisedContrast, StandardisedMean, standardised_mean
from precept_stats.inference.quantities import Quantity
from precept_stats.methods.arm_model import Columns, arm_columns, block_columns, unit_of_means
from precept_stats.methods.scatter import MEAN_OF
from precept_stats.methods.settings_glmm import FAMILIES
from precept_stats.numerics.glmm.families import Family
from precept_stats.numerics.glmm.fit import GlmmFit, GlmmRows
from precept_stats.numerics.glmm.spread import latent_icc, median_odds_ratio
from precept_stats.numerics.linear import aliased_columns
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class MixedModel:
    """One column an arm, then strata and covariates about their means, by row (n, p).

    ``cluster_parameters`` counts the parameters that are constant within clusters.
    """

    design: ClusterTrialDesign
    link: str
    columns: Columns
    cluster_parameters: int

    @property
    def family(self) -> Family:
        return FAMILIES[self.design.outcome.type, self.link]

    def rows(self, design: ClusterTrialDesign) -> GlmmRows:
        return GlmmRows(self.columns.values, design.y, design.size, design.row_cluster)

    def effect(self) -> Quantity:
        """What the estimand asks for."""
        design = self.design
        conditional = design.effect == "conditional" or design.summary == "rate_ratio"
        if conditional:
            return _ratio_given_cluster(design, len(self.columns.names))
        contrast = StandardisedContrast(design.summary, design.arm_names, *self._means())
        if design.summary == "odds_ratio":
            return contrast.odds_ratio()
        if design.summary == "risk_ratio":
            return contrast.ratio()
        return contrast.difference(unit_of_means(design.outcome))

    def arm_means(self) -> tuple[Quantity, ...]:
        """The standardised risk or rate of each arm, the reference arm first."""
        measure, unit = MEAN_OF[self.design.outcome.type], unit_of_means(self.design.outcome)
        return tuple(
            standardised_mean(measure, name, mean, unit)
            for name, mean in zip(self.design.arm_names, self._means(), strict=True)
        )

    def _means(self) -> tuple[StandardisedMean, StandardisedMean]:
        """The population in each arm: the distinct patterns of covariates and their shares."""
        patterns, pattern = np.unique(self.columns.values[:, 2:], axis=0, return_inverse=True)
        shares = np.bincount(pattern.ravel(), weights=_shares(self.design), minlength=len(patterns))
        reference, compare = (
            np.hstack([np.tile(arm, (len(patterns), 1)), patterns]) for arm in ([1.0, 0.0], [0.0, 1.0])
        )
        return (
            StandardisedMean(reference, shares, self.family),
            StandardisedMean(compare, shares, self.family),
        )

    def facts(self, params: Floats, variance: float) -> tuple[Fact, ...]:
        """How much clusters differ, with log sigma the last of ``params`` and ``variance`` its variance."""
        sigma = math.exp(params[-1])
        facts = [Fact("sd_between_clusters", "SD of the random effect of clusters", sigma, context="icc")]
        if sigma > 0.0:
            error = math.sqrt(variance)
            facts.append(Fact("se_log_sd", "Standard error of the log of that SD", error, context="icc"))
        if self.design.outcome.type == "binary":
            label = f"Intracluster correlation, {self.link} scale"
            facts.append(Fact("icc_latent", label, latent_icc(sigma, self.link), context="icc"))
            facts += self._proportion_facts(params)
        if self.link == "logit":
            label = "Median odds ratio between clusters"
            facts.append(Fact("median_odds_ratio", label, median_odds_ratio(sigma), context="icc"))
        return tuple(facts)

    def _proportion_facts(self, params: Floats) -> list[Fact]:
        """The correlation of two people of the same cluster, in each arm."""
        facts = []
        for name, mean in zip(self.design.arm_names, self._means(), strict=True):
            risk = mean.of(params)
            icc = mean.between(params) / (risk * (1.0 - risk))
            label = "Intracluster correlation, proportion scale"
            facts.append(Fact("icc_proportion", label, icc, groups=(("arm", name),), context="icc"))
        return facts


def _ratio_given_cluster(design: ClusterTrialDesign, fixed: int) -> Quantity:
    """The ratio whose log is the contrast of the first two fixed effects; log sigma has no part in it."""
    weights = np.zeros(fixed + 1)
    weights[0], weights[1] = -1.0, 1.0
    name = " / ".join(design.arm_names[::-1])
    return Quantity(
        design.summary, name, "log", "ratio", 1.0, lambda b: float(b[1] - b[0]), lambda b: weights
    )


def _shares(design: ClusterTrialDesign) -> Floats:
    """Each row's share of the population that is averaged over (n,)."""
    if design.target == "participant_average":
        return design.size / design.size.sum()
    shares: Floats = design.size / design.cluster_size[design.row_cluster] / design.n_clusters
    return shares


def model_of(design: ClusterTrialDesign, link: str) -> MixedModel:
    """The columns of the regression for a link."""
    by_cluster = arm_columns(design)
    blocks = block_columns(design)
    nuisance = Columns(blocks.names, blocks.values[design.row_cluster])
    cluster_level = len(by_cluster.names) + len(blocks.names)
    for covariate in design.covariates:
        nuisance = nuisance.beside(Columns(covariate.columns, covariate.values))
        cluster_level += len(covariate.columns) if covariate.level == "cluster" else 0
    arms = Columns(
        tuple(f"intercept[{name}]" for name in design.arm_names), by_cluster.values[design.row_cluster]
    )
    return MixedModel(design, link, arms.beside(nuisance.centred(design.size)), cluster_level)


def require_estimate(kernel: GlmmFit, model: MixedModel) -> None:
    """FitError, saying why, when the maximum was not found or does not exist."""
    if kernel.status != "failed":
        return
    names = model.columns.names
    if kernel.reason == "separation":
        terms = ", ".join(names[j] for j in kernel.separating)
        raise FitError(
            "the outcome is separated, so that there is no finite estimate",
            found=f"{terms or 'the terms together'}: a fitted risk of 0 or 1, or a rate of 0, along them",
            allowed="events and non-events (for counts, events) at every value of arm and covariates; "
            "drop or merge levels, or use cluster_summaries",
        )
    aliased = aliased_columns(model.columns.values) if "singular" in kernel.reason else ()
    if aliased:
        raise FitError(
            "terms of the model cannot be told apart",
            found=f"{', '.join(names[j] for j in aliased)}: fixed by the arms and the terms before",
            allowed="terms that vary within arms and are not combinations of others; drop or merge them",
        )
    raise FitError(
        "the mixed model has no usable maximum of its likelihood",
        found=f"{kernel.reason}, after {kernel.iterations} iterations (score length {kernel.gradient:.2g}, "
        f"smallest scaled eigenvalue {kernel.curvature:.2g}, log SD {kernel.log_sigma:.3g})",
        allowed="more clusters or events, or fewer terms; cluster_summaries needs less",
    )
