"""Settings of mixed models: which effects are random, and whose residual variance is whose."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from precept_stats.data.declared import Declared
from precept_stats.methods.settings import Choice


class Exchangeable(Choice):
    """One random intercept a cluster: any two people of a cluster are equally alike."""

    kind: Literal["exchangeable"] = "exchangeable"


class NestedExchangeable(Choice):
    """Random intercepts of clusters and of clusters' periods: alike in a period, less so across."""

    kind: Literal["nested_exchangeable"] = "nested_exchangeable"


class DiscreteTimeDecay(Choice):
    """One random effect a cluster and period, its correlation falling by a factor with each period apart."""

    kind: Literal["discrete_time_decay"] = "discrete_time_decay"


class RandomIntervention(Choice):
    """A random intercept a cluster and a random effect of the intervention, correlated with it."""

    kind: Literal["random_intervention"] = "random_intervention"


class RandomTerm(Declared):
    """Random effects of one grouping.

    ``by`` is ``cluster``, ``cluster_period``, ``period``, ``participant``, or a column in the study's
    ``groups``. ``slopes`` are ``arm`` or covariates in ``adjust``; ``correlated: false`` makes every
    random effect of the term independent of the others.
    """

    by: str
    intercept: bool = True
    slopes: tuple[str, ...] = ()
    correlated: bool = True

    @model_validator(mode="after")
    def _something(self) -> RandomTerm:
        if not self.intercept and not self.slopes:
            raise ValueError("a random term without intercept and slopes has no random effect")
        return self


class RandomTerms(Choice):
    """The random effects that are listed, term by term."""

    kind: Literal["terms"] = "terms"
    terms: tuple[RandomTerm, ...] = Field(min_length=1)


RandomEffects = Annotated[
    Exchangeable | NestedExchangeable | DiscreteTimeDecay | RandomIntervention | RandomTerms,
    Field(discriminator="kind"),
]


class CommonResidual(Choice):
    """One residual variance for all."""

    kind: Literal["common"] = "common"


class ResidualByArm(Choice):
    """A residual variance for each arm (or condition)."""

    kind: Literal["by_arm"] = "by_arm"


Residual = Annotated[CommonResidual | ResidualByArm, Field(discriminator="kind")]


class ConstantEffect(Choice):
    """The intervention has one effect from its first period on (immediate treatment)."""

    kind: Literal["constant"] = "constant"


class ExposureTimeEffect(Choice):
    """An effect for each number of periods since the switch; their average is the answer."""

    kind: Literal["exposure_time"] = "exposure_time"


EffectOverTime = Annotated[ConstantEffect | ExposureTimeEffect, Field(discriminator="kind")]
