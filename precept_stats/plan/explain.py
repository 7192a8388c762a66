"""A plan in words, for a terminal: what is asked, how it will be answered, with which defaults."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import cast

from precept_stats.data.declared import Declared
from precept_stats.data.selection import Population
from precept_stats.errors import PlanError
from precept_stats.methods.contract import departures, strategies_of, words_of
from precept_stats.methods.settings import Choice, listed
from precept_stats.methods.settings_icc import IccEstimator
from precept_stats.plan.disparity_words import disparity_facts
from precept_stats.plan.document import Analysis
from precept_stats.plan.explain_series import series_facts
from precept_stats.plan.explain_terms import DATA_STATES, EFFECTS, REASONS, REMOVED, TARGETS
from precept_stats.plan.findings import nearest, quoted
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.multiplicity import Family, Graphical
from precept_stats.plan.subgroups import subgroup_words
from precept_stats.studies import AnyStudy, PlannedStudy, TimeStudy, trial_of
from precept_stats.studies.cluster_trial import BASELINE_OUTCOME, ClusterTrial, Window
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.studies.composite import AnyComposite
from precept_stats.studies.question import IntercurrentEvent, Outcome, Question
from precept_stats.studies.stepped_wedge import SteppedWedge

WIDTH = 100
TERM_WIDTH = 14
NONE = "none"
ALWAYS_TOLD = ("Purpose", "Method", "Model", "Reference", "Estimand")

Fact = tuple[str, str]
"""A term and its text."""


def explain(loaded: LoadedPlan, analysis: str | None = None) -> str:
    """The plan, or one analysis, correlation or disparity of it, as plain text of at most 100 columns.

    In the whole plan an analysis that is based on another is told by what differs; asked for by
    its name, it is told in full.
    """
    plan = loaded.plan
    teller = dict.fromkeys(plan.analyses, _in_full)
    teller |= dict.fromkeys(plan.correlations, _correlation)
    teller |= dict.fromkeys(plan.disparities, _disparity)
    names = tuple(teller)
    if analysis is not None and analysis not in names:
        where = loaded.source.document.name
        raise PlanError("no such analysis", found=analysis, allowed=nearest(analysis, names), where=where)
    if analysis is None:
        briefly = teller | dict.fromkeys(plan.analyses, _analysis)
        told = [tell(loaded, name) for name, tell in briefly.items()]
    else:
        told = [teller[analysis](loaded, analysis)]
    return "\n\n".join("\n".join(block) for block in [_head(loaded), *told]) + "\n"


def _head(loaded: LoadedPlan) -> list[str]:
    plan, stated = loaded.plan, loaded.plan.prespecification
    lines = [*_wrapped(plan.title), f"{plan.id} {plan.version}, digest {loaded.digest[:16]}", ""]
    if plan.summary:
        lines += [*_wrapped(plan.summary), ""]
    registered = stated.registration or "not registered"
    lines += _term("Prespecified", f"{DATA_STATES[stated.data_state]}; {registered}. {stated.statement}")
    for name, source in plan.data.items():
        file = "given at run time" if source.file is None else source.file
        folder = " in the folder PRECEPT_DATA" if source.folder == "PRECEPT_DATA" else ""
        offered = f". {source.source}" if source.source else ""
        lines += _term(f"Table {name}", f"schema {source.schema_id}; {file}{folder}{offered}")
    family = ", ".join(plan.multiplicity.family)
    procedure = "; no adjustment" if plan.multiplicity.procedure == "none" else ""
    level = f"{plan.multiplicity.level * 100:g} % intervals"
    lines += _term("Confidence", f"{level}; family: {family}{procedure}")
    for name, controlled in plan.multiplicity.controlled().items():
        lines += _term("Family", f"{name}: {family_words(controlled, plan.multiplicity.level)}")
    return lines + _term("Disclosure", f"policy {plan.disclosure.policy}")


def _in_full(loaded: LoadedPlan, name: str) -> list[str]:
    return [*_title(loaded, name), *_terms(_facts(loaded, name)), *_deltas(loaded, name)]


def _analysis(loaded: LoadedPlan, name: str) -> list[str]:
    """An analysis without what its parent's says in the same words."""
    parent = loaded.bases.get(name)
    if parent is None:
        return _in_full(loaded, name)
    same = set(_facts(loaded, parent))
    facts = [fact for fact in _facts(loaded, name) if fact[0] in ALWAYS_TOLD or fact not in same]
    return [*_title(loaded, name), *_terms(facts), *_deltas(loaded, name)]


