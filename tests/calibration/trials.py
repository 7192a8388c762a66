"""Synthetic cluster trials for the coverage study, straight to arrays, with the truth known exactly.

Cluster probabilities are beta with the stated mean and intraclass correlation (beta-binomial
outcomes), tied over periods by a normal copula, so a risk difference is exactly what is set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from precept_stats.numerics.beta_clusters import beta_probability
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate
from precept_stats.studies.question import Outcome

RISK_REFERENCE, RISK_COMPARE, RISK_BASELINE = 0.70, 0.80, 0.65
COVARIATE_SHIFT = 0.08
MEAN_SIZE, SIZE_CV, SMALLEST = 30, 0.65, 5
SCORE_CORRELATION = 0.7
OUTCOMES = {
    "binary": Outcome(column="y", type="binary", direction="higher_better"),
    "continuous": Outcome(column="y", type="continuous", direction="higher_better"),
    "count": Outcome(column="y", type="count", denominator="time", direction="higher_better"),
}
MEAN_DIFFERENCE = 0.5
RATE_REFERENCE, RATE_COMPARE = 0.3, 0.45
RATE_CV = {0.01: 0.1, 0.1: 0.3}
"""Between-cluster coefficient of variation of the rates that goes with each ICC."""


@dataclass(frozen=True)
class Scenario:
    """One cell of the study: number of clusters in all, equal or unequal sizes, and the ICC."""

    clusters: int
    unequal: bool
    icc: float

    @property
    def name(self) -> str:
        return f"{self.clusters} clusters, {'unequal' if self.unequal else 'equal'} sizes, ICC {self.icc:g}"


def simulate(
    scenario: Scenario, rng: np.random.Generator, summary: str = "risk_difference"
) -> ClusterTrialDesign:
    """A matched-pair trial of pairs drawn in two strata; leave out what an analysis does not use.

    Pairs share nothing but the allocation: with independent clusters a pair or a stratum carries
    no information, so every analysis of the trial has the same truth.
    """
    K = scenario.clusters
    arm = np.concatenate([rng.permutation([0, 1]) for _ in range(K // 2)]).astype(np.intp)
    sizes = _sizes(scenario, rng)
    score = rng.normal(size=K)
    earlier = SCORE_CORRELATION * score + np.sqrt(1 - SCORE_CORRELATION**2) * rng.normal(size=K)
    risk = beta_probability(score, np.where(arm == 1, RISK_COMPARE, RISK_REFERENCE), scenario.icc)
    before = beta_probability(earlier, np.full(K, RISK_BASELINE), scenario.icc)
    cluster = np.repeat(np.arange(K), sizes)
    y = rng.binomial(1, risk[cluster]).astype(float)
    x = np.where(rng.random(y.size) < 0.5 + COVARIATE_SHIFT * (2 * y - 1), 1.0, 0.0)
    return ClusterTrialDesign(
        clusters=tuple(f"{k:03d}" for k in range(K)),
        arm_names=("control", "intervention"),
        arm=arm,
        row_cluster=cluster,
        y=y,
        size=np.ones(y.size),
        stratum=(np.arange(K) // 2 % 2).astype(np.intp),
        stratum_names=("1", "2"),
        pair=(np.arange(K) // 2).astype(np.intp),
        covariates=(
            Covariate("x", "individual", ("x",), x[:, None]),
            Covariate(
                "baseline", "cluster", ("baseline",), (rng.binomial(sizes, before) / sizes)[cluster][:, None]
            ),
        ),
        baseline=None,
        outcome=OUTCOMES["binary"],
        summary="risk_difference",
    )


def continuous(
    design: ClusterTrialDesign, scenario: Scenario, rng: np.random.Generator
) -> ClusterTrialDesign:
    """The same trial with a normal outcome of variance 1 within and between clusters together."""
    between = np.sqrt(scenario.icc) * rng.normal(size=design.n_clusters)
    within = np.sqrt(1 - scenario.icc) * rng.normal(size=design.y.size)
    mean = (MEAN_DIFFERENCE * design.arm + between)[design.row_cluster]
    return replace(design, y=mean + within, outcome=OUTCOMES["continuous"], summary="mean_difference")


def counts(design: ClusterTrialDesign, scenario: Scenario, rng: np.random.Generator) -> ClusterTrialDesign:
    """The same trial with Poisson events over person-time of 0.5 to 1.5, cluster rates gamma."""
    time = rng.uniform(0.5, 1.5, design.y.size)
    shape = 1 / RATE_CV[scenario.icc] ** 2
    rate = np.where(design.arm == 1, RATE_COMPARE, RATE_REFERENCE)
    rate = rate * rng.gamma(shape, 1 / shape, design.n_clusters)
    events = rng.poisson(rate[design.row_cluster] * time).astype(float)
    return replace(design, y=events, size=time, outcome=OUTCOMES["count"], summary="rate_difference")


def _sizes(scenario: Scenario, rng: np.random.Generator) -> np.ndarray:
    if not scenario.unequal:
        return np.full(scenario.clusters, MEAN_SIZE)
    shape = 1 / SIZE_CV**2
    return np.maximum(np.rint(rng.gamma(shape, MEAN_SIZE / shape, scenario.clusters)), SMALLEST).astype(int)
