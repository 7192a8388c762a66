"""Areas drawn together, in order of their estimates, with the limits of their ranks beside them."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from precept_stats.report.area_figure_data import CaterpillarData, CaterpillarLine
from precept_stats.report.figures.axis import number_axis
from precept_stats.report.figures.legend import DASHES
from precept_stats.report.figures.page import (
    BLUE,
    BOLD,
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
GAP = 20.0


def draw_caterpillar(data: CaterpillarData, narrow: bool) -> Page:
    """Estimates left, ranks right; on a telephone one above the other."""
    labelled = len(data.lines) <= MANY
    row = 12.0 if labelled else 4.0
    across = NARROW if narrow else WIDE
    longest = max(width(line.label, SMALL) for line in data.lines)
    gutter = min(longest + 8, 0.3 * across) if labelled else 6.0
    ranked = all(line.rank is not None for line in data.lines)
    height = max(row * len(data.lines), 40.0)
    panels = 2 if ranked else 1
    wide = across - gutter - 8 if narrow or not ranked else (across - gutter - GAP - 8) / 2
    block = height + 52.0
    page = new_page(TAG_HEIGHT + 18 + block * (panels if narrow else 1), narrow)
    for panel in range(panels):
        top = TAG_HEIGHT + 18 + (block * panel if narrow else 0.0)
        left = gutter + (0.0 if narrow else (wide + GAP) * panel)
        axes = page.axes(left, top, wide, height)
        axes.set(ylim=(height, 0), yticks=[])
        page.text(left, top - 10, ("Estimate", "Rank")[panel], BOLD)
        _panel(axes, data, panel, row)
        words = (data.axis, data.ranks)[panel]
        for place, line in enumerate(wrapped(words, wide, SMALL)):
            centre = Letters(SMALL, align="center")
            page.text(left + wide / 2, top + height + 26 + 10.0 * place, line, centre)
        if labelled and (narrow or panel == 0):
            for place, each in enumerate(data.lines):
                letters = Letters(SMALL, align="right")
                label = squeezed(each.label, gutter - 6, SMALL)
                page.text(gutter - 5, top + (place + 0.5) * row, label, letters)
    return page


def _panel(axes: Axes, data: CaterpillarData, panel: int, row: float) -> None:
    triples = [_triple(line, panel) for line in data.lines]
    number_axis(axes, [end for one in triples for end in one], log=False)
    if panel == 1:
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.set_xlim(0.0, len(data.lines) + 1.0)
    axes.grid(axis="x", color="#e4e4e0", linewidth=0.6)
    axes.set_axisbelow(True)
    if panel == 0 and data.middle is not None:
        axes.axvline(data.middle, color=INK, linewidth=0.9, linestyle=DASHES, zorder=1)
    colour, small = (BLUE, VERMILLION)[panel], row < 6
    for place, (low, value, high) in enumerate(triples):
        y = (place + 0.5) * row
        axes.plot([low, high], [y, y], color=colour, linewidth=0.8 if small else 1.2, zorder=2)
        axes.plot([value], [y], marker="o", markersize=2.2 if small else 4.2, color=colour, zorder=3)


def _triple(line: CaterpillarLine, panel: int) -> tuple[float, float, float]:
    return line.estimate if panel == 0 or line.rank is None else line.rank
