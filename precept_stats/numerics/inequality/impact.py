"""Population attributable risk and fraction: what the mean would change by were all areas at the reference.

PAR = y_ref - mu, PAF = PAR / mu in per cent (WHO 2022, technical notes). Neither is cut off at 0: a value
below 0 is a fall of the mean, a gain where less of the outcome is better.
"""

from __future__ import annotations

from precept_stats.numerics.inequality.areas import Areas, Vector, mean, reference_value
from precept_stats.numerics.inequality.measure import Measure


def _risk(y: Vector, areas: Areas) -> Vector:
    return reference_value(y, areas) - mean(y, areas)


def _risk_slope(_y: Vector, areas: Areas) -> Vector:
    return areas.reference - areas.share


def _fraction(y: Vector, areas: Areas) -> Vector:
    found: Vector = 100.0 * _risk(y, areas) / mean(y, areas)
    return found


def _fraction_slope(y: Vector, areas: Areas) -> Vector:
    middle = mean(y, areas)
    found: Vector = 100.0 * (areas.reference / middle - reference_value(y, areas) * areas.share / middle**2)
    return found


IMPACT = (
    Measure(
        "par", "Population attributable risk", "impact", "outcome", _risk, _risk_slope,
        null=0.0, needs=frozenset({"reference apart"}),
    ),
    Measure(
        "paf", "Population attributable fraction", "impact", "per cent", _fraction, _fraction_slope,
        null=0.0, needs=frozenset({"reference apart", "positive mean"}),
    ),
)  # fmt: skip
