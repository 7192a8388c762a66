"""The schedule of a stepped wedge: clusters by period, shaded by condition, and how many in each cell."""

from __future__ import annotations

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle

from precept_stats.report.figure_data import CellState, ScheduleCell, ScheduleData, ScheduleLine
from precept_stats.report.figures.legend import legend, legend_height
from precept_stats.report.figures.page import (
    BLUE,
    FINE,
    GREY,
    INK,
    NARROW,
    RULE,
    SMALL,
    TAG_HEIGHT,
    WIDE,
    Letters,
    Page,
    new_page,
)
from precept_stats.report.lettering import fitted, squeezed, width

MANY = 60
APART = 5.0
CONTROL, EMPTY = "#e9e6dc", "white"
FACES: dict[CellState, str] = {
    "control": CONTROL,
    "intervention": BLUE,
    "transition": EMPTY,
    "none": EMPTY,
}
LETTERS: dict[CellState, str] = {"control": INK, "intervention": "white"}
HATCH = "////"


def draw_schedule(data: ScheduleData, narrow: bool) -> Page:
    """Sequences one under the other; light is control, dark intervention, a cross no data."""
    lines = [line for sequence in data.sequences for line in sequence.lines]
    labelled = len(lines) <= MANY
    names = [line.label for line in lines] if labelled else [s.name for s in data.sequences]
    longest = max(width(name, SMALL) for name in (*names, "Period"))
    gutter = min(longest + 8, 0.3 * (NARROW if narrow else WIDE))
    cell = ((NARROW if narrow else WIDE) - gutter - 2) / len(data.periods)
    row = 14.0 if labelled else 6.0
    turned = max(width(name, SMALL) for name in data.periods) > cell - 2
    above = max(width(name, SMALL) for name in data.periods) + 6 if turned else 14.0
    keys = _keys(data)
    top = TAG_HEIGHT + legend_height(keys, narrow=narrow) + above
    height = row * len(lines) + APART * (len(data.sequences) - 1)
    page = new_page(top + height + 3, narrow)
    legend(page, keys)
    page.text(1, top - 7, "Period", FINE)
    for place, name in enumerate(data.periods):
        _period_name(page, name, (gutter + (place + 0.5) * cell, top), turned=turned)
    sheet = page.axes(gutter, top, cell * len(data.periods), height)
    sheet.set(xlim=(0, cell * len(data.periods)), ylim=(height, 0))
    sheet.axis("off")
    texts = all(width(one.text, SMALL) <= cell - 3 for line in lines for one in line.cells)
    y = 0.0
    for sequence in data.sequences:
        if not labelled:
            page.text(1, top + y + row * len(sequence.lines) / 2, fitted(sequence.name, gutter, SMALL), FINE)
        for line in sequence.lines:
            if labelled:
                page.text(1, top + y + row / 2, squeezed(line.label, gutter - 4, SMALL), FINE)
            _line(sheet, line, (y, cell, row), texts=texts and labelled)
            y += row
        y += APART
    return page


def _period_name(page: Page, name: str, at: tuple[float, float], *, turned: bool) -> None:
    x, top = at
    if not turned:
        page.text(x, top - 7, name, Letters(SMALL, align="center"))
        return
    page.canvas.text(
        x / page.width,
        1 - (top - 4) / page.height,
        name,
        rotation=90,
        va="bottom",
        ha="center",
        fontsize=SMALL,
    )


def _line(sheet: Axes, line: ScheduleLine, at: tuple[float, float, float], *, texts: bool) -> None:
    y, cell, row = at
    for place, one in enumerate(line.cells):
        _cell(sheet, one, (place * cell, y, cell, row), texts=texts)


def _cell(sheet: Axes, one: ScheduleCell, box: tuple[float, float, float, float], *, texts: bool) -> None:
    x, y, across, down = box
    gap = 0.6
    sheet.add_patch(
        Rectangle(
            (x + gap, y + gap),
            across - 2 * gap,
            down - 2 * gap,
            facecolor=FACES[one.state],
            edgecolor=RULE if FACES[one.state] == EMPTY else "none",
            linewidth=0.5,
            hatch=HATCH if one.state == "transition" else None,
        )
    )
    middle = (x + across / 2, y + down / 2)
    if one.state == "none":
        sheet.plot([middle[0]], [middle[1]], marker="x", color=GREY, markersize=4, markeredgewidth=0.8)
    elif texts and one.text and one.state in LETTERS:
        sheet.text(*middle, one.text, va="center", ha="center", fontsize=SMALL, color=LETTERS[one.state])


def _keys(data: ScheduleData) -> list[Artist]:
    control, intervention = data.conditions
    keys: list[Artist] = [
        Patch(facecolor=CONTROL, edgecolor=RULE, linewidth=0.5, label=control),
        Patch(facecolor=BLUE, edgecolor="none", label=intervention),
    ]
    states = {cell.state for s in data.sequences for line in s.lines for cell in line.cells}
    if "transition" in states:
        keys.append(Patch(facecolor=EMPTY, edgecolor=RULE, linewidth=0.5, hatch=HATCH, label="transition"))
    if "none" in states:
        keys.append(Patch(facecolor=EMPTY, edgecolor=RULE, linewidth=0.5, label="no data (crossed)"))
    return keys
