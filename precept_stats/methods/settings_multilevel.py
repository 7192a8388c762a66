"""Settings of models of many interrupted series at once: distribution, what differs between units, errors."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator

from precept_stats.methods.series_effects import Link
from precept_stats.methods.settings import Choice
from precept_stats.numerics.glmm.families import BinomialLogit, Family, PoissonLog

Shape = Literal["step", "ramp", "pulse", "decay"]


class GroupsMinusOne(Choice):
    """t on the number of units less one; of regions, where changes differ at random between these too."""

    kind: Literal["groups_minus_one"] = "groups_minus_one"


class NormalQuantiles(Choice):
    """The normal distribution, which is too narrow with few units."""

    kind: Literal["normal"] = "normal"


class SatterthwaiteOfUnits(Choice):
    """t on Satterthwaite's degrees of freedom in all variances and, if there is one, the autocorrelation."""

    kind: Literal["satterthwaite"] = "satterthwaite"


class KenwardRogerOfUnits(Choice):
    """t with Kenward and Roger's covariance and degrees of freedom, for REML and independent residuals."""

    kind: Literal["kenward_roger"] = "kenward_roger"


GroupDf = Annotated[GroupsMinusOne | NormalQuantiles, Field(discriminator="kind")]
LinearDf = Annotated[
    SatterthwaiteOfUnits | KenwardRogerOfUnits | GroupsMinusOne | NormalQuantiles,
    Field(discriminator="kind"),
]


class _Linked(Choice):
    """A generalised linear mixed model, fitted by maximum likelihood."""

    link: ClassVar[Link] = "logit"
    family: ClassVar[Family]
    outcome: ClassVar[str] = ""
    words: ClassVar[str] = ""

    df: GroupDf = GroupsMinusOne()
    nodes: int = Field(
        default=1,
        ge=1,
        le=25,
        description="Points of adaptive quadrature in each direction of a unit's random effects, an odd "
        "number; 1 is Laplace's approximation.",
    )

    @field_validator("nodes")
    @classmethod
    def _odd(cls, nodes: int) -> int:
        if nodes % 2 == 0:
            raise ValueError("an odd number of points, so that one is at the mode")
        return nodes


class Binomial(_Linked):
    """Events out of a denominator, log odds linear; marginal effects are averaged over units."""

    link: ClassVar[Link] = "logit"
    family: ClassVar[Family] = BinomialLogit()
    outcome: ClassVar[str] = "binary"
    words: ClassVar[str] = "binomial"

    kind: Literal["binomial"] = "binomial"


class Poisson(_Linked):
    """Events in person-time, log rate linear; marginal effects are averaged over units."""

    link: ClassVar[Link] = "log"
    family: ClassVar[Family] = PoissonLog()
    outcome: ClassVar[str] = "count"
    words: ClassVar[str] = "Poisson"

    kind: Literal["poisson"] = "poisson"


class Normal(Choice):
    """The proportion, rate or value of a unit and period itself, linear, with normal residuals."""

    link: ClassVar[Link] = "identity"
    words: ClassVar[str] = "linear"

    kind: Literal["normal"] = "normal"
    weights: Literal["denominators", "equal", "study"] = Field(
        default="denominators",
        description="Inverse relative variances of residuals: the `denominators`; `equal`; or those that "
        "the `study` names.",
    )
    criterion: Literal["reml", "ml"] = Field(
        default="reml", description="Restricted maximum likelihood, or maximum likelihood."
    )
    df: LinearDf = SatterthwaiteOfUnits()


class IndependentPeriods(Choice):
    """Periods of a unit are independent given its random effects, for a reason that the plan gives."""

    kind: Literal["none"] = "none"
    reason: str = Field(min_length=1, description="Why none is modelled.")

    words: ClassVar[str] = "residuals independent"


class FirstOrderResiduals(Choice):
    """Residuals of a unit are a first-order autoregression over its periods, the same in all units."""

    kind: Literal["ar1"] = "ar1"

    words: ClassVar[str] = "first-order autocorrelation within units"


class Alike(Choice):
    """No random effect: regions are told apart by their units alone."""

    kind: Literal["none"] = "none"


class LevelsDiffer(Choice):
    """A random level."""

    kind: Literal["levels"] = "levels"


class ChangesDiffer(Choice):
    """A random level and random changes at the first interruption."""

    kind: Literal["levels_and_changes"] = "levels_and_changes"
    of: tuple[Shape, ...] | None = Field(
        default=None, description="Which effects of the first interruption are random; without it, all."
    )
    trend: bool = Field(default=False, description="Whether the trend before the interruption is random too.")
    correlated: bool = Field(
        default=True, description="Whether level and changes may be correlated between units."
    )


Distribution = Annotated[Binomial | Poisson | Normal, Field(discriminator="kind")]
MultilevelAutocorrelation = Annotated[IndependentPeriods | FirstOrderResiduals, Field(discriminator="kind")]
UnitEffects = Annotated[LevelsDiffer | ChangesDiffer, Field(discriminator="kind")]
RegionEffects = Annotated[Alike | LevelsDiffer | ChangesDiffer, Field(discriminator="kind")]
AnyRandom = Alike | LevelsDiffer | ChangesDiffer
