"""A point with a covariance: Wald intervals, on t or normal quantiles."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.errors import FitError
from precept_stats.inference.answer import Tested, answer
from precept_stats.inference.degrees_of_freedom import DegreesOfFreedom
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.scales import to_reader, to_scale
from precept_stats.values import Estimate, Interval, IntervalKind

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

ROUNDING = 2e-15
"""A standard error below this share of the estimate is rounding."""
BESIDE = 1e-12
"""So is one below this share of the effect's own."""


@dataclass(frozen=True, slots=True, eq=False)
class Asymptotic:
    """Parameters (p,), their covariance (p, p), and the rule that gives df for a contrast."""

    names: tuple[str, ...]
    params: Vector
    covariance: Matrix
    df: DegreesOfFreedom


def wald_estimate(fit: Asymptotic, quantity: Quantity, level: float) -> Estimate:
    """The quantity with its t (or normal) interval at ``level``; two-sided p against its null.

    Raises FitError when the standard error is zero or not finite: no number is better than a
    number with no uncertainty.
    """
    value = quantity.value(fit.params)
    gradient = quantity.gradient(fit.params)
    std_error = standard_error(quantity, value, float(gradient @ fit.covariance @ gradient))
    df = float(fit.df(gradient))
    if not df > 0:
        raise FitError("no degrees of freedom are left", found=f"df = {df:g}", allowed="df above 0")
    half_width = critical_value(df, level) * std_error
    statistic = (value - to_scale(quantity.scale, quantity.null)) / std_error
    tested = Tested(statistic, two_sided_p(statistic, df), df if math.isfinite(df) else None)
    interval = interval_on(quantity, (value - half_width, value + half_width), level)
    return answer(quantity, value, std_error, tested, interval)


def standard_error(quantity: Quantity, value: float, variance: float) -> float:
    """The root of the variance of a quantity; FitError unless it and the value are usable.

    What is rounding error of the estimate is no standard error: there is none where clusters agree exactly.
    """
    usable = math.isfinite(value) and math.isfinite(variance) and variance > 0.0
    if not usable or is_rounding(math.sqrt(variance), value):
        raise FitError(
            f"the {quantity.measure} has no usable standard error",
            found=f"estimate {value:g} with variance {variance:g} on the {quantity.scale} scale",
            allowed="a finite estimate with a positive variance; outcomes that vary between clusters",
        )
    return math.sqrt(variance)


def is_rounding(std_error: float, size: float, share: float = ROUNDING) -> bool:
    """Whether a standard error is nothing but rounding of numbers of this size."""
    return std_error <= share * abs(size)


def interval_on(
    quantity: Quantity,
    limits: tuple[float, float],
    level: float,
    method: str = "",
    kind: IntervalKind = "confidence",
) -> Interval:
    """Limits on the quantity's scale as an interval on the reader's. FitError for a limit without end."""
    lower, upper = (to_reader(quantity.scale, limit) for limit in limits)
    if not (math.isfinite(lower) and math.isfinite(upper)):
        raise FitError(
            f"the interval of the {quantity.measure} has no end",
            found=f"{lower:g} to {upper:g}",
            allowed="data that bound the estimate",
        )
    return Interval(lower, upper, level, kind, method)


def critical_value(df: float, level: float) -> float:
    """The t (or, for infinite df, normal) quantile that leaves ``1 - level`` in two tails."""
    upper = 0.5 + level / 2
    return float(special.stdtrit(df, upper) if math.isfinite(df) else special.ndtri(upper))


def two_sided_p(statistic: float, df: float) -> float:
    """Of a t statistic; of a normal one for infinite df."""
    tail = -abs(statistic)
    return float(2 * (special.stdtr(df, tail) if math.isfinite(df) else special.ndtr(tail)))
