"""Generalised linear mixed models: random effects of clusters, for trials at one time and over periods."""

from __future__ import annotations

from typing import ClassVar, Literal

from precept_stats.data.declared import Declared
from precept_stats.inference.fit import Fact, Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.glmm_estimate import Estimated
from precept_stats.methods.glmm_facts import boundary_warnings, random_facts
from precept_stats.methods.glmm_inference import Fitted, Inferred, by_plan, inferred_by
from precept_stats.methods.glmm_model import GlmmModel, model_of
from precept_stats.methods.glmm_plan import (
    conditional_objections,
    count_objections,
    equation,
    integral_objections,
    link_objections,
    ratio_objections,
)
from precept_stats.methods.layout import Layout, layout_of_design, layout_of_plan
from precept_stats.methods.linear_mixed_facts import joint_facts
from precept_stats.methods.linear_mixed_plan import followed, over_time_objections, random_objections
from precept_stats.methods.mixed_facts import design_facts, few_clusters, require_units
from precept_stats.methods.mixed_gaps import constant_effect_gap, size_gap
from precept_stats.methods.scatter import require_variation
from precept_stats.methods.settings import Choice, listed
from precept_stats.methods.settings_glmm import (
    FAMILIES,
    AdaptiveQuadrature,
    CanonicalLink,
    ClustersMinusClusterParameters,
    GlmmApproximation,
    GlmmCounts,
    GlmmDf,
    GlmmLink,
    KenwardRogerRule,
    LikelihoodRatioRule,
    NegativeBinomialCounts,
    ParametricBootstrapRule,
    PoissonCounts,
    PseudoLikelihood,
)
from precept_stats.methods.settings_random import (
    ConstantEffect,
    EffectOverTime,
    Exchangeable,
    ExposureTimeEffect,
    RandomEffects,
)
from precept_stats.methods.subgroups import require_subgroups, subgroup_facts
from precept_stats.numerics.glmm.negative_binomial import NegativeBinomialLog
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.question import SUMMARIES_OF, Question
from precept_stats.studies.stepped_wedge import SteppedWedge
from precept_stats.values import Status


