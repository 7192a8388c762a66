"""Generalised linear mixed models: a random intercept for each cluster, by maximum likelihood."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

from precept_stats.data.declared import Declared
from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.methods.arm_model import require_clusters
from precept_stats.methods.cluster_facts import cluster_facts, few_clusters_warning
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.glmm_estimate import Estimated, by_likelihood, by_pseudo_likelihood
from precept_stats.methods.glmm_model import MixedModel, model_of, require_estimate
from precept_stats.methods.layout import Layout, layout_of_design, layout_of_plan
from precept_stats.methods.scatter import MEAN_OF, require_variation
from precept_stats.methods.settings import Choice, listed
from precept_stats.methods.settings_glmm import (
    FAMILIES,
    AdaptiveQuadrature,
    CanonicalLink,
    ClustersMinusClusterParameters,
    GlmmApproximation,
    GlmmDf,
    GlmmLink,
    KenwardRogerRule,
    NormalReference,
    PseudoLikelihood,
)
from precept_stats.numerics.glmm.fit import GlmmFit, GlmmRows, fit_glmm
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.question import SUMMARIES_OF, OutcomeType, Question
from precept_stats.values import Status

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
        information for the regression coefficients and the variance between clusters. By restricted
        pseudo-likelihood, linear mixed models of a working response were fitted by REML instead.

    Assumes:
        Clusters are independent; random effects are normal with the same variance in both arms, and
        unrelated to cluster size and covariates; the covariates act linearly on the scale of the
        link, with the same effect of the intervention throughout; given the cluster, outcomes are
        independent (and counts Poisson).

    Small samples:
        Confidence intervals and p-values refer to a t distribution on the number of clusters minus
        cluster-level parameters. Maximum likelihood makes the variance between clusters too small
        when clusters are few, so that with fewer than about 30 intervals can be too narrow; restricted
        pseudo-likelihood, with the same degrees of freedom or Kenward and Roger's, is meant for these.
        A variance estimated as 0 is reported as a boundary, and the rule for df is kept.

    Not for:
        Clusters matched in pairs; outcomes or effects that depend on the size of the cluster; a
        covariate value or an arm without events (or without non-events).

    Source:
        Pinheiro and Bates (1995), J Comput Graph Stat 4:12 (quadrature); Breslow and Clayton (1993),
        J Am Stat Assoc 88:9 (the model); Thompson et al. (2022), BMC Med Res Methodol 22:222
        (degrees of freedom); Wolfinger and O'Connell (1993), J Stat Comput Simul 48:233
        (pseudo-likelihood); Kenward and Roger (1997), Biometrics 53:983; Kahan et al. (2023),
        Int J Epidemiol 52:107 (estimands).
    """

    accepts: ClassVar[tuple[type, ...]] = (ClusterTrial,)
    uses: ClassVar[frozenset[str]] = frozenset()
    needs_seed: ClassVar[bool] = False

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
        if isinstance(self.df, KenwardRogerRule) and not isinstance(self.approximation, PseudoLikelihood):
            found.append(
                "Kenward and Roger's adjustment is for a restricted likelihood: with it goes the "
                "approximation pseudo_likelihood"
            )
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
        how = self.approximation.words
        return f"Mixed {family} regression, {self.link.of(layout.outcome)} link, {how}"

    def _df_rule(self) -> str:
        return self.df.words

    def fit(self, design: ClusterTrialDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError on separation, aliased terms, too few clusters, or no convergence."""
        require_variation(design)
        model = self._model(design)
        spare = require_clusters(design, model.cluster_parameters)
        rows = model.rows(design)
        kernel = fit_glmm(rows, model.family, self.approximation.points)
        require_estimate(kernel, model)
        found = self._estimated(rows, model, kernel)
        warnings = _boundary_warning(found) + few_clusters_warning(design)
        status: Status = "boundary" if found.boundary else "warning" if warnings else "ok"
        rule = found.df or FixedDf(
            math.inf if isinstance(self.df, NormalReference) else float(spare), self._df_rule()
        )
        facts = cluster_facts(design, self._estimator(layout_of_design(design)), self._df_rule())
        return Fit(
            Asymptotic((*model.columns.names, "log_sigma"), found.params, found.covariance, rule),
            status=status,
            evidence=found.evidence,
            warnings=warnings,
            facts=(*facts, *model.facts(found.params, float(found.covariance[-1, -1]))),
            settings=tuple((name, value) for name, value, _ in listed(self._choices())),
        )

    def _estimated(self, rows: GlmmRows, model: MixedModel, kernel: GlmmFit) -> Estimated:
        if isinstance(self.approximation, PseudoLikelihood):
            adjusted = isinstance(self.df, KenwardRogerRule)
            return by_pseudo_likelihood(rows, model.family, kernel, adjusted=adjusted)
        return by_likelihood(kernel)

    def targets(self, design: ClusterTrialDesign) -> tuple[Quantity, ...]:
        """The effect sought, then the standardised risk or rate of each arm."""
        model = self._model(design)
        return (model.effect(), *model.arm_means())

    def _model(self, design: ClusterTrialDesign) -> MixedModel:
        return model_of(design, self.link.of(design.outcome.type))


def _boundary_warning(found: Estimated) -> tuple[str, ...]:
    if not found.boundary:
        return ()
    return (
        "the variance between clusters is estimated as 0 (a boundary), so the standard error has no part for "
        "clustering; the rule for degrees of freedom is that of the plan",
    )
