"""What a lint rule is: an id that never changes its meaning, a severity, and one small function."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from precept_stats.data.strict_yaml import Location
from precept_stats.plan.document import Analysis, Plan
from precept_stats.plan.findings import Remark, Severity
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.multiplicity import CONFIRMATORY, Family
from precept_stats.studies.question import Question

Check = Callable[[LoadedPlan], Iterable[Remark]]


@dataclass(frozen=True, slots=True)
class Rule:
    """``asks`` is what a plan must do, in one clause for the table in docs/plans.md."""

    id: str
    severity: Severity
    asks: str
    check: Check


def answerable(plan: Plan) -> Iterator[tuple[str, Analysis, Question]]:
    """The analyses whose estimand, population and outcome exist, each with its question.

    The others break PL-0101 to PL-0103 or PL-0115; rules about questions have nothing to say of them.
    """
    for name, analysis in plan.analyses.items():
        if has_question(plan, analysis.estimand):
            yield name, analysis, plan.question(name)


def has_question(plan: Plan, estimand_id: str) -> bool:
    """Whether an estimand exists, with its population and outcome."""
    estimand = plan.estimands.get(estimand_id)
    return (
        estimand is not None and estimand.population in plan.populations and _complete(plan, estimand.outcome)
    )


def _complete(plan: Plan, name: str) -> bool:
    """Whether the plan has an outcome, with every element where it is a composite."""
    outcome = plan.outcomes.get(name)
    composite = outcome.composite if outcome is not None else None
    return outcome is not None and all(
        one in plan.outcomes for one in (composite.elements if composite else ())
    )


def primaries(plan: Plan) -> dict[str, Analysis]:
    """The analyses that call themselves primary."""
    return {name: analysis for name, analysis in plan.analyses.items() if analysis.purpose == "primary"}


def controlled(plan: Plan) -> Iterator[tuple[Location, Family]]:
    """Every family that has a procedure, with the place of the block that declares it."""
    for name, family in plan.multiplicity.controlled().items():
        yield ("multiplicity",) if name == CONFIRMATORY else ("multiplicity", "families", name), family
