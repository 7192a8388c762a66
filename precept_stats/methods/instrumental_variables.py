"""The effect of what was received, the allocation being the instrument: two-stage least squares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.data.declared import Declared
from precept_stats.errors import FitError
from precept_stats.inference.anderson_rubin import AndersonRubin
from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.first_stage import FirstStage
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity, linear
from precept_stats.inference.sandwich_df import SandwichDf
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.methods.arm_model import (
    Columns,
    require_clusters,
    require_estimable,
    unit_of_means,
)
from precept_stats.methods.cluster_facts import cluster_facts, few_clusters_warning
from precept_stats.methods.contract import TREATMENT_POLICY, MethodWords
from precept_stats.methods.instrument_strength import (
    no_first_stage,
    require_first_stage,
    strength_warnings,
)
from precept_stats.methods.layout import conditional_gap, layout_of_plan, pairs_gap
from precept_stats.methods.scatter import (
    MEAN_OF,
    about_origin,
    require_scatter,
    require_variation,
    spread_of,
)
from precept_stats.methods.settings import Choice, listed
from precept_stats.methods.settings_gee import ClustersMinusAllParameters, SandwichSatterthwaite
from precept_stats.methods.settings_instrument import (
    AndersonRubinInterval,
    ClusterLevel,
    Cr1OfClusters,
    Cr2OfClusters,
    DoseReceived,
    InstrumentDf,
    InstrumentInterval,
    InstrumentLevel,
    InstrumentVariance,
    TreatmentReceived,
    WaldInterval,
    WhatWasReceived,
)
from precept_stats.numerics.two_stage import (
    Influences,
    Instrumented,
    ReducedForm,
    reduced_form,
    two_stage_effect,
)
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.question import SUMMARIES_OF, Question

Floats = NDArray[np.float64]

PRINCIPAL_STRATUM = "principal_stratum"
ROUNDING = 1e-10
"""Differences below this share of the range of what was received are rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class _Solved:
    """The effect, and the two regressions on the arm with what clusters add to their error.

    ``coefficients`` are those of the arm for the outcome and for what was received. All are in units of the
    data. ``exact`` where nothing of what was received is left unexplained.
    """

    effect: float
    coefficients: Floats
    influences: Influences
    parameters: int
    exact: bool

    @property
    def variance(self) -> float:
        """Of the effect: the sandwich of two-stage least squares."""
        outcome, received = self.influences.scores.T
        return float(np.sum((outcome - self.effect * received) ** 2) / self.coefficients[1] ** 2)


