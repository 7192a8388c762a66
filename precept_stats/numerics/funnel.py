"""Limits of funnel plots: exact, and wider where units differ more than chance allows.

Source: Spiegelhalter 2005, Stat Med 24:1185 (exact limits, section 3 and appendix A.1.1; winsorised z scores
and the two kinds of overdispersion, section 4).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Overdispersion:
    """``phi`` is the mean square of winsorised z scores, ``tau2`` the variance between ``units``.

    ``tau2`` is 0 where phi is no larger than (units - 1) / units, what chance alone is expected to give.
    """

    phi: float
    tau2: float
    units: int


def binomial_limits(total: Vector, target: float, tail: float) -> tuple[Vector, Vector]:
    """Proportions below and above which a unit of ``total`` people falls with a chance of ``tail`` each.

    With r the least number of events whose chance of at most r reaches p, the limit is (r - a) / total, a
    being how far p is from that chance on the way to the one of r - 1. Within 0 and 1.
    """

    def at_most(events: Vector) -> Vector:
        inside = np.clip(events, 0.0, np.maximum(total - 1.0, 0.0))
        chance = special.betainc(total - inside, inside + 1.0, 1.0 - target)
        return np.where(events < 0.0, 0.0, np.where(events >= total, 1.0, chance))

    most = np.asarray(total, dtype=np.float64)
    limits = (_interpolated(at_most, most, chance) / total for chance in (tail, 1.0 - tail))
    lower, upper = (np.clip(limit, 0.0, 1.0) for limit in limits)
    return lower, upper


def poisson_limits(size: Vector, target: float, tail: float) -> tuple[Vector, Vector]:
    """Rates below and above which a unit of person-time ``size`` falls with a chance of ``tail`` each.

    Interpolated between numbers of events as for proportions.
    """
    expected = size * target

    def at_most(events: Vector) -> Vector:
        chance = special.pdtr(np.maximum(events, 0.0), expected)
        return np.where(events < 0.0, 0.0, chance)

    most = np.ceil(expected + 40.0 * np.sqrt(expected) + 60.0)
    limits = (_interpolated(at_most, most, chance) / size for chance in (tail, 1.0 - tail))
    lower, upper = (np.maximum(limit, 0.0) for limit in limits)
    return lower, upper


def _interpolated(at_most: Callable[[Vector], Vector], most: Vector, chance: float) -> Vector:
    """Events at which the chance of no more is ``chance``, between whole numbers in a straight line."""
    least = _least(at_most, most, chance)
    up_to, before = at_most(least), at_most(least - 1.0)
    found: Vector = least - (up_to - chance) / (up_to - before)
    return found


def _least(at_most: Callable[[Vector], Vector], most: Vector, chance: float) -> Vector:
    """The least number of events that no more than has a chance of ``chance`` or more; by bisection."""
    low, high = np.full(most.shape, -1.0), most
    while np.any(high - low > 1):
        middle = np.floor((low + high) / 2)
        enough = at_most(middle) >= chance
        high = np.where(enough & (high - low > 1), middle, high)
        low = np.where(~enough & (high - low > 1), middle, low)
    return high


def overdispersion(y: Vector, std_error: Vector, target: float, winsorised: float = 0.1) -> Overdispersion:
    """How much more units differ from a target than their standard errors under it allow.

    z scores are brought in to the quantiles ``winsorised`` and 1 - ``winsorised``, so that the few units the
    plot is there to find do not widen its limits.
    """
    z = (y - target) / std_error
    if winsorised > 0.0:
        z = np.clip(z, *np.quantile(z, [winsorised, 1.0 - winsorised]))
    units, weight = len(y), 1.0 / std_error**2
    phi = float(np.mean(z**2))
    room = float(weight.sum() - (weight**2).sum() / weight.sum())
    return Overdispersion(phi, max(0.0, (units * phi - (units - 1)) / room), units)


def widened_limits(
    std_error: Vector,
    target: float,
    tail: float,
    found: Overdispersion,
    kind: Literal["additive", "multiplicative"],
) -> tuple[Vector, Vector]:
    """Normal limits with wider standard errors: sqrt(s^2 + tau2), or s sqrt(phi) where phi is above 1."""
    inflated = {
        "additive": np.sqrt(std_error**2 + found.tau2),
        "multiplicative": std_error * math.sqrt(max(found.phi, 1.0)),
    }
    half = -float(special.ndtri(tail)) * inflated[kind]
    return target - half, target + half
