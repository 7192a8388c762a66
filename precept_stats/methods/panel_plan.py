"""What a plan may ask of a panel regression; no data needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from precept_stats.methods.settings_before_after import (
    EqualRows,
    NothingBeside,
    SatterthwaiteReference,
)
from precept_stats.methods.settings_panel import (
    ClusteredPanel,
    DriscollKraay,
    PanelAutocorrelation,
    PanelBeside,
    PanelReference,
    PanelVariance,
    PanelWeights,
    PeriodsMinusOne,
    ReducedPanel,
    UpToLag,
)
from precept_stats.methods.settings_panel_estimators import EventStudy, Imputed, PanelEstimator, TwoWay
from precept_stats.studies import TimeStudy
from precept_stats.studies.changes import BeforeAfterChange, Cumulative, SlopeChange, interruption_of
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.interruptions import PhasedTransition, Step
from precept_stats.studies.programme import Programme
from precept_stats.studies.question import Question


class PanelSettings(Protocol):
    """The settings that questions are checked against."""

    @property
    def estimator(self) -> PanelEstimator: ...
    @property
    def weights(self) -> PanelWeights: ...
    @property
    def variance(self) -> PanelVariance: ...
    @property
    def reference(self) -> PanelReference: ...
    @property
    def autocorrelation(self) -> PanelAutocorrelation: ...
    @property
    def beside(self) -> PanelBeside: ...


def panel_objections(asked: PanelSettings, study: TimeStudy, question: Question) -> Iterator[str]:
    """Why the settings cannot answer the question of the study."""
    yield from _of_question(asked, study, question)
    yield from _of_study(asked, study)
    yield from _of_errors(asked)


def _of_question(asked: PanelSettings, study: TimeStudy, question: Question) -> Iterator[str]:
    change = question.estimand.change
    if change is None or isinstance(change, BeforeAfterChange):
        yield "it answers a change at the start; for the mean after against before use before_after"
        return
    if isinstance(change, SlopeChange):
        yield "it has no slope: ask for `at_time` or `over_window`, or use a segmented model"
    elif interruption_of(change) != study.first:
        yield (
            f"it is about the first interruption, {study.first}: effects of periods take in what all units "
            "share"
        )
    if question.estimand.summary.endswith("_ratio"):
        yield "linear regression estimates differences, no ratios"
    if isinstance(change, Cumulative) and isinstance(asked.weights, EqualRows):
        yield "events add up over people: weights: {kind: denominators}"


def _of_study(asked: PanelSettings, study: TimeStudy) -> Iterator[str]:
    first = study.interruptions[study.first]
    if isinstance(study, InterruptedSeries):
        if study.series is None:
            yield "one series is no panel: name `series`, with more than one"
        elif first.column is None and study.controls is None:
            yield "with one date for all there is nothing to compare with: name `controls`"
    if isinstance(first.transition, PhasedTransition):
        yield "it takes no phased transition: leave the transition out, or estimator: {kind: event_study}"
    if isinstance(asked.estimator, TwoWay) and [one for one in first.effects if not isinstance(one, Step)]:
        yield "two_way is of a step alone: effects: [{kind: step}], or estimator: {kind: event_study}"
    for name, one in list(study.interruptions.items())[1:]:
        apart = isinstance(study, InterruptedSeries) and study.controls is not None
        if one.column is not None or (apart and one.affects == "treated"):
            yield f"the interruption {name} is not the same for all units, and effects of periods are"
    if study.weights is not None:
        yield "it does not use the study's weights: say `weights: {kind: denominators}`"


def _of_errors(asked: PanelSettings) -> Iterator[str]:
    spatial = isinstance(asked.variance, DriscollKraay)
    if spatial != isinstance(asked.autocorrelation, UpToLag):
        yield (
            f"autocorrelation is said to be {asked.autocorrelation.kind}, which the variance "
            f"{asked.variance.kind} does not do: driscoll_kraay is up_to_lag, the others within_clusters"
        )
    reduced = isinstance(asked.variance, ReducedPanel)
    if isinstance(asked.reference, SatterthwaiteReference) and not reduced:
        yield "Satterthwaite's degrees of freedom are those of the cr2 variance"
    if isinstance(asked.reference, PeriodsMinusOne) and not spatial:
        yield "periods_minus_one is for driscoll_kraay"
    if asked.reference.kind == "clusters_minus_one" and spatial:
        yield "driscoll_kraay has no clusters: reference: {kind: periods_minus_one}"
    if isinstance(asked.estimator, Imputed):
        if not isinstance(asked.variance, ClusteredPanel):
            yield "the variance of imputation is clustered: variance: {kind: clustered}"
        if not isinstance(asked.beside, NothingBeside):
            yield "imputation has no CR2: beside: {kind: none}"


def panel_gap(asked: PanelSettings, study: TimeStudy, question: Question) -> str:
    """How what is estimated can differ from the declared estimand."""
    gaps = []
    equal, target = isinstance(asked.weights, EqualRows), question.estimand.target
    if equal and target == "participant_average":
        gaps.append("every cell counts the same, which is no participant-average")
    if not equal and target == "cluster_average":
        gaps.append("cells count as their denominators, which is no average of units")
    staggered = study.interruptions[study.first].column is not None
    if staggered and isinstance(asked.estimator, TwoWay):
        gaps.append(
            "one coefficient of staggered starts weighs effects unevenly, some negatively, unless the effect "
            "is whole at once and the same for all; estimator: {kind: imputation} has the weights asked for"
        )
    if staggered and isinstance(asked.estimator, EventStudy):
        gaps.append(
            "coefficients by time take in effects at other times unless units that start later fare alike"
        )
    if isinstance(study, Programme) and isinstance(asked.estimator, Imputed):
        gaps.append(
            "every unit starts in the end, so that cells from the last start on have no counterfactual"
        )
    return "; ".join(gaps)
