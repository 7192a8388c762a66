"""Means of clusters over the periods, by condition: the secular trend beside the effect."""

from __future__ import annotations

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from precept_stats.report.figure_data import PeriodsData
from precept_stats.report.figures.legend import dot, legend, legend_height
from precept_stats.report.figures.page import (
    BLUE,
    FINE,
    GREY,
    SMALL,
    TAG_HEIGHT,
    VERMILLION,
    Letters,
    Page,
    new_page,
)
from precept_stats.report.lettering import width, wrapped

HEIGHT = {True: 190.0, False: 240.0}
COLOURS = (VERMILLION, BLUE)
MARKERS = ("s", "o")
MANY = 30
"""Clusters above which the points are small and not joined."""
SHIFT = 0.09


def draw_periods(data: PeriodsData, narrow: bool) -> Page:
    """A point a cluster and period, hollow squares under control; thick lines are means of clusters."""
    keys = _keys(data)
    title = wrapped(data.axis, 250.0 if narrow else 500.0, SMALL)
    head = TAG_HEIGHT + legend_height(keys, narrow=narrow) + 11.0 * len(title) + 6
    left, right = 34.0, 6.0
    room = ((262.0 if narrow else 540.0) - left - right) / len(data.periods)
    turned = max(width(name, SMALL) for name in data.periods) > room - 2
    foot = max(width(name, SMALL) for name in data.periods) + 24 if turned else 32.0
    page = new_page(head + HEIGHT[narrow] + foot, narrow)
    legend(page, keys)
    for place, line in enumerate(title):
        page.text(1, head - 6 - 11.0 * (len(title) - place - 0.5), line, FINE)
    axes = page.axes(left, head, page.width - left - right, HEIGHT[narrow])
    axes.set(xlim=(-0.5, len(data.periods) - 0.5))
    axes.set_xticks(range(len(data.periods)), data.periods, rotation=90 if turned else 0)
    axes.tick_params(axis="x", length=0)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="y", color="#e4e4e0", linewidth=0.6)
    axes.set_axisbelow(True)
    middle = left + (page.width - left - right) / 2
    page.text(middle, page.height - 7, "Period", Letters(SMALL, align="center"))
    _tracks(axes, data)
    _means(axes, data)
    return page


def _tracks(axes: Axes, data: PeriodsData) -> None:
    many = len(data.tracks) > MANY
    for track in data.tracks:
        known = [(x, *point) for x, point in enumerate(track.points) if point is not None]
        places = [x + (SHIFT if treated else -SHIFT) for x, _, treated in known]
        if not many:
            axes.plot(places, [value for _, value, _ in known], color="#c4c4c0", linewidth=0.6, zorder=1)
        for place, (_, value, treated) in zip(places, known, strict=True):
            axes.plot(
                [place],
                [value],
                marker=MARKERS[treated],
                markersize=2.4 if many else 3.6,
                markerfacecolor=COLOURS[treated] if treated else "white",
                markeredgecolor=COLOURS[treated],
                markeredgewidth=0.5 if many else 0.8,
                zorder=2,
            )


def _means(axes: Axes, data: PeriodsData) -> None:
    for treated, means in enumerate(data.means):
        known = [(x, value) for x, value in enumerate(means) if value is not None]
        places = [x + (SHIFT if treated else -SHIFT) for x, _ in known]
        values = [value for _, value in known]
        if len(known) == 1:
            places, values = [places[0] - SHIFT, places[0] + SHIFT], values * 2
        style = "-" if treated else (0, (4, 2))
        axes.plot(places, values, color="white", linewidth=4.4, zorder=3)
        axes.plot(places, values, color=COLOURS[treated], linewidth=2.2, linestyle=style, zorder=4)


def _keys(data: PeriodsData) -> list[Artist]:
    control, intervention = data.conditions
    return [
        dot(control, VERMILLION, filled=False, marker="s"),
        dot(intervention, BLUE),
        Line2D([], [], color=GREY, linewidth=2.2, label="means of clusters (dashed, solid)"),
    ]
