"""Stage one leaves out the arm: how much of the effect its covariates take, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from precept_stats.errors import FitError
from precept_stats.methods import ClusterRegression, ClusterSummaries
from precept_stats.methods.stage_one import ARM_R2_LIMIT
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate

from .generated import effect, trial

SHAPES = [("continuous", "mean_difference"), ("binary", "risk_difference"), ("binary", "risk_ratio")]


def with_cluster_covariates(design: ClusterTrialDesign, values: np.ndarray) -> ClusterTrialDesign:
    """The design adjusted for these numbers by cluster (K, q) and nothing else."""
    names = tuple(f"z{j}" for j in range(values.shape[1]))
    return replace(
        design, covariates=(Covariate("z", "cluster", names, values[design.row_cluster].astype(float)),)
    )


@pytest.mark.parametrize(("outcome", "summary"), SHAPES)
@pytest.mark.parametrize("blocks", ["", "strata", "pairs"])
@pytest.mark.parametrize("shown", ["the arm itself", "regions nested in the arms"])
def test_covariates_that_determine_the_arm_leave_no_effect(outcome, summary, blocks, shown) -> None:
    design = trial(20, outcome=outcome, summary=summary, blocks=blocks)
    arm = design.arm[:, None]
    if shown != "the arm itself":
        half = (np.arange(design.n_clusters) // 2 % 2)[:, None]
        arm = np.hstack([arm * half, arm * (1 - half), half * (1 - arm)])
    with pytest.raises(FitError, match="determine the arm"):
        ClusterSummaries().fit(with_cluster_covariates(design, arm))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("blocks", ["", "pairs"])
def test_a_linear_stage_one_takes_the_r2_of_the_arm_from_the_effect(seed: int, blocks: str) -> None:
    """Adding d to one arm moves the effect by d (1 - R2), exactly with clusters of one size."""
    design = trial(seed, blocks=blocks, equal_sizes=True)
    design = with_cluster_covariates(design, np.random.default_rng(seed).normal(size=(design.n_clusters, 2)))
    method = ClusterSummaries()
    moved = replace(design, y=design.y + 7.0 * design.arm[design.row_cluster])
    r2 = dict(method.fit(design).evidence)["stage_one_arm_r2"]
    gained = effect(method, moved).value - effect(method, design).value
    assert gained == pytest.approx(7.0 * (1.0 - r2), rel=1e-9)
    assert 0.0 < r2 < 1.0


def test_a_large_r2_is_warned_about_and_a_small_one_is_not() -> None:
    design = trial(21, equal_sizes=True)
    noise = np.random.default_rng(21).normal(size=design.n_clusters)
    within = noise - np.array([noise[design.arm == arm].mean() for arm in (0, 1)])[design.arm]
    alike, apart = (with_cluster_covariates(design, (within + d * design.arm)[:, None]) for d in (0.0, 2.0))
    calm, warned = ClusterSummaries().fit(alike), ClusterSummaries().fit(apart)
    assert (calm.status, calm.warnings) == ("ok", ())
    r2 = dict(warned.evidence)["stage_one_arm_r2"]
    assert r2 > ARM_R2_LIMIT
    assert warned.status == "warning"
    assert f"{r2:.2f}" in warned.warnings[0]
    assert "cluster_regression" in warned.warnings[0]


def test_regression_on_the_covariate_keeps_the_whole_effect() -> None:
    design = trial(22, equal_sizes=True)
    design = with_cluster_covariates(design, np.random.default_rng(22).normal(size=(design.n_clusters, 3)))
    moved = replace(design, y=design.y + 7.0 * design.arm[design.row_cluster])
    method = ClusterRegression()
    assert effect(method, moved).value - effect(method, design).value == pytest.approx(7.0, rel=1e-9)
