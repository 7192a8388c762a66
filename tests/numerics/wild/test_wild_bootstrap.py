"""The wild bootstrap against samples refitted one by one, its factors, and limits against a search."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from precept_stats.errors import FitError
from precept_stats.numerics import signs
from precept_stats.numerics.gee import families
from precept_stats.numerics.gee.cells import GeeRows
from precept_stats.numerics.gee.fit import GeeFit, GeeModel, fit_gee
from precept_stats.numerics.score_bootstrap import ScoreTest
from precept_stats.numerics.wild_bootstrap import ClusterScores, Lift, cr1, cr3, full_leverage, wild_test

from .plain import Rows, glm_t, held_at, linear_t

SEEDS = st.integers(0, 2**32 - 1)
LINEAR = families.Family(families.Identity(), families.Gaussian())
LOGIT = families.Family(families.Logit(), families.Binomial())
POISSON = families.Family(families.Log(), families.Poisson())
FAMILIES = {"logit": LOGIT, "poisson": POISSON, "linear": LINEAR}
LIFTS = ("cr1", "cr3")
POINTS = {"rademacher": signs.RADEMACHER, "webb": signs.WEBB, "mammen": signs.MAMMEN}
few = settings(max_examples=5, deadline=None)


def trial(seed: int, clusters: int, kind: str = "linear", adjusted: bool = True) -> Rows:
    """Unequal clusters, the arm by turns, a covariate of people and one of clusters, weights by cluster."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(6, 25, clusters)
    cluster = np.repeat(np.arange(clusters), sizes)
    n = len(cluster)
    arm = (np.arange(clusters) % 2)[cluster].astype(float)
    X = np.column_stack([np.ones(n), arm])
    if adjusted:
        X = np.column_stack([X, rng.normal(size=n), rng.normal(size=clusters)[cluster]])
    eta = 0.3 * arm + rng.normal(0, 0.5, clusters)[cluster] + 0.3 * X[:, 2:].sum(axis=1)
    if kind == "linear":
        y = eta + rng.normal(size=n)
    elif kind == "logit":
        y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    else:
        y = rng.poisson(np.exp(eta)).astype(float)
    weight = rng.uniform(0.5, 2.0, clusters)
    return Rows(X, y, cluster, weight)


def kernel(rows: Rows, kind: str = "linear") -> GeeFit:
    ones = np.ones(len(rows.y))
    data = GeeRows(
        rows.X, ones, rows.y, rows.y**2, ones, rows.cluster, np.zeros_like(rows.cluster), rows.weight
    )
    fit = fit_gee(data, GeeModel(FAMILIES[kind]))
    assert not fit.reason
    return fit


def scores(fit: GeeFit) -> ClusterScores:
    return ClusterScores(fit.clusters.information, fit.clusters.score, fit.bread, 1)


def lift_of(name: str) -> Lift:
    return cr3 if name == "cr3" else cr1()


def linear_test(rows: Rows, name: str = "cr1", vectors: signs.AnyVectors | None = None):
    fit = kernel(rows)
    vectors = vectors or signs.every_vector(signs.RADEMACHER, len(rows.weight))
    return wild_test(float(fit.params[1]), scores(fit), lift_of(name), vectors)


def score_test(rows: Rows, kind: str, name: str = "cr1", vectors: signs.AnyVectors | None = None):
    vectors = vectors or signs.every_vector(signs.RADEMACHER, len(rows.weight))
    return ScoreTest(kernel(rows, kind), 1, lift_of(name), vectors)


def all_signs(clusters: int, points: signs.Points = signs.RADEMACHER) -> list[np.ndarray]:
    return [np.array(v) for v in itertools.product(points.values, repeat=clusters)]


def plain_p(t: np.ndarray, observed: float) -> float:
    return float(np.mean(np.abs(t) >= abs(observed) * (1 - 1e-9)))


@pytest.mark.parametrize("adjusted", [False, True])
@pytest.mark.parametrize("name", LIFTS)
@few
@given(seed=SEEDS, shift=st.sampled_from([0.0, 0.6, -1.5]))
def test_p_is_that_of_refitting_every_sample(name: str, adjusted: bool, seed: int, shift: float) -> None:
    rows = trial(seed, 6, adjusted=adjusted)
    test = linear_test(rows, name)
    residuals, fitted = held_at(rows, shift)
    refitted = np.array(
        [linear_t(rows, fitted + v[rows.cluster] * residuals, shift, name) for v in all_signs(6)]
    )
    observed = linear_t(rows, rows.y, shift, name)
    assert test.statistic(shift) == pytest.approx(observed, rel=1e-8, abs=1e-10)
    assert test.p_value(shift) == plain_p(refitted, observed)
    if shift == 0.0:
        found = test.reference()
        assert np.sort(found.statistics) == pytest.approx(np.sort(refitted), rel=1e-6, abs=1e-9)
        assert found.observed == test.statistic(0.0)


