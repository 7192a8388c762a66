"""The same answers from scipy and statsmodels on generated trials, and identities between our methods."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from scipy import stats

from precept_stats.methods import ClusterRegression, ClusterSummaries

from .generated import SEEDS, ask, effect, trial

few = settings(max_examples=10)


@few
@given(seed=SEEDS)
def test_equal_weights_are_the_t_test_of_scipy(seed: int) -> None:
    design = trial(seed, outcome="binary")
    means, arm = design.cluster_mean, design.arm
    for variance, equal in (("pooled", True), ("welch", False)):
        ours = effect(ClusterSummaries(variance={"kind": variance}), design)
        theirs = stats.ttest_ind(means[arm == 1], means[arm == 0], equal_var=equal)
        interval = theirs.confidence_interval(0.95)
        assert [ours.statistic, ours.df, ours.p_value] == pytest.approx(
            [theirs.statistic, theirs.df, theirs.pvalue], rel=1e-9
        )
        assert [ours.interval.lower, ours.interval.upper] == pytest.approx(interval, rel=1e-9, abs=1e-12)


@few
@given(seed=SEEDS)
def test_pairs_are_the_paired_t_test_of_scipy(seed: int) -> None:
    design = trial(seed, blocks="pairs")
    ours = effect(ClusterSummaries(), design)
    theirs = stats.ttest_rel(design.cluster_mean[1::2], design.cluster_mean[::2])
    assert [ours.statistic, ours.df, ours.p_value] == pytest.approx(
        [theirs.statistic, theirs.df, theirs.pvalue], rel=1e-9
    )


@few
@given(seed=SEEDS)
def test_weighted_strata_are_wls_of_statsmodels(seed: int) -> None:
    design = trial(seed, blocks="strata")
    ours = ask(ClusterSummaries(weights={"kind": "size"}), design)
    X = np.column_stack([np.ones(design.n_clusters), design.arm, design.stratum])
    theirs = sm.WLS(design.cluster_mean, X, weights=design.cluster_size).fit()
    assert [ours[0].value, ours[0].std_error, ours[0].p_value] == pytest.approx(
        [theirs.params[1], theirs.bse[1], theirs.pvalues[1]], rel=1e-9
    )
    at_average = np.average(design.stratum, weights=design.cluster_size)
    for arm, mean in enumerate(ours[1:]):
        predicted = theirs.get_prediction(np.array([[1.0, arm, at_average]]))
        assert [mean.value, mean.std_error] == pytest.approx(
            [predicted.predicted_mean[0], predicted.se_mean[0]], rel=1e-9
        )


@few
@given(seed=SEEDS)
def test_regression_and_its_hc_variances_are_those_of_statsmodels(seed: int) -> None:
    design = trial(seed, covariates=True)
    n, rows = design.cluster_size, design.row_cluster
    means = [np.bincount(rows, weights=c.values[:, 0]) / n for c in design.covariates]
    X = np.column_stack([np.ones(design.n_clusters), design.arm, *means])
    theirs = sm.OLS(design.cluster_mean, X).fit()
    for kind in ("hc0", "hc1", "hc2", "hc3"):
        ours = effect(ClusterRegression(variance={"kind": kind}), design)
        robust = getattr(theirs, f"{kind.upper()}_se")[1]
        assert [ours.value, ours.std_error] == pytest.approx([theirs.params[1], robust], rel=1e-9)


@few
@given(seed=SEEDS)
def test_regression_without_covariates_is_the_comparison_of_summaries(seed: int) -> None:
    for blocks in ("", "strata", "pairs"):
        for weights in ("equal", "size"):
            design = trial(seed, blocks=blocks)
            one = ask(ClusterSummaries(weights={"kind": weights}), design)
            other = ask(ClusterRegression(weights={"kind": weights}), design)
            for a, b in zip(one, other, strict=True):
                assert [a.value, a.std_error, a.df] == pytest.approx([b.value, b.std_error, b.df], rel=1e-9)


@few
@given(seed=SEEDS)
def test_cr2_with_equal_weights_and_two_arms_is_the_welch_test(seed: int) -> None:
    design = trial(seed)
    welch = effect(ClusterSummaries(variance={"kind": "welch"}), design)
    cr2 = effect(ClusterRegression(variance={"kind": "cr2"}), design)
    assert [cr2.value, cr2.std_error] == pytest.approx([welch.value, welch.std_error], rel=1e-9)


@few
@given(seed=SEEDS)
def test_satterthwaite_in_a_balanced_two_sample_problem_is_clusters_minus_two(seed: int) -> None:
    design = trial(seed)
    method = ClusterRegression(variance={"kind": "cr2"}, df={"kind": "satterthwaite"})
    assert effect(method, design).df == pytest.approx(design.n_clusters - 2, rel=1e-9)


@few
@given(seed=SEEDS)
def test_two_stage_linear_with_a_cluster_covariate_only_regresses_on_its_residual(seed: int) -> None:
    design = trial(seed, covariates=True, equal_sizes=True)
    design = replace(design, covariates=design.covariates[1:])
    ours = effect(ClusterSummaries(), design)
    z = design.covariates[0].values[:, 0].reshape(design.n_clusters, -1)[:, 0]
    residual = sm.OLS(design.cluster_mean, sm.add_constant(z)).fit().resid
    theirs = sm.OLS(residual, sm.add_constant(design.arm.astype(float))).fit()
    assert [ours.value, ours.std_error] == pytest.approx([theirs.params[1], theirs.bse[1]], rel=1e-9)
    assert ours.df == theirs.df_resid - 1
