"""Settings of Bayesian models of many interrupted series: distribution, and priors on scales of readers.

Slopes are told over a year (of series that only count their periods, over ten). ``upper`` is always the value
that 95 % of a half-normal, or 97.5 % of a two-sided prior, lies below. Every prior is proper.
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from precept_stats.methods.series_effects import Link
from precept_stats.methods.settings import Choice
from precept_stats.methods.settings_prior_kinds import (
    UPPER,
    DifferencePrior,
    HalfNormalPrior,
    HalfTPrior,
    IccPrior,
    RatioPrior,
    RiskPrior,
    Units,
)
from precept_stats.methods.settings_priors import OF_OUTCOME, EffectPrior, ReferencePrior, SdPrior
from precept_stats.numerics.posterior.laws import Folded, Law, LogOf, Normal
from precept_stats.studies.question import OutcomeType

PartOfUnits = Literal["level", "change", "slope"]


class BinomialEvents(Choice):
    """Events out of a denominator, log odds linear; marginal effects are averaged over units."""

    link: ClassVar[Link] = "logit"
    outcome: ClassVar[OutcomeType] = "binary"
    words: ClassVar[str] = "binomial"

    kind: Literal["binomial"] = "binomial"


class PoissonEvents(Choice):
    """Events in person-time, log rate linear; marginal effects are averaged over units."""

    link: ClassVar[Link] = "log"
    outcome: ClassVar[OutcomeType] = "count"
    words: ClassVar[str] = "Poisson"

    kind: Literal["poisson"] = "poisson"


class NormalValues(Choice):
    """The proportion, rate or value of a unit and period itself, linear, with normal residuals."""

    link: ClassVar[Link] = "identity"
    outcome: ClassVar[OutcomeType] = "continuous"
    words: ClassVar[str] = "linear"

    kind: Literal["normal"] = "normal"
    weights: Literal["denominators", "equal", "study"] = Field(
        default="denominators",
        description="Inverse relative variances of residuals: the `denominators`; `equal`; or those that the "
        "`study` names.",
    )


SeriesLaw = Annotated[BinomialEvents | PoissonEvents | NormalValues, Field(discriminator="kind")]

SizePrior = Annotated[HalfNormalPrior | HalfTPrior, Field(discriminator="kind")]
SlopePrior = Annotated[RatioPrior | DifferencePrior, Field(discriminator="kind")]


class SeriesPriors(Choice):
    """All priors of a model of many series. What is not named is weakly informative.

    Uptake at the start of the programme without it: 95 % between 5 and 95 per cent (a rate: within a factor
    of 10 of the crude one; a mean: within 5 SDs of that of all cells). Trend: odds or rates 95 % between 1/3
    and 3 times over a year, as uptake in a service seldom goes from one half to more than three quarters in
    one; so the change of slope. Change of level, pulse and decaying change: between 1/5 and 5 times, which is
    33 percentage points from one half. Seasons and covariates (of one standard deviation): between 1/8 and 8
    times. Units: levels with a correlation of people 95 % below 0.30 (SD of log rates below 1); changes of
    level with SDs 95 % below 1, so that nearly all odds ratios of units are within a factor of 7 of the
    middle one; slopes with SDs 95 % below 1 a year. Regions: levels 0.15 (0.6), changes 0.5, slopes 0.5.
    Correlations between level and changes: the law of Lewandowski, Kurowicka and Joe with shape 2, which
    leans towards none. In linear models the outcome's SD over cells stands for one on the log scale. Residual
    SD of weight 1: half-normal, 95 % below twice that of all cells. All of these are assumptions.
    """

    kind: Literal["weakly_informative"] = "weakly_informative"
    level: ReferencePrior | None = Field(default=None, description="Of the mean at the start, without it.")
    trend: SlopePrior | None = Field(default=None, description="Of the trend before, over a year.")
    change_of_level: EffectPrior | None = Field(
        default=None, description="Of a step, a pulse or a decaying change."
    )
    change_of_slope: SlopePrior | None = Field(default=None, description="Of a ramp, over a year.")
    seasons: SlopePrior | None = Field(default=None, description="Of each seasonal term.")
    covariates: SlopePrior | None = Field(
        default=None, description="Of one standard deviation of a covariate, and of treated against controls."
    )
    units_level: SdPrior | None = Field(default=None, description="Of the SD of levels between units.")
    units_change: SizePrior | None = Field(default=None, description="Of the SD of changes between units.")
    units_slope: SizePrior | None = Field(
        default=None, description="Of the SD of trends and of changes of slope between units, over a year."
    )
    regions_level: SdPrior | None = Field(default=None, description="Of the SD of levels between regions.")
    regions_change: SizePrior | None = Field(
        default=None, description="Of the SD of changes between regions."
    )
    regions_slope: SizePrior | None = Field(
        default=None, description="Of the SD of trends and changes of slope between regions, over a year."
    )
    correlation_shape: float = Field(
        default=2.0,
        ge=1,
        le=100,
        description="Of the law of correlations: 1 is flat, more leans towards none.",
    )
    residual: SizePrior | None = Field(
        default=None, description="Of the residual SD of weight 1, of linear models."
    )

    def level_law(self, units: Units) -> Law:
        """Of the mean at the start."""
        if self.level is not None:
            return self.level.law(units)
        if units.outcome == "binary":
            return RiskPrior(median=50.0, upper=95.0).law(units)
        if units.outcome == "count":
            return Normal(math.log(units.mean), math.log(10.0) / UPPER)
        return Normal(units.mean, 5.0 * units.sd / UPPER)

    def fixed_law(self, of: str, units: Units) -> Normal:
        """Of ``trend``, ``change_of_level``, ``change_of_slope``, ``seasons`` or ``covariates``."""
        ratios = {"trend": 3.0, "change_of_slope": 3.0, "change_of_level": 5.0}
        default = RatioPrior(upper=ratios.get(of, 8.0))
        if units.outcome == "continuous":
            law = Normal(0.0, default.law(units).width * units.sd)
        else:
            law = Normal(0.0, default.law(units).width)
        own: EffectPrior | None = getattr(self, of)
        if own is None:
            return law
        declared = own.law(units)
        assert isinstance(declared, Normal)  # noqa: S101 (for the type checker: all kinds are normal)
        return declared

    def size_law(self, by: str, part: PartOfUnits, units: Units) -> Folded:
        """Of the SD of levels, changes or slopes between units or regions."""
        own: SdPrior | None = getattr(self, f"{by}s_{part}")
        unit = units.sd if units.outcome == "continuous" else 1.0
        if own is not None:
            return own.folded(units)
        if part == "level" and units.outcome != "count":
            return IccPrior(upper=0.30 if by == "unit" else 0.15).folded(units)
        upper = {"unit": {"level": 1.0}, "region": {"level": 0.6}}[by].get(part, 1.0 if by == "unit" else 0.5)
        return HalfNormalPrior(scale=upper * unit / UPPER).folded(units)

    def residual_law(self, units: Units, of_weight_one: float) -> LogOf:
        chosen = self.residual or HalfNormalPrior(scale=2.0 * units.sd * of_weight_one / UPPER)
        return LogOf(chosen.folded(units))

    def named(self) -> dict[str, Choice]:
        """Every prior that the plan names, by its field."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: one for name, one in found.items() if isinstance(one, Choice)}

    def objections(self, outcome: OutcomeType) -> list[str]:
        """Priors on a scale that the outcome does not have."""
        return [
            f"a prior of kind {one.kind} for {name} has no meaning for a {outcome} outcome "
            f"(it has: {', '.join(OF_OUTCOME[outcome])})"
            for name, one in self.named().items()
            if one.kind not in OF_OUTCOME[outcome]
        ]

    @property
    def effect_words(self) -> str:
        """What the prior of a change says, in a few words."""
        if self.change_of_level is not None or self.change_of_slope is not None:
            return "as declared for changes of level and slope"
        return (
            "either sign alike: changes of level 95 % between 1/5 and 5 times the odds (or rate), of slope "
            "between 1/3 and 3 times a year (of means the same on the log scale in SDs)"
        )

    def value_text(self, field: str) -> str:
        """A prior with its numbers."""
        value = getattr(self, field)
        if isinstance(value, Choice):
            numbers = (
                f"{name} {getattr(value, name):g}" for name in type(value).model_fields if name != "kind"
            )
            return f"{value.kind}, {', '.join(numbers)}"
        return "weakly informative" if value is None else str(value)
