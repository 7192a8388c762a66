"""From a fit and a quantity to an estimate: the one place where intervals and p-values are made.

The shape of uncertainty here is :class:`Asymptotic`, a point with a covariance and a df rule.
"""

from __future__ import annotations

from precept_stats.inference.asymptotic import Asymptotic, wald_estimate
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.scales import to_reader
from precept_stats.values import Estimate

__all__ = ["Asymptotic", "estimate", "point_value"]


def estimate(fit: Asymptotic, quantity: Quantity, level: float) -> Estimate:
    """The quantity with its interval at ``level`` and two-sided p against its null.

    Raises FitError when there is no usable measure of uncertainty.
    """
    return wald_estimate(fit, quantity, level)


def point_value(fit: Asymptotic, quantity: Quantity) -> float:
    """The quantity at the point estimate, as a reader thinks of it, whatever its uncertainty."""
    return to_reader(quantity.scale, quantity.value(fit.params))
