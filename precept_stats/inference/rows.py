"""From a fit and its estimates to rows: one number a row, with its context."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.asymptotic import BESIDE, is_rounding
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.uncertainty import estimate, point_value
from precept_stats.values import Context, Estimate, Purpose, Row, Status

READERS = ("estimate", "conf_low", "conf_high", "null")
"""Statistics on the reader's scale, which have the quantity's unit."""
UNTESTED: tuple[Context, ...] = ("arm_summary", "subgroup", "disparity", "shrinkage")
"""Contexts of estimates that no question is asked of: they have intervals and no p-values."""


@dataclass(frozen=True, slots=True)
class Header:
    """What every row of an analysis repeats."""

    analysis: str
    estimand: str
    purpose: Purpose
    variable: str
    status: Status = "ok"
    warning: str = ""

    def row(self, context: Context, stat_name: str, stat: float | int | str | None, label: str = "") -> Row:
        """A plain row under this header."""
        return Row(
            analysis=self.analysis,
            context=context,
            stat_name=stat_name,
            stat=stat,
            stat_label=label,
            estimand=self.estimand,
            purpose=self.purpose,
            variable=self.variable,
            warning=self.warning,
            status=self.status,
        )


@dataclass(frozen=True, slots=True)
class ArmMean:
    """The rows of an arm's mean, with the estimate where it has an interval, else what to warn of."""

    rows: tuple[Row, ...]
    estimate: Estimate | None
    warning: str = ""


def estimate_rows(header: Header, estimate: Estimate, arm: str = "") -> tuple[Row, ...]:
    """One row a number of the estimate; ``arm`` marks the mean of an arm instead of the effect."""
    if arm:
        return context_rows(header, "arm_summary", estimate, (("arm", arm),))
    return context_rows(header, "estimate", estimate, ())


def arm_mean(header: Header, fit: Fit, mean: Quantity, effect: Estimate, level: float) -> ArmMean:
    """The mean of an arm, or its value and why it has no interval: clusters of an arm may agree exactly.

    That is no reason to withhold the effect, which has a standard error from the other arm. An arm without
    events has a mean of 0 with a rounding error of 0, so that the effect's standard error is the yardstick.
    """
    try:
        found = estimate(fit.uncertainty, mean, level)
        if mean.scale == effect.scale == "identity" and is_rounding(
            found.std_error, effect.std_error, BESIDE
        ):
            raise FitError(f"the {mean.measure} has no usable standard error")
    except FitError as problem:
        reason = f"no interval: {problem.problem}"
        row = header.row("arm_summary", "estimate", _value_or_none(fit, mean), "Estimate")
        about = replace(
            row,
            unit=mean.unit,
            groups=(("arm", mean.contrast),),
            term=mean.contrast,
            measure=mean.measure,
            scale=mean.scale,
        )
        return ArmMean((_without_limits(about, reason),), None, f"{mean.contrast}: {reason}")
    return ArmMean(estimate_rows(header, found, arm=mean.contrast), found)


def context_rows(
    header: Header, context: Context, estimate: Estimate, groups: tuple[tuple[str, str], ...]
) -> tuple[Row, ...]:
    """One row a number; the mean of an arm and the effect in a subgroup are not tested."""
    statistics = _interval_statistics(estimate)
    if context not in UNTESTED:
        statistics += [
            ("df", "Degrees of freedom", estimate.df),
            ("statistic", "Test statistic", None if estimate.p_value is None else estimate.statistic),
            ("p_value", "Two-sided p-value", estimate.p_value),
            ("null", "Null value", estimate.null),
        ]
    return tuple(
        replace(
            header.row(context, name, stat, label),
            unit=estimate.unit if name in READERS else "",
            groups=groups,
            term=estimate.contrast,
            measure=estimate.measure,
            scale=estimate.scale,
        )
        for name, label, stat in statistics
        if stat is not None
    )


def _average_rows(header: Header, fit: Fit, level: float) -> Iterator[Row]:
    """The effect in each average and how they compare, or why there is no such estimate."""
    for name, quantity in fit.averages:
        groups = (("average", name),)
        try:
            found = estimate(fit.uncertainty, quantity, level)
        except FitError as problem:
            row = header.row("average", "estimate", _value_or_none(fit, quantity), "Estimate")
            row = replace(row, groups=groups, term=quantity.contrast, measure=quantity.measure)
            yield _without_limits(row, problem.problem)
        else:
            yield from context_rows(header, "average", found, groups)


