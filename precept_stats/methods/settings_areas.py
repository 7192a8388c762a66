"""Settings of what is asked of areas: how intervals of indices are found, how areas are drawn together."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from precept_stats.data.declared import Declared

DRAWS = 2000


class DeltaMethod(Declared):
    """The estimate and its standard error from the gradient of the index; normal quantiles."""

    kind: Literal["delta"] = "delta"


class AreaBootstrap(Declared):
    """The counts of every area drawn again from their own shares or rates, estimates from their errors.

    ``basic`` reflects the quantiles of the replicates about the estimate and so takes away about the noise
    that the observed index has in it; ``percentile`` takes them as they are, with the noise in them twice.
    """

    kind: Literal["bootstrap"] = "bootstrap"
    replicates: int = Field(default=1999, ge=199, le=100_000)
    limits: Literal["basic", "percentile"] = "basic"


class AreaPosteriorDraws(Declared):
    """Each index of the areas' true values under a normal law between them; ``prior_sd`` as below."""

    kind: Literal["bayesian"] = "bayesian"
    draws: int = Field(default=DRAWS, ge=199, le=100_000)
    prior_sd: float | None = Field(default=None, gt=0)


AnyDisparityInterval = Annotated[
    DeltaMethod | AreaBootstrap | AreaPosteriorDraws, Field(discriminator="kind")
]
"""How the interval of an index is found, told apart by ``kind``."""


class ByLikelihood(Declared):
    """Mean and variances by maximum likelihood (of estimates: restricted), then the areas given these."""

    kind: Literal["likelihood"] = "likelihood"


class ByPosterior(Declared):
    """The posterior of mean, SD between areas and areas: a flat mean and a half-normal SD.

    ``prior_sd`` is the scale of the half-normal, on the log odds or log rate scale (1 unless given), or in
    the unit of estimates, where it has to be given.
    """

    kind: Literal["bayesian"] = "bayesian"
    prior_sd: float | None = Field(default=None, gt=0)


AnyAreaEstimation = Annotated[ByLikelihood | ByPosterior, Field(discriminator="kind")]
"""How areas are estimated together, told apart by ``kind``."""