def _title(loaded: LoadedPlan, name: str) -> list[str]:
    label = loaded.plan.analyses[name].label
    title = f"{name}: {label}" if label else name
    return [*_wrapped(title), "-" * min(len(title), WIDTH)]


def _facts(loaded: LoadedPlan, name: str) -> list[Fact]:
    analysis, question = loaded.plan.analyses[name], loaded.plan.question(name)
    return [
        ("Purpose", f"{analysis.purpose}; {REASONS[analysis.reason]}"),
        ("Question", _question(question, strategies_of(analysis.method))),
        ("Population", population_words(question.population)),
        ("Outcome", outcome_words(question.outcome)),
        *subgroup_words(analysis.study, question),
        *_study(analysis.study),
        *_method(analysis, question),
        *(("Fallback", f"if {f.condition.replace('_', ' ')}: `{f.use}`") for f in analysis.on_failure),
    ]


def _correlation(loaded: LoadedPlan, name: str) -> list[str]:
    """A correlation: of what, within what, and every estimator with its settings."""
    declared = loaded.plan.correlations[name]
    question = loaded.plan.question_of(declared.estimand)
    title = f"{name}: {declared.label}" if declared.label else f"{name}: intracluster correlations"
    arms = "; each arm alone as well" if declared.by_arm else ""
    facts = [
        ("Population", population_words(question.population)),
        ("Outcome", outcome_words(question.outcome)),
        *_study(declared.study),
        ("Compared", f"{REMOVED[declared.removed]}{arms}"),
        *(("Estimator", _estimator_words(one)) for one in declared.estimators),
    ]
    return [*_wrapped(title), "-" * min(len(title), WIDTH), *_terms(facts)]


def _disparity(loaded: LoadedPlan, name: str) -> list[str]:
    """A disparity: of what, between which areas, by which indices."""
    declared, question = loaded.plan.disparities[name], loaded.plan.area_question(name)
    title = f"{name}: {declared.label}" if declared.label else f"{name}: disparity between areas"
    asked = [("Population", population_words(question.population))]
    asked += [("Outcome", outcome_words(question.outcome)), *disparity_facts(declared)]
    return [*_wrapped(title), "-" * min(len(title), WIDTH), *_terms(asked)]


def _estimator_words(estimator: IccEstimator) -> str:
    settings = []
    for name, value, meaning in listed({estimator.kind: estimator})[1:]:
        field = name.partition(".")[2]
        chosen = getattr(estimator, field)
        told = chosen.meaning if isinstance(chosen, Choice) else meaning
        settings.append(f"- {field} = {value}: {told}")
    return "\n".join([f"{estimator.kind}: {estimator.meaning}", *settings])


def _question(question: Question, computed: frozenset[str]) -> str:
    events = (
        f"- if {event.event.replace('_', ' ')} ({event.level}): {_strategy(event, computed)}"
        for event in question.estimand.intercurrent_events
    )
    return "\n".join([estimand_sentence(question), *events])


def _strategy(event: IntercurrentEvent, computed: frozenset[str]) -> str:
    declared = event.strategy.replace("_", " ")
    return declared if event.strategy in computed else f"declared {declared}, computed treatment policy"


def family_words(family: Family, level: float) -> str:
    """Who is in a family, by which procedure, at which alpha, and when that holds."""
    procedure, members = family.procedure, ", ".join(family.members)
    label = f"{family.label}: " if family.label else ""
    text = f"{label}{members}; {procedure.title}, alpha {family.alpha(level):g}. {procedure.holds}"
    if not isinstance(procedure, Graphical):
        return text
    weights = ", ".join(f"{name} {weight:g}" for name, weight in procedure.weights.items())
    edges = (
        f"{name} -> {other} {part:g}"
        for name, handed in procedure.transitions.items()
        for other, part in handed.items()
    )
    return f"{text}\n- weights: {weights}\n- handed on: {', '.join(edges) or NONE}"


