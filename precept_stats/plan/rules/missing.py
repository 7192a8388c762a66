"""Rules about missing outcomes: what is asked of them can be done, and uses what is named for it."""

from __future__ import annotations

from collections.abc import Iterator

from precept_stats.methods.missing_plan import missing_objections
from precept_stats.plan.findings import Remark
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.rules.rule import Rule, answerable
from precept_stats.studies.cluster_trial import ClusterTrial


def _can_be_done(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis, question in answerable(loaded.plan):
        missing = analysis.missing_outcomes
        for objection in missing_objections(missing, analysis.method, analysis.study, question):
            yield Remark(("analyses", name, "missing_outcomes"), objection, missing.kind, "complete_case")


def _seed_where_needed(loaded: LoadedPlan) -> Iterator[Remark]:
    if loaded.plan.seed is not None:
        return
    for name, analysis in loaded.plan.analyses.items():
        if analysis.missing_outcomes.draws:
            message = "missing outcomes are drawn at random and the plan has no seed"
            yield Remark(
                ("analyses", name, "missing_outcomes"), message, "none", "seed: a whole number from 0"
            )


def _influence_of_answered(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis in loaded.plan.analyses.items():
        if analysis.influence != "none" and analysis.missing_outcomes.keeps_unanswered:
            message = "influence is of the rows with an outcome, and this analysis has others as well"
            allowed = "influence with missing_outcomes: {kind: complete_case}"
            yield Remark(("analyses", name, "influence"), message, analysis.influence, allowed)


def _auxiliary_used(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis in loaded.plan.analyses.items():
        study = analysis.study
        idle = isinstance(study, ClusterTrial) and study.auxiliary
        if isinstance(study, ClusterTrial) and idle and not analysis.missing_outcomes.keeps_unanswered:
            message = "auxiliary columns are for a model of missing outcomes, and this analysis has none"
            place = ("analyses", name, "study", "auxiliary")
            yield Remark(place, message, ", ".join(study.auxiliary), "missing_outcomes of another kind")


def _auxiliary_is_no_outcome(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis, question in answerable(loaded.plan):
        study = analysis.study
        for number, column in enumerate(study.auxiliary if isinstance(study, ClusterTrial) else ()):
            if column in question.outcome_columns:
                place = ("analyses", name, "study", "auxiliary", number)
                yield Remark(place, "the outcome cannot tell of itself", column, "another column")


RULES = (
    Rule("PL-0201", "error", "missing outcomes can be taken account of as an analysis says", _can_be_done),
    Rule("PL-0202", "error", "a plan that imputes missing outcomes has a seed", _seed_where_needed),
    Rule("PL-0203", "error", "influence is asked for of complete cases", _influence_of_answered),
    Rule("PL-0204", "warning", "auxiliary columns have a model of missing outcomes", _auxiliary_used),
    Rule("PL-0205", "error", "no auxiliary column is the outcome", _auxiliary_is_no_outcome),
)
