"""Priors as a plan declares them: on the scales that a reader thinks in, each part with its name.

Uptake is in per cent, differences of uptake in percentage points, odds and rates as ratios, the likeness of
people of a cluster as an intracluster correlation. Every prior is proper. ``upper`` is always the value that
95 % of a half-normal, or 97.5 % of a two-sided prior, lies below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from precept_stats.methods.settings import Choice
from precept_stats.numerics.posterior.laws import Folded, Law, LogitBeta, LogOf, Normal
from precept_stats.studies.question import OutcomeType

UPPER = 1.959964
"""The normal quantile of 97.5 %, which is also the half-normal one of 95 %."""

ONE_IN_TWENTY = 1.644854
LOGISTIC_VARIANCE = math.pi**2 / 3


@dataclass(frozen=True, slots=True)
class Units:
    """What turns a reader's scale into coordinates: the outcome's type, its mean (or rate) and its SD."""

    outcome: OutcomeType
    mean: float
    sd: float


def _logit(percent: float) -> float:
    return math.log(percent / (100.0 - percent))


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
        start = _logit(self.at)
        return _logit(self.at + self.median) - start, _logit(self.at + self.upper) - start


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
        return _logit(self.median), _logit(self.upper)


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
    scale: float = Field(gt=0, description="About two thirds of the prior is below, 95 % below twice this.")

    def folded(self, units: Units) -> Folded:
        return Folded(self.scale)

    def of_odds(self) -> Folded:
        return Folded(self.scale)


class HalfTPrior(Choice):
    """A half-t prior of a standard deviation on the scale of the link; with df 1 half-Cauchy."""

    kind: Literal["half_t"] = "half_t"
    df: float = Field(ge=1, description="Degrees of freedom: the fewer, the longer its tail.")
    scale: float = Field(gt=0, description="Its unit.")

    def folded(self, units: Units) -> Folded:
        return Folded(self.scale, self.df)

    def of_odds(self) -> Folded:
        return Folded(self.scale, self.df)


EffectPrior = Annotated[RatioPrior | PercentagePointsPrior | DifferencePrior, Field(discriminator="kind")]
ReferencePrior = Annotated[RiskPrior | BetaPrior | RatePrior | MeanPrior, Field(discriminator="kind")]
SdPrior = Annotated[IccPrior | HalfNormalPrior | HalfTPrior, Field(discriminator="kind")]

OF_OUTCOME: dict[OutcomeType, tuple[str, ...]] = {
    "binary": ("ratio", "percentage_points", "risk", "beta", "icc", "half_normal", "half_t"),
    "count": ("ratio", "rate", "half_normal", "half_t"),
    "continuous": ("difference", "mean", "icc", "half_normal", "half_t"),
}
"""The kinds of prior that have a meaning for each type of outcome."""


class _PriorSet(Choice):
    """All priors of a model. What is not named is weakly informative, for the type of the outcome.

    Uptake in the reference arm: 95 % between 5 and 95 per cent. A rate: 95 % within a factor of 10 of the
    trial's crude rate; a mean: within 5 of the outcome's standard deviations of the trial's mean (these
    two take place and unit from the data, pooled over arms). Strata, periods and covariates: odds or rate
    ratios 95 % between 1/8 and 8 for one standard deviation of a covariate's column, or for one against
    another stratum or period; of means twice the outcome's standard deviation. Clusters: correlation 95 %
    below 0.30 (of counts a SD of log rates 95 % below 1). Cells (a cluster's periods): below 0.15 (0.6).
    Residual: half-normal, 95 % below twice the outcome's standard deviation. All of these are assumptions,
    wide of what trials of care have found and narrow enough to rule out nonsense.
    """

    reference: ReferencePrior | None = Field(default=None, description="Of the mean of the reference arm.")
    covariates: RatioPrior | DifferencePrior | None = Field(
        default=None, description="Of one standard deviation of a covariate, and of a stratum or period."
    )
    clusters: SdPrior | None = Field(default=None, description="Of the variation between clusters.")
    cells: SdPrior | None = Field(
        default=None,
        description="Of the variation between cells, and of beta or negative binomial dispersion.",
    )
    residual: HalfNormalPrior | HalfTPrior | None = Field(
        default=None, description="Of the residual standard deviation of a continuous outcome."
    )

    def effect_law(self, units: Units) -> Law:
        """The prior of the effect."""
        raise NotImplementedError

    @property
    def effect_words(self) -> str:
        """What the prior of the effect says, in a few words."""
        raise NotImplementedError

    def reference_law(self, units: Units) -> Law:
        if self.reference is not None:
            return self.reference.law(units)
        if units.outcome == "binary":
            return RiskPrior(median=50.0, upper=95.0).law(units)
        if units.outcome == "count":
            return Normal(math.log(units.mean), math.log(10.0) / UPPER)
        return Normal(units.mean, 5.0 * units.sd / UPPER)

    def covariate_law(self, units: Units) -> Normal:
        """Of a column with a standard deviation of 1."""
        default = DifferencePrior(upper=2.0 * units.sd)
        chosen = self.covariates or (default if units.outcome == "continuous" else RatioPrior(upper=8.0))
        law = chosen.law(units)
        assert isinstance(law, Normal)  # noqa: S101 (for the type checker: both kinds are normal)
        return law

    def cluster_law(self, units: Units) -> Folded:
        default = HalfNormalPrior(scale=1.0 / UPPER) if units.outcome == "count" else IccPrior(upper=0.30)
        return (self.clusters or default).folded(units)

    def cell_law(self, units: Units, *, of_odds: bool) -> Folded:
        """Of the SD of cells, or of the root of the odds of their correlation (or of extra dispersion)."""
        default = HalfNormalPrior(scale=0.6 / UPPER) if units.outcome == "count" else IccPrior(upper=0.15)
        chosen = self.cells or default
        return chosen.of_odds() if of_odds else chosen.folded(units)

    def residual_law(self, units: Units) -> LogOf:
        chosen = self.residual or HalfNormalPrior(scale=2.0 * units.sd / UPPER)
        return LogOf(chosen.folded(units))

    def parts(self) -> dict[str, Choice | None]:
        """Every prior that is named, by its field."""
        names = ("reference", "covariates", "clusters", "cells", "residual")
        return {name: getattr(self, name) for name in names}

    def objections(self, outcome: OutcomeType) -> list[str]:
        """Priors on a scale that the outcome does not have."""
        return [
            f"a prior of kind {one.kind} for {name} has no meaning for a {outcome} outcome "
            f"(it has: {', '.join(OF_OUTCOME[outcome])})"
            for name, one in self.parts().items()
            if one is not None and one.kind not in OF_OUTCOME[outcome]
        ]

    def value_text(self, field: str) -> str:
        """A prior with its numbers."""
        value = getattr(self, field)
        if isinstance(value, Choice):
            numbers = (
                f"{name} {getattr(value, name):g}" for name in type(value).model_fields if name != "kind"
            )
            return f"{value.kind}, {', '.join(numbers)}"
        return "weakly informative" if value is None else str(value)


class WeaklyInformativePriors(_PriorSet):
    """Effects of either sign alike: odds or rate ratios 95 % between 1/5 and 5, mean differences within 1 SD.

    From an uptake of 50 per cent an odds ratio of 5 is 33 percentage points.
    """

    kind: Literal["weakly_informative"] = "weakly_informative"

    def effect_law(self, units: Units) -> Law:
        if units.outcome == "continuous":
            return Normal(0.0, units.sd / UPPER)
        return RatioPrior(upper=5.0).law(units)

    @property
    def effect_words(self) -> str:
        return "either sign alike, 95 % between 1/5 and 5 times the odds (or rate; of means within 1 SD)"


class _Planned(_PriorSet):
    """A set that refers to the effect a trial was planned to find."""

    planned: EffectPlanned = Field(description="The effect that the trial was planned to find.")

    def parts(self) -> dict[str, Choice | None]:
        return {**super().parts(), "planned": self.planned}


class PlannedRatio(Choice):
    """An odds ratio or rate ratio."""

    kind: Literal["ratio"] = "ratio"
    value: float = Field(gt=0, description="Below or above 1.")

    @property
    def coordinate(self) -> float:
        return math.log(self.value)


class PlannedPercentagePoints(Choice):
    """A difference in percentage points from an uptake."""

    kind: Literal["percentage_points"] = "percentage_points"
    at: float = Field(gt=0, lt=100, description="The uptake without the intervention, in per cent.")
    value: float = Field(description="In percentage points.")

    @model_validator(mode="after")
    def _within(self) -> PlannedPercentagePoints:
        if not 0.0 < self.at + self.value < 100.0:
            raise ValueError("`at` plus `value` must lie between 0 and 100 per cent")
        return self

    @property
    def coordinate(self) -> float:
        return _logit(self.at + self.value) - _logit(self.at)


class PlannedDifference(Choice):
    """A difference in the outcome's own unit."""

    kind: Literal["difference"] = "difference"
    value: float = Field(description="Below or above 0.")

    @property
    def coordinate(self) -> float:
        return self.value


EffectPlanned = Annotated[
    PlannedRatio | PlannedPercentagePoints | PlannedDifference, Field(discriminator="kind")
]


class _OfPlanned(_Planned):
    @model_validator(mode="after")
    def _some_effect(self) -> _OfPlanned:
        if self.planned.coordinate == 0.0:
            raise ValueError("a planned effect is not no effect")
        return self

    @property
    def _sd(self) -> float:
        return abs(self.planned.coordinate) / ONE_IN_TWENTY


class ScepticalPriors(_OfPlanned):
    """No effect is likeliest, and one chance in twenty that the effect is as large as planned, or larger.

    Spiegelhalter, Freedman and Parmar (1994), J R Stat Soc A 157:357.
    """

    kind: Literal["sceptical"] = "sceptical"

    def effect_law(self, units: Units) -> Law:
        return Normal(0.0, self._sd)

    @property
    def effect_words(self) -> str:
        return "centred at no effect, one chance in twenty of the planned effect or more"


class EnthusiasticPriors(_OfPlanned):
    """The planned effect is likeliest, and one chance in twenty that there is no benefit.

    Spiegelhalter, Freedman and Parmar (1994), J R Stat Soc A 157:357.
    """

    kind: Literal["enthusiastic"] = "enthusiastic"

    def effect_law(self, units: Units) -> Law:
        return Normal(self.planned.coordinate, self._sd)

    @property
    def effect_words(self) -> str:
        return "centred at the planned effect, one chance in twenty of no effect or the opposite one"


class CustomPriors(_PriorSet):
    """A prior of the effect that the plan gives, such as one from earlier evidence."""

    kind: Literal["custom"] = "custom"
    effect: EffectPrior = Field(description="Of the effect.")
    source: str = Field(min_length=1, description="Where this prior comes from, for the report.")

    def effect_law(self, units: Units) -> Law:
        return self.effect.law(units)

    @property
    def effect_words(self) -> str:
        return self.source

    def parts(self) -> dict[str, Choice | None]:
        return {**super().parts(), "effect": self.effect}


for _set in (_Planned, _OfPlanned, ScepticalPriors, EnthusiasticPriors):
    _set.model_rebuild()

Priors = Annotated[
    WeaklyInformativePriors | ScepticalPriors | EnthusiasticPriors | CustomPriors, Field(discriminator="kind")
]
