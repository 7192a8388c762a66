"""Estimates over a grid of shifts of imputed outcomes, with a line where the conclusion changes."""

from __future__ import annotations

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from precept_stats.report.figure_data import TippingCell, TippingData
from precept_stats.report.figures.legend import legend, legend_height
from precept_stats.report.figures.page import (
    BLUE,
    FINE,
    INK,
    PALE,
    RULE,
    SMALL,
    TAG_HEIGHT,
    VERMILLION,
    Letters,
    Page,
    new_page,
)
from precept_stats.report.lettering import width, wrapped

COLOURS = {"above": BLUE, "below": VERMILLION}
FAINTEST, STRONGEST = 0.18, 0.55
"""How much of its colour a cell whose interval holds an effect has, near no effect and far from it."""
ROW, LEFT = 22.0, 46.0


def draw_tipping(data: TippingData, narrow: bool) -> Page:
    """Shaded where the interval leaves out no effect, the more the farther; a line around these cells."""
    keys = _keys(data)
    room = 250.0 if narrow else 500.0
    heads = [*wrapped(f"Across: {data.across}", room, SMALL), *wrapped(f"Down: {data.down}", room, SMALL)]
    top = TAG_HEIGHT + legend_height(keys, narrow=narrow) + 11.0 * len(heads) + 18.0
    page = new_page(top + ROW * len(data.rows) + 4, narrow)
    legend(page, keys)
    for place, words in enumerate(heads):
        page.text(1, top - 18.0 - 11.0 * (len(heads) - place - 0.5), words, FINE)
    cell = (page.width - LEFT - 2) / len(data.columns)
    for place, name in enumerate(data.columns):
        page.text(LEFT + (place + 0.5) * cell, top - 7, name, Letters(SMALL, align="center"))
    sheet = page.axes(LEFT, top, cell * len(data.columns), ROW * len(data.rows))
    sheet.set(xlim=(0, len(data.columns)), ylim=(len(data.rows), 0))
    sheet.axis("off")
    texts = all(width(one.text, SMALL) <= cell - 3 for line in data.cells for one in line)
    for row, line in enumerate(data.cells):
        page.text(LEFT - 5, top + ROW * (row + 0.5), data.rows[row], Letters(SMALL, align="right"))
        for column, one in enumerate(line):
            _cell(sheet, one, (column, row), texts=texts)
    _contour(sheet, data)
    return page


def _cell(sheet: Axes, one: TippingCell, at: tuple[int, int], *, texts: bool) -> None:
    face = PALE if one.side == "none" else _mixed(COLOURS[one.side], one.strength)
    sheet.add_patch(Rectangle(at, 1, 1, facecolor=face, edgecolor="white", linewidth=0.8))
    if texts:
        x, y = at
        sheet.text(x + 0.5, y + 0.5, one.text, va="center", ha="center", fontsize=SMALL, color=INK)


def _mixed(colour: str, strength: float) -> tuple[float, float, float]:
    share = FAINTEST + (STRONGEST - FAINTEST) * strength
    red, green, blue = (1.0 - share + share * part for part in to_rgb(colour))
    return red, green, blue


def _contour(sheet: Axes, data: TippingData) -> None:
    """A line between neighbours whose intervals lie otherwise to no effect."""
    for row, line in enumerate(data.cells):
        for column, one in enumerate(line):
            if column + 1 < len(line) and line[column + 1].side != one.side:
                sheet.plot([column + 1] * 2, [row, row + 1], color=INK, linewidth=1.6, clip_on=False)
            if row + 1 < len(data.cells) and data.cells[row + 1][column].side != one.side:
                sheet.plot([column, column + 1], [row + 1] * 2, color=INK, linewidth=1.6, clip_on=False)


def _keys(data: TippingData) -> list[Artist]:
    sides = {one.side for line in data.cells for one in line}
    keys: list[Artist] = []
    for side, colour in COLOURS.items():
        if side in sides:
            keys.append(Patch(facecolor=_mixed(colour, 0.6), label=f"interval {side} no effect"))
    if "none" in sides:
        keys.append(Patch(facecolor=PALE, edgecolor=RULE, linewidth=0.5, label="interval holds no effect"))
    if len(sides) > 1:
        keys.append(Line2D([], [], color=INK, linewidth=1.6, label="the conclusion changes"))
    return keys
