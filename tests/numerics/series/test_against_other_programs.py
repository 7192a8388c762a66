"""What is flagged rather than matched, and what statsmodels says of the same likelihoods."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.tsa.arima_process import arma_acovf

from precept_stats.numerics.series.ar1 import PHI_LIMIT, Series, maximum_likelihood
from precept_stats.numerics.series.arima import fit_arima
from precept_stats.numerics.series.arma import Order, autocovariances, coefficients, polynomials

from .models import SERIES, data_folder, drivers, expected, prop99, recorded, seatbelts
from .numbers import ORDERS, of_order


def test_reml_of_prop99_ends_at_a_unit_root_and_says_so() -> None:
    """Not matched: nlme stops on the way. Changes, which a random walk has, agree all the same."""
    fit = maximum_likelihood(prop99(), "reml")
    theirs = recorded()["prop99"]["gls_ar1_reml"]
    assert fit.boundary
    assert fit.phi == pytest.approx(PHI_LIMIT)
    assert theirs["phi"]["Phi"] > PHI_LIMIT
    assert fit.params[1:] == pytest.approx(list(theirs["coef"].values())[1:], rel=1e-6)
    assert np.sqrt(np.diag(fit.covariance))[1:] == pytest.approx(list(theirs["se"].values())[1:], rel=5e-4)
    profile = recorded()["prop99"]["ar1_profile_independent"]["reml"]
    assert profile["at_boundary"]
    assert fit.log_likelihood == pytest.approx(profile["logLik"], abs=1e-8)


@pytest.mark.parametrize("name", [name for name in ORDERS if not name.startswith("quetiapine")])
def test_statsmodels_finds_no_higher_likelihood(name: str) -> None:
    """Its exact likelihood of the differenced series is ours at our optimum, and no higher beside it."""
    series, order = of_order(name), ORDERS[name]
    fit = fit_arima(series, order)
    model = _sarimax(series, order, fit.kept)
    at = np.concatenate([fit.params, fit.arma, [fit.variance]])
    assert model.loglike(at) == pytest.approx(fit.log_likelihood, abs=1e-7)
    widths = np.concatenate([np.sqrt(np.diag(fit.covariance)), np.full(len(fit.arma), 0.01), [0.0]])
    rng = np.random.default_rng(11)
    beside = [model.loglike(at + 0.1 * widths * rng.standard_normal(len(at))) for _ in range(10)]
    assert max(beside) < fit.log_likelihood


def test_statsmodels_agrees_on_quetiapine_where_its_own_starts_end_lower() -> None:
    if data_folder() is None:
        pytest.skip("quetiapine does not ship; PRECEPT_DATA is not set")
    series, order = of_order("quetiapine_210_011"), ORDERS["quetiapine_210_011"]
    fit = fit_arima(series, order)
    model = _sarimax(series, order, fit.kept)
    at = np.concatenate([fit.params, fit.arma, [fit.variance]])
    assert model.loglike(at) == pytest.approx(fit.log_likelihood, abs=1e-7)
    assert model.fit(disp=0).llf < fit.log_likelihood - 2.0
    assert fit.params == pytest.approx([-3284.69, -1396.66], abs=0.005)


def _sarimax(series: Series, order: Order, kept: tuple[int, ...]) -> sm.tsa.SARIMAX:
    seasonal = (order.seasonal_p, order.seasonal_d, order.seasonal_q, order.season if order.season > 1 else 0)
    return sm.tsa.SARIMAX(
        series.y,
        exog=series.X[:, list(kept)],
        order=(order.p, order.d, order.q),
        seasonal_order=seasonal,
        simple_differencing=True,
    )


@pytest.mark.parametrize(
    "order", [Order(2, 0, 1), Order(0, 0, 3), Order(1, 0, 1, 1, 0, 1, 12), Order(0, 0, 0), Order(3, 0, 0)]
)
def test_autocovariances_are_those_of_statsmodels(order: Order) -> None:
    rng = np.random.default_rng(7)
    params = coefficients(rng.normal(0.0, 0.5, order.n_params), order)
    ar, ma = polynomials(params, order)
    assert autocovariances(params, order, 40) == pytest.approx(arma_acovf(ar, ma, 41), rel=1e-9, abs=1e-10)


def test_seatbelts_with_traffic_and_petrol_as_printed() -> None:
    """log(drivers) on log(kms), log(petrol price), law, ARIMA(1,0,0)(1,0,0)12."""
    frame = drivers()
    X = np.column_stack(
        [np.ones(192), np.log(frame["kms"]), np.log(frame["petrol_price"]), frame["law"].astype(float)]
    )
    fit = fit_arima(Series(X, seatbelts().y, np.arange(192)), Order(1, 0, 0, 1, 0, 0, 12))
    assert fit.params[3] == pytest.approx(-0.22205, abs=5e-5)
    assert np.sqrt(fit.covariance[3, 3]) == pytest.approx(0.0378, abs=5e-5)
    assert fit.log_likelihood == pytest.approx(190.08, abs=0.005)


def test_prop99_with_the_ramp_from_0_as_printed() -> None:
    """Of itsa's example: level -20.058, slope -1.49465, Newey-West(1) SE 4.7244 and 0.43682."""
    from precept_stats.numerics.linear import weighted_least_squares
    from precept_stats.numerics.series.newey_west import newey_west

    series = prop99()
    X = series.X.copy()
    X[:, 3] = np.maximum(series.positions - 20, 0)
    fit = weighted_least_squares(X, series.y, np.ones(31))
    covariance = newey_west(fit.bread, X * fit.residuals[:, None], series.positions, 1, small_sample=True)
    assert fit.params[1:] == pytest.approx([-1.77947365, -20.05809663, -1.49465238], abs=5e-9)
    errors = np.sqrt(np.diag(covariance))[1:]
    assert errors == pytest.approx([0.3834188, 4.7243951, 0.4368201], abs=5e-8)
    after = np.array([0.0, 1.0, 0.0, 1.0])
    assert np.sqrt(after @ covariance @ after) == pytest.approx(0.268803939, abs=5e-10)


