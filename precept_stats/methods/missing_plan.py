"""Whether an analysis can take account of missing outcomes as it says, from the plan alone."""

from __future__ import annotations

from precept_stats.methods import PlannedMethod
from precept_stats.methods.bayesian_hierarchical import BayesianHierarchical
from precept_stats.methods.contract import unused
from precept_stats.methods.gee import Gee
from precept_stats.methods.gee_missing import POWERS
from precept_stats.methods.randomisation_test import RandomisationTest
from precept_stats.methods.settings_gee import IndependentWorking, SandwichSatterthwaite
from precept_stats.methods.settings_glmm import LikelihoodRatioRule, ParametricBootstrapRule
from precept_stats.methods.settings_missing import (
    CompleteCase,
    DoublyRobust,
    InverseProbability,
    MissingOutcomes,
)
from precept_stats.methods.settings_mixed import LikelihoodRatio, ParametricBootstrap
from precept_stats.methods.wild_cluster_bootstrap import WildClusterBootstrap
from precept_stats.studies import PlannedStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.question import Outcome, Question

WITHOUT_STANDARD_ERROR = (BayesianHierarchical, RandomisationTest, WildClusterBootstrap)
NOT_POOLED = (LikelihoodRatio, LikelihoodRatioRule, ParametricBootstrap, ParametricBootstrapRule)


def missing_objections(
    missing: MissingOutcomes, method: PlannedMethod, study: PlannedStudy, question: Question
) -> tuple[str, ...]:
    """Why missing outcomes cannot be taken account of so; empty when they can. No data needed."""
    if isinstance(missing, CompleteCase):
        return ()
    weighted = isinstance(missing, InverseProbability | DoublyRobust)
    of_method = _of_weighting(method) if weighted else _of_pooling(method)
    return (*_of_outcome(question.outcome), *_of_study(study), *of_method)


def _of_outcome(outcome: Outcome) -> tuple[str, ...]:
    if outcome.type == "count":
        return ("counts with person-time have no model of missing outcomes here; use complete_case",)
    if outcome.denominator is not None:
        return ("rows are groups with a denominator: what is modelled are outcomes of single people",)
    if outcome.counts_opportunities:
        return ("a composite of opportunities has several outcomes a person; use complete_case",)
    return ()


def _of_study(study: PlannedStudy) -> tuple[str, ...]:
    if not isinstance(study, ClusterTrial):
        return (f"models of missing outcomes are for a cluster_trial, not {study.kind}",)
    found = []
    if study.pairs is not None:
        found.append(
            "matched pairs: a model of each arm has one cluster a pair; leave `pairs` out, or use "
            "complete_case"
        )
    ignored = unused(frozenset(), study)
    if ignored:
        found.append(
            f"the model of missing outcomes has no {', '.join(ignored)}, so it would not go with the "
            "analysis; leave them out, or use complete_case"
        )
    return tuple(found)


def _of_pooling(method: PlannedMethod) -> tuple[str, ...]:
    by_standard_error = "fits of imputed data are pooled by their standard errors"
    if isinstance(method, WITHOUT_STANDARD_ERROR):
        return (f"{by_standard_error}, and {method.kind} has none of the kind",)
    chosen = (getattr(method, name) for name in type(method).model_fields)
    return tuple(
        f"{by_standard_error}, and {rule.kind} does not go by one; choose another df"
        for rule in chosen
        if isinstance(rule, NOT_POOLED)
    )


def _of_weighting(method: PlannedMethod) -> tuple[str, ...]:
    if not isinstance(method, Gee):
        return (f"weighting is of estimating equations: use the method gee, not {method.kind}",)
    found = []
    if not isinstance(method.correlation, IndependentWorking):
        found.append("weighting is of equations under the working correlation independence")
    if method.variance.kind not in POWERS:
        kinds = ", ".join(POWERS)
        found.append(f"the {method.variance.words} has no form with a model of who answered; use {kinds}")
    if isinstance(method.df, SandwichSatterthwaite):
        found.append("Satterthwaite's degrees of freedom take no account of a model of who answered")
    return tuple(found)