def estimand_sentence(question: Question) -> str:
    """The estimand as one sentence."""
    estimand = question.estimand
    summary = estimand.summary.replace("_", " ")
    joint = "over" if "ratio" in summary else "minus"
    none = "" if estimand.intercurrent_events else " No intercurrent event is expected."
    objective = estimand.objective.strip()
    stop = "" if objective.endswith(("?", ".")) else "."
    opening = f"{objective}{stop} " if objective else ""
    change = f", as {estimand.change.words()}" if estimand.change is not None else ""
    return (
        f"{opening}The {summary} of '{question.outcome.name}'{change}, "
        f"{estimand.compare} {joint} {estimand.reference}: "
        f"{EFFECTS[estimand.effect]}, {TARGETS[estimand.target]}.{none}"
    )


def population_words(population: Population) -> str:
    """Which rows, and which tables are joined to them."""
    joined = "".join(f", with {join.table} by {join.on}" for join in population.join)
    rows = f"rows of {population.of}{joined}"
    kept = "; ".join(condition.words() for condition in population.where)
    label = f"{population.label}: " if population.label else ""
    return f"{label}{rows} where {kept}" if kept else f"{label}all {rows}"


def outcome_words(outcome: Outcome) -> str:
    """What the outcome's column holds, and which values count as what."""
    direction = "higher is better" if outcome.direction == "higher_better" else "lower is better"
    unit = f" in {outcome.unit}" if outcome.unit else ""
    if outcome.composite is not None:
        return f"{outcome.name}, {_composite_words(outcome.composite)}; {direction}"
    parts = [f"{outcome.name} (column {outcome.column}), {outcome.type}{unit}, {direction}"]
    if outcome.denominator is not None:
        parts.append(f"denominator {outcome.denominator}")
    elif outcome.type == "binary":
        parts.append(f"event {_values(outcome.event)}, no event {_values(outcome.non_event)}")
    parts += [f"missing {_values(outcome.missing)}"] if outcome.missing else []
    parts += (
        [f"not applicable, out of the denominator: {_values(outcome.excluded)}"] if outcome.excluded else []
    )
    return "; ".join(parts)


def _composite_words(composite: AnyComposite) -> str:
    """How a bundle is scored and what becomes of an element that was not recorded."""
    unknown = f"elements not recorded: {composite.missing.replace('_', ' ')}"
    return f"composite ({composite.title}) of {', '.join(composite.elements)}; {unknown}"


def _values(values: Iterable[object]) -> str:
    return " or ".join(quoted(value) for value in values)


def _study(planned: PlannedStudy) -> list[Fact]:
    """What the columns mean, for every kind of study; then when baseline and outcome are."""
    study = trial_of(planned)
    if study is None:
        return series_facts(cast(TimeStudy, planned))
    if isinstance(study, SteppedWedge):
        return [("Study", "; ".join([*_roles(study), *_steps(study)]))]
    return [("Study", "; ".join(_roles(study))), *_windows(study)]


def _roles(study: AnyStudy) -> list[str]:
    parts = [f"clusters are {study.cluster}, arms are {study.arm}"]
    if study.strata:
        parts.append(f"stratified by {', '.join(study.strata)}")
    if isinstance(study, ClusterTrial) and study.pairs is not None:
        parts.append(
            f"matched in pairs by {study.pairs}, clusters without a partner: {study.incomplete_pairs}"
        )
    declared = study.allocation.words if isinstance(study, ClusterTrial | SteppedWedge) else ""
    parts += [f"allocated as one of the {declared}"] if declared else []
    parts.append(
        f"adjusted for {', '.join(map(_covariate, study.adjust))}" if study.adjust else "no covariates"
    )
    if isinstance(study, ClusterTrial) and study.auxiliary:
        parts.append(f"auxiliary to missing outcomes: {', '.join(study.auxiliary)}")
    if study.groups:
        parts.append(f"grouped by {', '.join(study.groups)} as well")
    received = study.received if isinstance(study, ClusterTrial) else None
    parts += [f"received is {received}, whatever was allocated"] if received is not None else []
    parts += [f"weighted by {study.weights}"] if study.weights is not None else []
    parts += [f"offset {study.offset}"] if study.offset is not None else []
    if not isinstance(study, ClusterTrial):
        who = f"people followed by {study.participant}" if study.participant else "new people in each period"
        parts.append(who)
    return parts


def _steps(study: SteppedWedge) -> list[str]:
    parts = [f"periods are {study.period}, each cluster switching once"]
    if study.transition:
        parts.append(f"left out as transition: {study.arm} {_values(study.transition)}")
    return parts


