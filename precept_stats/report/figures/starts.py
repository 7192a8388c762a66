"""When units started, a strip a region: the area of a mark is how many units began in that period."""

from __future__ import annotations

from precept_stats.report.figures.page import BLUE, INK, SMALL, TAG_HEIGHT, Letters, Page, new_page
from precept_stats.report.lettering import fitted, width, wrapped
from precept_stats.report.series_figure_data import StartsData

ROW, LABELS = 15.0, {True: 70.0, False: 120.0}


def draw_starts(data: StartsData, narrow: bool) -> Page:
    """Regions from the earliest start to the latest; the number of units stands in its mark."""
    height = ROW * len(data.regions)
    page = new_page(TAG_HEIGHT + height + (52.0 if narrow else 40.0), narrow)
    left = LABELS[narrow]
    axes = page.axes(left, TAG_HEIGHT + 4, page.width - left - 12, height)
    places = [at for _, cells in data.regions for at, _ in cells]
    axes.set(xlim=(min(places) - 0.8, max(places) + 0.8), ylim=(len(data.regions) - 0.5, -0.5), yticks=[])
    room = (page.width - left - 12) / (max(places) - min(places) + 1.6)
    every = max(1, int((max(width(name, SMALL) for _, name in data.ticks) + 6) / room) + 1)
    ticks = data.ticks[::every]
    axes.set_xticks([at for at, _ in ticks], [name for _, name in ticks])
    axes.tick_params(axis="x", length=2)
    most = max(units for _, cells in data.regions for _, units in cells)
    for row, (region, cells) in enumerate(data.regions):
        axes.axhline(row, color="#e4e4e0", linewidth=0.6, zorder=0)
        words = fitted(region, left - 6, SMALL)
        page.text(1, TAG_HEIGHT + 4 + ROW * (row + 0.5), words, Letters(SMALL))
        for at, units in cells:
            area = 150.0 * units / most
            axes.scatter([at], [row], s=[max(area, 8.0)], color=BLUE, alpha=0.25, linewidths=0)
            axes.annotate(f"{units:g}", (at, row), ha="center", va="center", fontsize=SMALL - 1, color=INK)
    foot = f"Month in which {data.unit} started; the number is how many did"
    lines = wrapped(foot, page.width - left, SMALL)
    for place, words in enumerate(reversed(lines)):
        page.text(left, page.height - 7 - 10.0 * place, words, Letters(SMALL))
    return page
