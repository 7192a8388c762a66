"""Generalised estimating equations: marginal regression with sandwich variances for few clusters."""

from __future__ import annotations

import math
from typing import ClassVar, Literal

import numpy as np

from precept_stats.data.declared import Declared
from precept_stats.errors import FitError
from precept_stats.inference.degrees_of_freedom import DegreesOfFreedom, FixedDf
from precept_stats.inference.fit import Fact, Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.sandwich_df import SandwichDf
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.methods.arm_model import require_clusters
from precept_stats.methods.cluster_facts import cluster_facts, few_clusters_warning
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.gee_model import MarginalModel, marginal_model, require_solution
from precept_stats.methods.layout import Layout, conditional_gap, layout_of_design, layout_of_plan
from precept_stats.methods.scatter import MEAN_OF, ROUNDING, require_variation
from precept_stats.methods.settings import Choice, listed
from precept_stats.methods.settings_gee import (
    LINKS_OF,
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
from precept_stats.numerics.gee.fit import FULL_LEVERAGE, GeeFit, GeeModel, fit_gee
from precept_stats.numerics.gee.variance import Corrected, Leverage, leverage_of
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.question import SUMMARIES_OF, Question

NAMES = {"binomial": "Binomial", "poisson": "Poisson", "gaussian": "Gaussian"}
COLLAPSIBLE = {"identity": "_difference", "log": "_ratio"}
"""Links, and the effects that are then the same number within clusters and over all."""


class Gee(Declared):
    """Marginal regression of individual outcomes by generalised estimating equations.

    Estimates:
        The effect is the difference or ratio of two standardised means, risks or rates: everyone in
        one arm against everyone in the other, averaged over participants or, with a cluster-average
        target, over clusters. With the working correlation independence, estimation weights each
        participant equally, or each cluster equally by inverse cluster size.

    Model:
        The log odds, log or plain mean of the outcome was modelled as linear in the arm, strata and
        covariates, and the estimating equations were solved under a working correlation of outcomes
        within clusters. Standard errors come from a sandwich variance with a score for each cluster,
        corrected for the number of clusters.

    Assumes:
        Clusters are independent. The mean follows the model; the working correlation and the variance
        function may be wrong without harm to the estimate, but a correlation other than independence
        lets cluster size decide how much a cluster counts. Missing outcomes are missing at random
        given the arm and the covariates alone.

    Small samples:
        Confidence intervals and p-values refer to a t distribution on clusters minus parameters, or on
        Satterthwaite's degrees of freedom. Without correction the sandwich is too small below about 40
        clusters; Kauermann and Carroll's correction is on average about right and Mancl and DeRouen's
        too large, more so when cluster sizes vary.

    Not for:
        Effects given the cluster, where these differ from effects over all clusters; clusters matched
        in pairs; fewer than about 10 clusters; a covariate value or an arm without events.

    Source:
        Liang and Zeger (1986), Biometrika 73:13; Kauermann and Carroll (2001), J Am Stat Assoc 96:1387;
        Mancl and DeRouen (2001), Biometrics 57:126; Fay and Graubard (2001), Biometrics 57:1198; Morel,
        Bokossa and Neerchal (2003), Biom J 45:395; Pustejovsky and Tipton (2018), J Bus Econ Stat 36:672
        (CR2, degrees of freedom); Preisser, Lu and Qaqish (2008), Stat Med 27:5764 (correlation);
        Kahan et al. (2023), Int J Epidemiol 52:107 (estimands).
    """

    accepts: ClassVar[tuple[type, ...]] = (ClusterTrial,)
    uses: ClassVar[frozenset[str]] = frozenset()
    needs_seed: ClassVar[bool] = False

    kind: Literal["gee"] = "gee"
    weights: GeeWeights = ParticipantWeights()
    family: GeeFamily = UsualFamily()
    link: GeeLinkChoice = UsualLink()
    correlation: GeeCorrelation = IndependentWorking()
    variance: GeeVariance = GeeVariance(kind="kauermann_carroll")
    df: GeeDf = ClustersMinusThoseOfClusters()
    on_nonconvergence: GeeNonconvergence = FailWithoutConvergence()

    def objections(self, study: AnyStudy, question: Question) -> tuple[str, ...]:
        layout = layout_of_plan(study, question)
        found = []
        if layout.summary not in SUMMARIES_OF[layout.outcome]:
            found.append(f"a {layout.outcome} outcome has no {layout.summary.replace('_', ' ')}")
        found += self._model_objections(layout)
        collapsible = layout.summary.endswith(COLLAPSIBLE.get(self._link(layout), "none"))
        if question.estimand.effect == "conditional" and not collapsible:
            found.append(
                "estimating equations give marginal effects: with a "
                f"{self._link(layout)} link a {layout.summary.replace('_', ' ')} given the cluster is "
                "another number; use generalised_linear_mixed, or ask for a marginal effect"
            )
        if layout.paired:
            found.append(
                "matched pairs: with a parameter for each pair every cluster has a leverage of more than a "
                "half, which no correction makes up for; use cluster_summaries"
            )
        independent = isinstance(self.correlation, IndependentWorking)
        if not independent and not isinstance(self.weights, ParticipantWeights):
            found.append(
                "weights by clusters with an exchangeable working correlation would let a large cluster "
                "count for less than a small one: use independence"
            )
        if isinstance(self.df, SandwichSatterthwaite) and not self.variance.has_satterthwaite:
            found.append(f"the {self.variance.words} has no Satterthwaite's degrees of freedom")
        return tuple(found)

    def _model_objections(self, layout: Layout) -> list[str]:
        family, link = self.family.of(layout.outcome), self._link(layout)
        links = LINKS_OF.get((layout.outcome, family))
        if links is None:
            families = ", ".join(name for kind, name in LINKS_OF if kind == layout.outcome)
            return [f"a {layout.outcome} outcome has no {family} variance here (it has: {families})"]
        if link not in links:
            return [
                f"a {layout.outcome} outcome with {family} variance has no {link} link here "
                f"(it has: {', '.join(links)})"
            ]
        return []

    def estimand_gap(self, study: AnyStudy, question: Question) -> str:
        gaps = []
        target = question.estimand.target
        average = "participant_average" if isinstance(self.weights, ParticipantWeights) else "cluster_average"
        if not isinstance(self.correlation, IndependentWorking):
            gaps.append(
                "with an exchangeable working correlation clusters count between equally and by size, so "
                "that when the outcome or the effect depends on cluster size neither the declared "
                f"{target.replace('_', '-')} effect nor the other is estimated; use independence"
            )
        elif average != target:
            gaps.append(
                f"weights by {self.weights.kind} estimate the {average.replace('_', '-')} effect; it "
                f"differs from the declared {target.replace('_', '-')} effect when the effect varies with "
                "cluster size"
            )
        return "; ".join([*gaps, *conditional_gap(study, question)])

    def words(self, study: AnyStudy, question: Question) -> MethodWords:
        layout = layout_of_plan(study, question)
        block = " + stratum[cluster]" if layout.stratified else ""
        covariates = "".join(f" + slope * {name}" for name in study.adjust)
        link = self._link(layout)
        left = MEAN_OF[layout.outcome] if link == "identity" else f"{link}({MEAN_OF[layout.outcome]})"
        equation = (
            f"{left} = intercept[arm]{block}{covariates}; working correlation {self.correlation.kind}; "
            "means averaged over the population"
        )
        return MethodWords(self._estimator(layout), equation, self.df.words, listed(self._choices()))

    def _choices(self) -> dict[str, Choice]:
        return {
            "weights": self.weights,
            "family": self.family,
            "link": self.link,
            "correlation": self.correlation,
            "variance": self.variance,
            "df": self.df,
            "on_nonconvergence": self.on_nonconvergence,
        }

    def _link(self, layout: Layout) -> str:
        return self.link.of(self.family.of(layout.outcome))

    def _estimator(self, layout: Layout, family: str = "") -> str:
        name = NAMES[family or self.family.of(layout.outcome)]
        return f"{name} GEE, {self._link(layout)} link, {self.correlation.kind}, {self.variance.words}"

    def fit(self, design: ClusterTrialDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError on separation, aliased terms, too few clusters, or no convergence."""
        require_variation(design)
        model = self._model(design)
        spent = (
            model.n_parameters
            if isinstance(self.df, ClustersMinusAllParameters)
            else model.cluster_parameters
        )
        spare = require_clusters(design, spent)
        kernel, family, fallback = self._solved(model)
        leverage = leverage_of(kernel)
        self._require_usable(kernel, leverage, design)
        corrected = self.variance.of(kernel, leverage, model.effect_coding())
        warnings = fallback + few_clusters_warning(design)
        layout = layout_of_design(design)
        return Fit(
            Asymptotic(
                model.columns.names, kernel.params, corrected.covariance, self._rule(kernel, corrected, spare)
            ),
            status="warning" if warnings else "ok",
            evidence=(
                ("iterations", float(kernel.iterations)),
                ("score_length", _score_length(kernel)),
                ("largest_leverage", float(leverage.largest.max())),
                ("smallest_eigenvalue_of_correlation", kernel.smallest),
            ),
            warnings=warnings,
            facts=(
                *cluster_facts(design, self._estimator(layout, family), self.df.words),
                *_working_facts(kernel),
            ),
            settings=tuple((name, value) for name, value, _ in listed(self._choices())),
        )

    def targets(self, design: ClusterTrialDesign) -> tuple[Quantity, ...]:
        """The effect sought, then the standardised mean of each arm."""
        model = self._model(design)
        return (model.effect(), *model.arm_means())

    def _model(self, design: ClusterTrialDesign) -> MarginalModel:
        link = self._link(layout_of_design(design))
        return marginal_model(design, link, self.weights.of(design.cluster_size))

    def _solved(self, model: MarginalModel) -> tuple[GeeFit, str, tuple[str, ...]]:
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

    def _require_usable(self, kernel: GeeFit, leverage: Leverage, design: ClusterTrialDesign) -> None:
        """FitError when clusters do not differ, or when one has a leverage of 1 that matters."""
        lengths = float(np.einsum("ka,ab,kb->", kernel.clusters.score, kernel.bread, kernel.clusters.score))
        if not lengths > ROUNDING**2 * kernel.scale * kernel.n_outcomes:
            raise FitError(
                "clusters do not differ within an arm, so there is no standard error",
                found=f"squared scores of {lengths:.2g} in all",
                allowed="clusters that vary within the arms",
            )
        full = np.flatnonzero(1.0 - leverage.largest < FULL_LEVERAGE)
        if len(full) and not self.variance.defined_at_full_leverage:
            raise FitError(
                f"the {self.variance.words} is not defined: a cluster has a leverage of 1",
                found=f"{', '.join(design.clusters[k] for k in full)} fixes a parameter alone",
                allowed="leverages below 1: merge strata, drop a covariate, or use cr2",
            )


def _score_length(kernel: GeeFit) -> float:
    """The length of the estimating function in model-based standard errors; 0 at the solution."""
    score = kernel.clusters.score.sum(axis=0)
    return math.sqrt(max(float(score @ kernel.bread @ score), 0.0) / kernel.scale)


def _working_facts(kernel: GeeFit) -> tuple[Fact, ...]:
    """The scale, and the working correlation with its standard error."""
    facts = [Fact("scale", "Scale (mean squared Pearson residual)", kernel.scale)]
    for value, error in zip(kernel.alpha, kernel.alpha_errors, strict=True):
        facts.append(Fact("working_correlation", "Working correlation", float(value), context="icc"))
        label = "Standard error of the working correlation"
        facts.append(Fact("se_working_correlation", label, float(error), context="icc"))
    return tuple(facts)
