"""Charts of areas over their periods: a panel each, with a middle line, limits and points beyond them."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from precept_stats.report.area_figure_data import ChartData, ChartPanel
from precept_stats.report.figures.legend import DASHES, dashed, dot, legend, legend_height
from precept_stats.report.figures.page import (
    BLUE,
    BOLD,
    FINE,
    GREY,
    INK,
    SMALL,
    TAG_HEIGHT,
    VERMILLION,
    Letters,
    Page,
    new_page,
)
from precept_stats.report.lettering import squeezed, wrapped

HEIGHT, FOOT, HEAD = 84.0, 30.0, 28.0
LEFT = 34.0


def draw_charts(data: ChartData, narrow: bool) -> Page:
    """Two columns of panels, one on a telephone; diamonds are points beyond the limits."""
    keys = [dashed("middle", INK), dashed("limits", GREY), dot("beyond the limits", VERMILLION, marker="D")]
    title = wrapped(data.axis, 250.0 if narrow else 500.0, SMALL)
    head = TAG_HEIGHT + legend_height([*keys], narrow=narrow) + 11.0 * len(title) + 4
    columns = 1 if narrow else 2
    rows = -(-len(data.panels) // columns)
    page = new_page(head + rows * (HEAD + HEIGHT + FOOT), narrow)
    legend(page, [*keys])
    for place, line in enumerate(title):
        page.text(1, head - 11.0 * (len(title) - place - 0.5), line, FINE)
    across = page.width / columns - LEFT - 10
    ends = _ends(data)
    for place, panel in enumerate(data.panels):
        top = head + (place // columns) * (HEAD + HEIGHT + FOOT) + HEAD
        left = LEFT + (place % columns) * (page.width / columns)
        page.text(left, top - 18, squeezed(panel.title, across, SMALL), BOLD)
        page.text(left, top - 7, squeezed(panel.words, across, SMALL), Letters(SMALL, colour=GREY))
        axes = page.axes(left, top, across, HEIGHT)
        axes.set(ylim=ends, xlim=(-0.5, len(panel.points) - 0.5))
        _panel(axes, panel)
    return page


def _ends(data: ChartData) -> tuple[float, float]:
    points = [point for panel in data.panels for point in panel.points]
    values = [point.value for point in points if point.value is not None]
    values += [end for point in points if point.limits for end in point.limits]
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = 0.06 * (high - low) or 1.0
    return low - room, high + room


def _panel(axes: Axes, panel: ChartPanel) -> None:
    axes.grid(axis="y", color="#e4e4e0", linewidth=0.6)
    axes.set_axisbelow(True)
    if panel.middle is not None:
        axes.axhline(panel.middle, color=INK, linewidth=0.9, linestyle=DASHES)
    limited = [(x, point.limits) for x, point in enumerate(panel.points) if point.limits is not None]
    for side in (0, 1):
        axes.plot(
            [x for x, _ in limited], [both[side] for _, both in limited], color=GREY, linestyle=DASHES,
            linewidth=0.8, drawstyle="steps-mid",
        )  # fmt: skip
    shown = [(x, point.value) for x, point in enumerate(panel.points) if point.value is not None]
    if shown:
        axes.plot(*zip(*shown, strict=True), color=BLUE, linewidth=1.0, marker="o", markersize=3)
    for x, point in enumerate(panel.points):
        if point.outside and point.value is not None:
            axes.plot([x], [point.value], marker="D", markersize=5, color=VERMILLION, zorder=3)
    every = max(1, -(-len(panel.points) // 4))
    places = list(range(0, len(panel.points), every))
    axes.set_xticks(places, [panel.points[x].label for x in places])
    axes.tick_params(axis="y", labelsize=SMALL)
    axes.yaxis.set_major_locator(MaxNLocator(4))
