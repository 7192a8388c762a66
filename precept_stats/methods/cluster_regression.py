"""Linear regression of cluster means, proportions or rates on the arm, baseline and strata."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.data.declared import Declared
from precept_stats.errors import FitError
from precept_stats.inference.degrees_of_freedom import DegreesOfFreedom, FixedDf, SatterthwaiteDf
from precept_stats.inference.fit import BySubgroup, Fit
from precept_stats.inference.interaction import by_subgroup
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.methods.arm_model import (
    ArmContrast,
    Columns,
    arm_columns,
    require_clusters,
    require_estimable,
)
from precept_stats.methods.cluster_facts import cluster_facts, few_clusters_warning
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.layout import (
    Layout,
    arm_terms,
    blocks_in_words,
    conditional_gap,
    layout_of_design,
    layout_of_plan,
    pairs_gap,
)
from precept_stats.methods.scatter import (
    MEAN_OF,
    about_origin,
    require_scatter,
    require_variation,
    spread_of,
)
from precept_stats.methods.settings import (
    Choice,
    ClassicalVariance,
    ClustersMinusParameters,
    Cr2Variance,
    EqualWeights,
    HeteroscedasticVariance,
    RegressionDf,
    RegressionVariance,
    RegressionWeights,
    Satterthwaite,
    SizeWeights,
    listed,
)
from precept_stats.methods.subgroups import (
    codes_of_clusters,
    other_blocks,
    other_covariates,
    require_subgroups_of_clusters,
    subgroup_facts,
)
from precept_stats.numerics.linear import LinearFit, weighted_least_squares
from precept_stats.numerics.sandwich import full_leverage_rows
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import BASELINE_OUTCOME, ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.question import SUMMARIES_OF, Question

Floats = NDArray[np.float64]


class ClusterRegression(Declared):
    """Multivariable linear regression of cluster summaries.

    Estimates:
        The effect is the adjusted difference between the arms in the cluster mean, proportion or
        rate, with equal weights averaged over clusters and with size weights over participants.

    Model:
        The outcome of each cluster was reduced to its mean, proportion or rate at follow-up, which
        was regressed by least squares on the arm, on strata or pairs as factors, and on the
        covariates; covariates measured on individuals entered as their cluster means. Arm means are
        given at the average of strata and covariates.

    Assumes:
        Clusters are independent; the cluster summary is linear in the covariates, with the same
        slope and the same effect of the intervention throughout. With the classical variance,
        cluster summaries vary equally about the model (with size weights, inversely to size); the
        HC and CR2 variances allow any variance.

    Small samples:
        Confidence intervals and p-values refer to a t distribution on the number of clusters minus
        all parameters of the model, or, with CR2, on Satterthwaite's degrees of freedom for the
        contrast. HC0 and HC1 are too small with few clusters; HC3 tends to be too large.

    Not for:
        Ratios of risks or rates; many covariates for the number of clusters; conclusions about
        individuals from the slope of a covariate, which here is a relation between clusters.

    Source:
        Hayes and Moulton (2017), Cluster Randomised Trials, 2nd ed., ch. 10 and 11; Long and Ervin
        (2000), Am Stat 54:217 (HC); Bell and McCaffrey (2002), Surv Methodol 28:169, and
        Pustejovsky and Tipton (2018), J Bus Econ Stat 36:672 (CR2 and its degrees of freedom).
    """

    accepts: ClassVar[tuple[type, ...]] = (ClusterTrial,)
    uses: ClassVar[frozenset[str]] = frozenset({"subgroup"})
    needs_seed: ClassVar[bool] = False

    kind: Literal["cluster_regression"] = "cluster_regression"
    weights: RegressionWeights = EqualWeights()
    variance: RegressionVariance = ClassicalVariance()
    df: RegressionDf = ClustersMinusParameters()

    def objections(self, study: AnyStudy, question: Question) -> tuple[str, ...]:
        layout = layout_of_plan(study, question)
        found = []
        if layout.is_ratio:
            found.append(
                "linear regression of cluster summaries estimates differences, no ratios: "
                "ask for a difference, or use cluster_summaries"
            )
        elif layout.summary not in SUMMARIES_OF[layout.outcome]:
            found.append(f"a {layout.outcome} outcome has no {layout.summary.replace('_', ' ')}")
        if isinstance(self.df, Satterthwaite) and not isinstance(self.variance, Cr2Variance):
            found.append("Satterthwaite's degrees of freedom are those of the cr2 variance")
        return tuple(found)

    def estimand_gap(self, study: AnyStudy, question: Question) -> str:
        gaps = [*self.weights.gap(question.estimand.target)]
        if isinstance(self.weights, SizeWeights):
            gaps += pairs_gap(layout_of_plan(study, question))
        gaps += conditional_gap(study, question)
        return "; ".join(gaps)

    def words(self, study: AnyStudy, question: Question) -> MethodWords:
        layout = layout_of_plan(study, question)
        block = f" + {layout.blocks}[cluster]" if layout.blocks else ""
        covariates = "".join(f" + slope * {name}[cluster]" for name in study.adjust)
        weight = " / size" if isinstance(self.weights, SizeWeights) else ""
        error = (
            f"error, variance of error = s2{weight}"
            if isinstance(self.variance, ClassicalVariance)
            else "error"
        )
        mean = f"{MEAN_OF[layout.outcome]}[cluster] = mean[{arm_terms(study)}]"
        equation = f"{mean}{block}{covariates} + {error}"
        if set(study.adjust) - {BASELINE_OUTCOME}:
            equation += "; a covariate of individuals enters as its cluster mean"
        if not layout.adjusted:
            equation += blocks_in_words(layout, self.weights.kind)
        return MethodWords(self._estimator(layout), equation, self._df_rule(), listed(self._choices()))

    def _choices(self) -> dict[str, Choice]:
        return {"weights": self.weights, "variance": self.variance, "df": self.df}

    def _estimator(self, layout: Layout) -> str:
        weighting = "Size-weighted linear" if isinstance(self.weights, SizeWeights) else "Linear"
        variance = (
            "" if isinstance(self.variance, ClassicalVariance) else f", {self.variance.kind.upper()} variance"
        )
        return f"{weighting} regression of cluster {MEAN_OF[layout.outcome]}s{variance}"

    def _df_rule(self) -> str:
        if isinstance(self.df, Satterthwaite):
            return "t, Satterthwaite's degrees of freedom for CR2"
        return "t on clusters - parameters"

    def fit(self, design: ClusterTrialDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError for aliased columns, too few clusters, leverage 1 with HC2 or HC3."""
        require_variation(design)
        require_subgroups_of_clusters(design)
        design = about_origin(design)
        weights = self._cluster_weights(design)
        columns = _arms(design).beside(_nuisance_columns(design).standardised(weights))
        df = require_clusters(design, len(columns.names))
        require_estimable(columns)
        kernel = weighted_least_squares(columns.values, design.cluster_mean, weights)
        require_scatter(kernel.scale, spread_of(design))
        self._require_leverage(design, kernel)
        rule = self._rule(kernel, df)
        layout = layout_of_design(design)
        warnings = _leverage_warning(design, kernel) + few_clusters_warning(design)
        return Fit(
            uncertainty=Asymptotic(columns.names, kernel.params, self.variance.of(kernel), rule),
            evidence=(("largest_leverage", float(kernel.leverage.max())),),
            status="warning" if warnings else "ok",
            warnings=warnings,
            facts=(*cluster_facts(design, self._estimator(layout), self._df_rule()), *subgroup_facts(design)),
            settings=tuple((name, value) for name, value, _ in listed(self._choices())),
            subgroups=self._by_subgroup(design),
        )

    def targets(self, design: ClusterTrialDesign) -> tuple[Quantity, ...]:
        """The adjusted difference, or how it differs by subgroup, then the adjusted mean of each arm."""
        ask, split = self._contrast(design), self._by_subgroup(design)
        return (ask.difference() if split is None else split.interactions[-1], *ask.means())

    def _cluster_weights(self, design: ClusterTrialDesign) -> Floats:
        weights = self.weights.of(design.cluster_size, 0.0)
        mean_one: Floats = weights / weights.mean()
        return mean_one

    def _contrast(self, design: ClusterTrialDesign) -> ArmContrast:
        """The arms, with the shares of the levels of a subgroup among the weighted clusters."""
        shares, subgroup = (1.0,), design.subgroup
        if subgroup is not None:
            codes, weights = codes_of_clusters(design, subgroup), self._cluster_weights(design)
            shares = tuple((np.bincount(codes, weights, len(subgroup.levels)) / weights.sum()).tolist())
        return ArmContrast(design, 2 * len(shares) + len(_nuisance_columns(design).names), shares)

    def _by_subgroup(self, design: ClusterTrialDesign) -> BySubgroup | None:
        """The effect in each subgroup, where the study names one."""
        if design.subgroup is None:
            return None
        return by_subgroup(design.subgroup.name, design.subgroup.levels, self._contrast(design).within())

    def _rule(self, kernel: LinearFit, df: int) -> DegreesOfFreedom:
        if isinstance(self.df, Satterthwaite) and isinstance(self.variance, Cr2Variance):
            pieces = self.variance.pieces(kernel)
            return SatterthwaiteDf(pieces.scores, pieces.residual_covariance)
        return FixedDf(float(df), self._df_rule())

    def _require_leverage(self, design: ClusterTrialDesign, kernel: LinearFit) -> None:
        full = full_leverage_rows(kernel)
        if not len(full) or not isinstance(self.variance, HeteroscedasticVariance):
            return
        if self.variance.kind in ("hc2", "hc3"):
            raise FitError(
                f"{self.variance.kind} is not defined: a cluster has a leverage of 1",
                found=f"{', '.join(design.clusters[i] for i in full)} fixes a parameter alone",
                allowed="leverages below 1: merge strata, drop a covariate, or use cr2, hc1 or classical",
            )


