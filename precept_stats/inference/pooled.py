"""Fits of completed data sets, pooled: Rubin's rules with the degrees of freedom of Barnard and Rubin.

Each quantity is estimated from every fit on its own scale. The pooled estimate is the mean, its variance
W + (1 + 1/m) B with W the mean variance within fits and B the variance between their estimates (Rubin
1987, Multiple Imputation for Nonresponse in Surveys, ch. 3); the df are at most those of the complete
data (Barnard and Rubin 1999, Biometrika 86:948), which for a cluster trial are those of clusters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.errors import FitError
from precept_stats.inference.answer import Tested, answer
from precept_stats.inference.asymptotic import Asymptotic, interval_on, standard_error
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.scales import to_scale
from precept_stats.values import Estimate

Vector = NDArray[np.float64]

METHOD = "multiple imputation (Rubin's rules)"


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """The fits of two or more completed data sets, each with a covariance and a rule for df."""

    fits: tuple[Asymptotic, ...]

    @property
    def params(self) -> Vector:
        """The parameters of every fit, one fit after the other."""
        return np.concatenate([fit.params for fit in self.fits])


@dataclass(frozen=True, slots=True, eq=False)
class OfEach(Quantity):
    """A quantity whose form depends on the data: one for each of the pooled fits."""

    each: tuple[Quantity, ...] = ()


@dataclass(frozen=True, slots=True)
class Combined:
    """Rubin's rules for one number. ``df`` is infinite where nothing bounds it.

    ``riv`` is the relative increase in variance by what is missing, ``share`` the share of the variance
    that is due to it (lambda) and ``fmi`` the fraction of missing information, which adds the uncertainty
    of few fits. ``mc_error`` is the standard error of the estimate that comes from the number of fits.
    """

    value: float
    variance: float
    df: float
    riv: float
    share: float
    fmi: float
    mc_error: float


def combine(values: Sequence[float], variances: Sequence[float], df: float) -> Combined:
    """Pool estimates and their variances; ``df`` are those of complete data, maybe infinite."""
    m = len(values)
    within, between = float(np.mean(variances)), float(np.var(values, ddof=1))
    extra = (1.0 + 1.0 / m) * between
    total = within + extra
    share, riv = extra / total, extra / within
    pooled_df = _barnard_rubin(m, share, df)
    fmi = (riv + 2.0 / (pooled_df + 3.0)) / (riv + 1.0)
    return Combined(float(np.mean(values)), total, pooled_df, riv, share, fmi, math.sqrt(between / m))


def _barnard_rubin(m: int, share: float, complete: float) -> float:
    """Degrees of freedom from ``m`` fits, the share of variance between them, and those of complete data."""
    old = (m - 1) / share**2 if share > 1e-150 else math.inf
    if math.isinf(complete):
        return old
    observed = (complete + 1.0) / (complete + 3.0) * complete * (1.0 - share)
    return observed if math.isinf(old) else old * observed / (old + observed)


def over_fits(quantities: Sequence[Quantity], fits: Sequence[Asymptotic]) -> OfEach:
    """One quantity of a pooled fit from that of each fit, in their order; its value is their mean."""
    ends = np.cumsum([len(fit.params) for fit in fits])[:-1]
    first = quantities[0]

    def value(params: Vector) -> float:
        parts = np.split(params, ends)
        return float(np.mean([q.value(part) for q, part in zip(quantities, parts, strict=True)]))

    def gradient(params: Vector) -> Vector:
        parts = np.split(params, ends)
        slopes = [q.gradient(part) for q, part in zip(quantities, parts, strict=True)]
        return np.concatenate(slopes) / len(slopes)

    return OfEach(
        first.measure,
        first.contrast,
        first.scale,
        first.unit,
        first.null,
        value,
        gradient,
        each=tuple(quantities),
    )


def combined(fit: Pooled, quantity: Quantity) -> Combined:
    """Rubin's rules for a quantity. FitError where a fit has no usable standard error for it."""
    each = quantity.each if isinstance(quantity, OfEach) else (quantity,) * len(fit.fits)
    values, variances, dfs = [], [], []
    for one, of in zip(fit.fits, each, strict=True):
        value, gradient = of.value(one.params), of.gradient(one.params)
        variances.append(standard_error(of, value, float(gradient @ one.covariance @ gradient)) ** 2)
        values.append(value)
        dfs.append(float(one.df(gradient)))
    if not min(dfs) > 0:
        raise FitError("no degrees of freedom are left", found=f"df = {min(dfs):g}", allowed="df above 0")
    return combine(values, variances, float(np.mean(dfs)))


def pooled_estimate(fit: Pooled, quantity: Quantity, level: float) -> Estimate:
    """The pooled quantity with its t (or normal) interval at ``level`` and two-sided p against its null."""
    found = combined(fit, quantity)
    std_error, df = math.sqrt(found.variance), found.df
    upper = 0.5 + level / 2
    critical = float(special.stdtrit(df, upper) if math.isfinite(df) else special.ndtri(upper))
    statistic = (found.value - to_scale(quantity.scale, quantity.null)) / std_error
    tail = -abs(statistic)
    p_value = float(2 * (special.stdtr(df, tail) if math.isfinite(df) else special.ndtr(tail)))
    tested = Tested(statistic, p_value, df if math.isfinite(df) else None)
    limits = (found.value - critical * std_error, found.value + critical * std_error)
    return answer(quantity, found.value, std_error, tested, interval_on(quantity, limits, level, METHOD))
