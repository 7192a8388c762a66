"""What a measure of inequality is: a value, its gradient, and what it needs of the areas."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from precept_stats.numerics.inequality.areas import Areas, Vector
from precept_stats.values import Scale

Unit = Literal[
    "outcome", "outcome squared", "ratio", "per cent", "per cent of the mean", "thousandths", "index"
]
Need = Literal[
    "ranks",
    "bounds",
    "not negative",
    "positive",
    "positive ends",
    "positive mean",
    "inside",
    "two areas",
    "reference apart",
]


@dataclass(frozen=True, slots=True, eq=False)
class Measure:
    """``value`` takes estimates (..., K) to values (...); ``gradient`` takes (K,) to (K,).

    Both are as a reader thinks of the measure; inference is made on ``scale``. ``null`` is its value without
    inequality where the measure has a sign, NaN where it has none and is above 0 by noise alone: of these no
    test is made. Shares, ranks, the reference and the areas compared are taken as known.
    """

    name: str
    label: str
    family: str
    unit: Unit
    value: Callable[[Vector, Areas], Vector]
    gradient: Callable[[Vector, Areas], Vector]
    scale: Scale = "identity"
    null: float = math.nan
    needs: frozenset[Need] = frozenset()


def standard_error(measure: Measure, y: Vector, areas: Areas, covariance: Vector) -> float:
    """The delta-method standard error, as the reader thinks of the measure; ``covariance`` is (K, K)."""
    slope = measure.gradient(y, areas)
    return math.sqrt(float(slope @ covariance @ slope))


def why_not(measure: Measure, y: Vector, areas: Areas) -> str:
    """Why a measure cannot be had of these estimates; empty where it can."""
    middle = float(y @ areas.share)
    ends = (float(areas.low @ y), float(areas.high @ y))
    broken: dict[Need, tuple[bool, str]] = {
        "ranks": (
            not bool(np.ptp(areas.ridit) > 0.0),
            "the areas have no order: name a column of ranks, with two ranks or more",
        ),
        "bounds": (not all(map(math.isfinite, areas.bounds)), "the outcome has no bounds to be measured by"),
        "not negative": (bool(np.any(y < 0)), "an area has an estimate below 0, which has no logarithm"),
        "positive": (
            bool(np.any(y <= 0)),
            f"{_areas(int(np.sum(y <= 0)))} an estimate of 0 or less, which has no logarithm",
        ),
        "positive ends": (min(ends) <= 0, f"there is no ratio of {ends[1]:g} to {ends[0]:g}"),
        "positive mean": (middle <= 0, f"the mean is {middle:g}, and this measure divides by it"),
        "inside": (
            not areas.bounds[0] < middle < areas.bounds[1],
            f"the mean is {middle:g}, at a bound of the outcome",
        ),
        "two areas": (
            bool(np.allclose(areas.low, areas.high)),
            "the two areas that are compared are the same one",
        ),
        "reference apart": (
            bool(np.allclose(areas.reference, areas.share)),
            "the reference is the mean of all areas, so this is 0 by definition",
        ),
    }
    return next((reason for need, (found, reason) in broken.items() if need in measure.needs and found), "")


def _areas(count: int) -> str:
    return f"{count} area has" if count == 1 else f"{count} areas have"