@pytest.mark.parametrize("kind", ["logit", "poisson"])
@pytest.mark.parametrize("name", LIFTS)
@few
@given(seed=SEEDS, shift=st.sampled_from([0.0, 0.7, -1.0]))
def test_the_score_version_is_a_step_from_a_refit_with_full_matrices(
    kind: str, name: str, seed: int, shift: float
) -> None:
    rows = trial(seed, 7, kind)
    test = score_test(rows, kind, name)
    stepped = np.array([glm_t(rows, kind, v, shift, name) for v in all_signs(7)])
    observed = glm_t(rows, kind, np.ones(7), shift, name)
    assert test.statistic(shift) == pytest.approx(observed, rel=1e-6, abs=1e-8)
    assert test.p_value(shift) == plain_p(stepped, observed)


@pytest.mark.parametrize("name", LIFTS)
@few
@given(seed=SEEDS)
def test_with_an_identity_link_scores_are_residuals(name: str, seed: int) -> None:
    rows = trial(seed, 8)
    ours, linear = score_test(rows, "linear", name), linear_test(rows, name)
    assert ours.std_error == pytest.approx(linear.std_error, rel=1e-9)
    for shift in (0.0, 0.4):
        assert ours.p_value(shift) == linear.p_value(shift)
        assert ours.statistic(shift) == pytest.approx(linear.statistic(shift), rel=1e-8)
    assert ours.limits(0.1) == pytest.approx(linear.limits(0.1), rel=1e-7, abs=1e-7 * linear.std_error)


@pytest.mark.parametrize("kind", ["linear", "logit", "poisson"])
@few
@given(seed=SEEDS)
def test_limits_are_those_of_a_search_over_null_values(kind: str, seed: int) -> None:
    rows = trial(seed, 8, kind, adjusted=False)
    test = linear_test(rows) if kind == "linear" else score_test(rows, kind)
    unit, alpha = test.std_error, 0.1
    for limit, out in zip(test.limits(alpha), (-1.0, 1.0), strict=True):
        reach = 8.0 if math.isinf(limit) else abs(limit - test.estimate) / unit
        inside = test.estimate + out * unit * np.linspace(0.0, reach * (1 - 1e-6), 60)
        kept = [test.p_value(float(shift)) > alpha for shift in inside]
        assert np.mean(kept) > 0.95
        if math.isfinite(limit):
            assert test.p_value(limit + out * 1e-5 * unit) <= alpha < test.p_value(limit - out * 1e-5 * unit)


def test_p_at_the_estimate_is_one_and_falls_to_the_least_possible() -> None:
    rows = trial(5, 8)
    test = linear_test(rows)
    assert test.p_value(test.estimate) == 1.0
    assert test.smallest_p() == 2 / 2**8
    assert test.p_value(test.estimate + 500.0 * test.std_error) < 0.05
    strong = Rows(rows.X, rows.y + 100.0 * rows.X[:, 1], rows.cluster, rows.weight)
    assert linear_test(strong).p_value(0.0) == 2 / 2**8


def test_five_clusters_bear_no_interval_at_95_but_with_six_points() -> None:
    rows = trial(2, 5, adjusted=False)
    assert linear_test(rows).smallest_p() == 2 / 32
    assert linear_test(rows).limits(0.05) == (-math.inf, math.inf)
    lower, upper = linear_test(rows).limits(0.1)
    assert lower < linear_test(rows).estimate < upper
    webb = linear_test(rows, vectors=signs.every_vector(signs.WEBB, 5))
    assert webb.smallest_p() == pytest.approx(6 / 6**5)
    assert all(map(math.isfinite, webb.limits(0.05)))
    logit = score_test(trial(2, 5, "logit", adjusted=False), "logit")
    assert logit.limits(0.05) == (-math.inf, math.inf)


