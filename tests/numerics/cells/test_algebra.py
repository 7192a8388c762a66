"""Against the same algebra written out with n by n matrices and numerical derivatives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.inference.satterthwaite import satterthwaite
from precept_stats.numerics.cells.constrained import constrained_deviance
from precept_stats.numerics.cells.criterion import deviance, evaluate
from precept_stats.numerics.cells.fit import CellFit, fit_cells
from precept_stats.numerics.cells.prediction import predict_cells
from precept_stats.numerics.cells.structures import RandomIntervention

from .generated import SEEDS, STRUCTURES, Dense, design_matrix, trial

SHAPES = [(kind, by_arm) for kind in STRUCTURES for by_arm in (False, True)]


def psi(fit: CellFit) -> np.ndarray:
    return np.array(fit.psi + fit.sigma2)


def inside(kind: str, *, by_arm: bool) -> tuple[Dense, CellFit]:
    """A fit away from the boundary: the first seed that gives one."""
    for seed in range(60):
        model = trial(seed, weighted=seed % 2 == 1).model(kind, by_arm=by_arm)
        fit = fit_cells(model)
        if not fit.boundary and fit.smallest_curvature > 5.0:
            return Dense(model), fit
    raise AssertionError("no seed gives a fit inside")


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, shape=st.sampled_from(SHAPES), reml=st.booleans(), weighted=st.booleans())
def test_deviance_estimates_and_covariance(
    seed: int, shape: tuple[str, bool], reml: bool, weighted: bool
) -> None:
    model = trial(seed, weighted=weighted).model(shape[0], by_arm=shape[1])
    fit = fit_cells(model, "reml" if reml else "ml")
    dense = Dense(model, reml)
    params, covariance, _ = dense.fixed(psi(fit))
    assert fit.converged
    assert fit.deviance == pytest.approx(dense.deviance(psi(fit)), rel=1e-11)
    assert fit.params == pytest.approx(params, rel=1e-8, abs=1e-9)
    assert fit.covariance == pytest.approx(covariance, rel=1e-8, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, shape=st.sampled_from(SHAPES), reml=st.booleans())
def test_derivatives_are_those_of_the_deviance(seed: int, shape: tuple[str, bool], reml: bool) -> None:
    problem = fit_cells(trial(seed).model(shape[0], by_arm=shape[1]), "reml" if reml else "ml").problem
    rng = np.random.default_rng(seed)
    theta = rng.uniform(0.3, 0.9, problem.system.parameters + problem.system.residuals)
    point, step = evaluate(problem, theta), 1e-5
    for i, h in enumerate(step * np.eye(len(theta))):
        slope = (deviance(problem, theta + h) - deviance(problem, theta - h)) / (2 * step)
        bend = (evaluate(problem, theta + h).gradient - evaluate(problem, theta - h).gradient) / (2 * step)
        scale = np.abs(point.hessian).max()
        assert point.gradient[i] == pytest.approx(slope, rel=1e-6, abs=1e-6 * scale)
        assert point.hessian[i] == pytest.approx(bend, rel=1e-5, abs=1e-6 * scale)


@settings(max_examples=15, deadline=None)
@given(seed=SEEDS, shape=st.sampled_from(SHAPES))
def test_no_other_start_finds_a_higher_likelihood(seed: int, shape: tuple[str, bool]) -> None:
    fit = fit_cells(trial(seed).model(shape[0], by_arm=shape[1]))
    rng = np.random.default_rng(seed)
    for _ in range(4):
        start = rng.uniform(-1.0, 1.2, len(fit.theta))
        found = optimize.minimize(lambda theta: deviance(fit.problem, theta), start, method="Nelder-Mead")
        assert fit.deviance <= found.fun + 1e-6


@pytest.mark.parametrize(("kind", "by_arm"), SHAPES)
def test_kenward_roger_as_the_paper_writes_it(kind: str, by_arm: bool) -> None:
    dense, fit = inside(kind, by_arm=by_arm)
    for first_order in (False, True):
        ours = kenward_roger(fit, first_order=first_order)
        theirs, W = dense.kenward_roger(psi(fit), bent=not first_order)
        assert ours.covariance == pytest.approx(theirs, rel=2e-6, abs=2e-6 * np.abs(theirs).max())
        assert ours.df.spread == pytest.approx(W, rel=1e-6, abs=1e-6 * np.abs(W).max())
    for row in np.eye(len(fit.params)):
        assert ours.df(row) == pytest.approx(dense.kenward_roger_df(psi(fit), row), rel=1e-6)


def test_second_derivatives_matter_for_a_decay_alone() -> None:
    for kind in STRUCTURES:
        _, fit = inside(kind, by_arm=True)
        whole, first = kenward_roger(fit), kenward_roger(fit, first_order=True)
        apart = np.abs(whole.covariance / first.covariance - 1.0).max()
        assert (apart > 1e-4) == (kind == "discrete_time_decay")


@pytest.mark.parametrize(("kind", "by_arm"), SHAPES)
def test_satterthwaite_by_numerical_derivatives(kind: str, by_arm: bool) -> None:
    dense, fit = inside(kind, by_arm=by_arm)
    rule = satterthwaite(fit)
    for row in np.eye(len(fit.params))[:2]:
        assert rule(row) == pytest.approx(dense.satterthwaite_df(psi(fit), row), rel=1e-4)


@pytest.mark.parametrize(("kind", "by_arm"), SHAPES)
def test_predictions_and_their_errors(kind: str, by_arm: bool) -> None:
    dense, fit = inside(kind, by_arm=by_arm)
    model, at = dense.model, psi(fit)
    X, (params, phi, Vi) = design_matrix(model), dense.fixed(at)
    residual = np.concatenate([np.zeros(len(fit.psi)), at[len(fit.psi) :]])
    G = dense.total(at) - dense.total(residual)
    by_row = G @ Vi @ (model.rows.y - X @ params)
    left = G - G @ Vi @ G + G @ Vi @ X @ phi @ X.T @ Vi @ G
    found = predict_cells(fit)
    cells = model.cells
    assert found.cells.ravel()[cells] == pytest.approx(by_row, rel=1e-7, abs=1e-9)
    assert found.cell_errors.ravel()[cells] == pytest.approx(np.sqrt(np.diag(left)), rel=1e-7)
    assert np.isnan(found.cells.ravel()[np.setdiff1d(np.arange(found.cells.size), cells)]).all()
    if isinstance(model.structure, RandomIntervention):
        treated = model.structure.treated.values
        whole = found.clusters[model.cluster.codes, 0] + treated * found.clusters[model.cluster.codes, 1]
        assert whole == pytest.approx(by_row, rel=1e-7, abs=1e-9)


def test_a_constrained_likelihood_is_that_of_the_model_without_the_column() -> None:
    dense, _ = inside("nested_exchangeable", by_arm=True)
    model = dense.model
    whole = fit_cells(model, "ml")
    fixed = type(model.fixed)(model.fixed.terms[1:])
    without = fit_cells(
        type(model)(model.rows, fixed, model.cluster, model.structure, model.period, model.residual), "ml"
    )
    treated = np.eye(len(whole.params))[1][None]
    assert constrained_deviance(whole, treated, np.zeros(1)) == pytest.approx(without.deviance, rel=1e-11)
    estimate = constrained_deviance(whole, treated, treated @ whole.params)
    assert estimate == pytest.approx(whole.deviance, rel=1e-11)
