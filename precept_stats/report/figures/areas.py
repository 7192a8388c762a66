"""Areas over periods (equiplot), and the curve of cumulative shares (Lorenz, concentration)."""

from __future__ import annotations

from typing import Literal

from matplotlib.artist import Artist
from matplotlib.lines import Line2D
from matplotlib.ticker import MultipleLocator

from precept_stats.report.area_figure_data import EquiplotData, LorenzData
from precept_stats.report.figures.axis import number_axis
from precept_stats.report.figures.legend import DASHES, dashed, dot, legend, legend_height
from precept_stats.report.figures.page import (
    BLUE,
    GREY,
    INK,
    NARROW,
    RULE,
    SMALL,
    TAG_HEIGHT,
    VERMILLION,
    WIDE,
    Letters,
    Page,
    new_page,
)
from precept_stats.report.lettering import squeezed, width, wrapped

ROW = 26.0
LOOKS: tuple[tuple[str, Literal["solid", "dashed"]], ...] = (
    (GREY, "dashed"),
    (BLUE, "solid"),
    (VERMILLION, "solid"),
)


def draw_equiplot(data: EquiplotData, narrow: bool) -> Page:
    """A line a period from the lowest to the highest area, a dot each, the mean as a tick."""
    across = NARROW if narrow else WIDE
    keys: list[Artist] = [dot("an area", BLUE)]
    if any(line.mean is not None for line in data.lines):
        keys.append(Line2D([], [], color=INK, linestyle="", marker="|", markersize=9, label="mean of all"))
    gutter = min(max(width(line.label, SMALL) for line in data.lines) + 10, 0.4 * across)
    title = wrapped(data.axis, across - gutter - 8, SMALL)
    head = TAG_HEIGHT + legend_height(keys, narrow=narrow) + 4
    height = ROW * len(data.lines)
    page = new_page(head + height + 24 + 11.0 * len(title), narrow)
    legend(page, keys)
    axes = page.axes(gutter, head, across - gutter - 8, height)
    axes.set(ylim=(height, 0), yticks=[])
    number_axis(axes, [value for line in data.lines for value in line.values], log=False)
    axes.grid(axis="x", color="#e4e4e0", linewidth=0.6)
    axes.set_axisbelow(True)
    for place, line in enumerate(data.lines):
        y = (place + 0.5) * ROW
        axes.plot([min(line.values), max(line.values)], [y, y], color=RULE, linewidth=2.0, zorder=1)
        axes.plot(
            line.values, [y] * len(line.values), linestyle="", marker="o", markersize=5, color=BLUE,
            alpha=0.75 if len(line.values) < 20 else 0.35, markeredgewidth=0, zorder=2,
        )  # fmt: skip
        if line.mean is not None:
            axes.plot([line.mean], [y], marker="|", markersize=16, markeredgewidth=1.6, color=INK, zorder=3)
        words = squeezed(line.label, gutter - 6, SMALL)
        page.text(gutter - 6, head + y, words, Letters(SMALL, align="right"))
    for place, words in enumerate(title):
        middle = gutter + (across - gutter - 8) / 2
        page.text(middle, head + height + 28 + 11.0 * place, words, Letters(SMALL, align="center"))
    return page


def draw_lorenz(data: LorenzData, narrow: bool) -> Page:
    """Cumulative shares against each other; the diagonal is equality."""
    looks = LOOKS[-len(data.lines) :] if len(data.lines) < len(LOOKS) else LOOKS
    keys: list[Artist] = [dashed("equal shares", RULE)]
    keys += [
        Line2D([], [], color=colour, linestyle=style, linewidth=1.4, label=line.label)
        for line, (colour, style) in zip(data.lines, looks, strict=False)
    ]
    side = 200.0 if narrow else 240.0
    head = TAG_HEIGHT + legend_height(keys, narrow=narrow) + 16
    page = new_page(head + side + 36, narrow)
    legend(page, keys)
    page.text(1, head - 9, data.up, Letters(SMALL))
    left = 34.0
    axes = page.axes(left, head, side, side)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(0.25))
    axes.grid(color="#e4e4e0", linewidth=0.6)
    axes.plot([0, 1], [0, 1], color=RULE, linewidth=0.9, linestyle=DASHES)
    for line, (colour, style) in zip(data.lines, looks, strict=False):
        axes.plot(*zip(*line.points, strict=True), color=colour, linestyle=style, linewidth=1.4)
    page.text(left + side / 2, head + side + 28, data.across, Letters(SMALL, align="center"))
    return page
