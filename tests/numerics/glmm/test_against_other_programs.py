"""The kernel against glmmTMB, lme4 and 75-node quadrature in R (make.R), and against scipy's integration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from precept_stats.numerics.glmm.fit import fit_glmm

from .problems import ELSEWHERE, EXPECTED, FAMILIES, NAMES, drawn, family, needs_other_data, rows

problem = pytest.mark.parametrize("name", NAMES)


def numbers(name: str, how: str) -> dict:
    if needs_other_data(name) and not ELSEWHERE:
        pytest.skip("the data do not ship; PRECEPT_DATA is not set")
    if how not in EXPECTED[name]:
        pytest.skip(f"make.R makes no {how} for {name}")
    return EXPECTED[name][how]


def agrees(fit, expected: dict, tolerance: float) -> None:
    assert fit.status == "ok"
    assert fit.log_likelihood == pytest.approx(expected["log_likelihood"], abs=1e-8)
    assert fit.params == pytest.approx(expected["params"], rel=tolerance)
    assert fit.log_sigma == pytest.approx(expected["log_sigma"], abs=tolerance)
    if "se" in expected:
        assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(expected["se"], rel=max(tolerance, 1e-6))


@problem
def test_laplace_is_that_of_glmmTMB(name: str) -> None:  # noqa: N802
    agrees(fit_glmm(*_asked(name, "laplace"), 1), numbers(name, "laplace"), 1e-6)


@problem
def test_quadrature_is_that_of_lme4(name: str) -> None:
    agrees(fit_glmm(*_asked(name, "lme4_agq25"), 25), numbers(name, "lme4_agq25"), 1e-5)


@problem
@pytest.mark.parametrize("nodes", [25, 75])
def test_quadrature_with_many_nodes_is_exact(name: str, nodes: int) -> None:
    agrees(fit_glmm(*_asked(name, "exact"), nodes), numbers(name, "exact"), 1e-7)


def _asked(name: str, how: str):
    numbers(name, how)
    return rows(name), family(name)


def test_published_numbers_for_cbpp() -> None:
    """lme4's documented nAGQ = 9 fit, to the precision of its optimiser."""
    fit = fit_glmm(rows("cbpp_logit"), FAMILIES["logit"], 9)
    assert fit.params == pytest.approx([-1.399219444, -0.991408657, -1.127812837, -1.579487774], rel=2e-5)
    assert np.exp(fit.log_sigma) == pytest.approx(0.64751786, rel=1e-5)


@pytest.mark.parametrize("link", FAMILIES)
def test_the_log_likelihood_is_the_integral(link: str) -> None:
    """Cluster by cluster, by the adaptive quadrature and the densities of scipy."""
    given, law = drawn(4, link, clusters=6), FAMILIES[link]
    fit = fit_glmm(given, law, 51)
    eta, sigma = given.X @ fit.params, np.exp(fit.log_sigma)
    total = 0.0
    for cluster in range(6):
        mine = given.cluster == cluster

        def density(z: float, mine=mine) -> float:
            mean = law.mean(eta[mine] + sigma * z)
            y, size = given.y[mine], given.size[mine]
            logs = (
                stats.poisson.logpmf(y, size * mean) if link == "log" else stats.binom.logpmf(y, size, mean)
            )
            return float(np.exp(logs.sum() + 60) * stats.norm.pdf(z))

        total += np.log(integrate.quad(density, -8, 8, epsabs=0, epsrel=1e-11, limit=400)[0]) - 60
    assert fit.log_likelihood == pytest.approx(total, abs=1e-8)
