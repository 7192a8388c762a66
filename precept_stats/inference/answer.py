"""The one place where a quantity and what was found of it become an estimate."""

from __future__ import annotations

from dataclasses import dataclass

from precept_stats.inference.quantities import Quantity
from precept_stats.inference.scales import to_reader
from precept_stats.values import Estimate, Interval


@dataclass(frozen=True, slots=True)
class Tested:
    """A test of a quantity's null: its statistic, two-sided p (None for a posterior), and df of a t."""

    statistic: float
    p_value: float | None
    df: float | None = None


def answer(
    quantity: Quantity, value: float, std_error: float, tested: Tested, interval: Interval
) -> Estimate:
    """The estimate; ``value`` and ``std_error`` are on the quantity's scale, the interval is the reader's."""
    return Estimate(
        measure=quantity.measure,
        contrast=quantity.contrast,
        scale=quantity.scale,
        unit=quantity.unit,
        value=to_reader(quantity.scale, value),
        std_error=std_error,
        df=tested.df,
        statistic=tested.statistic,
        p_value=tested.p_value,
        null=quantity.null,
        interval=interval,
    )
