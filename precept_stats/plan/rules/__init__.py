"""Every lint rule, in the order of its id. Ids are never given again; docs/plans.md lists them."""

from __future__ import annotations

from precept_stats.plan.rules import (
    allocations,
    comparisons,
    correlations,
    disparities,
    missing,
    over_time,
    posteriors,
    purposes,
    questions,
    references,
    subgroups,
    tables,
    wording,
)
from precept_stats.plan.rules.rule import Rule

RULES: tuple[Rule, ...] = (
    *references.RULES,
    *purposes.RULES,
    *questions.RULES,
    *wording.RULES,
    *tables.RULES,
    *correlations.RULES,
    *allocations.RULES,
    *missing.RULES,
    *subgroups.RULES,
    *disparities.RULES,
    *over_time.RULES,
    *comparisons.RULES,
    *posteriors.RULES,
)
