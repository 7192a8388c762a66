"""Series with interruptions, after Turner et al. (2021): points not joined, lines, counterfactual, marks.

Turner et al. (2021), BMC Med Res Methodol 21:134: every point that is used is shown and not joined, the
interruption and its transition are marked and labelled, and the counterfactual has a line of its own.
"""

from __future__ import annotations

import math

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from precept_stats.report.figures.legend import dot, legend, legend_height
from precept_stats.report.figures.page import (
    BLUE,
    FINE,
    GREY,
    INK,
    SMALL,
    TAG_HEIGHT,
    VERMILLION,
    Letters,
    Page,
    new_page,
)
from precept_stats.report.lettering import fitted, width, wrapped
from precept_stats.report.series_figure_data import (
    CurveStretch,
    InterruptionMark,
    SeriesData,
    SeriesPanel,
    SeriesPoint,
)

HEIGHT = {True: 200.0, False: 250.0}
SMALL_HEIGHT, FEW_HEIGHT = 76.0, 110.0
"""Of a panel among many, and among a row of them or fewer."""
COLUMNS = {True: 2, False: 3}
LEFT, RIGHT, GAP = 34.0, 8.0, 14.0
FILLED, PARTLY = "#7f7f7f", "#d4d4d0"
"""Faces of points in the model, and of those of which a part is left out."""
LARGEST = {True: 42.0, False: 60.0}
"""The area of the largest point, in square points, among many panels and alone."""


