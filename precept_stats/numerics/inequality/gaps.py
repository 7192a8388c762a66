"""Difference and ratio of two areas, or of an area and the reference value.

Source: World Health Organization 2022, Health inequality monitoring: technical notes, simple measures.
"""

from __future__ import annotations

from precept_stats.numerics.inequality.areas import Areas, Vector, end_weights
from precept_stats.numerics.inequality.measure import Measure


def _difference(y: Vector, areas: Areas) -> Vector:
    found: Vector = y @ end_weights(areas.high, areas) - y @ end_weights(areas.low, areas)
    return found


def _difference_slope(_y: Vector, areas: Areas) -> Vector:
    return end_weights(areas.high, areas) - end_weights(areas.low, areas)


def _ratio(y: Vector, areas: Areas) -> Vector:
    found: Vector = (y @ end_weights(areas.high, areas)) / (y @ end_weights(areas.low, areas))
    return found


def _ratio_slope(y: Vector, areas: Areas) -> Vector:
    high, low = end_weights(areas.high, areas), end_weights(areas.low, areas)
    found: Vector = _ratio(y, areas) * (high / (y @ high) - low / (y @ low))
    return found


GAPS = (
    Measure(
        "difference", "Difference", "gap", "outcome", _difference, _difference_slope,
        null=0.0, needs=frozenset({"two areas"}),
    ),
    Measure(
        "ratio", "Ratio", "gap", "ratio", _ratio, _ratio_slope,
        scale="log", null=1.0, needs=frozenset({"two areas", "positive ends"}),
    ),
)  # fmt: skip
