"""Quantities: functions of a fit's parameters, each with its gradient.

A quantity says on which scale inference is made and how to bring the answer back to the scale a
reader thinks in. A ratio is made on the log scale and shown as a ratio.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.values import Scale

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Quantity:
    """What is asked of a fit: ``value`` and ``gradient`` are on ``scale``.

    ``null`` is on the reader's scale (0 for a difference, 1 for a ratio). ``weights`` are given where the
    value is ``weights @ params``, so that what needs a linear function of the parameters can tell.
    ``of_many`` takes draws (R, p) to values (R,) at once, for quantities that are asked of many draws.
    """

    measure: str
    contrast: str
    scale: Scale
    unit: str
    null: float
    value: Callable[[Vector], float]
    gradient: Callable[[Vector], Vector]
    weights: Vector | None = None
    of_many: Callable[[NDArray[np.float64]], Vector] | None = None


def linear(measure: str, contrast: str, weights: Vector, *, unit: str, null: float = 0.0) -> Quantity:
    """The linear combination ``weights @ params`` on its own scale."""
    return Quantity(
        measure, contrast, "identity", unit, null, lambda b: float(weights @ b), lambda b: weights, weights
    )


def exponentiated(measure: str, contrast: str, weights: Vector) -> Quantity:
    """A ratio whose logarithm is ``weights @ params`` (parameters already on the log scale)."""
    return Quantity(
        measure, contrast, "log", "ratio", 1.0, lambda b: float(weights @ b), lambda b: weights, weights
    )


def ratio(measure: str, contrast: str, compare: Vector, reference: Vector) -> Quantity:
    """``(compare @ params) / (reference @ params)``, inference by the delta method on the log scale."""

    def value(b: Vector) -> float:
        return float(np.log(compare @ b) - np.log(reference @ b))

    def gradient(b: Vector) -> Vector:
        slope: Vector = compare / (compare @ b) - reference / (reference @ b)
        return slope

    return Quantity(measure, contrast, "log", "ratio", 1.0, value, gradient)


def odds_ratio(measure: str, contrast: str, compare: Vector, reference: Vector) -> Quantity:
    """The odds of ``compare @ params`` over those of ``reference @ params``, on the log scale."""

    def value(b: Vector) -> float:
        up, down = compare @ b, reference @ b
        return float(np.log(up / (1.0 - up)) - np.log(down / (1.0 - down)))

    def gradient(b: Vector) -> Vector:
        up, down = compare @ b, reference @ b
        slope: Vector = compare / (up * (1.0 - up)) - reference / (down * (1.0 - down))
        return slope

    return Quantity(measure, contrast, "log", "ratio", 1.0, value, gradient)


def compared(above: Quantity, below: Quantity) -> Quantity:
    """How one quantity differs from another of its kind: their difference, or the ratio of two ratios."""
    first, second = above.of_many, below.of_many
    return Quantity(
        above.measure,
        above.contrast,
        above.scale,
        above.unit,
        above.null,
        lambda b: above.value(b) - below.value(b),
        lambda b: above.gradient(b) - below.gradient(b),
        of_many=None if first is None or second is None else lambda draws: first(draws) - second(draws),
    )