def _windows(study: ClusterTrial | ClusterTrialWithBaseline) -> list[Fact]:
    periods = study.periods
    if periods is not None:
        windows = (
            f"{periods.month} counted from each cluster's {periods.start} (month 0): "
            f"baseline {_window(periods.baseline)}, outcome {_window(periods.follow_up)}"
        )
    elif isinstance(study, ClusterTrialWithBaseline):
        windows = f"{study.period}: baseline {_values(study.baseline)}, outcome {_values(study.follow_up)}"
    else:
        return []
    both = "; one mean of both arms at baseline" if isinstance(study, ClusterTrialWithBaseline) else ""
    return [("Windows", windows + both)]


def _covariate(name: str) -> str:
    return "the cluster's own outcome in the baseline window" if name == BASELINE_OUTCOME else name


def _window(window: Window) -> str:
    return f"months {window.first} to {window.last} ({window.last - window.first + 1} months)"


def _method(analysis: Analysis, question: Question) -> list[Fact]:
    words = words_of(analysis.method, analysis.study, question)
    settings = [
        f"{name} = {value} [{_origin(analysis.method, name)}]: {meaning}"
        for name, value, meaning in words.defaults
    ]
    gap = departures(analysis.method, analysis.study, question)
    facts = [
        ("Method", f"{analysis.method.kind}: {words.estimator}"),
        ("Model", words.equation),
        ("Reference", words.df_rule),
        ("Settings", "\n".join(f"- {setting}" for setting in settings)),
        ("Estimand", f"may differ from the question: {gap}" if gap else "consistent for the question"),
    ]
    facts += _missing(analysis, question)
    return [(term, text) for term, text in facts if text]


def _missing(analysis: Analysis, question: Question) -> list[Fact]:
    """What is assumed of missing outcomes, with the settings of what becomes of them."""
    missing = analysis.missing_outcomes
    settings = [f"- {name} = {value}: {meaning}" for name, value, meaning in listed({missing.kind: missing})]
    return [("Missing", "\n".join([missing.assumption(question.outcome), *settings[1:]]))]


def _origin(method: object, name: str) -> str:
    """Whether a setting such as ``variance.working`` is stated in the plan."""
    value = method
    for field in name.split("."):
        if not isinstance(value, Declared) or field not in value.model_fields_set:
            return "default"
        value = getattr(value, field)
    return "given in the plan"


def _deltas(loaded: LoadedPlan, name: str) -> list[str]:
    parent = loaded.bases.get(name)
    if parent is None:
        return []
    lines = _term("Based on", f"`{parent}`, and differs in:")
    for pointer, theirs, ours in loaded.differences(name):
        lines += _term("", f"- {pointer.removeprefix('/')}: {_brief(theirs)} -> {_brief(ours)}")
    return lines


def _brief(value: object) -> str:
    if value is None or value in ([], {}, ""):
        return NONE
    if isinstance(value, dict):
        said = {name: item for name, item in value.items() if name != "kind" and _brief(item) != NONE}
        inside = ", ".join(f"{name} {_brief(item)}" for name, item in said.items())
        return f"{value['kind']} ({inside})" if "kind" in value and inside else str(value.get("kind", inside))
    if isinstance(value, list):
        return ", ".join(map(_brief, value))
    return str(value)


def _terms(facts: Iterable[Fact]) -> list[str]:
    return [line for term, text in facts for line in _term(term, text)]


def _term(term: str, text: str) -> list[str]:
    """A term at the margin and its text beside it, wrapped; a long term gets a line of its own."""
    margin = " " * TERM_WIDTH
    first = f"{term:<{TERM_WIDTH}}"
    lines = [line for part in text.splitlines() for line in _lines(part, WIDTH - TERM_WIDTH)] or [""]
    if len(term) >= TERM_WIDTH:
        return [term, *(margin + line for line in lines)]
    return [(first + lines[0]).rstrip(), *((margin + line).rstrip() for line in lines[1:])]


def _wrapped(text: str) -> list[str]:
    return [line for part in text.splitlines() for line in _lines(part, WIDTH)] or [""]


def _lines(text: str, width: int) -> Iterator[str]:
    hanging = "  " if text.lstrip().startswith("- ") else ""
    yield from textwrap.wrap(text, width, subsequent_indent=hanging, break_on_hyphens=False)
