"""Synthetic cluster trials with missing outcomes, by how they came to be missing, with the truth known.

A covariate x is standard normal. Outcomes are normal about a mean linear in x, with a random level of each
cluster. Whether an outcome is missing is drawn given x and the arm. Where it is not missing at random,
missing outcomes of the compared arm are lower by ``SHIFT`` than others like them (a pattern-mixture model,
for which the right shift of imputed outcomes is known).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate
from precept_stats.studies.incomplete import Incomplete
from tests.calibration.trials import OUTCOMES

Floats = NDArray[np.float64]

CLUSTERS, SIZES = 24, (12, 28)
"""Clusters in all; people in each are uniform between these, ends included."""
EFFECT, LEVEL, NOISE = 0.5, 0.35, 1.0
"""The effect at x = 0, and the standard deviations of clusters and of people given x."""
SHIFT = -1.0


@dataclass(frozen=True)
class Mechanism:
    """How outcomes go missing: log odds intercept + slope x by arm, reference first.

    ``interaction`` is what x adds to the effect; ``shift`` is added to missing outcomes of the compared arm;
    ``curve`` and ``bend`` are what x^2 - 1 adds to the outcome and to the log odds of a missing one there.
    """

    name: str
    intercepts: tuple[float, float]
    slopes: tuple[float, float]
    interaction: float = 0.0
    shift: float = 0.0
    curve: float = 0.0
    bend: float = 0.0

    def chance(self, x: Floats, arm: int) -> Floats:
        """That an outcome is missing."""
        found: Floats = special.expit(
            self.intercepts[arm] + self.slopes[arm] * x + self.bend * arm * (x**2 - 1.0)
        )
        return found

    @property
    def missing(self) -> tuple[float, float]:
        """The share missing in each arm, by quadrature over x."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(61)
        shares = [float(weights @ self.chance(nodes, arm) / weights.sum()) for arm in (0, 1)]
        return shares[0], shares[1]

    @property
    def truth(self) -> float:
        """The difference in means of everyone, had no outcome been missing; x has mean 0."""
        return EFFECT + self.shift * self.missing[1]


MECHANISMS = (
    Mechanism("at random given the covariate", (-1.6, -0.6), (0.0, 1.2)),
    Mechanism("at random by arm, effect varies", (-2.5, -0.5), (0.0, 1.2), interaction=1.0),
    Mechanism("not at random", (-1.2, -0.8), (0.6, 0.6), shift=SHIFT),
)


def simulate(mechanism: Mechanism, rng: np.random.Generator, clusters: int = CLUSTERS) -> Incomplete:
    """A trial with x as auxiliary column, outcomes of unanswered rows being NaN."""
    arm = rng.permutation(np.repeat([0, 1], clusters // 2)).astype(np.intp)
    cluster = np.repeat(np.arange(clusters), rng.integers(SIZES[0], SIZES[1] + 1, clusters)).astype(np.intp)
    x = rng.standard_normal(len(cluster))
    treated = arm[cluster]
    level = LEVEL * rng.standard_normal(clusters)
    mean = x + treated * (EFFECT + mechanism.interaction * x) + level[cluster]
    mean = mean + treated * mechanism.curve * (x**2 - 1.0)
    chance = np.where(treated == 1, mechanism.chance(x, 1), mechanism.chance(x, 0))
    missing = rng.random(len(x)) < chance
    y = mean + NOISE * rng.standard_normal(len(x)) + mechanism.shift * missing * treated
    covariate = Covariate("x", "individual", ("x",), x[:, None])
    design = ClusterTrialDesign(
        clusters=tuple(f"{k:03d}" for k in range(clusters)),
        arm_names=("control", "intervention"),
        arm=arm,
        row_cluster=cluster,
        y=np.where(missing, np.nan, y),
        size=np.ones(len(x)),
        stratum=None,
        stratum_names=(),
        pair=None,
        covariates=(),
        baseline=None,
        outcome=OUTCOMES["continuous"],
        summary="mean_difference",
    )
    return Incomplete(design, ~missing, (covariate,))