class InstrumentalVariables(Declared):
    """Two-stage least squares with the allocation as instrument.

    Estimates:
        For a treatment, the complier average causal effect (CACE): the difference in mean or risk that
        receiving the treatment made for those who received it if and only if their cluster was allocated to
        the compared arm. With cluster means and equal weights it is the difference between the arms in the
        mean outcome over the difference in the share treated. For a dose, the effect of one unit more of it.

    Model:
        The outcome was regressed on what was received by two-stage least squares, with the arm as the
        instrument and with strata or pairs (as factors) and covariates in both stages: on cluster means, or
        on individuals with inference by cluster. The variance is a sandwich with a score a cluster. The first
        stage is reported as the difference between the arms in what was received, and as F, the square of its
        t statistic with the same variance.

    Assumes:
        Clusters were allocated at random. Exclusion: allocation acts on the outcome only through what was
        received. Monotonicity: nobody receives less because their cluster was allocated to the arm that
        receives more. No interference: what is received in one cluster does not act on another, and within
        a cluster only by way of what each person received. Of a dose also: each unit does the same, from the
        first to the last; otherwise the number is an average of unequal steps. Those for whom what was
        received is not recorded are missing at random.

    Small samples:
        Intervals and p-values refer to t, by default with the CR2 variance on Satterthwaite's degrees of
        freedom. Where F is below 10 the estimate leans towards the confounded association, and where that is
        strong its interval covers too seldom; below 1 it is refused. The Anderson-Rubin interval, which may
        have no end, does not depend on F.

    Not for:
        Ratios and odds ratios; the effect in those who would never, or would always, receive it; a measure of
        what was received that the outcome, or the arm by itself, may change.

    Source:
        Imbens and Angrist (1994), Econometrica 62:467; Angrist, Imbens and Rubin (1996), J Am Stat Assoc
        91:444; Angrist and Imbens (1995), J Am Stat Assoc 90:431 (doses); Pustejovsky and Tipton (2018),
        J Bus Econ Stat 36:672 (CR2); Anderson and Rubin (1949), Ann Math Stat 20:46; Staiger and Stock
        (1997), Econometrica 65:557 (F). Two-stage least squares is IV2SLS of linearmodels.
    """

    accepts: ClassVar[tuple[type, ...]] = (ClusterTrial,)
    uses: ClassVar[frozenset[str]] = frozenset({"received"})
    strategies: ClassVar[frozenset[str]] = frozenset({TREATMENT_POLICY, PRINCIPAL_STRATUM})
    needs_seed: ClassVar[bool] = False

    kind: Literal["instrumental_variables"] = "instrumental_variables"
    level: InstrumentLevel = ClusterLevel()
    received: WhatWasReceived = TreatmentReceived()
    variance: InstrumentVariance = Cr2OfClusters()
    df: InstrumentDf = SandwichSatterthwaite()
    interval: InstrumentInterval = WaldInterval()

    def objections(self, study: AnyStudy, question: Question) -> tuple[str, ...]:
        layout, received = layout_of_plan(study, question), _received_of(study)
        found = []
        if received is None:
            found.append("the study does not say which column was `received`")
        elif received in question.outcome_columns:
            found.append(f"what was received and the outcome are the same column, {received}")
        if layout.is_ratio:
            found.append(
                "two-stage least squares estimates differences, no ratios: ask for a risk, mean or rate "
                "difference"
            )
        elif layout.summary not in SUMMARIES_OF[layout.outcome]:
            found.append(f"a {layout.outcome} outcome has no {layout.summary.replace('_', ' ')}")
        if layout.paired and not self._allows_pairs():
            found.append(
                f"with pairs as factors {self.variance.kind} is about half of what it should be (de "
                "Chaisemartin and Ramirez-Cuellar 2024): use cr2"
            )
        return tuple(found)

    def _allows_pairs(self) -> bool:
        """Whether the variance makes up for the parameters of pairs, one for every two clusters."""
        counted = isinstance(self.variance, Cr1OfClusters) and isinstance(self.level, ClusterLevel)
        return counted or isinstance(self.variance, Cr2OfClusters)

    def estimand_gap(self, study: AnyStudy, question: Question) -> str:
        gaps = [*self._whose(question), *self.level.gap(question.estimand.target)]
        if not (isinstance(self.level, ClusterLevel) and self.level.weights == "equal"):
            gaps += pairs_gap(layout_of_plan(study, question))
        gaps += conditional_gap(study, question)
        return "; ".join(gaps)

    def _whose(self, question: Question) -> Iterator[str]:
        """Whose effect it is, and of what, where the estimand declares another."""
        strata = [e for e in question.estimand.intercurrent_events if e.strategy == PRINCIPAL_STRATUM]
        if isinstance(self.received, DoseReceived):
            yield (
                f"the effect is that of one {self.received.unit} more of what was received, on a straight "
                "line, not that of one arm against the other"
            )
        elif not strata:
            yield (
                "the effect is that of receiving the treatment, in compliers; treatment policy asks for that "
                "of being allocated, in everyone: declare that it is not received as allocated, with the "
                "strategy principal_stratum"
            )
        if len(strata) > 1:
            named = ", ".join(event.event.replace("_", " ") for event in strata)
            yield f"the principal stratum is of what was received alone, and several are declared: {named}"

    def words(self, study: AnyStudy, question: Question) -> MethodWords:
        layout, name = layout_of_plan(study, question), _received_of(study) or "received"
        both = f" + {layout.blocks}" if layout.blocks else ""
        both += "".join(f" + slope * {covariate}" for covariate in study.adjust)
        row = f"[{self.level.unit}]"
        equation = (
            f"{MEAN_OF[layout.outcome]}{row} = constant + effect * {name}{row}{both} + error; "
            f"instrument: {name}{row} = constant + moved * arm{both} + error"
        )
        if layout.blocks:
            equation += (
                f"; the effects of {'pairs' if layout.paired else 'strata'} are averaged with weights "
                "c1 c0 / (c1 + c0) times how far the arm moved what was received, c1 and c0 the arms' weights"
            )
        return MethodWords(self._estimator(), equation, self.df.words, listed(self._choices()))

    def _choices(self) -> dict[str, Choice]:
        return {
            "level": self.level,
            "received": self.received,
            "variance": self.variance,
            "df": self.df,
            "interval": self.interval,
        }

    def _estimator(self) -> str:
        return (
            f"Two-stage least squares on {self.level.words}, {self.received.words}, "
            f"{self.variance.kind.upper()} variance"
        )

    def fit(self, design: ClusterTrialDesign, seed: Seed | None = None) -> Fit:
        """Estimate. FitError for a first stage that is none (with Wald, F < 1), a treatment not 0 or 1."""
        require_variation(design)
        column, values = self._values(design)
        nuisance = self.level.nuisance(design)
        left = float(require_clusters(design, 2 + self.level.nuisance_of_clusters(design)))
        solved = self._solved(design, nuisance, values)
        rule = FixedDf(self._df(design, solved, left), self.df.words)
        stage = self._first_stage(design, solved, (column, values), rule)
        require_first_stage(stage, self.interval)
        warnings = (*strength_warnings(stage), *few_clusters_warning(design))
        return Fit(
            uncertainty=self._uncertainty(solved, rule),
            status="warning" if warnings else "ok",
            warnings=warnings,
            facts=cluster_facts(design, self._estimator(), self.df.words),
            settings=tuple((name, value) for name, value, _ in listed(self._choices())),
            first_stage=stage,
        )

    def _df(self, design: ClusterTrialDesign, solved: _Solved, left: float) -> float:
        """The df of the arm's coefficients, ``left`` being clusters less cluster-level parameters."""
        if isinstance(self.df, SandwichSatterthwaite):
            pieces = solved.influences
            rule = SandwichDf(pieces.quadratic, pieces.cross, pieces.bread)
            return rule(np.eye(1, solved.parameters, solved.parameters - 1).ravel())
        if isinstance(self.df, ClustersMinusAllParameters):
            return float(require_clusters(design, solved.parameters))
        return left

    def targets(self, design: ClusterTrialDesign) -> tuple[Quantity, ...]:
        """The effect of what was received; arms have no means of compliers here."""
        contrast = " - ".join(design.arm_names[::-1]) + self.received.suffix
        measure = f"{self.received.prefix}_{design.summary}"
        return (linear(measure, contrast, np.ones(1), unit=unit_of_means(design.outcome)),)

    def _values(self, design: ClusterTrialDesign) -> tuple[str, Floats]:
        """The column of what was received and its values by row."""
        if design.received is None:
            raise FitError(
                "the study does not say what was received",
                found="no column `received`",
                allowed="a study that names it",
            )
        name, values = design.received.column, design.received.values
        other = np.unique(values[(values != 0.0) & (values != 1.0)])
        if isinstance(self.received, TreatmentReceived) and len(other):
            raise FitError(
                f"{name} is not a treatment that was received or not",
                found=f"the value {other[0]:g}" + (f" and {len(other) - 1} others" if len(other) > 1 else ""),
                allowed="0 and 1; for an amount use received: {kind: dose}",
            )
        return name, values

    def _solved(self, design: ClusterTrialDesign, nuisance: Columns, values: Floats) -> _Solved:
        """Both stages, solved with outcome and dose counted in their own ranges."""
        centred, weights = about_origin(design), self.level.row_weights(design)
        clusters = self.level.clusters(design)
        outcome = self.level.values(design, centred.y / centred.size)
        received = self.level.values(design, values)
        spread, moved = spread_of(design), float(np.ptp(values))
        if moved <= ROUNDING * float(np.max(np.abs(values))):
            raise no_first_stage(f"everyone received {values[0]:g}")
        arm = design.arm[clusters].astype(np.float64)
        constant = Columns(("constant",), np.ones((len(arm), 1)))
        named = constant.beside(Columns(("arm",), arm[:, None])).beside(nuisance.standardised(weights))
        require_estimable(named)
        rows = Instrumented(
            exogenous=np.delete(named.values, 1, axis=1),
            instrument=arm,
            received=(received - received.mean()) / moved,
            outcome=outcome / spread,
            weights=weights / weights.mean(),
            cluster=clusters,
        )
        stage = reduced_form(rows)
        if abs(stage.coefficients[1]) <= ROUNDING:
            raise no_first_stage("what was received is the same in both arms")
        effect = two_stage_effect(rows)
        return self._in_units(stage, effect, spread, moved)

    def _in_units(self, stage: ReducedForm, effect: float, spread: float, moved: float) -> _Solved:
        influences = self.variance.of(stage)
        scores = influences.scores @ np.array([1.0, -effect])
        require_scatter(float(scores @ scores), 1.0)
        units = np.array([spread, moved])
        return _Solved(
            effect=effect * spread / moved,
            coefficients=stage.coefficients * units,
            influences=replace(influences, scores=influences.scores * units),
            parameters=len(stage.bread),
            exact=bool(stage.unexplained[1] <= ROUNDING),
        )

    def _uncertainty(self, solved: _Solved, rule: FixedDf) -> Asymptotic | AndersonRubin:
        names, params = ("effect",), np.array([solved.effect])
        if not isinstance(self.interval, AndersonRubinInterval):
            return Asymptotic(names, params, np.array([[solved.variance]]), rule)
        covariance = solved.influences.covariance()
        return AndersonRubin(names, params, solved.variance, solved.coefficients, covariance, rule.value)

    def _first_stage(
        self, design: ClusterTrialDesign, solved: _Solved, received: tuple[str, Floats], rule: FixedDf
    ) -> FirstStage:
        column, values = received
        counted = bool(np.isin(values, (0.0, 1.0)).all())
        contrast = " - ".join(design.arm_names[::-1])
        unit = "proportion" if isinstance(self.received, TreatmentReceived) else self.received.unit
        value, variance = solved.coefficients[1], solved.influences.covariance()[1, 1]
        in_groups = design.outcome.type == "binary" and not design.outcome.counts_opportunities
        people = design.size if in_groups else np.ones_like(values)
        arms = design.arm[design.row_cluster]
        counts = tuple(
            (name, float(people[arms == arm] @ values[arms == arm]), float(people[arms == arm].sum()))
            for arm, name in enumerate(design.arm_names)
        )
        return FirstStage(
            column=column,
            difference=linear("difference_in_received", contrast, np.ones(1), unit=unit),
            value=float(value),
            uncertainty=None
            if solved.exact
            else Asymptotic(("difference",), np.array([value]), np.array([[variance]]), rule),
            received=counts if counted else (),
        )


def _received_of(study: AnyStudy) -> str | None:
    return study.received if isinstance(study, ClusterTrial) else None
