"""Values with intervals in order of size: predicted clusters, or the effect without each cluster."""

from __future__ import annotations

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from precept_stats.report.figure_data import Mark, RankedData, RankedLine
from precept_stats.report.figures.axis import Line, number_axis, whisker
from precept_stats.report.figures.legend import DASHES, dashed, dot, legend, legend_height
from precept_stats.report.figures.page import (
    BLUE,
    GREY,
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
BAND = "#e6e3da"
SERIES = ((BLUE, "o", True), (VERMILLION, "s", False))
ALONE = (INK, "o", True)


def draw_ranked(data: RankedData, narrow: bool) -> Page:
    """A line each, the least at the top; series differ in colour and in their markers."""
    labelled = len(data.lines) <= MANY
    row = 12.0 if labelled else 5.0
    across = NARROW if narrow else WIDE
    longest = max((width(line.label, SMALL) for line in data.lines), default=0.0)
    gutter = min(longest + 8, 0.34 * across) if labelled else 6.0
    keys = _keys(data)
    title = wrapped(data.axis, across - gutter - 8, SMALL)
    head = TAG_HEIGHT + legend_height(keys, narrow=narrow) + 4
    height = max(row * len(data.lines), 3 * row)
    page = new_page(head + height + 22 + 11.0 * len(title), narrow)
    legend(page, keys)
    axes = page.axes(gutter, head, across - gutter - 8, height)
    axes.set(ylim=(height, 0), yticks=[])
    number_axis(axes, _ends(data), log=data.log)
    axes.grid(axis="x", color="#e4e4e0", linewidth=0.6)
    axes.set_axisbelow(True)
    _references(axes, data)
    for place, line in enumerate(data.lines):
        y = (place + 0.5) * row
        _whisker(axes, line, y, small=not labelled)
        if labelled:
            page.text(
                gutter - 5, head + y, squeezed(line.label, gutter - 6, SMALL), Letters(SMALL, align="right")
            )
    for place, words in enumerate(title):
        page.text(
            gutter + (across - gutter - 8) / 2,
            head + height + 27 + 11.0 * place,
            words,
            Letters(SMALL, align="center"),
        )
    return page


def _ends(data: RankedData) -> list[float]:
    ends = [end for line in data.lines for end in line.mark.ends]
    ends += [] if data.whole is None else data.whole.ends
    return ends + ([] if data.null is None else [data.null])


def _references(axes: Axes, data: RankedData) -> None:
    if data.whole is not None:
        if _has_band(data.whole):
            sides = zip(axes.get_xlim(), data.whole.ends, data.whole.no_end, strict=True)
            axes.axvspan(*(edge if open_ else end for edge, end, open_ in sides), color=BAND, lw=0, zorder=0)
        axes.axvline(data.whole.value, color=INK, linewidth=0.9, linestyle=DASHES, zorder=1)
    if data.null is not None:
        axes.axvline(data.null, color=GREY, linewidth=0.9, zorder=1)


def _has_band(mark: Mark) -> bool:
    """Whether a mark has an interval, though it may go on for ever."""
    return mark.lower is not None or mark.upper is not None or any(mark.no_end)


def _whisker(axes: Axes, line: RankedLine, y: float, *, small: bool) -> None:
    colour, marker, filled = ALONE if line.series is None else SERIES[line.series]
    whisker(axes, line.mark, y, Line(colour, 0.8 if small else 1.2))
    axes.plot(
        [line.mark.value],
        [y],
        marker=marker,
        markersize=2.6 if small else 4.4,
        markerfacecolor=colour if filled else "white",
        markeredgecolor=colour,
        markeredgewidth=0.9,
        zorder=3,
    )


def _keys(data: RankedData) -> list[Artist]:
    keys: list[Artist] = []
    for name, (colour, marker, filled) in zip(data.series, SERIES, strict=False):
        keys.append(dot(name, colour, filled=filled, marker=marker))
    if data.whole is not None:
        keys.append(dashed(data.whole_label, INK))
        if _has_band(data.whole):
            keys.append(Patch(facecolor=BAND, edgecolor="none", label="its interval"))
    if data.null is not None and data.null_label:
        keys.append(Line2D([], [], color=GREY, linewidth=0.9, label=data.null_label))
    return keys
