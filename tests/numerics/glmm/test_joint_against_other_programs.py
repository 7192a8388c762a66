"""Several random effects: the kernel against glmmTMB (joint.R), and against dense integration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from precept_stats.numerics.glmm.effects import StructuredRows
from precept_stats.numerics.glmm.fit import GlmmRows, fit_glmm
from precept_stats.numerics.glmm.joint_fit import JointFit, fit_joint
from precept_stats.numerics.glmm.negative_binomial import NegativeBinomialLog
from precept_stats.numerics.glmm.variances import log_spreads
from precept_stats.numerics.mixed.model import Grouping, Random

from .joint_problems import EXPECTED, LAWS, NAMES, drawn, law, rows
from .problems import FAMILIES
from .problems import drawn as drawn_alone


@pytest.mark.parametrize("name", NAMES)
def test_laplace_is_that_of_glmmTMB(name: str) -> None:  # noqa: N802
    expected, fit = EXPECTED[name], fit_joint(rows(name), law(name))
    assert fit.status == "ok", fit.reason
    assert fit.log_likelihood == pytest.approx(expected["log_likelihood"], abs=1e-8)
    assert fit.params == pytest.approx(expected["params"], rel=1e-6, abs=1e-7)
    p = len(fit.params)
    assert np.sqrt(np.diag(fit.covariance))[:p] == pytest.approx(expected["se"], rel=1e-6)
    spread = log_spreads(fit)
    assert spread.values == pytest.approx(np.atleast_1d(expected["theta"]), abs=1e-6)
    assert spread.std_errors == pytest.approx(np.atleast_1d(expected["se_theta"]), rel=1e-5)
    if fit.log_shape is not None:
        assert fit.log_shape == pytest.approx(expected["log_shape"], abs=1e-6)
        assert np.sqrt(fit.covariance[-1, -1]) == pytest.approx(expected["se_log_shape"], rel=1e-5)


@pytest.mark.parametrize("link", FAMILIES)
@pytest.mark.parametrize("nodes", [1, 7])
def test_a_random_intercept_is_that_of_the_kernel_for_one(link: str, nodes: int) -> None:
    alone = drawn_alone(7, link)
    one = fit_glmm(alone, FAMILIES[link], nodes)
    both = fit_joint(as_structured(alone), FAMILIES[link], nodes)
    assert both.log_likelihood == pytest.approx(one.log_likelihood, abs=1e-8)
    assert both.params == pytest.approx(one.params, rel=1e-7, abs=1e-8)
    assert np.log(both.theta[0]) == pytest.approx(one.log_sigma, abs=1e-7)
    p = len(one.params)
    assert both.covariance[:p, :p] == pytest.approx(one.covariance[:p, :p], rel=1e-6, abs=1e-9)
    assert np.sqrt(both.covariance[p, p]) / both.theta[0] == pytest.approx(
        np.sqrt(one.covariance[p, p]), rel=1e-6
    )


def as_structured(alone: GlmmRows):
    group = Grouping("cluster", alone.cluster, int(alone.cluster.max()) + 1)
    return StructuredRows(alone.X, alone.y, alone.size, (Random(group),))


@pytest.mark.parametrize("link", ["logit", "log", "nbinom2"])
def test_quadrature_in_two_directions_is_the_integral(link: str) -> None:
    """At the estimates: cluster by cluster over a fine square grid, with the densities of scipy."""
    given = drawn(2, "slope", link, spread=1.0)
    fit = fit_joint(given, LAWS[link], 15)
    assert fit.status == "ok", fit.reason
    assert fit.log_likelihood == pytest.approx(dense(given, fit, link), abs=1e-6)
    laplace = fit_joint(given, LAWS[link])
    assert abs(laplace.log_likelihood - fit.log_likelihood) > 1e-3


def dense(given, fit: JointFit, link: str) -> float:
    at = np.linspace(-8.5, 8.5, 341)
    step = at[1] - at[0]
    z = np.stack(np.meshgrid(at, at, indexing="ij"), axis=-1).reshape(-1, 2)
    weight = step**2 * np.exp(-0.5 * np.sum(z**2, axis=1)) / (2 * np.pi)
    L = fit.problem.effects.structure.triangles(fit.theta)[0]
    term = given.random[0]
    Z = np.column_stack([np.ones(len(given.y)), term.slopes[0].values])
    fixed = given.offset + given.X @ fit.params
    total = 0.0
    for cluster in range(term.grouping.levels):
        mine = term.grouping.codes == cluster
        eta = fixed[mine, None] + Z[mine] @ L @ z.T
        y, size = given.y[mine, None], given.size[mine, None]
        if link == "logit":
            logs = stats.binom.logpmf(y, size, FAMILIES["logit"].mean(eta))
        elif link == "log":
            logs = stats.poisson.logpmf(y, size * np.exp(eta))
        else:
            shape = np.exp(fit.log_shape)
            logs = stats.nbinom.logpmf(y, shape, shape / (shape + size * np.exp(eta)))
        total += np.log(weight @ np.exp(logs.sum(axis=0) + 40)) - 40
    return total


def test_more_nodes_converge_in_two_directions() -> None:
    fits = [fit_joint(drawn(2, "slope", spread=1.0), LAWS["logit"], nodes) for nodes in (1, 3, 7, 15)]
    errors = [np.max(np.abs(fit.params - fits[-1].params)) for fit in fits[:-1]]
    assert errors[2] < errors[1] < errors[0]
    assert errors[2] < 1e-3


def test_rows_of_a_negative_binomial_are_not_added_up() -> None:
    given = drawn(2, "nested", "nbinom2")
    fit = fit_joint(given, NegativeBinomialLog())
    assert len(fit.problem.effects.y) == len(given.y)