@pytest.mark.parametrize("name", ["seatbelts", "synthetic"])
def test_durbin_watson_has_the_exact_p_of_lmtest(name: str) -> None:
    """lmtest integrates with 15 points: with 15 to 400 its p of seatbelts goes from 7.614e-8 to 7.617e-8."""
    from precept_stats.numerics.linear import weighted_least_squares
    from precept_stats.numerics.series.residual_tests import durbin_watson

    series, theirs = SERIES[name](), expected()["durbin_watson"][name]
    fit = weighted_least_squares(series.X, series.y, np.ones(len(series.y)))
    found = durbin_watson(series.X, fit.residuals, series.positions)
    assert found.statistic == pytest.approx(theirs["statistic"][0], rel=1e-10)
    assert found.p_value == pytest.approx(theirs["p"][0], rel=5e-4)


def test_statsmodels_gives_the_same_tests_of_residuals() -> None:
    from precept_stats.numerics.series import residual_tests

    series = prop99()
    model = sm.OLS(series.y, series.X).fit()
    ours = residual_tests.breusch_godfrey(series.X, model.resid, series.positions, 3)
    theirs = sm.stats.acorr_breusch_godfrey(model, nlags=3, result_object=False)
    assert (ours.statistic, ours.p_value) == pytest.approx(theirs[:2], rel=1e-9)
    partial = residual_tests.partial_autocorrelations(model.resid, series.positions, 8)
    assert partial == pytest.approx(sm.tsa.pacf(model.resid, 8, method="ldb")[1:], rel=1e-9)
    assert stats.chi2.sf(ours.statistic, 3) == pytest.approx(ours.p_value, rel=1e-10)
