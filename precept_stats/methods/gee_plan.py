"""What estimating equations say of a plan before there are data: objections, gaps, and the equation."""

from __future__ import annotations

from precept_stats.methods.layout import Layout, arm_terms
from precept_stats.methods.linear_mixed_plan import followed
from precept_stats.methods.scatter import MEAN_OF
from precept_stats.methods.settings_gee import (
    LINKS_OF,
    GeeCorrelation,
    GeeWeights,
    IndependentWorking,
    ParticipantWeights,
    UsualLink,
)
from precept_stats.methods.settings_random import EffectOverTime, ExposureTimeEffect
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.question import OutcomeType, Question
from precept_stats.studies.stepped_wedge import SteppedWedge

COLLAPSIBLE = {"identity": "_difference", "log": "_ratio"}
"""Links, and the effects that are then the same number within clusters and over all."""


def law_objections(outcome: OutcomeType, family: str, link: str) -> list[str]:
    """A variance function or a link that the outcome does not have."""
    links = LINKS_OF.get((outcome, family))
    if links is None:
        families = ", ".join(name for kind, name in LINKS_OF if kind == outcome)
        return [f"a {outcome} outcome has no {family} variance here (it has: {families})"]
    if link not in links:
        return [
            f"a {outcome} outcome with {family} variance has no {link} link here (it has: {', '.join(links)})"
        ]
    return []


def conditional_objections(question: Question, link: str, over_time: EffectOverTime) -> list[str]:
    """Effects given the cluster that are not the marginal number."""
    summary = question.estimand.summary
    if question.estimand.effect != "conditional":
        return []
    told = summary.replace("_", " ")
    if not summary.endswith(COLLAPSIBLE.get(link, "none")):
        return [
            f"estimating equations give marginal effects: with a {link} link a {told} given the cluster is "
            "another number; use generalised_linear_mixed, or ask for a marginal effect"
        ]
    if link == "log" and isinstance(over_time, ExposureTimeEffect):
        return [
            f"averaged over exposure times, a {told} is that of average means, which is another number than "
            "an average given the cluster: ask for a marginal effect"
        ]
    return []


def correlation_objections(working: GeeCorrelation, weights: GeeWeights, study: AnyStudy) -> list[str]:
    """Working correlations that the study, or the weights, do not go with."""
    found: list[str] = []
    if isinstance(working, IndependentWorking):
        return found
    if not isinstance(weights, ParticipantWeights):
        found.append(
            f"weights by clusters with {_article(working)} working correlation would let a large cluster "
            "count for less than a small one: use independence"
        )
    if working.kernel.by_period and isinstance(study, ClusterTrial):
        found.append(
            f"the working correlation {working.kind} tells periods apart, and a cluster_trial has one: use "
            "exchangeable, or a study with periods"
        )
    if followed(study):
        found.append(
            f"of a closed cohort the working correlation {working.kind} would take two outcomes of one "
            "person for those of two people: use independence, whose standard errors allow for both, or a "
            "mixed model"
        )
    return found


def average_gaps(
    working: GeeCorrelation, weights: GeeWeights, study: AnyStudy, question: Question
) -> list[str]:
    """How the average that is estimated can differ from the declared one."""
    target = question.estimand.target
    found = []
    average = "participant_average" if isinstance(weights, ParticipantWeights) else "cluster_average"
    if not isinstance(working, IndependentWorking):
        found.append(
            f"with {_article(working)} working correlation clusters count between equally and by size, so "
            "that when the outcome or the effect depends on cluster size neither the declared "
            f"{target.replace('_', '-')} effect nor the other is estimated; use independence"
        )
    elif average != target:
        found.append(
            f"weights by {weights.kind} estimate the {average.replace('_', '-')} effect; it "
            f"differs from the declared {target.replace('_', '-')} effect when the effect varies with "
            "cluster size"
        )
    if isinstance(study, SteppedWedge):
        found.append(
            "conditions are compared within periods, so that a period and a cluster count by how evenly "
            "people are divided between the conditions: where the effect differs between periods or "
            "clusters, the estimate is not its plain average over them"
        )
    return found


def law_gaps(family: str, link: str, study: AnyStudy) -> list[str]:
    """Whether standardised means need the model of the mean to be right.

    In a randomised trial they do not with the link that belongs to the variance (Rosenblum and van der Laan
    2010, Int J Biostat 6:13).
    """
    usual = UsualLink().of(family)
    if usual == link or not (study.adjust or study.strata):
        return []
    return [
        f"with covariates or strata, {family} variance and the {link} link the effect is right only where "
        f"the model of the mean is; with the {usual} link it does not depend on that"
    ]


def _article(working: GeeCorrelation) -> str:
    words = working.kind.replace("_", " ")
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def equation(study: AnyStudy, layout: Layout, link: str, over_time: EffectOverTime) -> str:
    """The model of the mean in plain text."""
    block = " + stratum[cluster]" if layout.stratified else ""
    covariates = "".join(f" + slope * {name}" for name in study.adjust)
    mean = MEAN_OF[layout.outcome]
    left = mean if link == "identity" else f"{link}({mean})"
    if isinstance(study, ClusterTrial):
        arms = f"intercept[{arm_terms(study)}]"
    else:
        by_time = "effect[exposure]" if isinstance(over_time, ExposureTimeEffect) else "effect"
        arms = f"intercept + period[t] + {by_time} * treated"
    return f"{left} = {arms}{block}{covariates}"
