"""Values missing by column, a dot a column."""

from __future__ import annotations

from matplotlib.ticker import MaxNLocator

from precept_stats.report.figure_data import Bar, CompletenessData
from precept_stats.report.figures.page import (
    BLUE,
    BOLD,
    FINE,
    RULE,
    SMALL,
    TAG_HEIGHT,
    Letters,
    Page,
    new_page,
)
from precept_stats.report.lettering import wrapped


def draw_completeness(data: CompletenessData, narrow: bool) -> Page:
    """A dot a column of data, tables one under the other."""
    left, right = (118.0, 38.0) if narrow else (210.0, 38.0)
    bars: list[tuple[Bar, list[str]] | str] = []
    for table, members in data.groups:
        bars += [table, *((bar, wrapped(bar.label, left - 10, SMALL)) for bar in members)]
    row = 4 + 10.0 * max(len(bar[1]) for bar in bars if not isinstance(bar, str))
    page = new_page(TAG_HEIGHT + row * len(bars) + 44, narrow)
    axes = page.axes(left, TAG_HEIGHT + 4, page.width - left - right, row * len(bars))
    greatest = max(bar.percent for _, members in data.groups for bar in members)
    axes.set(xlim=(0, greatest * 1.04), ylim=(len(bars), 0), yticks=[])
    axes.xaxis.set_major_locator(MaxNLocator(4))
    for place_, bar in enumerate(bars):
        y = TAG_HEIGHT + 4 + (place_ + 0.5) * row
        if isinstance(bar, str):
            page.text(1, y, f"Table {bar}", BOLD)
            continue
        shown, label = bar
        for line, words in enumerate(label):
            page.text(left - 6, y + 10 * (line - (len(label) - 1) / 2), words, Letters(SMALL, align="right"))
        page.text(page.width - 2, y, shown.text, Letters(SMALL, align="right"))
        axes.plot([0, shown.percent], [place_ + 0.5] * 2, color=RULE, linewidth=1.2, clip_on=False)
        axes.plot([shown.percent], [place_ + 0.5], marker="o", color=BLUE, markersize=5, clip_on=False)
    page.text(left, page.height - 8, "Missing (per cent of rows)", FINE)
    return page
