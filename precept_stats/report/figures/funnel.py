"""A funnel plot: areas by size, about a target, within limits that widen as areas are smaller."""

from __future__ import annotations

from typing import Literal

from matplotlib.artist import Artist
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from precept_stats.report.area_figure_data import FunnelData
from precept_stats.report.figures.axis import number_axis
from precept_stats.report.figures.legend import dot, legend, legend_height
from precept_stats.report.figures.page import (
    BLUE,
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
from precept_stats.report.lettering import wrapped

HEIGHT = {True: 190.0, False: 250.0}
STYLES: tuple[tuple[str, Literal["solid", "dashed", "dotted"]], ...] = (
    (GREY, "dashed"),
    (INK, "solid"),
    (INK, "dotted"),
)
LOOKS = ((BLUE, "o", False), (BLUE, "o", True), (VERMILLION, "D", True))
FEW = 12
"""Areas beyond all limits that are named in the figure; more are in its table."""


def draw_funnel(data: FunnelData, narrow: bool) -> Page:
    """Hollow dots within all limits, filled ones beyond the first, diamonds with names beyond the last."""
    keys = _keys(data)
    across = 250.0 if narrow else 500.0
    title = wrapped(data.axis, across, SMALL)
    head = TAG_HEIGHT + legend_height(keys, narrow=narrow) + 11.0 * len(title) + 6
    page = new_page(head + HEIGHT[narrow] + 34, narrow)
    legend(page, keys)
    for place, line in enumerate(title):
        page.text(1, head - 6 - 11.0 * (len(title) - place - 0.5), line, FINE)
    left = 34.0
    axes = page.axes(left, head, page.width - left - 8, HEIGHT[narrow])
    ends = [one.value for one in data.dots]
    least = min(one.size for one in data.dots)
    ends += [end for curve in data.curves for size, *both in curve.points if size >= least for end in both]
    number_axis(axes, ends, log=False, vertical=True)
    axes.set_xlim(0.0, 1.06 * max(one.size for one in data.dots))
    axes.xaxis.set_major_locator(MaxNLocator(4 if narrow else 7))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:,.0f}"))
    axes.grid(axis="y", color="#e4e4e0", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.axhline(data.target, color=BLUE, linewidth=0.9)
    for curve, (colour, style) in zip(data.curves, STYLES, strict=False):
        sizes, lower, upper = zip(*curve.points, strict=True)
        for side in (lower, upper):
            axes.plot(sizes, side, color=colour, linestyle=style, linewidth=0.9)
    named = sum(one.beyond >= len(data.curves) for one in data.dots) <= FEW
    for one in data.dots:
        colour, marker, filled = LOOKS[_look(one.beyond, len(data.curves))]
        face = colour if filled else "white"
        axes.plot([one.size], [one.value], marker=marker, markersize=4.6, mfc=face, mec=colour, zorder=3)
        if named and one.beyond >= len(data.curves):
            axes.annotate(
                one.label, (one.size, one.value), (4, 4), textcoords="offset points", fontsize=SMALL - 1
            )
    middle = left + (page.width - left - 8) / 2
    page.text(middle, page.height - 8, data.size, Letters(SMALL, align="center"))
    return page


def _look(beyond: int, levels: int) -> int:
    return 0 if beyond == 0 else 2 if beyond >= levels else 1


def _keys(data: FunnelData) -> list[Artist]:
    keys: list[Artist] = [Line2D([], [], color=BLUE, linewidth=0.9, label="target")]
    for curve, (colour, style) in zip(data.curves, STYLES, strict=False):
        keys.append(
            Line2D([], [], color=colour, linestyle=style, linewidth=0.9, label=f"{curve.level} limits")
        )
    last = data.curves[-1].level if data.curves else ""
    keys.append(dot(f"beyond {last}", VERMILLION, marker="D"))
    return keys
