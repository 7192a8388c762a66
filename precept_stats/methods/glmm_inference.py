"""From the estimates of a generalised linear mixed model to their uncertainty, by the rule of the plan."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.bootstrap import bootstrap, bootstrap_facts, bootstrap_warnings
from precept_stats.inference.degrees_of_freedom import DegreesOfFreedom, FixedDf, LeadingDf
from precept_stats.inference.fit import Fact
from precept_stats.inference.glmm_likelihood import GlmmMaximum
from precept_stats.inference.joint import JointTest, joint_test
from precept_stats.inference.likelihood import FixedEffectsProfile, likelihood_ratio_test
from precept_stats.inference.profiled import Profiled
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import Asymptotic, Uncertainty
from precept_stats.methods.glmm_bootstrap import GlmmBootstrap, edge_of
from precept_stats.methods.glmm_estimate import Estimated, by_likelihood, by_pseudo_likelihood
from precept_stats.methods.glmm_model import GlmmModel
from precept_stats.methods.settings_glmm import (
    ClustersMinusClusterParameters,
    GlmmApproximation,
    GlmmDf,
    KenwardRogerRule,
    LikelihoodRatioRule,
    ParametricBootstrapRule,
    PseudoLikelihood,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A model, its estimates and how these were found; ``seed`` where the plan has one."""

    model: GlmmModel
    found: Estimated
    approximation: GlmmApproximation
    seed: Seed | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Inferred:
    """The uncertainty, the joint test of contrasts (k, p) of fixed effects, and what there is to say."""

    uncertainty: Uncertainty
    joint: Callable[[Floats], JointTest | None]
    facts: tuple[Fact, ...] = ()
    warnings: tuple[str, ...] = ()


def by_plan(model: GlmmModel, approximation: GlmmApproximation, df: GlmmDf) -> Estimated:
    """The estimates by the approximation of a plan. FitError when there are none."""
    if isinstance(approximation, PseudoLikelihood):
        return by_pseudo_likelihood(model, adjusted=isinstance(df, KenwardRogerRule))
    return by_likelihood(model, approximation.points)


def inferred_by(df: GlmmDf, fitted: Fitted) -> Inferred:
    """The uncertainty by a rule. FitError where no degrees of freedom are left, or nothing to draw with."""
    model, found = fitted.model, fitted.found
    rule, p = found.df or _reference(df, model), model.X.shape[1]
    point = Asymptotic(
        model.parameter_names,
        found.params,
        found.covariance,
        rule if isinstance(rule, FixedDf) else LeadingDf(rule, p),
    )
    if isinstance(df, LikelihoodRatioRule):
        maximum = _maximum(fitted)
        return Inferred(
            Profiled(point, FixedEffectsProfile(maximum)),
            lambda contrasts: likelihood_ratio_test(maximum, contrasts),
        )
    if isinstance(df, ParametricBootstrapRule):
        return _bootstrapped(df, fitted)
    effects = Asymptotic(model.fixed.names, found.params[:p], found.covariance[:p, :p], rule)
    return Inferred(point, lambda contrasts: joint_test(effects, contrasts))


def _maximum(fitted: Fitted) -> GlmmMaximum:
    model, found, p = fitted.model, fitted.found, fitted.model.X.shape[1]
    if found.psi is None:
        raise FitError(
            "there is no likelihood to compare",
            found=f"estimates by {fitted.approximation.words}",
            allowed="the approximation laplace or quadrature",
        )
    return GlmmMaximum(
        model.rows,
        model.family,
        fitted.approximation.points,
        found.psi,
        found.covariance[:p, :p],
        found.log_likelihood,
    )


def _bootstrapped(df: ParametricBootstrapRule, fitted: Fitted) -> Inferred:
    if fitted.seed is None:
        raise FitError("the parametric bootstrap has nothing to draw with", found="no seed", allowed="a seed")
    simulated = GlmmBootstrap(fitted.model, fitted.found, fitted.approximation)
    made = bootstrap(simulated, fitted.seed, df.replicates)
    return Inferred(
        replace(made.draws, edge=edge_of(fitted.model, fitted.found)),
        lambda contrasts: None,
        bootstrap_facts(made),
        bootstrap_warnings(made, simulated.point),
    )


def _reference(df: GlmmDf, model: GlmmModel) -> DegreesOfFreedom:
    """The same degrees of freedom for every contrast. FitError when none are left."""
    if not isinstance(df, ClustersMinusClusterParameters):
        return FixedDf(math.inf, df.words)
    clusters, spent = model.design.n_clusters, model.fixed.cluster_parameters
    if clusters - spent < 1:
        raise FitError(
            "no degrees of freedom are left",
            found=f"{clusters} clusters and {spent} parameters at cluster level",
            allowed="more clusters than parameters: drop covariates or merge strata",
        )
    return FixedDf(float(clusters - spent), df.words)