def test_a_limit_of_an_odds_ratio_may_have_no_end_though_p_can_be_small() -> None:
    """Two of the compared arm's clusters have no event and one has two: no odds ratio is too small."""
    sizes, events = [30] * 8, [1, 12, 0, 9, 0, 14, 0, 10]
    cluster = np.repeat(np.arange(8), sizes)
    y = np.concatenate([np.arange(30) < e for e in events]).astype(float)
    rows = Rows(np.column_stack([np.ones(240), (cluster % 2 == 0)]).astype(float), y, cluster, np.ones(8))
    test = score_test(rows, "logit")
    lower, upper = test.limits(0.05)
    assert lower == -math.inf
    assert math.isfinite(upper)
    assert test.p_value(test.estimate - 12.0) > 0.05


@pytest.mark.parametrize("points", POINTS.values(), ids=POINTS)
def test_factors_have_mean_0_and_variance_1(points: signs.Points) -> None:
    moment = {k: sum(p * v**k for v, p in zip(points.values, points.shares, strict=True)) for k in range(5)}
    third, fourth = {2: (0, 1), 6: (0, Fraction(7, 6))}[len(points.values)]
    if points is signs.MAMMEN:
        third, fourth = 1, 2
    expected = [1, 0, 1, third, float(fourth)]
    assert [moment[k] for k in range(5)] == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("name", ["rademacher", "webb"])
def test_every_vector_is_there_once_up_to_its_negative(name: str) -> None:
    points, G = POINTS[name], 4
    vectors = signs.every_vector(points, G)
    forms = np.array([vectors.linear(row) for row in np.eye(G)]).T
    both = {tuple(np.round(v, 12)) for v in (*forms, *-forms)}
    assert both == {tuple(np.round(v, 12)) for v in all_signs(G, points)}
    assert len(forms) == points.count(G) // 2
    Q = np.random.default_rng(1).normal(size=(G, G))
    Q = Q + Q.T
    assert vectors.quadratic(Q) == pytest.approx(np.einsum("ij,jk,ik->i", forms, Q, forms))
    assert np.all(np.ptp(forms[vectors.same], axis=1) == 0)
    assert np.sum(np.ptp(forms, axis=1) == 0) == len(vectors.same)


@pytest.mark.parametrize("name", ["rademacher", "webb"])
@pytest.mark.parametrize("kind", ["linear", "logit"])
def test_draws_tend_to_the_enumeration_and_come_from_their_generator(name: str, kind: str) -> None:
    rows, points = trial(8, 7, kind), POINTS[name]
    made = [signs.drawn_vectors(points, 7, 20_000, np.random.default_rng(s)) for s in (1, 1, 2)]
    build = linear_test if kind == "linear" else lambda rows, vectors: score_test(rows, kind, vectors=vectors)
    exact = build(rows, vectors=signs.every_vector(points, 7))
    one, again, other = (build(rows, vectors=vectors) for vectors in made)
    assert one.p_value(0.0) == again.p_value(0.0) != other.p_value(0.0)
    p = exact.p_value(0.0)
    assert abs(one.p_value(0.0) - p) < 5 * math.sqrt(p * (1 - p) / 20_000)
    for limit in one.limits(0.1):
        assert exact.p_value(limit) == pytest.approx(0.1, abs=5 * math.sqrt(0.09 / 20_000) + 2 / 2**7)


def test_the_observed_counts_among_draws_so_that_p_is_not_0() -> None:
    rows = trial(9, 30)
    strong = Rows(rows.X, rows.y + 50.0 * rows.X[:, 1], rows.cluster, rows.weight)
    drawn = signs.drawn_vectors(signs.RADEMACHER, 30, 999, np.random.default_rng(3))
    assert linear_test(strong, vectors=drawn).p_value(0.0) == 1 / 1000


def test_draws_of_mammen_are_as_likely_as_they_should_be() -> None:
    drawn = signs.drawn_vectors(signs.MAMMEN, 50, 20_000, np.random.default_rng(4)).vectors[:-1]
    assert np.mean(drawn < 0) == pytest.approx(signs.MAMMEN.shares[0], abs=5 * 0.5 / 1000)


def test_what_cannot_be_enumerated() -> None:
    with pytest.raises(FitError, match="too many") as problem:
        signs.every_vector(signs.RADEMACHER, 20)
    assert "monte_carlo" in problem.value.allowed
    with pytest.raises(FitError, match="equally likely"):
        signs.every_vector(signs.MAMMEN, 6)


def test_a_cluster_that_fixes_a_parameter_is_found() -> None:
    rows = trial(3, 7)
    assert not len(full_leverage(scores(kernel(rows))))
    alone = Rows(np.column_stack([rows.X, rows.cluster == 4]), rows.y, rows.cluster, rows.weight)
    assert full_leverage(scores(kernel(alone))).tolist() == [4]
