"""What must not matter to a mixed model does not, and what must scale does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.inference.satterthwaite import satterthwaite
from precept_stats.numerics.mixed.fit import fit_mixed
from precept_stats.numerics.mixed.model import (
    Fixed,
    Grouping,
    MixedModel,
    Numeric,
    Random,
    Rows,
)

from .generated import SEEDS, SHAPES, generated, reordered

few = settings(max_examples=6)


def same(one, other, tolerance: float = 1e-9) -> None:
    """Estimates and deviance; theta is left out, as it is flat near 0."""
    assert one.deviance == pytest.approx(other.deviance, rel=1e-10, abs=1e-8)
    scale = np.sqrt(np.diag(other.covariance))
    assert (one.params - other.params) / scale == pytest.approx(0.0, abs=1e-6 if one.boundary else 1e-7)
    assert one.sigma2 == pytest.approx(other.sigma2, rel=max(tolerance, 1e-7))


@pytest.mark.parametrize("shape", SHAPES)
@few
@given(seed=SEEDS)
def test_the_order_of_rows_does_not_matter(shape: str, seed: int) -> None:
    model = generated(seed, shape, weighted=True)
    order = np.random.default_rng(seed).permutation(len(model.rows.y))
    same(fit_mixed(reordered(model, order)), fit_mixed(model))


@few
@given(seed=SEEDS)
def test_the_numbering_of_levels_does_not_matter(seed: int) -> None:
    model = generated(seed, "intercept")
    group = model.random[0].grouping
    place = np.random.default_rng(seed).permutation(group.levels)
    other = replace(model, random=(Random(replace(group, codes=place[group.codes].astype(np.intp))),))
    same(fit_mixed(other), fit_mixed(model))


@pytest.mark.parametrize("shape", SHAPES)
@few
@given(seed=SEEDS, scale=st.floats(1e-4, 1e4), shift=st.floats(-1e4, 1e4))
def test_unit_and_origin_of_the_outcome(shape: str, seed: int, scale: float, shift: float) -> None:
    model = generated(seed, shape)
    moved = replace(model, rows=replace(model.rows, y=shift + scale * model.rows.y))
    one, other = fit_mixed(model), fit_mixed(moved)
    df = len(model.rows.y) - len(one.params)
    assert other.deviance == pytest.approx(one.deviance + 2 * df * np.log(scale), rel=1e-8, abs=1e-6)
    assert other.sigma2 == pytest.approx(one.sigma2 * scale**2, rel=1e-5)
    errors = np.sqrt(np.diag(one.covariance))
    expected = scale * one.params + shift * np.eye(1, len(one.params))[0]
    assert (other.params - expected) / (scale * errors) == pytest.approx(0.0, abs=1e-5)


@few
@given(seed=SEEDS)
def test_recoding_the_fixed_effects_recodes_the_answer(seed: int) -> None:
    """The likelihood by ML does not change, a contrast's estimate, variance and df neither."""
    model = generated(seed, "nested")
    arm, x, period = model.fixed.terms
    recoded = (Numeric("arm", 1.0 - arm.values), Numeric("x", 100.0 + 0.01 * x.values), period)
    other = replace(model, fixed=Fixed(recoded))
    assert fit_mixed(other, "ml").deviance == pytest.approx(fit_mixed(model, "ml").deviance, rel=1e-9)
    one, two = fit_mixed(model), fit_mixed(other)
    e = np.eye(len(one.params))
    assert two.params[1] == pytest.approx(-one.params[1], rel=1e-5, abs=1e-7)
    assert two.params[2] == pytest.approx(100.0 * one.params[2], rel=1e-5, abs=1e-5)
    for rule in (satterthwaite, lambda fit: kenward_roger(fit).df):
        for j in (1, 2):
            assert rule(two)(e[j]) == pytest.approx(rule(one)(e[j]), rel=1e-4)
    ours, theirs = kenward_roger(two).covariance, kenward_roger(one).covariance
    assert ours[1, 1] == pytest.approx(theirs[1, 1], rel=1e-5)


