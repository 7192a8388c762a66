"""Rows of what a series tells beside its effect: curves, further changes, other inference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.curve import Beside, CurvePoint, EventPoint
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.rows import Header, context_rows
from precept_stats.inference.uncertainty import Uncertainty, estimate, point_value
from precept_stats.values import Row


def over_time_rows(header: Header, fit: Fit, level: float) -> Iterator[Row]:
    """Everything that a fit over time tells beside its effect."""
    yield from change_rows(header, fit.uncertainty, fit.changes, level)
    yield from beside_rows(header, fit.beside, level)
    yield from curve_rows(header, fit.uncertainty, fit.curve, level)
    yield from event_rows(header, fit.events, level)


def event_rows(header: Header, points: tuple[EventPoint, ...], level: float) -> Iterator[Row]:
    """The effect by time since the start, told apart by the group ``time``; a point that failed says why."""
    for point in points:
        groups = (("time", point.label),)
        for row in _answered(header, point.uncertainty, point.quantity, (level, groups)):
            yield replace(row, context="panel", warning="", status="ok" if not row.error else row.status)
        about = replace(header.row("panel", "", None), groups=groups, warning="", status="ok")
        yield replace(about, stat_name="at", stat=float(point.at), stat_label="Place on the axis")
        units = ("n_units", point.n_units, "Units with data")
        yield replace(about, stat_name=units[0], stat=units[1], stat_label=units[2], unit="clusters")


def curve_rows(
    header: Header, uncertainty: Uncertainty, points: tuple[CurvePoint, ...], level: float
) -> Iterator[Row]:
    """Estimate and limits of every point; a point without a usable standard error has its value alone."""
    for point in points:
        groups = (
            ("curve", point.curve),
            ("series", point.series),
            ("clock", point.clock),
            ("period", point.label),
        )
        plain = header.row("counterfactual", "", None)
        about = replace(plain, groups=groups, warning="", status="ok", measure=point.quantity.measure)
        stats: list[tuple[str, str, float]] = [("at", "Place on the axis", float(point.at))]
        try:
            found = estimate(uncertainty, point.quantity, level)
        except FitError:
            stats.append(("estimate", "Estimate", point_value(uncertainty, point.quantity)))
        else:
            stats += [
                ("estimate", "Estimate", found.value),
                ("conf_low", "Lower limit", found.interval.lower),
                ("conf_high", "Upper limit", found.interval.upper),
            ]
        for name, label, stat in stats:
            unit = "" if name == "at" else point.quantity.unit
            if np.isfinite(stat):
                yield replace(about, stat_name=name, stat=stat, stat_label=label, unit=unit)


def change_rows(
    header: Header, uncertainty: Uncertainty, changes: tuple[Quantity, ...], level: float
) -> Iterator[Row]:
    """Further changes with their intervals, or why there is none."""
    for quantity in changes:
        yield from _answered(header, uncertainty, quantity, (level, ()))


def beside_rows(header: Header, beside: tuple[Beside, ...], level: float) -> Iterator[Row]:
    """The effect under other inference, told apart by the group ``inference``."""
    for one in beside:
        groups = (("inference", one.kind),)
        for row in _answered(header, one.uncertainty, one.quantity, (level, groups)):
            yield replace(row, context="inference_beside")
        told = header.row("inference_beside", "label", one.label, "What it is")
        yield replace(told, groups=groups, warning="", status="ok")


def _answered(
    header: Header,
    uncertainty: Uncertainty,
    quantity: Quantity,
    at: tuple[float, tuple[tuple[str, str], ...]],
) -> Iterator[Row]:
    level, groups = at
    try:
        found = estimate(uncertainty, quantity, level)
    except FitError as problem:
        row = header.row("change", "estimate", None, "Estimate")
        row = replace(row, groups=groups, term=quantity.contrast, measure=quantity.measure)
        yield replace(row, error=problem.problem, status="failed")
    else:
        yield from context_rows(header, "change", found, groups)
