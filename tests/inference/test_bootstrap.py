"""The parametric bootstrap: exact distributions in a balanced trial, and one answer however it is run."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from precept_stats.errors import FitError
from precept_stats.inference.bootstrap import (
    Refit,
    bootstrap,
    bootstrap_facts,
    bootstrap_warnings,
    gathered,
    replicate,
)
from precept_stats.inference.draws import PERCENTILE, STUDENTISED
from precept_stats.inference.mixed_bootstrap import mixed_bootstrap
from precept_stats.inference.quantities import Quantity, linear
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.numerics.mixed.fit import fit_mixed

from .balanced import balanced

TRIAL = balanced(10, 6, 1.5, seed=3)
R = 1999
SEED = Seed(2024).at("primary")
KS = 1e-3
"""The smallest p of a Kolmogorov-Smirnov test that passes; seeds are fixed."""


def prepared(trial, criterion="reml"):
    return mixed_bootstrap(trial.model, fit_mixed(trial.model, criterion))


@pytest.fixture(scope="module")
def found():
    return bootstrap(prepared(TRIAL), SEED, R)


def effect(width=4):
    return linear("mean_difference", "b - a", np.eye(width)[1], unit="")


def test_the_studentised_interval_is_the_exact_t_interval(found):
    """Within four Monte Carlo standard errors of the quantile of |t| and of its tail."""
    answer, df = estimate(found.draws, effect(), 0.95), TRIAL.clusters - 2
    exact = stats.t(df).ppf(0.975)
    error = math.sqrt(0.95 * 0.05 / R) / (2 * stats.t(df).pdf(exact))
    half = (answer.interval.upper - answer.interval.lower) / 2 / TRIAL.exact_error
    assert half == pytest.approx(exact, abs=4 * error)
    assert answer.value == pytest.approx(TRIAL.effect, rel=1e-9)
    assert answer.std_error == pytest.approx(TRIAL.exact_error, rel=1e-7)
    p = 2 * stats.t(df).sf(abs(TRIAL.effect) / TRIAL.exact_error)
    assert answer.p_value == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / R))
    assert answer.interval.method == STUDENTISED


def test_variances_are_drawn_from_their_exact_distributions(found):
    """Independent chi-squared over df: that within, and lambda = sigma2 + n tau2."""
    K, n = TRIAL.clusters, TRIAL.rows
    tau2, sigma2 = found.draws.params[2:]
    within = found.draws.draws[:, 3] / sigma2 * K * (n - 1)
    between = (found.draws.draws[:, 3] + n * found.draws.draws[:, 2]) / (sigma2 + n * tau2) * (K - 2)
    assert found.on_boundary == 0
    assert stats.kstest(within, stats.chi2(K * (n - 1)).cdf).pvalue > KS
    assert stats.kstest(between, stats.chi2(K - 2).cdf).pvalue > KS
    assert stats.spearmanr(within, between).pvalue > KS
    error = math.sqrt(4 / K * (tau2 + sigma2 / n))
    assert stats.kstest((found.draws.draws[:, 1] - TRIAL.effect) / error, stats.norm.cdf).pvalue > KS


def test_the_share_on_the_boundary_is_that_of_the_f_distribution():
    trial = balanced(10, 4, 0.35, seed=5)
    model = prepared(trial)
    tau2, sigma2 = model.point.params[2:]
    assert tau2 > 0
    found = bootstrap(model, SEED, 600)
    K, n = trial.clusters, trial.rows
    share = stats.f(K - 2, K * (n - 1)).cdf(sigma2 / (sigma2 + n * tau2))
    assert found.on_boundary == pytest.approx(600 * share, abs=4 * math.sqrt(600 * share * (1 - share)))
    assert found.on_boundary == np.count_nonzero(found.draws.draws[:, 2] == 0.0)
    facts = {fact.name: fact.stat for fact in bootstrap_facts(found)}
    assert facts == {"replicates": 600, "replicates_failed": 0, "replicates_on_boundary": found.on_boundary}
    assert bootstrap_warnings(found, model.point) == ()


def test_maximum_likelihood_draws_are_biased_as_they_should_be():
    found = bootstrap(prepared(TRIAL, "ml"), SEED, 400)
    K, n = TRIAL.clusters, TRIAL.rows
    tau2, sigma2 = found.draws.params[2:]
    between = (found.draws.draws[:, 3] + n * found.draws.draws[:, 2]) / (sigma2 + n * tau2) * K
    assert stats.kstest(between, stats.chi2(K - 2).cdf).pvalue > KS


def test_a_correlation_has_percentiles_of_its_draws(found):
    def share(b):
        return math.log(b[2] / b[3]) if b[2] > 0 else -math.inf

    quantity = Quantity(
        "icc", "", "logit", "proportion", 0.5, share, lambda b: np.array([0, 0, 1 / b[2], -1 / b[3]])
    )
    answer = estimate(found.draws, quantity, 0.9)
    icc = np.sort(found.draws.draws[:, 2] / found.draws.draws[:, 2:].sum(axis=1))
    assert (answer.interval.lower, answer.interval.upper) == pytest.approx((icc[99], icc[-100]), rel=1e-12)
    assert answer.interval.method == PERCENTILE


def test_serial_reversed_in_parts_and_in_threads_are_one_answer():
    model, count = prepared(TRIAL), 40
    serial = bootstrap(model, SEED, count).draws
    backwards = gathered(model, [replicate(model, SEED, number) for number in reversed(range(count))]).draws
    first = [replicate(model, SEED, number) for number in range(17)]
    resumed = gathered(
        model, [*first, *(replicate(model, SEED, number) for number in range(17, count))]
    ).draws
    with ThreadPoolExecutor(2) as pool:
        threads = gathered(model, pool.map(lambda number: replicate(model, SEED, number), range(count))).draws
    for other in (backwards, resumed, threads):
        assert np.array_equal(serial.draws, other.draws)
        assert np.array_equal(serial.covariances, other.covariances, equal_nan=True)
    longer = bootstrap(model, SEED, count + 5).draws
    assert np.array_equal(serial.draws, longer.draws[:count])
    assert not np.array_equal(serial.draws, bootstrap(model, Seed(2025), count).draws.draws)


def test_progress_is_told():
    told = []
    bootstrap(prepared(TRIAL), SEED, 3, lambda done, whole: told.append((done, whole)))
    assert told == [(0, 3), (1, 3), (2, 3)]


@dataclass(frozen=True)
class Stub:
    """A mean of one normal observation, whose refit fails above a limit."""

    limit: float
    names: tuple[str, ...] = ("mean",)

    @property
    def point(self):
        return Refit(np.array([0.0]), np.array([[1.0]]), True)

    def simulate(self, rng):
        return float(rng.standard_normal())

    def refit(self, outcome):
        if outcome > self.limit:
            raise FitError("too large", found=str(outcome))
        return Refit(np.array([outcome]), np.array([[1.0]]), False)


def test_failures_are_counted_told_and_held_against_the_interval():
    whole, holed = (bootstrap(Stub(limit), SEED, 999) for limit in (math.inf, 2.5))
    drawn = np.array([SEED.at(number).generator().standard_normal() for number in range(999)])
    assert holed.failed == np.count_nonzero(drawn > 2.5) > 0
    assert np.array_equal(np.isnan(holed.draws.draws[:, 0]), drawn > 2.5)
    asked = linear("mean", "", np.array([1.0]), unit="")
    before, after = estimate(whole.draws, asked, 0.95), estimate(holed.draws, asked, 0.95)
    assert after.interval.upper >= before.interval.upper
    failed, simulated = bootstrap_warnings(holed, Stub(2.5).point)
    assert failed.startswith(f"{holed.failed} of 999")
    assert "simulates without it" in simulated


def test_a_bootstrap_of_failures_only_is_refused():
    with pytest.raises(FitError, match="no replicate"):
        bootstrap(Stub(-math.inf), SEED, 5)
