"""From a plan that compares areas to what made-up tables of areas need."""

from __future__ import annotations

from precept_stats.data.generated_areas import Areas
from precept_stats.evidence.verify.world import coded, named_values
from precept_stats.plan.disparities import PlannedDisparity
from precept_stats.plan.document import Plan
from precept_stats.studies.regions import FACTORS, NamedArea, Scale

FEWEST = 24
"""Areas, where the plan asks for no more."""
FEW, MANY = 3, 24
"""Periods, and periods where areas are watched by charts."""
LIKELY: dict[Scale, float] = {
    "proportion": 0.3,
    "per_cent": 0.3,
    "per_1000": 0.02,
    "per_100000": 0.003,
    "own": 0.3,
}
"""The share of people with the outcome, on the scale that the plan tells it in."""


def areas_of(plan: Plan) -> dict[str, tuple[Areas, ...]]:
    """By table, the comparisons of areas that need it; none for a table that an analysis needs."""
    compared = [plan.estimands[one.estimand].population for one in plan.analyses.values()]
    analysed = {plan.populations[name].of for name in compared}
    analysed |= {join.table for name in compared for join in plan.populations[name].join}
    found: dict[str, tuple[Areas, ...]] = {}
    for one in plan.disparities.values():
        table = plan.populations[one.population].of
        if table not in analysed:
            found[table] = (*found.get(table, ()), _asked(one, plan))
    return found


def _asked(one: PlannedDisparity, plan: Plan) -> Areas:
    study, outcome = one.study, plan.outcomes[one.outcome]
    worst = one.shrinkage.worst if one.shrinkage is not None else 0
    everyone = (population.where for population in plan.populations.values())
    named = study.reference.area if isinstance(study.reference, NamedArea) else None
    return Areas(
        area=study.area,
        outcome=coded(outcome),
        conditions=plan.populations[one.population].where,
        names=() if named is None else (named,),
        count=max(FEWEST, 2 * (worst or 0)),
        period=study.period or "",
        times=named_values(everyone, study.period or ""),
        periods=MANY if one.charts is not None else FEW,
        within=study.within or "",
        rank=study.rank or "",
        people=study.people or "",
        std_error=study.std_error or "",
        likely=LIKELY[study.scale],
        top=FACTORS[study.scale],
        rounded_to=study.rounded_to or 1,
    )
