"""A ratio of two coefficients tested by their difference: an interval that may have no end."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.errors import FitError
from precept_stats.inference.answer import Tested, answer
from precept_stats.inference.asymptotic import standard_error
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.randomisation import without_end
from precept_stats.numerics.two_stage import anderson_rubin_limits
from precept_stats.values import Estimate, Interval

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

METHOD = "inversion of the Anderson-Rubin test"


@dataclass(frozen=True, slots=True, eq=False)
class AndersonRubin:
    """An effect (1,) that is the first of two ``coefficients`` over the second, with their covariance (2, 2).

    A value b is tested by t = (c1 - b c2) / SE(c1 - b c2) on ``df``: the coefficient of the instrument for
    the outcome less b times what was received (Anderson and Rubin 1949, Ann Math Stat 20:46). ``variance`` is
    that of the effect by two-stage least squares; no interval is made from it.
    """

    names: tuple[str, ...]
    params: Vector
    variance: float
    coefficients: Vector
    covariance: Matrix
    df: float


def anderson_rubin_estimate(fit: AndersonRubin, quantity: Quantity, level: float) -> Estimate:
    """The effect with all values that the test does not reject at 1 - ``level``, and the test of its null.

    Where the first stage is not itself beyond 0 at that level the values not rejected have no end, and the
    interval is unbounded on both sides even where some values in between are rejected.
    """
    value = quantity.value(fit.params)
    std_error = standard_error(quantity, value, fit.variance)
    if not fit.df > 0.0:
        raise FitError("no degrees of freedom are left", found=f"df = {fit.df:g}", allowed="df above 0")
    critical = float(special.stdtrit(fit.df, 0.5 + level / 2))
    lower, upper = anderson_rubin_limits(fit.coefficients, fit.covariance, critical)
    weights = np.array([1.0, -quantity.null])
    error = math.sqrt(float(weights @ fit.covariance @ weights))
    statistic = float(weights @ fit.coefficients) / error if error > 0.0 else math.inf
    p_value = 2.0 * float(special.stdtr(fit.df, -abs(statistic)))
    interval = Interval(lower, upper, level, "confidence", f"{METHOD}{without_end(lower, upper)}")
    return answer(quantity, value, std_error, Tested(statistic, p_value, fit.df), interval)
