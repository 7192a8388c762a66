"""Draws: intervals by order statistics, p-values that agree with them, and draws of no value."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from precept_stats.errors import FitError
from precept_stats.inference.draws import PERCENTILE, POSTERIOR, STUDENTISED, Draws
from precept_stats.inference.quantities import Quantity, exponentiated, linear, ratio
from precept_stats.inference.uncertainty import estimate, point_value

FIRST = np.array([1.0, 0.0])


def first(null=0.0):
    return linear("mean_difference", "b - a", FIRST, unit="points", null=null)


def plain(drawn, at=0.4, kind="bootstrap"):
    drawn = np.asarray(drawn, dtype=float)
    return Draws(("a", "b"), np.array([at, 1.0]), np.column_stack([drawn, np.ones_like(drawn)]), kind)


def studentised(replicates=1999, df=8, at=0.4, error=0.3, seed=2):
    """Draws whose t statistics are t on ``df``: value + z * sd with an independent chi-squared error."""
    rng = np.random.default_rng(seed)
    z, scale = rng.standard_normal(replicates), np.sqrt(rng.chisquare(df, replicates) / df)
    covariances = np.zeros((replicates, 2, 2))
    covariances[:, 0, 0] = scale**2
    covariances[:, 1, 1] = np.nan
    drawn = np.column_stack([at + z, rng.exponential(1.0, replicates)])
    covariance = np.diag([error**2, math.nan])
    return Draws(("a", "b"), np.array([at, 1.0]), drawn, "bootstrap", covariance, covariances)


def test_draws_that_follow_t_give_the_t_interval_and_p():
    """Within four Monte Carlo standard errors of the quantile of |t| and of the tail."""
    count, level, df = 99_999, 0.95, 8
    answer = estimate(studentised(count, df), first(), level)
    exact = stats.t(df).ppf(0.975)
    quantile_error = math.sqrt(level * (1 - level) / count) / (2 * stats.t(df).pdf(exact))
    half = (answer.interval.upper - answer.interval.lower) / 2 / 0.3
    assert half == pytest.approx(exact, abs=4 * quantile_error)
    p = 2 * stats.t(df).sf(0.4 / 0.3)
    assert answer.p_value == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / count))
    assert answer.statistic == pytest.approx(0.4 / 0.3)
    assert (answer.std_error, answer.df, answer.interval.method) == (0.3, None, STUDENTISED)
    assert (answer.interval.kind, answer.interval.level) == ("confidence", level)


def test_the_interval_and_p_are_counted_by_hand_from_few_draws():
    fit = studentised(19)
    sizes = sorted(abs(fit.draws[:, 0] - 0.4) / np.sqrt(fit.covariances[:, 0, 0]))
    answer = estimate(fit, first(), 0.9)
    assert answer.interval.upper == pytest.approx(0.4 + 0.3 * sizes[17], rel=1e-14)
    assert answer.interval.lower == pytest.approx(0.4 - 0.3 * sizes[17], rel=1e-14)
    assert answer.p_value == (1 + sum(size >= 0.4 / 0.3 for size in sizes)) / 20


@settings(max_examples=60, deadline=None)
@given(null=st.floats(-3, 3), level=st.sampled_from([0.8, 0.9, 0.95]), seed=st.integers(0, 30))
def test_a_value_is_left_out_just_when_its_p_is_small(null, level, seed):
    for fit in (studentised(199, seed=seed), plain(np.random.default_rng(seed).standard_normal(199) + 0.4)):
        answer = estimate(fit, first(null), level)
        outside = not answer.interval.lower <= null <= answer.interval.upper
        assert outside == (answer.p_value <= 1 - level + 1e-9)


def test_percentiles_are_scipy_s_to_the_next_order_statistic():
    rng = np.random.default_rng(4)
    data = rng.exponential(2.0, 40)
    peer = stats.bootstrap((data,), np.mean, n_resamples=1999, method="percentile", rng=rng)
    answer = estimate(plain(peer.bootstrap_distribution, data.mean()), first(), 0.95)
    ordered = np.sort(peer.bootstrap_distribution)
    assert answer.value == pytest.approx(data.mean(), rel=1e-15)
    assert (answer.interval.lower, answer.interval.upper) == (ordered[49], ordered[-50])
    assert ordered[48] <= peer.confidence_interval.low <= ordered[50]
    assert ordered[-51] <= peer.confidence_interval.high <= ordered[-49]
    assert answer.std_error == pytest.approx(peer.standard_error, rel=1e-12)
    assert answer.interval.method == PERCENTILE


def test_percentiles_do_not_depend_on_the_scale():
    drawn = np.random.default_rng(8).normal(0.3, 0.2, 999)
    log, identity = (
        estimate(plain(drawn), quantity, 0.9) for quantity in (exponentiated("r", "", FIRST), first())
    )
    assert log.interval.lower == pytest.approx(math.exp(identity.interval.lower), rel=1e-14)
    assert log.interval.upper == pytest.approx(math.exp(identity.interval.upper), rel=1e-14)
    assert log.p_value == identity.p_value


def test_a_posterior_gives_its_median_and_a_credible_interval():
    drawn = np.random.default_rng(9).gamma(3.0, 1.0, 3999)
    answer = estimate(plain(drawn, drawn.mean(), "posterior"), first(1.0), 0.95)
    assert answer.value == np.median(drawn)
    assert (answer.interval.kind, answer.interval.method) == ("credible", POSTERIOR)
    assert answer.interval.lower == pytest.approx(stats.gamma(3.0).ppf(0.025), abs=0.08)
    assert answer.p_value is None, "a posterior tests nothing"


def test_draws_on_a_boundary_are_at_the_lower_end_and_leave_no_standard_error():
    """A variance that is zero in a third of replicates: its logarithm is minus infinity there."""
    drawn = np.maximum(np.random.default_rng(3).normal(0.4, 1.0, 999), 0.0)

    def log(b):
        return math.log(b[0]) if b[0] > 0 else -math.inf

    quantity = Quantity("variance", "", "log", "", 0.0, log, lambda b: np.array([1 / b[0], 0.0]))
    answer = estimate(plain(drawn), quantity, 0.95)
    assert answer.interval.lower == 0.0
    assert answer.interval.upper == pytest.approx(np.sort(drawn)[-25], rel=1e-14)
    assert math.isnan(answer.std_error)


def test_a_parameter_without_known_covariance_has_percentiles():
    fit = studentised(999)
    assert estimate(fit, first(), 0.95).interval.method == STUDENTISED
    second = linear("variance", "", np.array([0.0, 1.0]), unit="")
    assert estimate(fit, second, 0.95).interval.method == PERCENTILE


@pytest.mark.parametrize("bad", [3, 60])
def test_draws_without_a_value_count_against_the_interval(bad):
    fit = studentised(999)
    draws = fit.draws.copy()
    draws[:bad, 0] = np.nan
    spoilt = Draws(fit.names, fit.params, draws, fit.kind, fit.covariance, fit.covariances)
    if bad > 50:
        with pytest.raises(FitError, match="no end"):
            estimate(spoilt, first(), 0.95)
        with pytest.raises(FitError, match="no end"):
            estimate(plain(draws[:, 0]), first(), 0.95)
        return
    for whole, holed in ((fit, spoilt), (plain(fit.draws[:, 0]), plain(draws[:, 0]))):
        before, after = estimate(whole, first(), 0.95), estimate(holed, first(), 0.95)
        assert after.interval.lower <= before.interval.lower
        assert after.interval.upper >= before.interval.upper
        assert after.p_value >= before.p_value


def test_a_delta_method_quantity_is_studentised_by_its_own_errors():
    rng = np.random.default_rng(12)
    draws = rng.normal([2.0, 3.0], 0.2, (499, 2))
    covariances = np.repeat(np.diag([0.04, 0.04])[None], 499, axis=0)
    fit = Draws(("a", "b"), np.array([2.0, 3.0]), draws, "bootstrap", covariances[0], covariances)
    quantity = ratio("ratio", "b / a", np.array([0.0, 1.0]), np.array([1.0, 0.0]))
    errors = 0.2 * np.sqrt(1 / draws[:, 0] ** 2 + 1 / draws[:, 1] ** 2)
    sizes = np.sort(abs(np.log(draws[:, 1] / draws[:, 0]) - math.log(1.5)) / errors)
    half = sizes[474] * 0.2 * math.sqrt(1 / 4 + 1 / 9)
    answer = estimate(fit, quantity, 0.95)
    assert answer.interval.upper == pytest.approx(1.5 * math.exp(half), rel=1e-12)
    assert point_value(fit, quantity) == pytest.approx(1.5, rel=1e-14)


@pytest.mark.parametrize(("fit", "count"), [(studentised(18), 18), (plain(np.arange(38.0)), 38)])
def test_too_few_draws_are_refused(fit, count):
    with pytest.raises(FitError, match=f"{count} draws"):
        estimate(fit, first(), 0.95)


def test_just_enough_draws_give_the_extremes():
    drawn = np.random.default_rng(1).standard_normal(39)
    answer = estimate(plain(drawn), first(), 0.95)
    assert (answer.interval.lower, answer.interval.upper) == (drawn.min(), drawn.max())


def test_draws_that_are_all_alike_have_no_interval():
    with pytest.raises(FitError, match="standard error"):
        estimate(plain(np.full(99, 0.4)), first(), 0.95)
