"""Mean differences from the mean, the best area and the reference, and the index of disparity.

MD = sum_k v_k |y_k - c|, with c the mean over the population, the best estimate or the reference value, and
v_k either 1/K (unweighted) or the shares of the population. The index of disparity is the mean difference
from the mean in per cent of the mean (Pearcy and Keppel 2002, Public Health Rep 117:273; WHO 2022, technical
notes). The mean c is that over the population in both.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from precept_stats.numerics.inequality.areas import Areas, Vector, mean
from precept_stats.numerics.inequality.measure import Measure, Need, Unit

Weights = Callable[[Areas], Vector]


def _equal(areas: Areas) -> Vector:
    return np.full(areas.count, 1.0 / areas.count)


def _share(areas: Areas) -> Vector:
    return areas.share


def _reference(areas: Areas) -> Vector:
    return areas.reference


def _best(areas: Areas) -> Vector:
    return areas.best


def _value(over: Weights, centre: Weights) -> Callable[[Vector, Areas], Vector]:
    def value(y: Vector, areas: Areas) -> Vector:
        found: Vector = np.abs(y - (y @ centre(areas))[..., None]) @ over(areas)
        return found

    return value


def _slope(over: Weights, centre: Weights) -> Callable[[Vector, Areas], Vector]:
    """v_k s_k - c_k sum_j v_j s_j, with s_k the sign of y_k less the centre."""

    def slope(y: Vector, areas: Areas) -> Vector:
        signed = over(areas) * np.sign(y - y @ centre(areas))
        found: Vector = signed - centre(areas) * signed.sum()
        return found

    return slope


def _relative(over: Weights) -> Measure:
    """The index of disparity: the mean difference from the mean, in per cent of the mean."""
    absolute, absolute_slope = _value(over, _share), _slope(over, _share)

    def value(y: Vector, areas: Areas) -> Vector:
        found: Vector = 100.0 * absolute(y, areas) / mean(y, areas)
        return found

    def slope(y: Vector, areas: Areas) -> Vector:
        found: Vector = (100.0 * absolute_slope(y, areas) - value(y, areas) * areas.share) / mean(y, areas)
        return found

    name, words = ("idisu", "unweighted") if over is _equal else ("idisw", "weighted")
    needs: frozenset[Need] = frozenset({"positive mean"})
    unit: Unit = "per cent of the mean"
    return Measure(name, f"Index of disparity, {words}", "mean difference", unit, value, slope, needs=needs)


def _absolute(name: str, label: str, over: Weights, centre: Weights) -> Measure:
    return Measure(name, label, "mean difference", "outcome", _value(over, centre), _slope(over, centre))


MEAN_DIFFERENCES = (
    _absolute("mdmu", "Mean difference from the mean, unweighted", _equal, _share),
    _absolute("mdmw", "Mean difference from the mean, weighted", _share, _share),
    _absolute("mdbu", "Mean difference from the best area, unweighted", _equal, _best),
    _absolute("mdbw", "Mean difference from the best area, weighted", _share, _best),
    _absolute("mdru", "Mean difference from the reference, unweighted", _equal, _reference),
    _absolute("mdrw", "Mean difference from the reference, weighted", _share, _reference),
    _relative(_equal),
    _relative(_share),
)
