"""The structured algebra is the n by n algebra; its derivatives are those of finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import linalg

from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.numerics.mixed import criterion
from precept_stats.numerics.mixed.covariance import structure
from precept_stats.numerics.mixed.criterion import Problem, evaluate
from precept_stats.numerics.mixed.fit import fit_mixed
from precept_stats.numerics.mixed.information import covariance_information, theta_information
from precept_stats.numerics.mixed.prediction import predict_random
from precept_stats.numerics.mixed.statistics import collect, factors
from precept_stats.numerics.mixed.system import prepare

from .generated import SEEDS, SHAPES, Dense, design_matrix, directions, generated

few = settings(max_examples=5)


def problem_and_theta(seed: int, shape: str, reml: bool, weighted: bool) -> tuple:
    model = generated(seed, shape, weighted=weighted)
    kept = structure(model)
    rng = np.random.default_rng(seed)
    theta = np.where(kept.diagonal, rng.uniform(0.1, 1.5, len(kept.diagonal)), rng.normal(0, 0.5))
    return model, Problem(prepare(collect(model), kept), reml), theta


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
@few
@given(seed=SEEDS)
def test_the_deviance_is_that_of_the_dense_model(shape: str, reml: bool, weighted: bool, seed: int) -> None:
    model, problem, theta = problem_and_theta(seed, shape, reml, weighted)
    dense = Dense(model, problem.system.structure.gamma(theta), reml)
    assert evaluate(problem, theta).value == pytest.approx(dense.deviance(), rel=1e-10)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
@few
@given(seed=SEEDS)
def test_derivatives_are_those_of_finite_differences(shape: str, reml: bool, seed: int) -> None:
    _, problem, theta = problem_and_theta(seed, shape, reml, True)
    point, step = evaluate(problem, theta), 1e-5
    for j in range(len(theta)):
        move = step * np.eye(len(theta))[j]
        up, down = evaluate(problem, theta + move), evaluate(problem, theta - move)
        scale = 1.0 + np.abs(point.hessian).max()
        assert point.gradient[j] == pytest.approx((up.value - down.value) / (2 * step), abs=1e-5 * scale)
        assert point.hessian[j] == pytest.approx((up.gradient - down.gradient) / (2 * step), abs=1e-5 * scale)


@pytest.mark.parametrize("shape", SHAPES)
@few
@given(seed=SEEDS)
def test_average_information_leads_to_the_same_optimum(shape: str, seed: int) -> None:
    model = generated(seed, shape)
    exact = fit_mixed(model)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(criterion, "EXACT_UP_TO", 0)
        average = fit_mixed(model)
    assert average.deviance == pytest.approx(exact.deviance, abs=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@few
@given(seed=SEEDS)
def test_kenward_roger_needs_no_large_matrix(shape: str, seed: int) -> None:
    model = generated(seed, shape)
    fit = fit_mixed(model)
    kept = fit.problem.system.structure
    adjusted, information = Dense(model, kept.gamma(fit.theta)).kenward_roger(fit.sigma2)
    ours = covariance_information(fit)
    scale = np.sqrt(np.outer(np.diag(information), np.diag(information)))
    assert ours.expected / scale == pytest.approx(information / scale, abs=1e-7)
    if np.linalg.cond(information / scale) < 1e8:
        assert kenward_roger(fit).covariance == pytest.approx(
            adjusted, rel=1e-6, abs=1e-7 * np.abs(adjusted).max()
        )


@pytest.mark.parametrize("shape", SHAPES)
@few
@given(seed=SEEDS)
def test_predictions_are_those_of_the_mixed_model_equations(shape: str, seed: int) -> None:
    """Henderson's equations written out: predictions, and errors from the inverse of the whole matrix."""
    model = generated(seed, shape, weighted=True)
    fit = fit_mixed(model)
    groups, Z = factors(model), []
    for group in groups:
        at = (group.codes[:, None] == np.arange(group.levels)).astype(float)
        columns = []
        for term in model.random:
            if term.grouping is group:
                columns += [np.ones(len(group.codes))] * term.intercept + [s.values for s in term.slopes]
        Z.append(np.stack([at * column[:, None] for column in columns], axis=2).reshape(len(at), -1))
    kept = fit.problem.system.structure
    G = linalg.block_diag(
        *[np.kron(np.eye(g.levels), c) for g, c in zip(groups, kept.covariances(fit.theta), strict=True)]
    )
    X, Z, W = design_matrix(model), np.hstack(Z), np.diag(model.rows.weights)
    V = Z @ G @ Z.T + np.linalg.inv(W)
    Vi = np.linalg.inv(V)
    values = G @ Z.T @ Vi @ (model.rows.y - X @ fit.params)
    P = Vi - Vi @ X @ np.linalg.solve(X.T @ Vi @ X, X.T @ Vi)
    errors = np.sqrt(np.maximum(fit.sigma2 * np.diag(G - G @ Z.T @ P @ Z @ G), 0.0))
    found = predict_random(fit)
    ours = np.concatenate([one.values.ravel() for one in found])
    assert ours == pytest.approx(values, rel=1e-6, abs=1e-7)
    assert np.concatenate([one.std_errors.ravel() for one in found]) == pytest.approx(
        errors, rel=1e-5, abs=1e-6
    )


@few
@given(seed=SEEDS)
def test_slopes_of_the_covariance_are_those_of_finite_differences(seed: int) -> None:
    model = generated(seed, "nested_slopes")
    fit = fit_mixed(model)
    X, G = directions(model), fit.problem.system.structure.gamma(fit.theta)
    assert len(X) == len(G)
    found = theta_information(fit)
    assert found.hessian == pytest.approx(found.hessian.T, rel=1e-9, abs=1e-9)
    step, theta = 1e-6, fit.theta
    restore = fit.problem.system.statistics.restore
    for j in range(len(theta)):
        move = step * np.eye(len(theta))[j]
        up, down = evaluate(fit.problem, theta + move).phi, evaluate(fit.problem, theta - move).phi
        slope = fit.sigma2 * restore @ (up - down) @ restore.T / (2 * step)
        assert found.slopes[j] == pytest.approx(slope, rel=1e-4, abs=1e-5 * np.abs(fit.covariance).max())
    assert found.slopes[-1] == pytest.approx(2 * fit.covariance / np.sqrt(fit.sigma2), rel=1e-12)
