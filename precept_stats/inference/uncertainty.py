"""From a fit and a quantity to an estimate: the one place where intervals and p-values are made.

Six shapes of uncertainty stand: :class:`Asymptotic`, a point with a covariance and a df rule;
:class:`Profiled`, the same with the likelihood followed instead; :class:`Draws`, replicates of a
bootstrap or a posterior; :class:`Randomisation`, the allocations that could have been;
:class:`Pooled`, fits of data sets in which what was missing has been filled in; and
:class:`AndersonRubin`, a ratio of two coefficients. Each has its rule in its own file; which rule is
used is said here alone.
"""

from __future__ import annotations

from precept_stats.inference.anderson_rubin import AndersonRubin, anderson_rubin_estimate
from precept_stats.inference.asymptotic import Asymptotic, wald_estimate
from precept_stats.inference.draws import Draws, draws_estimate
from precept_stats.inference.pooled import Pooled, pooled_estimate
from precept_stats.inference.profiled import Profiled, profile_estimate
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.randomisation import Randomisation, randomisation_estimate
from precept_stats.inference.scales import to_reader
from precept_stats.values import Estimate

__all__ = [
    "AndersonRubin",
    "Asymptotic",
    "Draws",
    "Pooled",
    "Profiled",
    "Randomisation",
    "Uncertainty",
    "estimate",
    "point_value",
]

Uncertainty = Asymptotic | Profiled | Draws | Randomisation | Pooled | AndersonRubin


def estimate(fit: Uncertainty, quantity: Quantity, level: float) -> Estimate:
    """The quantity with its interval at ``level`` and two-sided p against its null.

    Raises FitError when there is no usable measure of uncertainty.
    """
    match fit:
        case Asymptotic():
            return wald_estimate(fit, quantity, level)
        case Profiled():
            return profile_estimate(fit, quantity, level)
        case Draws():
            return draws_estimate(fit, quantity, level)
        case Randomisation():
            return randomisation_estimate(fit, quantity, level)
        case AndersonRubin():
            return anderson_rubin_estimate(fit, quantity, level)
        case Pooled():
            return pooled_estimate(fit, quantity, level)


def point_value(fit: Uncertainty, quantity: Quantity) -> float:
    """The quantity at the point estimate, as a reader thinks of it, whatever its uncertainty."""
    return to_reader(quantity.scale, quantity.value(fit.params))
