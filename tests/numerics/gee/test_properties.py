"""What must not matter does not, and what cannot be solved says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from precept_stats.inference.sandwich_df import SandwichDf
from precept_stats.numerics.gee import variance
from precept_stats.numerics.gee.cells import GeeRows
from precept_stats.numerics.gee.fit import GeeFit, fit_gee

from .generated import CORRELATIONS, FAMILIES, model, rows

SEEDS = st.integers(0, 2**32 - 1)
few = settings(max_examples=3)
everything = pytest.mark.parametrize(
    ("family", "working"),
    [
        *(("logit", working) for working in CORRELATIONS),
        ("gaussian", "exchangeable"),
        ("poisson", "nested"),
        ("binomial_log", "exchangeable"),
        ("binomial_identity", "independence"),
        ("poisson_identity", "decay"),
    ],
)


def with_rows(data: GeeRows, order: np.ndarray) -> GeeRows:
    fields = ("X", "count", "total", "squares", "exposure", "cluster", "period")
    return replace(data, **{field: getattr(data, field)[order] for field in fields})


def one_by_one(data: GeeRows) -> GeeRows:
    """The same outcomes with a covariate so little changed that no two rows are equal any more."""
    X = data.X.copy()
    X[:, 5] += 1e-13 * np.arange(len(X))
    return replace(data, X=X)


def variances(fit: GeeFit, coding: np.ndarray | None = None) -> list[np.ndarray]:
    leverage = variance.leverage_of(fit)
    linear = [
        variance.liang_zeger(fit),
        variance.kauermann_carroll(fit, leverage),
        variance.mancl_derouen(fit, leverage),
        variance.fay_graubard(fit, coding),
        variance.cr2(fit),
    ]
    contrast = np.eye(len(fit.params))[1]
    df = [np.array(SandwichDf(*v.pieces(), fit.bread)(contrast)) for v in linear]
    return [*(v.covariance for v in linear), variance.morel_bokossa_neerchal(fit).covariance, *df]


def same(
    one: GeeFit, other: GeeFit, turn: np.ndarray, tolerance: float, coding: np.ndarray | None = None
) -> None:
    """``other`` has the parameters turn @ those of ``one``.

    CR2 is a root of products of variances, and loses digits as the square of how far these are apart.
    """
    assert bool(one.reason) == bool(other.reason)
    if one.reason:
        return
    lost = 1e-15 * (one.state.variance.max() / one.state.variance.min()) ** 2
    scale = np.sqrt(np.diag(turn @ one.bread @ turn.T))
    assert other.params / scale == pytest.approx(turn @ one.params / scale, abs=100 * tolerance)
    assert other.alpha == pytest.approx(one.alpha, abs=100 * tolerance)
    contrast = np.eye(len(turn))[1]
    assert turn.T @ contrast == pytest.approx(contrast)
    for before, after in zip(variances(one), variances(other, coding), strict=True):
        expected = turn @ before @ turn.T if before.ndim == 2 else before
        size = np.outer(scale, scale) if before.ndim == 2 else 1.0
        assert after / size == pytest.approx(expected / size, rel=1e-6, abs=100 * tolerance + lost)


@everything
@few
@given(seed=SEEDS)
def test_the_order_of_rows_does_not_matter(family: str, working: str, seed: int) -> None:
    data = rows(seed, family, alike=0.6)
    order = np.random.default_rng(seed).permutation(len(data.total))
    asked = model(family, working)
    same(fit_gee(data, asked), fit_gee(with_rows(data, order), asked), np.eye(6), 1e-9)


@everything
@few
@given(seed=SEEDS)
def test_the_numbers_of_clusters_do_not_matter(family: str, working: str, seed: int) -> None:
    data = rows(seed, family, weighted=True, alike=0.6)
    place = np.random.default_rng(seed).permutation(len(data.weight))
    renamed = replace(data, cluster=place[data.cluster], weight=data.weight[np.argsort(place)])
    asked = model(family, working)
    same(fit_gee(data, asked), fit_gee(renamed, asked), np.eye(6), 1e-9)


@everything
@few
@given(seed=SEEDS, corrected=st.booleans())
def test_counts_of_equal_outcomes_and_outcomes_one_by_one_agree(
    family: str, working: str, seed: int, corrected: bool
) -> None:
    data = rows(seed, family, coarse=True, alike=0.6)
    data = replace(data, exposure=np.ones(len(data.total)))
    key = np.column_stack([data.cluster, data.period, data.X[:, 5]])
    _, first, group = np.unique(key, axis=0, return_index=True, return_inverse=True)
    group = group.ravel()
    sums = {f: np.bincount(group, weights=getattr(data, f)) for f in ("count", "total", "squares")}
    asked = model(family, working, corrected=corrected)
    together = replace(with_rows(data, first), **sums)
    same(fit_gee(one_by_one(data), asked), fit_gee(together, asked), np.eye(6), 1e-9)


@everything
@few
@given(seed=SEEDS, factor=st.sampled_from([1e-6, 1e-3, 1e3, 1e6]))
def test_the_units_of_covariates_do_not_matter(family: str, working: str, seed: int, factor: float) -> None:
    data = rows(seed, family, alike=0.6)
    scaling = np.array([1, 1, 1, 1, factor, 1 / factor])
    asked = model(family, working)
    same(fit_gee(data, asked), fit_gee(replace(data, X=data.X * scaling), asked), np.diag(1 / scaling), 1e-9)


@pytest.mark.parametrize("working", CORRELATIONS)
@few
@given(seed=SEEDS)
def test_fay_graubard_depends_on_coding_and_the_coding_can_be_given(working: str, seed: int) -> None:
    """One column an arm instead of an intercept and a difference: another answer, unless it is told."""
    data = rows(seed, "logit", alike=0.6)
    X = data.X.copy()
    X[:, 0] -= X[:, 1]
    one = fit_gee(data, model("logit", working))
    other = fit_gee(replace(data, X=X), model("logit", working))
    if one.reason:
        return
    back = np.eye(6)
    back[1, 0] = -1.0
    told = back @ variance.fay_graubard(other).covariance @ back.T
    assert abs(told[1, 1] / variance.fay_graubard(one).covariance[1, 1] - 1) > 1e-4
    told = back @ variance.fay_graubard(other, back).covariance @ back.T
    assert told == pytest.approx(variance.fay_graubard(one).covariance, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_columns_that_repeat_others(family: str) -> None:
    data = rows(1, family)
    again = replace(data, X=np.column_stack([data.X, data.X[:, 1] - 2 * data.X[:, 4]]))
    assert fit_gee(again, model(family, "exchangeable")).reason == "aliased"


@pytest.mark.parametrize("family", ["logit", "binomial_log", "binomial_identity", "poisson"])
def test_an_arm_without_events(family: str) -> None:
    data = rows(1, family)
    total = np.where(data.X[:, 1] == 1, 0.0, data.total)
    for working in ("independence", "exchangeable"):
        fit = fit_gee(replace(data, total=total, squares=total**2), model(family, working))
        assert fit.reason in ("separation", "not_settled", "means")


def test_risks_that_would_pass_one_do_not_settle() -> None:
    """Log-binomial: risks of 1 at the far end of a covariate."""
    data = rows(3, "logit")
    x = np.linspace(-1, 1, len(data.total))
    total = (np.random.default_rng(0).random(len(x)) < np.minimum(1, np.exp(0.9 * x - 0.1))).astype(float)
    steep = replace(data, X=np.column_stack([np.ones(len(x)), x]), total=total, squares=total)
    assert fit_gee(steep, model("binomial_log", "independence")).reason in ("not_settled", "separation")
    assert fit_gee(steep, model("poisson", "independence")).reason == ""


def test_a_correlation_needs_pairs() -> None:
    data = rows(3, "gaussian")
    alone = replace(data, cluster=np.arange(len(data.total)), weight=np.ones(len(data.total)))
    assert fit_gee(alone, model("gaussian", "exchangeable")).reason == "no_pairs"
    assert fit_gee(alone, model("gaussian", "independence")).reason == ""
    first = with_rows(replace(data, X=data.X[:, :2]), np.flatnonzero(data.period == 0))
    assert fit_gee(first, model("gaussian", "nested")).reason == "no_pairs"


def test_too_negative_a_correlation_is_not_positive_definite() -> None:
    """Pairs that differ always in the same way."""
    cluster = np.repeat(np.arange(10), 2)
    y = np.tile([1.0, -1.0], 10)
    ones = np.ones(20)
    data = GeeRows(ones[:, None], ones, y, y * y, ones, cluster, 0 * cluster, np.ones(10))
    assert fit_gee(data, model("gaussian", "exchangeable")).reason == "correlation"


def test_a_cluster_that_fixes_a_parameter_takes_no_part_in_it() -> None:
    """Its own column: CR2 then leaves that direction out and stays finite."""
    data = rows(3, "gaussian")
    own = replace(data, X=np.column_stack([data.X, data.cluster == 4]).astype(float))
    fit = fit_gee(own, model("gaussian", "exchangeable"))
    leverage = variance.leverage_of(fit)
    assert leverage.largest[4] == pytest.approx(1)
    found = variance.cr2(fit)
    assert np.all(np.isfinite(found.covariance))
    assert found.covariance[1, 1] > variance.liang_zeger(fit).covariance[1, 1]
