"""What must hold of a series whatever the numbers: gaps, several series, plain formulas, refusals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from precept_stats.errors import FitError
from precept_stats.numerics.linear import weighted_least_squares
from precept_stats.numerics.series import terms
from precept_stats.numerics.series.ar1 import (
    Series,
    autoregressive,
    log_likelihood,
    maximum_likelihood,
    prais_winsten,
    whiten,
)
from precept_stats.numerics.series.arima import fit_arima
from precept_stats.numerics.series.arma import Order, coefficients, free_numbers
from precept_stats.numerics.series.count_simulation import counts_from, events_from
from precept_stats.numerics.series.counts import Totals, _shape_score, fit_negative_binomial
from precept_stats.numerics.series.lags import APART, blocks, in_a_row, pairs
from precept_stats.numerics.series.newey_west import newey_west, rule_of_thumb
from precept_stats.numerics.series.residual_tests import durbin_watson

from .models import gapped, of_synthetic, synthetic


def dense(series: Series, phi: float) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients and (X'R^-1 X)^-1 by the n by n correlation matrix."""
    apart = np.abs(series.positions[:, None] - series.positions[None, :])
    inverse = np.linalg.inv(phi**apart)
    bread = np.linalg.inv(series.X.T @ inverse @ series.X)
    return bread @ series.X.T @ inverse @ series.y, bread


def two() -> Series:
    """The synthetic series and the one with gaps, one after the other, with levels of their own."""
    first, second = of_synthetic(synthetic()), gapped()
    X = np.zeros((len(first.y) + len(second.y), 8))
    X[: len(first.y), :4], X[len(first.y) :, 4:] = first.X, second.X
    series = np.repeat([0, 1], [len(first.y), len(second.y)])
    at = in_a_row(np.concatenate([first.positions, second.positions]), series)
    return Series(X, np.concatenate([first.y, second.y]), at)


