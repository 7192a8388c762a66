"""Model-robust standardisation: both averages of a cluster trial, whatever the working model."""

from __future__ import annotations

from typing import ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray

from precept_stats.data.declared import Declared
from precept_stats.errors import DataError, FitError
from precept_stats.inference.averages import AVERAGES, BothAverages
from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.methods.arm_model import require_clusters, unit_of_means
from precept_stats.methods.cluster_facts import cluster_facts, few_clusters_warning
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.layout import layout_of_design, layout_of_plan
from precept_stats.methods.scatter import (
    MEAN_OF,
    about_origin,
    origin_of,
    require_scatter,
    require_variation,
    spread_of,
)
from precept_stats.methods.settings import Choice, listed
from precept_stats.methods.settings_model_robust import (
    ClusterMeansModel,
    ClustersMinusTwo,
    Jackknife,
    JackknifeAboutMean,
    JackknifeDf,
    WorkingModel,
)
from precept_stats.methods.settings_probability import ArmProbability, ShareOfClusters, probability_facts
from precept_stats.methods.working_models import predictions
from precept_stats.numerics.augmented import augmented_means, both_averages
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.leave_out import without_cluster
from precept_stats.studies.question import SUMMARIES_OF, Question

Floats = NDArray[np.float64]


class ModelRobust(Declared):
    """Model-robust standardisation of a working model.

    Estimates:
        The effect is the difference or ratio of two means, risks or rates: every cluster in one arm
        against every cluster in the other, averaged over participants or over clusters as the estimand
        declares. The other average, and how far the two are apart, are given beside it; where they
        differ by more than chance, the size of a cluster is informative of its outcome or effect.

    Model:
        A working model (a regression of cluster means, or of individual outcomes by estimating equations
        or with a random intercept of clusters, averaged over) predicted the mean of each cluster in each
        arm. Where a cluster was in the arm, the prediction was corrected by its residual, divided by the
        probability of that arm. The mean of an arm is the average of these corrected predictions over all
        clusters, with weight 1 or with the size of the cluster. The covariance of the means is that of a
        jackknife, the working model being fitted again without each cluster in turn.

    Assumes:
        Clusters are independent and were allocated at random with the stated probabilities, by stratum
        where the randomisation was stratified. The working model may be wrong: it decides how precise
        the estimate is, and not what is estimated. Everyone of a cluster is analysed, or those who are
        represent it: size is the number of people (or person-time) analysed.

    Small samples:
        Confidence intervals and p-values refer to a t distribution on clusters minus two. The estimate is
        consistent as clusters grow in number; with few of them, predictions from many covariates make it
        unstable, and the jackknife tends to be somewhat too large.

    Not for:
        Effects given the cluster; clusters matched in pairs; a stratum with a single cluster in an arm,
        which cannot be left out; fewer than about 10 clusters.

    Source:
        Li, Tong, Fang, Cheng, Kahan and Wang (2025), Stat Med, doi:10.1002/sim.70270 (arXiv 2505.19336; the
        estimator, jackknife and test); Wang, Park, Small and Li (2024), J Am Stat Assoc 119:2959; Kahan et
        al. (2023), Int J Epidemiol 52:107 (estimands).
    """

    accepts: ClassVar[tuple[type, ...]] = (ClusterTrial,)
    uses: ClassVar[frozenset[str]] = frozenset()
    needs_seed: ClassVar[bool] = False

    kind: Literal["model_robust"] = "model_robust"
    working: WorkingModel = ClusterMeansModel()
    probability: ArmProbability = ShareOfClusters()
    jackknife: Jackknife = JackknifeAboutMean()
    df: JackknifeDf = ClustersMinusTwo()

    def objections(self, study: AnyStudy, question: Question) -> tuple[str, ...]:
        layout = layout_of_plan(study, question)
        found = [*self.working.objections(layout.outcome)]
        if layout.summary not in SUMMARIES_OF[layout.outcome]:
            found.append(f"a {layout.outcome} outcome has no {layout.summary.replace('_', ' ')}")
        if question.estimand.effect == "conditional" and layout.is_ratio:
            found.append(
                f"standardised means give marginal effects, and a {layout.summary.replace('_', ' ')} given "
                "covariates or the cluster is another number: ask for a marginal effect"
            )
        if layout.paired:
            found.append(
                "matched pairs: the jackknife leaves out one cluster at a time, and a pair is not left with "
                "one; use cluster_summaries"
            )
        return tuple(found)

    def estimand_gap(self, study: AnyStudy, question: Question) -> str:
        if question.estimand.effect == "marginal":
            return ""
        return (
            "the difference is one of averages over everyone; it equals the declared conditional effect only "
            "if that is the same at every value of what is conditioned on"
        )

    def words(self, study: AnyStudy, question: Question) -> MethodWords:
        layout = layout_of_plan(study, question)
        block = " + stratum[cluster]" if layout.stratified else ""
        covariates = "".join(f" + slope * {name}" for name in study.adjust)
        mean = MEAN_OF[layout.outcome]
        weighted = {"cluster_average": "every cluster", "participant_average": "clusters by size"}
        equation = (
            f"{mean}[arm] = average over {weighted[question.estimand.target]} of predicted + 1(in arm) / "
            f"P(arm) * (observed - predicted); predicted: {self.working.equation(mean)} = "
            f"intercept[arm]{block}{covariates}"
        )
        return MethodWords(self._estimator(), equation, self.df.words, listed(self._choices()))

    def _choices(self) -> dict[str, Choice]:
        return {
            "working": self.working,
            "probability": self.probability,
            "jackknife": self.jackknife,
            "df": self.df,
        }

    def _estimator(self) -> str:
        return f"Model-robust standardisation of a {self.working.words}, jackknife over clusters"

    def fit(self, design: ClusterTrialDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError where the working model fails, with all clusters or without one."""
        require_variation(design)
        require_clusters(design, self.df.spent)
        effects = _averages_of(design)
        design = about_origin(design)
        probability = self.probability.of(design)
        params = self._means(design, probability)
        without = self._without_each(design, probability)
        covariance = self.jackknife.of(without, params)
        _require_usable(params, covariance, design)
        warnings = (*self.probability.warnings(design), *few_clusters_warning(design))
        return Fit(
            Asymptotic(
                tuple(
                    f"mean[{arm}], {one.replace('_', ' ')}" for one in AVERAGES for arm in design.arm_names
                ),
                params,
                covariance,
                FixedDf(float(design.n_clusters - self.df.spent), self.df.words),
            ),
            status="warning" if warnings else "ok",
            evidence=(("refits", float(len(without))),),
            warnings=warnings,
            facts=(
                *cluster_facts(design, self._estimator(), self.df.words),
                *probability_facts(design, probability),
            ),
            settings=tuple((name, value) for name, value, _ in listed(self._choices())),
            averages=_beside(effects, design),
        )

    def _means(self, design: ClusterTrialDesign, probability: Floats) -> Floats:
        """The four means: in both arms over clusters, then over participants."""
        predicted = predictions(self.working, design)
        augmented = augmented_means(design.cluster_mean, predicted, design.arm, probability)
        return both_averages(augmented, design.cluster_size)

    def _without_each(self, design: ClusterTrialDesign, probability: Floats) -> Floats:
        """The four means without each cluster (K, 4), the probabilities of the others as they were."""
        found = np.empty((design.n_clusters, 4))
        for k, name in enumerate(design.clusters):
            try:
                left = cast(ClusterTrialDesign, without_cluster(design, k))
                found[k] = self._means(left, np.delete(probability, k))
            except (FitError, DataError) as problem:
                raise FitError(
                    f"the jackknife needs the estimate without cluster {name}, and there is none",
                    found="; ".join(part for part in (problem.problem, problem.found) if part),
                    allowed="a simpler working model, merged strata, or cluster_summaries",
                ) from problem
        return found

    def targets(self, design: ClusterTrialDesign) -> tuple[Quantity, ...]:
        """The effect in the declared average, then the mean of each arm in it."""
        effects, named = _averages_of(design), (MEAN_OF[design.outcome.type], origin_of(design))
        return (effects.effect(design.target), *(effects.mean(design.target, arm, named) for arm in (0, 1)))


def _averages_of(design: ClusterTrialDesign) -> BothAverages:
    return BothAverages(design.summary, design.arm_names, unit_of_means(design.outcome))


def _beside(effects: BothAverages, design: ClusterTrialDesign) -> tuple[tuple[str, Quantity], ...]:
    """Both averages and, unless all clusters are of one size so that they are the same, how they compare."""
    both: list[tuple[str, Quantity]] = [(average, effects.effect(average)) for average in AVERAGES]
    if np.ptp(design.cluster_size) > 0.0:
        both.append(("comparison", effects.comparison()))
    return tuple(both)


def _require_usable(params: Floats, covariance: Floats, design: ClusterTrialDesign) -> None:
    """FitError where clusters do not differ, or a ratio is asked of means that allow none."""
    require_scatter(float(np.trace(covariance)), spread_of(design))
    odds = design.summary == "odds_ratio"
    outside = params.min() <= 0.0 or (odds and params.max() >= 1.0)
    if outside and layout_of_design(design).is_ratio:
        raise FitError(
            f"the standardised means allow no {design.summary.replace('_', ' ')}",
            found=", ".join(f"{value:.4g}" for value in params),
            allowed=f"means above 0{' and below 1' if odds else ''}: another working model, or a difference",
        )
