"""Estimators and intervals against formulae written out in R, lme4, glmmTMB and published numbers."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from precept_stats.numerics.icc import moments
from precept_stats.numerics.icc.anova import (
    anova,
    anova_icc,
    anova_influence,
    anova_over_clusters,
    searle_limits,
    smith_error,
)
from precept_stats.numerics.icc.beta_binomial import beta_binomial
from precept_stats.numerics.icc.clustered import (
    Clustered,
    binary_clusters,
    least_variance_effect,
    size_weighted_effect,
)
from precept_stats.numerics.icc.common_correlation import common_correlation_error
from precept_stats.numerics.icc.mixed import latent_icc, linearised_icc, restricted_icc

REFERENCE: dict[str, Any] = json.loads(Path(__file__).with_name("reference.json").read_text(encoding="utf-8"))
CBPP = REFERENCE["cbpp"]
HERDS = binary_clusters(
    np.array(CBPP["events"], float), np.array(CBPP["size"], float), np.zeros(15, dtype=np.intp)
)
kleinman = partial(moments.kleinman_icc)

ESTIMATORS: dict[str, tuple[Callable[[Clustered], float], float]] = {
    "anova": (anova_icc, 1e-12),
    "anova_over_clusters": (anova_over_clusters, 1e-12),
    "kleinman": (partial(kleinman, by_size=False, smaller=False), 1e-12),
    "kleinman_smaller": (partial(kleinman, by_size=False, smaller=True), 1e-12),
    "kleinman_size": (partial(kleinman, by_size=True, smaller=False), 1e-12),
    "kleinman_size_smaller": (partial(kleinman, by_size=True, smaller=True), 1e-12),
    "stabilised": (moments.stabilised_icc, 1e-12),
    "unbiased_equation": (moments.unbiased_equation_icc, 1e-12),
    "fleiss_cuzick": (moments.kappa_icc, 1e-12),
    "mak": (moments.mak_icc, 1e-12),
    "pairwise": (moments.pairwise_icc, 1e-12),
    "pairwise_clusters": (partial(moments.pairwise_icc, weighting=moments.one_a_cluster), 1e-12),
    "pairwise_members": (partial(moments.pairwise_icc, weighting=moments.one_a_member), 1e-12),
    "reml": (lambda data: restricted_icc(data).icc, 1e-6),
    "beta_binomial": (lambda data: beta_binomial(data).estimate(), 1e-6),
    # glmer stops its inner iterations early, which shows in the fifth digit
    "linearised": (partial(linearised_icc, nodes=1), 2e-5),
    "latent": (partial(latent_icc, nodes=1), 2e-5),
}

# ICCbin 1.1.1 on the same herds, to the digits that it prints
PRINTED = {
    "anova": 0.08380142,
    "anova_over_clusters": 0.07763239,
    "stabilised": 0.09285056,
    "unbiased_equation": 0.07799307,
    "fleiss_cuzick": 0.07676220,
    "mak": 0.09617586,
    "pairwise": 0.05118572,
    "pairwise_clusters": 0.08896388,
    "pairwise_members": 0.07367112,
}
# Kleinman divides by p (1 - p) [sum w (1 - w) - sum w (1 - w) / n]; ICCbin leaves the second sum outside
PRINTED_WITH_A_BRACKET_MISPLACED = {
    "kleinman": 0.11860644,
    "kleinman_size": 0.10053541,
    "kleinman_smaller": 0.10896649,
    "kleinman_size_smaller": 0.09237788,
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_is_that_of_r(name: str) -> None:
    estimator, tolerance = ESTIMATORS[name]
    assert estimator(HERDS) == pytest.approx(CBPP["estimates"][name], rel=tolerance)


@pytest.mark.parametrize("name", PRINTED)
def test_an_estimator_is_that_of_iccbin(name: str) -> None:
    assert ESTIMATORS[name][0](HERDS) == pytest.approx(PRINTED[name], abs=5.1e-9)


@pytest.mark.parametrize("name", PRINTED_WITH_A_BRACKET_MISPLACED)
def test_where_iccbin_differs_a_bracket_is_misplaced(name: str) -> None:
    printed = PRINTED_WITH_A_BRACKET_MISPLACED[name]
    assert CBPP["iccbin"][name] == pytest.approx(printed, abs=5.1e-9)
    assert ESTIMATORS[name][0](HERDS) != pytest.approx(printed, rel=0.05)


def test_the_linearised_estimate_of_iccbin_is_that_of_an_early_stop() -> None:
    assert linearised_icc(HERDS, 1) == pytest.approx(0.06261693, rel=5e-4)


def test_the_beta_binomial_is_that_of_glmmtmb() -> None:
    assert beta_binomial(HERDS).estimate() == pytest.approx(CBPP["glmmTMB"], rel=1e-6)


def test_the_beta_binomial_profile_is_that_of_r() -> None:
    assert beta_binomial(HERDS).limits(0.95) == pytest.approx(CBPP["beta_binomial_limits"], rel=1e-6)


@pytest.mark.parametrize(
    ("name", "estimate", "influence"),
    [
        ("anova", anova_icc, anova_influence),
        ("fleiss_cuzick", moments.kappa_icc, moments.kappa_influence),
        ("pairwise", moments.pairwise_icc, moments.pairwise_influence),
    ],
)
def test_errors_under_the_common_correlation_model(name: str, estimate: Any, influence: Any) -> None:
    error = common_correlation_error(HERDS, estimate(HERDS), influence(HERDS))
    assert error == pytest.approx(CBPP["errors"][name], rel=1e-9)


def test_smiths_error_gives_the_limits_of_iccbin() -> None:
    assert smith_error(HERDS) == pytest.approx(CBPP["errors"]["smith"], rel=1e-12)
    z = NormalDist().inv_cdf(0.975)
    limits = [anova_icc(HERDS) + side * z * smith_error(HERDS) for side in (-1, 1)]
    assert limits == pytest.approx([0.01142, 0.15618], abs=5.1e-6)


def test_upper_limits_of_kappa_and_pearson_are_those_of_iccbin() -> None:
    z = NormalDist().inv_cdf(0.975)
    for upper, estimate, influence in (
        (0.440, moments.kappa_icc, moments.kappa_influence),
        (0.402, moments.pairwise_icc, moments.pairwise_influence),
    ):
        error = common_correlation_error(HERDS, estimate(HERDS), influence(HERDS))
        assert estimate(HERDS) + z * error == pytest.approx(upper, abs=5.1e-4)


def test_the_zou_donner_error_of_iccbin_does_not_fall_with_the_number_of_clusters() -> None:
    """ICCbin's upper limit .774 comes from a formula that keeps a term in N^2: a known difference."""
    error = CBPP["iccbin"]["zou_donner_error"]
    assert anova_icc(HERDS) + NormalDist().inv_cdf(0.975) * error == pytest.approx(0.774, abs=5.1e-4)
    many = HERDS.take(np.tile(np.arange(15), 100))
    one = common_correlation_error(HERDS, anova_icc(HERDS), anova_influence(HERDS))
    hundred = common_correlation_error(many, anova_icc(many), anova_influence(many))
    assert hundred == pytest.approx(one / 10.0, rel=0.15)
    assert hundred < error / 15.0


def test_design_effects_are_those_of_the_formulae() -> None:
    effects = CBPP["effects"]
    assert size_weighted_effect(HERDS.size, 0.05) == pytest.approx(effects["size_weighted"], rel=1e-12)
    assert least_variance_effect(HERDS.size, 0.05) == pytest.approx(effects["least_variance"], rel=1e-12)


def test_orthodont_by_searle() -> None:
    case = REFERENCE["orthodont"]
    y = np.array(case["distance"]) - np.mean(case["distance"])
    subject = np.array(case["subject"]) - 1
    size, total = np.bincount(subject).astype(float), np.bincount(subject, weights=y)
    within = np.bincount(subject, weights=(y - (total / size)[subject]) ** 2)
    data = Clustered(size, total, within, np.zeros(27, dtype=np.intp))
    found = anova(data)
    assert (found.ms_between, found.ms_within) == pytest.approx((case["msb"], case["msw"]), rel=1e-12)
    assert found.icc() == pytest.approx(case["icc"], rel=1e-12)
    assert searle_limits(data, 0.95) == pytest.approx(case["searle"], rel=1e-10)
    assert searle_limits(data, 0.95) == pytest.approx((0.2390102, 0.6378637), abs=5.1e-8)
