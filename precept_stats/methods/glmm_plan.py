"""What a generalised mixed model says of a plan before there are data: objections, and its equation."""

from __future__ import annotations

from precept_stats.methods.layout import Layout, arm_terms
from precept_stats.methods.linear_mixed_plan import followed, random_words
from precept_stats.methods.scatter import MEAN_OF
from precept_stats.methods.settings_glmm import (
    FAMILIES,
    AdaptiveQuadrature,
    GlmmApproximation,
    GlmmCounts,
    NegativeBinomialCounts,
    PseudoLikelihood,
)
from precept_stats.methods.settings_random import EffectOverTime, ExposureTimeEffect, RandomEffects
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.question import OutcomeType, Question

MOST_POINTS = 2500
"""Quadrature points a cluster beyond which Laplace's approximation is the choice."""

GIVEN_THE_CLUSTER = ("odds_ratio", "rate_ratio")
"""Effects that are one number given the cluster and the covariates."""


def link_objections(link: str, outcome: OutcomeType) -> list[str]:
    """A link that is no model of the outcome with a normal random effect."""
    if (outcome, link) in FAMILIES:
        return []
    links = ", ".join(name for kind, name in FAMILIES if kind == outcome)
    return [
        f"a {link} link with a normal random effect is no model of a {outcome} outcome "
        f"(it has: {links}); marginal ratios and differences need no link of their own"
    ]


def conditional_objections(question: Question, link: str) -> list[str]:
    """Effects given the cluster that are not one number."""
    summary = question.estimand.summary
    if question.estimand.effect != "conditional":
        return []
    if summary not in GIVEN_THE_CLUSTER:
        told = summary.replace("_", " ")
        return [f"a {told} given the cluster is not one number: ask for a marginal effect"]
    if summary == "odds_ratio" and link != "logit":
        return ["an odds ratio given the cluster is a parameter of the logit link only"]
    return []


def ratio_objections(
    question: Question, approximation: GlmmApproximation, of: tuple[RandomEffects, EffectOverTime]
) -> list[str]:
    """Why there is no likelihood ratio of the effect; ``of`` are the random effects and that over time."""
    found = []
    if isinstance(approximation, PseudoLikelihood):
        found.append(
            "likelihood ratios need a likelihood, and restricted pseudo-likelihood has none: each working "
            "response has another; use the approximation laplace or quadrature, or another df"
        )
    estimand, (random, over_time) = question.estimand, of
    differs = isinstance(over_time, ExposureTimeEffect) or any("arm" in t.slopes for t in random.of(False))
    if estimand.effect == "marginal" and (estimand.summary != "rate_ratio" or differs):
        found.append(
            "a likelihood is followed along the effect given the clusters, not along a marginal effect, "
            "whose p-value and interval could then contradict each other: ask for a conditional odds or "
            "rate ratio, or use df parametric_bootstrap"
        )
    return found


def count_objections(counts: GlmmCounts, outcome: OutcomeType, approximation: GlmmApproximation) -> list[str]:
    """A dispersion where there are no counts, or no likelihood to estimate it by."""
    if not isinstance(counts, NegativeBinomialCounts):
        return []
    found = []
    if outcome != "count":
        found.append(f"counts {{kind: negative_binomial}} is for counts, not for a {outcome} outcome")
    if isinstance(approximation, PseudoLikelihood):
        found.append(
            "the dispersion of negative binomial counts has no restricted pseudo-likelihood: use the "
            "approximation laplace or quadrature"
        )
    return found


def integral_objections(
    random: RandomEffects, approximation: GlmmApproximation, study: AnyStudy
) -> list[str]:
    """Random effects that quadrature is not made for, and a decaying correlation."""
    if random.decays:
        return [
            "cluster-period effects whose correlation decays are not offered with a link: their likelihood "
            "is an integral over all periods of a cluster at once; use nested_exchangeable, or linear_mixed"
        ]
    if not isinstance(approximation, AdaptiveQuadrature):
        return []
    terms = random.of(followed(study))
    groupings = list(dict.fromkeys(term.by for term in terms))
    if len(groupings) > 1:
        return [
            f"quadrature is for random effects of one grouping, and here are {', '.join(groupings)}: "
            "write approximation {kind: laplace}"
        ]
    directions = sum(len(term.effects) for term in terms)
    if approximation.nodes**directions > MOST_POINTS:
        return [
            f"{approximation.nodes} nodes in each of {directions} directions are "
            f"{approximation.nodes**directions} points a cluster (at most {MOST_POINTS}): fewer nodes, or "
            "approximation {kind: laplace}"
        ]
    return []


def equation(study: AnyStudy, layout: Layout, random: RandomEffects, of: tuple[str, EffectOverTime]) -> str:
    """The model in plain text; ``of`` is the link, and the effect over time."""
    link, over_time = of
    left = f"{link}({MEAN_OF[layout.outcome]})"
    block = " + stratum[cluster]" if layout.stratified else ""
    covariates = "".join(f" + slope * {name}" for name in study.adjust)
    offset = f" + {study.offset}" if study.offset else ""
    if isinstance(study, ClusterTrial):
        mean = f"intercept[{arm_terms(study)}]"
    else:
        by_time = "effect[exposure]" if isinstance(over_time, ExposureTimeEffect) else "effect"
        mean = f"intercept + period[t] + {by_time} * treated"
    effects, laws = random_words(random, followed(study))
    if random.kind == "exchangeable" and isinstance(study, ClusterTrial):
        laws = laws.replace("sigma2_u", "sigma2")
    return f"{left} = {mean}{block}{covariates}{offset}{effects}, {laws}"
