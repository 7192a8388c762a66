"""Estimates from a fit: held to scipy's own t tests and to closed forms."""

import math

import numpy as np
import pytest
from scipy import stats

from precept_stats.errors import FitError
from precept_stats.inference.degrees_of_freedom import FixedDf, WelchDf
from precept_stats.inference.quantities import exponentiated, linear, ratio
from precept_stats.inference.uncertainty import Asymptotic, estimate

RNG = np.random.default_rng(5)
A, B = RNG.normal(2.0, 1.0, 9), RNG.normal(2.6, 2.0, 14)
DIFFERENCE = np.array([-1.0, 1.0])


def two_means(df=None):
    variances = np.array([A.var(ddof=1) / A.size, B.var(ddof=1) / B.size])
    rule = df or WelchDf(variances, np.array([A.size - 1.0, B.size - 1.0]))
    return Asymptotic(("a", "b"), np.array([A.mean(), B.mean()]), np.diag(variances), rule)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_welch_difference_equals_scipy(level):
    answer = estimate(two_means(), linear("mean_difference", "b - a", DIFFERENCE, unit="points"), level)
    peer = stats.ttest_ind(B, A, equal_var=False)
    low, high = peer.confidence_interval(level)
    assert answer.value == pytest.approx(B.mean() - A.mean(), rel=1e-14)
    assert answer.statistic == pytest.approx(peer.statistic, rel=1e-12)
    assert answer.df == pytest.approx(peer.df, rel=1e-12)
    assert answer.p_value == pytest.approx(peer.pvalue, rel=1e-12)
    assert (answer.interval.lower, answer.interval.upper) == pytest.approx((low, high), rel=1e-12)
    assert answer.interval.level == level


def test_ratio_is_the_delta_method_on_the_log_scale():
    fit = two_means(FixedDf(21.0, "given"))
    answer = estimate(fit, ratio("risk_ratio", "b / a", np.array([0.0, 1.0]), np.array([1.0, 0.0])), 0.95)
    variance = fit.covariance[0, 0] / A.mean() ** 2 + fit.covariance[1, 1] / B.mean() ** 2
    half = stats.t(21).ppf(0.975) * math.sqrt(variance)
    assert answer.value == pytest.approx(B.mean() / A.mean(), rel=1e-14)
    assert answer.interval.lower == pytest.approx(B.mean() / A.mean() * math.exp(-half), rel=1e-12)
    assert answer.interval.upper == pytest.approx(B.mean() / A.mean() * math.exp(half), rel=1e-12)
    assert answer.null == 1.0
    assert answer.std_error == pytest.approx(math.sqrt(variance), rel=1e-12)


def test_normal_reference_has_no_df():
    fit = two_means(FixedDf(math.inf, "normal"))
    answer = estimate(fit, exponentiated("rate_ratio", "b / a", DIFFERENCE), 0.95)
    assert answer.df is None
    assert answer.p_value == pytest.approx(2 * stats.norm.sf(abs(answer.statistic)), rel=1e-14)
    assert math.log(answer.interval.upper / answer.value) == pytest.approx(
        1.959963984540054 * answer.std_error
    )


@pytest.mark.parametrize(
    ("params", "covariance", "df"),
    [
        ([0.0, 1.0], [[0.0, 0.0], [0.0, 0.0]], 10.0),
        ([0.0, math.nan], [[1.0, 0.0], [0.0, 1.0]], 10.0),
        ([0.0, 1.0], [[1.0, 0.0], [0.0, math.inf]], 10.0),
        ([0.0, 1.0], [[1.0, 0.0], [0.0, 1.0]], 0.0),
        ([0.0, 1.0], [[1.0, 0.0], [0.0, 1.0]], math.nan),
    ],
)
def test_no_number_without_uncertainty(params, covariance, df):
    fit = Asymptotic(("a", "b"), np.array(params), np.array(covariance), FixedDf(df, "given"))
    with pytest.raises(FitError):
        estimate(fit, linear("mean_difference", "b - a", DIFFERENCE, unit=""), 0.95)
