"""The t method on cluster summaries: one number a cluster, then a comparison of the two arms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.data.declared import Declared
from precept_stats.errors import FitError
from precept_stats.inference.degrees_of_freedom import FixedDf, WelchDf
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.methods.arm_model import (
    ArmContrast,
    Columns,
    arm_columns,
    block_columns,
    require_clusters,
    require_estimable,
)
from precept_stats.methods.cluster_facts import cluster_facts, few_clusters_warning, pooled_icc
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.event_totals import positive_totals, require_events, require_expected
from precept_stats.methods.layout import Layout, blocks_in_words, layout_of_design, layout_of_plan, pairs_gap
from precept_stats.methods.linearised import proportional_covariance
from precept_stats.methods.scatter import (
    MEAN_OF,
    about_origin,
    require_scatter,
    require_variation,
    spread_of,
)
from precept_stats.methods.settings import (
    ArithmeticRatio,
    Choice,
    EqualWeights,
    GeometricRatio,
    PooledVariance,
    RatioOfSummaries,
    SizeWeights,
    SummaryVariance,
    SummaryWeights,
    VarianceWeights,
    WelchVariance,
    listed,
)
from precept_stats.methods.stage_one import ADJUSTED_GAP, Expected, expected_totals, stage_one_report
from precept_stats.numerics.linear import LinearFit, classical_covariance, weighted_least_squares
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.question import SUMMARIES_OF, Question
from precept_stats.values import Status

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _StageTwo:
    """One number a cluster to compare, and how it came about.

    ``size`` is the size of what was summarised; differences far below it are rounding.
    """

    values: Floats
    size: float
    cluster_rank: int = 0
    status: Status = "ok"
    evidence: tuple[tuple[str, float | str], ...] = ()
    warnings: tuple[str, ...] = ()


class ClusterSummaries(Declared):
    """Comparison of cluster summaries by the t method.

    Estimates:
        The effect is the difference between the arms in the mean of the cluster summaries (means,
        proportions or rates), or a ratio of them. With equal weights every cluster counts the same
        (the cluster-average effect); with size weights every participant does (the
        participant-average effect). The geometric ratio is the exponential of the difference in
        mean log summaries; the arithmetic ratio divides one arm mean by the other.

    Model:
        Each cluster was reduced to one summary, and the summaries were compared by a linear model
        with one mean for each arm and, where the randomisation was stratified or matched, one term
        for each further stratum or pair; without strata this is the two-sample t-test, with pairs
        the paired t-test. Where covariates were adjusted for, individual outcomes were first
        regressed on the covariates and on strata or pairs but not on the arm (logistic regression
        for binary, linear for continuous, Poisson with person-time as exposure for count outcomes),
        and each cluster's summary was replaced by its residual: (observed - expected) / size for a
        difference, observed / expected for a ratio. For an arithmetic ratio within strata or pairs,
        the variance is that of the summaries relative to their arm's mean.

    Assumes:
        Clusters are independent, and summaries vary about their arm's mean with the same variance
        (with weights, a variance inversely proportional to the weight); the Welch form allows each
        arm its own variance. The effect is the same in every stratum or pair. Outcomes that are
        missing are missing at random within clusters.

    Small samples:
        Confidence intervals and p-values refer to a t distribution with as many degrees of freedom
        as clusters, minus one for each arm, each stratum or pair after the first, and each
        cluster-level covariate parameter of the first stage; individual-level covariates cost none.
        The method is robust to non-normal summaries in balanced trials, even with few clusters. Stage
        one leaves out the arm, so the adjusted effect is too near none by about the share of the arm
        (R2) that the covariates explain: with p cluster-level parameters and K clusters p / (K - 1) on
        average, and the interval covers too seldom.

    Not for:
        Cluster-level covariates, unless few for the number of clusters (use cluster_regression); odds
        ratios; questions about individual-level effect modifiers; size weights when sizes
        differ greatly and clusters are few, since a few large clusters then carry the variance
        estimate.

    Source:
        Hayes and Moulton (2017), Cluster Randomised Trials, 2nd ed., ch. 10 to 12; Bennett et al.
        (2002), Int J Epidemiol 31:839; Thompson et al. (2022), BMC Med Res Methodol 22:222; Thompson
        et al. (2023), Stata J 23(3), doi:10.1177/1536867X231196294 (the clan command);
        Donner and Klar (2000), Design and Analysis of Cluster Randomization Trials.
    """

    accepts: ClassVar[tuple[type, ...]] = (ClusterTrial,)
    uses: ClassVar[frozenset[str]] = frozenset()
    needs_seed: ClassVar[bool] = False

    kind: Literal["cluster_summaries"] = "cluster_summaries"
    weights: SummaryWeights = EqualWeights()
    variance: SummaryVariance = PooledVariance()
    ratio: RatioOfSummaries = GeometricRatio()

    def objections(self, study: AnyStudy, question: Question) -> tuple[str, ...]:
        layout = layout_of_plan(study, question)
        found = []
        if layout.summary == "odds_ratio":
            found.append(
                "cluster summaries do not estimate an odds ratio: ask for risk_difference or risk_ratio"
            )
        elif layout.summary not in SUMMARIES_OF[layout.outcome]:
            found.append(f"a {layout.outcome} outcome has no {layout.summary.replace('_', ' ')}")
        if isinstance(self.variance, WelchVariance):
            if not isinstance(self.weights, EqualWeights):
                found.append("the Welch variance is for equal weights")
            if layout.blocks:
                found.append(
                    "the Welch variance is for trials without strata or pairs: use the pooled variance"
                )
        if isinstance(self.weights, VarianceWeights) and layout.outcome == "count":
            found.append(
                "variance weights need an intracluster correlation, which counts with person-time lack"
            )
        return tuple(found)

    def estimand_gap(self, study: AnyStudy, question: Question) -> str:
        layout = layout_of_plan(study, question)
        gaps = [*self.weights.gap(question.estimand.target)]
        if isinstance(self.weights, SizeWeights):
            gaps += pairs_gap(layout)
        if layout.is_ratio:
            gaps += self._ratio_gap(layout)
        if layout.adjusted:
            gaps.append(ADJUSTED_GAP)
        if question.estimand.effect == "conditional":
            gaps.append(
                "the comparison is marginal; it equals the declared conditional effect only if that is the "
                "same at every value of what is conditioned on"
            )
        return "; ".join(gaps)

    def _ratio_gap(self, layout: Layout) -> list[str]:
        mean = MEAN_OF[layout.outcome]
        if isinstance(self.ratio, GeometricRatio):
            return [
                f"the geometric ratio compares geometric means of cluster {mean}s; it differs from the ratio "
                f"of the marginal {mean}s when the spread of cluster {mean}s differs between arms"
            ]
        gaps = []
        if layout.stratified or (layout.paired and not isinstance(self.weights, EqualWeights)):
            gaps.append(
                "the arithmetic ratio divides arm means that suppose the same difference in every "
                f"{layout.blocks}; it is not the ratio of the marginal {mean}s when both the difference and "
                "the allocation ratio vary"
            )
        if layout.adjusted:
            gaps.append(
                "the mean of observed / expected gives more weight to clusters with a low expectation; it is "
                f"not the ratio of the marginal {mean}s when the effect varies with the expectation"
            )
        return gaps

    def words(self, study: AnyStudy, question: Question) -> MethodWords:
        layout = layout_of_plan(study, question)
        return MethodWords(
            self._estimator(layout),
            self._equation(layout) + blocks_in_words(layout, self.weights.kind),
            self._df_rule(layout),
            listed(self._choices(layout)),
        )

    def _choices(self, layout: Layout) -> dict[str, Choice]:
        choices: dict[str, Choice] = {"weights": self.weights, "variance": self.variance}
        return {**choices, "ratio": self.ratio} if layout.is_ratio else choices

    def _estimator(self, layout: Layout) -> str:
        weighting = {"equal": "", "size": "Size-weighted ", "variance": "Variance-weighted "}[
            self.weights.kind
        ]
        form = "Welch " if isinstance(self.variance, WelchVariance) else ""
        shape = {"pair": "paired ", "stratum": "stratified ", "": "unpaired "}[layout.blocks]
        on = f"cluster {MEAN_OF[layout.outcome]}s"
        if layout.adjusted:
            on = "cluster ratio residuals" if layout.is_ratio else "cluster difference residuals"
        if layout.is_ratio and isinstance(self.ratio, GeometricRatio):
            on = f"log {on}"
        text = f"{weighting}{form}{shape}t-test on {on}"
        return text[0].upper() + text[1:] + (" (two-stage)" if layout.adjusted else "")

    def _equation(self, layout: Layout) -> str:
        mean = MEAN_OF[layout.outcome]
        left = f"{mean}[cluster]"
        if layout.adjusted:
            ratio = "observed / expected" if layout.is_ratio else "(observed - expected) / size"
            left = f"{ratio} [cluster]"
        if layout.is_ratio and isinstance(self.ratio, GeometricRatio):
            left = f"log({left})"
        block = f" + {layout.blocks}[cluster]" if layout.blocks else ""
        weight = {"equal": "", "size": " / size", "variance": " / weight"}[self.weights.kind]
        spread = "s2[arm]" if isinstance(self.variance, WelchVariance) else "s2"
        second = f"{left} = mean[arm]{block} + error, variance of error = {spread}{weight}"
        if not layout.adjusted:
            return second
        link = {"binary": "logit(risk)", "continuous": "mean", "count": "log(rate)"}[layout.outcome]
        block = f" + {layout.blocks}" if layout.blocks else ""
        return f"expected, by individual: {link} = constant + covariates{block}; then {second}"

    def _df_rule(self, layout: Layout) -> str:
        if isinstance(self.variance, WelchVariance):
            return "t, Welch's degrees of freedom"
        rule = {"pair": "pairs - 1", "stratum": "clusters - 1 - strata", "": "clusters - 2"}[layout.blocks]
        return f"t on {rule}" + (" - cluster-level covariate parameters" if layout.adjusted else "")

    def fit(self, design: ClusterTrialDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError when the outcome does not vary, or clusters or df are too few."""
        require_variation(design)
        design = about_origin(design)
        layout = layout_of_design(design)
        if layout.is_ratio:
            require_events(design, self.ratio.kind)
        stage = self._adjusted(design) if layout.adjusted else self._crude(design)
        icc = pooled_icc(design)
        weights = self.weights.of(design.cluster_size, icc.icc if icc is not None else 0.0)
        weights = weights / weights.mean()
        columns = _stage_two_columns(design, weights)
        df = require_clusters(design, len(columns.names) + stage.cluster_rank)
        require_estimable(columns)
        kernel = weighted_least_squares(columns.values, stage.values, weights)
        require_scatter(kernel.scale, stage.size)
        if isinstance(self.variance, WelchVariance):
            uncertainty = _welch(design, kernel, columns.names, stage)
        else:
            rule = FixedDf(float(df), self._df_rule(layout))
            covariance = self._covariance(design, kernel, stage)
            uncertainty = Asymptotic(columns.names, kernel.params, covariance, rule)
        warnings = stage.warnings + few_clusters_warning(design)
        return Fit(
            uncertainty=uncertainty,
            status="warning" if warnings and stage.status == "ok" else stage.status,
            evidence=stage.evidence,
            warnings=warnings,
            facts=cluster_facts(design, self._estimator(layout), self._df_rule(layout)),
            settings=tuple((name, value) for name, value, _ in listed(self._choices(layout))),
        )

    def _covariance(self, design: ClusterTrialDesign, kernel: LinearFit, stage: _StageTwo) -> Floats:
        layout = layout_of_design(design)
        if layout.blocks and layout.is_ratio and isinstance(self.ratio, ArithmeticRatio):
            return proportional_covariance(design, kernel, stage.values)
        return classical_covariance(kernel)

    def targets(self, design: ClusterTrialDesign) -> tuple[Quantity, ...]:
        """The effect, then the mean of each arm (none after adjustment: residuals are no means)."""
        layout = layout_of_design(design)
        ask = ArmContrast(design, 2 + len(block_columns(design).names))
        if not layout.is_ratio:
            effect, means = ask.difference(), ask.means()
        elif isinstance(self.ratio, ArithmeticRatio):
            effect, means = ask.ratio_of_means(), ask.means()
        else:
            effect, means = ask.ratio_of_logs(), ask.geometric_means()
        return (effect,) if layout.adjusted else (effect, *means)

    def _crude(self, design: ClusterTrialDesign) -> _StageTwo:
        means = design.cluster_mean
        if not layout_of_design(design).is_ratio:
            return _StageTwo(means, spread_of(design))
        if isinstance(self.ratio, ArithmeticRatio):
            return _StageTwo(means, float(means.max()))
        totals, warnings = positive_totals(design, self.ratio)
        return _StageTwo(np.log(totals / design.cluster_size), 1.0, warnings=warnings)

    def _adjusted(self, design: ClusterTrialDesign) -> _StageTwo:
        expected = expected_totals(design)
        values, size, added = self._residuals(design, expected)
        status, warnings = stage_one_report(expected)
        evidence = (
            ("stage_one_iterations", float(expected.iterations)),
            ("stage_one_arm_r2", expected.arm_r2),
        )
        return _StageTwo(values, size, expected.cluster_rank, status, evidence, warnings + added)

    def _residuals(
        self, design: ClusterTrialDesign, expected: Expected
    ) -> tuple[Floats, float, tuple[str, ...]]:
        """One residual a cluster, the size of what it is a residual of, and warnings."""
        if not layout_of_design(design).is_ratio:
            residuals = (design.cluster_total - expected.totals) / design.cluster_size
            return residuals, spread_of(design), ()
        require_expected(design, expected)
        if isinstance(self.ratio, ArithmeticRatio):
            return design.cluster_total / expected.totals, 1.0, ()
        totals, added = positive_totals(design, self.ratio)
        return np.log(totals / expected.totals), 1.0, added


def _stage_two_columns(design: ClusterTrialDesign, weights: Floats) -> Columns:
    return arm_columns(design).beside(block_columns(design).standardised(weights))


def _welch(
    design: ClusterTrialDesign, kernel: LinearFit, names: tuple[str, ...], stage: _StageTwo
) -> Asymptotic:
    """Each arm with its own variance; the arm means are then independent."""
    if stage.cluster_rank:
        raise FitError(
            "the Welch variance has no rule for cluster-level covariates",
            found=f"{stage.cluster_rank} cluster-level covariate parameters in stage one",
            allowed="individual-level covariates, or the pooled variance",
        )
    counts = np.bincount(design.arm, minlength=2).astype(np.float64)
    squares = np.bincount(design.arm, weights=kernel.residuals**2, minlength=2)
    variances = squares / (counts - 1.0) / counts
    for arm, name in enumerate(design.arm_names):
        require_scatter(float(variances[arm]), stage.size, f" in arm {name}")
    return Asymptotic(names, kernel.params, np.diag(variances), WelchDf(variances, counts - 1.0))
