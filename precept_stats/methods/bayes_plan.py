"""What a Bayesian hierarchical model says of a plan before there are data."""

from __future__ import annotations

from collections.abc import Iterator

from precept_stats.methods.layout import Layout
from precept_stats.methods.linear_mixed_plan import followed
from precept_stats.methods.settings_bayes import (
    AutoregressivePeriods,
    BayesRandom,
    BetaBinomialCells,
    CellLaws,
    NegativeBinomialCells,
    NormalCells,
    PeriodLaws,
)
from precept_stats.methods.settings_priors import Priors
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.question import OutcomeType


def study_objections(study: AnyStudy, layout: Layout) -> list[str]:
    """Trials that the model has no part for."""
    found = []
    if layout.paired:
        found.append("matched pairs: the model has no effects of pairs; use cluster_summaries")
    if followed(study):
        found.append("a closed cohort: the model has no effects of participants; use linear_mixed")
    return found


def cell_objections(cells: CellLaws, random: BayesRandom, outcome: OutcomeType) -> list[str]:
    """Laws of cells that the outcome does not have."""
    if isinstance(cells, BetaBinomialCells) and outcome != "binary":
        return [f"beta-binomial cells are for binary outcomes, not for a {outcome} one"]
    if isinstance(cells, NegativeBinomialCells):
        if outcome != "count":
            return [f"negative binomial cells are for counts, not for a {outcome} outcome"]
        if any(term.by == "cluster_period" for term in random.of(False)):
            return [
                "negative binomial counts have a dispersion of rows already: use no random effects by "
                "cluster_period"
            ]
    return []


def prior_objections(priors: Priors, outcome: OutcomeType) -> list[str]:
    """Priors on a scale that the outcome does not have."""
    return priors.objections(outcome)


def unused_priors(priors: Priors, random: BayesRandom, cells: CellLaws, periods: PeriodLaws) -> Iterator[str]:
    """Priors that are declared for what the model does not have."""
    declared = {name for name, one in priors.parts().items() if one is not None}
    nested = any(term.by == "cluster_period" for term in random.of(False))
    if "clusters" in declared and isinstance(cells, BetaBinomialCells) and not nested:
        yield (
            "a prior for clusters: with beta-binomial cells and no effects of periods within clusters, these "
            "differ by the correlation within cells; declare its prior, `cells`"
        )
    if "cells" in declared and isinstance(cells, NormalCells) and not nested:
        yield "a prior for cells: the model has neither effects of cells nor a law of cells with a parameter"
    if "periods" in declared and not isinstance(periods, AutoregressivePeriods):
        yield "a prior for periods: it is of autoregressive periods, and periods are separate"


def worthwhile_objections(worthwhile: float | None, summary: str) -> list[str]:
    """A size that is no benefit on the scale of the effect."""
    if worthwhile is None:
        return []
    if summary.endswith("_ratio") and worthwhile <= 1.0:
        return [f"smallest_worthwhile of a ratio is above 1 whichever side is better, not {worthwhile:g}"]
    if summary == "risk_difference" and worthwhile >= 1.0:
        return [
            f"smallest_worthwhile of a risk difference is a proportion, not {worthwhile:g}: five percentage "
            "points are 0.05"
        ]
    return []


def period_objections(periods: PeriodLaws, study: AnyStudy) -> list[str]:
    """Autoregressive periods where there are none."""
    if isinstance(periods, AutoregressivePeriods) and isinstance(study, ClusterTrial):
        return ["autoregressive periods: a cluster trial has no periods; leave periods separate"]
    return []


def period_words(periods: PeriodLaws) -> str:
    """What the equation adds of periods."""
    if not isinstance(periods, AutoregressivePeriods):
        return ""
    return ", period[t] = rho * period[t - 1] + N(0, (1 - rho^2) * sigma2_period)"
