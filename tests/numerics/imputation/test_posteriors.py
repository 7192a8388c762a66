"""Draws of missing outcomes: held to direct integration, and to what many draws must show."""

import numpy as np
import pytest
from scipy import integrate, special, stats

from precept_stats.numerics.imputation.linear import LinearPosterior, linear_posterior
from precept_stats.numerics.imputation.logistic import (
    LARGEST,
    LogisticPosterior,
    Separated,
    _effects,
    integrated,
    logistic_posterior,
    maximum,
)
from precept_stats.numerics.imputation.rows import (
    Answered,
    DrawnEvents,
    DrawnValues,
    Unanswered,
    sums,
    usable_columns,
)


def trial(clusters: int, size: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
    random = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), size)
    X = np.column_stack([np.ones(len(cluster)), random.standard_normal(len(cluster))])
    return X, cluster, random


def linear_rows(clusters: int = 8, size: int = 6, seed: int = 3, empty: int = 0) -> Answered:
    X, cluster, random = trial(clusters, size, seed)
    effects = 0.7 * random.standard_normal(clusters)
    y = 100.0 + X[:, 1] + effects[cluster] + random.standard_normal(len(cluster))
    return Answered(X, y, cluster, clusters + empty)


def event_rows(clusters: int = 8, size: int = 12, seed: int = 4) -> Answered:
    X, cluster, random = trial(clusters, size, seed)
    effects = 0.8 * random.standard_normal(clusters)
    chance = special.expit(-0.4 + 0.6 * X[:, 1] + effects[cluster])
    return Answered(X, (random.random(len(cluster)) < chance).astype(float), cluster, clusters)


def direct_density(rows: Answered, angle: float) -> float:
    """The log marginal posterior of the angle by matrices of the whole data, but for a constant."""
    n, p = rows.X.shape
    Z = np.eye(rows.clusters)[rows.cluster]
    V = np.eye(n) + np.tan(angle) ** 2 * Z @ Z.T
    inverse = np.linalg.inv(V)
    A = rows.X.T @ inverse @ rows.X
    y = rows.y - 100.0
    beta = np.linalg.solve(A, rows.X.T @ inverse @ y)
    rss = float((y - rows.X @ beta) @ inverse @ (y - rows.X @ beta))
    logs = np.linalg.slogdet(V)[1] + np.linalg.slogdet(A)[1] + (n - p) * np.log(rss)
    return float(-0.5 * logs - 2 * np.log(np.cos(angle)))


def test_the_posterior_of_the_variance_ratio_is_the_one_that_is_integrated_directly() -> None:
    rows = linear_rows()
    found = linear_posterior(rows).cumulative
    angles = (np.arange(len(found)) + 0.5) * np.pi / 2 / len(found)
    density = np.array([direct_density(rows, angle) for angle in angles[::10]])
    share = np.exp(density - density.max())
    np.testing.assert_allclose(found[::10], np.cumsum(share) / share.sum(), atol=0.02)


def draws(posterior: LinearPosterior, asked: Unanswered, count: int = 4000) -> np.ndarray:
    generator = np.random.default_rng(8)
    return np.array(
        [posterior.draw(generator, asked).values(np.zeros(len(asked.cluster))) for _ in range(count)]
    )


def test_without_clusters_of_their_own_outcomes_follow_the_t_distribution_of_least_squares() -> None:
    """With one row a cluster the two variances cannot be told apart, and their sum is a regression's."""
    X, _, random = trial(40, 1, 9)
    y = 3.0 + 2.0 * X[:, 1] + random.standard_normal(40)
    rows = Answered(X, y, np.arange(40), 41)
    point = np.array([1.0, 0.5])
    values = draws(linear_posterior(rows), Unanswered(point[None, :], np.array([40])))[:, 0]
    inverse = np.linalg.inv(X.T @ X)
    beta = inverse @ X.T @ y
    residual = y - X @ beta
    spread = np.sqrt(residual @ residual / 38 * (1.0 + point @ inverse @ point))
    assert stats.kstest((values - point @ beta) / spread, stats.t(38).cdf).pvalue > 0.001


def test_clusters_are_shrunk_as_their_best_predictions_are() -> None:
    rows = linear_rows(30, 10, 5)
    asked = Unanswered(np.array([[1.0, 0.0]] * 30), np.arange(30))
    means = draws(linear_posterior(rows), asked).mean(axis=0)
    raw = np.bincount(rows.cluster, rows.y - rows.X[:, 1]) / 10
    slope = np.polyfit(raw - raw.mean(), means - means.mean(), 1)[0]
    tau2 = max(raw.var(ddof=1) - 0.1, 0.0)
    assert slope == pytest.approx(tau2 / (tau2 + 0.1), abs=0.08)


def test_the_unit_of_the_outcome_changes_nothing() -> None:
    rows = linear_rows()
    other = Answered(rows.X, 1e6 * rows.y, rows.cluster, rows.clusters)
    asked = Unanswered(rows.X[:2], rows.cluster[:2])
    one = linear_posterior(rows).draw(np.random.default_rng(1), asked).values(np.zeros(2))
    two = linear_posterior(other).draw(np.random.default_rng(1), asked).values(np.zeros(2))
    np.testing.assert_allclose(two, 1e6 * one, rtol=1e-9)


