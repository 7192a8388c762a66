"""What a Bayesian model tells beside the effect, held to refits, direct sums and counting."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import integrate, special, stats
from scipy.optimize import brentq

from precept_stats.inference.fit import Fit
from precept_stats.inference.left_out import compared, left_out, log_mean_exp
from precept_stats.inference.posterior_rows import posterior_rows
from precept_stats.inference.power_scaling import sensitivity
from precept_stats.inference.ranks import ranks
from precept_stats.inference.rows import Header
from precept_stats.inference.seeds import Seed
from precept_stats.methods.bayes_fit import Sampled
from precept_stats.methods.bayes_levels import cluster_effects, cluster_means, new_cluster, replicated
from precept_stats.methods.bayesian_hierarchical import BayesianHierarchical
from precept_stats.numerics.posterior.without import without_cluster
from precept_stats.studies.leave_out import without_cluster as design_without
from precept_stats.values import Row

from .generated import trial
from .wedges import wedge

pytest.importorskip("arviz_stats")
pytest.importorskip("numba")
pytest.importorskip("pymc")

SEED = Seed(20261123)
SHORT = {"kind": "nuts", "draws": 500, "warmup": 250, "target_accept": 0.8}
LOOSE = {"kind": "thresholds", "rhat": 1.05, "ess": 100}
LOO = {"kind": "leave_one_cluster_out"}


def method(**settings: object) -> BayesianHierarchical:
    return BayesianHierarchical.model_validate({"sampler": SHORT, "gate": LOOSE, **settings})


@cache
def binary() -> tuple[object, Sampled]:
    design = trial(3, outcome="binary")
    return design, method().sampled(design, SEED)


@cache
def fitted() -> Fit:
    one = method(
        validation=LOO,
        ranking={"kind": "ranked", "worst": 3},
        smallest_worthwhile=0.05,
        prior_grid={
            "same": {"kind": "weakly_informative"},
            "narrow": {"kind": "custom", "source": "none", "effect": {"kind": "ratio", "upper": 1.01}},
        },
    )
    return one.fit(binary()[0], SEED)


def told(context: str, **groups: str) -> dict[str, Row]:
    design, one = binary()[0], method()
    rows = posterior_rows(Header("a", "e", "primary", "y"), fitted().posterior, one.targets(design)[0], 0.95)
    return {
        row.stat_name: row for row in rows if row.context == context and row.groups == tuple(groups.items())
    }


def by_hand(y: float, n: float, eta: float, sigma: float) -> float:
    """The log-likelihood of one cluster's people, its effect integrated out by scipy."""
    mode = brentq(lambda u: y - n * special.expit(eta + sigma * u) - u / max(sigma, 1e-9), -40, 40)

    def height(u: float) -> float:
        at = eta + sigma * u
        return y * at - n * np.logaddexp(0.0, at) + stats.norm.logpdf(u)

    top = height(mode)
    area, _ = integrate.quad(lambda u: np.exp(height(u) - top), mode - 12, mode + 12, limit=200)
    return float(top + np.log(area))


def test_the_likelihood_left_out_is_the_marginal_one() -> None:
    design, sampled = binary()
    rows = np.array([3, 700, 1500])
    drawn = sampled.log_likelihood(rows)
    y = np.bincount(design.row_cluster, design.y)
    n = np.bincount(design.row_cluster, design.size)
    for place, row in enumerate(rows):
        intercept, effect, sigma = sampled.flat[row]
        eta = intercept + effect * design.arm
        exact = [by_hand(*each, abs(sigma)) for each in zip(y, n, eta, strict=True)]
        assert drawn[place] == pytest.approx(exact, abs=2e-5)


def test_importance_sampling_gives_what_brute_force_refits_give() -> None:
    """Every cluster left out by a posterior of its own; the difference is Monte Carlo error of both."""
    design, sampled = binary()
    cube = sampled.log_likelihood().reshape(*sampled.coordinates.shape[:2], -1)
    found = left_out(design.clusters, cube, lambda _: None, 0.7)
    assert not found.refitted.any()
    for k in (0, 5, 11):
        refit = method().sampled(design_without(design, k), SEED.at("again", k))
        evaluate = sampled.density.posterior.likelihood.evaluator()
        again = np.array([evaluate.by_cluster(draw)[k] for draw in refit.flat])
        spread = np.std(np.exp(again - again.max())) / np.mean(np.exp(again - again.max()))
        error = spread / np.sqrt(400.0)
        assert found.elpd[k] == pytest.approx(log_mean_exp(again), abs=4 * error)


