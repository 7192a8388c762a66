"""The key of a figure: one line on a page, one entry a line on a telephone."""

from __future__ import annotations

from matplotlib.artist import Artist
from matplotlib.lines import Line2D

from precept_stats.report.figures.page import SMALL, TAG_HEIGHT, Page

DASHES = (0, (4, 3))
ENTRY = 12.0


def dot(label: str, colour: str, *, filled: bool = True, marker: str = "o") -> Line2D:
    """A marker with its word."""
    face = colour if filled else "white"
    return Line2D([], [], linestyle="", marker=marker, markersize=5, mfc=face, mec=colour, label=label)


def dashed(label: str, colour: str) -> Line2D:
    """A dashed line with its word."""
    return Line2D([], [], color=colour, linewidth=0.9, linestyle=DASHES, label=label)


def legend_height(keys: list[Artist], *, narrow: bool) -> float:
    """How many points a key takes."""
    return ENTRY * (len(keys) if narrow else min(len(keys), 1)) + 4


def legend(page: Page, keys: list[Artist], columns: int = 0) -> None:
    """The key at the top left of the page, below the place of the tag."""
    page.canvas.legend(
        handles=keys,
        loc="upper left",
        bbox_to_anchor=(0.0, 1 - TAG_HEIGHT / page.height),
        ncols=columns or (1 if page.narrow else max(len(keys), 1)),
        frameon=False,
        fontsize=SMALL,
        borderpad=0,
        handletextpad=0.3,
        columnspacing=1.2,
    )
