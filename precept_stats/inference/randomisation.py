"""Tests of any null value of an effect, inverted: over allocations that could have been, or over signs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.answer import Tested, answer
from precept_stats.inference.asymptotic import standard_error
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.scales import to_reader, to_scale
from precept_stats.numerics.reference import Reference
from precept_stats.values import Estimate, Interval, IntervalKind, Scale

Vector = NDArray[np.float64]


class ShiftTest(Protocol):
    """A two-sided test that the effect is a given shift, the same in every cluster."""

    @property
    def std_error(self) -> float:
        """Of the estimate: its standard deviation over allocations, were it the effect, or a robust one."""
        ...

    def statistic(self, shift: float) -> float: ...

    def p_value(self, shift: float) -> float: ...

    def limits(self, alpha: float) -> tuple[float, float]:
        """The least and greatest shift with p above ``alpha``, infinite where there is none."""
        ...

    def reference(self) -> Reference:
        """The statistic and its distribution at no effect."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Randomisation:
    """An effect (1,), and the test of any null value of it.

    ``kind`` and ``name`` are of the interval and the test, as a reader is told: over the allocations of the
    trial a randomisation interval, over the signs of a wild bootstrap a confidence interval. Null values are
    on ``scale``: ``log`` for a ratio, whose logarithm the effect is.
    """

    names: tuple[str, ...]
    params: Vector
    test: ShiftTest
    kind: IntervalKind = "randomisation"
    name: str = "randomisation test"
    scale: Scale = "identity"


def randomisation_estimate(fit: Randomisation, quantity: Quantity, level: float) -> Estimate:
    """The effect with all shifts that the test does not reject at 1 - ``level``; ``df`` is None.

    ``std_error`` is that of the test, on its scale; the interval is not made from it. With few replicates a
    side may have no end, and the interval's ``method`` says so: the limit is infinite, or 0 of a ratio.
    Raises FitError for what is not the effect itself, and when replicates do not vary.
    """
    if quantity.weights is None or quantity.scale != fit.scale or not np.array_equal(quantity.weights, [1.0]):
        raise FitError(
            f"the {fit.name} gives no test of the {quantity.measure}",
            found=quantity.contrast,
            allowed=f"a {'difference' if fit.scale == 'identity' else 'ratio'} between the arms",
        )
    value, null = quantity.value(fit.params), to_scale(fit.scale, quantity.null)
    limits = fit.test.limits(1.0 - level)
    lower, upper = (to_reader(fit.scale, limit) for limit in limits)
    std_error = standard_error(quantity, value, fit.test.std_error**2)
    tested = Tested(fit.test.statistic(null), fit.test.p_value(null))
    method = f"inversion of the {fit.name}{without_end(*limits)}"
    return answer(quantity, value, std_error, tested, Interval(lower, upper, level, fit.kind, method))


def without_end(lower: float, upper: float) -> str:
    """What the method of an interval says of its sides without end."""
    sides = [side for side, limit in (("below", lower), ("above", upper)) if math.isinf(limit)]
    return f"; unbounded {' and '.join(sides)}" if sides else ""
