"""Priors as a plan declares them: on the scales that a reader thinks in, each part with its name.

Uptake is in per cent, differences of uptake in percentage points, odds and rates as ratios, the likeness of
people of a cluster as an intracluster correlation. Every prior is proper.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, model_validator

from precept_stats.methods.settings import Choice
from precept_stats.methods.settings_prior_kinds import (
    UPPER,
    BetaPrior,
    DifferencePrior,
    HalfNormalPrior,
    HalfTPrior,
    IccPrior,
    MeanPrior,
    PercentagePointsPrior,
    RatePrior,
    RatioPrior,
    RiskPrior,
    Units,
    logit_of_percent,
)
from precept_stats.numerics.posterior.laws import Folded, Law, LogOf, Normal
from precept_stats.studies.question import OutcomeType

ONE_IN_TWENTY = 1.644854

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
    Groups of clusters (regions): below 0.15 (0.6); how much the effect differs between them, and how much
    autoregressive periods do: SDs 95 % below 0.5 and below 1, on the log scale or in SDs of the outcome.
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
    groups: SdPrior | None = Field(default=None, description="Of the variation between groups of clusters.")
    slopes: HalfNormalPrior | HalfTPrior | None = Field(
        default=None, description="Of how much the effect differs between groups of clusters."
    )
    periods: HalfNormalPrior | HalfTPrior | None = Field(
        default=None, description="Of the standard deviation of autoregressive periods."
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

    def sampled_law(self, of: str, units: Units) -> Folded:
        """Of the SD of effects that are sampled: ``groups``, ``slopes`` or ``periods``."""
        unit = units.sd if units.outcome == "continuous" else 1.0
        of_groups = HalfNormalPrior(scale=0.6 / UPPER) if units.outcome == "count" else IccPrior(upper=0.15)
        default: dict[str, SdPrior] = {
            "groups": of_groups,
            "slopes": HalfNormalPrior(scale=0.5 * unit / UPPER),
            "periods": HalfNormalPrior(scale=unit / UPPER),
        }
        own: dict[str, SdPrior | None] = {
            "groups": self.groups,
            "slopes": self.slopes,
            "periods": self.periods,
        }
        return (own[of] or default[of]).folded(units)

    def residual_law(self, units: Units) -> LogOf:
        chosen = self.residual or HalfNormalPrior(scale=2.0 * units.sd / UPPER)
        return LogOf(chosen.folded(units))

    def parts(self) -> dict[str, Choice | None]:
        """Every prior that is named, by its field."""
        names = ("reference", "covariates", "clusters", "cells", "groups", "slopes", "periods", "residual")
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
        return logit_of_percent(self.at + self.value) - logit_of_percent(self.at)


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
