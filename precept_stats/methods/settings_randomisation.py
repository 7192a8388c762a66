"""Settings of the randomisation test: what is compared, and over which allocations."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from precept_stats.errors import FitError
from precept_stats.inference.seeds import Seed
from precept_stats.methods.settings import Choice
from precept_stats.methods.settings_score import GeeScore
from precept_stats.numerics.allocations import AnyAllocations, Drawn, Every
from precept_stats.numerics.shift_tests import AnyShiftTest, difference_test, studentised_test

Vector = NDArray[np.float64]


class Difference(Choice):
    """The difference between the arms in the (weighted) mean of cluster summaries, within strata or pairs."""

    kind: Literal["difference"] = "difference"

    def test(
        self, values: Vector, weights: Vector, blocks: AnyAllocations, how: Every | Drawn
    ) -> AnyShiftTest:
        """The test of any shift of the values (K,)."""
        return difference_test(values, weights, blocks, how)


class Studentised(Choice):
    """The difference over Welch's standard error, for when clusters may vary more in one arm.

    For the null of no effect in any cluster it is exact like the difference; for that of no mean effect it
    keeps its level as clusters grow in number (Janssen 1997).
    """

    kind: Literal["studentised"] = "studentised"

    def test(
        self, values: Vector, _weights: Vector, blocks: AnyAllocations, how: Every | Drawn
    ) -> AnyShiftTest:
        """The test of any shift of the values (K,). FitError unless each stratum has two clusters an arm."""
        for b in np.unique(blocks.block):
            counts = np.bincount(blocks.arm[blocks.block == b], minlength=2)
            if counts.min() == 1:
                raise FitError(
                    "a stratum has a single cluster in an arm, so there is nothing to studentise by",
                    found=f"{counts[0]} and {counts[1]} clusters",
                    allowed="two clusters in each arm of every stratum, or the statistic difference",
                )
        return studentised_test(values, blocks, how)


class ExactAllocations(Choice):
    """Every allocation that the study allows, up to 1,000,000 of them."""

    kind: Literal["exact"] = "exact"

    def how(self, _seed: Seed | None) -> Every | Drawn:
        """All of them."""
        return Every()


class MonteCarloAllocations(Choice):
    """Allocations drawn at random, the same for every null value; the one used counts as one of them."""

    kind: Literal["monte_carlo"] = "monte_carlo"
    draws: int = Field(default=9999, ge=99, le=100_000, description="How many allocations are drawn.")

    def how(self, seed: Seed | None) -> Every | Drawn:
        """So many from the seed's own stream. FitError without a seed."""
        if seed is None:
            raise FitError("allocations are drawn and there is no seed", found="none", allowed="a seed")
        return Drawn(self.draws, seed.at("allocations").generator())


Statistic = Annotated[Difference | Studentised | GeeScore, Field(discriminator="kind")]
Allocations = Annotated[ExactAllocations | MonteCarloAllocations, Field(discriminator="kind")]
