"""Correlations from models with random clusters: restricted likelihood, and logistic with normal clusters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from precept_stats.errors import FitError
from precept_stats.numerics.glmm.families import BinomialLogit
from precept_stats.numerics.glmm.fit import GlmmRows, fit_glmm
from precept_stats.numerics.icc.clustered import Clustered, require_pairs
from precept_stats.numerics.mixed.fit import fit_mixed
from precept_stats.numerics.mixed.information import covariance_information
from precept_stats.numerics.mixed.model import Category, Fixed, Grouping, MixedModel, Random, Rows
from precept_stats.numerics.mixed.variances import variances

LOGISTIC_VARIANCE = math.pi**2 / 3.0


@dataclass(frozen=True, slots=True)
class RestrictedIcc:
    """The correlation, and the standard error of its logit; None on the boundary, where it is 0."""

    icc: float
    logit_error: float | None


def restricted_icc(data: Clustered) -> RestrictedIcc:
    """By restricted maximum likelihood, a mean for each group and a random intercept for each cluster.

    The logit's standard error is by the delta method from the expected information.
    """
    require_pairs(data)
    rows = Rows(data.mean, repeats=data.size, within=float(data.within.sum()))
    clusters = Grouping("cluster", np.arange(data.n_clusters), data.n_clusters)
    _, codes = np.unique(data.group, return_inverse=True)
    names = tuple(f"group {number}" for number in range(data.n_groups))
    groups = (Category(names, codes.astype(np.intp)),) if data.n_groups > 1 else ()
    fit = fit_mixed(MixedModel(rows, Fixed(groups), (Random(clusters),)))
    between, within = fit.components[0].value, fit.sigma2
    if fit.boundary:
        return RestrictedIcc(0.0, None)
    spread = variances(fit, covariance_information(fit)).covariance
    slope = np.array([1.0 / between, -1.0 / within])
    return RestrictedIcc(between / (between + within), math.sqrt(float(slope @ spread @ slope)))


def random_intercept(data: Clustered, nodes: int) -> tuple[float, float]:
    """The intercept of one group and the SD of clusters on the logit scale, with so many nodes (1: Laplace).

    FitError unless there is one group, or where the model cannot be fitted.
    """
    sigma, params = _logistic(data, nodes)
    if len(params) > 1:
        raise FitError(
            "this correlation depends on the proportion, which differs between arms or strata",
            allowed="one arm at a time (by_arm), or nothing removed",
        )
    return params[0], sigma


def latent_icc(data: Clustered, nodes: int) -> float:
    """sigma^2 / (sigma^2 + pi^2 / 3), on the scale of log odds."""
    sigma, _ = _logistic(data, nodes)
    return sigma**2 / (sigma**2 + LOGISTIC_VARIANCE)


def linearised_icc(data: Clustered, nodes: int) -> float:
    """sigma^2 p (1 - p) / (1 + sigma^2 p (1 - p)) at the proportion p of a cluster with no effect (lin).

    Source: Goldstein, Browne and Rasbash (2002), Underst Stat 1:223, method A.
    """
    intercept, sigma = random_intercept(data, nodes)
    p = 1.0 / (1.0 + math.exp(-intercept))
    between = sigma**2 * p * (1.0 - p)
    return between / (1.0 + between)


def _logistic(data: Clustered, nodes: int) -> tuple[float, list[float]]:
    require_pairs(data)
    _, codes = np.unique(data.group, return_inverse=True)
    X = (codes[:, None] == np.arange(data.n_groups)).astype(np.float64)
    rows = GlmmRows(X, data.total, data.size, np.arange(data.n_clusters))
    fit = fit_glmm(rows, BinomialLogit(), nodes)
    if fit.status == "failed":
        raise FitError(
            "the logistic model with random clusters could not be fitted",
            found=fit.reason,
            allowed="events and non-events in every arm",
        )
    sigma = 0.0 if fit.status == "boundary" else math.exp(fit.log_sigma)
    return sigma, [float(value) for value in fit.params]
