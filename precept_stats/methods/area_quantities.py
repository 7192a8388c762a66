"""Quantities of areas as rows: the numbers, or the value alone with the reason why it has no interval."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from precept_stats.errors import FitError
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.rows import Header, context_rows
from precept_stats.inference.uncertainty import estimate, point_value
from precept_stats.values import Context, Estimate, Row

Groups = tuple[tuple[str, str], ...]

BELOW_BOUND = "the interval goes below 0, which this cannot: read the corrected variance"


@dataclass(frozen=True, slots=True)
class About:
    """What rows of quantities repeat."""

    header: Header
    context: Context
    groups: Groups
    level: float


def quantity_rows(about: About, fit: Fit, quantity: Quantity, warning: str = "") -> Iterator[Row]:
    """The numbers of one quantity. One that has a value and no usable error is the value with a warning."""
    try:
        found = estimate(fit.uncertainty, quantity, about.level)
    except FitError as problem:
        yield _alone(about, fit, quantity, problem.problem)
        return
    if _bounded(quantity) and found.interval.lower < 0.0:
        warning = f"{warning}; {BELOW_BOUND}" if warning else BELOW_BOUND
    for row in context_rows(about.header, about.context, found, about.groups):
        yield replace(row, warning=warning, status="warning") if warning else row


def p_value_of(about: About, fit: Fit, quantity: Quantity) -> Estimate | None:
    """The estimate with its p-value, where it has one."""
    try:
        return estimate(fit.uncertainty, quantity, about.level)
    except FitError:
        return None


def _bounded(quantity: Quantity) -> bool:
    """Whether a quantity of the identity scale has no sign, and so cannot be below 0."""
    unsigned = math.isnan(quantity.null) and quantity.scale == "identity"
    return unsigned and quantity.measure not in ("mean", "typical_area")


def _alone(about: About, fit: Fit, quantity: Quantity, reason: str) -> Row:
    value = point_value(fit.uncertainty, quantity)
    row = about.header.row(about.context, "estimate", value if math.isfinite(value) else None, "Estimate")
    row = replace(
        row, groups=about.groups, term=quantity.contrast, measure=quantity.measure, unit=quantity.unit
    )
    if row.stat is None:
        return replace(row, error=reason, status="failed")
    return replace(row, warning=reason, status="warning")


def limited(
    row: Row, of: tuple[float, tuple[float, float], str], level: float, warning: str = ""
) -> Iterator[Row]:
    """An estimate with limits that were found apart from a standard error."""
    value, (lower, upper), method = of
    told: tuple[tuple[str, str, float | str], ...] = (
        ("estimate", "Estimate", value),
        ("conf_low", "Lower confidence limit", lower),
        ("conf_high", "Upper confidence limit", upper),
        ("conf_level", "Confidence level", level),
        ("conf_method", "How the interval was found", method),
    )
    for name, label, stat in told:
        unit = row.unit if name in ("estimate", "conf_low", "conf_high") else ""
        row = replace(row, warning=warning, status="warning") if warning else row
        yield replace(row, stat_name=name, stat=stat, stat_label=label, unit=unit)
