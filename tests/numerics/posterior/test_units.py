"""Units with effects of several directions: their likelihood by brute force, slopes by differences."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

from precept_stats.numerics.posterior.correlated import covariances, factor, partials, shapes
from precept_stats.numerics.posterior.gaussian_units import gathered
from precept_stats.numerics.posterior.units import UnitCounts

pytest.importorskip("numba")

SDS = np.array([0.7, 0.5, 0.4])
LOGITS = np.array([0.8, -0.3, 0.5])
BETA = np.array([-0.3, 0.1, 0.4])


def rows(q: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X, Z and where six units begin; of the last there is one row."""
    starts = np.array([0, 5, 9, 16, 20, 26, 27], dtype=np.intp)
    time = np.concatenate([np.arange(n) - n // 2 for n in np.diff(starts)]).astype(np.float64)
    step = (time >= 0).astype(np.float64)
    X = np.column_stack([np.ones(27), time / 6, step])
    return X, np.column_stack([np.ones(27), step, np.maximum(time, 0) / 6])[:, :q], starts


def counts(q: int, law: str = "binomial", nodes: int = 3) -> UnitCounts:
    X, Z, starts = rows(q)
    rng = np.random.default_rng(7)
    size = rng.integers(1, 12, 27).astype(np.float64)
    y = rng.binomial(size.astype(int), 0.4).astype(np.float64)
    return UnitCounts(law, X, Z, y, size, starts, True, nodes)


def place(q: int) -> np.ndarray:
    return np.concatenate([BETA, SDS[:q], LOGITS[: partials(q)]])


@pytest.mark.parametrize("law", ["binomial", "poisson"])
@pytest.mark.parametrize("q", [1, 2])
def test_the_likelihood_of_counts_is_the_integral(q: int, law: str) -> None:
    data, at = counts(q, law, nodes=15), place(q)
    grid = np.linspace(-8, 8, 161)
    u = np.stack(np.meshgrid(*[grid] * q, indexing="ij"), -1).reshape(-1, q)
    weight = np.prod(stats.norm.pdf(u), axis=1) * (grid[1] - grid[0]) ** q
    eta = data.X @ BETA + u @ factor(SDS[:q], at[3 + q :]).T @ data.Z.T
    if law == "binomial":
        logs = data.y * eta - data.size * np.logaddexp(0, eta)
    else:
        logs = data.y * eta - data.size * np.exp(eta)
    of_units = np.add.reduceat(logs, data.starts[:-1], axis=1)
    exact = np.log(weight @ np.exp(of_units))
    assert data.evaluator().by_cluster(at) == pytest.approx(exact, abs=1e-6)


@pytest.mark.parametrize("q", [1, 2, 3])
def test_slopes_of_counts_are_those_of_the_value(q: int) -> None:
    evaluate, at = counts(q, nodes=9).evaluator(), place(q)
    steps = 1e-5 * np.eye(len(at))
    differences = [(evaluate(at + step)[0] - evaluate(at - step)[0]) / 2e-5 for step in steps]
    assert evaluate(at)[1] == pytest.approx(differences, rel=1e-4, abs=1e-4)


def test_few_nodes_are_taken_where_they_do() -> None:
    data, at = counts(2), place(2)
    near = at + 0.05 * np.random.default_rng(1).standard_normal((8, len(at)))
    chosen = data.sparing(near)
    errors = [chosen.evaluator()(one)[0] - chosen.finer().evaluator()(one)[0] for one in near]
    assert chosen.nodes < 9
    assert np.std(errors) < 0.01


def test_far_from_the_table_of_the_law_it_is_followed_on() -> None:
    data = replace(counts(1), X=np.full((27, 1), 80.0))
    at = np.array([1.0, 0.1])
    eta = 80.0
    logs = data.y * eta - data.size * np.logaddexp(0, eta)
    assert data.evaluator()(at)[0] == pytest.approx(logs.sum(), rel=1e-2)


def values(q: int) -> tuple[object, np.ndarray, np.ndarray]:
    X, Z, starts = rows(q)
    rng = np.random.default_rng(3)
    y, weights = rng.standard_normal(27), rng.integers(1, 9, 27).astype(np.float64)
    return gathered(np.column_stack([X, y, Z]), weights, starts, (q, True)), y, weights


@pytest.mark.parametrize("q", [1, 2, 3])
def test_the_likelihood_of_values_is_the_multivariate_normal_one(q: int) -> None:
    data, y, weights = values(q)
    X, Z, starts = rows(q)
    at = np.append(place(q), -0.2)
    covariance = covariances(SDS[None, :q], at[None, 3 + q : -1])[0]
    expected = [
        stats.multivariate_normal.logpdf(
            y[a:b], X[a:b] @ BETA, np.diag(np.exp(-0.4) / weights[a:b]) + Z[a:b] @ covariance @ Z[a:b].T
        )
        for a, b in pairwise(starts)
    ]
    assert data.evaluator().by_cluster(at) == pytest.approx(expected, rel=1e-10)
    evaluate, steps = data.evaluator(), 1e-6 * np.eye(len(at))
    differences = [(evaluate(at + step)[0] - evaluate(at - step)[0]) / 2e-6 for step in steps]
    assert evaluate(at)[1] == pytest.approx(differences, rel=1e-6, abs=1e-6)


def test_moments_of_effects_are_those_given_the_data() -> None:
    data, y, weights = values(2)
    X, Z, starts = rows(2)
    at = np.append(place(2), -0.2)
    covariance = covariances(SDS[None, :2], at[None, 5:-1])[0]
    found = data.evaluator().by_unit(at)
    a, b = starts[2], starts[3]
    V = np.diag(np.exp(-0.4) / weights[a:b]) + Z[a:b] @ covariance @ Z[a:b].T
    gain = covariance @ Z[a:b].T @ np.linalg.inv(V)
    mean = gain @ (y[a:b] - X[a:b] @ BETA)
    assert found.means[2] == pytest.approx(mean, rel=1e-9)
    assert found.seconds[2] - np.outer(mean, mean) == pytest.approx(
        covariance - gain @ Z[a:b] @ covariance, rel=1e-8
    )


def test_partial_correlations_are_those_of_the_declared_law() -> None:
    """The determinant of R under the law of shape eta: its mean is that of a product of betas."""
    rng, eta, q = np.random.default_rng(5), 2.0, 3
    b = shapes(q, eta)
    x = rng.beta(b, b, (200_000, len(b)))
    R = covariances(np.ones((200_000, q)), np.log(x / (1 - x)))
    assert np.allclose(np.diagonal(R, axis1=1, axis2=2), 1.0)
    marginal = eta + (q - 2) / 2
    for one in (R[:, 1, 0], R[:, 2, 0], R[:, 2, 1]):
        assert np.var(one) == pytest.approx(1 / (2 * marginal + 1), abs=0.004)
        assert abs(np.mean(one)) < 0.005
