"""Intervals of intracluster correlations, as small tagged values a plan can name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from precept_stats.errors import FitError
from precept_stats.inference.cluster_bootstrap import Resampled, resampled
from precept_stats.inference.seeds import Seed
from precept_stats.methods.settings import Choice
from precept_stats.numerics.icc.anova import searle_limits, smith_error
from precept_stats.numerics.icc.clustered import Clustered
from precept_stats.numerics.icc.common_correlation import common_correlation_error

Vector = NDArray[np.float64]
Ints = NDArray[np.intp]
Influence = Callable[[Clustered], tuple[Vector, Vector]]

AT_LEAST = "; lower limit at the least correlation that the largest cluster can have"


@dataclass(frozen=True, slots=True)
class Limits:
    """An interval, how it was found, and the standard error that it was made from, where it was."""

    lower: float
    upper: float
    method: str = ""
    std_error: float | None = None

    def inside(self, least: float) -> Limits:
        """The same from the least possible correlation to 1; ``method`` says where it was cut."""
        cut = self.lower < least
        lower = least if cut else self.lower
        upper = min(max(self.upper, lower), 1.0)
        return Limits(lower, upper, self.method + AT_LEAST if cut else self.method, self.std_error)


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What can be drawn again: a statistic of clusters by number, and the group of each (K,)."""

    statistic: Callable[[Ints], float]
    group: Ints
    level: float
    seed: Seed | None

    def again(self, replicates: int) -> Resampled:
        """The statistic of clusters drawn again. FitError without a seed."""
        if self.seed is None:
            raise FitError("clusters are drawn again and there is no seed", found="none", allowed="a seed")
        return resampled(self.statistic, self.group, self.seed, replicates)


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """An estimate of clusters at one time, with what each of the intervals needs."""

    data: Clustered
    value: float
    influence: Influence | None
    drawn: Drawn

    def wald(self, error: float, method: str) -> Limits:
        """The estimate -/+ a normal quantile of its standard error."""
        if not error > 0.0:
            raise FitError(
                "the correlation has no usable standard error",
                found=f"{error:g}",
                allowed="one above 0; name another interval",
            )
        reach = NormalDist().inv_cdf(0.5 + self.drawn.level / 2.0) * error
        return Limits(self.value - reach, self.value + reach, method, error)


class Searle(Choice):
    """Exact for a normal outcome and equal cluster sizes, from the F distribution of the mean squares.

    With unequal sizes n0 stands for them (Ukoumunne 2002, Stat Med 21:3757).
    """

    kind: Literal["searle"] = "searle"
    draws: ClassVar[bool] = False

    def of(self, asked: Measured) -> Limits:
        """The limits of Searle (1971)."""
        return Limits(
            *searle_limits(asked.data, asked.drawn.level), "F distribution of mean squares (Searle)"
        )


class Smith(Choice):
    """Smith's large-sample standard error, of a normal outcome, and normal quantiles."""

    kind: Literal["smith"] = "smith"
    draws: ClassVar[bool] = False

    def of(self, asked: Measured) -> Limits:
        """The estimate and Smith's standard error."""
        return asked.wald(smith_error(asked.data), "Smith's standard error")


class ZouDonner(Choice):
    """Normal quantiles of the standard error under the common correlation model, for binary outcomes.

    In that model the members of a cluster are all alike with probability rho, else independent.
    """

    kind: Literal["zou_donner"] = "zou_donner"
    draws: ClassVar[bool] = False

    def of(self, asked: Measured) -> Limits:
        """The estimate and the standard error of Zou and Donner (2004), by the delta method."""
        if asked.influence is None:
            raise FitError("this estimator has no Zou-Donner interval", allowed="a bootstrap interval")
        error = common_correlation_error(asked.data, asked.value, asked.influence(asked.data))
        return asked.wald(error, "common correlation model (Zou and Donner)")


class _Bootstrap(Choice):
    replicates: int = Field(
        default=1999, ge=199, le=100_000, description="How often as many clusters are drawn again."
    )
    draws: ClassVar[bool] = True

    def of(self, asked: Measured) -> Limits:
        """The limits from clusters drawn again."""
        return self.between(asked.drawn)

    def between(self, drawn: Drawn) -> Limits:
        """The limits of any statistic of clusters."""
        raise NotImplementedError


class BcaBootstrap(_Bootstrap):
    """Percentiles of the cluster bootstrap, corrected for bias and acceleration (BCa)."""

    kind: Literal["bca_bootstrap"] = "bca_bootstrap"

    def between(self, drawn: Drawn) -> Limits:
        """Efron's BCa limits."""
        limits = drawn.again(self.replicates).bca(drawn.level)
        return Limits(*limits, "BCa percentiles of the cluster bootstrap")


class PercentileBootstrap(_Bootstrap):
    """Equal-tailed percentiles of the cluster bootstrap."""

    kind: Literal["percentile_bootstrap"] = "percentile_bootstrap"

    def between(self, drawn: Drawn) -> Limits:
        """The percentiles as they are."""
        limits = drawn.again(self.replicates).percentiles(drawn.level)
        return Limits(*limits, "percentiles of the cluster bootstrap")


class NoInterval(Choice):
    """The estimate alone."""

    kind: Literal["none"] = "none"
    draws: ClassVar[bool] = False


class OwnInterval(Choice):
    """What the likelihood of the model gives: see the estimator."""

    kind: Literal["likelihood"] = "likelihood"
    draws: ClassVar[bool] = False


AnovaInterval = Annotated[
    Searle | Smith | ZouDonner | BcaBootstrap | PercentileBootstrap | NoInterval, Field(discriminator="kind")
]
BinaryInterval = Annotated[
    ZouDonner | BcaBootstrap | PercentileBootstrap | NoInterval, Field(discriminator="kind")
]
DrawnInterval = Annotated[BcaBootstrap | PercentileBootstrap | NoInterval, Field(discriminator="kind")]
LikelihoodInterval = Annotated[
    OwnInterval | BcaBootstrap | PercentileBootstrap | NoInterval, Field(discriminator="kind")
]
AnyInterval = Searle | Smith | ZouDonner | BcaBootstrap | PercentileBootstrap | NoInterval | OwnInterval
