"""The randomisation test by the score of estimating equations: what it may be asked, says, and fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from precept_stats.inference.quantities import Quantity, exponentiated, linear
from precept_stats.methods.arm_model import Columns, unit_of_means
from precept_stats.methods.gee_model import MarginalModel, marginal_model, require_solution
from precept_stats.methods.gee_plan import (
    average_gaps,
    conditional_objections,
    correlation_objections,
    equation,
)
from precept_stats.methods.layout import Layout, conditional_gap, layout_of_plan
from precept_stats.methods.settings import RegressionWeights
from precept_stats.methods.settings_random import ConstantEffect
from precept_stats.methods.settings_score import LAWS, GeeScore, gee_weights
from precept_stats.numerics.allocations import AnyAllocations, Drawn, Every
from precept_stats.numerics.gee.fit import GeeModel, fit_gee
from precept_stats.numerics.score_permutation import ScorePermutationTest, score_permutation_test
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.question import SUMMARIES_OF, Question

GIVEN_COVARIATES = (
    "with strata, pairs or covariates the coefficient is the odds ratio given these, which is farther from 1 "
    "than the marginal one when they predict the outcome; gee gives the marginal one"
)


def score_objections(
    score: GeeScore, weights: RegressionWeights, study: AnyStudy, question: Question
) -> Iterator[str]:
    """Why the score cannot answer this question."""
    layout = layout_of_plan(study, question)
    if layout.summary not in SUMMARIES_OF[layout.outcome]:
        yield f"a {layout.outcome} outcome has no {layout.summary.replace('_', ' ')}"
        return
    if not isinstance(study, ClusterTrial):
        yield "over periods there is no score statistic: use the statistic difference"
        return
    yield from conditional_objections(question, LAWS[layout.summary][0], ConstantEffect())
    yield from correlation_objections(score.correlation, gee_weights(weights.kind), study)
    if score.correlation.bias_corrected:
        yield "the correlation of a score statistic is estimated by moments: use estimator moments"
    if score.studentised and layout.paired:
        yield "with pairs a cluster's score cannot be told from its partner's: leave studentised false"


def score_gaps(score: GeeScore, weights: RegressionWeights, study: AnyStudy, question: Question) -> list[str]:
    """How the coefficient can differ from the declared effect."""
    gaps = average_gaps(score.correlation, gee_weights(weights.kind), study, question)
    blocks = bool(study.strata) or (isinstance(study, ClusterTrial) and study.pairs is not None)
    if question.estimand.summary == "odds_ratio" and (blocks or study.adjust):
        gaps.append(GIVEN_COVARIATES)
    return [*gaps, *conditional_gap(study, question)]


def score_equation(study: AnyStudy, layout: Layout) -> str:
    """The model and the share in plain text."""
    mean = equation(study, layout, LAWS[layout.summary][0], ConstantEffect())
    pairs = " + pair[cluster]" if layout.paired else ""
    within = f", allocations within {layout.blocks}" if layout.blocks else ""
    return (
        f"{mean}{pairs}, fitted with the effect of the arm held at d; score of an allocation = sum of the "
        f"scores of its clusters; p(d) = share of allocations with |score| at least that observed{within}"
    )


def score_estimator(score: GeeScore, weights: RegressionWeights, layout: Layout) -> str:
    """One short phrase."""
    link, family = LAWS[layout.summary]
    name = {"gaussian": "Gaussian", "poisson": "Poisson", "binomial": "binomial"}[family]
    form = "studentised " if score.studentised else ""
    weighting = "cluster-weighted " if weights.kind == "equal" else ""
    shape = {"pair": "paired ", "stratum": "stratified ", "": ""}[layout.blocks]
    text = f"{shape}randomisation test by the {form}score of a {weighting}{name} GEE, {link} link, "
    return text[0].upper() + text[1:] + score.correlation.kind


def score_test(
    design: ClusterTrialDesign,
    score: GeeScore,
    weights: RegressionWeights,
    over: tuple[AnyAllocations, Every | Drawn],
) -> ScorePermutationTest:
    """The test on a design. FitError on separation, aliased terms, or a correlation that cannot be."""
    allocated, how = over
    link, family = LAWS[design.summary]
    model = _model(design, link, weights)
    kernel = fit_gee(model.rows(), GeeModel(model.family(family), score.correlation.kernel))
    require_solution(kernel, model)
    return score_permutation_test(kernel, allocated, how, studentised=score.studentised)


def _model(design: ClusterTrialDesign, link: str, weights: RegressionWeights) -> MarginalModel:
    """The columns with an intercept and the effect of the compared arm in place of one for each arm."""
    model = marginal_model(design, link, gee_weights(weights.kind).of(design.cluster_size))
    names = ("intercept", f"effect[{design.arm_names[1]}]", *model.columns.names[2:])
    turned = model.columns.values @ np.linalg.inv(model.effect_coding())
    return replace(model, columns=Columns(names, turned))


def effect_of(design: AnyDesign) -> Quantity:
    """The effect that a coefficient is: a difference, or a ratio whose logarithm it is."""
    names, one = design.arm_names[::-1], np.ones(1)
    if design.summary.endswith("_ratio"):
        return exponentiated(design.summary, " / ".join(names), one)
    return linear(design.summary, " - ".join(names), one, unit=unit_of_means(design.outcome))
