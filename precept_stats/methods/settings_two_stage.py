"""Settings of pooling the estimates of single units."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from precept_stats.inference.degrees_of_freedom import DegreesOfFreedom, FixedDf
from precept_stats.methods.settings import Choice
from precept_stats.numerics.pooling import PooledMean


class HartungKnapp(Choice):
    """Hartung and Knapp's variance, the weighted scatter of the estimates; t on units less one."""

    kind: Literal["hartung_knapp"] = "hartung_knapp"
    never_narrower: bool = Field(
        default=False,
        description="Whether the factor on the variance is held at 1 or more, so that an interval is not "
        "made narrower than without it.",
    )

    def factor(self, found: PooledMean) -> float:
        """What the variance of the mean is multiplied by."""
        return max(found.inflation, 1.0) if self.never_narrower else found.inflation

    def df(self, units: int) -> DegreesOfFreedom:
        """The rule for degrees of freedom."""
        return FixedDf(float(units - 1), "units minus one")


class NormalPooled(Choice):
    """The normal distribution with tau2 taken as known, which is too narrow with few units."""

    kind: Literal["normal"] = "normal"

    def factor(self, found: PooledMean) -> float:
        """What the variance of the mean is multiplied by."""
        return 1.0

    def df(self, units: int) -> DegreesOfFreedom:
        """The rule for degrees of freedom."""
        return FixedDf(math.inf, "normal")


PooledInterval = Annotated[HartungKnapp | NormalPooled, Field(discriminator="kind")]
