"""The parametric bootstrap of generalised mixed models: a plain loop, whatever the order it is run in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from precept_stats.errors import FitError
from precept_stats.inference.bootstrap import bootstrap, gathered, replicate
from precept_stats.inference.draws import PERCENTILE, STUDENTISED
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods.generalised_linear_mixed import GeneralisedLinearMixed
from precept_stats.methods.glmm_bootstrap import GlmmBootstrap
from precept_stats.methods.glmm_inference import by_plan
from precept_stats.studies.cluster_trial import ClusterTrial
from tests.methods.generated import trial
from tests.methods.test_generalised_linear_mixed import question
from tests.methods.test_generalised_linear_mixed_structures import METHODS, design_of

SEED = Seed(7).at("primary")
STUDY = ClusterTrial(cluster="c", arm="a")
NORMAL = {"kind": "normal"}
LAPLACE = {"kind": "laplace"}
SHAPES = ("nested", "slope", "terms", "exposure", "pseudo", "rates", "shaped")
DRAWN = 3
LOOP = 19
"""The fewest replicates that have an interval at 0.95."""


def booted(method: GeneralisedLinearMixed, replicates: int = 99) -> GeneralisedLinearMixed:
    return method.model_copy(update={"df": drawing(replicates)})


def drawing(replicates: int):
    return GeneralisedLinearMixed(df={"kind": "parametric_bootstrap", "replicates": replicates}).df


def prepared(method: GeneralisedLinearMixed, design) -> GlmmBootstrap:
    model = method._model(design)
    return GlmmBootstrap(model, by_plan(model, method.approximation, method.df), method.approximation)


def plain(method: GeneralisedLinearMixed) -> GeneralisedLinearMixed:
    return method.model_copy(update={"df": GeneralisedLinearMixed(df=NORMAL).df})


def one_intercept(design, eta: np.ndarray, variance: float, number: int) -> np.ndarray:
    """An outcome drawn from a random intercept of clusters, with numpy alone."""
    rng = SEED.at(number).generator()
    eta = eta + (np.sqrt(variance) * rng.standard_normal(design.n_clusters))[design.row_cluster]
    if design.outcome.type == "binary":
        return rng.binomial(design.size.astype(int), 1 / (1 + np.exp(-eta))).astype(float)
    return rng.poisson(design.size * np.exp(eta)).astype(float)


@pytest.mark.parametrize("outcome", ["binary", "count"])
@pytest.mark.parametrize("approximation", [LAPLACE, {"kind": "quadrature", "nodes": 7}], ids=["1", "7"])
def test_it_is_a_plain_loop_of_simulated_outcomes(outcome: str, approximation: dict) -> None:
    """Refits from the fit and refits from nowhere agree; so does the interval that comes of them."""
    design = trial(11, outcome=outcome, covariates=True)
    method = GeneralisedLinearMixed(approximation=approximation, df=NORMAL)
    simulated = prepared(method, design)
    fit = method.fit(design).uncertainty
    params, eta = fit.params, simulated.model.X @ fit.params[: simulated.model.X.shape[1]]
    outcomes = [one_intercept(design, eta, params[-2], number) for number in range(LOOP)]
    refits = [method.fit(replace(design, y=y)).uncertainty for y in outcomes]
    found = bootstrap(simulated, SEED, LOOP).draws
    assert found.names == fit.names
    assert found.params == pytest.approx(params, rel=1e-12)
    assert found.draws == pytest.approx(np.array([r.params for r in refits]), rel=1e-6, abs=1e-7)
    quantity = method.targets(design)[0]
    value, error = quantity.value(params), error_of(quantity, fit)
    sizes = np.array([abs(quantity.value(r.params) - value) / error_of(quantity, r) for r in refits])
    half = np.sort(sizes)[18] * error
    answer = estimate(found, quantity, 0.95)
    limits = answer.interval.lower, answer.interval.upper
    assert limits == pytest.approx((value - half, value + half), rel=1e-5)
    assert answer.p_value == pytest.approx((1 + np.sum(sizes >= abs(value) / error)) / (LOOP + 1))
    assert answer.interval.method == STUDENTISED


def error_of(quantity, fit) -> float:
    slope = quantity.gradient(fit.params)
    return float(np.sqrt(slope @ fit.covariance @ slope))


@pytest.mark.parametrize("name", SHAPES)
def test_every_structure_is_simulated_from_and_refitted(name: str) -> None:
    """Refits that start at the fit agree with the public method on the same outcomes."""
    method, design = METHODS[name], design_of(name)
    simulated = prepared(method, design)
    for number in range(DRAWN):
        outcome = simulated.simulate(SEED.at(number).generator())
        refit = simulated.refit(outcome)
        other = plain(method).fit(replace(design, y=outcome))
        shaped = name == "shaped"
        finite = np.isfinite(other.uncertainty.params)
        assert np.array_equal(finite, np.isfinite(refit.params)) or shaped
        assert refit.params[finite] == pytest.approx(other.uncertainty.params[finite], rel=2e-5, abs=2e-6)
        assert refit.boundary is (other.status == "boundary")


@pytest.mark.parametrize("name", ["nested", "slope", "terms", "rates"])
def test_simulated_outcomes_have_the_variances_of_the_model(name: str) -> None:
    """Linear predictors averaged over 400 outcomes: the mean rate within six Monte Carlo standard errors."""
    method, design = METHODS[name], design_of(name)
    simulated = prepared(method, design)
    rng = np.random.default_rng(5)
    means = [np.sum(simulated.simulate(rng)) / np.sum(design.size) for _ in range(400)]
    model, params = simulated.model, simulated.found.params
    p, eta = model.X.shape[1], model.X @ simulated.found.params[: model.X.shape[1]]
    variance = np.zeros(len(eta))
    for entry, value in zip(model.entries, params[p:-1], strict=True):
        term = model.random.terms[entry.term]
        Z = np.column_stack([np.ones(len(eta))] * term.intercept + [s.values for s in term.slopes])
        variance += value * Z[:, entry.a] * Z[:, entry.b] * (1 if entry.on_diagonal else 2)
    z = np.random.default_rng(6).standard_normal((4000, 1))
    expected = np.mean([simulated.model.family.mean(eta + np.sqrt(variance) * one) for one in z], axis=0)
    target = np.sum(design.size * expected) / np.sum(design.size)
    assert np.mean(means) == pytest.approx(target, abs=6 * np.std(means) / 20 + 0.02 * target)


def test_replicates_in_any_order_are_the_same_answer() -> None:
    simulated = prepared(METHODS["exchangeable"], trial(11, outcome="binary"))
    serial = bootstrap(simulated, SEED, 12)
    shuffled = gathered(
        simulated, [replicate(simulated, SEED, n) for n in (7, 3, 11, 0, 1, 10, 2, 9, 4, 6, 8, 5)]
    )
    assert np.array_equal(serial.draws.draws, shuffled.draws.draws)
    assert np.array_equal(serial.draws.covariances, shuffled.draws.covariances)


def test_everything_the_fit_gives_has_an_interval_that_fits_it() -> None:
    """Effects and risks studentised; what a refit can put on its boundary by percentiles, boundary or not."""
    design = trial(11, outcome="binary", covariates=True)
    method = booted(GeneralisedLinearMixed(approximation=LAPLACE))
    fit = method.fit(design, SEED)
    assert {estimate(fit.uncertainty, q, 0.9).interval.method for q in method.targets(design)} == {
        STUDENTISED
    }
    measures = {q.measure: estimate(fit.uncertainty, q, 0.9) for q in fit.further}
    assert {"sd_between_clusters", "median_odds_ratio", "icc_latent", "icc_proportion"} <= set(measures)
    for found in measures.values():
        assert found.interval.method == PERCENTILE
        assert 0 <= found.interval.lower <= found.value <= found.interval.upper
    counted = {fact.name: fact.stat for fact in fit.facts}
    assert counted["replicates"] == 99
    assert counted["replicates_failed"] == 0
    at_zero = np.count_nonzero(fit.uncertainty.draws[:, -2] == 0)
    assert counted["replicates_on_boundary"] == at_zero


def test_refits_that_fail_are_counted_and_said() -> None:
    """Few events in one arm: some outcomes have none there, and no finite estimate."""
    design = trial(2, outcome="binary", equal_sizes=True)
    y = np.zeros(len(design.y))
    y[::4] = design.arm[design.row_cluster][::4]
    y[:2] = 1.0
    fit = booted(GeneralisedLinearMixed(approximation=LAPLACE)).fit(replace(design, y=y), SEED)
    failed = int(np.count_nonzero(np.isnan(fit.uncertainty.draws[:, 0])))
    assert 0 < failed < 99
    assert {fact.name: fact.stat for fact in fit.facts}["replicates_failed"] == failed
    assert any(warning.startswith(f"{failed} of 99 bootstrap replicates") for warning in fit.warnings)


def test_a_variance_of_zero_is_said_to_be_simulated_without() -> None:
    design = trial(2, outcome="binary", equal_sizes=True)
    y = np.tile(np.arange(15) % 3 == 0, design.n_clusters).astype(float)
    fit = booted(GeneralisedLinearMixed(approximation=LAPLACE)).fit(replace(design, y=y), SEED)
    assert fit.status == "boundary"
    assert any("the bootstrap simulates without it" in warning for warning in fit.warnings)


def test_it_needs_a_seed() -> None:
    method = booted(GeneralisedLinearMixed())
    assert method.needs_seed
    assert not GeneralisedLinearMixed().needs_seed
    with pytest.raises(FitError, match="nothing to draw with"):
        method.fit(trial(11, outcome="binary"))


def test_the_plan_objects_to_nothing() -> None:
    method = booted(GeneralisedLinearMixed(approximation={"kind": "pseudo_likelihood"}))
    assert method.objections(STUDY, question("risk_difference")) == ()