@few
@given(seed=SEEDS)
def test_every_cluster_twice_doubles_the_deviance_by_ml(seed: int) -> None:
    model = generated(seed, "intercept")
    n, K = len(model.rows.y), model.random[0].grouping.levels
    twice = reordered(model, np.tile(np.arange(n), 2))
    group = twice.random[0].grouping
    codes = group.codes + K * np.repeat([0, 1], n)
    twice = replace(twice, random=(Random(Grouping("a", codes.astype(np.intp), 2 * K)),))
    one, two = fit_mixed(model, "ml"), fit_mixed(twice, "ml")
    assert two.deviance == pytest.approx(2.0 * one.deviance, rel=1e-9)
    assert two.covariance == pytest.approx(one.covariance / 2.0, rel=1e-6, abs=1e-12)


@few
@given(seed=SEEDS, size=st.integers(1, 6))
def test_collapsed_rows_are_the_rows(seed: int, size: int) -> None:
    """Counts of 0/1 rows with equal columns, and the rows one by one: the same fit."""
    rng = np.random.default_rng(seed)
    K, cells = 12, 4
    a = np.repeat(np.arange(K), cells).astype(np.intp)
    n = rng.integers(1, 1 + size, K * cells) + 1
    risk = 1 / (1 + np.exp(-rng.normal(0, 0.8, K)[a]))
    events = rng.binomial(n, risk)
    events[0], n[0] = 1, 3
    x = rng.normal(size=K * cells)
    arm = (a % 2).astype(float)
    grouped = MixedModel(
        Rows(events / n, repeats=n.astype(float), within=float(np.sum(events - events**2 / n))),
        Fixed((Numeric("arm", arm), Numeric("x", x))),
        (Random(Grouping("a", a, K)),),
    )
    y = np.concatenate([np.repeat([1.0, 0.0], [e, m - e]) for e, m in zip(events, n, strict=True)])
    long = MixedModel(
        Rows(y),
        Fixed((Numeric("arm", np.repeat(arm, n)), Numeric("x", np.repeat(x, n)))),
        (Random(Grouping("a", np.repeat(a, n), K)),),
    )
    one, other = fit_mixed(grouped), fit_mixed(long)
    assert one.deviance == pytest.approx(other.deviance, rel=1e-9)
    assert one.params == pytest.approx(other.params, rel=1e-8, abs=1e-9)
    assert one.sigma2 == pytest.approx(other.sigma2, rel=1e-8)
    ours, theirs = kenward_roger(one), kenward_roger(other)
    assert ours.covariance == pytest.approx(theirs.covariance, rel=1e-7, abs=1e-12)


@few
@given(seed=SEEDS)
def test_balanced_clusters_are_the_t_test_of_their_means(seed: int) -> None:
    """With equal sizes Kenward-Roger is the t-test on clusters - 2, unless the variance is estimated as 0."""
    rng = np.random.default_rng(seed)
    K, m = 10, 8
    a = np.repeat(np.arange(K), m).astype(np.intp)
    y = rng.normal(0, 1.0, K)[a] + rng.normal(size=K * m)
    arm = (a % 2).astype(float)
    model = MixedModel(Rows(y), Fixed((Numeric("arm", arm),)), (Random(Grouping("a", a, K)),))
    fit = fit_mixed(model)
    if fit.boundary:
        return
    found = kenward_roger(fit)
    means = y.reshape(K, m).mean(axis=1)
    theirs = stats.ttest_ind(means[1::2], means[::2])
    effect = np.array([0.0, 1.0])
    assert found.df(effect) == pytest.approx(K - 2, rel=1e-6)
    assert fit.params[1] / np.sqrt(found.covariance[1, 1]) == pytest.approx(theirs.statistic, rel=1e-6)


@few
@given(seed=SEEDS)
def test_an_offset_is_a_coefficient_of_one(seed: int) -> None:
    model = generated(seed, "intercept")
    x = model.fixed.terms[1]
    with_offset = replace(model, rows=replace(model.rows, offset=x.values))
    one, other = fit_mixed(model), fit_mixed(with_offset)
    assert other.params[2] == pytest.approx(one.params[2] - 1.0, rel=1e-6, abs=1e-7)
    assert other.deviance == pytest.approx(one.deviance, rel=1e-10)


@few
@given(seed=SEEDS)
def test_a_fixed_residual_variance_at_its_estimate_changes_nothing(seed: int) -> None:
    model = generated(seed, "slopes")
    free = fit_mixed(model)
    fixed = fit_mixed(model, scale=free.sigma2)
    assert fixed.deviance == pytest.approx(free.deviance, rel=1e-9)
    assert fixed.params == pytest.approx(free.params, rel=1e-5, abs=1e-7)
