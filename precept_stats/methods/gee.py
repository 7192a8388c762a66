"""Generalised estimating equations: marginal regression with sandwich variances for few clusters."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from precept_stats.data.declared import Declared
from precept_stats.errors import FitError
from precept_stats.inference.degrees_of_freedom import DegreesOfFreedom, FixedDf, LeadingDf
from precept_stats.inference.fit import Fact, Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.sandwich_df import SandwichDf
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.gee_checks import (
    require_refits,
    require_usable,
    spare_clusters,
    uneven_sizes_warning,
)
from precept_stats.methods.gee_correlation import MEASURE_OF, Place, correlations, edge
from precept_stats.methods.gee_model import MarginalModel, averaged_sizes, marginal_model, require_solution
from precept_stats.methods.gee_plan import (
    average_gaps,
    conditional_objections,
    correlation_objections,
    equation,
    law_gaps,
    law_objections,
)
from precept_stats.methods.layout import Layout, conditional_gap, layout_of_design, layout_of_plan
from precept_stats.methods.linear_mixed_plan import over_time_objections
from precept_stats.methods.mixed_facts import design_facts, few_clusters
from precept_stats.methods.mixed_gaps import constant_effect_gap
from precept_stats.methods.scatter import require_variation
from precept_stats.methods.settings import Choice, listed
from precept_stats.methods.settings_gee import (
    ClustersMinusAllParameters,
    ClustersMinusThoseOfClusters,
    FailWithoutConvergence,
    GeeCorrelation,
    GeeDf,
    GeeFamily,
    GeeLinkChoice,
    GeeNonconvergence,
    GeeVariance,
    GeeWeights,
    IndependentWorking,
    ModifiedPoissonInstead,
    NormalDistribution,
    ParticipantWeights,
    SandwichSatterthwaite,
    UsualFamily,
    UsualLink,
)
from precept_stats.methods.settings_random import ConstantEffect, EffectOverTime, ExposureTimeEffect
from precept_stats.methods.subgroups import require_subgroups, subgroup_facts
from precept_stats.numerics.gee.fit import GeeFit, GeeModel, fit_gee
from precept_stats.numerics.gee.variance import Corrected, leverage_of
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.question import SUMMARIES_OF, Question
from precept_stats.studies.stepped_wedge import SteppedWedge
from precept_stats.values import Status

NAMES = {"binomial": "Binomial", "poisson": "Poisson", "gaussian": "Gaussian"}


class Gee(Declared):
    """Marginal regression of individual outcomes by generalised estimating equations.

    Estimates:
        The effect is the difference or ratio of two standardised means, risks or rates: everyone in
        one arm against everyone in the other, averaged over participants or, with a cluster-average
        target, over clusters. With the working correlation independence, estimation weights each
        participant equally, or each cluster equally by inverse cluster size. Over periods the effect is
        that of the intervention against control in the same period, and means are those of the periods
        from the first treated one on; by exposure time the compared mean is the plain average of those
        at each exposure time.

    Model:
        The log odds, log or plain mean of the outcome was modelled as linear in the arm, periods where
        there are several, strata and covariates, and the estimating equations were solved under a
        working correlation of outcomes within clusters. Standard errors come from a sandwich variance
        with a score for each cluster, corrected for the number of clusters.

    Assumes:
        Clusters are independent. The mean follows the model, over periods with the same effect
        throughout, or at each exposure time where these are told apart; the working correlation and the
        variance function may be wrong without harm to the estimate, but a correlation other than
        independence lets cluster size decide how much a cluster counts. Missing outcomes are missing at
        random given the arm, the period and the covariates alone.

    Small samples:
        Confidence intervals and p-values refer to a t distribution on clusters minus parameters, or on
        Satterthwaite's degrees of freedom. Without correction the sandwich is too small below about 40
        clusters; Kauermann and Carroll's correction is about right for equal sizes and too small where
        these vary much, while Mancl and DeRouen's, too large for equal ones, then keeps the level.
        Intervals of correlations are normal ones, and too narrow with few clusters.

    Not for:
        Effects given the cluster, where these differ from effects over all clusters; clusters matched
        in pairs; correlations of people seen again and again; fewer than about 10 clusters; a covariate
        value, a period or an arm without events.

    Source:
        Liang and Zeger (1986), Biometrika 73:13; Kauermann and Carroll (2001), J Am Stat Assoc 96:1387;
        Mancl and DeRouen (2001), Biometrics 57:126; Fay and Graubard (2001), Biometrics 57:1198; Morel,
        Bokossa and Neerchal (2003), Biom J 45:395; Pustejovsky and Tipton (2018), J Bus Econ Stat 36:672
        (CR2, degrees of freedom); MacKinnon, Nielsen and Webb (2023), J Appl Econom 38:671 (jackknife);
        Preisser, Lu and Qaqish (2008), Stat Med 27:5764 (correlation); Li, Turner and Preisser (2018),
        Biometrics 74:1450 (stepped wedge); Kahan et al. (2023), Int J Epidemiol 52:107 (estimands).
    """

    accepts: ClassVar[tuple[type, ...]] = (ClusterTrial, ClusterTrialWithBaseline, SteppedWedge)
    uses: ClassVar[frozenset[str]] = frozenset({"subgroup"})
    needs_seed: ClassVar[bool] = False

    kind: Literal["gee"] = "gee"
    weights: GeeWeights = ParticipantWeights()
    family: GeeFamily = UsualFamily()
    link: GeeLinkChoice = UsualLink()
    correlation: GeeCorrelation = IndependentWorking()
    variance: GeeVariance = GeeVariance(kind="kauermann_carroll")
    df: GeeDf = ClustersMinusThoseOfClusters()
    effect_over_time: EffectOverTime = ConstantEffect()
    on_nonconvergence: GeeNonconvergence = FailWithoutConvergence()

    def objections(self, study: AnyStudy, question: Question) -> tuple[str, ...]:
        layout = layout_of_plan(study, question)
        link, found = self._link(layout), []
        if layout.summary not in SUMMARIES_OF[layout.outcome]:
            found.append(f"a {layout.outcome} outcome has no {layout.summary.replace('_', ' ')}")
        found += law_objections(layout.outcome, self.family.of(layout.outcome), link)
        found += conditional_objections(question, link, self.effect_over_time)
        if layout.paired:
            found.append(
                "matched pairs: with a parameter for each pair every cluster has a leverage of more than a "
                "half, which no correction makes up for; use cluster_summaries"
            )
        found += correlation_objections(self.correlation, self.weights, study)
        found += over_time_objections(self.effect_over_time, study)
        if isinstance(self.df, SandwichSatterthwaite) and not self.variance.has_satterthwaite:
            found.append(f"the {self.variance.words} has no Satterthwaite's degrees of freedom")
        return tuple(found)

    def estimand_gap(self, study: AnyStudy, question: Question) -> str:
        gaps = [
            *average_gaps(self.correlation, self.weights, study, question),
            *constant_effect_gap(study, self.effect_over_time),
            *self._law_gaps(layout_of_plan(study, question), study),
        ]
        return "; ".join([*gaps, *conditional_gap(study, question)])

    def _law_gaps(self, layout: Layout, study: AnyStudy) -> list[str]:
        return law_gaps(self.family.of(layout.outcome), self._link(layout), study)

    def words(self, study: AnyStudy, question: Question) -> MethodWords:
        layout = layout_of_plan(study, question)
        mean = equation(study, layout, self._link(layout), self.effect_over_time)
        return MethodWords(
            self.estimator(layout),
            f"{mean}; working correlation {self.correlation.kind}; means averaged over the population",
            self.df.words,
            listed(self.choices()),
        )

    def choices(self) -> dict[str, Choice]:
        """Every setting by name."""
        return {
            "weights": self.weights,
            "family": self.family,
            "link": self.link,
            "correlation": self.correlation,
            "variance": self.variance,
            "df": self.df,
            "effect_over_time": self.effect_over_time,
            "on_nonconvergence": self.on_nonconvergence,
        }

    def _link(self, layout: Layout) -> str:
        return self.link.of(self.family.of(layout.outcome))

    def estimator(self, layout: Layout, family: str = "") -> str:
        """The method in one short phrase."""
        name = NAMES[family or self.family.of(layout.outcome)]
        by_time = isinstance(self.effect_over_time, ExposureTimeEffect)
        over_time = ", average effect over exposure times" if by_time else ""
        working = self.correlation.kind.replace("_", " ")
        return f"{name} GEE, {self._link(layout)} link, {working}{over_time}, {self.variance.words}"

    def fit(self, design: AnyDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError on separation, aliased terms, too few clusters, or no convergence."""
        require_variation(design)
        require_subgroups(design)
        model = self.model_of(design)
        everything = isinstance(self.df, ClustersMinusAllParameters)
        spare = spare_clusters(design, model.n_parameters if everything else model.cluster_parameters)
        kernel, family, fallback = self.solved(model)
        leverage = leverage_of(kernel)
        require_usable(model, kernel, leverage, self.variance)
        corrected = self.variance.of(kernel, leverage, model.effect_coding())
        require_refits(model, corrected, self.variance)
        warnings = (*fallback, *edge(self.correlation, kernel.alpha), *few_clusters(design))
        if isinstance(self.weights, ParticipantWeights):
            warnings += uneven_sizes_warning(design, self.variance)
        status: Status = "warning" if warnings else "ok"
        estimator = self.estimator(layout_of_design(design), family)
        return Fit(
            _with_correlations(model, kernel, corrected, self._rule(kernel, corrected, spare)),
            status=status,
            evidence=(
                ("iterations", float(kernel.iterations)),
                ("score_length", _score_length(kernel)),
                ("largest_leverage", float(leverage.largest.max())),
                ("smallest_eigenvalue_of_correlation", kernel.smallest),
            ),
            warnings=warnings,
            facts=(
                *design_facts(design, estimator, self.df.words),
                *subgroup_facts(design),
                Fact("scale", "Scale (mean of weight times squared Pearson residual)", kernel.scale),
            ),
            settings=tuple((name, value) for name, value, _ in listed(self.choices())),
            further=(
                *model.by_exposure(),
                *correlations(self.correlation, Place(model.n_parameters, MEASURE_OF[design.outcome.type])),
            ),
            subgroups=model.by_subgroup(),
        )

    def targets(self, design: AnyDesign) -> tuple[Quantity, ...]:
        """The effect sought, or how it differs by subgroup, then the standardised mean of each arm."""
        model = self.model_of(design)
        return (model.effect(), *model.arm_means())

    def model_of(self, design: AnyDesign) -> MarginalModel:
        """The marginal model of a design."""
        link = self._link(layout_of_design(design))
        model = marginal_model(design, link, self.weights.of(averaged_sizes(design)), self.effect_over_time)
        return replace(model, correlations=len(self.correlation.kernel.names))

    def solved(self, model: MarginalModel) -> tuple[GeeFit, str, tuple[str, ...]]:
        """The solution, the variance function it has, and a warning where that is not the declared one."""
        family = self.family.of(model.design.outcome.type)
        kernel = self._kernel(model, family)
        stuck = kernel.reason in ("means", "not_settled", "separation")
        replaceable = family == "binomial" and model.link != "logit"
        if not (stuck and replaceable and isinstance(self.on_nonconvergence, ModifiedPoissonInstead)):
            require_solution(kernel, model)
            return kernel, family, ()
        kernel = self._kernel(model, "poisson")
        require_solution(kernel, model)
        return (
            kernel,
            "poisson",
            (
                f"the binomial model with the {model.link} link did not converge, so it was fitted with "
                "Poisson variance (modified Poisson regression), as the plan says",
            ),
        )

    def _kernel(self, model: MarginalModel, family: str) -> GeeFit:
        asked = GeeModel(
            model.family(family), self.correlation.kernel, bias_corrected=self.correlation.bias_corrected
        )
        return fit_gee(model.rows(), asked)

    def _rule(self, kernel: GeeFit, corrected: Corrected, spare: int) -> DegreesOfFreedom:
        if isinstance(self.df, SandwichSatterthwaite):
            if corrected.pieces is None:
                raise FitError(
                    f"the {self.variance.words} has no Satterthwaite's degrees of freedom",
                    found="df: {kind: satterthwaite}",
                    allowed="clusters_minus_parameters, clusters_minus_cluster_parameters, normal",
                )
            return SandwichDf(*corrected.pieces(), kernel.bread)
        return FixedDf(math.inf if isinstance(self.df, NormalDistribution) else float(spare), self.df.words)


def _with_correlations(
    model: MarginalModel, kernel: GeeFit, corrected: Corrected, rule: DegreesOfFreedom
) -> Asymptotic:
    """The coefficients followed by the working correlations, which are taken as uncorrelated with them."""
    p, q = len(kernel.params), len(kernel.alpha)
    covariance = np.zeros((p + q, p + q))
    covariance[:p, :p], covariance[p:, p:] = corrected.covariance, kernel.alpha_covariance
    names = (*model.columns.names, *kernel.model.correlation.names)
    return Asymptotic(names, np.concatenate([kernel.params, kernel.alpha]), covariance, LeadingDf(rule, p))


def _score_length(kernel: GeeFit) -> float:
    """The length of the estimating function in model-based standard errors; 0 at the solution."""
    score = kernel.clusters.score.sum(axis=0)
    return math.sqrt(max(float(score @ kernel.bread @ score), 0.0) / kernel.scale)
