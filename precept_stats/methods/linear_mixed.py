"""Linear mixed models: individual outcomes with a random intercept for each cluster."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.data.declared import Declared
from precept_stats.errors import FitError
from precept_stats.inference.between_within import BetweenWithinDf
from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.fit import Fact, Fit
from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.inference.quantities import Quantity, linear
from precept_stats.inference.satterthwaite import satterthwaite
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.methods.arm_model import block_columns, require_clusters, unit_of_means
from precept_stats.methods.cluster_facts import cluster_facts, few_clusters_warning
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.layout import Layout, conditional_gap, layout_of_design, layout_of_plan
from precept_stats.methods.scatter import MEAN_OF, require_variation
from precept_stats.methods.settings import Choice, listed
from precept_stats.methods.settings_mixed import (
    KenwardRoger,
    MaximumLikelihood,
    MixedCriterion,
    MixedDf,
    MixedSatterthwaite,
    RestrictedLikelihood,
)
from precept_stats.numerics.mixed.fit import MixedFit, fit_mixed
from precept_stats.numerics.mixed.model import Fixed, Grouping, MixedModel, Numeric, Random, Rows
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.question import SUMMARIES_OF, Question
from precept_stats.values import Status

Floats = NDArray[np.float64]

DF_RULES: dict[str, str] = {
    "kenward_roger": "t, Kenward and Roger's degrees of freedom and covariance",
    "satterthwaite": "t, Satterthwaite's degrees of freedom",
    "between_within": "t on clusters - parameters at cluster level (between-within)",
    "clusters_minus_parameters": "t on clusters - cluster-level parameters",
    "normal": "normal",
}


class LinearMixed(Declared):
    """Linear regression of individual outcomes with a random intercept by cluster.

    Estimates:
        The effect is the adjusted difference between the arms in the mean outcome, or for a binary
        outcome in risk (a linear probability model). Clusters count by the precision of their means,
        between equally and by size.

    Model:
        The outcome of individuals was modelled as linear in the arm, strata or pairs and covariates,
        plus a normal random effect of the cluster and a normal residual, by restricted maximum
        likelihood unless maximum likelihood is named. Arm means are given at the average of strata
        and covariates over participants.

    Assumes:
        Clusters are independent; random effects and residuals are normal with the same variances in
        both arms, and unrelated to cluster size and covariates; the covariates act linearly, with the
        same effect of the intervention throughout. A binary outcome cannot have normal residuals of
        one variance: its risk difference is consistent all the same, its standard error approximate.

    Small samples:
        Confidence intervals and p-values refer to a t distribution with Kenward and Roger's
        covariance and degrees of freedom unless another rule is named. A variance between clusters
        estimated as 0 is reported as a boundary and the rule that was named is kept.

    Not for:
        Ratios of risks or rates; outcomes or effects that depend on the size of the cluster; rare
        binary outcomes.

    Source:
        Laird and Ware (1982), Biometrics 38:963, and Bates et al. (2015), J Stat Softw 67(1) (model
        and criterion); Kenward and Roger (1997), Biometrics 53:983; Fai and Cornelius (1996), J Stat
        Comput Simul 54:363 (Satterthwaite); Pinheiro and Bates (2000), Mixed-Effects Models in S and
        S-PLUS (between-within).
    """

    accepts: ClassVar[tuple[type, ...]] = (ClusterTrial,)
    uses: ClassVar[frozenset[str]] = frozenset()
    needs_seed: ClassVar[bool] = False

    kind: Literal["linear_mixed"] = "linear_mixed"
    criterion: MixedCriterion = RestrictedLikelihood()
    df: MixedDf = KenwardRoger()

    def objections(self, study: AnyStudy, question: Question) -> tuple[str, ...]:
        layout = layout_of_plan(study, question)
        found = []
        if layout.outcome == "count":
            found.append("a linear mixed model is for continuous and binary outcomes, not for counts")
        elif layout.is_ratio:
            found.append(
                "a linear mixed model estimates differences, no ratios: ask for a difference, or use "
                "generalised_linear_mixed"
            )
        elif layout.summary not in SUMMARIES_OF[layout.outcome]:
            found.append(f"a {layout.outcome} outcome has no {layout.summary.replace('_', ' ')}")
        if isinstance(self.criterion, MaximumLikelihood):
            if isinstance(self.df, KenwardRoger):
                found.append("Kenward and Roger's adjustment is for restricted maximum likelihood (reml)")
            if layout.paired:
                found.append(
                    "matched pairs: with a parameter for each pair, maximum likelihood halves the variance "
                    "between clusters; use reml"
                )
        return tuple(found)

    def estimand_gap(self, study: AnyStudy, question: Question) -> str:
        average = question.estimand.target.replace("_", "-")
        gaps = [
            "the model weights clusters between equally and by size, so that when the outcome or the effect "
            f"depends on cluster size it estimates neither the declared {average} effect nor the other"
        ]
        gaps += conditional_gap(study, question)
        return "; ".join(gaps)

    def words(self, study: AnyStudy, question: Question) -> MethodWords:
        layout = layout_of_plan(study, question)
        block = f" + {layout.blocks}[cluster]" if layout.blocks else ""
        covariates = "".join(f" + slope * {name}" for name in study.adjust)
        equation = (
            f"outcome = mean[arm]{block}{covariates} + u[cluster] + e, u ~ N(0, sigma2_u), e ~ N(0, sigma2)"
        )
        return MethodWords(self._estimator(layout), equation, DF_RULES[self.df.kind], listed(self._choices()))

    def _choices(self) -> dict[str, Choice]:
        return {"criterion": self.criterion, "df": self.df}

    def _estimator(self, layout: Layout) -> str:
        kind = "linear probability model" if layout.outcome == "binary" else "linear model"
        return f"Mixed {kind}, random intercept by cluster, {self.criterion.kind.upper()}"

    def fit(self, design: ClusterTrialDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError for aliased terms, too few clusters, or a model that fits exactly."""
        require_variation(design)
        terms = _terms(design)
        spare = require_clusters(design, int(np.count_nonzero(terms.between)))
        kernel = fit_mixed(_model(design, terms), self.criterion.kind)
        _require_convergence(kernel)
        warnings = self._boundary_warning(kernel) + few_clusters_warning(design)
        status: Status = "boundary" if kernel.boundary else "warning" if warnings else "ok"
        layout = layout_of_design(design)
        return Fit(
            uncertainty=self._inference(kernel, design, (terms, spare)),
            status=status,
            evidence=_evidence(kernel),
            warnings=warnings,
            facts=(
                *cluster_facts(design, self._estimator(layout), DF_RULES[self.df.kind]),
                *_model_facts(kernel),
            ),
            settings=tuple((name, value) for name, value, _ in listed(self._choices())),
        )

    def targets(self, design: ClusterTrialDesign) -> tuple[Quantity, ...]:
        """The adjusted difference, then the adjusted mean (or risk) of each arm."""
        rows = np.eye(len(_terms(design).names))
        unit = unit_of_means(design.outcome)
        reference, compare = design.arm_names
        mean = MEAN_OF[design.outcome.type]
        return (
            linear(design.summary, f"{compare} - {reference}", rows[1], unit=unit),
            linear(mean, reference, rows[0], unit=unit),
            linear(mean, compare, rows[0] + rows[1], unit=unit),
        )

    def _inference(
        self, kernel: MixedFit, design: ClusterTrialDesign, spent: tuple[Terms, int]
    ) -> Asymptotic:
        terms, spare = spent
        if isinstance(self.df, KenwardRoger):
            adjusted = kenward_roger(kernel)
            return Asymptotic(terms.names, kernel.params, adjusted.covariance, adjusted.df)
        rules: dict[str, Callable[[], Callable[[Floats], float]]] = {
            "satterthwaite": lambda: satterthwaite(kernel),
            "between_within": lambda: BetweenWithinDf(
                terms.between, design.n_clusters, float(design.size.sum())
            ),
            "clusters_minus_parameters": lambda: FixedDf(float(spare), DF_RULES[self.df.kind]),
            "normal": lambda: FixedDf(math.inf, DF_RULES[self.df.kind]),
        }
        return Asymptotic(terms.names, kernel.params, kernel.covariance, rules[self.df.kind]())

    def _boundary_warning(self, kernel: MixedFit) -> tuple[str, ...]:
        if not kernel.boundary:
            return ()
        zero = "the variance between clusters is estimated as 0 (a boundary)"
        if isinstance(self.df, MixedSatterthwaite):
            return (
                f"{zero}, so Satterthwaite's degrees of freedom are those of individuals, not of clusters; "
                "kenward_roger and between_within keep to clusters",
            )
        return (
            f"{zero}, so the standard error has little or no part for clustering; the degrees of freedom are "
            "those of the rule in the plan",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """The columns after the intercept (rows, q), and which parameters are constant within clusters."""

    names: tuple[str, ...]
    columns: tuple[Floats, ...]
    between: NDArray[np.bool_]


def _terms(design: ClusterTrialDesign) -> Terms:
    """Intercept (the reference arm's mean), arm, then strata or pairs and covariates, centred over people."""
    blocks = block_columns(design)
    names, between = [f"mean[{design.arm_names[0]}]", "effect"], [True, True]
    columns = [design.arm[design.row_cluster].astype(np.float64)]
    for name, values in zip(blocks.names, blocks.values.T, strict=True):
        names.append(name)
        columns.append(_centred(values[design.row_cluster], design.size))
        between.append(True)
    for covariate in design.covariates:
        for name, values in zip(covariate.columns, covariate.values.T, strict=True):
            names.append(name)
            columns.append(_centred(values, design.size))
            between.append(covariate.level == "cluster")
    return Terms(tuple(names), tuple(columns), np.array(between))


def _centred(values: Floats, weights: Floats) -> Floats:
    centred: Floats = values - np.average(values, weights=weights)
    return centred


def _model(design: ClusterTrialDesign, terms: Terms) -> MixedModel:
    """Grouped binary rows enter as what they are: sums of 0 and 1 over people with the same columns."""
    y, size = design.y, design.size
    rows = Rows(y)
    if not np.all(size == 1.0):
        rows = Rows(y / size, repeats=size, within=float(np.sum(y - y**2 / size)))
    fixed = tuple(Numeric(name, column) for name, column in zip(terms.names[1:], terms.columns, strict=True))
    clusters = Grouping("cluster", design.row_cluster, design.n_clusters)
    return MixedModel(rows, Fixed(fixed), (Random(clusters),))


def _require_convergence(kernel: MixedFit) -> None:
    if not kernel.converged:
        raise FitError(
            "the likelihood could not be maximised",
            found=f"a gradient of {kernel.gradient:.2g} after {kernel.evaluations} evaluations",
            allowed="a fit that converges; simplify the model, or look for columns on very different scales",
        )


def _evidence(kernel: MixedFit) -> tuple[tuple[str, float | str], ...]:
    evidence: tuple[tuple[str, float | str], ...] = (
        ("log_likelihood", kernel.log_likelihood),
        ("largest_gradient", kernel.gradient),
        ("evaluations", float(kernel.evaluations)),
        ("theta", float(kernel.theta[0])),
    )
    if kernel.boundary:
        return (*evidence, ("slope_of_variance_at_zero", float(kernel.point.in_gamma[0])))
    return (*evidence, ("smallest_curvature", kernel.smallest_curvature))


def _model_facts(kernel: MixedFit) -> tuple[Fact, ...]:
    between, within = kernel.components[0].value, kernel.sigma2
    return (
        Fact("variance_between", "Variance between clusters", between),
        Fact("variance_within", "Variance within clusters", within),
        Fact(
            "icc_model", "Intracluster correlation (mixed model)", between / (between + within), context="icc"
        ),
    )
