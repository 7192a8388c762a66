"""Clusters before and after, by arm, in order of their outcome."""

from __future__ import annotations

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from precept_stats.report.figure_data import ClusterArm, ClustersData, Mark
from precept_stats.report.figures.legend import dashed, dot, legend
from precept_stats.report.figures.page import (
    BLUE,
    BOLD,
    GREY,
    INK,
    SMALL,
    TAG_HEIGHT,
    VERMILLION,
    Letters,
    Page,
    new_page,
)

MANY = 60


def draw_clusters(data: ClustersData, narrow: bool) -> Page:
    """Arms side by side, or one under the other on a telephone; hollow before, filled after."""
    longest = max(len(arm.lines) for arm in data.arms)
    row = 6.0 if longest > MANY else 15.0 if data.has_before else 12.0
    head, foot = TAG_HEIGHT + 24, 38.0
    heights = [max(row * len(arm.lines), 3 * row) for arm in data.arms]
    between = 22.0
    body = sum(heights) + (foot + between) * len(heights) if narrow else max(heights) + foot + between
    page = new_page(head + body, narrow)
    gutter = _gutter(data, labels=longest <= MANY)
    columns = 1 if narrow else len(data.arms)
    width = (page.width - gutter * columns - 14 * (columns - 1) - 4) / columns
    limits = _limits(data)
    top, left = head + between, gutter
    for arm, height, colour in zip(data.arms, heights, (BLUE, VERMILLION), strict=False):
        page.text(left, top - 12, arm.name, BOLD)
        axes = page.axes(left, top, width, height)
        axes.set(xlim=limits, ylim=(height / row, 0))
        _caterpillar(axes, arm, colour, labels=longest <= MANY)
        page.text(left + width / 2, top + height + 28, data.axis, Letters(SMALL, align="center"))
        top, left = (top + height + foot + between, left) if narrow else (top, left + width + gutter + 14)
    _legend(page, data)
    return page


def _gutter(data: ClustersData, *, labels: bool) -> float:
    longest = max((len(line.label) for arm in data.arms for line in arm.lines), default=0)
    return min(80.0, 8 + 5.0 * longest) if labels else 8.0


def _limits(data: ClustersData) -> tuple[float, float]:
    marks = [mark for arm in data.arms for line in arm.lines for mark in (line.before, line.after) if mark]
    low, high = min(mark.ends[0] for mark in marks), max(mark.ends[1] for mark in marks)
    stretch = 0.04 * (high - low) or 1.0
    low, high = low - stretch, high + stretch
    if data.bounds is None:
        return low, high
    return max(low, data.bounds[0] - 1.5), min(high, data.bounds[1] + 1.5)


def _caterpillar(axes: Axes, arm: ClusterArm, colour: str, *, labels: bool) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(axis="x", color="#e4e4e0", linewidth=0.6)
    axes.set_axisbelow(True)
    if arm.mean is not None:
        axes.axvline(arm.mean, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    for place_, line in enumerate(arm.lines):
        shift = 0.17 if line.before and line.after else 0.0
        _whisker(axes, line.before, place_ + 0.5 - shift, GREY, filled=False)
        _whisker(axes, line.after, place_ + 0.5 + shift, colour, filled=True)
    axes.set_yticks(
        [place_ + 0.5 for place_ in range(len(arm.lines))] if labels else [],
        [line.label for line in arm.lines] if labels else [],
    )


def _whisker(axes: Axes, mark: Mark | None, y: float, colour: str, *, filled: bool) -> None:
    if mark is None:
        return
    if mark.lower is not None and mark.upper is not None:
        axes.plot([mark.lower, mark.upper], [y, y], color=colour, linewidth=1.3 if filled else 0.8)
    axes.plot(
        [mark.value],
        [y],
        marker="o",
        markersize=4.2,
        color=colour,
        markerfacecolor=colour if filled else "white",
        markeredgewidth=0.9,
    )


def _legend(page: Page, data: ClustersData) -> None:
    keys: list[Artist] = [dot("before", GREY, filled=False)] if data.has_before else []
    keys.append(dot("follow-up", INK))
    if any(arm.mean is not None for arm in data.arms):
        keys.append(dashed("arm, as estimated", INK))
    legend(page, keys, columns=3)
