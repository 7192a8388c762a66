"""What shape a cluster-level analysis has, as known from a plan or from the data alike."""

from __future__ import annotations

from dataclasses import dataclass

from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.question import OutcomeType, Question, Summary
from precept_stats.studies.subgroup import subgroup_named


@dataclass(frozen=True, slots=True)
class Layout:
    """Whether there are strata, pairs, covariates and periods, and what is to be estimated of what."""

    stratified: bool
    paired: bool
    adjusted: bool
    summary: Summary
    outcome: OutcomeType
    over_periods: bool = False

    @property
    def is_ratio(self) -> bool:
        return self.summary.endswith("_ratio")

    @property
    def blocks(self) -> str:
        """What the clusters were allocated within; empty when nothing."""
        return "pair" if self.paired else "stratum" if self.stratified else ""


def pairs_gap(layout: Layout) -> tuple[str, ...]:
    """How size weights count pairs otherwise than the participant average does."""
    if not layout.paired:
        return ()
    return ("with pairs, size weights count a pair as n1 n0 / (n1 + n0), not as its number of participants",)


def conditional_gap(study: AnyStudy, question: Question) -> tuple[str, ...]:
    """What a linear model without covariates says of a declared conditional effect."""
    if question.estimand.effect != "conditional" or study.adjust:
        return ()
    return (
        "without covariates the comparison is marginal; it equals the declared conditional effect "
        "only if that is the same at every value of what is conditioned on",
    )


def blocks_in_words(layout: Layout, weights: str) -> str:
    """How strata or pairs are averaged over: known from the plan, whatever the data."""
    if not layout.blocks or (layout.paired and weights == "equal"):
        return ""
    return (
        f"; the effect is averaged over {'pairs' if layout.paired else 'strata'} with weights "
        f"c1 c0 / (c1 + c0), c1 and c0 the clusters{'' if weights == 'equal' else ' (their weights)'} in "
        "each arm, which is the plain average only if the allocation ratio, or the effect, is the same in all"
    )


def arm_terms(study: AnyStudy) -> str:
    """What means are told apart by in an equation: the arm, and the subgroup where there is one."""
    named = subgroup_named(study)
    return "arm" if named is None else f"arm, {named}"


def layout_of_plan(study: AnyStudy, question: Question) -> Layout:
    """The shape that a plan asks for."""
    return Layout(
        stratified=bool(study.strata),
        paired=study.pairs is not None,
        adjusted=bool(study.adjust),
        summary=question.estimand.summary,
        outcome=question.outcome.type,
        over_periods=not isinstance(study, ClusterTrial),
    )


def layout_of_design(design: AnyDesign) -> Layout:
    """The shape of the data."""
    return Layout(
        stratified=design.stratum is not None,
        paired=not isinstance(design, PeriodDesign) and design.pair is not None,
        adjusted=bool(design.covariates),
        summary=design.summary,
        outcome=design.outcome.type,
        over_periods=isinstance(design, PeriodDesign),
    )