class GeneralisedLinearMixed(Declared):
    """Logistic, Poisson or negative binomial regression with random effects of clusters.

    Estimates:
        The marginal effect is the difference or ratio of two standardised risks or rates: everyone in
        one arm against everyone in the other, averaged over all random effects and over participants
        or, with a cluster-average target, over clusters. The conditional odds ratio is that of two
        people in clusters with the same random effects. Over periods, means are those of the periods
        from the first treated one on; by exposure time the compared mean is the plain average of those
        at each exposure time, the conditional ratio that of the averaged logarithms.

    Model:
        The log odds of the outcome (log rate for counts, with person-time as exposure) were modelled
        as linear in the arm, periods where there are several, strata and covariates, plus normal
        random effects of the cluster (and of its periods or other groups where named). The likelihood
        was maximised with the random effects integrated out, by adaptive Gauss-Hermite quadrature or
        Laplace's approximation; standard errors are those of the joint information for all
        parameters. By restricted pseudo-likelihood, linear mixed models of a working response were
        fitted by REML instead.

    Assumes:
        Clusters are independent unless a group that joins them is named; random effects are normal
        with the same variances in both arms unless they are named to differ, and unrelated to cluster
        size and covariates; the covariates act linearly on the scale of the link, with the same effect
        of the intervention throughout; given the random effects, outcomes are independent (and counts
        Poisson, or negative binomial where named).

    Small samples:
        Confidence intervals and p-values refer to a t distribution on the number of clusters minus
        cluster-level parameters unless another rule is named. Maximum likelihood makes the variance
        between clusters too small when clusters are few, so that with fewer than about 30 intervals can
        be too narrow; restricted pseudo-likelihood, with the same degrees of freedom or Kenward and
        Roger's, is meant for these, and the parametric bootstrap allows for it by simulation.
        A variance estimated as 0 is reported as a boundary, and the rule for df is kept.

    Not for:
        Clusters matched in pairs; outcomes or effects that depend on the size of the cluster; a
        covariate value or an arm without events (or without non-events).

    Source:
        Pinheiro and Bates (1995), J Comput Graph Stat 4:12 (quadrature); Breslow and Clayton (1993),
        J Am Stat Assoc 88:9 (the model); Thompson et al. (2022), BMC Med Res Methodol 22:222
        (degrees of freedom); Wolfinger and O'Connell (1993), J Stat Comput Simul 48:233
        (pseudo-likelihood); Kenward and Roger (1997), Biometrics 53:983; Kahan et al. (2023),
        Int J Epidemiol 52:107 (estimands); Hussey and Hughes (2007), Contemp Clin Trials 28:182
        (stepped wedge).
    """

    accepts: ClassVar[tuple[type, ...]] = (ClusterTrial, ClusterTrialWithBaseline, SteppedWedge)
    uses: ClassVar[frozenset[str]] = frozenset({"groups", "offset", "subgroup"})
    kind: Literal["generalised_linear_mixed"] = "generalised_linear_mixed"
    link: GlmmLink = CanonicalLink()
    counts: GlmmCounts = PoissonCounts()
    approximation: GlmmApproximation = AdaptiveQuadrature()
    df: GlmmDf = ClustersMinusClusterParameters()
    random: RandomEffects = Exchangeable()
    effect_over_time: EffectOverTime = ConstantEffect()

    @property
    def needs_seed(self) -> bool:
        """Whether it draws random numbers."""
        return isinstance(self.df, ParametricBootstrapRule)

    def objections(self, study: AnyStudy, question: Question) -> tuple[str, ...]:
        layout = layout_of_plan(study, question)
        if layout.outcome == "continuous":
            return ("a generalised linear mixed model here is for binary outcomes and counts",)
        found, link = [], self.link.of(layout.outcome)
        if layout.summary not in SUMMARIES_OF[layout.outcome]:
            found.append(f"a {layout.outcome} outcome has no {layout.summary.replace('_', ' ')}")
        found += link_objections(link, layout.outcome)
        if isinstance(self.df, KenwardRogerRule) and not isinstance(self.approximation, PseudoLikelihood):
            found.append(
                "Kenward and Roger's adjustment is for a restricted likelihood: with it goes the "
                "approximation pseudo_likelihood"
            )
        if isinstance(self.df, LikelihoodRatioRule):
            found += ratio_objections(question, self.approximation, (self.random, self.effect_over_time))
        found += conditional_objections(question, link)
        if layout.paired:
            found.append(
                "matched pairs: with a parameter for each pair, maximum likelihood halves the variance "
                "between clusters; use cluster_summaries"
            )
        found += count_objections(self.counts, layout.outcome, self.approximation)
        found += integral_objections(self.random, self.approximation, study)
        found += random_objections(self.random, study)
        found += over_time_objections(self.effect_over_time, study)
        return tuple(found)

    def estimand_gap(self, study: AnyStudy, question: Question) -> str:
        gaps = [] if question.estimand.effect == "conditional" else [size_gap(question)]
        return "; ".join([*gaps, *constant_effect_gap(study, self.effect_over_time)])

    def words(self, study: AnyStudy, question: Question) -> MethodWords:
        layout = layout_of_plan(study, question)
        link = self.link.of(layout.outcome)
        told = equation(study, layout, self.random, (link, self.effect_over_time))
        if question.estimand.effect == "marginal":
            over = "u" if isinstance(self.random, Exchangeable) else "the random effects"
            told += f"; means averaged over {over} and over the population"
        estimator = self._estimator(layout, followed(study))
        return MethodWords(estimator, told, self.df.words, listed(self._choices()))

    def _choices(self) -> dict[str, Choice]:
        return {
            "link": self.link,
            "counts": self.counts,
            "approximation": self.approximation,
            "df": self.df,
            "random": self.random,
            "effect_over_time": self.effect_over_time,
        }

    @property
    def _shaped(self) -> bool:
        return isinstance(self.counts, NegativeBinomialCounts)

    def _estimator(self, layout: Layout, cohort: bool) -> str:
        family = "binomial" if layout.outcome != "count" else "Poisson"
        family = "negative binomial" if self._shaped else family
        plain = isinstance(self.random, Exchangeable) and not layout.over_periods
        random = "" if plain else f", {self.random.phrase(cohort)}"
        by_time = isinstance(self.effect_over_time, ExposureTimeEffect)
        over_time = ", average effect over exposure times" if by_time else ""
        link = self.link.of(layout.outcome)
        return f"Mixed {family} regression, {link} link{random}{over_time}, {self.approximation.words}"

    def fit(self, design: AnyDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError on separation, aliased terms, too few clusters, or no convergence."""
        require_variation(design)
        require_subgroups(design)
        model = self._model(design)
        require_units(design, model.fixed)
        found = by_plan(model, self.approximation, self.df)
        inferred = inferred_by(self.df, Fitted(model, found, self.approximation, seed))
        warnings = (
            *boundary_warnings(model, found, self.df.on_boundary),
            *few_clusters(design),
            *inferred.warnings,
        )
        status: Status = "boundary" if found.boundary else "warning" if warnings else "ok"
        return Fit(
            inferred.uncertainty,
            status=status,
            evidence=found.evidence,
            warnings=warnings,
            facts=(*self._facts(model, found, inferred), *inferred.facts),
            settings=tuple((name, value) for name, value, _ in listed(self._choices())),
            further=model.further(),
            subgroups=model.by_subgroup(),
        )

    def _facts(self, model: GlmmModel, found: Estimated, inferred: Inferred) -> tuple[Fact, ...]:
        design = model.design
        estimator = self._estimator(layout_of_design(design), is_cohort(design))
        return (
            *design_facts(design, estimator, self.df.words),
            *subgroup_facts(design),
            *random_facts(model, found, self.df.on_boundary),
            *joint_facts(model.fixed, inferred.joint),
        )

    def targets(self, design: AnyDesign) -> tuple[Quantity, ...]:
        """The effect sought, then the standardised risk or rate of each arm."""
        model = self._model(design)
        return (model.effect(), *model.arm_means())

    def _model(self, design: AnyDesign) -> GlmmModel:
        link = self.link.of(design.outcome.type)
        family = NegativeBinomialLog() if self._shaped else FAMILIES[design.outcome.type, link]
        terms = self.random.of(is_cohort(design))
        return model_of(design, (link, family), (terms, self.effect_over_time))


def is_cohort(design: AnyDesign) -> bool:
    """Whether the design knows people over several periods."""
    return isinstance(design, PeriodDesign) and design.participant is not None
