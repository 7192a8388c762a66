"""Profile likelihood: held to its closed form in a balanced trial, K log(1 + t^2 / (K - 2))."""

import math

import numpy as np
import pytest
from scipy import special, stats

from precept_stats.errors import FitError
from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.likelihood import FixedEffectsProfile, LinearMaximum
from precept_stats.inference.profiled import PROFILE, WALD, Profiled
from precept_stats.inference.quantities import exponentiated, linear, ratio
from precept_stats.inference.uncertainty import Asymptotic, estimate, point_value
from precept_stats.numerics.mixed.fit import fit_mixed

from .balanced import balanced

TRIAL = balanced(14, 8, 0.8)
EFFECT = np.array([0.0, 1.0])


def profiled(trial=TRIAL, extra=0):
    fit = fit_mixed(trial.model, "ml")
    params = np.concatenate([fit.params, np.ones(extra)])
    covariance = np.eye(len(params))
    covariance[:2, :2] = fit.covariance
    names = (*fit.names, *("variance",) * extra)
    return Profiled(
        Asymptotic(names, params, covariance, FixedDf(math.inf, "normal")),
        FixedEffectsProfile(LinearMaximum(fit)),
    )


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_limits_and_p_are_those_of_the_closed_form(level):
    answer = estimate(profiled(), linear("mean_difference", "b - a", EFFECT, unit=""), level)
    K, t = TRIAL.clusters, TRIAL.effect / TRIAL.exact_error
    reach = math.sqrt((K - 2) * math.expm1(stats.chi2(1).ppf(level) / K)) * TRIAL.exact_error
    assert answer.value == pytest.approx(TRIAL.effect, rel=1e-10)
    assert answer.interval.lower == pytest.approx(TRIAL.effect - reach, rel=1e-7)
    assert answer.interval.upper == pytest.approx(TRIAL.effect + reach, rel=1e-7)
    assert answer.statistic == pytest.approx(
        math.copysign(math.sqrt(K * math.log1p(t * t / (K - 2))), t), rel=1e-7
    )
    assert answer.p_value == pytest.approx(2 * special.ndtr(-abs(answer.statistic)), rel=1e-10)
    assert (answer.df, answer.interval.method, answer.interval.level) == (None, PROFILE, level)


def test_the_null_need_not_be_zero():
    at = linear("mean_difference", "b - a", EFFECT, unit="", null=0.9)
    answer = estimate(profiled(), at, 0.95)
    K, t = TRIAL.clusters, (TRIAL.effect - 0.9) / TRIAL.exact_error
    assert answer.statistic == pytest.approx(
        math.copysign(math.sqrt(K * math.log1p(t * t / (K - 2))), t), rel=1e-7
    )


def test_a_ratio_on_the_log_scale_is_profiled_on_that_scale():
    plain = estimate(profiled(), linear("mean_difference", "b - a", EFFECT, unit=""), 0.95)
    answer = estimate(profiled(), exponentiated("mean_ratio", "b / a", EFFECT), 0.95)
    assert answer.interval.lower == pytest.approx(math.exp(plain.interval.lower), rel=1e-9)
    assert answer.p_value == plain.p_value


def test_an_arm_mean_is_profiled_too():
    answer = estimate(profiled(), linear("mean", "b", np.array([1.0, 1.0]), unit=""), 0.95)
    assert answer.interval.method == PROFILE
    assert answer.value == pytest.approx(TRIAL.means[TRIAL.arm == 1].mean(), rel=1e-10)
    assert answer.interval.lower < answer.value < answer.interval.upper


def test_what_is_not_linear_has_a_wald_interval_and_says_so():
    of_means = ratio("mean_ratio", "b / a", np.array([1.0, 1.0]), np.array([1.0, 0.0]))
    fit = profiled()
    answer, wald = estimate(fit, of_means, 0.95), estimate(fit.point, of_means, 0.95)
    assert answer.interval.method == WALD
    assert (answer.interval.lower, answer.p_value) == (wald.interval.lower, wald.p_value)
    assert point_value(fit, of_means) == answer.value


def test_variances_among_the_parameters_have_no_part_in_the_profile():
    with_variance = linear("mean_difference", "b - a", np.array([0.0, 1.0, 0.0]), unit="")
    plain = linear("mean_difference", "b - a", EFFECT, unit="")
    assert (
        estimate(profiled(extra=1), with_variance, 0.95).interval
        == estimate(profiled(), plain, 0.95).interval
    )
    with pytest.raises(FitError, match="no profile"):
        estimate(profiled(extra=1), linear("sum", "", np.array([0.0, 1.0, 1.0]), unit=""), 0.95)


def test_no_profile_without_a_standard_error():
    fit = profiled()
    flat = Asymptotic(fit.point.names, fit.params, np.zeros((2, 2)), fit.point.df)
    with pytest.raises(FitError, match="standard error"):
        estimate(Profiled(flat, fit.profile), linear("mean_difference", "b - a", EFFECT, unit=""), 0.95)
