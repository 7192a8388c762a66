"""Outcome against cluster size, a mark a cluster, by arm."""

from __future__ import annotations

from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from precept_stats.report.figure_data import SizeData
from precept_stats.report.figures.axis import number_axis
from precept_stats.report.figures.legend import dot, legend, legend_height
from precept_stats.report.figures.page import (
    BLUE,
    FINE,
    SMALL,
    TAG_HEIGHT,
    VERMILLION,
    Letters,
    Page,
    new_page,
)
from precept_stats.report.lettering import wrapped

HEIGHT = {True: 170.0, False: 210.0}
LOOKS = ((BLUE, "o", True), (VERMILLION, "s", False))
"""Colour, marker and whether it is filled: of the compared arm, then of the reference arm."""
SIZES = tuple(step * 10.0**power for power in range(7) for step in (1, 2, 5))


def draw_size(data: SizeData, narrow: bool) -> Page:
    """Filled dots are the compared arm, hollow squares the reference arm."""
    looks = tuple(zip(data.arms, LOOKS, strict=True))
    keys = [dot(arm.name, colour, filled=filled, marker=marker) for arm, (colour, marker, filled) in looks]
    title = wrapped(data.outcome, 250.0 if narrow else 500.0, SMALL)
    head = TAG_HEIGHT + legend_height([*keys], narrow=narrow) + 11.0 * len(title) + 6
    page = new_page(head + HEIGHT[narrow] + 34, narrow)
    legend(page, [*keys])
    for place, line in enumerate(title):
        page.text(1, head - 6 - 11.0 * (len(title) - place - 0.5), line, FINE)
    left = 34.0
    axes = page.axes(left, head, page.width - left - 6, HEIGHT[narrow])
    points = [point for arm in data.arms for point in arm.points]
    number_axis(axes, [value for _, value in points], log=False, vertical=True)
    low, high = min(size for size, _ in points), max(size for size, _ in points)
    axes.set_xscale("log")
    axes.set_xlim(low / 1.1, high * 1.1)
    axes.xaxis.set_major_locator(FixedLocator([size for size in SIZES if low / 1.1 <= size <= high * 1.1]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda size, _: f"{size:g}"))
    axes.grid(axis="y", color="#e4e4e0", linewidth=0.6)
    axes.set_axisbelow(True)
    for arm, (colour, marker, filled) in looks:
        sizes, values = zip(*arm.points, strict=True)
        face = colour if filled else "white"
        axes.plot(sizes, values, linestyle="", marker=marker, markersize=5, mfc=face, mec=colour)
    middle = left + (page.width - left - 6) / 2
    page.text(middle, page.height - 8, data.size, Letters(SMALL, align="center"))
    return page