@pytest.mark.parametrize("make", [gapped, two])
def test_whitening_is_generalised_least_squares_with_the_whole_matrix(make) -> None:
    series = make()
    if series.positions.max() > APART:  # the whole matrix underflows there as it should
        assert len(blocks(series.positions)) == 2
    phi = 0.43
    fit = weighted_least_squares(
        whiten(series.X, phi, series.gaps), whiten(series.y, phi, series.gaps), np.ones(len(series.y))
    )
    params, bread = dense(series, phi)
    assert fit.params == pytest.approx(params, rel=1e-9)
    assert fit.bread == pytest.approx(bread, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("criterion", ["ml", "reml"])
def test_the_slope_of_the_likelihood_is_its_derivative(criterion) -> None:
    series, width = two(), 1e-6
    for phi in (-0.4, 0.0, 0.6, 0.95):
        up, down = (log_likelihood(series, phi + s * width, criterion) for s in (1.0, -1.0))
        found = series.profile.slope(phi, criterion)
        assert found == pytest.approx((up - down) / (2 * width), rel=1e-5, abs=1e-5)


def test_series_in_a_row_do_not_touch_each_other() -> None:
    """At one phi the coefficients of each are those of that series by itself."""
    both = two()
    fit = prais_winsten(both)
    alone = [dense(one, fit.phi)[0] for one in (of_synthetic(synthetic()), gapped())]
    assert fit.params == pytest.approx(np.concatenate(alone), rel=1e-8)


def test_ml_and_arima_100_are_one_likelihood_with_gaps_too() -> None:
    for series in (gapped(), of_synthetic(synthetic())):
        ours, other = maximum_likelihood(series, "ml"), fit_arima(series, Order(1, 0, 0))
        assert other.arma[0] == pytest.approx(ours.phi, abs=1e-7)
        assert other.params == pytest.approx(ours.params, rel=1e-7)
        assert other.log_likelihood == pytest.approx(ours.log_likelihood, abs=1e-9)


def test_newey_west_with_gaps_takes_left_out_points_as_scores_of_0() -> None:
    series = gapped()
    fit = weighted_least_squares(series.X, series.y, np.ones(len(series.y)))
    scores = series.X * fit.residuals[:, None]
    even = np.zeros((60, 4))
    even[series.positions] = scores
    meat = even.T @ even
    for k in range(1, 4):
        product = even[k:].T @ even[:-k]
        meat += (1 - k / 4) * (product + product.T)
    found = newey_west(fit.bread, scores, series.positions, 3, small_sample=False)
    assert found == pytest.approx(fit.bread @ meat @ fit.bread, rel=1e-12)


def test_pairs_are_those_at_a_distance() -> None:
    at = np.array([0, 1, 3, 4, 7, APART, APART + 1])
    assert [list(map(int, one)) for one in pairs(at, 1)] == [[0, 2, 5], [1, 3, 6]]
    assert [list(map(int, one)) for one in pairs(at, 3)] == [[0, 1, 3], [2, 3, 4]]
    assert (rule_of_thumb(48), rule_of_thumb(100), rule_of_thumb(192)) == (3, 4, 4)


def test_free_numbers_are_the_inverse_of_coefficients() -> None:
    order = Order(2, 0, 2, 1, 0, 1, 4)
    free = np.array([0.3, -0.8, 0.5, 0.2, -1.1, 0.7])
    assert free_numbers(coefficients(free, order), order) == pytest.approx(free, rel=1e-12)


def test_durbin_watson_p_by_simulation() -> None:
    series = gapped()
    fit = weighted_least_squares(series.X, series.y, np.ones(len(series.y)))
    found = durbin_watson(series.X, fit.residuals, series.positions)
    rng = np.random.default_rng(1)
    Q, _ = np.linalg.qr(series.X)
    noise = rng.standard_normal((20_000, len(series.y)))
    left = noise - (noise @ Q) @ Q.T
    earlier, later = pairs(series.positions, 1)
    drawn = np.sum((left[:, later] - left[:, earlier]) ** 2, axis=1) / np.sum(left**2, axis=1)
    below = np.mean(drawn < found.statistic)
    assert 2 * min(below, 1 - below) == pytest.approx(found.p_value, abs=4 * np.sqrt(0.25 / 20_000))


def test_shapes() -> None:
    at = np.arange(8)
    assert list(terms.step(at, 5)) == [0, 0, 0, 0, 0, 1, 1, 1]
    assert list(terms.ramp(at, 5)) == [0, 0, 0, 0, 0, 0, 1, 2]
    assert list(terms.pulse(at, 5, 2)) == [0, 0, 0, 0, 0, 1, 1, 0]
    assert list(terms.decay(at, 5, 1.0)) == [0, 0, 0, 0, 0, 1, 0.5, 0.25]
    assert list(terms.phased_in(at, 5, 2)) == pytest.approx([0, 0, 0, 0, 0, 1 / 3, 2 / 3, 1])


def test_seasons_repeat_and_add_up_to_nothing() -> None:
    at = np.arange(48)
    for columns in (terms.fourier_pairs(at, 12, 6), terms.periodic_spline(at, 12, 5)):
        assert columns[12:24] == pytest.approx(columns[:12], abs=1e-12)
        assert columns[:12].sum(axis=0) == pytest.approx(np.zeros(columns.shape[1]), abs=1e-12)
        assert np.linalg.matrix_rank(np.column_stack([np.ones(48), columns])) == columns.shape[1] + 1
    kept, dummies = terms.season_dummies(at % 12, 0)
    assert kept == tuple(range(1, 12))
    assert dummies.sum() == 44


def test_a_full_set_of_pairs_is_the_month_dummies() -> None:
    at = np.arange(48)
    pairs_of = np.column_stack([np.ones(48), terms.fourier_pairs(at, 12, 6)])
    months = np.column_stack([np.ones(48), terms.season_dummies(at % 12, 0)[1]])
    assert np.linalg.matrix_rank(np.column_stack([pairs_of, months])) == 12


def test_simulated_series_have_their_moments() -> None:
    rng, gaps = np.random.default_rng(3), np.ones(4999, dtype=np.intp)
    errors = autoregressive(rng.standard_normal(5000), 0.6, gaps)
    assert errors.var() == pytest.approx(1.0, abs=0.1)
    assert np.corrcoef(errors[1:], errors[:-1])[0, 1] == pytest.approx(0.6, abs=0.05)
    normal = rng.standard_normal(100_000)
    counts = counts_from(normal, np.full(100_000, 30.0), 2.5)
    assert (counts.mean(), counts.var()) == pytest.approx((30.0, 75.0), rel=0.02)
    events = events_from(normal, np.full(100_000, 0.3), np.full(100_000, 100.0), 2.0)
    assert (events.mean(), events.var()) == pytest.approx((30.0, 42.0), rel=0.02)
    plain = counts_from(normal, np.full(100_000, 30.0), 0.8)
    assert plain.var() == pytest.approx(30.0, rel=0.02)


@pytest.mark.parametrize("shape", [0.3, 5.0, 39.0, 41.0, 3e3, 1e5])
def test_the_score_of_the_shape_keeps_its_digits(shape: float) -> None:
    """Against the plain formula with digamma as the sum of 1 / (s + j), which loses none."""
    rng = np.random.default_rng(2)
    mean = np.linspace(5.0, 60.0, 30)
    events = rng.poisson(mean).astype(float)
    sums = np.array([math.fsum(1.0 / (shape + j) for j in range(int(y))) for y in events])
    parts = [*sums, *(-np.log1p(mean / shape)), *((mean - events) / (mean + shape))]
    size = math.fsum(np.abs((mean - events) ** 2 - events)) / shape**2
    assert _shape_score(events, mean, shape) == pytest.approx(math.fsum(parts), abs=1e-6 * size + 1e-14)


def test_counts_without_dispersion_end_at_poisson() -> None:
    x = np.arange(40.0)
    events = np.round(100 * np.exp(0.01 * x))
    fit = fit_negative_binomial(Totals(np.column_stack([np.ones(40), x]), events, np.ones(40)))
    assert np.isinf(fit.shape)


REFUSED = [
    (lambda s: maximum_likelihood(Series(s.X[:5], s.y[:5], s.positions[:5]), "reml"), "too few points"),
    (lambda s: fit_arima(s, Order(0, 1, 1)), "differenced over points that were left out"),
    (
        lambda s: fit_arima(Series(s.X[:10], s.y[:10], np.arange(10)), Order(0, 0, 0, 0, 1, 0, 12)),
        "too short",
    ),
    (lambda s: fit_arima(Series(s.X[10:19], s.y[10:19], np.arange(9)), Order(3, 0, 3)), "too few points"),
    (lambda s: newey_west(np.eye(4), s.X, s.positions, 53, small_sample=True), "the lag does not fit"),
    (lambda s: prais_winsten(Series(s.X, s.y, 2 * s.positions)), "cannot be estimated"),
]


@pytest.mark.parametrize(("call", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_refusals_say_what_was_found(call, words: str) -> None:
    with pytest.raises(FitError, match=words) as caught:
        call(gapped())
    assert caught.value.found
    assert caught.value.allowed


def test_an_explosive_series_is_refused_by_prais_winsten() -> None:
    at = np.arange(20)
    series = Series(np.ones((20, 1)), 1.6 ** at.astype(float), at)
    with pytest.raises(FitError, match="left the stationary range"):
        prais_winsten(series)


def test_the_normal_reference_of_long_series_is_near_the_exact_one() -> None:
    rng = np.random.default_rng(5)
    X = np.column_stack([np.ones(260), np.arange(260)])
    y = rng.standard_normal(260)
    for n in (200, 260):
        fit = weighted_least_squares(X[:n], y[:n], np.ones(n))
        found = durbin_watson(X[:n], fit.residuals, np.arange(n))
        plain = 2 * stats.norm.sf(abs(found.statistic - 2.0) * np.sqrt(n) / 2.0)
        assert found.p_value == pytest.approx(plain, abs=0.06)
