"""The forest plot: analyses of one measure on one axis, a panel a measure and outcome."""

from __future__ import annotations

from matplotlib.axes import Axes

from precept_stats.report.figure_data import ForestData, ForestLine, ForestPanel, Mark
from precept_stats.report.figures.axis import Line, number_axis, whisker
from precept_stats.report.figures.page import (
    BLUE,
    BOLD,
    GREY,
    INK,
    LINE,
    NARROW,
    SIZE,
    SMALL,
    TAG_HEIGHT,
    VERMILLION,
    WIDE,
    Letters,
    Page,
    new_page,
)
from precept_stats.report.lettering import fitted, wrapped

LABELS, PLOT = 186.0, 196.0


def draw_forest(data: ForestData, narrow: bool) -> Page:
    """Panels one under the other; the primary analysis is a filled diamond."""
    width = NARROW if narrow else WIDE
    titles = [wrapped(panel.title, width - 4, SIZE, bold=True) for panel in data.panels]
    rows = [_row_height(panel, narrow) for panel in data.panels]
    heights = [
        len(title) * LINE + 8 + row * len(panel.lines) + 50
        for title, row, panel in zip(titles, rows, data.panels, strict=True)
    ]
    page = new_page(TAG_HEIGHT + sum(heights), narrow)
    top = TAG_HEIGHT
    for panel, title, row, height in zip(data.panels, titles, rows, heights, strict=True):
        _panel(page, panel, title, (top, row))
        top += height
    return page


def _label_lines(line: ForestLine, narrow: bool) -> list[str]:
    return wrapped(line.label, NARROW - 4 if narrow else LABELS, SIZE, bold=line.primary)


def _row_height(panel: ForestPanel, narrow: bool) -> float:
    lines = max(len(_label_lines(line, narrow)) for line in panel.lines)
    return 11.0 * lines + (30.0 if narrow else 8.0)


def _panel(page: Page, panel: ForestPanel, title: list[str], at: tuple[float, float]) -> None:
    top, row = at
    for place_, line in enumerate(title):
        page.text(1, top + (place_ + 0.5) * LINE, line, BOLD)
    top += len(title) * LINE + 8
    height = row * len(panel.lines)
    left, width = (4.0, page.width - 8) if page.narrow else (LABELS + 8, PLOT)
    axes = page.axes(left, top, width, height)
    axes.set(ylim=(height, 0), yticks=[])
    for start, end in _null_runs(panel, row, page.narrow):
        axes.plot([panel.null] * 2, [start, end], color=GREY, linewidth=0.8, zorder=0)
    ends = [end for line in panel.lines if line.mark for end in line.mark.ends]
    ends += [line.truth for line in panel.lines if line.truth is not None]
    number_axis(axes, [panel.null, *ends], log=panel.log)
    for place_, entry in enumerate(panel.lines):
        _entry(page, axes, entry, (top, place_ * row, row))
    below, above = (f"\u2190 {panel.below}", f"{panel.above} \u2192")
    page.text(left, top + height + 32, below, Letters(SMALL, colour=GREY))
    page.text(left + width, top + height + 32, above, Letters(SMALL, colour=GREY, align="right"))


def _null_runs(panel: ForestPanel, row: float, narrow: bool) -> list[tuple[float, float]]:
    """Where the line of no difference runs: all the way, or between words that stand over the plot."""
    if not narrow:
        return [(0.0, row * len(panel.lines))]
    return [(at * row - 15.5, at * row - 1.5) for at, line in enumerate(panel.lines, 1) if line.mark]


def _entry(page: Page, axes: Axes, line: ForestLine, at: tuple[float, float, float]) -> None:
    panel_top, y, row = at
    label = _label_lines(line, page.narrow)
    first = panel_top + y + (7.0 if page.narrow else (row - 11.0 * (len(label) - 1)) / 2)
    for place_, text in enumerate(label):
        page.text(1, first + 11.0 * place_, text, Letters(bold=line.primary))
    if page.narrow:
        letters = Letters(SMALL, bold=line.primary)
        under = first + 11.0 * len(label)
        page.text(1, under, fitted(line.text, page.width - 4, SIZE, bold=line.primary), letters)
    else:
        left = LABELS + PLOT + 16 if line.mark else LABELS + 12
        text = fitted(line.text, page.width - left, SIZE, bold=line.primary)
        page.text(left, panel_top + y + row / 2, text, Letters(SMALL + 0.4, line.primary, paper=True))
    if line.truth is not None:
        level = y + (row - 9 if page.narrow else row / 2)
        axes.scatter([line.truth], [level], marker="x", s=36, linewidths=1.6, color=VERMILLION, zorder=5)
    if line.mark:
        _estimate(axes, line.mark, y + (row - 9 if page.narrow else row / 2), primary=line.primary)


def _estimate(axes: Axes, mark: Mark, y: float, *, primary: bool) -> None:
    whisker(axes, mark, y, Line(INK, 2.0 if primary else 1.2))
    axes.plot(
        [mark.value],
        [y],
        marker="D" if primary else "s",
        markersize=7 if primary else 4.5,
        color=BLUE if primary else INK,
        markeredgecolor=INK,
        markeredgewidth=0.8,
    )
