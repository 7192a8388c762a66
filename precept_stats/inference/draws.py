"""Draws of all parameters: bootstrap replicates, or a posterior.

Both interval rules use order statistics of R draws at (R + 1) times a probability, so that an interval
at 1 - alpha leaves out a value just when its p-value is alpha or less. A draw in which a quantity has
no value counts against the interval on both sides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.answer import Tested, answer
from precept_stats.inference.asymptotic import interval_on, standard_error
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.scales import to_reader, to_scale
from precept_stats.values import Estimate, IntervalKind

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]

STUDENTISED = "studentised bootstrap"
PERCENTILE = "percentiles of the bootstrap"
BASIC = "basic bootstrap"
POSTERIOR = "percentiles of the posterior"


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Parameters (p,) and R draws (R, p) of them.

    For a bootstrap the draws are estimates from data simulated at ``params``. With ``covariance`` (p, p)
    and that of each draw, ``covariances`` (R, p, p), intervals are studentised; entries that are not
    known are NaN, and a quantity that depends on one has a percentile interval. So has one without a finite
    value at the ``edge`` (p,), parameters with variances of 0 that draws can reach. For a posterior
    ``params`` are its means. ``reflected`` intervals are the percentiles turned about the value (basic
    bootstrap), which takes away the bias that the draws show.
    """

    names: tuple[str, ...]
    params: Vector
    draws: Matrix
    kind: Literal["bootstrap", "posterior"]
    covariance: Matrix | None = None
    covariances: Cube | None = None
    edge: Vector | None = None
    reflected: bool = False


def draws_estimate(fit: Draws, quantity: Quantity, level: float) -> Estimate:
    """The quantity with its studentised or percentile interval.

    A bootstrap gives the value at the point estimate, a posterior its median. ``df`` is None. Raises
    FitError with fewer draws than the level needs (19 at 0.95 studentised, 39 by percentiles).
    """
    with np.errstate(all="ignore"):
        drawn = _drawn(fit, quantity)
        error = _own_error(fit, quantity)
    if error is not None:
        return _studentised(fit, quantity, level, (drawn, error))
    return _percentiles(fit, quantity, level, drawn)


def _drawn(fit: Draws, quantity: Quantity) -> Vector:
    if quantity.of_many is not None:
        return quantity.of_many(fit.draws)
    return np.array([_value(quantity, draw) for draw in fit.draws])


def _value(quantity: Quantity, params: Vector) -> float:
    try:
        return quantity.value(params)
    except (ArithmeticError, ValueError):
        return math.nan


def _error(quantity: Quantity, params: Vector, covariance: Matrix) -> float:
    """The standard error, NaN where it is not known."""
    try:
        gradient = quantity.gradient(params)
    except (ArithmeticError, ValueError):
        return math.nan
    used = gradient != 0.0
    variance = float(gradient[used] @ covariance[np.ix_(used, used)] @ gradient[used])
    return math.sqrt(variance) if variance > 0.0 else math.nan


def _own_error(fit: Draws, quantity: Quantity) -> float | None:
    """The standard error at the point, where draws have theirs too; else None."""
    if fit.covariance is None or fit.covariances is None:
        return None
    if fit.edge is not None and not math.isfinite(_value(quantity, fit.edge)):
        return None
    error = _error(quantity, fit.params, fit.covariance)
    return error if math.isfinite(error) else None


def _studentised(fit: Draws, quantity: Quantity, level: float, known: tuple[Vector, float]) -> Estimate:
    """Symmetric bootstrap-t: value -/+ error * quantile of |t*|, t* = (draw - value) / error of the draw.

    Symmetric intervals have coverage to a higher order than equal-tailed ones (Hall 1988, J R Stat Soc B
    50:35).
    """
    drawn, error = known
    value, null = quantity.value(fit.params), to_scale(quantity.scale, quantity.null)
    standard_error(quantity, value, error**2)
    covariances = fit.covariances if fit.covariances is not None else np.zeros((0, 0, 0))
    with np.errstate(all="ignore"):
        errors = np.array([_error(quantity, b, C) for b, C in zip(fit.draws, covariances, strict=True)])
        sizes = np.abs(drawn - value) / errors
    sizes = np.sort(np.where(np.isnan(sizes), np.inf, sizes))
    place = math.ceil(round(level * (len(sizes) + 1), 9))
    if place > len(sizes):
        raise _too_few(len(sizes), level)
    half_width = float(sizes[place - 1]) * error
    statistic = (value - null) / error
    beyond = len(sizes) - int(np.searchsorted(sizes, abs(statistic), side="left"))
    tested = Tested(statistic, (1 + beyond) / (len(sizes) + 1))
    interval = interval_on(quantity, (value - half_width, value + half_width), level, STUDENTISED)
    return answer(quantity, value, error, tested, interval)


def _percentiles(fit: Draws, quantity: Quantity, level: float, drawn: Vector) -> Estimate:
    """Equal-tailed percentiles; p of a bootstrap is twice the smaller tail beyond the null.

    The standard error is the draws' standard deviation on the scale, NaN where some are infinite.
    """
    posterior, count = fit.kind == "posterior", len(drawn)
    place = math.floor(round((count + 1) * (1.0 - level) / 2.0, 9))
    if place < 1:
        raise _too_few(count, level)
    low = np.sort(np.where(np.isnan(drawn), -np.inf, drawn))
    high = np.sort(np.where(np.isnan(drawn), np.inf, drawn))
    value = float(np.median(drawn)) if posterior else quantity.value(fit.params)
    if not math.isfinite(to_reader(quantity.scale, value)):
        raise FitError(
            f"the {quantity.measure} has no value", found=f"{value!r}", allowed="a finite estimate"
        )
    with np.errstate(all="ignore"):
        error = float(np.std(drawn, ddof=1))
    if np.ptp(drawn) == 0.0:
        raise FitError(
            f"the {quantity.measure} has no usable standard error",
            found="the same value in every draw",
            allowed="draws that vary",
        )
    if fit.reflected:
        low, high = np.sort(2.0 * value - high), np.sort(2.0 * value - low)
    null = to_scale(quantity.scale, quantity.null)
    tails = np.count_nonzero(low <= null), np.count_nonzero(high >= null)
    kind: IntervalKind = "credible" if posterior else "confidence"
    method = POSTERIOR if posterior else BASIC if fit.reflected else PERCENTILE
    p_value = None if posterior else min(1.0, 2.0 * (1 + min(tails)) / (count + 1))
    tested = Tested((value - null) / error, p_value)
    limits = (float(low[place - 1]), float(high[-place]))
    return answer(quantity, value, error, tested, interval_on(quantity, limits, level, method, kind))


def _too_few(count: int, level: float) -> FitError:
    return FitError(
        f"{count} draws are too few for an interval at {level:g}",
        found=f"{count} draws",
        allowed="1,999 or more",
    )