def draw_series(data: SeriesData, narrow: bool) -> Page:
    """One panel over the whole width, or small multiples on the same scales."""
    keys = _keys(data)
    title = wrapped(data.axis, 250.0 if narrow else 500.0, SMALL)
    across = COLUMNS[narrow] if data.many else 1
    down = math.ceil(len(data.panels) / across)
    many = SMALL_HEIGHT if down > 1 else FEW_HEIGHT
    tall = many if data.many else HEIGHT[narrow]
    marked = 0.0 if data.many else 12.0 * _rows_of_marks(data.panels[0])
    head = TAG_HEIGHT + _key_height(keys, narrow) + 11.0 * len(title) + 8 + marked
    step = tall + (30.0 if data.many else 0.0)
    page = new_page(head + (14.0 if data.many else 0.0) + step * (down - 1) + tall + 34.0, narrow)
    legend(page, keys, 1 if narrow else 3)
    for place, line in enumerate(title):
        page.text(1, head - marked - 8 - 11.0 * (len(title) - place - 0.5), line, FINE)
    wide = (page.width - LEFT - RIGHT - GAP * (across - 1)) / across
    for number, panel in enumerate(data.panels):
        left = LEFT + (number % across) * (wide + GAP)
        top = head + (14.0 if data.many else 0.0) + step * (number // across)
        if data.many:
            page.text(left, top - 8, fitted(panel.title, wide, SMALL), Letters(SMALL, bold=True))
        axes = page.axes(left, top, wide, tall)
        _scales(axes, data, first=number % across == 0, room=wide)
        _panel(axes, panel, LARGEST[data.many])
        if not data.many:
            _words(page, panel, (left, top, wide))
    middle = LEFT + (page.width - LEFT - RIGHT) / 2
    page.text(middle, page.height - 7, data.clock, Letters(SMALL, align="center"))
    return page


def _key_height(keys: list[Artist], narrow: bool) -> float:
    return legend_height(keys, narrow=narrow) if narrow else 12.0 * math.ceil(len(keys) / 3) + 4


def _scales(axes: Axes, data: SeriesData, *, first: bool, room: float) -> None:
    """The same limits in every panel."""
    values = [value for panel in data.panels for value in _values(panel)]
    low, high = _banded(data.panels, min(values), max(values))
    stretch = 0.05 * (high - low) or 1.0
    low, high = low - stretch, high + stretch
    if data.bounds is not None:
        low, high = max(low, data.bounds[0] - stretch / 2), min(high, data.bounds[1] + stretch / 2)
    places = [point.at for panel in data.panels for point in panel.points]
    axes.set(xlim=(min(places) - 1.0, max(places) + 1.0), ylim=(low, high))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.grid(axis="y", color="#e4e4e0", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", labelleft=first)
    axes.tick_params(axis="x", length=2)
    ticks = _thinned(data.ticks, room)
    axes.set_xticks([at for at, _ in ticks], [name for _, name in ticks])


def _thinned(ticks: tuple[tuple[float, str], ...], room: float) -> tuple[tuple[float, str], ...]:
    """As many names as there is room for, evenly."""
    if not ticks:
        return ()
    needed = sum(width(name, SMALL) + 10 for _, name in ticks)
    every = max(1, math.ceil(needed / room))
    return ticks[::every]


def _values(panel: SeriesPanel) -> list[float]:
    lines = (*panel.fitted, *panel.counterfactual)
    return [point.value for point in panel.points] + [value for line in lines for value in line.value]


def _banded(panels: tuple[SeriesPanel, ...], low: float, high: float) -> tuple[float, float]:
    """Limits with the bands in them, if they are no more than as wide again on a side."""
    bands = [line for panel in panels for line in (*panel.fitted, *panel.counterfactual)]
    ends = [value for line in bands for value in (*line.lower, *line.upper)]
    room = high - low
    return max(min([low, *ends]), low - room), min(max([high, *ends]), high + room)


def _panel(axes: Axes, panel: SeriesPanel, largest: float) -> None:
    for mark in panel.marks:
        if mark.transition is not None:
            axes.axvspan(*mark.transition, color="#ececdf", linewidth=0, zorder=0)
        axes.axvline(mark.at, color=INK, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
    for line in panel.counterfactual:
        if line.lower:
            axes.fill_between(line.at, line.lower, line.upper, color=VERMILLION, alpha=0.16, linewidth=0)
        axes.plot(line.at, line.value, color=VERMILLION, linewidth=1.6, linestyle=(0, (4, 2)), zorder=4)
    for face, inside in ((FILLED, _whole), (PARTLY, _in_part), ("white", _left_out)):
        _points(axes, [point for point in panel.points if inside(point)], largest, face)
    for line in panel.fitted:
        if line.lower:
            axes.fill_between(line.at, line.lower, line.upper, color=BLUE, alpha=0.14, linewidth=0)
        axes.plot(line.at, line.value, color=BLUE, linewidth=1.8, zorder=4)


def _whole(point: SeriesPoint) -> bool:
    return point.used and not point.partly


def _in_part(point: SeriesPoint) -> bool:
    return point.used and point.partly


def _left_out(point: SeriesPoint) -> bool:
    return not point.used


def _points(axes: Axes, points: list[SeriesPoint], largest: float, face: str) -> None:
    axes.scatter(
        [point.at for point in points],
        [point.value for point in points],
        s=[max(largest * point.share, 2.0) for point in points],
        facecolors=face,
        edgecolors=GREY if face == "white" else INK,
        linewidths=0.7 if face == "white" else 0.4,
        clip_on=False,
        zorder=3,
    )


def _rows_of_marks(panel: SeriesPanel) -> int:
    return len(panel.marks)


def _words(page: Page, panel: SeriesPanel, at: tuple[float, float, float]) -> None:
    """The words of each interruption above the plot, its transition with it."""
    left, top, wide = at
    places = [point.at for point in panel.points]
    low, high = min(places) - 1.0, max(places) + 1.0
    for row, mark in enumerate(panel.marks):
        x = left + (mark.at - low) / (high - low) * wide
        text = fitted(_mark_words(mark), page.width - 4, SMALL)
        room = width(text, SMALL)
        begin = x + 2 if x + 2 + room <= page.width - 2 else x - 2 - room
        begin = begin if begin >= 2 else max(2.0, min(x + 2, page.width - 2 - room))
        page.text(begin, top - 7 - 12.0 * (len(panel.marks) - 1 - row), text, Letters(SMALL, colour=INK))


def _mark_words(mark: InterruptionMark) -> str:
    return f"{mark.label} (shaded: transition)" if mark.transition is not None else mark.label


def _keys(data: SeriesData) -> list[Artist]:
    points = [point for panel in data.panels for point in panel.points]
    sized = len({point.share for point in points}) > 1
    words = "observed, area by denominator" if sized else "observed"
    keys: list[Artist] = [dot(words, FILLED)]
    if any(_in_part(point) for point in points):
        keys.append(dot("partly left out of the model", PARTLY))
    if any(not point.used for point in points):
        keys.append(dot("left out of the model", GREY, filled=False))
    lines: list[CurveStretch] = [line for panel in data.panels for line in panel.fitted]
    if lines:
        keys.append(Line2D([], [], color=BLUE, linewidth=1.8, label="fitted"))
    if any(panel.counterfactual for panel in data.panels):
        style = (0, (4, 2))
        keys.append(Line2D([], [], color=VERMILLION, linewidth=1.6, linestyle=style, label="counterfactual"))
        if any(line.lower for panel in data.panels for line in panel.counterfactual):
            keys.append(Patch(color=VERMILLION, alpha=0.16, label="its interval"))
    return keys
