"""Synthetic trials with few clusters and a binary outcome, one row a cluster, the truth known exactly.

Risks of clusters are beta, so outcomes are beta-binomial: the mean risk of each arm, the correlation of two
people's outcomes in a cluster (the proportion scale, the same in both arms) and so the marginal risk
difference and odds ratio are exactly what is set. Sizes carry no information about risk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from tests.calibration.trials import OUTCOMES

RISKS = {False: (0.50, 0.60), True: (0.05, 0.10)}
"""Risks of the reference and of the compared arm under an effect, for a common and for a rare outcome."""
MEAN_SIZE, SIZE_CV, SMALLEST = 30, 0.9, 3


@dataclass(frozen=True)
class Scenario:
    """One cell: clusters in all, sizes, ICC, how common the outcome is, and whether there is an effect."""

    clusters: int
    unequal: bool
    icc: float
    rare: bool
    effect: bool

    @property
    def sizes(self) -> str:
        return "very unequal" if self.unequal else "equal"

    @property
    def outcome(self) -> str:
        return "rare" if self.rare else "common"

    @property
    def name(self) -> str:
        under = "an effect" if self.effect else "no effect"
        return (
            f"{self.clusters} clusters, {self.sizes} sizes, ICC {self.icc:g}, {self.outcome} outcome, {under}"
        )

    @property
    def address(self) -> tuple[int, ...]:
        """Where its random numbers lie: of what it is, so that other cells change nothing."""
        return (self.clusters, int(self.unequal), round(1000 * self.icc), int(self.rare), int(self.effect))

    @property
    def risks(self) -> tuple[float, float]:
        """Mean risks of the reference and of the compared arm."""
        reference, compare = RISKS[self.rare]
        return reference, compare if self.effect else reference

    @property
    def truth(self) -> dict[str, float]:
        """The marginal effects."""
        reference, compare = self.risks
        return {
            "risk_difference": compare - reference,
            "odds_ratio": compare / (1 - compare) / (reference / (1 - reference)),
        }


def simulate(scenario: Scenario, rng: np.random.Generator) -> ClusterTrialDesign:
    """A trial with half of the clusters in each arm, at random."""
    K = scenario.clusters
    arm = rng.permutation(np.repeat([0, 1], K // 2)).astype(np.intp)
    sizes = _sizes(scenario, rng)
    risk = np.array(scenario.risks)[arm]
    if scenario.icc > 0:
        precision = 1 / scenario.icc - 1
        risk = rng.beta(risk * precision, (1 - risk) * precision)
    return ClusterTrialDesign(
        clusters=tuple(f"{k:03d}" for k in range(K)),
        arm_names=("control", "intervention"),
        arm=arm,
        row_cluster=np.arange(K),
        y=rng.binomial(sizes, risk).astype(float),
        size=sizes.astype(float),
        stratum=None,
        stratum_names=(),
        pair=None,
        covariates=(),
        baseline=None,
        outcome=OUTCOMES["binary"],
        summary="risk_difference",
    )


def _sizes(scenario: Scenario, rng: np.random.Generator) -> np.ndarray:
    if not scenario.unequal:
        return np.full(scenario.clusters, MEAN_SIZE)
    shape = 1 / SIZE_CV**2
    drawn = rng.gamma(shape, MEAN_SIZE / shape, scenario.clusters)
    return np.maximum(np.rint(drawn), SMALLEST).astype(int)
