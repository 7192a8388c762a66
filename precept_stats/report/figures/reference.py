"""The distribution of a test's statistic at no effect, with the observed one and what is as extreme."""

from __future__ import annotations

from statistics import median

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from precept_stats.report.figure_data import ReferenceData, ReferencePanel
from precept_stats.report.figures.axis import number_axis
from precept_stats.report.figures.legend import legend, legend_height
from precept_stats.report.figures.page import (
    BLUE,
    BOLD,
    INK,
    SIZE,
    SMALL,
    TAG_HEIGHT,
    VERMILLION,
    Letters,
    Page,
    new_page,
)
from precept_stats.report.lettering import fitted, wrapped

PALE_BLUE = "#b9d3e6"
LEFT, GAP, FOOT = 30.0, 18.0, 44.0
HEIGHT = {True: 110.0, False: 128.0}
NARROW_BAR = 0.6
"""A bar narrower than this part of the others is drawn as high as it is dense."""


def draw_reference(data: ReferenceData, narrow: bool) -> Page:
    """Two panels a line on a page, one on a telephone."""
    columns = 1 if narrow or len(data.panels) == 1 else 2
    keys = _keys()
    lines = [data.panels[at : at + columns] for at in range(0, len(data.panels), columns)]
    width = ((262.0 if narrow else 540.0) - 4 - GAP * (columns - 1)) / columns
    titles = [[wrapped(panel.title, width - 4, SIZE, bold=True) for panel in line] for line in lines]
    heads = [12.0 * max(len(title) for title in line) + 6 for line in titles]
    top = TAG_HEIGHT + legend_height(keys, narrow=narrow) + 6
    page = new_page(top + sum(heads) + len(lines) * (HEIGHT[narrow] + FOOT), narrow)
    legend(page, keys)
    for line, names, head in zip(lines, titles, heads, strict=True):
        for place, (panel, name) in enumerate(zip(line, names, strict=True)):
            _panel(page, panel, name, (place * (width + GAP), top, width, head))
        top += head + HEIGHT[narrow] + FOOT
    return page


def _panel(
    page: Page, panel: ReferencePanel, title: list[str], at: tuple[float, float, float, float]
) -> None:
    left, top, width, head = at
    for place, words in enumerate(title):
        page.text(left + 1, top + 12.0 * (place + 0.5), words, BOLD)
    height = HEIGHT[page.narrow]
    axes = page.axes(left + LEFT, top + head, width - LEFT - 4, height)
    _bars(axes, panel)
    middle = left + LEFT + (width - LEFT - 4) / 2
    words = fitted(panel.axis, width - LEFT, SMALL)
    page.text(middle, top + head + height + 27, words, Letters(SMALL, align="center"))


def _bars(axes: Axes, panel: ReferencePanel) -> None:
    number_axis(
        axes, [panel.observed, *(end for bar in panel.bars for end in (bar.lower, bar.upper))], log=False
    )
    low, high = axes.get_xlim()
    usual = median(bar.upper - bar.lower for bar in panel.bars) or (high - low) / 90
    highest = 0.0
    for bar in panel.bars:
        width = bar.upper - bar.lower
        tall = bar.percent * usual / width if 0 < width < NARROW_BAR * usual else bar.percent
        highest = max(highest, tall)
        axes.bar(
            (bar.lower + bar.upper) / 2,
            tall,
            width or usual,
            color=BLUE if bar.extreme else PALE_BLUE,
            edgecolor="white",
            linewidth=0.3,
            zorder=2,
        )
    axes.set_ylim(0, 1.12 * highest or 1.0)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    axes.grid(axis="y", color="#e4e4e0", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.axvline(panel.observed, color=VERMILLION, linewidth=1.4, zorder=3)
    axes.plot([panel.observed], [1.09 * highest], marker="v", markersize=6, color=VERMILLION, zorder=4)
    axes.axvline(0.0, color=INK, linewidth=0.6, zorder=1)


def _keys() -> list[Artist]:
    return [
        Line2D([], [], color=VERMILLION, linewidth=1.4, marker="v", markersize=5, label="observed"),
        Patch(facecolor=BLUE, edgecolor="none", label="at least as far from 0"),
        Patch(facecolor=PALE_BLUE, edgecolor="none", label="nearer to 0"),
    ]
