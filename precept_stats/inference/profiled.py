"""A point whose intervals follow the likelihood: profile limits and likelihood-ratio tests."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.inference.answer import Tested, answer
from precept_stats.inference.asymptotic import Asymptotic, interval_on, standard_error, wald_estimate
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.scales import to_scale
from precept_stats.values import Estimate

Vector = NDArray[np.float64]

PROFILE = "profile likelihood"
WALD = "estimate and standard error"


class Profile(Protocol):
    """The likelihood of a linear combination ``weights @ params`` with all else at its best."""

    def ratio(self, weights: Vector, value: float) -> float:
        """Twice the fall in log likelihood when the combination is held at ``value``."""
        ...

    def limits(self, weights: Vector, level: float) -> tuple[float, float]:
        """Where the ratio reaches the chi-squared quantile at ``level``, on either side."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Profiled:
    """A point with its covariance, and the profile of its likelihood in linear combinations.

    Both limits and tests refer to chi-squared on 1, which needs many clusters. Quantities that are not
    linear in the parameters have Wald intervals, and their ``method`` says so.
    """

    point: Asymptotic
    profile: Profile

    @property
    def params(self) -> Vector:
        return self.point.params


def profile_estimate(fit: Profiled, quantity: Quantity, level: float) -> Estimate:
    """The quantity with its profile interval and likelihood-ratio p.

    ``statistic`` is the signed root of the likelihood ratio. Raises FitError as a Wald interval does,
    and where the likelihood does not fall far enough.
    """
    if quantity.weights is None:
        found = wald_estimate(fit.point, quantity, level)
        return replace(found, interval=replace(found.interval, method=WALD))
    value, null = quantity.value(fit.params), to_scale(quantity.scale, quantity.null)
    variance = float(quantity.weights @ fit.point.covariance @ quantity.weights)
    std_error = standard_error(quantity, value, variance)
    ratio = max(0.0, fit.profile.ratio(quantity.weights, null))
    limits = fit.profile.limits(quantity.weights, level)
    tested = Tested(math.copysign(math.sqrt(ratio), value - null), float(special.chdtrc(1, ratio)))
    return answer(quantity, value, std_error, tested, interval_on(quantity, limits, level, PROFILE))
