"""Rules about the disparities of a plan: what they name is there, and what they say can be shown."""

from __future__ import annotations

from collections.abc import Iterator

from precept_stats.errors import PlanError
from precept_stats.plan.findings import Remark, nearest
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.rules.rule import Rule
from precept_stats.studies.region_tables import check_outcome


def _names_exist(loaded: LoadedPlan) -> Iterator[Remark]:
    plan = loaded.plan
    for name, declared in plan.disparities.items():
        if declared.population not in plan.populations:
            place = ("disparities", name, "population")
            allowed = nearest(declared.population, plan.populations)
            yield Remark(place, "no such population", declared.population, allowed)
        if declared.outcome not in plan.outcomes:
            place = ("disparities", name, "outcome")
            yield Remark(place, "no such outcome", declared.outcome, nearest(declared.outcome, plan.outcomes))


def _own_name(loaded: LoadedPlan) -> Iterator[Remark]:
    for name in loaded.plan.disparities:
        if name in loaded.plan.analyses or name in loaded.plan.correlations:
            message = "an analysis or a correlation has the same id: their rows could not be told apart"
            yield Remark(("disparities", name), message, name, "an id of its own")


def _can_be_had(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, declared in loaded.plan.disparities.items():
        outcome = loaded.plan.outcomes.get(declared.outcome)
        if outcome is None:
            continue
        try:
            check_outcome(declared.study, outcome)
        except PlanError as problem:
            place = ("disparities", name, "study")
            yield Remark(place, problem.problem, problem.found, problem.allowed)


def _design_of_areas(loaded: LoadedPlan) -> Iterator[Remark]:
    plan = loaded.plan
    if plan.of_areas and (plan.analyses or plan.estimands or plan.correlations):
        message = "a plan of regional disparity compares no arms"
        yield Remark(("design",), message, plan.design, "disparities only, or the design of a trial")
    if plan.of_areas and not plan.disparities:
        yield Remark(("design",), "a plan of regional disparity names none", "", "a block `disparities`")


def _can_be_gated(loaded: LoadedPlan) -> Iterator[Remark]:
    """Counts can be judged by the gate; estimates cannot, and clusters that have numbers keep them."""
    plan = loaded.plan
    if plan.disclosure.policy == "none":
        return
    clusters = {getattr(analysis.study, "cluster", "") for analysis in plan.analyses.values()}
    for name, declared in plan.disparities.items():
        place = ("disparities", name, "study")
        if declared.study.std_error is not None:
            message = "estimates have no counts that the disclosure policy could judge"
            yield Remark(place, message, plan.disclosure.policy, "policy: none, for data that are published")
        if declared.study.area in clusters:
            message = "the areas are the clusters of an analysis, whose names the disclosure policy hides"
            yield Remark(place, message, declared.study.area, "areas that clusters lie in; or policy: none")


def _seed_where_needed(loaded: LoadedPlan) -> Iterator[Remark]:
    if loaded.plan.seed is not None:
        return
    for name, declared in loaded.plan.disparities.items():
        if declared.draws:
            message = "ranks or intervals are drawn at random and the plan has no seed"
            yield Remark(("disparities", name), message, "", "seed: a whole number from 0")


RULES = (
    Rule("PL-0221", "error", "a disparity names a population and an outcome of the plan", _names_exist),
    Rule("PL-0222", "error", "a disparity has an id that no analysis or correlation has", _own_name),
    Rule("PL-0223", "error", "the outcome of a disparity fits its study", _can_be_had),
    Rule("PL-0224", "error", "a plan of regional disparity has disparities and no arms", _design_of_areas),
    Rule("PL-0225", "error", "the disclosure policy can judge the areas of a disparity", _can_be_gated),
    Rule("PL-0226", "error", "a plan that draws ranks or intervals of areas has a seed", _seed_where_needed),
)
