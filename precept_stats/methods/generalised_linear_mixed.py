"""Generalised linear mixed models: a random intercept for each cluster, by maximum likelihood."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.data.declared import Declared
from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.methods.arm_model import MEAN_OF, require_clusters, require_variation
from precept_stats.methods.cluster_facts import cluster_facts, few_clusters_warning
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.glmm_model import MixedModel, model_of, require_estimate
from precept_stats.methods.layout import Layout, layout_of_design, layout_of_plan
from precept_stats.methods.settings import Choice, listed
from precept_stats.methods.settings_glmm import (
    FAMILIES,
    AdaptiveQuadrature,
    CanonicalLink,
    ClustersMinusClusterParameters,
    GlmmApproximation,
    GlmmDf,
    GlmmLink,
)
from precept_stats.numerics.glmm.fit import GlmmFit, fit_glmm
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.question import SUMMARIES_OF, OutcomeType, Question
from precept_stats.values import Status

Floats = NDArray[np.float64]

GIVEN_THE_CLUSTER = ("odds_ratio", "rate_ratio")
"""Effects that are one number given the cluster and the covariates."""


class GeneralisedLinearMixed(Declared):
    """Logistic or Poisson regression of individual outcomes with a random intercept by cluster.

    Estimates:
        The marginal effect is the difference or ratio of two standardised risks or rates: everyone in
        one arm against everyone in the other, averaged over the random effects of clusters and over
        participants or, with a cluster-average target, over clusters. The conditional odds ratio is
        that of two people in clusters with the same random effect.

    Model:
        The log odds of the outcome (log rate for counts, with person-time as exposure) were modelled
        as linear in the arm, strata and covariates, plus a normal random effect of the cluster.
        The likelihood was maximised with the random effects integrated out, by adaptive
        Gauss-Hermite quadrature or Laplace's approximation; standard errors are those of the joint
        information for the regression coefficients and the variance between clusters.

    Assumes:
        Clusters are independent; random effects are normal with the same variance in both arms, and
        unrelated to cluster size and covariates; the covariates act linearly on the scale of the
        link, with the same effect of the intervention throughout; given the cluster, outcomes are
        independent (and counts Poisson).

    Small samples:
        Confidence intervals and p-values refer to a t distribution on the number of clusters minus
        cluster-level parameters. Maximum likelihood makes the variance between clusters too small
        when clusters are few, so that with fewer than about 30 intervals can be too narrow. A variance
        estimated as 0 is reported as a boundary, and the degrees of freedom are kept.

    Not for:
        Clusters matched in pairs; outcomes or effects that depend on the size of the cluster; a
        covariate value or an arm without events (or without non-events).

    Source:
        Pinheiro and Bates (1995), J Comput Graph Stat 4:12 (quadrature); Breslow and Clayton (1993),
        J Am Stat Assoc 88:9 (the model); Thompson et al. (2022), BMC Med Res Methodol 22:222
        (degrees of freedom); Kahan et al. (2023), Int J Epidemiol 52:107 (estimands).
    """

    accepts: ClassVar[tuple[type, ...]] = (ClusterTrial,)

    kind: Literal["generalised_linear_mixed"] = "generalised_linear_mixed"
    link: GlmmLink = CanonicalLink()
    approximation: GlmmApproximation = AdaptiveQuadrature()
    df: GlmmDf = ClustersMinusClusterParameters()

    def objections(self, study: AnyStudy, question: Question) -> tuple[str, ...]:
        layout = layout_of_plan(study, question)
        summary = layout.summary.replace("_", " ")
        if layout.outcome == "continuous":
            return ("a generalised linear mixed model here is for binary outcomes and counts",)
        found = []
        if layout.summary not in SUMMARIES_OF[layout.outcome]:
            found.append(f"a {layout.outcome} outcome has no {summary}")
        found += self._link_objections(layout.outcome)
        if question.estimand.effect == "conditional":
            if layout.summary not in GIVEN_THE_CLUSTER:
                found.append(f"a {summary} given the cluster is not one number: ask for a marginal effect")
            elif layout.summary == "odds_ratio" and self.link.of(layout.outcome) != "logit":
                found.append("an odds ratio given the cluster is a parameter of the logit link only")
        if layout.paired:
            found.append(
                "matched pairs: with a parameter for each pair, maximum likelihood halves the variance "
                "between clusters; use cluster_summaries"
            )
        return tuple(found)

    def _link_objections(self, outcome: OutcomeType) -> list[str]:
        link = self.link.of(outcome)
        if (outcome, link) in FAMILIES:
            return []
        links = ", ".join(name for kind, name in FAMILIES if kind == outcome)
        return [
            f"a {link} link with a normal random effect is no model of a {outcome} outcome "
            f"(it has: {links}); marginal ratios and differences need no link of their own"
        ]

    def estimand_gap(self, study: AnyStudy, question: Question) -> str:
        if question.estimand.effect == "conditional":
            return ""
        average = question.estimand.target.replace("_", "-")
        return (
            "the model weights clusters between equally and by size, so that when the outcome or the effect "
            f"depends on cluster size it estimates neither the declared {average} effect nor the other"
        )

    def words(self, study: AnyStudy, question: Question) -> MethodWords:
        layout = layout_of_plan(study, question)
        block = " + stratum[cluster]" if layout.stratified else ""
        covariates = "".join(f" + slope * {name}" for name in study.adjust)
        equation = (
            f"{self.link.of(layout.outcome)}({MEAN_OF[layout.outcome]}) = intercept[arm]{block}{covariates} "
            "+ u[cluster], u ~ N(0, sigma2)"
        )
        if question.estimand.effect == "marginal":
            equation += "; means averaged over u and over the population"
        return MethodWords(self._estimator(layout), equation, self._df_rule(), listed(self._choices()))

    def _choices(self) -> dict[str, Choice]:
        return {"link": self.link, "approximation": self.approximation, "df": self.df}

    def _estimator(self, layout: Layout) -> str:
        family = "Poisson" if layout.outcome == "count" else "binomial"
        points = self.approximation.points
        how = "Laplace" if points == 1 else f"{points}-point quadrature"
        return f"Mixed {family} regression, {self.link.of(layout.outcome)} link, {how}"

    def _df_rule(self) -> str:
        if isinstance(self.df, ClustersMinusClusterParameters):
            return "t on clusters - cluster-level parameters"
        return "normal"

    def fit(self, design: ClusterTrialDesign) -> Fit:
        """Estimate. Raises FitError on separation, aliased terms, too few clusters, or no convergence."""
        require_variation(design)
        model = self._model(design)
        spare = require_clusters(design, model.cluster_parameters)
        kernel = fit_glmm(model.rows(design), model.family, self.approximation.points)
        require_estimate(kernel, model)
        few = self.df.kind == "clusters_minus_parameters"
        rule = FixedDf(float(spare) if few else float("inf"), self._df_rule())
        warnings = _boundary_warning(kernel) + few_clusters_warning(design)
        status: Status = "boundary" if kernel.status == "boundary" else "warning" if warnings else "ok"
        params = np.append(kernel.params, kernel.log_sigma)
        layout = layout_of_design(design)
        return Fit(
            uncertainty=Asymptotic((*model.columns.names, "log_sigma"), params, kernel.covariance, rule),
            status=status,
            evidence=_evidence(kernel),
            warnings=warnings,
            facts=(
                *cluster_facts(design, self._estimator(layout), self._df_rule()),
                *model.facts(params, kernel),
            ),
            settings=tuple((name, value) for name, value, _ in listed(self._choices())),
        )

    def targets(self, design: ClusterTrialDesign) -> tuple[Quantity, ...]:
        """The effect sought, then the standardised risk or rate of each arm."""
        model = self._model(design)
        return (model.effect(), *model.arm_means())

    def _model(self, design: ClusterTrialDesign) -> MixedModel:
        return model_of(design, self.link.of(design.outcome.type))


def _boundary_warning(kernel: GlmmFit) -> tuple[str, ...]:
    if kernel.status != "boundary":
        return ()
    return (
        "the variance between clusters is estimated as 0 (a boundary), so the standard error has no part for "
        "clustering; the degrees of freedom are those of the plan",
    )


def _evidence(kernel: GlmmFit) -> tuple[tuple[str, float | str], ...]:
    evidence: tuple[tuple[str, float | str], ...] = (
        ("log_likelihood", kernel.log_likelihood),
        ("score_length", kernel.gradient),
        ("smallest_eigenvalue", kernel.curvature),
        ("iterations", float(kernel.iterations)),
    )
    if kernel.status == "boundary":
        return (*evidence, ("score_of_variance_at_zero", kernel.boundary_score))
    return evidence
