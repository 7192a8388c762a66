"""Rules about Bayesian models."""

from __future__ import annotations

from collections.abc import Iterator

from precept_stats.methods.bayes_facts import FEW_CLUSTERS, LARGE_ICC, is_flat
from precept_stats.methods.bayesian_hierarchical import BayesianHierarchical
from precept_stats.methods.settings_bayes import BetaBinomialCells
from precept_stats.methods.settings_prior_kinds import IccPrior, Units
from precept_stats.methods.settings_priors import Priors
from precept_stats.plan.findings import Remark
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.rules.rule import Rule, answerable

ANY_MEAN, ANY_SD = 0.5, 1.0
"""Of an outcome that has not been seen: priors of correlations do not depend on them."""


def _not_flat(loaded: LoadedPlan) -> Iterator[Remark]:
    """Priors in the unit of a continuous outcome are judged with the data, when the model is fitted."""
    for name, analysis, question in answerable(loaded.plan):
        method, outcome = analysis.method, question.outcome.type
        if not isinstance(method, BayesianHierarchical) or _has_no_effects(method):
            continue
        sets: dict[tuple[str, ...], Priors] = {("priors",): method.priors}
        sets |= {("prior_grid", one): priors for one, priors in method.prior_grid.items()}
        for place, priors in sets.items():
            chosen = priors.clusters
            if chosen is None or (outcome == "continuous" and not isinstance(chosen, IccPrior)):
                continue
            if is_flat(priors.cluster_law(Units(outcome, ANY_MEAN, ANY_SD)), outcome, ANY_SD):
                message = (
                    f"a nearly flat prior of the variation between clusters (over a quarter on a correlation "
                    f"above {LARGE_ICC:g}): fewer than {FEW_CLUSTERS} clusters say little against it, and "
                    "intervals are wide for that reason"
                )
                at = ("analyses", name, "method", *place, "clusters")
                yield Remark(at, message, chosen.kind, "an icc that is 0.3 or less in 95 % of the prior")


def _has_no_effects(method: BayesianHierarchical) -> bool:
    """Whether risks of clusters are beta, so that there is no normal effect of clusters."""
    nested = any(term.by == "cluster_period" for term in method.random.of(False))
    return isinstance(method.cells, BetaBinomialCells) and not nested


RULES = (Rule("PL-0244", "warning", "priors of the variation between clusters are not flat", _not_flat),)
