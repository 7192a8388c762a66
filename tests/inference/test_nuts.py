"""The sampler against posteriors that are known in closed form, and itself; and when chains are refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from precept_stats.inference.convergence import convergence
from precept_stats.inference.nuts import Chains, Sampling, available, sample
from precept_stats.inference.seeds import Seed
from precept_stats.numerics.posterior.counts import Rows, collapsed
from precept_stats.numerics.posterior.density import Posterior, Whitened, whitened
from precept_stats.numerics.posterior.gaussian import GaussianRows, summed
from precept_stats.numerics.posterior.laws import Known, LogitBeta, Normal

pytest.importorskip("arviz_stats")
pytest.importorskip("numba")
pytest.importorskip("pymc")

SHORT = Sampling(chains=4, draws=500, warmup=200, target_accept=0.85)
SEED = Seed(20240501)


def beta_posterior() -> Whitened:
    """27 of 60 with a beta(3, 5) prior of the risk: the posterior is beta(30, 38)."""
    one = np.zeros(4, dtype=np.intp)
    rows = Rows(np.ones((4, 1)), np.array([7.0, 5, 9, 6]), np.full(4, 15.0), np.zeros(4), one, one)
    return whitened(Posterior(collapsed(rows, "binomial", clustered=False), (LogitBeta(3.0, 5.0),)))


def held_to(drawn: np.ndarray, exact: object, *, standard_errors: float = 3.5) -> None:
    """Mean, sd and 95 % limits within Monte Carlo error; ``drawn`` is (chains, draws)."""
    from arviz_stats.base import array_stats

    flat = drawn.ravel()
    wanted = [("mean", exact.mean(), {}), ("sd", exact.std(), {})]
    wanted += [("quantile", exact.ppf(p), {"prob": p}) for p in (0.025, 0.975)]
    found = [flat.mean(), flat.std(ddof=1), *np.quantile(flat, (0.025, 0.975))]
    for ours, (kind, theirs, more) in zip(found, wanted, strict=True):
        error = float(array_stats.mcse(drawn, chain_axis=0, draw_axis=1, method=kind, **more))
        assert abs(ours - theirs) < standard_errors * error, (kind, ours, theirs, error)


def test_a_beta_prior_and_binomial_counts_give_the_beta_posterior() -> None:
    density = beta_posterior()
    chains = sample(density, SHORT, SEED, available())
    risks = 1 / (1 + np.exp(-density.coordinates(chains.draws)[..., 0]))
    held_to(risks, stats.beta(30, 38))


def test_normal_priors_and_known_variances_give_the_normal_posterior() -> None:
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(10), 6)
    arm = (cluster % 2).astype(float)
    X, y = np.column_stack([np.ones(60), arm]), rng.normal(size=60) + 0.5 * arm
    priors = (Normal(0.2, 1.0), Normal(0.0, 0.5), Known(0.4), Known(np.log(1.1)))
    density = whitened(Posterior(summed(GaussianRows(X, y, cluster, cluster), nested=False), priors))
    V = 0.16 * (cluster[:, None] == cluster) + 1.21 * np.eye(60)
    covariance = np.linalg.inv(X.T @ np.linalg.solve(V, X) + np.diag([1.0, 4.0]))
    mean = covariance @ (X.T @ np.linalg.solve(V, y) + np.array([0.2, 0.0]))
    drawn = density.coordinates(sample(density, SHORT, SEED, available()).draws)
    for place in (0, 1):
        held_to(drawn[..., place], stats.norm(mean[place], np.sqrt(covariance[place, place])))


def test_the_same_seed_gives_the_same_draws_and_another_others() -> None:
    few = Sampling(2, 100, 100)
    first, again, other = (
        sample(beta_posterior(), few, seed, available()).draws for seed in (SEED, SEED, SEED.at(1))
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.slow
def test_both_samplers_find_the_same_posterior() -> None:
    density = beta_posterior()
    for sampler in ("nutpie", "pymc"):
        found = sample(density, SHORT, SEED, sampler)
        assert found.sampler == sampler
        held_to(1 / (1 + np.exp(-density.coordinates(found.draws)[..., 0])), stats.beta(30, 38))


def test_chains_that_disagree_are_seen() -> None:
    rng = np.random.default_rng(4)
    drawn = rng.normal(size=(4, 400, 2))
    energy = rng.normal(size=(4, 400))
    well = convergence(Chains(drawn, np.zeros((4, 400), bool), energy, "nutpie"), drawn, ("a", "b"))
    assert well.rhat < 1.01
    assert well.bulk > 1000
    apart = drawn.copy()
    apart[0, :, 1] += 3.0
    diverging = np.zeros((4, 400), bool)
    diverging[2, 5] = True
    ill = convergence(Chains(apart, diverging, np.cumsum(energy, axis=1), "nutpie"), apart, ("a", "b"))
    assert ill.rhat > 1.1
    assert (ill.divergences, ill.worst) == (1, "b")
    assert ill.ebfmi < 0.3
