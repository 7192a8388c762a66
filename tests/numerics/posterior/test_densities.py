"""Likelihoods without random effects, and priors: against scipy, dense algebra and differences."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

from precept_stats.numerics.posterior.counts import Counts, Rows, collapsed
from precept_stats.numerics.posterior.density import Posterior, Softened, whitened
from precept_stats.numerics.posterior.gaussian import GaussianRows, summed
from precept_stats.numerics.posterior.laws import Folded, Known, LogitBeta, LogOf, Normal
from precept_stats.numerics.posterior.tables import grid_over

pytest.importorskip("numba")

LAWS = ("binomial", "poisson", "beta_binomial", "negative_binomial", "binomial_normal", "poisson_normal")
FINE = np.linspace(-7, 7, 57)
BETA, SIGMA, MORE = np.array([-0.6, 0.4]), 0.7, 0.45


def trial(law: str, *, people: int = 12, seed: int = 1) -> Counts:
    """Twelve clusters of three cells."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(12), 3)
    X = np.column_stack([np.ones(36), (cluster % 2).astype(float)])
    size = rng.integers(people // 2, people, 36).astype(float)
    mean = 1 / (1 + np.exp(-X @ BETA - rng.normal(0, SIGMA, 12)[cluster]))
    y = rng.binomial(size.astype(int), mean).astype(float)
    offset = rng.normal(0, 0.1, 36)
    return collapsed(Rows(X, y, size, offset, cluster, np.arange(36)), law)


def coordinates(law: str) -> np.ndarray:
    return np.array([*BETA, SIGMA, *([] if law in ("binomial", "poisson") else [MORE])])


def cell_density(law: str, y: float, n: float, eta: float) -> float:
    """The log density of a cell given eta, without what no parameter changes."""
    mean = 1 / (1 + np.exp(-eta))
    if law == "binomial":
        return stats.binom.logpmf(y, n, mean) - stats.binom.logpmf(y, n, 0.5) - n * np.log(2)
    if law == "poisson":
        return y * eta - n * np.exp(eta)
    if law == "beta_binomial":
        total = MORE**-2
        constant = stats.binom.logpmf(y, n, 0.5) + n * np.log(2)
        return stats.betabinom.logpmf(y, n, total * mean, total * (1 - mean)) - constant
    if law == "negative_binomial":
        shape, expected = MORE**-2, n * np.exp(eta)
        found = stats.nbinom.logpmf(y, shape, shape / (shape + expected))
        return found - (y * np.log(n) - _log_factorial(y))
    plain = law.removesuffix("_normal")
    heights = np.exp([cell_density(plain, y, n, eta + MORE * v) for v in FINE])
    return np.log(float(heights @ stats.norm.pdf(FINE)) * (FINE[1] - FINE[0]))


def _log_factorial(y: float) -> float:
    return float(np.sum(np.log(np.arange(1, int(y) + 1))))


@pytest.mark.parametrize("law", LAWS)
def test_the_likelihood_of_clusters_is_their_integral(law: str) -> None:
    data = trial(law)
    first = slice(data.starts[0], data.starts[1])
    one = Counts(
        law, data.X[first], data.y[first], data.size[first], data.offset[first], np.array([0, 3]), nodes=25
    )
    one = one.finer()
    fixed = one.offset + one.X @ BETA
    points = np.linspace(-7, 7, 81)
    heights = [
        sum(cell_density(law, y, n, e + SIGMA * u) for y, n, e in zip(one.y, one.size, fixed, strict=True))
        for u in points
    ]
    expected = np.log(np.sum(np.exp(heights) * stats.norm.pdf(points)) * (points[1] - points[0]))
    value, _ = one.evaluator()(coordinates(law))
    assert value == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("clustered", [True, False])
def test_slopes_are_those_of_the_value(law: str, clustered: bool) -> None:
    found = trial(law)
    data = Counts(
        law, found.X, found.y, found.size, found.offset, found.starts, clustered=clustered, nodes=25
    )
    at = coordinates(law) if clustered else np.delete(coordinates(law), 2)
    evaluate = data.finer().evaluator()
    _, slope = evaluate(at)
    steps = 1e-5 * np.eye(len(at))
    differences = [(evaluate(at + step)[0] - evaluate(at - step)[0]) / 2e-5 for step in steps]
    assert slope == pytest.approx(differences, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("law", LAWS)
def test_clusters_add_up_and_their_effects_are_drawn_from_what_is_left(law: str) -> None:
    data, at = trial(law), coordinates(law)
    evaluate = data.evaluator()
    by_cluster = evaluate.by_cluster(at)
    assert by_cluster.sum() == pytest.approx(evaluate(at)[0], rel=1e-9)
    fixed, points = data.offset + data.X @ BETA, np.linspace(-7, 7, 401)
    uniform = np.full(len(by_cluster), 0.8)
    drawn = evaluate.drawn_effects(at, uniform)
    for k in (0, len(by_cluster) - 1):
        rows = range(data.starts[k], data.starts[k + 1])
        heights = np.array(
            [
                sum(cell_density(law, data.y[i], data.size[i], fixed[i] + SIGMA * u) for i in rows)
                for u in points
            ]
        )
        density = np.exp(heights - np.max(heights)) * stats.norm.pdf(points)
        below = integrate.cumulative_trapezoid(density, points, initial=0.0)
        assert drawn[k] == pytest.approx(SIGMA * np.interp(0.8, below / below[-1], points), abs=0.003)


@pytest.mark.parametrize("law", LAWS)
def test_signs_of_standard_deviations_mean_nothing(law: str) -> None:
    evaluate, at = trial(law).evaluator(), coordinates(law)
    other = np.where(np.arange(len(at)) < 2, at, -at)
    assert evaluate(at)[0] == pytest.approx(evaluate(other)[0], abs=1e-5)


@pytest.mark.parametrize("law", LAWS)
def test_a_table_of_repeated_counts_changes_nothing(law: str) -> None:
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(200), 20)
    X = np.ones((4000, 1))
    y = rng.binomial(3, 0.3 + 0.2 * (cluster % 2)).astype(float)
    data = collapsed(Rows(X, y, np.full(4000, 3.0), np.zeros(4000), cluster, np.arange(4000)), law)
    assert data.evaluator().tabulates
    assert not data.finer().evaluator().tabulates
    at = np.delete(coordinates(law), 1)
    used, exact = data.evaluator()(at), data.finer().evaluator()(at)
    assert used[0] == pytest.approx(exact[0], abs=5e-3)
    assert used[1] == pytest.approx(exact[1], rel=1e-3, abs=0.02)


@pytest.mark.parametrize("law", LAWS)
def test_as_few_nodes_as_will_do_err_by_little(law: str) -> None:
    data, at = trial(law), coordinates(law)
    places = at + 0.1 * np.random.default_rng(4).normal(size=(12, len(at)))
    spare = data.sparing(places)
    assert 3 <= spare.nodes < 25
    fresh = at + 0.1 * np.random.default_rng(5).normal(size=(12, len(at)))
    used, exact = spare.evaluator(), data.finer().evaluator()
    assert np.std([used(place)[0] - exact(place)[0] for place in fresh]) < 0.01


def test_a_grid_gives_a_function_and_its_slope_anywhere() -> None:
    for low, high in ((-4.0, 3.5), (-9.0, 6.0), (1.0, 1.0)):
        grid = grid_over(low, high)
        values, slopes, others, _ = grid.spread(np.log1p(np.exp(grid.nodes))[None], np.cos(grid.nodes)[None])
        ends = grid.low + grid.step * np.arange(values.shape[1])
        assert values[0] == pytest.approx(np.log1p(np.exp(ends)), abs=1e-7)
        assert slopes[0] == pytest.approx(1 / (1 + np.exp(-ends)), abs=1e-5)
        assert others[0] == pytest.approx(np.cos(ends), abs=1e-7)
    assert grid_over(-1e4, 1e4) is None
    assert grid_over(-np.inf, 0.0) is None


def test_softened_scales_have_each_size_once() -> None:
    soft = Softened(np.array([0.0, 0.2]))
    evaluate = soft.evaluator(lambda s: (-0.5 * float(s @ s), -s))
    total = integrate.quad(lambda t: np.exp(evaluate(np.array([0.0, t]))[0]), -20, 20, points=[0.0])[0]
    assert total == pytest.approx(np.sqrt(np.pi / 2), rel=1e-8)
    at = np.array([0.3, -0.1])
    steps = 1e-6 * np.eye(2)
    differences = [(evaluate(at + step)[0] - evaluate(at - step)[0]) / 2e-6 for step in steps]
    assert evaluate(at)[1] == pytest.approx(differences, rel=1e-7)
    assert soft(soft.back(np.array([0.4, 0.3]))) == pytest.approx([0.4, 0.3], rel=1e-12)


@pytest.mark.parametrize("nested", [True, False])
def test_the_normal_likelihood_is_the_dense_one(nested: bool) -> None:
    rng = np.random.default_rng(5)
    cell = np.sort(rng.integers(0, 12, 60))
    cluster = cell // 3
    X = np.column_stack([np.ones(60), rng.normal(size=(60, 2))])
    y = rng.normal(size=60) + cluster
    at = np.array([0.3, 0.2, -0.1, 0.8, *([0.6] if nested else []), -0.2])
    covariance = np.exp(2 * at[-1]) * np.eye(60) + at[3] ** 2 * (cluster[:, None] == cluster)
    covariance += (at[4] ** 2 if nested else 0.0) * (cell[:, None] == cell)
    expected = stats.multivariate_normal.logpdf(y, X @ at[:3], covariance)
    evaluate = summed(GaussianRows(X, y, cluster, cell), nested=nested).evaluator()
    value, slope = evaluate(at)
    assert value == pytest.approx(expected, rel=1e-11)
    steps = 1e-5 * np.eye(len(at))
    differences = [(evaluate(at + step)[0] - evaluate(at - step)[0]) / 2e-5 for step in steps]
    assert slope == pytest.approx(differences, rel=1e-6, abs=1e-6)
    by_cluster, drawn = evaluate.by_cluster(at), evaluate.drawn_effects(at, np.full(4, 0.9))
    for k in range(4):
        mine = np.ix_(cluster == k, cluster == k)
        away, inverse = (y - X @ at[:3])[cluster == k], np.linalg.inv(covariance[mine])
        alone = stats.multivariate_normal.logpdf(away, np.zeros(len(away)), covariance[mine])
        assert by_cluster[k] == pytest.approx(alone, rel=1e-10)
        pull = at[3] ** 2 * inverse.sum(axis=0)
        sd = np.sqrt(at[3] ** 2 * (1.0 - pull.sum()))
        assert drawn[k] == pytest.approx(pull @ away + sd * stats.norm.ppf(0.9), rel=1e-9)


PRIORS = (Normal(0.3, 1.2), LogitBeta(2.0, 5.0), Folded(0.7), Folded(0.7, 3.0), LogOf(Folded(2.0)))


@pytest.mark.parametrize("law", PRIORS, ids=repr)
def test_priors_are_densities_with_their_slopes_and_draws(law: object) -> None:
    total, _ = integrate.quad(lambda t: np.exp(law.at(t)[0]), -60, 60, limit=500, points=[0.0])
    assert total == pytest.approx(1.0, abs=1e-4 if isinstance(law, Folded) and law.df == 3 else 1e-8)
    for at in (-1.3, 0.2, 1.7):
        difference = (law.at(at + 1e-6)[0] - law.at(at - 1e-6)[0]) / 2e-6
        assert law.at(at)[1] == pytest.approx(difference, rel=1e-6, abs=1e-8)
    below, _ = integrate.quad(lambda t: np.exp(law.at(t)[0]), -60, 0.4, limit=500)
    drawn = law.draw(np.random.default_rng(8), 20_000)
    assert np.mean(drawn < 0.4) == pytest.approx(below, abs=0.012)


def test_known_coordinates_are_not_sampled_and_the_mode_is_whitened() -> None:
    data = trial("binomial", people=40)
    posterior = Posterior(data, (Normal(0, 2), Normal(0, 1), Known(0.5)))
    density = whitened(posterior)
    assert density.dimension == 2
    assert np.all(density.coordinates(np.zeros((3, 2)))[:, 2] == 0.5)
    exact = replace(density, posterior=Posterior(data.finer(), posterior.laws))
    evaluate = exact.evaluator()
    _, slope = evaluate(np.zeros(2))
    assert slope == pytest.approx(np.zeros(2), abs=0.01)
    curvature = [(evaluate(step)[1] - evaluate(-step)[1]) / 2e-4 for step in 1e-4 * np.eye(2)]
    assert np.array(curvature) == pytest.approx(-np.eye(2), abs=0.01)


@pytest.mark.parametrize("df", [3.0, math.inf])
def test_how_much_of_a_folded_law_is_beyond_a_size(df: float) -> None:
    exact = 2.0 * (stats.norm.sf(1.3 / 0.7) if math.isinf(df) else stats.t.sf(1.3 / 0.7, df))
    assert Folded(0.7, df).beyond(1.3) == pytest.approx(exact, rel=1e-12)
