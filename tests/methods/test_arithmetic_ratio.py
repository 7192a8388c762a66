"""Arithmetic ratios within pairs and strata: what blocks add to both arms in proportion is no scatter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings

from precept_stats.errors import FitError
from precept_stats.methods import ClusterSummaries
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign

from .generated import SEEDS, ask, effect, trial

ARITHMETIC = {"kind": "arithmetic"}
few = settings(max_examples=10)


@few
@given(seed=SEEDS)
def test_pairs_have_the_variance_of_relative_differences(seed: int) -> None:
    design = trial(seed, outcome="binary", summary="risk_ratio", blocks="pairs")
    reference, compare = design.cluster_mean[::2], design.cluster_mean[1::2]
    relative = compare / compare.mean() - reference / reference.mean()
    found = effect(ClusterSummaries(ratio=ARITHMETIC), design)
    assert found.value == pytest.approx(compare.mean() / reference.mean(), rel=1e-9)
    assert found.std_error == pytest.approx(relative.std(ddof=1) / np.sqrt(len(relative)), rel=1e-9)
    assert found.df == len(relative) - 1


@few
@given(seed=SEEDS)
def test_strata_have_the_variance_of_the_regression_of_relative_summaries(seed: int) -> None:
    design = trial(seed, outcome="count", summary="rate_ratio", blocks="strata")
    found = ask(ClusterSummaries(ratio=ARITHMETIC, weights={"kind": "size"}), design)
    means = np.array([found[1].value, found[2].value])
    X = np.column_stack([np.ones(design.n_clusters), design.arm, design.stratum])
    theirs = sm.WLS(design.cluster_mean / means[design.arm], X, weights=design.cluster_size).fit()
    assert found[0].value == pytest.approx(means[1] / means[0], rel=1e-9)
    assert [found[0].std_error, found[0].df] == pytest.approx([theirs.bse[1], theirs.df_resid], rel=1e-9)


def test_effects_in_exact_proportion_within_pairs_leave_no_scatter() -> None:
    design = trial(30, outcome="continuous", blocks="pairs", equal_sizes=True)
    level = (2.0 + design.pair) * np.where(design.arm == 1, 1.5, 1.0)
    exact = _counts(design, 16.0 * level)
    with pytest.raises(FitError, match="do not differ"):
        ClusterSummaries(ratio=ARITHMETIC).fit(exact)


def test_intervals_cover_a_proportional_effect_in_pairs_of_unlike_level() -> None:
    """200 synthetic trials of 30 pairs whose risks differ twentyfold; three Monte Carlo standard errors."""
    trials, ratio, covered = 200, 1.8, 0
    base = trial(31, outcome="binary", summary="risk_ratio", blocks="pairs")
    for replicate in range(trials):
        rng = np.random.default_rng([31, replicate])
        risk = np.repeat(rng.uniform(0.02, 0.38, 30), 2) * np.tile([1.0, ratio], 30)
        events = rng.binomial(400, risk * rng.uniform(0.8, 1.2, 60)).astype(float)
        design = replace(_rows(base, 60), y=events, size=np.full(60, 400.0))
        interval = effect(ClusterSummaries(ratio=ARITHMETIC), design).interval
        covered += interval.lower <= ratio <= interval.upper
    assert abs(covered / trials - 0.95) <= 3 * np.sqrt(0.95 * 0.05 / trials)


def _rows(design: ClusterTrialDesign, clusters: int) -> ClusterTrialDesign:
    """The same trial with one row a cluster and other clusters, in pairs."""
    numbers = np.arange(clusters)
    return replace(
        design, clusters=tuple(map(str, numbers)), row_cluster=numbers, arm=numbers % 2, pair=numbers // 2,
        y=np.zeros(clusters), size=np.ones(clusters),
    )  # fmt: skip


def _counts(design: ClusterTrialDesign, totals: np.ndarray) -> ClusterTrialDesign:
    one = _rows(trial(30, outcome="binary", summary="risk_ratio", blocks="pairs"), design.n_clusters)
    return replace(one, y=totals, size=np.full(design.n_clusters, 1024.0))
