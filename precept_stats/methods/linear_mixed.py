"""Linear mixed models of individual outcomes, for cluster trials at one time and over periods."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.data.declared import Declared
from precept_stats.inference.degrees_of_freedom import LeadingDf
from precept_stats.inference.fit import BySubgroup, Fit
from precept_stats.inference.interaction import by_subgroup
from precept_stats.inference.quantities import Quantity, linear
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.methods.arm_model import unit_of_means
from precept_stats.methods.contract import MethodWords
from precept_stats.methods.layout import Layout, conditional_gap, layout_of_design, layout_of_plan
from precept_stats.methods.linear_mixed_cells import (
    cell_objections,
    cell_parameters,
    fit_on_cells,
    needs_cells,
)
from precept_stats.methods.linear_mixed_facts import joint_facts, random_facts, variance_shares
from precept_stats.methods.linear_mixed_fit import RandomFit
from precept_stats.methods.linear_mixed_plan import (
    equation,
    followed,
    over_time_objections,
    random_objections,
)
from precept_stats.methods.linear_mixed_terms import fit_terms
from precept_stats.methods.mixed_facts import design_facts, few_clusters, require_units
from precept_stats.methods.mixed_gaps import constant_effect_gap, size_gap
from precept_stats.methods.mixed_random import RandomPart, random_part
from precept_stats.methods.mixed_terms import FixedPart, fixed_part
from precept_stats.methods.scatter import MEAN_OF, require_variation
from precept_stats.methods.settings import Choice, listed
from precept_stats.methods.settings_mixed import (
    Fitted,
    KenwardRoger,
    MaximumLikelihood,
    MixedCriterion,
    MixedDf,
    ParametricBootstrap,
    RestrictedLikelihood,
)
from precept_stats.methods.settings_random import (
    CommonResidual,
    ConstantEffect,
    EffectOverTime,
    Exchangeable,
    ExposureTimeEffect,
    RandomEffects,
    Residual,
)
from precept_stats.methods.subgroups import require_subgroups, subgroup_facts, subgroup_in
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.question import SUMMARIES_OF, Question
from precept_stats.studies.stepped_wedge import SteppedWedge
from precept_stats.values import Status

Floats = NDArray[np.float64]


class LinearMixed(Declared):
    """Linear mixed regression of individual outcomes: fixed arm and covariates, random clusters.

    Estimates:
        The effect is the adjusted difference between the arms in the mean outcome, or for a binary
        outcome in risk (a linear probability model). Clusters count by the precision of their means,
        between equally and by size. Over periods the effect is that of the intervention against
        control in the same period; by exposure time it is the plain average over exposure times.

    Model:
        The outcome of individuals was modelled as linear in the arm, periods where there are several,
        strata or pairs and covariates, plus normal random effects of clusters (and of their periods,
        participants or other groups where named) and a normal residual, by restricted maximum
        likelihood unless maximum likelihood is named. Arm means are given at the average of periods,
        strata and covariates over participants.

    Assumes:
        Clusters are independent unless a group that joins them is named; random effects and residuals
        are normal with the same variances in both arms unless they are named to differ, and unrelated
        to cluster size and covariates; the covariates act linearly, with the same effect of the
        intervention throughout; over periods, the correlation of outcomes is as the random effects
        say. A binary outcome cannot have normal residuals of one variance: its risk difference is
        consistent all the same, its standard error approximate.

    Small samples:
        Confidence intervals and p-values refer to a t distribution with Kenward and Roger's
        covariance and degrees of freedom unless another rule is named. A variance estimated as 0 is
        reported as a boundary and the rule that was named is kept.

    Not for:
        Ratios of risks or rates; outcomes or effects that depend on the size of the cluster; rare
        binary outcomes.

    Source:
        Laird and Ware (1982), Biometrics 38:963, and Bates et al. (2015), J Stat Softw 67(1) (model
        and criterion); Kenward and Roger (1997), Biometrics 53:983; Fai and Cornelius (1996), J Stat
        Comput Simul 54:363 (Satterthwaite); Pinheiro and Bates (2000), Mixed-Effects Models in S and
        S-PLUS (between-within); Hussey and Hughes (2007), Contemp Clin Trials 28:182 (stepped wedge);
        Kenny et al. (2022), Stat Med 41:4311 (exposure times).
    """

    accepts: ClassVar[tuple[type, ...]] = (ClusterTrial, ClusterTrialWithBaseline, SteppedWedge)
    uses: ClassVar[frozenset[str]] = frozenset({"groups", "weights", "offset", "subgroup"})
    kind: Literal["linear_mixed"] = "linear_mixed"
    criterion: MixedCriterion = RestrictedLikelihood()
    df: MixedDf = KenwardRoger()
    random: RandomEffects = Exchangeable()
    residual: Residual = CommonResidual()
    effect_over_time: EffectOverTime = ConstantEffect()

    @property
    def needs_seed(self) -> bool:
        """Whether it draws random numbers."""
        return isinstance(self.df, ParametricBootstrap)

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
        if isinstance(self.criterion, MaximumLikelihood) and layout.paired:
            found.append(
                "matched pairs: with a parameter for each pair, maximum likelihood halves the variance "
                "between clusters; use reml"
            )
        on_cells = needs_cells(self.random, self.residual)
        found += self.df.objections(self.criterion.kind, on_cells=on_cells)
        found += cell_objections(self.random, self.residual, cohort=followed(study))
        found += random_objections(self.random, study)
        found += over_time_objections(self.effect_over_time, study)
        return tuple(found)

    def estimand_gap(self, study: AnyStudy, question: Question) -> str:
        gaps = [size_gap(question), *conditional_gap(study, question)]
        return "; ".join([*gaps, *constant_effect_gap(study, self.effect_over_time)])

    def words(self, study: AnyStudy, question: Question) -> MethodWords:
        layout = layout_of_plan(study, question)
        return MethodWords(
            self._estimator(layout, followed(study)),
            equation(study, layout, self.random, self.effect_over_time),
            self.df.words,
            listed(self._choices()),
        )

    def _choices(self) -> dict[str, Choice]:
        return {
            "criterion": self.criterion,
            "df": self.df,
            "random": self.random,
            "residual": self.residual,
            "effect_over_time": self.effect_over_time,
        }

    def _estimator(self, layout: Layout, cohort: bool) -> str:
        kind = "linear probability model" if layout.outcome == "binary" else "linear model"
        by_time = isinstance(self.effect_over_time, ExposureTimeEffect)
        over_time = ", average effect over exposure times" if by_time else ""
        return f"Mixed {kind}, {self.random.phrase(cohort)}{over_time}, {self.criterion.kind.upper()}"

    def fit(self, design: AnyDesign, seed: Seed | None = None) -> Fit:
        """Estimate. Raises FitError for aliased terms, too few clusters, or a model that fits exactly."""
        require_variation(design)
        require_subgroups(design)
        fixed = fixed_part(design, self.effect_over_time)
        require_units(design, fixed)
        found = self._fitted(design, fixed)
        fitted = Fitted(found, design.n_clusters, float(design.size.sum()), seed)
        effects = Asymptotic(fixed.names, found.kernel.params, *self.df.of(fitted))
        inferred = self.df.infer(_with_variances(effects, found), fitted)
        warnings = (*self._boundary_warnings(found), *few_clusters(design), *inferred.warnings)
        status: Status = "boundary" if found.kernel.boundary else "warning" if warnings else "ok"
        estimator = self._estimator(layout_of_design(design), is_cohort(design))
        return Fit(
            uncertainty=inferred.uncertainty,
            status=status,
            evidence=found.evidence,
            warnings=warnings,
            facts=(
                *design_facts(design, estimator, self.df.words),
                *subgroup_facts(design),
                *random_facts(found, self.df.on_boundary, design.clusters),
                *joint_facts(fixed, lambda contrasts: self.df.joint(effects, fitted, contrasts)),
                *inferred.facts,
            ),
            settings=tuple((name, value) for name, value, _ in listed(self._choices())),
            further=(*self._by_exposure(design), *variance_shares(found)),
            subgroups=self._by_subgroup(design),
        )

    def _fitted(self, design: AnyDesign, fixed: FixedPart) -> RandomFit:
        if needs_cells(self.random, self.residual):
            return fit_on_cells(design, fixed, (self.random, self.residual), self.criterion.kind)
        return fit_terms(design, fixed, self._terms(design), self.criterion.kind)

    def _terms(self, design: AnyDesign) -> RandomPart:
        return random_part(design, self.random.of(is_cohort(design)))

    def targets(self, design: AnyDesign) -> tuple[Quantity, ...]:
        """The adjusted difference, or how it differs by subgroup, then the mean (or risk) of each arm."""
        fixed, more = self._layout(design)
        mean, unit = MEAN_OF[design.outcome.type], unit_of_means(design.outcome)
        reference, compare = design.arm_names
        split = self._by_subgroup(design)
        whole = linear(design.summary, f"{compare} - {reference}", _padded(fixed.effect, more), unit=unit)
        return (
            whole if split is None else split.interactions[-1],
            _mean(fixed, (mean, reference, unit), _padded(fixed.mean, more)),
            _mean(fixed, (mean, compare, unit), _padded(fixed.mean + fixed.effect, more)),
        )

    def _by_subgroup(self, design: AnyDesign) -> BySubgroup | None:
        """The effect in each subgroup, where the study names one."""
        subgroup = subgroup_in(design)
        if subgroup is None:
            return None
        fixed, more = self._layout(design)
        name, unit = " - ".join(design.arm_names[::-1]), unit_of_means(design.outcome)
        effects = (linear(design.summary, name, _padded(one, more), unit=unit) for one in fixed.within)
        return by_subgroup(subgroup.name, subgroup.levels, tuple(effects))

    def _by_exposure(self, design: AnyDesign) -> tuple[Quantity, ...]:
        """The effect at each exposure time, where there is one for each."""
        fixed, more = self._layout(design)
        if len(fixed.effects) == 1:
            return ()
        reference, compare = design.arm_names
        rows = np.eye(len(fixed.names))
        return tuple(
            linear(
                design.summary,
                f"{compare} - {reference}, exposure time {time}",
                _padded(rows[place], more),
                unit=unit_of_means(design.outcome),
            )
            for time, place in enumerate(fixed.effects, start=1)
        )

    def _layout(self, design: AnyDesign) -> tuple[FixedPart, int]:
        """The fixed part, and how many variance parameters stand after its parameters."""
        fixed = fixed_part(design, self.effect_over_time)
        if needs_cells(self.random, self.residual):
            return fixed, cell_parameters(self.random, self.residual)
        return fixed, self._terms(design).parameters + 1

    def _boundary_warnings(self, found: RandomFit) -> tuple[str, ...]:
        return tuple(
            f"{one.boundary}, {self.df.boundary_warning(one)}" for one in found.parameters if one.boundary
        )


def is_cohort(design: AnyDesign) -> bool:
    """Whether the design knows people over several periods."""
    return isinstance(design, PeriodDesign) and design.participant is not None


def _padded(weights: Floats, more: int) -> Floats:
    """Weights on the fixed effects as weights on these and the variance parameters after them."""
    return np.concatenate([weights, np.zeros(more)])


def _mean(fixed: FixedPart, named: tuple[str, str, str], weights: Floats) -> Quantity:
    """The mean of an arm: measure, arm and unit; an offset adds its average."""
    measure, arm, unit = named
    found = linear(measure, arm, weights, unit=unit)
    if fixed.origin == 0.0:
        return found
    return replace(found, value=lambda b: fixed.origin + float(weights @ b), weights=None)


def _with_variances(effects: Asymptotic, found: RandomFit) -> Asymptotic:
    """The fixed effects followed by the variances, which are uncorrelated with them."""
    p, more = len(effects.params), len(found.parameters)
    covariance = np.zeros((p + more, p + more))
    covariance[:p, :p], covariance[p:, p:] = effects.covariance, found.variances.covariance
    params = np.concatenate([effects.params, found.variances.values])
    return Asymptotic((*effects.names, *found.names), params, covariance, LeadingDf(effects.df, p))
