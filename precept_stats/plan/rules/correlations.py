"""Rules about the intracluster correlations of a plan: they can be had, and can be told apart."""

from __future__ import annotations

from collections.abc import Iterator

from precept_stats.methods.intracluster import icc_objections
from precept_stats.plan.findings import Remark, nearest
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.rules.rule import Rule, has_question


def _estimand_exists(loaded: LoadedPlan) -> Iterator[Remark]:
    known = loaded.plan.estimands
    for name, declared in loaded.plan.correlations.items():
        if declared.estimand not in known:
            place = ("correlations", name, "estimand")
            yield Remark(place, "no such estimand", declared.estimand, nearest(declared.estimand, known))


def _own_name(loaded: LoadedPlan) -> Iterator[Remark]:
    for name in loaded.plan.correlations:
        if name in loaded.plan.analyses:
            message = "an analysis has the same id: their rows could not be told apart"
            yield Remark(("correlations", name), message, name, "an id of its own")


def _can_be_had(loaded: LoadedPlan) -> Iterator[Remark]:
    plan = loaded.plan
    for name, declared in plan.correlations.items():
        if has_question(plan, declared.estimand):
            outcome = plan.question_of(declared.estimand).outcome
            for objection in icc_objections(declared, declared.study, outcome):
                yield Remark(("correlations", name), objection)


def _seed_where_needed(loaded: LoadedPlan) -> Iterator[Remark]:
    if loaded.plan.seed is not None:
        return
    for name, declared in loaded.plan.correlations.items():
        if declared.needs_seed:
            drawing = ", ".join(one.kind for one in declared.estimators if one.draws)
            message = f"the interval of {drawing} draws random numbers and the plan has no seed"
            yield Remark(("correlations", name, "estimators"), message, "", "seed: a whole number from 0")


RULES = (
    Rule("PL-0181", "error", "a correlation names an estimand of the plan", _estimand_exists),
    Rule("PL-0182", "error", "a correlation has an id that no analysis has", _own_name),
    Rule("PL-0183", "error", "estimators fit the outcome and the study of a correlation", _can_be_had),
    Rule(
        "PL-0184", "error", "a plan with a bootstrap interval of a correlation has a seed", _seed_where_needed
    ),
)
