"""Rules about sense: the method fits the study, the outcome and the estimand."""

from __future__ import annotations

from collections.abc import Iterator

from precept_stats.data.declared import Declared
from precept_stats.data.strict_yaml import Location
from precept_stats.methods.contract import gap_of, not_computed, objections_to, unused
from precept_stats.methods.generalised_linear_mixed import GeneralisedLinearMixed
from precept_stats.methods.linear_mixed import LinearMixed
from precept_stats.plan.findings import Remark
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.rules.rule import Rule, answerable, primaries
from precept_stats.studies.cluster_trial import ClusterTrial, Periods
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.studies.question import SUMMARIES_OF, SUMMARIES_OF_CHANGE
from precept_stats.studies.stepped_wedge import SteppedWedge

ALLOWED_STRATEGIES = "treatment_policy; principal_stratum with the method instrumental_variables"


def _method_accepts_study(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis in loaded.plan.analyses.items():
        if not isinstance(analysis.study, analysis.method.accepts):
            accepted = ", ".join(_kind(study) for study in analysis.method.accepts)
            message = f"the method {analysis.method.kind} is not made for this kind of study"
            yield Remark(("analyses", name, "method"), message, analysis.study.kind, accepted)


def _design_is_primary(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis in primaries(loaded.plan).items():
        is_wedge = isinstance(analysis.study, SteppedWedge)
        if analysis.trial is not None and is_wedge != (loaded.plan.design == "stepped_wedge"):
            message = f"the design is not that of the primary analysis {name}, a {analysis.study.kind}"
            yield Remark(("design",), message, loaded.plan.design)


def _kind(study: type) -> str:
    return str(study.model_fields["kind"].default) if issubclass(study, Declared) else study.__name__


def _method_uses_columns(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis in loaded.plan.analyses.items():
        for field in unused(analysis.method.uses, analysis.study):
            uses = (
                ", ".join(sorted(analysis.method.uses))
                or "none of groups, weights, offset, received and subgroup"
            )
            message = f"the method {analysis.method.kind} does not use the study's {field}"
            yield Remark(("analyses", name, "study", field), message, field, uses)


def _method_can_answer(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis, question in answerable(loaded.plan):
        if isinstance(analysis.study, analysis.method.accepts):
            for objection in objections_to(analysis.method, analysis.study, question):
                yield Remark(("analyses", name, "method"), objection)


def _method_consistent(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis, question in answerable(loaded.plan):
        gap = gap_of(analysis.method, analysis.study, question)
        if gap:
            message = f"not consistent for the declared estimand: {gap}"
            yield Remark(("analyses", name, "method"), message)


def _estimand_targeted(loaded: LoadedPlan) -> Iterator[Remark]:
    gaps: dict[str, list[bool]] = {}
    for _, analysis, question in answerable(loaded.plan):
        gap = gap_of(analysis.method, analysis.study, question)
        gaps.setdefault(analysis.estimand, []).append(bool(gap))
    for name, of_analyses in gaps.items():
        if all(of_analyses):
            target = loaded.plan.estimands[name].target.replace("_", "-")
            message = f"no analysis targets the estimand {name}: none is consistent for its {target} effect"
            allowed = (
                "an analysis that is (model_robust and gee with independence are for averages over people or "
                "clusters), or an estimand that says what is estimated"
            )
            yield Remark(("estimands", name), message, f"gaps in all {len(of_analyses)}", allowed)


def _summary_of_outcome(loaded: LoadedPlan) -> Iterator[Remark]:
    plan = loaded.plan
    for name, estimand in plan.estimands.items():
        outcome = plan.outcomes.get(estimand.outcome)
        summaries = SUMMARIES_OF if estimand.change is None else SUMMARIES_OF_CHANGE
        if outcome is not None and estimand.summary not in summaries[outcome.type]:
            message = f"this summary is not one of a {outcome.type} outcome"
            allowed = ", ".join(summaries[outcome.type])
            yield Remark(("estimands", name, "summary"), message, estimand.summary, allowed)


def _adjusts_for_others(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis, question in answerable(loaded.plan):
        study, trial, outcome = analysis.study, analysis.trial, question.outcome
        taken: dict[str | None, str] = {outcome.denominator: "the denominator"}
        if trial is not None:
            taken |= {trial.arm: "the arm", trial.cluster: "the cluster"}
        for column in question.outcome_columns:
            taken.setdefault(column, "the outcome")
        for number, column in enumerate(study.adjust):
            if column in taken:
                yield Remark(
                    ("analyses", name, "study", "adjust", number),
                    f"adjusts for a column that is {taken[column]} itself",
                    column,
                    "a covariate known before randomisation",
                )


def _covariates_once(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis in loaded.plan.analyses.items():
        trial = analysis.trial
        blocks = () if trial is None else (*trial.strata, *((trial.pairs,) if trial.pairs else ()))
        used = (*blocks, *analysis.study.adjust)
        for column in dict.fromkeys(used):
            if used.count(column) > 1:
                place = ("analyses", name, "study")
                yield Remark(place, "the same column is named twice among strata, pairs and adjust", column)


def _distinct_roles(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis in loaded.plan.analyses.items():
        study, told = analysis.trial, {"cluster": "the cluster", "arm": "the arm"}
        if study is None:
            continue
        parts: dict[str, str | None] = {
            "cluster": study.cluster,
            "arm": study.arm,
            **dict(study.time_columns()),
        }
        parts |= {"participant": study.participant} if not isinstance(study, ClusterTrial) else {}
        seen: dict[str, str] = {}
        for field, column in parts.items():
            what = told.get(field, f"the {field.rpartition('/')[2]}")
            if column is not None and seen.setdefault(column, what) != what:
                message = f"{what} and {seen[column]} are the same column"
                yield Remark(("analyses", name, "study", *field.split("/")), message, column)


def _windows_at_start(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, periods in _periods(loaded):
        place = ("analyses", name, "study", "periods")
        if periods.baseline.last >= 0:
            message = "the baseline window reaches past the start, into months with the intervention"
            yield Remark((*place, "baseline"), message, f"to {periods.baseline.last}", "to -1 or earlier")
        if periods.follow_up.first < 0:
            message = "the follow-up window begins before the start"
            yield Remark((*place, "follow_up"), message, f"from {periods.follow_up.first}", "from 0 or later")


def _windows_not_driven_by_data(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, periods in _periods(loaded):
        analysis = loaded.plan.analyses[name]
        others = [
            other
            for other, theirs in _periods(loaded)
            if loaded.plan.analyses[other].purpose == "primary" and theirs != periods
        ]
        if analysis.reason == "data_driven" and others:
            message = f"windows that were chosen after seeing the data, other than those of {others[0]}"
            found = (
                f"baseline {periods.baseline.first} to {periods.baseline.last}, "
                f"follow-up {periods.follow_up.first} to {periods.follow_up.last}"
            )
            yield Remark(("analyses", name, "study", "periods"), message, found)


def _periods(loaded: LoadedPlan) -> Iterator[tuple[str, Periods]]:
    for name, analysis in loaded.plan.analyses.items():
        study = analysis.study
        if isinstance(study, ClusterTrial | ClusterTrialWithBaseline) and study.periods is not None:
            yield name, study.periods


def _pairs_kept(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis in loaded.plan.analyses.items():
        study, place = analysis.study, ("analyses", name, "study", "incomplete_pairs")
        inherited = loaded.source.written_at(place) != place
        drops = isinstance(study, ClusterTrial) and study.pairs and study.incomplete_pairs == "drop"
        if drops and not inherited:
            message = (
                "clusters without a partner are left out, although they were randomised; the flow shows them"
            )
            yield Remark(place, message, "drop", "error")


def _strategies_computed(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, estimand in loaded.plan.estimands.items():
        methods = [one.method for one in loaded.plan.analyses.values() if one.estimand == name]
        others = {event for method in methods for event in not_computed(method, estimand)}
        for number, event in enumerate(estimand.intercurrent_events):
            if event in others:
                message = "what is computed is treatment policy: every recorded outcome, whatever happened"
                place = ("estimands", name, "intercurrent_events", number, "strategy")
                yield Remark(place, message, event.strategy, ALLOWED_STRATEGIES)


def _people_behind_opportunities(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis, question in answerable(loaded.plan):
        by_row = isinstance(analysis.method, LinearMixed | GeneralisedLinearMixed)
        if question.outcome.counts_opportunities and by_row:
            message = "the model takes the opportunities of one person as independent given the cluster"
            allowed = "a method of cluster means, or gee with a robust variance; or an all-or-none composite"
            yield Remark(("analyses", name, "method"), message, analysis.method.kind, allowed)


def _not_selected_by_outcome(loaded: LoadedPlan) -> Iterator[Remark]:
    told: set[Location] = set()
    for _, _, question in answerable(loaded.plan):
        at: Location = ("populations", question.estimand.population, "where")
        for number, condition in enumerate(question.population.where):
            place = (*at, number, "column")
            if condition.column in question.outcome_columns and place not in told:
                told.add(place)
                message = f"rows are chosen by the outcome itself ({condition.words()}), after randomisation"
                allowed = "what was known before randomisation; `missing` and `excluded` of the outcome"
                yield Remark(place, message, condition.column, allowed)


RULES = (
    Rule("PL-0141", "error", "the method accepts the study", _method_accepts_study),
    Rule("PL-0142", "error", "the method can answer the question", _method_can_answer),
    Rule("PL-0143", "warning", "the method is consistent for the declared estimand", _method_consistent),
    Rule("PL-0144", "error", "the summary fits the type of the outcome", _summary_of_outcome),
    Rule("PL-0145", "error", "no adjustment for the arm, the cluster or the outcome", _adjusts_for_others),
    Rule("PL-0146", "error", "strata, pairs and adjust name each column once", _covariates_once),
    Rule("PL-0147", "error", "cluster, arm, period and participant are different columns", _distinct_roles),
    Rule(
        "PL-0148",
        "warning",
        "the baseline ends before the start, the follow-up begins after",
        _windows_at_start,
    ),
    Rule("PL-0149", "warning", "windows are not chosen after seeing the data", _windows_not_driven_by_data),
    Rule("PL-0150", "note", "clusters without a partner are not dropped", _pairs_kept),
    Rule(
        "PL-0151", "warning", "the strategy for intercurrent events is the one computed", _strategies_computed
    ),
    Rule("PL-0152", "warning", "no population is chosen by the outcome", _not_selected_by_outcome),
    Rule(
        "PL-0153",
        "error",
        "the method uses the groups, weights, offset, received and subgroup of the study",
        _method_uses_columns,
    ),
    Rule("PL-0154", "warning", "the design is that of the primary analysis", _design_is_primary),
    Rule(
        "PL-0155",
        "warning",
        "opportunities of one person are not taken as independent",
        _people_behind_opportunities,
    ),
    Rule("PL-0156", "warning", "some analysis of each estimand targets it", _estimand_targeted),
)
