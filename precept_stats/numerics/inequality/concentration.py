"""Gini's index, and the concentration indices of areas in an order: absolute, relative, Erreygers, Wagstaff.

With X_k the relative ranks (ridits): ACI = sum_k w_k (2 X_k - 1) y_k, which is twice the covariance of
outcome and rank; RCI = ACI / mu. For an outcome within [a, b], Erreygers' index is 4 ACI / (b - a) and
Wagstaff's ACI (b - a) / ((b - mu)(mu - a)): the bounds are those that are possible, never those observed. All
are above 0 where areas of higher rank have more of the outcome, whether or not more is better. Gini's index
is the RCI by rank of the outcome itself: half the mean absolute difference between two people, over the mean.
Source: Kakwani, Wagstaff and van Doorslaer 1997, J Econometrics 77:87; Wagstaff 2005, Health Econ 14:429;
Erreygers 2009, J Health Econ 28:504.
"""

from __future__ import annotations

import numpy as np

from precept_stats.numerics.inequality.areas import Areas, Vector, mean, midpoints
from precept_stats.numerics.inequality.measure import Measure


def _absolute(y: Vector, areas: Areas) -> Vector:
    found: Vector = y @ _absolute_slope(y, areas)
    return found


def _absolute_slope(_y: Vector, areas: Areas) -> Vector:
    return areas.share * (2.0 * areas.ridit - 1.0)


def _relative(y: Vector, areas: Areas) -> Vector:
    return _absolute(y, areas) / mean(y, areas)


def _relative_slope(y: Vector, areas: Areas) -> Vector:
    found: Vector = (_absolute_slope(y, areas) - _relative(y, areas) * areas.share) / mean(y, areas)
    return found


def _width(areas: Areas) -> float:
    return areas.bounds[1] - areas.bounds[0]


def _erreygers(y: Vector, areas: Areas) -> Vector:
    return 4.0 * _absolute(y, areas) / _width(areas)


def _erreygers_slope(y: Vector, areas: Areas) -> Vector:
    return 4.0 * _absolute_slope(y, areas) / _width(areas)


def _wagstaff(y: Vector, areas: Areas) -> Vector:
    (least, most), middle = areas.bounds, mean(y, areas)
    found: Vector = _absolute(y, areas) * _width(areas) / ((most - middle) * (middle - least))
    return found


def _wagstaff_slope(y: Vector, areas: Areas) -> Vector:
    (least, most), middle = areas.bounds, mean(y, areas)
    room = (most - middle) * (middle - least)
    shift = (least + most - 2.0 * middle) / room
    found: Vector = (
        _absolute_slope(y, areas) * _width(areas) / room - _wagstaff(y, areas) * shift * areas.share
    )
    return found


def _gini(y: Vector, areas: Areas) -> Vector:
    order = np.argsort(y, axis=-1)
    held = np.broadcast_to(areas.share, y.shape)
    held, ordered = np.take_along_axis(held, order, axis=-1), np.take_along_axis(y, order, axis=-1)
    rank = np.cumsum(held, axis=-1) - held / 2.0
    found: Vector = np.sum(held * (2.0 * rank - 1.0) * ordered, axis=-1) / mean(y, areas)
    return found


def _gini_slope(y: Vector, areas: Areas) -> Vector:
    ranked = 2.0 * midpoints(y, areas.share) - 1.0
    found: Vector = areas.share * (ranked - _gini(y, areas)) / mean(y, areas)
    return found


GINI = Measure(
    "gini", "Gini's index", "gini", "index", _gini, _gini_slope, needs=frozenset({"positive mean"})
)

CONCENTRATION = (
    Measure(
        "aci", "Absolute concentration index", "concentration", "outcome", _absolute, _absolute_slope,
        null=0.0, needs=frozenset({"ranks"}),
    ),
    Measure(
        "rci", "Relative concentration index", "concentration", "index", _relative, _relative_slope,
        null=0.0, needs=frozenset({"ranks", "positive mean"}),
    ),
    Measure(
        "erreygers", "Erreygers' index", "concentration", "index", _erreygers, _erreygers_slope,
        null=0.0, needs=frozenset({"ranks", "bounds"}),
    ),
    Measure(
        "wagstaff", "Wagstaff's index", "concentration", "index", _wagstaff, _wagstaff_slope,
        null=0.0, needs=frozenset({"ranks", "bounds", "inside"}),
    ),
)  # fmt: skip
