"""Rules about studies over time: they stand in plans of their own, and their questions name a change."""

from __future__ import annotations

from collections.abc import Iterator

from precept_stats.plan.findings import Remark, nearest
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.rules.rule import Rule, answerable
from precept_stats.studies.changes import AnyChange, AtTime, Cumulative, OverWindow, interruption_of
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.interruptions import ExcludedTransition, NoSeasonality, NoTransition
from precept_stats.studies.over_time import OverTime
from precept_stats.studies.programme import Programme
from precept_stats.studies.series_checks import ONE_ROW, SUMMED

DESIGN_OF = {
    "programme": ("before_after", "interrupted_series"),
    "interrupted_series": ("interrupted_series",),
}


def _designs_apart(loaded: LoadedPlan) -> Iterator[Remark]:
    plan = loaded.plan
    for name, analysis in plan.analyses.items():
        if plan.over_time == (analysis.trial is not None):
            message = "trials and studies over time do not stand in one plan"
            allowed = "studies of one sort; design: before_after or interrupted_series over time"
            yield Remark(
                ("analyses", name, "study"), message, f"{analysis.study.kind} in {plan.design}", allowed
            )
        elif plan.over_time and plan.design not in DESIGN_OF[analysis.study.kind]:
            yield Remark(("design",), f"the design is not that of {name}", plan.design, analysis.study.kind)
    if plan.over_time and plan.correlations:
        yield Remark(("correlations",), "intracluster correlations are of trials", plan.design)


def _change_declared(loaded: LoadedPlan) -> Iterator[Remark]:
    told = set()
    for name, analysis, question in answerable(loaded.plan):
        estimand, place = question.estimand, ("estimands", analysis.estimand)
        if analysis.estimand in told:
            continue
        if analysis.trial is None and estimand.change is None:
            told.add(analysis.estimand)
            message = "the estimand does not say which change over time is asked for"
            yield Remark(place, message, "", "change: {kind: before_after | level_change | at_time | ...}")
        if analysis.trial is not None and estimand.change is not None:
            told.add(analysis.estimand)
            yield Remark((*place, "change"), f"{name} is a trial, which has no change over time")


def _change_of_interruption(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis, question in answerable(loaded.plan):
        change, study = question.estimand.change, analysis.study
        if not isinstance(study, OverTime) or change is None:
            continue
        asked = interruption_of(change)
        if asked and asked not in study.interruptions:
            place = ("estimands", analysis.estimand, "change", "interruption")
            message = f"the study of {name} has no such interruption"
            yield Remark(place, message, asked, nearest(asked, study.interruptions))
        if isinstance(change, Cumulative) and question.outcome.type == "continuous":
            at = ("estimands", analysis.estimand, "change")
            yield Remark(at, "values do not add up to events", "continuous", "a binary or count outcome")


def _values_summed(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis, question in answerable(loaded.plan):
        study = analysis.study
        summed = isinstance(study, InterruptedSeries) and study.several_rows == "sum"
        if summed and question.outcome.type == "continuous":
            place = ("analyses", name, "study", "several_rows")
            yield Remark(place, "values of several rows do not add up", SUMMED, ONE_ROW)


def _inside_transition(loaded: LoadedPlan) -> Iterator[Remark]:
    """A change asked for at a time that is left out rests on the model alone."""
    for name, analysis, question in answerable(loaded.plan):
        change, study = question.estimand.change, analysis.study
        if not isinstance(study, OverTime) or change is None:
            continue
        one = study.interruptions.get(interruption_of(change))
        if (
            one is not None
            and change.kind == "level_change"
            and isinstance(one.transition, ExcludedTransition)
        ):
            message = f"{name}: the level in the first period is extrapolated, that period being left out"
            yield Remark(("estimands", analysis.estimand, "change"), message, "level_change", "at_time later")
        left = _left_and_asked(study, change)
        if left:
            times = f"{left[0]} to {left[-1]}" if len(left) > 1 else str(left[0])
            message = f"{name}: periods that are asked for are left out; there it is the model carried over"
            place = ("estimands", analysis.estimand, "change")
            yield Remark(place, message, f"periods {times} of {change.kind}", f"from {left[-1] + 1} on")


def _left_and_asked(study: OverTime, change: AnyChange) -> list[int]:
    """The times since the interruption that are asked for and left out, as far as the plan says."""
    one = study.interruptions.get(interruption_of(change))
    if one is None or not isinstance(change, AtTime | OverWindow | Cumulative):
        return []
    times = (change.time, change.time) if isinstance(change, AtTime) else (change.first, change.last)
    out = set(range(one.transition.after)) if isinstance(one.transition, ExcludedTransition) else set()
    if isinstance(study, Programme) and study.exclude is not None and one is study.interruptions[study.first]:
        out |= set(range(study.exclude.first, study.exclude.last + 1))
    return sorted(out & set(range(times[0], times[1] + 1)))


def _starts_take_time(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis in loaded.plan.analyses.items():
        study = analysis.study
        if isinstance(study, Programme) and study.exclude is None and analysis.purpose == "primary":
            abrupt = all(isinstance(one.transition, NoTransition) for one in study.interruptions.values())
            if abrupt:
                message = f"{name} takes the programme for whole in its first month in every unit"
                yield Remark(
                    ("analyses", name, "study"), message, "no transition", "`exclude` or a transition"
                )


def _season_reasons(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis in loaded.plan.analyses.items():
        study = analysis.study
        seasonality = study.seasonality if isinstance(study, OverTime) else None
        if isinstance(seasonality, NoSeasonality) and len(seasonality.reason.split()) < 3:
            place = ("analyses", name, "study", "seasonality", "reason")
            message = "seasons are left out of account and the reason is no sentence"
            yield Remark(place, message, seasonality.reason, "why no season can matter here")


def _truth_is_synthetic(loaded: LoadedPlan) -> Iterator[Remark]:
    real = [name for name, one in loaded.plan.data.items() if "synthetic" not in one.source.lower()]
    for name, analysis in loaded.plan.analyses.items():
        if analysis.known_truth is not None and real:
            place = ("analyses", name, "known_truth")
            message = f"a truth is known of synthetic data alone, and {', '.join(real)} is not said to be"
            yield Remark(place, message, "", "tables whose source says synthetic")


RULES = (
    Rule("PL-0231", "error", "studies over time stand in plans of their own", _designs_apart),
    Rule("PL-0232", "error", "an estimand over time says which change is asked for", _change_declared),
    Rule("PL-0233", "error", "the change is of an interruption of the study", _change_of_interruption),
    Rule("PL-0234", "warning", "no change is asked for in a period that is left out", _inside_transition),
    Rule("PL-0235", "note", "a programme has a transition, or a window that is left out", _starts_take_time),
    Rule("PL-0236", "warning", "seasons are left out for a reason", _season_reasons),
    Rule("PL-0237", "error", "a known truth is of synthetic data", _truth_is_synthetic),
    Rule("PL-0238", "error", "rows that are added up are of counts", _values_summed),
)
