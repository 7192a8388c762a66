"""What was observed beside what a model says of it, a line each: clusters, or statistics of an arm."""

from __future__ import annotations

from matplotlib.artist import Artist
from matplotlib.axes import Axes

from precept_stats.report.figure_data import ObservedData, ObservedLine
from precept_stats.report.figures.axis import Line, number_axis, whisker
from precept_stats.report.figures.legend import dot, legend, legend_height
from precept_stats.report.figures.page import (
    BLUE,
    INK,
    NARROW,
    SMALL,
    TAG_HEIGHT,
    VERMILLION,
    WIDE,
    Letters,
    Page,
    new_page,
)
from precept_stats.report.lettering import squeezed, width, wrapped

MANY = 60
SERIES = ((BLUE, "o"), (VERMILLION, "s"))
ALONE = (INK, "o")


def draw_observed(data: ObservedData, narrow: bool) -> Page:
    """The interval and its middle filled, the observed value an open diamond."""
    labelled = len(data.lines) <= MANY
    row, across = (12.0 if labelled else 5.0), (NARROW if narrow else WIDE)
    longest = max((width(line.label, SMALL) for line in data.lines), default=0.0)
    gutter = min(longest + 8, 0.42 * across) if labelled else 6.0
    keys, title = _keys(data), wrapped(data.axis, across - gutter - 8, SMALL)
    head = TAG_HEIGHT + legend_height(keys, narrow=narrow) + 4
    height = max(row * len(data.lines), 3 * row)
    page = new_page(head + height + 22 + 11.0 * len(title), narrow)
    legend(page, keys)
    axes = page.axes(gutter, head, across - gutter - 8, height)
    axes.set(ylim=(height, 0), yticks=[])
    number_axis(axes, _ends(data), log=False)
    axes.grid(axis="x", color="#e4e4e0", linewidth=0.6)
    axes.set_axisbelow(True)
    for place, line in enumerate(data.lines):
        y = (place + 0.5) * row
        _line(axes, line, y, small=not labelled)
        if labelled:
            words = squeezed(line.label, gutter - 6, SMALL)
            page.text(gutter - 5, head + y, words, Letters(SMALL, align="right"))
    for place, words in enumerate(title):
        middle = gutter + (across - gutter - 8) / 2
        page.text(middle, head + height + 27 + 11.0 * place, words, Letters(SMALL, align="center"))
    return page


def _ends(data: ObservedData) -> list[float]:
    ends = [end for line in data.lines for end in line.mark.ends]
    return ends + [line.observed for line in data.lines if line.observed is not None]


def _line(axes: Axes, line: ObservedLine, y: float, *, small: bool) -> None:
    colour, marker = ALONE if line.series is None else SERIES[line.series]
    whisker(axes, line.mark, y, Line(colour, 0.8 if small else 1.2))
    size = 2.4 if small else 3.8
    axes.plot([line.mark.value], [y], marker=marker, markersize=size, color=colour, zorder=3)
    if line.observed is not None:
        axes.plot(
            [line.observed],
            [y],
            marker="D",
            markersize=size + 0.6,
            markerfacecolor="white",
            markeredgecolor=INK,
            markeredgewidth=0.8,
            zorder=4,
        )


def _keys(data: ObservedData) -> list[Artist]:
    names = data.series or (data.modelled,)
    styles = SERIES if data.series else (ALONE,)
    keys: list[Artist] = [
        dot(name, colour, marker=marker) for name, (colour, marker) in zip(names, styles, strict=False)
    ]
    if any(line.observed is not None for line in data.lines):
        keys.append(dot(data.observed, INK, filled=False, marker="D"))
    return keys
