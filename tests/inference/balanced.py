"""A balanced two-arm trial with a random intercept, for which nearly everything has a closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from precept_stats.numerics.mixed.model import Fixed, Grouping, MixedModel, Numeric, Random, Rows


@dataclass(frozen=True)
class Balanced:
    """K clusters of n rows, arms alternating; y in order of cluster."""

    clusters: int
    rows: int
    y: np.ndarray

    @property
    def arm(self) -> np.ndarray:
        return np.arange(self.clusters) % 2

    @property
    def cluster(self) -> np.ndarray:
        return np.repeat(np.arange(self.clusters), self.rows)

    @property
    def means(self) -> np.ndarray:
        return self.y.reshape(self.clusters, self.rows).mean(axis=1)

    @property
    def between(self) -> float:
        """The sum of squares of cluster means about their arm's mean."""
        arms = [self.means[self.arm == one] for one in (0, 1)]
        return float(sum(((one - one.mean()) ** 2).sum() for one in arms))

    @property
    def within(self) -> float:
        """The sum of squares of rows about their cluster's mean."""
        return float(((self.y - self.means[self.cluster]) ** 2).sum())

    @property
    def effect(self) -> float:
        return float(self.means[self.arm == 1].mean() - self.means[self.arm == 0].mean())

    @property
    def exact_error(self) -> float:
        """The standard error of the t test of cluster means, on clusters - 2."""
        return float(np.sqrt(4.0 / self.clusters * self.between / (self.clusters - 2)))

    @property
    def model(self) -> MixedModel:
        grouping = Grouping("cluster", self.cluster, self.clusters)
        arm = Numeric("arm", self.arm[self.cluster].astype(float))
        return MixedModel(Rows(self.y), Fixed((arm,)), (Random(grouping),))


def balanced(clusters: int, rows: int, sd: float, seed: int = 1, effect: float = 0.5) -> Balanced:
    """Synthetic: cluster effects of standard deviation ``sd`` and residuals of 1."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(clusters), rows)
    y = 3.0 + effect * (cluster % 2) + sd * rng.standard_normal(clusters)[cluster]
    return Balanced(clusters, rows, y + rng.standard_normal(clusters * rows))
