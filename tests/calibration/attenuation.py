"""What two-stage adjustment for cluster-level covariates costs: the table of its page, cluster_summaries.md.

    python -m tests.calibration.attenuation

Synthetic trials straight to arrays: clusters alternate between two arms, cluster means are the effect,
plus 0.2 times each of p standard normal covariates, plus normal error of standard deviation 0.3.
Each trial has its own seed, [SEED, cell, trial].
"""

from __future__ import annotations

import sys

import numpy as np

from precept_stats.inference.uncertainty import estimate
from precept_stats.methods import AnyMethod, ClusterRegression, ClusterSummaries
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate
from precept_stats.studies.question import Outcome

SEED, TRIALS = 20261123, 500
CELLS = ((16, 1), (16, 3), (16, 5), (30, 5), (40, 4))
"""Clusters, and covariates of clusters."""
EFFECT, SLOPE, ERROR = 1.0, 0.2, 0.3
OUTCOME = Outcome(column="y", type="continuous", direction="higher_better")


def simulate(clusters: int, covariates: int, rng: np.random.Generator) -> ClusterTrialDesign:
    """One trial, two rows a cluster."""
    arm = np.tile([0, 1], clusters // 2).astype(np.intp)
    z = rng.normal(size=(clusters, covariates))
    mean = EFFECT * arm + SLOPE * z.sum(axis=1) + rng.normal(0.0, ERROR, clusters)
    rows = np.repeat(np.arange(clusters), 2)
    return ClusterTrialDesign(
        clusters=tuple(map(str, range(clusters))),
        arm_names=("control", "intervention"),
        arm=arm,
        row_cluster=rows,
        y=mean[rows] + np.tile([-1.0, 1.0], clusters),
        size=np.ones(2 * clusters),
        stratum=None,
        stratum_names=(),
        pair=None,
        covariates=(Covariate("z", "cluster", tuple(f"z{j}" for j in range(covariates)), z[rows]),),
        baseline=None,
        outcome=OUTCOME,
        summary="mean_difference",
    )


def one_trial(cell: int, trial: int, method: AnyMethod) -> tuple[float, bool]:
    """The estimate, and whether its 95 % interval covers the effect."""
    design = simulate(*CELLS[cell], np.random.default_rng([SEED, cell, trial]))
    found = estimate(method.fit(design).uncertainty, method.targets(design)[0], 0.95)
    return found.value, found.interval.lower <= EFFECT <= found.interval.upper


def row(cell: int, trials: int) -> str:
    """One line of the table."""
    clusters, covariates = CELLS[cell]
    numbers = [f"{clusters}", f"{covariates}", f"{EFFECT * (1 - covariates / (clusters - 1)):.3f}"]
    for method in (ClusterSummaries(), ClusterRegression()):
        found = np.array([one_trial(cell, trial, method) for trial in range(trials)])
        numbers += [f"{found[:, 0].mean():.3f}", f"{100 * found[:, 1].mean():.1f}"]
    return "| " + " | ".join(numbers) + " |"


def main() -> None:
    for cell in range(len(CELLS)):
        sys.stdout.write(row(cell, TRIALS) + "\n")


if __name__ == "__main__":
    main()
