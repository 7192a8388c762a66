"""A map of tiles: every region as large as any other, about where it is."""

from __future__ import annotations

from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from precept_stats.report.area_figure_data import TilesData
from precept_stats.report.figures.page import (
    FINE,
    INK,
    SMALL,
    TAG_HEIGHT,
    Letters,
    Page,
    new_page,
)
from precept_stats.report.lettering import wrapped

SIDE = {True: 76.0, False: 96.0}
SCALE = LinearSegmentedColormap.from_list("tiles", ["#f3f7fb", "#9ec4e0", "#2f7fb8", "#08457e"])
UNKNOWN = "#e9e9e6"
DARK = 0.55


def draw_tiles(data: TilesData, narrow: bool) -> Page:
    """A square a region with its name and its number; the darker the higher."""
    side = SIDE[narrow]
    columns = 1 + max(tile.column for tile in data.tiles)
    rows = 1 + max(tile.row for tile in data.tiles)
    title = wrapped(data.axis, 250.0 if narrow else 500.0, SMALL)
    head = TAG_HEIGHT + 11.0 * len(title) + 6
    page = new_page(head + side * rows + 40, narrow)
    for place, line in enumerate(title):
        page.text(1, TAG_HEIGHT + 11.0 * (place + 0.5), line, FINE)
    axes = page.axes(0.0, head, side * columns, side * rows)
    axes.set(xlim=(0, columns), ylim=(rows, 0), xticks=[], yticks=[], frame_on=False)
    for tile in data.tiles:
        colour = UNKNOWN if tile.strength is None else SCALE(tile.strength)
        axes.add_patch(Rectangle((tile.column + 0.02, tile.row + 0.02), 0.96, 0.96, facecolor=colour, lw=0))
        letters = "white" if tile.strength is not None and tile.strength > DARK else INK
        middle, top = side * (tile.column + 0.5), head + side * (tile.row + 0.5)
        lines = wrapped(tile.label, side - 12, SMALL)
        start = top - 6.0 * len(lines)
        for place, words in enumerate(lines):
            page.text(middle, start + 10.0 * place, words, Letters(SMALL, colour=letters, align="center"))
        number = Letters(SMALL + 2, bold=True, colour=letters, align="center")
        page.text(middle, start + 10.0 * len(lines) + 4, tile.text, number)
    _scale(page, data, head + side * rows + 14)
    return page


def _scale(page: Page, data: TilesData, top: float) -> None:
    steps, across = 40, 140.0
    axes = page.axes(0.0, top, across, 8.0)
    axes.set(xlim=(0, steps), ylim=(0, 1), xticks=[], yticks=[], frame_on=False)
    for step in range(steps):
        axes.add_patch(Rectangle((step, 0), 1.02, 1, facecolor=SCALE((step + 0.5) / steps), lw=0))
    page.text(1, top + 18, data.ends[0], FINE)
    page.text(across, top + 18, data.ends[1], Letters(SMALL, align="right"))