def test_the_formula_of_importance_sampling_by_hand() -> None:
    """Smoothing matters little with light tails: then it is the harmonic mean, and p_loo the rest."""
    rng = np.random.default_rng(3)
    drawn = 0.1 * rng.normal(size=(4, 500, 2)) - 5.0
    found = left_out(("a", "b"), drawn, lambda _: None, 0.7)
    flat = drawn.reshape(-1, 2)
    harmonic = -special.logsumexp(-flat, axis=0) + np.log(len(flat))
    assert found.elpd == pytest.approx(harmonic, abs=1e-3)
    assert found.effective_parameters == pytest.approx(
        float(np.sum(special.logsumexp(flat, axis=0) - np.log(len(flat)) - found.elpd))
    )
    assert found.std_error == pytest.approx(np.sqrt(2 * np.var(found.elpd, ddof=1)))


def test_clusters_that_importance_sampling_fails_are_refitted() -> None:
    rng = np.random.default_rng(4)
    drawn = 0.1 * rng.normal(size=(4, 500, 2))
    drawn[..., 1] = -1.5 * rng.exponential(size=(4, 500))
    asked: list[int] = []

    def refit(cluster: int) -> np.ndarray:
        asked.append(cluster)
        return np.full(10, -3.0)

    found = left_out(("well", "ill"), drawn, refit, 0.7)
    assert asked == [1]
    assert found.refitted.tolist() == [False, True]
    assert found.elpd[1] == pytest.approx(-3.0)
    assert found.khat[1] > 0.7


@pytest.mark.parametrize("outcome", ["binary", "continuous"])
def test_a_likelihood_without_a_cluster_is_the_sum_over_the_others(outcome: str) -> None:
    design = trial(6, outcome=outcome, covariates=True)
    model = method()._model(design)
    likelihood = model.posterior(method().priors).likelihood
    at = np.concatenate([np.full(model.p, 0.1), np.full(len(model.names) - model.p, 0.4)])
    parts = likelihood.evaluator().by_cluster(at)
    for k in (0, 4, design.n_clusters - 1):
        fewer = without_cluster(likelihood, k)
        assert fewer.evaluator()(at)[0] == pytest.approx(parts.sum() - parts[k], rel=1e-9)
        assert fewer.evaluator().by_cluster(at) == pytest.approx(np.delete(parts, k), rel=1e-9)


def test_two_models_are_compared_cluster_by_cluster() -> None:
    one, other = {"a": -1.0, "b": -2.0, "c": -4.0}, {"c": -5.0, "a": -1.5, "b": -2.5}
    found = compared(one, other)
    assert found.difference == pytest.approx(2.0)
    assert found.std_error == pytest.approx(np.sqrt(3) * np.std([0.5, 0.5, 1.0], ddof=1))


def test_power_scaling_of_a_normal_model_is_known() -> None:
    """Prior N(0, 1), likelihood N(1, 1): to the power a of either, the mean is 1 / (1 + a) or a / (1 + a)."""
    rng = np.random.default_rng(5)
    effects = rng.normal(0.5, np.sqrt(0.5), (4, 5000))
    prior, likelihood = stats.norm.logpdf(effects), stats.norm.logpdf(effects, 1.0)
    of_prior, of_data = sensitivity("prior", effects, prior), sensitivity("likelihood", effects, likelihood)
    for power, one in ((0.5, "halved"), (2.0, "doubled")):
        assert getattr(of_prior, one)[0] == pytest.approx(1 / (1 + power), abs=0.03)
        assert getattr(of_data, one)[0] == pytest.approx(power / (1 + power), abs=0.03)
    assert of_prior.is_sensitive
    assert of_data.is_sensitive
    flat = sensitivity("prior", effects, np.zeros_like(effects))
    assert (flat.distance, flat.halved) == (0.0, (float(effects.mean()), 0.0))


def test_power_scaling_is_reweighting_by_hand() -> None:
    _, sampled = binary()
    shape = sampled.coordinates.shape[:2]
    log_prior = sampled.log_prior()[:, 1]
    found = sensitivity("prior", sampled.effects.reshape(shape), log_prior.reshape(shape))
    weights = np.exp(0.5 * (log_prior.min() - log_prior))
    assert found.halved[0] == pytest.approx(np.average(sampled.effects, weights=weights), abs=2e-3)


def test_ranks_are_those_of_direct_counting() -> None:
    rng = np.random.default_rng(6)
    effects = rng.normal(size=(400, 7)) + np.linspace(0, 2, 7)
    found = ranks(effects, 2, 0.9, higher_better=True)
    for k in range(7):
        better = (effects > effects[:, [k]]).sum(axis=1)
        assert found.expected[k] == pytest.approx(1 + better.mean())
        assert found.worst[k] == pytest.approx(np.mean(better >= 5))
        inside = (1 + better >= found.lower[k]) & (1 + better <= found.upper[k])
        assert inside.mean() >= 0.9
    assert found.worst.sum() == pytest.approx(2.0)
    turned = ranks(effects, 2, 0.9, higher_better=False)
    assert turned.expected == pytest.approx(8 - found.expected)


