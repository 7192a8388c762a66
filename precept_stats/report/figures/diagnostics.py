"""Residuals over time with their autocorrelation, and the statistics at placebo dates."""

from __future__ import annotations

from typing import assert_never

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from precept_stats.report.diagnostic_figure_data import DiagnosticFigureData, PlaceboData, ResidualsData
from precept_stats.report.figures.page import (
    BLUE,
    GREY,
    SMALL,
    TAG_HEIGHT,
    VERMILLION,
    Letters,
    Page,
    new_page,
)
from precept_stats.report.lettering import fitted, width

PANEL, GAP, FOOT, LEFT = 110.0, 46.0, 34.0, 40.0
BAND = 1.96
Ticks = tuple[tuple[float, str], ...]


def draw_diagnostics(data: DiagnosticFigureData, narrow: bool) -> Page:
    """The page of either kind."""
    match data:
        case ResidualsData():
            return _residuals(data, narrow)
        case PlaceboData():
            return _placebo(data, narrow)
        case _:
            assert_never(data)


def _residuals(data: ResidualsData, narrow: bool) -> Page:
    """Residuals above, not joined; autocorrelations below, also partial ones, with the band of noise."""
    page = new_page(TAG_HEIGHT + (3 if narrow else 2) * (PANEL + GAP) - GAP + FOOT + 14, narrow)
    room = page.width - LEFT - 8
    above = page.axes(LEFT, TAG_HEIGHT + 12, room, PANEL)
    _calendar(above, data.ticks, room)
    above.axhline(0, color=GREY, linewidth=0.6)
    above.plot(
        [at for at, _ in data.points],
        [value for _, value in data.points],
        marker="o",
        linestyle="",
        markersize=2.6,
        color=BLUE,
        markeredgewidth=0,
    )
    page.text(1, TAG_HEIGHT + 4, fitted(f"Residual, {data.axis}", page.width - 2, SMALL), Letters(SMALL))
    top, half = TAG_HEIGHT + 12 + PANEL + GAP, (room - LEFT) / 2
    if narrow:
        _stems(page, ("Autocorrelation", data.autocorrelations, data.bound), (LEFT, top, room))
        _stems(page, ("Partial autocorrelation", data.partial, data.bound), (LEFT, top + PANEL + GAP, room))
    else:
        _stems(page, ("Autocorrelation", data.autocorrelations, data.bound), (LEFT, top, half))
        _stems(page, ("Partial autocorrelation", data.partial, data.bound), (2 * LEFT + half, top, half))
    return page


def _stems(page: Page, shown: tuple[str, tuple[float, ...], float], at: tuple[float, float, float]) -> None:
    """One stem a lag, with the band of noise."""
    (words, values, bound), (left, top, room) = shown, at
    axes = page.axes(left, top, room, PANEL)
    axes.axhspan(-bound, bound, color="#e9e9e5", linewidth=0)
    axes.axhline(0, color=GREY, linewidth=0.6)
    axes.vlines(list(range(1, len(values) + 1)), 0, list(values), color=BLUE, linewidth=2.0)
    axes.set(ylim=(-1.0, 1.0), xlim=(0.3, len(values) + 0.7))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    axes.tick_params(axis="x", length=2)
    page.text(left - LEFT + 1, top - 8, fitted(words, room + LEFT - 2, SMALL), Letters(SMALL))
    page.text(left + room / 2, top + PANEL + 27, "Lag, in periods", Letters(SMALL, align="center"))


def _placebo(data: PlaceboData, narrow: bool) -> Page:
    """A point a date, filled where it would be called found; the actual statistic as a line."""
    page = new_page(TAG_HEIGHT + 150.0 + FOOT + 14, narrow)
    room = page.width - LEFT - 8
    axes = page.axes(LEFT, TAG_HEIGHT + 12, room, 150.0)
    _calendar(axes, data.ticks, room)
    axes.axhspan(-BAND, BAND, color="#e9e9e5", linewidth=0)
    axes.axhline(data.actual, color=VERMILLION, linewidth=1.4, linestyle=(0, (4, 2)))
    for at, value in data.dates:
        face = BLUE if abs(value) > BAND else "white"
        axes.plot([at], [value], marker="o", markersize=4, markerfacecolor=face, markeredgecolor=BLUE)
    words = "Estimate over its standard error"
    page.text(1, TAG_HEIGHT + 4, fitted(words, page.width - 2, SMALL), Letters(SMALL))
    page.text(LEFT + room / 2, page.height - 7, "Placebo date", Letters(SMALL, align="center"))
    return page


def _calendar(axes: Axes, ticks: Ticks, room: float) -> None:
    """Names of periods along the axis, as many as have room."""
    places = [at for at, _ in ticks]
    span = max(places) - min(places)
    axes.set_xlim(min(places) - 0.02 * span - 0.5, max(places) + 0.02 * span + 0.5)
    most = max(1, int(room / (max(width(name, SMALL) for _, name in ticks) + 8)))
    every = -(-len(ticks) // most)
    axes.set_xticks(places[::every], [name for _, name in ticks][::every])
    axes.tick_params(axis="x", length=2)