def simultaneous_rows(header: Header, fit: Fit, effect: Quantity, family: tuple[str, float]) -> Iterator[Row]:
    """The interval of the effect at the level of a family: all its intervals hold together at 1 - alpha."""
    name, level = family
    about = replace(header.row("multiplicity", "", None), groups=(("family", name),), measure=effect.measure)
    try:
        found = estimate(fit.uncertainty, effect, level)
    except FitError as problem:
        reason = f"no simultaneous interval: {problem.problem}"
        yield replace(about, stat_name="conf_low", error=reason, status="failed")
        return
    for stat, label, value in _interval_statistics(found):
        if stat.startswith("conf_") and value is not None:
            unit = found.unit if stat in READERS else ""
            label = f"{label}, simultaneous"
            yield replace(
                about,
                stat_name=stat,
                stat=value,
                stat_label=label,
                unit=unit,
                term=found.contrast,
                scale=found.scale,
            )


def _interval_statistics(estimate: Estimate) -> list[tuple[str, str, float | str | None]]:
    """Name, label and value of what an estimate and its interval say; a side without end has no limit."""
    kind, interval = estimate.interval.kind, estimate.interval
    no_end = interval.without_end
    return [
        ("estimate", "Estimate", estimate.value),
        ("std_error", "Standard error", _finite(estimate.std_error)),
        ("conf_low", f"Lower {kind} limit", None if no_end[0] else interval.lower),
        ("conf_high", f"Upper {kind} limit", None if no_end[1] else interval.upper),
        ("conf_level", f"{kind.capitalize()} level", interval.level),
        ("conf_method", "How the interval was found", interval.method or None),
    ]


def _finite(value: float) -> float | None:
    """The number, or None, which has no row."""
    return value if math.isfinite(value) else None


def further_rows(header: Header, fit: Fit, level: float) -> Iterator[Row]:
    """The further quantities of a fit, each with its interval, or its estimate and why it has none.

    Then the effect in other averages than the declared one.
    """
    for quantity in fit.further:
        with np.errstate(all="ignore"):
            yield from _quantity_rows(header, fit, quantity, level)
    yield from _average_rows(header, fit, level)


def _quantity_rows(header: Header, fit: Fit, quantity: Quantity, level: float) -> Iterator[Row]:
    def row(name: str, stat: float | str | None, label: str) -> Row:
        return replace(
            header.row("icc", name, stat, label),
            unit=quantity.unit if name in READERS else "",
            term=quantity.contrast,
            measure=quantity.measure,
            scale=quantity.scale,
        )

    try:
        found = estimate(fit.uncertainty, quantity, level)
    except FitError as problem:
        yield _without_limits(row("estimate", _value_or_none(fit, quantity), "Estimate"), problem.problem)
        return
    except (ArithmeticError, ValueError) as problem:
        yield _without_limits(row("estimate", _value_or_none(fit, quantity), "Estimate"), str(problem))
        return
    yield from (
        row(name, stat, label) for name, label, stat in _interval_statistics(found) if stat is not None
    )


def _value_or_none(fit: Fit, quantity: Quantity) -> float | None:
    try:
        value = point_value(fit.uncertainty, quantity)
    except (ArithmeticError, ValueError):
        return None
    return value if math.isfinite(value) else None


def _without_limits(row: Row, reason: str) -> Row:
    """An estimate with the reason why it has no interval, or only the reason."""
    if row.stat is None:
        return replace(row, error=reason, status="failed")
    return replace(row, warning=reason, status="warning" if row.status == "ok" else row.status)


def fit_rows(header: Header, fit: Fit) -> Iterator[Row]:
    """The facts, evidence and settings of a fit."""
    for fact in fit.facts:
        row = header.row(fact.context, fact.name, fact.stat, fact.label)
        yield replace(row, unit=fact.unit, groups=fact.groups, warning="")
    for name, value in fit.evidence:
        yield header.row("fit", name, value, "Evidence of the fit's status")
    for name, value in fit.settings:
        row = header.row("setting", "value", value, "Setting used")
        yield replace(row, variable=name, warning="", status="ok")