def test_cluster_effects_have_the_law_that_their_counts_and_the_rest_give() -> None:
    """At one draw of the rest: the mean of the risk over u, by the likelihood, summed over a grid."""
    design, sampled = binary()
    again = replace_rows(sampled, np.full(4000, 900))
    effects = again.cluster_effects(SEED)
    means = cluster_means(again, effects)
    intercept, effect, sigma = again.flat[0]
    for k in (0, 7):
        y = design.y[design.row_cluster == k].sum()
        n = design.size[design.row_cluster == k].sum()
        eta, sd = intercept + effect * design.arm[k], abs(sigma)

        at = np.linspace(-8, 8, 4001)
        line = eta + sd * at
        weight = np.exp(y * line - n * np.logaddexp(0, line) - at**2 / 2 + 60)
        risk = np.sum(special.expit(line) * weight) / np.sum(weight)
        assert means[:, k].mean() == pytest.approx(risk, abs=4 * means[:, k].std() / np.sqrt(4000))


def replace_rows(sampled: Sampled, rows: np.ndarray) -> Sampled:
    """The same posterior with these draws alone, as one chain."""
    draws = sampled.chains.draws.reshape(-1, sampled.chains.draws.shape[-1])[rows][None]
    return Sampled(sampled.model, sampled.density, replace(sampled.chains, draws=draws))


def test_beta_risks_of_clusters_are_conjugate() -> None:
    design = trial(5, outcome="binary")
    sampled = method(cells={"kind": "beta_binomial"}).sampled(design, SEED)
    again = replace_rows(sampled, np.full(5000, 40))
    drawn = cluster_effects(again, SEED.generator(), again.cluster_effects(SEED))
    means = cluster_means(again, drawn)
    intercept, effect, root = again.flat[0]
    total = 1 / root**2
    for k in (0, 9):
        y = design.y[design.row_cluster == k].sum()
        n = design.size[design.row_cluster == k].sum()
        mean = special.expit(intercept + effect * design.arm[k])
        exact = stats.beta(total * mean + y, total * (1 - mean) + n - y)
        assert means[:, k].mean() == pytest.approx(exact.mean(), abs=4 * exact.std() / np.sqrt(5000))
        assert means[:, k].std() == pytest.approx(exact.std(), rel=0.06)


def test_new_clusters_average_to_the_marginal_means() -> None:
    """Over draws, the mean of a new cluster is that of the standardised risk of the arm."""
    _, sampled = binary()
    for arm, quantity in enumerate(sampled.model.arm_means()):
        exact = np.array([quantity.value(params) for params in sampled.parameters])
        exact = special.expit(exact) if quantity.scale == "logit" else exact
        drawn = new_cluster(sampled, arm, SEED.generator())
        assert drawn.mean() == pytest.approx(exact.mean(), abs=4 * drawn.std() / np.sqrt(len(drawn)))
        assert drawn.std() > exact.std()


def over_normal(function: object, sd: float) -> float:
    at, weight = np.polynomial.hermite_e.hermegauss(61)
    return float(np.sum(weight * function(sd * at)) / weight.sum())


def test_replicated_risks_have_the_moments_of_the_model() -> None:
    """All log odds 0, an SD of 1/2 between clusters: mean and variance of a cluster's mean by quadrature."""
    design = trial(5, outcome="binary")
    model, rng = method()._model(design), SEED.generator()
    params = np.array([0.0, 0.0, 0.25, 3.29])
    n = int(np.count_nonzero(design.row_cluster == 0))
    drawn = np.array([replicated(model, params, rng) for _ in range(4000)])
    means = drawn[:, design.row_cluster == 0].mean(axis=1)
    second = over_normal(lambda u: special.expit(u) ** 2, 0.5)
    held(means, 0.5, second - 0.25 + (0.5 - second) / n)


def test_replicated_beta_risks_have_theirs() -> None:
    """A correlation of 1/17 in clusters whose mean risk is 1/2."""
    design = trial(5, outcome="binary")
    model = method(cells={"kind": "beta_binomial"})._model(design)
    rng, params = SEED.generator(), np.array([0.0, 0.0, 0.25, 0.0, 3.29])
    n = int(np.count_nonzero(design.row_cluster == 0))
    drawn = np.array([replicated(model, params, rng) for _ in range(4000)])
    means = drawn[:, design.row_cluster == 0].mean(axis=1)
    held(means, 0.5, 0.25 * (1 / n + (1 - 1 / n) / 17))


