"""From a fit and a quantity to an estimate: the one place where intervals and p-values are made.

The shape of uncertainty here is :class:`Asymptotic`, a point with a covariance and a df rule.
Posterior draws and randomisation distributions are the other two shapes of the design; each
enters here, beside this one, with the first method that makes it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.errors import FitError
from precept_stats.inference.degrees_of_freedom import DegreesOfFreedom
from precept_stats.inference.quantities import Quantity
from precept_stats.values import Estimate, Interval

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Asymptotic:
    """Parameters (p,), their covariance (p, p), and the rule that gives df for a contrast."""

    names: tuple[str, ...]
    params: Vector
    covariance: Matrix
    df: DegreesOfFreedom


def estimate(fit: Asymptotic, quantity: Quantity, level: float) -> Estimate:
    """The quantity with its t (or normal) interval at ``level``; two-sided p against its null.

    Raises FitError when the standard error is zero or not finite: no number is better than a
    number with no uncertainty.
    """
    value = quantity.value(fit.params)
    gradient = quantity.gradient(fit.params)
    variance = float(gradient @ fit.covariance @ gradient)
    if not (math.isfinite(value) and math.isfinite(variance)) or variance <= 0.0:
        raise FitError(
            f"the {quantity.measure} has no usable standard error",
            found=f"estimate {value!r} with variance {variance!r} on the {quantity.scale} scale",
            allowed="a finite estimate with a positive variance; outcomes that vary between clusters",
        )
    df = float(fit.df(gradient))
    if not df > 0:
        raise FitError("no degrees of freedom are left", found=f"df = {df:g}", allowed="df above 0")
    return _assemble(quantity, value, math.sqrt(variance), df, level)


def _assemble(quantity: Quantity, value: float, std_error: float, df: float, level: float) -> Estimate:
    half_width = _critical_value(df, level) * std_error
    log_scale = quantity.scale == "log"
    null = math.log(quantity.null) if log_scale else quantity.null
    back = math.exp if log_scale else float
    statistic = (value - null) / std_error
    return Estimate(
        measure=quantity.measure,
        contrast=quantity.contrast,
        scale=quantity.scale,
        unit=quantity.unit,
        value=back(value),
        std_error=std_error,
        df=df if math.isfinite(df) else None,
        statistic=statistic,
        p_value=_two_sided_p(statistic, df),
        null=quantity.null,
        interval=Interval(back(value - half_width), back(value + half_width), level),
    )


def _critical_value(df: float, level: float) -> float:
    """The t (or, for infinite df, normal) quantile that leaves ``1 - level`` in two tails."""
    upper = 0.5 + level / 2
    return float(special.stdtrit(df, upper) if math.isfinite(df) else special.ndtri(upper))


def _two_sided_p(statistic: float, df: float) -> float:
    tail = -abs(statistic)
    return float(2 * (special.stdtr(df, tail) if math.isfinite(df) else special.ndtr(tail)))
