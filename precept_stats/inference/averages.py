"""Both averages of a cluster trial at once: over clusters and over participants, and whether they differ.

The parameters are four means: in the reference and the compared arm, over clusters (every cluster counts the
same) and then over participants (every cluster counts by its size).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.quantities import Quantity, compared, linear, odds_ratio, ratio

Vector = NDArray[np.float64]
Average = Literal["cluster_average", "participant_average"]

AVERAGES: tuple[Average, ...] = ("cluster_average", "participant_average")
"""In the order of the parameters."""


@dataclass(frozen=True, slots=True)
class BothAverages:
    """An effect as a function of the four means, in either average.

    ``measure`` is that of the effect, ``arms`` are the names of the reference and the compared arm, ``unit``
    is that of the means.
    """

    measure: str
    arms: tuple[str, str]
    unit: str

    def effect(self, average: Average) -> Quantity:
        """Compared against reference arm: a difference, a ratio, or a ratio of odds."""
        reference, compare = (self._weights(average, arm) for arm in (0, 1))
        down, up = self.arms
        if self.measure == "odds_ratio":
            return odds_ratio(self.measure, f"{up} / {down}", compare, reference)
        if self.measure.endswith("_ratio"):
            return ratio(self.measure, f"{up} / {down}", compare, reference)
        return linear(self.measure, f"{up} - {down}", compare - reference, unit=self.unit)

    def mean(self, average: Average, arm: int, named: tuple[str, float]) -> Quantity:
        """The mean of an arm; ``named`` is its measure, and what is added to the parameter."""
        measure, origin = named
        weights = self._weights(average, arm)
        return Quantity(
            measure, self.arms[arm], "identity", self.unit, 0.0,
            lambda b: origin + float(weights @ b), lambda b: weights,
        )  # fmt: skip

    def comparison(self) -> Quantity:
        """The effect over participants against that over clusters: their difference, or ratio.

        Where neither outcomes nor effects depend on the size of the cluster it is 0 (a ratio: 1), so that a
        test of this is one of informative cluster size (Li et al. 2025, section 4).
        """
        over_clusters, over_participants = (self.effect(average) for average in AVERAGES)
        return compared(over_participants, over_clusters)

    def _weights(self, average: Average, arm: int) -> Vector:
        return np.eye(1, 4, 2 * AVERAGES.index(average) + arm).ravel()
