"""Least squares, logistic and Poisson regression against statsmodels; aliasing, separation, clustering."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from precept_stats.errors import FitError
from precept_stats.numerics.clustering import anova_icc, design_effect, size_variation
from precept_stats.numerics.glm import BinomialLogit, PoissonLog, fit_glm
from precept_stats.numerics.linear import aliased_columns, weighted_least_squares
from precept_stats.numerics.sandwich import cr2_covariance, hc_covariance

SEEDS = st.integers(0, 2**32 - 1)


def table(seed: int, n: int = 60, p: int = 4) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, p - 1))])
    return X, rng.normal(size=n), rng.uniform(0.5, 5.0, n)


@settings(max_examples=20)
@given(seed=SEEDS)
def test_weighted_least_squares(seed: int) -> None:
    X, y, w = table(seed)
    ours, theirs = weighted_least_squares(X, y, w), sm.WLS(y, X, weights=w).fit()
    assert ours.params == pytest.approx(theirs.params, rel=1e-9, abs=1e-12)
    assert ours.scale * ours.bread == pytest.approx(theirs.cov_params(), rel=1e-9, abs=1e-14)
    whitened = sm.OLS(np.sqrt(w) * y, np.sqrt(w)[:, None] * X).fit().get_influence()
    assert ours.leverage == pytest.approx(whitened.hat_matrix_diag, rel=1e-9)


@settings(max_examples=20)
@given(seed=SEEDS)
def test_cr2_is_unbiased_under_its_working_model(seed: int) -> None:
    """With residual covariance T the expectation of sum (s_i e_i)^2 is the true variance of the contrast."""
    X, y, w = table(seed, n=15)
    fit = weighted_least_squares(X, y, w)
    for working in (np.ones(15), 1.0 / w, np.linspace(1, 3, 15)):
        cr2 = cr2_covariance(fit, working)
        half = fit.bread @ (X * w[:, None]).T
        truth = np.diag((half * working) @ half.T)
        expectation = np.diag(cr2.residual_covariance) @ cr2.scores**2
        assert expectation == pytest.approx(truth, rel=1e-9)


def test_cr2_with_equal_weights_is_hc2() -> None:
    X, y, _ = table(3, n=20)
    fit = weighted_least_squares(X, y, np.ones(20))
    assert cr2_covariance(fit, np.ones(20)).covariance == pytest.approx(hc_covariance(fit, "hc2"), rel=1e-10)


def test_the_column_to_the_right_is_the_aliased_one() -> None:
    X, _, _ = table(1)
    doubled = np.column_stack([X, X[:, 1] - 3.0 * X[:, 2], np.zeros(len(X)), X[:, 3] * 1e-8 + 1.0])
    assert aliased_columns(doubled) == (4, 5, 6)
    assert aliased_columns(X * np.array([1.0, 1e9, 1e-9, 1.0])) == ()


@settings(max_examples=15)
@given(seed=SEEDS)
def test_logistic_regression_of_grouped_counts(seed: int) -> None:
    X, _, _ = table(seed)
    rng = np.random.default_rng(seed)
    size = rng.integers(1, 20, len(X)).astype(float)
    y = rng.binomial(size.astype(int), 1 / (1 + np.exp(-X @ np.array([0.2, 0.4, -0.3, 0.1])))).astype(float)
    ours = fit_glm(X, y, size, BinomialLogit())
    theirs = sm.GLM(np.column_stack([y, size - y]), X, family=sm.families.Binomial()).fit(
        tol=1e-14, maxiter=100
    )
    assert ours.params == pytest.approx(theirs.params, rel=1e-8, abs=1e-10)
    assert ours.expected == pytest.approx(theirs.fittedvalues * size, rel=1e-9)
    assert ours.deviance == pytest.approx(theirs.deviance, rel=1e-9)
    assert not ours.boundary.any()


@settings(max_examples=15)
@given(seed=SEEDS)
def test_poisson_regression_with_person_time(seed: int) -> None:
    X, _, time = table(seed)
    rng = np.random.default_rng(seed)
    y = rng.poisson(time * np.exp(X @ np.array([0.2, 0.4, -0.3, 0.1]))).astype(float)
    ours = fit_glm(X, y, time, PoissonLog())
    theirs = sm.GLM(y, X, family=sm.families.Poisson(), exposure=time).fit(tol=1e-14, maxiter=100)
    assert ours.params == pytest.approx(theirs.params, rel=1e-8, abs=1e-10)
    assert ours.expected == pytest.approx(theirs.fittedvalues, rel=1e-9)


@pytest.mark.parametrize("family", [BinomialLogit(), PoissonLog()], ids=["binomial", "poisson"])
def test_a_group_without_events_goes_to_its_limit(family) -> None:
    group = np.repeat([0.0, 1.0], 30)
    y = np.where(group == 1, 0.0, np.tile([0.0, 1.0, 1.0], 20))
    fit = fit_glm(np.column_stack([np.ones(60), group]), y, np.ones(60), family)
    assert fit.boundary.tolist() == (group == 1).tolist()
    assert fit.expected == pytest.approx(np.where(group == 1, 0.0, 2 / 3), abs=1e-8)


def test_no_events_at_all_and_perfect_prediction_are_refused() -> None:
    X = np.column_stack([np.ones(20), np.arange(20.0)])
    with pytest.raises(FitError, match="does not vary"):
        fit_glm(X, np.zeros(20), np.ones(20), PoissonLog())
    with pytest.raises(FitError, match="perfectly"):
        fit_glm(X, (np.arange(20) >= 10).astype(float), np.ones(20), BinomialLogit())


def test_anova_correlation_of_a_worked_table() -> None:
    """Two groups of two clusters of two: MSB = ((1-2)^2 + (3-2)^2) * 2 = 4 in each, MSW = 1/2, n0 = 2."""
    sizes, means = np.full(4, 2.0), np.array([1.0, 3.0, 11.0, 13.0])
    found = anova_icc(sizes, means, within_ss=2.0, group=np.array([0, 0, 1, 1]))
    assert found is not None
    assert (found.ms_between, found.ms_within, found.n0) == (4.0, 0.5, 2.0)
    assert found.icc == pytest.approx(3.5 / 4.5, rel=1e-15)


def test_anova_correlation_can_be_negative_or_undefined() -> None:
    sizes = np.full(4, 2.0)
    group = np.array([0, 0, 1, 1])
    assert anova_icc(sizes, np.zeros(4), 8.0, group).icc == pytest.approx(-1.0)
    assert anova_icc(sizes, np.zeros(4), 0.0, group) is None
    assert anova_icc(np.ones(4), np.arange(4.0), 0.0, group) is None
    assert anova_icc(sizes, np.arange(4.0), 1.0, np.arange(4)) is None


def test_design_effect_and_sizes() -> None:
    sizes = np.array([10.0, 30.0])
    assert design_effect(sizes, 0.1) == pytest.approx(1 + (1000 / 40 - 1) * 0.1, rel=1e-15)
    assert design_effect(sizes, -0.1) == 1.0
    assert (size_variation(sizes).mean, size_variation(sizes).cv) == pytest.approx((20.0, np.sqrt(200) / 20))
