"""What holds whatever the data: derivatives, arrangements that must not matter, limits, and flaws said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from precept_stats.numerics.glmm.fit import GlmmFit, GlmmRows, fit_glmm
from precept_stats.numerics.glmm.layout import arrange
from precept_stats.numerics.glmm.likelihood import evaluate
from precept_stats.numerics.glmm.quadrature import gauss_hermite

from .problems import FAMILIES, drawn

LOGIT = FAMILIES["logit"]
SEEDS = st.integers(0, 2**32 - 1)
few = settings(max_examples=8, deadline=None)
links = pytest.mark.parametrize("link", FAMILIES)


def same(found: GlmmFit, expected: GlmmFit, tolerance: float = 1e-9) -> None:
    assert found.status == expected.status
    assert found.log_likelihood == pytest.approx(expected.log_likelihood, rel=tolerance)
    assert found.params == pytest.approx(expected.params, rel=tolerance, abs=tolerance)
    if expected.status == "ok":
        assert found.log_sigma == pytest.approx(expected.log_sigma, rel=tolerance, abs=tolerance)
    assert found.covariance == pytest.approx(expected.covariance, rel=1e-7, abs=1e-9)


def shuffled(rows: GlmmRows, order: np.ndarray) -> GlmmRows:
    return GlmmRows(rows.X[order], rows.y[order], rows.size[order], rows.cluster[order])


@links
@pytest.mark.parametrize("nodes", [1, 5, 21])
def test_gradient_and_hessian_are_those_of_the_criterion(link: str, nodes: int) -> None:
    rows, theta = drawn(1, link), np.array([-0.3, 0.4, -0.1, 0.25, np.log(0.6)])
    layout, points = arrange(rows.X, rows.y, rows.size, rows.cluster), gauss_hermite(nodes)

    def at(move: np.ndarray):
        return evaluate(layout, FAMILIES[link], points, theta + move, np.zeros(layout.n_clusters))

    middle, h = at(np.zeros(5)), 1e-4
    for j, e in enumerate(h * np.eye(5)):
        near, far = (at(e), at(-e)), (at(2 * e), at(-2 * e))
        value = (8 * (near[0].value - near[1].value) - (far[0].value - far[1].value)) / (12 * h)
        slope = (8 * (near[0].gradient - near[1].gradient) - (far[0].gradient - far[1].gradient)) / (12 * h)
        assert middle.gradient[j] == pytest.approx(value, rel=1e-7, abs=1e-7)
        assert middle.hessian[j] == pytest.approx(slope, rel=1e-8, abs=1e-8)


@links
@few
@given(seed=SEEDS)
def test_derivatives_of_a_row_are_those_of_its_log_likelihood(link: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    eta, size = rng.uniform(-4, 2, 20), rng.integers(1, 6, 20).astype(float)
    y = np.minimum(rng.integers(0, 6, 20), size)
    law, h = FAMILIES[link], 1e-4
    middle = law.slopes(eta, y, size)
    near, far = ([law.slopes(eta + sign * step, y, size) for sign in (1, -1)] for step in (h, 2 * h))
    for lower, upper in [("value", "first"), ("first", "second"), ("second", "third"), ("third", "fourth")]:
        inner = getattr(near[0], lower) - getattr(near[1], lower)
        outer = getattr(far[0], lower) - getattr(far[1], lower)
        slope = (8 * inner - outer) / (12 * h)
        assert getattr(middle, upper) == pytest.approx(slope, rel=1e-6, abs=1e-6)


@few
@given(seed=SEEDS, nodes=st.sampled_from([1, 7]))
def test_order_of_rows_and_numbers_of_clusters_do_not_matter(seed: int, nodes: int) -> None:
    rng, rows = np.random.default_rng(seed), drawn(seed)
    expected = fit_glmm(rows, LOGIT, nodes)
    same(fit_glmm(shuffled(rows, rng.permutation(len(rows.y))), LOGIT, nodes), expected)
    numbers = rng.permutation(12)
    other = fit_glmm(replace(rows, cluster=numbers[rows.cluster]), LOGIT, nodes)
    same(other, expected)
    if expected.status == "ok":
        assert other.modes[numbers] == pytest.approx(expected.modes, rel=1e-6, abs=1e-8)


@few
@given(seed=SEEDS, nodes=st.sampled_from([1, 7]))
def test_collapsed_and_row_level_data_give_the_same_fit(seed: int, nodes: int) -> None:
    """Ones and zeros against counts of the same covariates, but for the constant of the counts."""
    counts = drawn(seed)
    counts = replace(counts, X=counts.X[:, :3])
    ones, zeros = counts.y.astype(int), (counts.size - counts.y).astype(int)
    index = np.concatenate([np.repeat(np.arange(len(ones)), ones), np.repeat(np.arange(len(zeros)), zeros)])
    outcome = np.concatenate([np.ones(ones.sum()), np.zeros(zeros.sum())])
    single = GlmmRows(counts.X[index], outcome, np.ones(len(index)), counts.cluster[index])
    long, short = fit_glmm(single, LOGIT, nodes), fit_glmm(counts, LOGIT, nodes)
    constant = LOGIT.constant(counts.y, counts.size)
    same(long, replace(short, log_likelihood=short.log_likelihood - constant))
    assert long.rows_used == short.rows_used < len(counts.y)


@few
@given(seed=SEEDS)
def test_counts_may_be_split_over_person_time(seed: int) -> None:
    rows, law = drawn(seed, "log"), FAMILIES["log"]
    twice = GlmmRows(*(np.concatenate([part, part]) for part in (rows.X, rows.y, rows.size, rows.cluster)))
    twice.y[len(rows.y) :] = 0
    twice.size[:] = np.concatenate([0.25 * rows.size, 0.75 * rows.size])
    whole, split = fit_glmm(rows, law), fit_glmm(twice, law)
    shift = law.constant(twice.y, twice.size) - law.constant(rows.y, rows.size)
    same(split, replace(whole, log_likelihood=whole.log_likelihood + shift))


@few
@given(seed=SEEDS, nodes=st.sampled_from([1, 7]))
def test_another_coding_of_the_fixed_effects_changes_nothing(seed: int, nodes: int) -> None:
    rows = drawn(seed)
    turn = np.array([[1, -1, 0.3, 10], [0, 1, 0.5, -3], [0, 0, 2, 0], [0, 0, 0, 0.01]])
    plain, turned = fit_glmm(rows, LOGIT, nodes), fit_glmm(replace(rows, X=rows.X @ turn), LOGIT, nodes)
    assert turned.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-9)
    assert turn @ turned.params == pytest.approx(plain.params, rel=1e-6, abs=1e-7)
    back = turn @ turned.covariance[:-1, :-1] @ turn.T
    assert back == pytest.approx(plain.covariance[:-1, :-1], rel=1e-5, abs=1e-8)


def test_a_trial_written_twice_has_twice_the_likelihood() -> None:
    rows = drawn(3)
    twice = GlmmRows(
        np.vstack([rows.X, rows.X]),
        np.tile(rows.y, 2),
        np.tile(rows.size, 2),
        np.concatenate([rows.cluster, rows.cluster + 12]),
    )
    once, both = fit_glmm(rows, LOGIT, 7), fit_glmm(twice, LOGIT, 7)
    assert both.log_likelihood == pytest.approx(2 * once.log_likelihood, rel=1e-12)
    assert both.params == pytest.approx(once.params, rel=1e-8)
    assert 2 * both.covariance == pytest.approx(once.covariance, rel=1e-7, abs=1e-10)


@links
def test_more_nodes_converge(link: str) -> None:
    rows = drawn(5, link, spread=1.2)
    fits = [fit_glmm(rows, FAMILIES[link], nodes) for nodes in (1, 3, 7, 15, 31, 61)]
    errors = [np.max(np.abs(fit.params - fits[-1].params)) for fit in fits[:-1]]
    assert errors[-1] < 1e-8
    assert errors[4] < errors[3] < errors[0]


def trial(clusters: int = 12, size: int = 20, seed: int = 0) -> GlmmRows:
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), size)
    X = np.column_stack([cluster % 2 == 0, cluster % 2 == 1, rng.normal(size=len(cluster))]).astype(float)
    eta = rng.normal(0, 0.6, clusters)[cluster] + 0.3 * X[:, 2]
    return GlmmRows(X, rng.binomial(1, LOGIT.mean(eta)).astype(float), np.ones(len(cluster)), cluster)


@pytest.mark.parametrize("nodes", [1, 7])
@links
def test_an_arm_without_events_is_separation_by_its_column(link: str, nodes: int) -> None:
    rows = trial()
    fit = fit_glmm(replace(rows, y=np.where(rows.X[:, 1] == 1, 0.0, rows.y)), FAMILIES[link], nodes)
    assert (fit.status, fit.reason, fit.separating) == ("failed", "separation", (1,))


@pytest.mark.parametrize("complete", [True, False])
def test_a_covariate_that_separates(complete: bool) -> None:
    rows = trial()
    level = (rows.X[:, 2] > 1.0).astype(float)
    y = (rows.X[:, 2] > 0).astype(float) if complete else np.where(level == 1, 1.0, rows.y)
    X = rows.X if complete else np.column_stack([rows.X, level])
    fit = fit_glmm(replace(rows, X=X, y=y), LOGIT)
    assert (fit.status, fit.reason) == ("failed", "separation")
    if not complete:
        assert fit.separating == (3,)


def test_a_row_far_away_is_no_separation() -> None:
    rows = trial()
    X = rows.X.copy()
    X[np.flatnonzero(rows.y == 1)[0], 2] = 1e6
    assert fit_glmm(replace(rows, X=X), LOGIT).status == "ok"


@pytest.mark.parametrize("nodes", [1, 15])
def test_clusters_of_events_only_or_of_none_are_harmless(nodes: int) -> None:
    rows = trial()
    y = np.select([rows.cluster == 3, rows.cluster == 4], [0.0, 1.0], rows.y)
    fit = fit_glmm(replace(rows, y=y), LOGIT, nodes)
    assert fit.status == "ok"
    assert fit.gradient < 1e-7
    assert np.all(np.isfinite(fit.modes))
    assert fit.modes[3] == fit.modes.min()
    assert fit.modes[4] == fit.modes.max()


def test_clusters_that_are_all_events_or_none_have_no_variance() -> None:
    rows = trial()
    fit = fit_glmm(
        replace(rows, X=rows.X[:, :2], y=np.array([0, 0, 1, 1] * 3)[rows.cluster].astype(float)), LOGIT
    )
    assert fit.status == "failed"
    assert "grows without end" in fit.reason


@few
@given(seed=SEEDS, nodes=st.sampled_from([1, 7]))
def test_clusters_alike_end_on_the_boundary_with_its_evidence(seed: int, nodes: int) -> None:
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(10), 2)
    size = rng.integers(20, 60, 20).astype(float)
    rows = GlmmRows(np.ones((20, 1)), np.round(0.3 * size), size, cluster)
    fit = fit_glmm(rows, LOGIT, nodes)
    assert fit.status == "boundary"
    assert fit.boundary_score <= 0
    assert fit.log_sigma == -np.inf
    share = rows.y.sum() / size.sum()
    assert fit.params == pytest.approx([np.log(share / (1 - share))], abs=1e-8)
    assert fit.covariance == pytest.approx(np.diag([1 / (size.sum() * share * (1 - share)), 0]), rel=1e-8)


def test_columns_that_repeat_others_are_said() -> None:
    rows = trial()
    fit = fit_glmm(replace(rows, X=np.column_stack([rows.X, 2 * rows.X[:, 2]])), LOGIT)
    assert (fit.status, fit.reason) == ("failed", "the information is singular")


def test_many_clusters_and_rows_are_cut_into_blocks_without_a_trace() -> None:
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(60), 700)
    X = np.column_stack([np.ones(len(cluster)), cluster % 2, rng.normal(size=len(cluster))])
    y = rng.binomial(1, LOGIT.mean(X @ [-0.5, 0.3, 0.2] + rng.normal(0, 0.4, 60)[cluster])).astype(float)
    layout = arrange(X, y, np.ones(len(y)), cluster)
    assert len(layout.blocks) > 1
    assert layout.blocks[0].fine.shape[1] == 1
    ones = np.ones(len(y))
    fit = fit_glmm(GlmmRows(X, y, ones, cluster), LOGIT)
    same(fit_glmm(shuffled(GlmmRows(X, y, ones, cluster), rng.permutation(len(y))), LOGIT), fit)
    scores = y - LOGIT.mean(X @ fit.params + fit.modes[cluster])
    pulls = np.bincount(cluster, weights=scores) - fit.modes / np.exp(2 * fit.log_sigma)
    assert pulls == pytest.approx(np.zeros(60), abs=1e-6)
