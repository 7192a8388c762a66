"""Theil index, mean log deviation and Atkinson's index between groups.

With r_k = y_k / mu: T = sum w r ln r; MLD = -sum w ln r, both shown in thousandths as by the World Health
Organization; A = 1 - (sum w r^(1 - e))^(1 / (1 - e)), and 1 - exp(-MLD) for an aversion e of 1. An estimate
of 0 adds nothing to T, but T has no slope there; MLD and A with e of 1 or more have no value. Source: Theil
1967, Economics and information theory; Atkinson 1970, J Econ Theory 2:244; WHO 2022, technical notes.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from precept_stats.numerics.inequality.areas import Areas, Vector, mean
from precept_stats.numerics.inequality.measure import Measure, Need

THOUSANDTHS = 1000.0


def _theil(y: Vector, areas: Areas) -> Vector:
    relative = y / mean(y, areas)[..., None]
    found: Vector = THOUSANDTHS * special.xlogy(relative, relative) @ areas.share
    return found


def _theil_slope(y: Vector, areas: Areas) -> Vector:
    middle = mean(y, areas)
    with np.errstate(divide="ignore"):
        logs = THOUSANDTHS * np.log(y / middle)
    found: Vector = areas.share / middle * (logs - _theil(y, areas))
    return found


def _log_deviation(y: Vector, areas: Areas) -> Vector:
    found: Vector = -THOUSANDTHS * np.log(y / mean(y, areas)[..., None]) @ areas.share
    return found


def _log_deviation_slope(y: Vector, areas: Areas) -> Vector:
    found: Vector = THOUSANDTHS * areas.share * (1.0 / mean(y, areas) - 1.0 / y)
    return found


def atkinson(aversion: float) -> Measure:
    """Atkinson's index with an aversion to inequality above 0."""
    power = 1.0 - aversion

    def equivalent(y: Vector, areas: Areas) -> Vector:
        """The value that, held by all, would be worth as much."""
        if power == 0.0:
            return np.asarray(np.exp(np.log(y) @ areas.share))
        return np.asarray((y**power @ areas.share) ** (1.0 / power))

    def value(y: Vector, areas: Areas) -> Vector:
        found: Vector = 1.0 - equivalent(y, areas) / mean(y, areas)
        return found

    def slope(y: Vector, areas: Areas) -> Vector:
        """With the equivalent e(y) homogeneous: de/dy_k = w_k (e / y_k)^aversion."""
        same, middle = equivalent(y, areas), mean(y, areas)
        with np.errstate(divide="ignore"):
            found: Vector = areas.share * (same / middle - (same / y) ** aversion) / middle
        return found

    name = f"atkinson_{aversion:g}".replace(".", "")
    label = f"Atkinson's index, aversion {aversion:g}"
    needs: frozenset[Need] = frozenset({"positive"} if power <= 0.0 else {"not negative", "positive mean"})
    return Measure(name, label, "entropy", "index", value, slope, needs=needs)


ENTROPY = (
    Measure(
        "theil", "Theil index", "entropy", "thousandths", _theil, _theil_slope,
        needs=frozenset({"not negative", "positive mean"}),
    ),
    Measure(
        "mld", "Mean log deviation", "entropy", "thousandths", _log_deviation, _log_deviation_slope,
        needs=frozenset({"positive"}),
    ),
    atkinson(0.5),
    atkinson(1.0),
    atkinson(2.0),
)  # fmt: skip