def _arms(design: ClusterTrialDesign) -> Columns:
    """One 0/1 column an arm (K, 2), or an arm and level of the subgroup (K, 2 L), the reference arm first."""
    arms, subgroup = arm_columns(design), design.subgroup
    if subgroup is None:
        return arms
    levels = np.eye(len(subgroup.levels))[codes_of_clusters(design, subgroup)]
    names = tuple(f"mean[{arm}, {level}]" for arm in design.arm_names for level in subgroup.levels)
    return Columns(names, np.hstack([arms.values[:, [arm]] * levels for arm in (0, 1)]))


def _nuisance_columns(design: ClusterTrialDesign) -> Columns:
    """Strata or pairs, then covariates by cluster (K, q); those of individuals as their means."""
    columns = other_blocks(design)
    sizes = design.cluster_size
    for covariate in other_covariates(design):
        means = np.empty((design.n_clusters, len(covariate.columns)))
        for j, values in enumerate(covariate.values.T):
            totals = np.bincount(
                design.row_cluster, weights=design.size * values, minlength=design.n_clusters
            )
            means[:, j] = totals / sizes
        columns = columns.beside(Columns(covariate.columns, means))
    return columns


def _leverage_warning(design: ClusterTrialDesign, kernel: LinearFit) -> tuple[str, ...]:
    """Clusters above three times the mean leverage, or above 0.9."""
    parameters, clusters = kernel.X.shape[1], kernel.X.shape[0]
    limit = min(3.0 * parameters / clusters, 0.9)
    high = np.flatnonzero(kernel.leverage > limit)
    if not len(high):
        return ()
    named = ", ".join(f"{design.clusters[i]} ({kernel.leverage[i]:.2f})" for i in high)
    return (
        f"the fit leans on clusters with a leverage above {limit:.2f} "
        f"({'0.9' if limit == 0.9 else 'three times the mean'}): {named}",
    )
