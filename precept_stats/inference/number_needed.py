"""Numbers needed to treat: the reciprocal of a risk difference and of its interval.

A number is above 0 where the compared arm is better (one person more benefits for so many treated) and
below 0 where it is worse. An interval of the difference that holds 0 becomes one that runs from a number
needed to benefit up through infinity to a number needed to harm (Altman 1998, BMJ 317:1309).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from precept_stats.inference.rows import Header
from precept_stats.values import Estimate, Row

Direction = Literal["higher_better", "lower_better"]

MEASURE = "number_needed_to_treat"
RECIPROCAL = "reciprocal of the interval of the risk difference"
THROUGH_INFINITY = "; through infinity"


@dataclass(frozen=True, slots=True)
class NumberNeeded:
    """The number, and the interval from ``start`` up to ``end``.

    ``start`` is the number at the better end of the benefit, ``end`` that at its worse end. With
    ``through_infinity`` no benefit is within the interval, which goes up from ``start`` (a benefit) to
    infinity and on from minus infinity to ``end`` (a harm). A number for no benefit at all is infinite.
    """

    value: float
    start: float
    end: float
    through_infinity: bool


def number_needed(estimate: Estimate, direction: Direction) -> NumberNeeded:
    """From a risk difference to the number needed to treat.

    A difference of risks lies within -1 and 1, so no number is nearer to 0 than 1.
    """
    sign = 1.0 if direction == "higher_better" else -1.0
    ends = (sign * _possible(estimate.interval.lower), sign * _possible(estimate.interval.upper))
    worse, better = min(ends), max(ends)
    return NumberNeeded(
        _reciprocal(sign * _possible(estimate.value)),
        _reciprocal(better),
        _reciprocal(worse),
        worse < 0.0 < better,
    )


def number_needed_rows(
    header: Header, estimate: Estimate, direction: Direction, *, counts_people: bool = True
) -> Iterator[Row]:
    """One row a number, where the estimate is a risk difference; an infinite number has no row.

    Nor is there any where the outcome counts opportunities (not ``counts_people``): the reciprocal would be
    a number of opportunities, of which one person has several.
    """
    if estimate.measure != "risk_difference" or not counts_people:
        return
    found = number_needed(estimate, direction)
    kind, level = estimate.interval.kind, estimate.interval.level
    statistics: tuple[tuple[str, str, float | str], ...] = (
        ("estimate", "Number needed to treat (below 0: to harm)", found.value),
        ("conf_low", f"Where the {kind} interval begins, at the most benefit", found.start),
        ("conf_high", "Where it ends, going up (through infinity where it holds no effect)", found.end),
        ("conf_level", f"{kind.capitalize()} level", level),
        ("conf_method", "How the interval was found", _method(found)),
    )
    for name, label, stat in statistics:
        if isinstance(stat, str) or math.isfinite(stat):
            row = header.row("number_needed", name, stat, label)
            yield replace(row, term=estimate.contrast, measure=MEASURE, scale="identity")


def _method(found: NumberNeeded) -> str:
    return RECIPROCAL + (THROUGH_INFINITY if found.through_infinity else "")


def _possible(difference: float) -> float:
    """A difference of risks within -1 to 1."""
    return min(max(difference, -1.0), 1.0)


def _reciprocal(benefit: float) -> float:
    return math.inf if benefit == 0.0 else 1.0 / benefit
