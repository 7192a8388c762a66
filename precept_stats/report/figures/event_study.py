"""An event study: the effect by time since each unit's own start, with intervals, and where the start is."""

from __future__ import annotations

from precept_stats.report.figures.axis import number_axis
from precept_stats.report.figures.page import (
    BLUE,
    GREY,
    NARROW,
    SMALL,
    TAG_HEIGHT,
    VERMILLION,
    WIDE,
    Letters,
    Page,
    new_page,
)
from precept_stats.report.lettering import fitted, width, wrapped
from precept_stats.report.series_figure_data import EventStudyData

LEFT, TALL = 40.0, {True: 170.0, False: 200.0}
HALF = 0.5


def draw_event_study(data: EventStudyData, narrow: bool) -> Page:
    """A point a time with its interval, hollow before the start; the time compared with stands at 0."""
    key = "" if data.reference is None else "; diamond: compared with"
    title = wrapped(
        f"{data.axis} (dashed: the start; hollow: before it{key})", NARROW - 6 if narrow else WIDE - 6, SMALL
    )
    head = TAG_HEIGHT + 5 + 11.0 * len(title)
    page = new_page(head + TALL[narrow] + 36, narrow)
    room = page.width - LEFT - 8
    axes = page.axes(LEFT, head, room, TALL[narrow])
    number_axis(
        axes, [0.0, *(end for *_, low, high in data.points for end in (low, high))], log=False, vertical=True
    )
    places = [at for at, *_ in data.points] + ([] if data.reference is None else [data.reference])
    axes.set_xlim(min(places) - 0.8, max(places) + 0.8)
    axes.axhline(0, color=GREY, linewidth=0.9, zorder=1)
    axes.axvline(data.start - HALF, color=VERMILLION, linewidth=1.2, linestyle=(0, (4, 2)), zorder=1)
    for at, _, value, low, high in data.points:
        face = BLUE if at >= data.start else "white"
        axes.plot([at, at], [low, high], color=BLUE, linewidth=1.2, zorder=2)
        axes.plot(
            [at], [value], marker="o", markersize=4.5, markerfacecolor=face, markeredgecolor=BLUE, zorder=3
        )
    if data.reference is not None:
        axes.plot([data.reference], [0], marker="D", markersize=4.5, color=GREY, linestyle="", zorder=3)
    names = {at: name for at, name, *_ in data.points}
    if data.reference is not None:
        names[data.reference] = f"{data.reference:g}"
    most = max(1, int(room / (max(width(_short(name), SMALL) for name in names.values()) + 8)))
    every = max(1, -(-len(names) // most))
    shown = sorted(at for at in names if (at - data.start) % every == 0)
    axes.set_xticks(shown, [_short(names[at]) for at in shown])
    axes.tick_params(axis="x", length=2)
    for row, line in enumerate(title):
        page.text(1, TAG_HEIGHT + 6 + 11.0 * row, line, Letters(SMALL))
    page.text(
        LEFT + room / 2, page.height - 7, fitted(data.clock, room, SMALL), Letters(SMALL, align="center")
    )
    return page


def _short(name: str) -> str:
    """The end of a window in few letters: 12+ or -12 and before."""
    return name.replace(" or later", "+").replace(" or earlier", "\u2212").replace("-", "\u2212", 1)
