"""The axis of numbers: a little room at both ends, and whole ratios where it is logarithmic."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, ScalarFormatter

from precept_stats.report.figure_data import Mark


@dataclass(frozen=True, slots=True)
class Line:
    """How an interval is drawn."""

    colour: str
    width: float
    order: float = 2.0


RATIO_TICKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)


def number_axis(axes: Axes, ends: list[float], *, log: bool, vertical: bool = False) -> None:
    """Limits, ticks and scale that show every one of ``ends``."""
    low, high = min(ends), max(ends)
    axis = axes.yaxis if vertical else axes.xaxis
    if log:
        (axes.set_yscale if vertical else axes.set_xscale)("log")
        stretch = (high / low) ** 0.06 if high > low else 1.1
        low, high = low / stretch, high * stretch
        wide = high / low > 8
        ticks = RATIO_TICKS if wide else tuple(MaxNLocator(5).tick_values(low, high))
        axis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(ScalarFormatter())
    else:
        stretch = 0.06 * (high - low) or 1.0
        low, high = low - stretch, high + stretch
        axis.set_major_locator(MaxNLocator(5))
    (axes.set_ylim if vertical else axes.set_xlim)(low, high)


def whisker(axes: Axes, mark: Mark, at: float, line: Line) -> None:
    """The interval of a mark along a horizontal axis whose limits stand; an arrow where it has no end."""
    sides = tuple(zip(axes.get_xlim(), mark.ends, mark.no_end, strict=True))
    ends = [edge if without_end else end for edge, end, without_end in sides]
    axes.plot(ends, [at, at], color=line.colour, linewidth=line.width, zorder=line.order)
    for (edge, _, without_end), arrow in zip(sides, ("<", ">"), strict=True):
        if without_end:
            axes.plot(
                [edge],
                [at],
                marker=arrow,
                markersize=4 + line.width,
                color=line.colour,
                clip_on=False,
                zorder=line.order,
            )
