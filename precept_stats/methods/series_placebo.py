"""Placebo dates: the same model asked of dates before the interruption, at which nothing happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.asymptotic import Asymptotic
from precept_stats.inference.fit import Fact
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.uncertainty import estimate
from precept_stats.studies.series_design import NEVER, SeriesDesign
from precept_stats.values import Estimate

Asked = Callable[[SeriesDesign], tuple[Asymptotic, Quantity]]
"""The model of a design and the effect that is asked of it. FitError where it cannot be fitted."""

LEVEL = 0.95
"""Of the p below which a placebo date counts as found; intervals are not shown."""


@dataclass(frozen=True, slots=True)
class PlaceboDate:
    """One date, as its period in the calendar, and what was estimated at it."""

    period: int
    label: str
    found: Estimate


def placebo_facts(design: SeriesDesign, asked: Asked, margin: int) -> tuple[Fact, ...]:
    """Rows of context ``placebo``: the effect at every date with ``margin`` points on each side.

    Only points before the (first) interruption are used. The share of dates with p below 0.05 is what the
    method's 5 per cent comes to on this series; where the actual estimate stands among them is told by the
    share of dates with a statistic at least as large.
    """
    dates = tuple(_dates(design, asked, margin))
    actual = estimate(*asked(design), LEVEL)
    return (*_summary(dates, actual), *(fact for date in dates for fact in _told(date)))


def _dates(design: SeriesDesign, asked: Asked, margin: int) -> Iterator[PlaceboDate]:
    before = before_only(design)
    start = int(design.interruptions[0].start[design.treated].max())
    periods = np.unique(before.period[before.used])
    for period in periods[margin : len(periods) - margin + 1]:
        moved = moved_to(before, int(period) - start)
        try:
            found = estimate(*asked(moved), LEVEL)
        except FitError:
            continue
        yield PlaceboDate(int(period), design.label(int(period)), found)


def before_only(design: SeriesDesign) -> SeriesDesign:
    """The cells before each unit's own first interruption; of controls those before the earliest."""
    first = design.interruptions[0]
    started = first.start[first.start != NEVER]
    ends = np.where(first.start == NEVER, started.min(), first.start)
    return design.cells(design.period < ends[design.row_unit] + design.first_after)


def moved_to(design: SeriesDesign, by: int) -> SeriesDesign:
    """The first interruption moved by so many periods, without others that the cells do not reach."""
    first = design.interruptions[0]
    start = np.where(first.start == NEVER, NEVER, first.start + by)
    last = int(design.period.max())
    others = tuple(
        one for one in design.interruptions[1:] if np.any((one.start != NEVER) & (one.start <= last))
    )
    moved = replace(first, start=start)
    return replace(design, time=design.time - by, interruptions=(moved, *others))


def _summary(dates: tuple[PlaceboDate, ...], actual: Estimate) -> Iterator[Fact]:
    yield Fact("dates", "Placebo dates", len(dates), "dates", context="placebo")
    if not dates:
        return
    p_values = np.array([date.found.p_value or 0.0 for date in dates])
    sizes = np.array([abs(date.found.statistic) for date in dates])
    beyond = float(np.mean(sizes >= abs(actual.statistic)))
    yield Fact(
        "share_below",
        "Share of placebo dates with p < 0.05",
        float(np.mean(p_values < 0.05)),
        "proportion",
        context="placebo",
    )
    label = "Share of placebo dates with a statistic as large as the actual one"
    yield Fact("share_beyond", label, beyond, "proportion", context="placebo")


def _told(date: PlaceboDate) -> Iterator[Fact]:
    groups = (("period", date.label),)
    found = date.found
    for name, label, value in (
        ("at", "Place on the axis", float(date.period)),
        ("estimate", "Estimate", found.value),
        ("std_error", "Standard error", found.std_error),
        ("statistic", "Statistic", found.statistic),
        ("p_value", "p-value", found.p_value if found.p_value is not None else float("nan")),
    ):
        yield Fact(name, label, value, found.unit if name == "estimate" else "", groups, "placebo")
