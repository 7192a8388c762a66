"""Kinds of prior: each by the numbers that a reader thinks in, and the law that it is on a coordinate.

``upper`` is always the value that 95 % of a half-normal, or 97.5 % of a two-sided prior, lies below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from pydantic import Field, model_validator

from precept_stats.methods.settings import Choice
from precept_stats.numerics.posterior.laws import Folded, Law, LogitBeta, Normal
from precept_stats.studies.question import OutcomeType

UPPER = 1.959964
"""The normal quantile of 97.5 %, which is also the half-normal one of 95 %."""

LOGISTIC_VARIANCE = math.pi**2 / 3

WIDEST = 1e9
"""The largest scale of a standard deviation's prior."""


@dataclass(frozen=True, slots=True)
class Units:
    """What turns a reader's scale into coordinates: the outcome's type, its mean (or rate) and its SD."""

    outcome: OutcomeType
    mean: float
    sd: float


class _TwoSided(Choice):
    """A normal prior on a coordinate, by its median and the value that 97.5 % of it lies below."""

    @property
    def ends(self) -> tuple[float, float]:
        """Median and upper limit on the coordinate."""
        raise NotImplementedError

    def law(self, units: Units) -> Law:
        middle, upper = self.ends
        return Normal(middle, (upper - middle) / UPPER)

    @model_validator(mode="after")
    def _increases(self) -> _TwoSided:
        middle, upper = self.ends
        if not (math.isfinite(middle) and math.isfinite(upper) and upper > middle):
            raise ValueError("`upper` must be above the median, and both finite: a prior has a width")
        return self


class RatioPrior(_TwoSided):
    """An odds ratio (of counts a rate ratio): normal on its log."""

    kind: Literal["ratio"] = "ratio"
    median: float = Field(default=1.0, gt=0, description="Half of the prior is below.")
    upper: float = Field(gt=0, description="97.5 % of the prior is below.")

    @property
    def ends(self) -> tuple[float, float]:
        return math.log(self.median), math.log(self.upper)


class PercentagePointsPrior(_TwoSided):
    """A difference in percentage points from an uptake: normal on the log odds ratio that it is there."""

    kind: Literal["percentage_points"] = "percentage_points"
    at: float = Field(gt=0, lt=100, description="The uptake without the intervention, in per cent.")
    median: float = Field(default=0.0, description="Half of the prior is below, in percentage points.")
    upper: float = Field(description="97.5 % of the prior is below, in percentage points.")

    @model_validator(mode="before")
    @classmethod
    def _within(cls, given: object) -> object:
        if isinstance(given, dict):
            at = given.get("at")
            ends = [given.get(name, 0.0) for name in ("median", "upper")]
            numbers = [one for one in (at, *ends) if isinstance(one, int | float)]
            if len(numbers) == 3 and not all(0.0 < numbers[0] + one < 100.0 for one in numbers[1:]):
                raise ValueError("`at` plus `median` and plus `upper` must lie between 0 and 100 per cent")
        return given

    @property
    def ends(self) -> tuple[float, float]:
        start = logit_of_percent(self.at)
        return logit_of_percent(self.at + self.median) - start, logit_of_percent(self.at + self.upper) - start


class DifferencePrior(_TwoSided):
    """A difference in the outcome's own unit: normal."""

    kind: Literal["difference"] = "difference"
    median: float = Field(default=0.0, description="Half of the prior is below.")
    upper: float = Field(description="97.5 % of the prior is below.")

    @property
    def ends(self) -> tuple[float, float]:
        return self.median, self.upper


class RiskPrior(_TwoSided):
    """The uptake in the reference arm of an average cluster, in per cent: normal on its log odds."""

    kind: Literal["risk"] = "risk"
    median: float = Field(gt=0, lt=100, description="Half of the prior is below.")
    upper: float = Field(gt=0, lt=100, description="97.5 % of the prior is below.")

    @property
    def ends(self) -> tuple[float, float]:
        return logit_of_percent(self.median), logit_of_percent(self.upper)


class BetaPrior(Choice):
    """The uptake in the reference arm as if ``events`` and ``non_events`` had been counted before."""

    kind: Literal["beta"] = "beta"
    events: float = Field(gt=0, description="First parameter of the beta distribution.")
    non_events: float = Field(gt=0, description="Second parameter of the beta distribution.")

    def law(self, units: Units) -> Law:
        return LogitBeta(self.events, self.non_events)


class RatePrior(_TwoSided):
    """The rate in the reference arm, per unit of person-time: normal on its log."""

    kind: Literal["rate"] = "rate"
    median: float = Field(gt=0, description="Half of the prior is below.")
    upper: float = Field(gt=0, description="97.5 % of the prior is below.")

    @property
    def ends(self) -> tuple[float, float]:
        return math.log(self.median), math.log(self.upper)


class MeanPrior(DifferencePrior):
    """The mean in the reference arm, in the outcome's unit: normal."""

    kind: Literal["mean"] = "mean"  # type: ignore[assignment]


class IccPrior(Choice):
    """How alike people of a cluster (or cell) are: half-normal on the SD, 95 % below this correlation.

    On the scale of the logit for binary outcomes; within all of the outcome's variance for continuous ones.
    """

    kind: Literal["icc"] = "icc"
    upper: float = Field(gt=0, lt=1, description="95 % of the prior is below this correlation.")

    def scale(self, units: Units) -> float:
        """The half-normal's scale, of a standard deviation on the link's scale."""
        if units.outcome == "continuous":
            return math.sqrt(self.upper) * units.sd / UPPER
        return math.sqrt(LOGISTIC_VARIANCE * self.upper / (1.0 - self.upper)) / UPPER

    def folded(self, units: Units) -> Folded:
        return Folded(self.scale(units))

    def of_odds(self) -> Folded:
        """Of the root of the odds of a correlation within cells (beta-binomial)."""
        return Folded(math.sqrt(self.upper / (1.0 - self.upper)) / UPPER)


class HalfNormalPrior(Choice):
    """A half-normal prior of a standard deviation on the scale of the link (logit, log, outcome)."""

    kind: Literal["half_normal"] = "half_normal"
    scale: float = Field(
        gt=0, le=WIDEST, description="About two thirds of the prior is below, 95 % below twice this."
    )

    def folded(self, units: Units) -> Folded:
        return Folded(self.scale)

    def of_odds(self) -> Folded:
        return Folded(self.scale)


class HalfTPrior(Choice):
    """A half-t prior of a standard deviation on the scale of the link; with df 1 half-Cauchy."""

    kind: Literal["half_t"] = "half_t"
    df: float = Field(ge=1, description="Degrees of freedom: the fewer, the longer its tail.")
    scale: float = Field(gt=0, le=WIDEST, description="Its unit.")

    def folded(self, units: Units) -> Folded:
        return Folded(self.scale, self.df)

    def of_odds(self) -> Folded:
        return Folded(self.scale, self.df)


def logit_of_percent(percent: float) -> float:
    """The log odds of a share in per cent."""
    return math.log(percent / (100.0 - percent))
