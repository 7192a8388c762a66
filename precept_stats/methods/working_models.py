"""What working models predict: the mean of every cluster in either arm, for model-robust standardisation."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.marginal import normal_grid
from precept_stats.methods.arm_model import Columns, arm_columns, block_columns, require_estimable
from precept_stats.methods.gee_model import marginal_model, require_solution
from precept_stats.methods.glmm_estimate import by_likelihood
from precept_stats.methods.glmm_model import GlmmModel, model_of
from precept_stats.methods.linear_mixed_fit import columns_of, require_convergence, rows_of
from precept_stats.methods.mixed_random import random_part
from precept_stats.methods.mixed_terms import fixed_part
from precept_stats.methods.scatter import origin_of
from precept_stats.methods.settings_gee import UsualFamily, UsualLink
from precept_stats.methods.settings_glmm import FAMILIES, CanonicalLink
from precept_stats.methods.settings_model_robust import (
    ClusterMeansModel,
    GeeModelOfIndividuals,
    GeneralisedLinearMixedModel,
    LinearMixedModel,
    WorkingModel,
)
from precept_stats.methods.settings_random import ConstantEffect, RandomTerm
from precept_stats.numerics.gee.fit import GeeModel, fit_gee
from precept_stats.numerics.linear import weighted_least_squares
from precept_stats.numerics.mixed.fit import fit_mixed
from precept_stats.numerics.mixed.model import MixedModel
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate

Floats = NDArray[np.float64]
INTERCEPTS = (RandomTerm(by="cluster"),)


@singledispatch
def predictions(working: WorkingModel, design: ClusterTrialDesign) -> Floats:
    """The predicted mean of each cluster in the reference and in the compared arm (K, 2).

    Raises FitError for aliased terms, separation, or a fit that does not converge.
    """
    raise NotImplementedError(type(working).__name__)


@predictions.register
def _(_working: ClusterMeansModel, design: ClusterTrialDesign) -> Floats:
    arms, others = arm_columns(design), block_columns(design)
    for covariate in design.covariates:
        others = others.beside(Columns(covariate.columns, cluster_means_of(covariate.values, design)))
    others = others.standardised(np.ones(design.n_clusters))
    model = arms.beside(others)
    require_estimable(model)
    fit = weighted_least_squares(model.values, design.cluster_mean, np.ones(design.n_clusters))
    common = others.values @ fit.params[2:]
    return np.column_stack([common + fit.params[0], common + fit.params[1]])


@predictions.register
def _(working: GeeModelOfIndividuals, design: ClusterTrialDesign) -> Floats:
    design = _contextual(design) if working.contextual else design
    variance = UsualFamily().of(design.outcome.type)
    model = marginal_model(design, UsualLink().of(variance), np.ones(design.n_clusters))
    family = model.family(variance)
    kernel = fit_gee(model.rows(), GeeModel(family, working.kernel))
    require_solution(kernel, model)
    common = model.columns.values[:, 2:] @ kernel.params[2:]
    means = [family.link.mean(common + kernel.params[arm]) for arm in (0, 1)]
    return origin_of(design) + cluster_means_of(np.column_stack(means), design)


@predictions.register
def _(working: LinearMixedModel, design: ClusterTrialDesign) -> Floats:
    design = _contextual(design) if working.contextual else design
    fixed = fixed_part(design, ConstantEffect())
    kernel = fit_mixed(
        MixedModel(rows_of(design), columns_of(fixed), random_part(design, INTERCEPTS).terms), "reml"
    )
    require_convergence(kernel)
    effect = fixed.effects[0]
    columns = np.column_stack([np.ones(len(design.y)), *(column.values for column in fixed.columns)])
    return _in_each_arm(columns, effect, kernel.params, design)


def _in_each_arm(columns: Floats, effect: int, params: Floats, design: ClusterTrialDesign) -> Floats:
    """Cluster means of the linear predictor with the effect's column 0 and 1."""
    reference = columns @ params - columns[:, effect] * params[effect]
    both = np.column_stack([reference, reference + params[effect]])
    return cluster_means_of(both, design)


@predictions.register
def _(working: GeneralisedLinearMixedModel, design: ClusterTrialDesign) -> Floats:
    design = _contextual(design) if working.contextual else design
    outcome = design.outcome.type
    link = CanonicalLink().of(outcome)
    model = model_of(design, (link, FAMILIES[outcome, link]), (INTERCEPTS, ConstantEffect()))
    params = by_likelihood(model, working.nodes).params
    p, effect = model.X.shape[1], model.fixed.effects[0]
    reference = model.X @ params[:p] - model.X[:, effect] * params[effect]
    sd = math.sqrt(max(float(params[p]), 0.0))
    means = [_averaged(model, eta, sd) for eta in (reference, reference + params[effect])]
    return cluster_means_of(np.column_stack(means), design)


def _averaged(model: GlmmModel, eta: Floats, sd: float) -> Floats:
    """The mean at each linear predictor (n,), averaged over a normal random intercept."""
    distinct, place = np.unique(eta, return_inverse=True)
    total = np.zeros_like(distinct)
    for point, share in zip(*normal_grid(sd), strict=True):
        total += share * model.family.mean(distinct + sd * point)
    return total[place]


def cluster_means_of(values: Floats, design: ClusterTrialDesign) -> Floats:
    """Columns of rows (n, q) as means of clusters (K, q), a row counting as much as its denominator."""
    sums = [np.bincount(design.row_cluster, design.size * column, design.n_clusters) for column in values.T]
    return np.column_stack(sums) / design.cluster_size[:, None]


def _contextual(design: ClusterTrialDesign) -> ClusterTrialDesign:
    """The design with the clusters' means of individual-level covariates as further covariates."""
    added = tuple(
        Covariate(
            f"mean of {one.name}",
            "cluster",
            tuple(f"mean of {column}" for column in one.columns),
            cluster_means_of(one.values, design)[design.row_cluster],
        )
        for one in design.covariates
        if one.level == "individual"
    )
    return replace(design, covariates=(*design.covariates, *added))
