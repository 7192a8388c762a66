"""Many series in one regression: neighbours and traces say what whole matrices do, for the cost of rows."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from scipy import stats

from precept_stats.methods.six_methods import SixMethods
from precept_stats.numerics.linear import weighted_least_squares
from precept_stats.numerics.series.ar1 import Ar1Fit, Series, log_likelihood, maximum_likelihood
from precept_stats.numerics.series.ar1_information import covariance_information, theta_information
from precept_stats.numerics.series.arima import fit_arima
from precept_stats.numerics.series.arma import Order, autocovariances
from precept_stats.numerics.series.lags import in_a_row
from precept_stats.numerics.series.residual_tests import durbin_watson
from tests.methods.test_multilevel_its import LEVEL, design, units

from .models import gapped, of_synthetic, synthetic


def pooled(series: int = 6, periods: int = 20, missing: int = 9) -> Series:
    """Series with levels of their own and one trend; some of their points are missing."""
    rng = np.random.default_rng(41)
    of, at = np.repeat(np.arange(series), periods), np.tile(np.arange(periods), series)
    X = np.column_stack([np.eye(series)[of], at, (at >= 11).astype(float)])
    y = X @ rng.standard_normal(X.shape[1]) + rng.standard_normal(len(of)).cumsum() % 3
    kept = np.sort(rng.permutation(len(of))[missing:])
    return Series(X[kept], y[kept], in_a_row(at[kept], of[kept]))


def dense(fit: Ar1Fit) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """V^-1 and the derivatives of V in (variance, phi), each n by n."""
    at, phi, variance = fit.series.positions, fit.phi, fit.variance
    apart = np.abs(at[:, None] - at[None, :]).astype(float)
    R = phi**apart
    dR = np.where(apart >= 1, apart * phi ** np.maximum(apart - 1, 0), 0.0)
    ddR = np.where(apart >= 2, apart * (apart - 1) * phi ** np.maximum(apart - 2, 0), 0.0)
    first = np.stack([R, variance * dR])
    second = np.stack([np.stack([np.zeros_like(R), dR]), np.stack([dR, variance * ddR])])
    return np.linalg.inv(variance * R), first, second


@pytest.mark.parametrize("make", [pooled, gapped, lambda: of_synthetic(synthetic())])
def test_kenward_and_rogers_pieces_are_those_of_whole_matrices(make) -> None:
    fit = maximum_likelihood(make(), "reml")
    found, X, phi = covariance_information(fit), fit.series.X, fit.covariance
    K, first, second = dense(fit)
    P = -X.T @ (K @ first @ K) @ X
    Q = (X.T @ K @ first @ K)[:, None] @ (first @ K @ X)[None]
    R = X.T @ K @ second @ K @ X
    turned = K @ first
    expected = np.einsum("rij,sji->rs", turned, turned) - 2 * np.einsum("ij,rsji->rs", phi, Q)
    expected += np.einsum("rij,sji->rs", phi @ P, phi @ P)
    assert found.expected == pytest.approx(expected, rel=1e-8)
    assert found.slopes == pytest.approx(-phi @ P @ phi, rel=1e-8, abs=1e-10)
    inner = phi @ (Q - (P @ phi)[:, None] @ P[None]) @ phi
    assert found.second == pytest.approx(inner, rel=1e-7, abs=1e-9 * np.abs(inner).max())
    assert found.bend == pytest.approx(phi @ R @ phi, rel=1e-7, abs=1e-9 * np.abs(phi @ R @ phi).max())


@pytest.mark.parametrize("make", [pooled, gapped, lambda: of_synthetic(synthetic())])
def test_satterthwaites_pieces_are_those_of_whole_matrices(make) -> None:
    fit = maximum_likelihood(make(), "reml")
    found, X, phi = theta_information(fit), fit.series.X, fit.covariance
    K, first, second = dense(fit)
    unit = np.array([fit.variance, 1.0])
    slopes = unit[:, None, None] * (phi @ (X.T @ (K @ first @ K) @ X) @ phi)
    assert found.slopes == pytest.approx(slopes, rel=1e-8, abs=1e-10)
    P, weighed = K - K @ X @ phi @ X.T @ K, K @ fit.residuals
    pushed, held = first @ weighed, P @ first
    bent = np.einsum("i,rsij,j->rs", weighed, second, weighed)
    traces = np.einsum("rsij,ji->rs", second, P) - np.einsum("rij,sji->rs", held, held)
    hessian = (traces + 2 * pushed @ P @ pushed.T - bent) * np.outer(unit, unit)
    assert found.hessian == pytest.approx(hessian, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("criterion", ["ml", "reml"])
def test_heights_of_the_search_are_those_of_the_likelihood_but_for_a_constant(criterion) -> None:
    series, grid = pooled(), np.array([-0.99, -0.5, 0.0, 0.3, 0.9, 0.9999])
    heights = series.profile.heights(grid, criterion)
    exact = np.array([log_likelihood(series, float(phi), criterion) for phi in grid])
    assert heights - heights[0] == pytest.approx(exact - exact[0], rel=1e-8, abs=1e-7)


def test_arima_errors_of_alike_and_other_series_have_the_likelihood_of_the_whole_matrix() -> None:
    series, order = pooled(), Order(1, 0, 1)
    fit = fit_arima(series, order)
    apart = np.abs(series.positions[:, None] - series.positions[None, :])
    gamma = np.append(autocovariances(fit.arma, order, 30), 0.0)
    V = fit.variance * gamma[np.minimum(apart, 31)]
    K = np.linalg.inv(V)
    params = np.linalg.solve(series.X.T @ K @ series.X, series.X.T @ K @ series.y)
    assert fit.params == pytest.approx(params, rel=1e-7)
    height = stats.multivariate_normal(series.X @ params, V).logpdf(series.y)
    assert fit.log_likelihood == pytest.approx(height, rel=1e-9)
    assert fit.innovations @ fit.innovations / len(series.y) == pytest.approx(fit.variance, rel=1e-9)


def test_durbin_watson_of_long_series_has_the_moments_of_all_eigenvalues() -> None:
    series = pooled(20, 20, 40)
    residuals = weighted_least_squares(series.X, series.y, np.ones(len(series.y))).residuals
    D = np.diff(np.eye(len(residuals)), axis=0)[np.diff(series.positions) == 1]
    Q = np.linalg.qr(series.X, mode="complete")[0][:, series.X.shape[1] :]
    values = np.linalg.eigvalsh(Q.T @ D.T @ D @ Q)
    m, found = len(values), durbin_watson(series.X, residuals, series.positions)
    spread = np.sqrt(2.0 * np.sum((values - values.mean()) ** 2) / (m * (m + 2.0)))
    below = stats.norm.cdf((found.statistic - values.mean()) / spread)
    assert found.p_value == pytest.approx(2 * min(below, 1 - below), rel=1e-9)


def test_six_methods_on_thousands_of_rows_hold_nothing_of_rows_times_rows() -> None:
    of = design(units(80, 50), change=LEVEL)
    method = SixMethods.model_validate(
        {"autocorrelation": {"kind": "first_order", "answer": "reml_satterthwaite"}}
    )
    tracemalloc.start()
    method.fit(of)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    rows, columns = len(of.y), len(of.units) + 3
    assert rows > 3500
    assert most < 20 * 8 * rows * columns < 8 * rows**2