def test_replicated_counts_have_theirs() -> None:
    """Negative binomial rows with extra dispersion 1/16, an SD of 1/2 between clusters."""
    design = trial(5, outcome="count", summary="rate_ratio")
    model = method(cells={"kind": "negative_binomial"})._model(design)
    rng, params = SEED.generator(), np.array([0.0, 0.0, 0.25, 0.25, 0.0])
    size = design.size[design.row_cluster == 0]
    drawn = np.array([replicated(model, params, rng) for _ in range(4000)])
    total = drawn[:, design.row_cluster == 0].sum(axis=1)
    mean, square = np.exp(0.125), np.exp(0.5)
    spread = mean * size.sum() + square * np.sum(size**2) / 16 + (square - mean**2) * size.sum() ** 2
    held(total, mean * size.sum(), spread)


def test_replicated_values_have_theirs() -> None:
    """A residual variance of 1 and an SD of 1/2 between clusters."""
    design = trial(5, outcome="continuous")
    model, rng = method()._model(design), SEED.generator()
    n = int(np.count_nonzero(design.row_cluster == 0))
    drawn = np.array([replicated(model, np.array([0.0, 0.0, 0.25, 1.0]), rng) for _ in range(4000)])
    held(drawn[:, design.row_cluster == 0].mean(axis=1), 0.0, 0.25 + 1 / n)


def test_replicated_periods_share_their_cluster_and_have_effects_of_their_own() -> None:
    """Two periods of a cluster: the covariance of their means is that of the cluster's effect alone."""
    design = wedge(6)
    one = method(random={"kind": "nested_exchangeable"})
    model, rng = one._model(design), SEED.generator()
    params = np.zeros(model.p + 3)
    params[-3:] = 0.25, 0.16, 1.0
    drawn = np.array([replicated(model, params, rng) for _ in range(6000)])
    means = np.array(
        [
            drawn[:, (design.row_cluster == 0) & (design.row_period == period)].mean(axis=1)
            for period in (0, 1)
        ]
    )
    assert np.cov(means)[0, 1] == pytest.approx(0.25, abs=4 * np.prod(means.std(axis=1)) / np.sqrt(6000))


def held(drawn: np.ndarray, mean: float, variance: float) -> None:
    """Mean and variance within four standard errors of simulation."""
    count = len(drawn)
    assert drawn.mean() == pytest.approx(mean, abs=4 * np.sqrt(variance / count))
    fourth = np.mean((drawn - drawn.mean()) ** 4)
    assert drawn.var() == pytest.approx(variance, abs=4 * np.sqrt((fourth - variance**2) / count))


def test_the_rows_tell_what_the_draws_do() -> None:
    fit = fitted()
    found = fit.posterior
    same = told("prior_grid", priors="same")
    first = fit.uncertainty
    value = float(np.median([binary()[1].model.effect().value(draw) for draw in first.draws]))
    assert float(same["estimate"].stat) == pytest.approx(value, abs=0.01)
    assert abs(float(told("prior_grid", priors="narrow")["estimate"].stat)) < 0.005
    assert float(told("validation")["elpd"].stat) == pytest.approx(float(found.left_out.elpd.sum()))
    unit = told("unit", cluster="c0")
    assert float(unit["rank_low"].stat) <= float(unit["rank"].stat) <= float(unit["rank_high"].stat)
    design = binary()[0]
    assert float(unit["observed"].stat) == pytest.approx(design.y[design.row_cluster == 0].mean())
    shares = [float(told("unit", cluster=name)["worst"].stat) for name in design.clusters]
    assert sum(shares) == pytest.approx(3.0)
    check = told("predictive_check", arm=design.arm_names[0], statistic="mean")
    assert 0.0 < float(check["above"].stat) < 1.0


def test_both_samplers_give_the_same_answers_within_their_error() -> None:
    """nutpie where it is, PyMC where it is not: estimate, limits and left-out clusters."""
    from precept_stats.inference.nuts import sample
    from precept_stats.numerics.posterior.density import whitened

    _, sampled = binary()
    how = method().sampler.how
    density = whitened(sampled.density.posterior)
    other = Sampled(sampled.model, density, sample(density, how, SEED.at("other"), "pymc"))
    from arviz_stats.base import array_stats

    both = [one.effects.reshape(one.coordinates.shape[:2]) for one in (sampled, other)]
    for prob in (0.025, 0.5, 0.975):
        ours, theirs = (np.quantile(each, prob) for each in both)
        errors = [
            float(array_stats.mcse(each, chain_axis=0, draw_axis=1, method="quantile", prob=prob))
            for each in both
        ]
        assert abs(ours - theirs) < 3.5 * np.hypot(*errors)
    elpds = [
        left_out(
            one.model.design.clusters,
            one.log_likelihood().reshape(*one.coordinates.shape[:2], -1),
            lambda _: None,
            0.7,
        ).total
        for one in (sampled, other)
    ]
    assert elpds[0] == pytest.approx(elpds[1], abs=0.3)
