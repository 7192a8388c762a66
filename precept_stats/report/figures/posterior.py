"""Prior and posterior of an effect on one axis, with no effect and the smallest worthwhile one marked."""

from __future__ import annotations

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from precept_stats.report.figure_data import DensityBar, PosteriorData, PosteriorPanel
from precept_stats.report.figures.axis import number_axis
from precept_stats.report.figures.legend import dashed, legend, legend_height
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
from precept_stats.report.lettering import wrapped

PALE_BLUE = "#b9d3e6"
GAP, FOOT, LINE = 18.0, 54.0, 12.0
HEIGHT = {True: 110.0, False: 128.0}


def draw_posterior(data: PosteriorData, narrow: bool) -> Page:
    """Two panels a line on a page, one on a telephone."""
    columns = 1 if narrow or len(data.panels) == 1 else 2
    keys = _keys(data)
    lines = [data.panels[at : at + columns] for at in range(0, len(data.panels), columns)]
    width = ((262.0 if narrow else 540.0) - 4 - GAP * (columns - 1)) / columns
    titles = [[wrapped(panel.title, width - 4, SIZE, bold=True) for panel in line] for line in lines]
    words = [max(len(panel.words) for panel in line) for line in lines]
    heads = [
        LINE * (max(len(t) for t in title) + more) + 6 for title, more in zip(titles, words, strict=True)
    ]
    top = TAG_HEIGHT + legend_height(keys, narrow=narrow) + 6
    page = new_page(top + sum(heads) + len(lines) * (HEIGHT[narrow] + FOOT), narrow)
    legend(page, keys)
    for line, names, head in zip(lines, titles, heads, strict=True):
        for place, (panel, name) in enumerate(zip(line, names, strict=True)):
            _panel(page, panel, name, (place * (width + GAP), top, width, head))
        top += head + HEIGHT[narrow] + FOOT
    return page


def _panel(
    page: Page, panel: PosteriorPanel, title: list[str], at: tuple[float, float, float, float]
) -> None:
    left, top, width, head = at
    for place, words in enumerate(title):
        page.text(left + 1, top + LINE * (place + 0.5), words, BOLD)
    for place, words in enumerate(panel.words, len(title)):
        page.text(left + 1, top + LINE * (place + 0.5), words, Letters(SIZE))
    height = HEIGHT[page.narrow]
    axes = page.axes(left + 4, top + head, width - 8, height)
    _densities(axes, panel)
    for place, words in enumerate(wrapped(panel.axis, width, SMALL)):
        across, down = left + width / 2, top + head + height + 27 + 10.0 * place
        page.text(across, down, words, Letters(SMALL, align="center"))


def _densities(axes: Axes, panel: PosteriorPanel) -> None:
    bars = (*panel.prior, *panel.posterior)
    number_axis(axes, [end for bar in bars for end in (bar.lower, bar.upper)], log=panel.log)
    for bar in panel.posterior:
        middle = (bar.lower * bar.upper) ** 0.5 if panel.log else (bar.lower + bar.upper) / 2
        benefit = (middle > panel.null) is panel.benefit_above
        axes.fill_between(
            [bar.lower, bar.upper], bar.percent, color=BLUE if benefit else PALE_BLUE, linewidth=0, zorder=2
        )
    across, up = _outline(panel.prior)
    axes.plot(across, up, color=INK, linewidth=1.0, zorder=3)
    axes.set_ylim(0, 1.08 * max((bar.percent for bar in bars), default=1.0))
    axes.yaxis.set_major_locator(NullLocator())
    axes.axvline(panel.null, color=INK, linewidth=1.0, zorder=4)
    for threshold in panel.thresholds:
        axes.axvline(threshold, color=VERMILLION, linewidth=0.9, linestyle=(0, (4, 3)), zorder=4)


def _outline(bars: tuple[DensityBar, ...]) -> tuple[list[float], list[float]]:
    """A line over the tops of bars."""
    across = [end for bar in bars for end in (bar.lower, bar.upper)]
    return across, [bar.percent for bar in bars for _ in "12"]


def _keys(data: PosteriorData) -> list[Artist]:
    keys: list[Artist] = [
        Patch(facecolor=BLUE, edgecolor="none", label="posterior: benefit"),
        Patch(facecolor=PALE_BLUE, edgecolor="none", label="posterior: harm"),
        Line2D([], [], color=INK, linewidth=1.0, label="prior"),
    ]
    if any(panel.thresholds for panel in data.panels):
        keys.append(dashed("smallest worthwhile", VERMILLION))
    return keys
