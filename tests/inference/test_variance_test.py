"""Tests of a variance: held to the analysis of variance, to mixtures, and to exact F tails."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from precept_stats.errors import FitError
from precept_stats.inference.bootstrap_tests import bootstrap_test, of_fixed_effects, of_random_effects
from precept_stats.inference.seeds import Seed
from precept_stats.inference.variance_test import variance_test
from precept_stats.numerics.mixed.fit import fit_mixed
from precept_stats.numerics.mixed.model import Fixed, Grouping, MixedModel, Numeric, Random, Rows

from .balanced import Balanced, balanced


def ratio_from_anova(trial: Balanced, reml: bool) -> float:
    """The likelihood ratio of a balanced trial, from its sums of squares alone; 0 where MSB <= MSW."""
    K, n = trial.clusters, trial.rows
    inner, outer = K * (n - 1), K - 2 if reml else K
    within, between = trial.within, n * trial.between
    if between / outer <= within / inner:
        return 0.0
    whole = inner + outer
    return (
        whole * math.log((within + between) / whole)
        - inner * math.log(within / inner)
        - outer * math.log(between / outer)
    )


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("sd", [0.0, 0.3, 0.8])
def test_the_statistic_is_that_of_the_analysis_of_variance(reml, sd):
    for seed in range(6):
        trial = balanced(12, 7, sd, seed=seed)
        found = variance_test(fit_mixed(trial.model, "reml" if reml else "ml"), None)
        expected = ratio_from_anova(trial, reml)
        assert found.statistic == pytest.approx(expected, rel=1e-7, abs=1e-7)
        assert found.df == (0, 1)
        if expected == 0.0:
            assert found.p_value == 1.0
        else:
            assert found.p_value == pytest.approx(stats.norm.sf(math.sqrt(expected)), rel=1e-6)


def test_the_mixture_holds_with_many_clusters():
    """Under no variance, 2,000 balanced trials of 200 clusters drawn by their sums of squares (REML).

    About half of the ratios are 0, and a test at 5 % rejects in 5 %, within four Monte Carlo errors and
    what 200 clusters leave (Crainiceanu and Ruppert 2004, J R Stat Soc B 66:165, section 3).
    """
    rng, K, n, R = np.random.default_rng(3), 200, 5, 2000
    within, between = rng.chisquare(K * (n - 1), R), rng.chisquare(K - 2, R)
    above = between / (K - 2) > within / (K * (n - 1))
    whole = K * (n - 1) + K - 2
    ratios = np.where(
        above,
        whole * np.log((within + between) / whole)
        - K * (n - 1) * np.log(within / (K * (n - 1)))
        - (K - 2) * np.log(between / (K - 2)),
        0.0,
    )
    p = np.where(ratios > 0, stats.norm.sf(np.sqrt(ratios)), 1.0)
    assert np.mean(ratios == 0) == pytest.approx(0.5, abs=0.02 + 4 * math.sqrt(0.25 / R))
    assert np.mean(p <= 0.05) == pytest.approx(0.05, abs=0.005 + 4 * math.sqrt(0.05 * 0.95 / R))


def slopes(seed: int, sd: float = 0.7):
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(25), 10)
    x = rng.normal(0, 1, 250)
    y = rng.normal(0, 1, 25)[cluster] + sd * rng.normal(0, 1, 25)[cluster] * x + rng.normal(0, 1, 250)
    grouping, column = Grouping("cluster", cluster, 25), Numeric("x", x)
    whole = MixedModel(Rows(y), Fixed((column,)), (Random(grouping, (column,)),))
    return whole, replace(whole, random=(Random(grouping),))


def test_a_slope_takes_its_covariance_with_it():
    full, reduced = (fit_mixed(model) for model in slopes(4, 0.2))
    found = variance_test(full, reduced)
    statistic = reduced.deviance - full.deviance
    assert found.statistic == pytest.approx(statistic, rel=1e-9)
    assert found.df == (1, 2)
    assert found.p_value == pytest.approx(
        (stats.chi2(1).sf(statistic) + stats.chi2(2).sf(statistic)) / 2, rel=1e-9
    )


def test_fits_that_do_not_compare_are_refused():
    whole, part = slopes(4)
    full, reduced = fit_mixed(whole), fit_mixed(part)
    shifted = fit_mixed(replace(part, rows=Rows(part.rows.y + np.arange(250.0))))
    for one, other, told in [
        (full, fit_mixed(part, "ml"), "do not compare"),
        (full, shifted, "do not compare"),
        (full, fit_mixed(replace(part, fixed=Fixed())), "do not compare"),
        (full, None, "one variance"),
        (reduced, full, "one variance"),
        (full, full, "one variance"),
    ]:
        with pytest.raises(FitError, match=told):
            variance_test(one, other)


SEED, R = Seed(8), 799


def test_a_bootstrap_of_the_effect_is_the_exact_t_test():
    """The ratio grows with |t| in a balanced trial, so its p is that of t, within four Monte Carlo errors."""
    trial = balanced(8, 6, 1.5, seed=9, effect=2.2)
    model = trial.model
    nested = of_fixed_effects(model, fit_mixed(model, "ml"), np.array([0.0, 1.0]))
    K, t = trial.clusters, trial.effect / trial.exact_error
    assert nested.statistic == pytest.approx(K * math.log1p(t * t / (K - 2)), rel=1e-7)
    found = bootstrap_test(nested, SEED, R)
    p = 2 * stats.t(K - 2).sf(abs(t))
    assert 0.005 < p < 0.3
    assert found.p_value == pytest.approx(p, abs=1 / R + 4 * math.sqrt(p * (1 - p) / R))
    assert stats.chi2(1).sf(nested.statistic) < p
    assert (found.df, found.replicates, found.failed) == (1, R, 0)


def test_a_joint_bootstrap_is_the_exact_f_test():
    """Three conditions of four clusters: the ratio is K log(1 + 2 F / (K - 3))."""
    rng, K, n = np.random.default_rng(14), 12, 5
    cluster = np.repeat(np.arange(K), n)
    group = np.arange(K) % 3
    y = 3 + (0.9 * group + rng.normal(0, 1.0, K))[cluster] + 0.7 * rng.normal(0, 1, K * n)
    means = y.reshape(K, n).mean(axis=1)
    F, p = stats.f_oneway(*(means[group == one] for one in range(3)))
    columns = tuple(Numeric(f"g{one}", (group == one)[cluster].astype(float)) for one in (1, 2))
    model = MixedModel(Rows(y), Fixed(columns), (Random(Grouping("cluster", cluster, K)),))
    nested = of_fixed_effects(model, fit_mixed(model, "ml"), np.eye(3)[1:])
    assert nested.statistic == pytest.approx(K * math.log1p(2 * F / (K - 3)), rel=1e-7)
    found = bootstrap_test(nested, SEED, R)
    assert found.df == 2
    assert 0.005 < p < 0.4
    assert found.p_value == pytest.approx(p, abs=1 / R + 4 * math.sqrt(p * (1 - p) / R))


def test_a_bootstrap_of_a_variance_is_the_exact_f_test():
    """Periods within clusters, balanced: the variance of periods has an exact F test given its clusters."""
    rng, K, T, n = np.random.default_rng(21), 8, 4, 4
    cluster, cell = np.repeat(np.arange(K), T * n), np.repeat(np.arange(K * T), n)
    y = (
        2.0 * rng.normal(0, 1, K)[cluster]
        + 0.15 * rng.normal(0, 1, K * T)[cell]
        + rng.normal(0, 1, K * T * n)
    )
    by_cluster, by_cell = Grouping("cluster", cluster, K), Grouping("cell", cell, K * T)
    full = MixedModel(Rows(y), Fixed(), (Random(by_cluster), Random(by_cell)))
    null = replace(full, random=(Random(by_cluster),))
    means = y.reshape(K, T, n).mean(axis=2)
    top = n * ((means - means.mean(axis=1, keepdims=True)) ** 2).sum() / (K * (T - 1))
    bottom = ((y.reshape(K, T, n) - means[:, :, None]) ** 2).sum() / (K * T * (n - 1))
    p = stats.f(K * (T - 1), K * T * (n - 1)).sf(top / bottom)
    assert 0.005 < p < 0.4
    found = bootstrap_test(of_random_effects((full, fit_mixed(full)), (null, fit_mixed(null))), SEED, 399)
    assert found.p_value == pytest.approx(p, abs=1 / 399 + 4 * math.sqrt(p * (1 - p) / 399))
    mixture = variance_test(fit_mixed(full), fit_mixed(null))
    assert mixture.statistic == pytest.approx(found.statistic, rel=1e-9)
    assert mixture.p_value == pytest.approx(p, abs=0.5 * p + 0.01)


def test_bootstrap_tests_refuse_what_does_not_compare():
    whole, part = slopes(4)
    with pytest.raises(FitError, match="maximum likelihood"):
        of_fixed_effects(part, fit_mixed(part), np.array([0.0, 1.0]))
    with pytest.raises(FitError, match="contrast"):
        of_fixed_effects(part, fit_mixed(part, "ml"), np.zeros(2))
    with pytest.raises(FitError, match="do not compare"):
        of_random_effects((whole, fit_mixed(whole, "ml")), (part, fit_mixed(part)))
    with pytest.raises(FitError, match="do not compare"):
        of_random_effects((part, fit_mixed(part)), (whole, fit_mixed(whole)))


def test_a_bootstrap_test_is_the_same_in_any_order():
    trial = balanced(8, 6, 1.0, seed=9)
    nested = of_fixed_effects(trial.model, fit_mixed(trial.model, "ml"), np.array([0.0, 1.0]))
    forward = [nested.simulated(SEED, number) for number in range(12)]
    assert forward == [nested.simulated(SEED, number) for number in reversed(range(12))][::-1]
