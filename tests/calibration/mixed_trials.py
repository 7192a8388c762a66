"""Synthetic cluster trials for the coverage study of mixed models, drawn from the models themselves.

Continuous outcomes are normal within and between clusters. Binary outcomes are logistic with a normal
random intercept of clusters, so that the odds ratio given the cluster is a parameter and the risks of
the arms are integrals: coefficients are solved for so that risks and correlation are exactly what is set.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy import optimize, special

from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from tests.calibration.trials import OUTCOMES

RISK_REFERENCE, RISK_COMPARE = 0.70, 0.80
MEAN_DIFFERENCE = 0.5
MEAN_SIZE, SIZE_CV, SMALLEST = 30, 0.7, 5
NODES, WEIGHTS = special.roots_hermitenorm(81)


@dataclass(frozen=True)
class Scenario:
    """One cell: clusters in all, equal or unequal sizes, the ICC, and whether there is an effect."""

    clusters: int
    unequal: bool
    icc: float
    effect: bool

    @property
    def sizes(self) -> str:
        return "unequal" if self.unequal else "equal"

    @property
    def name(self) -> str:
        under = "an effect" if self.effect else "no effect"
        return f"{self.clusters} clusters, {self.sizes} sizes, ICC {self.icc:g}, {under}"

    @property
    def truth(self) -> dict[str, float]:
        """The value of every measure that is asked for."""
        if not self.effect:
            return {"mean_difference": 0.0, "risk_difference": 0.0, "odds_ratio": 1.0}
        reference, compare, _ = coefficients(self.icc)
        return {
            "mean_difference": MEAN_DIFFERENCE,
            "risk_difference": RISK_COMPARE - RISK_REFERENCE,
            "odds_ratio": math.exp(compare - reference),
        }


def averaged(eta: float, sigma: float, power: int = 1) -> float:
    """E expit(eta + sigma z)^power for a standard normal z."""
    return float(WEIGHTS @ special.expit(eta + sigma * NODES) ** power / WEIGHTS.sum())


@cache
def coefficients(icc: float) -> tuple[float, float, float]:
    """Log odds of the two arms at a random effect of 0, and its standard deviation.

    The arms' mean risks are those set, and ``icc`` is the correlation of two people's outcomes in one
    cluster of the reference arm (the proportion scale).
    """

    def level(risk: float, sigma: float) -> float:
        return float(optimize.brentq(lambda eta: averaged(eta, sigma) - risk, -10, 10, xtol=1e-13))

    def excess(sigma: float) -> float:
        variance = averaged(level(RISK_REFERENCE, sigma), sigma, 2) - RISK_REFERENCE**2
        return variance / (RISK_REFERENCE * (1 - RISK_REFERENCE)) - icc

    sigma = float(optimize.brentq(excess, 1e-3, 3.0, xtol=1e-13))
    return level(RISK_REFERENCE, sigma), level(RISK_COMPARE, sigma), sigma


def simulate(scenario: Scenario, rng: np.random.Generator) -> dict[str, ClusterTrialDesign]:
    """A trial with half of the clusters in each arm, with a binary and with a continuous outcome."""
    K = scenario.clusters
    arm = rng.permutation(np.repeat([0, 1], K // 2)).astype(np.intp)
    cluster = np.repeat(np.arange(K), _sizes(scenario, rng))
    reference, compare, sigma = coefficients(scenario.icc)
    level = np.where(arm == 1, compare if scenario.effect else reference, reference)
    risk = special.expit(level + sigma * rng.normal(size=K))
    binary = _design(arm, cluster, rng.binomial(1, risk[cluster]).astype(float))
    shift = scenario.truth["mean_difference"] * arm + math.sqrt(scenario.icc) * rng.normal(size=K)
    within = math.sqrt(1 - scenario.icc) * rng.normal(size=len(cluster))
    continuous = replace(
        binary, y=shift[cluster] + within, outcome=OUTCOMES["continuous"], summary="mean_difference"
    )
    return {"binary": binary, "continuous": continuous}


def _design(arm: np.ndarray, cluster: np.ndarray, y: np.ndarray) -> ClusterTrialDesign:
    return ClusterTrialDesign(
        clusters=tuple(f"{k:03d}" for k in range(len(arm))),
        arm_names=("control", "intervention"),
        arm=arm,
        row_cluster=cluster,
        y=y,
        size=np.ones(len(y)),
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
