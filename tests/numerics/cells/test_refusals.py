"""Rows that no fit can mend are refused by name; boundaries are found and said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from precept_stats.errors import FitError
from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.inference.likelihood import LinearMaximum, likelihood_ratio_test
from precept_stats.inference.satterthwaite import satterthwaite
from precept_stats.numerics.cells.fit import fit_cells
from precept_stats.numerics.cells.model import CellModel, ResidualGroups
from precept_stats.numerics.mixed.model import Fixed, Numeric, Rows

from .generated import STRUCTURES, Trial, trial

CLUSTERS_OF_ONE_CELL = ("nested_exchangeable", "discrete_time_decay")


def one_row_a_cell(kind: str, rows: Trial) -> CellModel:
    first = np.unique(rows.cluster * 4 + rows.period, return_index=True)[1]
    model = rows.rows(first).model(kind)
    return replace(model, fixed=Fixed(model.fixed.terms[:2]))


@pytest.mark.parametrize("kind", CLUSTERS_OF_ONE_CELL)
def test_one_cell_a_cluster_says_why_it_cannot_be_fitted(kind: str) -> None:
    model = replace(trial(3).model(kind), period=None)
    with pytest.raises(FitError, match="one cell a cluster") as caught:
        fit_cells(model)
    assert "exchangeable" in str(caught.value)


def test_one_row_a_cell_cannot_tell_a_cell_from_a_residual() -> None:
    with pytest.raises(FitError, match="cluster-period variance, residual"):
        fit_cells(one_row_a_cell("nested_exchangeable", trial(3)))
    assert fit_cells(one_row_a_cell("discrete_time_decay", trial(3))).converged


def test_an_effect_of_the_intervention_needs_clusters_that_have_it_and_have_it_not() -> None:
    rows = trial(3)
    parallel = replace(rows, treated=(rows.cluster % 2).astype(float))
    with pytest.raises(FitError, match="with it and without it"):
        fit_cells(parallel.model("random_intervention"))


def test_a_column_with_random_effects_is_constant_in_a_cell() -> None:
    model = replace(trial(3).model("random_intervention"), period=None)
    with pytest.raises(FitError, match="constant within a cell"):
        fit_cells(model)


def test_a_cell_has_one_residual_group() -> None:
    model = trial(3).model("exchangeable", by_arm=True)
    with pytest.raises(FitError, match="control, treated"):
        fit_cells(replace(model, period=None))


def test_residual_groups_have_rows_and_codes() -> None:
    model = trial(3).model("exchangeable", by_arm=True)
    assert model.residual is not None
    empty = ResidualGroups(("control", "treated", "third"), model.residual.codes)
    with pytest.raises(FitError, match="third"):
        fit_cells(replace(model, residual=empty))
    with pytest.raises(FitError, match="codes of the residual groups"):
        fit_cells(replace(model, residual=ResidualGroups(("control",), model.residual.codes)))
    collapsed = replace(model.rows, repeats=np.ones(len(model.rows.y)), within=1.0)
    with pytest.raises(FitError, match="by residual group"):
        fit_cells(replace(model, rows=collapsed))
    with pytest.raises(FitError, match="do not match"):
        fit_cells(replace(model, residual=replace(model.residual, within=np.ones(3))))


@pytest.mark.parametrize("kind", STRUCTURES)
@pytest.mark.parametrize("by_arm", [False, True])
def test_outcomes_and_columns_that_cannot_be_used(kind: str, by_arm: bool) -> None:
    rows = trial(3)
    model = rows.model(kind, by_arm=by_arm)
    missing = np.where(np.arange(len(rows.y)) == 4, np.nan, rows.y)
    with pytest.raises(FitError, match=r"outcome cannot be used[\s\S]*1 of them not finite"):
        fit_cells(replace(model, rows=Rows(missing)))
    with pytest.raises(FitError, match="does not vary about the fixed effects"):
        fit_cells(replace(model, rows=Rows(np.full(len(rows.y), 2.5))))
    twice = Fixed((*model.fixed.terms, Numeric("twice", 2.0 * rows.treated + 1.0)))
    with pytest.raises(FitError, match="twice: fixed by the terms before"):
        fit_cells(replace(model, fixed=twice))
    with pytest.raises(FitError, match="weights must be above 0"):
        fit_cells(replace(model, rows=Rows(rows.y, weights=np.zeros(len(rows.y)))))
    assert model.period is not None
    short = replace(model, period=replace(model.period, levels=2))
    with pytest.raises(FitError, match="codes of the period"):
        fit_cells(short)


@pytest.mark.parametrize("kind", STRUCTURES)
def test_an_outcome_constant_within_clusters_or_cells(kind: str) -> None:
    rows = trial(3)
    means = np.bincount(rows.cluster, rows.y) / np.bincount(rows.cluster)
    model = rows.model(kind)
    fixed = Fixed(model.fixed.terms[:2])
    with pytest.raises(FitError, match=r"runs to zero|has no maximum"):
        fit_cells(replace(model, rows=Rows(means[rows.cluster]), fixed=fixed))


@pytest.mark.parametrize("kind", ["nested_exchangeable", "discrete_time_decay"])
def test_a_residual_that_weights_alone_tell_apart_is_not_reported_as_a_fit(kind: str) -> None:
    model = one_row_a_cell(kind, trial(3))
    weights = np.random.default_rng(1).uniform(0.5, 30.0, len(model.rows.y))
    with pytest.raises(FitError, match=r"runs to zero[\s\S]*residual"):
        fit_cells(replace(model, rows=Rows(model.rows.y, weights=weights)))


@pytest.mark.parametrize("kind", STRUCTURES)
@pytest.mark.parametrize("by_arm", [False, True])
def test_no_variance_between_cells_is_a_boundary_with_its_inference(kind: str, by_arm: bool) -> None:
    rows = trial(3)
    model = rows.model(kind, by_arm=by_arm)
    sizes = np.maximum(np.bincount(model.cells), 1)
    flat = rows.y - (np.bincount(model.cells, rows.y) / sizes)[model.cells]
    fit = fit_cells(replace(model, rows=Rows(flat)))
    assert fit.converged
    assert fit.boundary
    assert fit.at_zero[0]
    assert fit.psi[0] == 0.0
    kr, row = kenward_roger(fit), np.eye(len(fit.params))[1]
    assert np.isfinite(kr.covariance).all()
    assert 1.0 < kr.df(row) < satterthwaite(fit)(row) + 1e-9


def test_a_decay_without_a_variance_is_exchangeable() -> None:
    rows = trial(3)
    cells = rows.cluster * 4 + rows.period
    flat = rows.y - (np.bincount(cells, rows.y) / np.maximum(np.bincount(cells), 1))[cells]
    decay = fit_cells(replace(rows.model("discrete_time_decay"), rows=Rows(flat)))
    exchangeable = fit_cells(replace(rows.model("exchangeable"), rows=Rows(flat)))
    assert decay.psi == (0.0, 1.0)
    one, other = kenward_roger(decay), kenward_roger(exchangeable)
    assert one.covariance == pytest.approx(other.covariance, rel=1e-9)
    row = np.eye(len(decay.params))[1]
    assert one.df(row) == pytest.approx(other.df(row), rel=1e-9)


def test_rules_that_need_another_criterion_say_so() -> None:
    model = trial(3).model("nested_exchangeable")
    with pytest.raises(FitError, match="REML"):
        kenward_roger(fit_cells(model, "ml"))
    fit = fit_cells(model)
    with pytest.raises(FitError, match="maximum likelihood"):
        likelihood_ratio_test(LinearMaximum(fit), np.eye(len(fit.params))[1:2])