def likelihood_directly(rows: Answered, params: np.ndarray, tau: float) -> float:
    total = 0.0
    for k in range(rows.clusters):
        eta, y = rows.X[rows.cluster == k] @ params, rows.y[rows.cluster == k]

        def height(v: float, eta: np.ndarray = eta, y: np.ndarray = y) -> float:
            at = eta + tau * v
            return float(np.exp(special.log_expit(np.where(y == 1, at, -at)).sum()) * stats.norm.pdf(v))

        total += np.log(integrate.quad(height, -9, 9, epsabs=0, epsrel=1e-10)[0])
    return total


@pytest.mark.parametrize("tau", [0.0, 0.3, 1.5, 4.0])
def test_the_integrated_likelihood_is_that_of_direct_integration(tau: float) -> None:
    rows, params = event_rows(), np.array([-0.3, 0.5])
    assert integrated(rows, params, tau)[0] == pytest.approx(likelihood_directly(rows, params, tau), abs=5e-4)


@pytest.mark.parametrize("tau", [0.2, 1.0, 3.0, LARGEST])
def test_gradient_and_information_are_those_of_differences(tau: float) -> None:
    rows, params, step = event_rows(), np.array([-0.3, 0.5]), 1e-4
    _, gradient, information = integrated(rows, params, tau)
    for j in range(2):
        ahead, behind = params.copy(), params.copy()
        ahead[j] += step
        behind[j] -= step
        up, down = integrated(rows, ahead, tau), integrated(rows, behind, tau)
        assert gradient[j] == pytest.approx((up[0] - down[0]) / (2 * step), abs=1e-4)
        np.testing.assert_allclose(information[j], -(up[1] - down[1]) / (2 * step), rtol=1e-3, atol=1e-4)


def test_the_maximum_has_no_slope() -> None:
    rows = event_rows()
    found = maximum(rows, 0.8, np.zeros(2))
    assert found is not None
    assert np.abs(integrated(rows, found.params, 0.8)[1]).max() < 1e-5


def test_an_effect_is_drawn_from_its_conditional_distribution() -> None:
    rows, params, tau = event_rows(2, 5), np.array([-0.2, 0.4]), 1.2
    generator = np.random.default_rng(3)
    found = np.array([_effects(rows, params, tau, generator) for _ in range(3000)])[:, 0] / tau
    eta, y = rows.X[rows.cluster == 0] @ params, rows.y[rows.cluster == 0]
    grid = np.linspace(-6, 6, 4001)
    at = eta[:, None] + tau * grid
    density = np.exp(special.log_expit(np.where(y[:, None] == 1, at, -at)).sum(axis=0) - grid**2 / 2)
    cumulative = np.cumsum(density) / density.sum()
    assert stats.kstest(found, lambda v: np.interp(v, grid, cumulative)).pvalue > 0.001


def test_the_posterior_of_the_spread_is_below_its_largest_and_covers_the_truth() -> None:
    posterior = logistic_posterior(event_rows(60, 30, 6))
    assert isinstance(posterior, LogisticPosterior)
    low, high = np.interp([0.005, 0.995], posterior.cumulative, posterior.taus)
    assert 0 < low < 0.8 < high < LARGEST


def test_separated_outcomes_have_no_posterior() -> None:
    X, cluster, _ = trial(6, 10, 1)
    found = logistic_posterior(Answered(X, (X[:, 1] > 0).astype(float), cluster, 6))
    assert isinstance(found, Separated)
    assert 1 in found.columns


def test_a_shift_moves_the_same_numbers() -> None:
    values = DrawnValues(np.array([1.0, 2.0]), np.array([0.1, -0.2]))
    np.testing.assert_allclose(values.values(np.array([0.5, 0.0])), [1.6, 1.8])
    uniform = np.random.default_rng(2).random(500)
    events = DrawnEvents(np.zeros(500), uniform)
    more, fewer = events.values(np.full(500, 1.0)), events.values(np.full(500, -1.0))
    assert (more >= events.values(np.zeros(500))).all()
    assert (fewer <= events.values(np.zeros(500))).all()
    assert more.mean() == pytest.approx(special.expit(1.0), abs=0.06)


def test_sums_of_clusters_without_rows_are_zero() -> None:
    found = sums(np.array([1.0, 2.0, 4.0]), np.array([0, 0, 2]), 4)
    assert found.tolist() == [3.0, 0.0, 4.0, 0.0]


def test_dimensions_of_clusters_are_counted() -> None:
    rows = linear_rows()
    level = np.arange(rows.clusters, dtype=float)[rows.cluster]
    assert rows.cluster_dimensions == 1
    assert (
        Answered(np.column_stack([rows.X, level]), rows.y, rows.cluster, rows.clusters).cluster_dimensions
        == 2
    )


def test_a_column_that_only_unanswered_rows_have_is_named() -> None:
    answered = np.column_stack([np.ones(6), np.arange(6.0), np.zeros(6), np.ones(6)])
    assert usable_columns(answered, np.array([[1.0, 2.0, 0.0, 1.0]])) == ((0, 1), ())
    assert usable_columns(answered, np.array([[1.0, 2.0, 1.0, 1.0]])) == ((0, 1), (2,))
    assert usable_columns(answered, np.array([[1.0, 2.0, 0.0, 0.0]])) == ((0, 1), (3,))
