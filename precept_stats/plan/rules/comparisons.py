"""Rules about models that are compared by how they predict left-out clusters."""

from __future__ import annotations

from collections.abc import Iterator

from precept_stats.methods.bayesian_hierarchical import BayesianHierarchical
from precept_stats.methods.settings_bayes_answers import LeaveOneClusterOut
from precept_stats.plan.document import Analysis, Plan
from precept_stats.plan.findings import Remark, nearest
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.rules.rule import Rule

WANTED = "two analyses with validation: {kind: leave_one_cluster_out}"


def _known(loaded: LoadedPlan) -> Iterator[Remark]:
    names = tuple(loaded.plan.analyses)
    for name, other in _pairs(loaded.plan):
        if other not in names or other == name:
            message = "the analysis to compare with is not another analysis of the plan"
            yield Remark(("analyses", name, "compared_with"), message, other, nearest(other, names))


def _validated(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, other in _pairs(loaded.plan):
        for each in (name, other):
            analysis = loaded.plan.analyses.get(each)
            if analysis is not None and not _leaves_out(analysis):
                message = f"{each} leaves no cluster out, so that nothing can be compared"
                yield Remark(("analyses", name, "compared_with"), message, other, WANTED)


def _same_data(loaded: LoadedPlan) -> Iterator[Remark]:
    for name, other in _pairs(loaded.plan):
        if other in loaded.plan.analyses and _asked(loaded.plan, name) != _asked(loaded.plan, other):
            message = "predictions of different outcomes, populations or clusters cannot be compared"
            allowed = "an analysis of the same outcome, population and clusters"
            yield Remark(("analyses", name, "compared_with"), message, other, allowed)


def _pairs(plan: Plan) -> Iterator[tuple[str, str]]:
    for name, analysis in plan.analyses.items():
        if analysis.compared_with is not None:
            yield name, analysis.compared_with


def _leaves_out(analysis: Analysis) -> bool:
    method = analysis.method
    return isinstance(method, BayesianHierarchical) and isinstance(method.validation, LeaveOneClusterOut)


def _asked(plan: Plan, name: str) -> tuple[object, ...]:
    """What a cluster is, and of whom and of which outcome its total is."""
    analysis = plan.analyses[name]
    estimand = plan.estimands.get(analysis.estimand)
    of_whom = None if estimand is None else (estimand.population, estimand.outcome)
    return analysis.study.kind, getattr(analysis.study, "cluster", ""), of_whom


RULES = (
    Rule("PL-0241", "error", "an analysis is compared with another one of the plan", _known),
    Rule("PL-0242", "error", "models that are compared both leave clusters out", _validated),
    Rule("PL-0243", "error", "models that are compared are of the same data", _same_data),
)
