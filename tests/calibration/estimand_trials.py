"""Synthetic cluster trials whose effect depends on the size of the cluster, or does not.

Half of the clusters, at random, are small and half large; half of each trial is in each arm. A cluster's risk
is drawn from a beta distribution about a mean that may depend on its size, and people of two kinds within it
have a risk below and above it, so that there is a covariate to adjust for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate
from tests.calibration.trials import OUTCOMES

SMALL, LARGE = (10, 30), (70, 110)
"""Sizes are uniform between these, ends included."""
ICC = 0.05
TILT = 0.15
"""People of the first kind have a risk (1 - TILT) times that of their cluster, others (1 + TILT) times."""
RISKS = {False: ((0.30, 0.42), (0.30, 0.42)), True: ((0.25, 0.27), (0.35, 0.55))}
"""Mean risks in the reference and the compared arm: of small clusters, then of large ones."""


@dataclass(frozen=True)
class Scenario:
    """One cell: clusters in all, and whether their size is informative."""

    clusters: int
    informative: bool

    @property
    def name(self) -> str:
        size = "informative" if self.informative else "uninformative"
        return f"{self.clusters} clusters, size {size}"

    @property
    def truth(self) -> dict[str, float]:
        """The risk difference averaged over clusters, and over participants."""
        effects = np.array([compare - reference for reference, compare in RISKS[self.informative]])
        sizes = np.array([np.mean(SMALL), np.mean(LARGE)])
        return {
            "cluster_average": float(effects.mean()),
            "participant_average": float(np.average(effects, weights=sizes)),
        }


def simulate(scenario: Scenario, rng: np.random.Generator) -> ClusterTrialDesign:
    """A trial with two rows a cluster: events out of the people of each kind."""
    K = scenario.clusters
    arm = rng.permutation(np.repeat([0, 1], K // 2)).astype(np.intp)
    large = rng.integers(0, 2, K)
    low, high = np.array([SMALL, LARGE])[large].T
    sizes = rng.integers(low, high + 1)
    mean = np.array(RISKS[scenario.informative])[large, arm]
    spread = 1.0 / ICC - 1.0
    risk = rng.beta(mean * spread, (1.0 - mean) * spread)
    second = rng.binomial(sizes - 2, 0.5) + 1
    people = np.column_stack([sizes - second, second])
    events = rng.binomial(people, np.minimum(risk[:, None] * np.array([1.0 - TILT, 1.0 + TILT]), 1.0))
    kind = np.tile([0.0, 1.0], K)[:, None]
    return ClusterTrialDesign(
        clusters=tuple(f"{k:03d}" for k in range(K)),
        arm_names=("control", "intervention"),
        arm=arm,
        row_cluster=np.repeat(np.arange(K), 2).astype(np.intp),
        y=events.ravel().astype(np.float64),
        size=people.ravel().astype(np.float64),
        stratum=None,
        stratum_names=(),
        pair=None,
        covariates=(Covariate("kind", "individual", ("kind",), kind),),
        baseline=None,
        outcome=OUTCOMES["binary"].model_copy(update={"denominator": "n"}),
        summary="risk_difference",
    )
