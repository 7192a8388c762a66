"""What must not change a fit, and fits of different kernels and structures that must agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.inference.likelihood import LinearMaximum, likelihood_ratio_test, profile_interval
from precept_stats.inference.satterthwaite import satterthwaite
from precept_stats.numerics.cells.criterion import deviance
from precept_stats.numerics.cells.fit import CellFit, fit_cells
from precept_stats.numerics.cells.model import CellModel, ResidualGroups
from precept_stats.numerics.cells.prediction import predict_cells
from precept_stats.numerics.mixed.fit import MixedFit, fit_mixed
from precept_stats.numerics.mixed.model import Fixed, Grouping, MixedModel, Numeric, Random, Rows
from precept_stats.numerics.mixed.prediction import predict_random

from .generated import SEEDS, STRUCTURES, trial

SHAPES = st.tuples(st.sampled_from(STRUCTURES), st.booleans())


def same(one: CellFit, other: CellFit, *, rel: float = 1e-9) -> None:
    assert one.deviance == pytest.approx(other.deviance, rel=rel)
    assert one.params == pytest.approx(other.params, rel=1e-6, abs=1e-7)
    assert one.covariance == pytest.approx(other.covariance, rel=1e-5, abs=1e-8)
    assert one.at_zero == other.at_zero


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, shape=SHAPES)
def test_the_order_of_rows_and_the_numbers_of_clusters(seed: int, shape: tuple[str, bool]) -> None:
    rows, rng = trial(seed), np.random.default_rng(seed)
    moved = rows.rows(rng.permutation(len(rows.y)))
    relabelled = rng.permutation(int(rows.cluster.max()) + 1)
    moved = replace(moved, cluster=relabelled[moved.cluster])
    one = fit_cells(rows.model(shape[0], by_arm=shape[1]))
    other = fit_cells(moved.model(shape[0], by_arm=shape[1]))
    same(one, other)
    ours, theirs = predict_cells(one), predict_cells(other)
    assert ours.clusters == pytest.approx(theirs.clusters[relabelled], rel=1e-5, abs=1e-6)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, shape=SHAPES, factor=st.sampled_from([1e-4, 0.3, 70.0, 1e5]), shift=st.floats(-1e3, 1e3))
def test_scale_and_origin_of_the_outcome(
    seed: int, shape: tuple[str, bool], factor: float, shift: float
) -> None:
    rows = trial(seed)
    one = fit_cells(rows.model(shape[0], by_arm=shape[1]))
    other = fit_cells(rows.model(shape[0], by_arm=shape[1], y=factor * rows.y + shift))
    assert other.params[1:] == pytest.approx(factor * one.params[1:], rel=1e-6, abs=1e-7 * factor)
    assert np.array(other.sigma2) == pytest.approx(factor**2 * np.array(one.sigma2), rel=1e-6)
    df = one.problem.df
    assert other.deviance == pytest.approx(one.deviance + 2.0 * df * np.log(factor), rel=1e-9, abs=1e-6)
    assert other.at_zero == one.at_zero


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, shape=SHAPES, size=st.sampled_from([1.0, 1e3, 1e5]))
def test_fixed_columns_added_to_the_outcome(seed: int, shape: tuple[str, bool], size: float) -> None:
    """Their coefficients move and nothing else, also where they explain nearly all of the outcome."""
    rows = trial(seed)
    one = fit_cells(rows.model(shape[0], by_arm=shape[1]))
    moved = rows.y + size * (rows.treated - rows.x + (rows.sex == 2))
    other = fit_cells(rows.model(shape[0], by_arm=shape[1], y=moved))
    change = np.zeros(len(one.params))
    change[[1, 5, 7]] = (size, -size, size)
    assert one.names[5] == "x"
    assert one.names[7] == "u"
    assert other.deviance == pytest.approx(one.deviance, rel=1e-8)
    assert other.params - change == pytest.approx(one.params, rel=1e-5, abs=1e-5)
    assert other.covariance == pytest.approx(one.covariance, rel=1e-5, abs=1e-7)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, shape=SHAPES)
def test_the_coding_of_fixed_effects(seed: int, shape: tuple[str, bool]) -> None:
    """Numeric columns recombined: the same maximum by ML, and KR of a contrast the same by REML."""
    model = trial(seed).model(shape[0], by_arm=shape[1])
    treated, period, x, sex = model.fixed.terms
    assert isinstance(treated, Numeric)
    assert isinstance(x, Numeric)
    mixed = Numeric("both", 2.0 * treated.values + 100.0 + 3.0 * x.values)
    turned = replace(model, fixed=Fixed((mixed, period, x, sex)))
    assert fit_cells(turned, "ml").deviance == pytest.approx(fit_cells(model, "ml").deviance, rel=1e-9)
    one, other = kenward_roger(fit_cells(model)), kenward_roger(fit_cells(turned))
    gradient = np.eye(len(one.covariance))[1]
    assert other.df(gradient) == pytest.approx(one.df(gradient), rel=1e-5)
    assert 4.0 * other.covariance[1, 1] == pytest.approx(one.covariance[1, 1], rel=1e-5)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, by_arm=st.booleans())
def test_a_decay_of_one_is_exchangeable(seed: int, by_arm: bool) -> None:
    rows = trial(seed)
    exchangeable = fit_cells(rows.model("exchangeable", by_arm=by_arm))
    problem = fit_cells(rows.model("discrete_time_decay", by_arm=by_arm)).problem
    theta = exchangeable.theta
    for angle in (0.0, 1e-5):
        found = deviance(problem, np.concatenate([theta[:1], [angle], theta[1:]]))
        assert found == pytest.approx(exchangeable.deviance, rel=1e-7)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, kind=st.sampled_from(STRUCTURES))
def test_one_residual_group_is_the_common_residual(seed: int, kind: str) -> None:
    model = trial(seed).model(kind)
    grouped = replace(model, residual=ResidualGroups(("all",), np.zeros(len(model.rows.y), dtype=np.intp)))
    one, other = fit_cells(model), fit_cells(grouped)
    assert other.deviance == one.deviance
    assert other.sigma2 == one.sigma2


def events(seed: int, *, by_arm: bool) -> tuple[CellModel, CellModel]:
    """0/1 rows and the same rows collapsed by cell and sex."""
    rows = trial(seed)
    rng = np.random.default_rng(seed)
    rows = rows.rows(np.repeat(np.arange(len(rows.y)), 3))
    rows = replace(rows, y=(rng.uniform(size=len(rows.y)) < 0.3 + 0.02 * rows.cluster).astype(float))
    whole = rows.model("nested_exchangeable", by_arm=by_arm)
    terms = (whole.fixed.terms[0], whole.fixed.terms[1], whole.fixed.terms[3])
    whole = replace(whole, fixed=Fixed(terms))
    code = whole.cells * 3 + rows.sex
    _, first, place, size = np.unique(code, return_index=True, return_inverse=True, return_counts=True)
    count = np.bincount(place, rows.y)
    left = count - count**2 / size
    short = rows.rows(first)
    kept = short.model("nested_exchangeable", by_arm=by_arm)
    kept = replace(kept, fixed=Fixed((kept.fixed.terms[0], kept.fixed.terms[1], kept.fixed.terms[3])))
    if kept.residual is not None:
        kept = replace(kept, residual=replace(kept.residual, within=np.bincount(kept.residual.codes, left)))
    within = 0.0 if by_arm else float(left.sum())
    return whole, replace(kept, rows=Rows(count / size, repeats=size.astype(float), within=within))


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, by_arm=st.booleans())
def test_collapsed_rows_are_the_rows(seed: int, by_arm: bool) -> None:
    whole, collapsed = events(seed, by_arm=by_arm)
    one, other = fit_cells(whole), fit_cells(collapsed)
    assert other.deviance == pytest.approx(one.deviance, rel=1e-9)
    assert other.params == pytest.approx(one.params, rel=1e-7, abs=1e-9)
    assert other.covariance == pytest.approx(one.covariance, rel=1e-7, abs=1e-9)
    assert kenward_roger(other).covariance == pytest.approx(kenward_roger(one).covariance, rel=1e-6, abs=1e-9)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS)
def test_an_offset_is_subtracted(seed: int) -> None:
    model = trial(seed).model("nested_exchangeable")
    offset = np.random.default_rng(seed).normal(size=len(model.rows.y))
    moved = replace(model, rows=Rows(model.rows.y + offset, offset=offset))
    same(fit_cells(moved), fit_cells(model))


def both(seed: int, kind: str, *, weighted: bool, criterion: str) -> tuple[CellFit, MixedFit]:
    """One model fitted by this kernel and by that of crossed and nested random terms."""
    model = trial(seed, weighted=weighted).model(kind)
    random = [Random(model.cluster)]
    if kind == "nested_exchangeable":
        codes, cells = np.unique(model.cells, return_inverse=True)
        random.append(Random(Grouping("cell", cells.astype(np.intp), len(codes))))
    if kind == "random_intervention":
        random = [Random(model.cluster, (model.structure.columns[0],))]
    there = fit_mixed(MixedModel(model.rows, model.fixed, tuple(random)), criterion)
    return fit_cells(model, criterion), there


@settings(max_examples=20, deadline=None)
@given(
    seed=SEEDS,
    kind=st.sampled_from(["exchangeable", "nested_exchangeable", "random_intervention"]),
    weighted=st.booleans(),
    criterion=st.sampled_from(["reml", "ml"]),
)
def test_both_kernels_give_one_fit(seed: int, kind: str, weighted: bool, criterion: str) -> None:
    ours, theirs = both(seed, kind, weighted=weighted, criterion=criterion)
    assert ours.deviance == pytest.approx(theirs.deviance, rel=1e-9)
    assert ours.params == pytest.approx(theirs.params, rel=1e-5, abs=1e-6)
    assert ours.psi == pytest.approx(tuple(c.value for c in theirs.components), rel=1e-4, abs=1e-6)
    assert ours.sigma2[0] == pytest.approx(theirs.sigma2, rel=1e-5)


@pytest.mark.parametrize("kind", ["exchangeable", "nested_exchangeable", "random_intervention"])
def test_the_rules_serve_both_kernels(kind: str) -> None:
    ours, theirs = both(3, kind, weighted=True, criterion="reml")
    one, other = kenward_roger(ours), kenward_roger(theirs)
    assert one.covariance == pytest.approx(other.covariance, rel=1e-6, abs=1e-8)
    for row in np.eye(len(ours.params)):
        assert one.df(row) == pytest.approx(other.df(row), rel=1e-6)
        assert satterthwaite(ours)(row) == pytest.approx(satterthwaite(theirs)(row), rel=1e-5)
    predicted, known = predict_cells(ours), predict_random(theirs)[0]
    assert predicted.clusters == pytest.approx(known.values, rel=1e-6, abs=1e-8)
    assert predicted.cluster_errors == pytest.approx(known.std_errors, rel=1e-6)


def test_likelihood_ratios_serve_both_kernels() -> None:
    ours, theirs = both(3, "nested_exchangeable", weighted=False, criterion="ml")
    L = np.eye(len(ours.params))[1:3]
    ours, theirs = LinearMaximum(ours), LinearMaximum(theirs)
    one, other = likelihood_ratio_test(ours, L), likelihood_ratio_test(theirs, L)
    assert one.statistic == pytest.approx(other.statistic, rel=1e-7)
    near, there = profile_interval(ours, L[0]), profile_interval(theirs, L[0])
    assert (near.lower, near.upper) == pytest.approx((there.lower, there.upper), rel=1e-6)
