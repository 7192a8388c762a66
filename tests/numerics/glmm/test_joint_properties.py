"""Several random effects: derivatives, arrangements that must not matter, boundaries, and flaws said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from precept_stats.errors import FitError
from precept_stats.numerics.glmm.effects import StructuredRows, arrange_effects, subset
from precept_stats.numerics.glmm.elimination import pattern_of, solve_at
from precept_stats.numerics.glmm.integrated import Problem, evaluate, tensor_grid
from precept_stats.numerics.glmm.joint_fit import JointFit, fit_joint
from precept_stats.numerics.glmm.joint_modes import zero_modes
from precept_stats.numerics.glmm.negative_binomial import NegativeBinomialLog
from precept_stats.numerics.mixed.model import Grouping, Random

from .joint_problems import LAWS, STRUCTURES, drawn, reordered

LOGIT = LAWS["logit"]
SEEDS = st.integers(0, 2**32 - 1)
few = settings(max_examples=5, deadline=None)
structures = pytest.mark.parametrize("structure", STRUCTURES)


def problem(structure: str, link: str, nodes: int = 1) -> Problem:
    effects = arrange_effects(drawn(1, structure, link), collapse=link != "nbinom2")
    grid = tensor_grid(nodes, effects.factors[0].width) if nodes > 1 else None
    return Problem(effects, pattern_of(effects), LAWS[link], grid)


def somewhere(asked: Problem) -> np.ndarray:
    theta = [0.7 if entry.on_diagonal else -0.2 for entry in asked.effects.structure.entries]
    return np.array([-0.3, 0.4, 0.2, *theta, *[0.8] * asked.has_shape])


def differences_agree(asked: Problem) -> None:
    psi, start, h = somewhere(asked), zero_modes(asked.pattern), 1e-4
    slope = evaluate(asked, psi, start).gradient
    for j, e in enumerate(h * np.eye(len(psi))):
        near, far = (
            evaluate(asked, psi + k * e, start).value - evaluate(asked, psi - k * e, start).value
            for k in (1, 2)
        )
        assert slope[j] == pytest.approx((8 * near - far) / (12 * h), rel=1e-7, abs=2e-8)


@structures
@pytest.mark.parametrize("link", LAWS)
def test_the_gradient_is_that_of_the_criterion(structure: str, link: str) -> None:
    differences_agree(problem(structure, link))


@pytest.mark.parametrize("structure", ["cluster", "slope", "uncorrelated"])
@pytest.mark.parametrize("link", LAWS)
def test_the_gradient_by_quadrature_is_that_of_the_criterion(structure: str, link: str) -> None:
    differences_agree(problem(structure, link, 5))


@few
@given(seed=SEEDS)
def test_a_negative_binomial_row_is_that_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    eta, size = rng.uniform(-4, 3, 20), rng.uniform(0.1, 6, 20)
    y, law, h = rng.integers(0, 40, 20).astype(float), NegativeBinomialLog(float(rng.normal())), 1e-4
    shape, mean = np.exp(law.log_shape), size * np.exp(eta)
    logs = stats.nbinom.logpmf(y, shape, shape / (shape + mean))
    assert law.slopes(eta, y, size).value.sum() + law.constant(y, size) == pytest.approx(logs.sum())
    near, far = ([law.at(law.log_shape + sign * k * h) for sign in (1, -1)] for k in (1, 2))
    for name in ("value", "first", "second"):
        parts = [[getattr(f.slopes(eta, y, size), name) for f in pair] for pair in (near, far)]
        slope = (8 * (parts[0][0] - parts[0][1]) - (parts[1][0] - parts[1][1])) / (12 * h)
        assert getattr(law.shape_slopes(eta, y, size), name) == pytest.approx(slope, rel=1e-6, abs=1e-6)


@structures
def test_the_equations_are_solved_as_one_matrix_would_be(structure: str) -> None:
    asked = problem(structure, "logit")
    pattern, given_effects = asked.pattern, asked.given(somewhere(asked))
    A, n = given_effects.A, len(asked.effects.y)
    W = np.random.default_rng(0).uniform(0.1, 1.0, n)
    lead = pattern.levels * pattern.width
    full = np.zeros((n, lead + pattern.flat))
    for a in range(pattern.width):
        full[np.arange(n), pattern.codes * pattern.width + a] = A.first[:, a]
    for b in range(A.rest.shape[1]):
        full[np.arange(n), lead + pattern.place[:, b]] = A.rest[:, b]
    H = np.eye(full.shape[1]) + full.T @ (W[:, None] * full)
    found = solve_at(pattern, A, W)
    assert found.log_determinant == pytest.approx(np.linalg.slogdet(H)[1], rel=1e-12)
    right = np.random.default_rng(1).normal(size=(len(H), 2))
    first, rest = found.solve(right[:lead].reshape(pattern.levels, pattern.width, 2), right[lead:])
    answer = np.vstack([first.reshape(lead, 2), rest])
    assert answer == pytest.approx(np.linalg.solve(H, right), abs=1e-12)


def same(found: JointFit, expected: JointFit, tolerance: float = 1e-9) -> None:
    assert found.status == expected.status
    assert found.log_likelihood == pytest.approx(expected.log_likelihood, rel=tolerance)
    assert found.params == pytest.approx(expected.params, rel=1e-7, abs=1e-8)
    for one, other in zip(found.covariances, expected.covariances, strict=True):
        assert one == pytest.approx(other, rel=1e-6, abs=1e-8)
    p = len(found.params)
    assert found.covariance[:p, :p] == pytest.approx(expected.covariance[:p, :p], rel=1e-6, abs=1e-8)


@structures
@pytest.mark.parametrize("link", ["logit", "log", "nbinom2"])
@settings(max_examples=3, deadline=None)
@given(seed=SEEDS)
def test_order_of_rows_and_numbers_of_levels_do_not_matter(structure: str, link: str, seed: int) -> None:
    rng, rows = np.random.default_rng(seed), drawn(seed, structure, link)
    expected = fit_joint(rows, LAWS[link])
    moved = reordered(rows, rng.permutation(len(rows.y)))
    known: dict[int, Grouping] = {}
    for term in moved.random:
        group = term.grouping
        numbers = rng.permutation(group.levels)
        known.setdefault(id(group), Grouping(group.name, numbers[group.codes], group.levels))
    random = tuple(Random(known[id(t.grouping)], t.slopes, t.intercept) for t in moved.random)
    same(fit_joint(replace(moved, random=random), LAWS[link]), expected)


@few
@given(seed=SEEDS, structure=st.sampled_from(["nested", "slope", "crossed"]))
def test_collapsed_and_row_level_data_give_the_same_fit(seed: int, structure: str) -> None:
    counts = drawn(seed, structure)
    ones, zeros = counts.y.astype(int), (counts.size - counts.y).astype(int)
    index = np.concatenate([np.repeat(np.arange(len(ones)), ones), np.repeat(np.arange(len(zeros)), zeros)])
    outcome = np.concatenate([np.ones(ones.sum()), np.zeros(zeros.sum())])
    single = replace(reordered(counts, index), y=outcome, size=np.ones(len(index)))
    long, short = fit_joint(single, LOGIT), fit_joint(counts, LOGIT)
    shift = LOGIT.constant(counts.y, counts.size)
    same(long, replace(short, log_likelihood=short.log_likelihood - shift))
    assert len(long.problem.effects.y) < len(index)


@pytest.mark.parametrize("structure", ["cluster", "nested", "slope", "uncorrelated", "region"])
@pytest.mark.parametrize("nodes", [1, 5])
def test_a_trial_written_twice_has_twice_the_likelihood(structure: str, nodes: int) -> None:
    if nodes > 1 and structure in ("nested", "region"):
        pytest.skip("quadrature is for one grouping factor")
    rows = drawn(2, structure, spread=1.0)
    n = len(rows.y)
    twice = reordered(rows, np.tile(np.arange(n), 2))
    known: dict[int, Grouping] = {}
    for term in twice.random:
        group = term.grouping
        codes = group.codes + np.repeat([0, group.levels], n)
        known.setdefault(id(group), Grouping(group.name, codes, 2 * group.levels))
    random = tuple(Random(known[id(t.grouping)], t.slopes, t.intercept) for t in twice.random)
    once, both = fit_joint(rows, LOGIT, nodes), fit_joint(replace(twice, random=random), LOGIT, nodes)
    assert both.log_likelihood == pytest.approx(2 * once.log_likelihood, rel=1e-12)
    assert both.params == pytest.approx(once.params, rel=1e-7, abs=1e-9)
    assert 2 * both.covariance == pytest.approx(once.covariance, rel=5e-6, abs=1e-8)


@few
@given(seed=SEEDS)
def test_another_coding_of_the_fixed_effects_changes_nothing(seed: int) -> None:
    rows = drawn(seed, "nested")
    turn = np.array([[1, -1, 10], [0, 1, -3], [0, 0, 0.01]])
    plain, turned = fit_joint(rows, LOGIT), fit_joint(replace(rows, X=rows.X @ turn), LOGIT)
    assert turned.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-9)
    assert turn @ turned.params == pytest.approx(plain.params, rel=1e-6, abs=1e-7)


def test_counts_may_be_split_over_person_time() -> None:
    rows, law = drawn(3, "nested", "log"), LAWS["log"]
    twice = reordered(rows, np.tile(np.arange(len(rows.y)), 2))
    y = np.concatenate([rows.y, np.zeros_like(rows.y)])
    size = np.concatenate([0.25 * rows.size, 0.75 * rows.size])
    whole, split = fit_joint(rows, law), fit_joint(replace(twice, y=y, size=size), law)
    shift = law.constant(y, size) - law.constant(rows.y, rows.size)
    same(split, replace(whole, log_likelihood=whole.log_likelihood + shift))


def test_an_offset_of_log_time_is_a_denominator() -> None:
    rows, law = drawn(3, "nested", "log"), LAWS["log"]
    offset = replace(rows, offset=rows.offset + np.log(rows.size), size=np.ones_like(rows.size))
    same(fit_joint(offset, law), fit_joint(rows, law))


def test_a_variance_of_zero_is_a_boundary_with_the_fit_of_the_smaller_model() -> None:
    for seed in range(30):
        rows = drawn(seed, "nested", spread=0.3)
        fit = fit_joint(rows, LOGIT)
        if fit.status == "boundary":
            break
    zero = int(np.flatnonzero(fit.at_zero)[0])
    assert fit.theta[zero] == 0.0
    assert fit.boundary_scores[zero] <= 0.0
    p = len(fit.params)
    assert np.all(fit.covariance[p + zero] == 0.0)
    smaller = fit_joint(replace(rows, random=(rows.random[1 - zero],)), LOGIT)
    assert fit.log_likelihood == pytest.approx(smaller.log_likelihood, abs=1e-9)
    assert fit.params == pytest.approx(smaller.params, abs=1e-7)


def test_perfectly_correlated_coefficients_are_a_boundary() -> None:
    rows = drawn(1, "slope", spread=1.0)
    fit = fit_joint(rows, LOGIT)
    assert fit.status == "boundary"
    assert np.linalg.matrix_rank(fit.covariances[0], tol=1e-12) < 2
    inside = fit.theta + np.array([0.0, 0.0, 1e-3])
    near = evaluate(fit.problem, np.append(fit.params, inside), fit.point.modes)
    assert near.value < fit.point.value


def test_counts_that_are_no_more_dispersed_than_poisson() -> None:
    rng = np.random.default_rng(0)
    rows = drawn(0, "nested", "log")
    even = replace(rows, y=np.round(rows.size * np.exp(rng.normal(1, 0.1, len(rows.y)))))
    fit, poisson = fit_joint(even, NegativeBinomialLog()), fit_joint(even, LAWS["log"])
    assert (fit.status, fit.log_shape) == ("boundary", np.inf)
    assert fit.log_likelihood == pytest.approx(poisson.log_likelihood)
    assert len(fit.covariance) == len(poisson.covariance) + 1


@pytest.mark.parametrize("link", LAWS)
@structures
def test_treated_rows_without_events_are_separation_by_their_column(structure: str, link: str) -> None:
    rows = drawn(3, structure, link)
    fit = fit_joint(replace(rows, y=np.where(rows.X[:, 1] == 1, 0.0, rows.y)), LAWS[link])
    assert (fit.status, fit.reason) == ("failed", "separation")
    assert fit.separating == (1,)


@pytest.mark.parametrize("link", LAWS)
def test_an_outcome_that_is_always_zero_fails(link: str) -> None:
    rows = drawn(3, "nested", link)
    assert fit_joint(replace(rows, y=np.zeros_like(rows.y)), LAWS[link]).status == "failed"


@pytest.mark.parametrize("link", ["logit", "nbinom2"])
def test_more_random_effects_than_observations(link: str) -> None:
    rows = drawn(3, "cluster", link)
    alone = Grouping("row", np.arange(len(rows.y)), len(rows.y))
    bare = replace(rows, random=(*rows.random, Random(alone)))
    if link == "logit":
        bare = replace(bare, y=np.minimum(bare.y, 1.0), size=np.ones_like(bare.size))
    fit = fit_joint(bare, LAWS[link])
    assert fit.status == "failed"
    assert "160 random effects of row" in fit.reason


def test_a_poisson_count_may_have_a_random_effect_a_row() -> None:
    rows = drawn(3, "cluster", "nbinom2")
    alone = Grouping("row", np.arange(len(rows.y)), len(rows.y))
    fit = fit_joint(replace(rows, random=(*rows.random, Random(alone))), LAWS["log"])
    assert fit.status == "ok"
    assert fit.log_likelihood > fit_joint(rows, LAWS["log"]).log_likelihood + 5


def test_columns_that_repeat_others_fail() -> None:
    rows = drawn(3, "nested")
    fit = fit_joint(replace(rows, X=np.column_stack([rows.X, rows.X[:, 1]])), LOGIT)
    assert (fit.status, fit.reason) == ("failed", "the information is singular")


def test_a_level_with_one_row_is_harmless() -> None:
    rows = drawn(4, "nested")
    cluster = rows.random[0].grouping
    keep = np.flatnonzero((cluster.codes != 3) | (np.cumsum(cluster.codes == 3) == 1))
    fit = fit_joint(reordered(rows, keep), LOGIT)
    assert fit.status in ("ok", "boundary")


def test_levels_that_have_no_rows_are_left_out() -> None:
    rows = drawn(4, "nested")
    wide = tuple(
        Random(Grouping(t.grouping.name, 3 * t.grouping.codes, 3 * t.grouping.levels)) for t in rows.random
    )
    same(fit_joint(replace(rows, random=wide), LOGIT), fit_joint(rows, LOGIT))
    assert subset(wide, np.arange(3))[0].grouping.levels == 30


def test_evidence_of_the_maximum() -> None:
    rows = drawn(2, "nested", spread=1.0)
    assert isinstance(rows, StructuredRows)
    fit = fit_joint(rows, LOGIT)
    assert fit.gradient < 1e-8
    assert fit.curvature > 1e-3
    best = fit.point.value
    for j in range(len(fit.point.psi)):
        move = 0.01 * np.sqrt(fit.covariance[j, j]) * np.eye(len(fit.point.psi))[j]
        for sign in (1, -1):
            assert evaluate(fit.problem, fit.point.psi + sign * move, fit.point.modes).value < best


def test_quadrature_with_several_groupings_is_refused() -> None:
    rng = np.random.default_rng(1)
    cluster = np.repeat(np.arange(8), 12)
    groups = (
        Random(Grouping("cluster", cluster, 8)),
        Random(Grouping("period", np.tile(np.arange(12), 8), 12)),
    )
    rows = StructuredRows(np.ones((96, 1)), rng.integers(0, 2, 96).astype(float), np.ones(96), groups)
    with pytest.raises(FitError, match="one grouping") as caught:
        fit_joint(rows, LAWS["logit"], 7)
    assert caught.value.found == "2 groupings"
