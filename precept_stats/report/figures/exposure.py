"""The effect by time since the switch, with the average of these effects."""

from __future__ import annotations

from matplotlib.artist import Artist
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from precept_stats.report.figure_data import ExposureData
from precept_stats.report.figures.axis import number_axis
from precept_stats.report.figures.legend import DASHES, dashed, dot, legend, legend_height
from precept_stats.report.figures.page import (
    BLUE,
    FINE,
    GREY,
    INK,
    SMALL,
    TAG_HEIGHT,
    Letters,
    Page,
    new_page,
)
from precept_stats.report.lettering import wrapped

HEIGHT = {True: 170.0, False: 210.0}
BAND = "#e6e3da"


def draw_exposure(data: ExposureData, narrow: bool) -> Page:
    """A point with its interval each; the dashed line and its band are the average."""
    keys = _keys(data)
    title = wrapped(data.axis, 250.0 if narrow else 500.0, SMALL)
    head = TAG_HEIGHT + legend_height(keys, narrow=narrow) + 11.0 * len(title) + 6
    page = new_page(head + HEIGHT[narrow] + 34, narrow)
    legend(page, keys)
    for place, line in enumerate(title):
        page.text(1, head - 6 - 11.0 * (len(title) - place - 0.5), line, FINE)
    left = 34.0
    axes = page.axes(left, head, page.width - left - 6, HEIGHT[narrow])
    ends = [end for _, mark in data.points for end in mark.ends]
    ends += [data.null, *(data.average.ends if data.average else ())]
    number_axis(axes, ends, log=data.log, vertical=True)
    axes.set(xlim=(-0.5, len(data.points) - 0.5))
    axes.set_xticks(range(len(data.points)), [label for label, _ in data.points])
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y", color="#e4e4e0", linewidth=0.6)
    axes.set_axisbelow(True)
    if data.average is not None:
        axes.axhspan(*data.average.ends, color=BAND, linewidth=0, zorder=0)
        axes.axhline(data.average.value, color=INK, linewidth=0.9, linestyle=DASHES, zorder=1)
    axes.axhline(data.null, color=GREY, linewidth=0.9, zorder=1)
    for x, (_, mark) in enumerate(data.points):
        axes.plot([x, x], mark.ends, color=BLUE, linewidth=1.4, zorder=2)
        axes.plot([x], [mark.value], marker="o", markersize=5, color=BLUE, zorder=3)
    middle = left + (page.width - left - 6) / 2
    page.text(middle, page.height - 8, "Periods under the intervention", Letters(SMALL, align="center"))
    return page


def _keys(data: ExposureData) -> list[Artist]:
    keys: list[Artist] = [dot("effect", BLUE)]
    if data.average is not None:
        keys += [dashed("time average", INK), Patch(facecolor=BAND, edgecolor="none", label="its interval")]
    return [*keys, Line2D([], [], color=GREY, linewidth=0.9, label="no difference")]
