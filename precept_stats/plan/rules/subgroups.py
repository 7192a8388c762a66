"""Rules about subgroups: what an interaction may stand for, and what it is shown beside."""

from __future__ import annotations

from collections.abc import Iterator

from precept_stats.plan.findings import Remark
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.rules.rule import Rule, answerable
from precept_stats.studies.subgroup import subgroup_named

ALLOWED = ("secondary", "exploratory")


def _not_the_answer(loaded: LoadedPlan) -> Iterator[Remark]:
    """An interaction is not the effect that an estimand declares, nor does it stand in for it."""
    analyses = loaded.plan.analyses
    for name, analysis in analyses.items():
        named = subgroup_named(analysis.study)
        if named is not None and analysis.purpose not in ALLOWED:
            message = f"the answer is how the effect differs between levels of {named}, not the effect itself"
            yield Remark(("analyses", name, "purpose"), message, analysis.purpose, " or ".join(ALLOWED))
        for number, fallback in enumerate(analysis.on_failure):
            other = analyses.get(fallback.use)
            if other is not None and (subgroup_named(other.study) is None) != (named is None):
                message = "an effect and how it differs by subgroup do not stand in for each other"
                yield Remark(("analyses", name, "on_failure", number, "use"), message, fallback.use)


def _no_outcome(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis, question in answerable(loaded.plan):
        named = subgroup_named(analysis.study)
        if named is not None and named in (*question.outcome_columns, question.outcome.denominator):
            message, allowed = "the subgroup is the outcome itself", "a column known before randomisation"
            yield Remark(("analyses", name, "study", "subgroup"), message, named, allowed)


def _beside_everyone(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, analysis in loaded.plan.analyses.items():
        parent = loaded.bases.get(name)
        whole = parent is not None and subgroup_named(loaded.plan.analyses[parent].study) is None
        if subgroup_named(analysis.study) is not None and not whole:
            message = "the effect in everyone is not shown beside those in the subgroups"
            yield Remark(("analyses", name), message, "", "`based_on` the same analysis without a subgroup")


RULES = (
    Rule("PL-0211", "error", "an analysis by subgroup is secondary or exploratory", _not_the_answer),
    Rule("PL-0212", "error", "no subgroup is the outcome", _no_outcome),
    Rule("PL-0213", "note", "an analysis by subgroup is based on one of everyone", _beside_everyone),
)
