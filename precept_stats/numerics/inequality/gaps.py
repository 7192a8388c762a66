"""Difference and ratio of two areas, or of an area and the reference value.

Source: World Health Organization 2022, Health inequality monitoring: technical notes, simple measures.
"""

from __future__ import annotations

from precept_stats.numerics.inequality.areas import Areas, Vector
from precept_stats.numerics.inequality.measure import Measure


def _difference(y: Vector, areas: Areas) -> Vector:
    found: Vector = y @ areas.high - y @ areas.low
    return found


def _difference_slope(_y: Vector, areas: Areas) -> Vector:
    return areas.high - areas.low


def _ratio(y: Vector, areas: Areas) -> Vector:
    found: Vector = (y @ areas.high) / (y @ areas.low)
    return found


def _ratio_slope(y: Vector, areas: Areas) -> Vector:
    found: Vector = _ratio(y, areas) * (areas.high / (y @ areas.high) - areas.low / (y @ areas.low))
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
