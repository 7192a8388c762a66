"""What figures of residuals and placebo dates show."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ResidualsData:
    """Residuals by place on the axis, autocorrelations (and partial) by lag, and what noise rarely exceeds.

    ``ticks`` are places with their names; ``axis`` what residuals are in.
    """

    axis: str
    ticks: tuple[tuple[float, str], ...]
    points: tuple[tuple[float, float], ...]
    autocorrelations: tuple[float, ...]
    partial: tuple[float, ...]
    bound: float


@dataclass(frozen=True, slots=True)
class PlaceboData:
    """The statistic at every placebo date, and that at the actual one, its place and value."""

    ticks: tuple[tuple[float, str], ...]
    dates: tuple[tuple[float, float], ...]
    actual: float


DiagnosticFigureData = ResidualsData | PlaceboData
"""Figures about how far a model of a series can be believed."""
