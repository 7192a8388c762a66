"""Beta cluster probabilities against closed forms and against independent integration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from precept_stats.numerics.beta_clusters import (
    TERMS,
    beta_probability,
    hermite_coefficients,
    normal_nodes,
    product_moment,
    score_correlation,
)


def coefficients(mean: float, icc: float) -> np.ndarray:
    return hermite_coefficients(beta_probability(normal_nodes()[0], mean, icc))


@settings(max_examples=40)
@given(mean=st.floats(0.05, 0.95), icc=st.floats(0.001, 0.2))
def test_mean_and_variance_are_those_of_the_beta_binomial(mean: float, icc: float) -> None:
    series = coefficients(mean, icc)
    assert series[0] == pytest.approx(mean, abs=1e-10)
    assert series[1:] @ series[1:] == pytest.approx(icc * mean * (1 - mean), rel=1e-5)


@given(mean=st.floats(0.02, 0.98), icc=st.floats(0.0001, 0.4), score=st.floats(-7.9, 7.9))
def test_quantile_gives_back_its_tail_area(mean: float, icc: float, score: float) -> None:
    margin = stats.beta(mean * (1 - icc) / icc, (1 - mean) * (1 - icc) / icc)
    probability = float(beta_probability(score, mean, icc))
    assert 0 <= probability <= 1
    if 1e-6 < probability < 1 - 1e-6:
        area, wanted = (margin.cdf, stats.norm.cdf) if score < 0 else (margin.sf, stats.norm.sf)
        assert float(area(probability)) == pytest.approx(float(wanted(score)), rel=1e-6)


def test_no_correlation_within_clusters_is_the_mean_itself() -> None:
    assert beta_probability(np.array([-3.0, 0.0, 3.0]), 0.7, 0.0).tolist() == [0.7, 0.7, 0.7]


@pytest.mark.parametrize("latent", [0.0, 0.3, 0.8])
def test_product_moment_is_the_double_sum_over_a_fine_grid(latent: float) -> None:
    left, right = (0.66, 0.05), (0.84, 0.05)

    grid = np.linspace(-9, 9, 301)
    weights = stats.norm.pdf(grid) * (grid[1] - grid[0])
    other = latent * grid[:, None] + np.sqrt(1 - latent**2) * grid[None, :]
    direct = weights @ (beta_probability(grid, *left)[:, None] * beta_probability(other, *right)) @ weights
    moment = product_moment(coefficients(*left), coefficients(*right), latent)
    assert float(moment) == pytest.approx(float(direct), abs=1e-8)


@settings(max_examples=40)
@given(wanted=st.floats(0.01, 0.9), means=st.tuples(st.floats(0.2, 0.9), st.floats(0.2, 0.9)))
def test_score_correlation_gives_the_wanted_correlation(wanted: float, means: tuple[float, float]) -> None:
    left, right = (coefficients(mean, 0.02) for mean in means)
    latent = score_correlation(left, right, wanted)
    variances = [series[1:] @ series[1:] for series in (left, right)]
    covariance = float(product_moment(left, right, latent)) - left[0] * right[0]
    assert covariance / np.sqrt(variances[0] * variances[1]) == pytest.approx(wanted, abs=1e-9)


def test_what_cannot_be_reached_is_approached_from_below() -> None:
    assert score_correlation(coefficients(0.5, 0.2), coefficients(0.9, 0.2), 1.0) == 1.0
    assert score_correlation(coefficients(0.5, 0.2), coefficients(0.9, 0.2), 0.0) == 0.0
    assert score_correlation(np.eye(TERMS)[0], coefficients(0.9, 0.2), 0.5) == 0.0
