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


def _published(loaded: LoadedPlan) -> Iterator[Remark]:
    if loaded.plan.disparities and loaded.plan.disclosure.policy != "none":
        message = "the disclosure policy has no rules yet for estimates of areas and indices made of them"
        allowed = "none, for data that are published; others not at all"
        yield Remark(("disclosure", "policy"), message, loaded.plan.disclosure.policy, allowed)


RULES = (
    Rule("PL-0221", "error", "a disparity names a population and an outcome of the plan", _names_exist),
    Rule("PL-0222", "error", "a disparity has an id that no analysis or correlation has", _own_name),
    Rule("PL-0223", "error", "the outcome of a disparity fits its study", _can_be_had),
    Rule("PL-0224", "error", "a plan of regional disparity has disparities and no arms", _design_of_areas),
    Rule("PL-0225", "error", "disparities are of data that are published", _published),
)
