"""The sheet that every figure is drawn on: its sizes, its colours, its lettering."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas

INK, GREY, PALE, RULE = "#1a1a1a", "#5c5c5c", "#f1f1ee", "#b8b8b8"
BLUE, VERMILLION = "#0072B2", "#D55E00"
POINT = 72.0
WIDE, NARROW = 540.0, 262.0
TAG_HEIGHT, LINE = 16.0, 12.0
SIZE, SMALL = 9.0, 8.0
STYLE = {
    "svg.hashsalt": "precept_stats",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": SIZE,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.unicode_minus": True,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "xtick.labelsize": SMALL,
    "ytick.left": False,
    "ytick.labelsize": SMALL,
    "lines.solid_capstyle": "butt",
}


@dataclass(frozen=True, slots=True)
class Letters:
    """How words are set. ``paper`` puts white behind them."""

    size: float = SIZE
    bold: bool = False
    colour: str = INK
    align: Literal["left", "center", "right"] = "left"
    paper: bool = False


PLAIN, BOLD, FINE = Letters(), Letters(bold=True), Letters(size=SMALL)


@dataclass(frozen=True, slots=True)
class Page:
    """A sheet measured in points from its top left corner; ``top`` is left free for the tag."""

    canvas: Canvas
    width: float
    height: float
    narrow: bool

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        bottom = (self.height - top - height) / self.height
        return self.canvas.add_axes(
            (left / self.width, bottom, width / self.width, height / self.height), facecolor="none"
        )

    def text(self, x: float, y: float, text: str, letters: Letters = PLAIN) -> None:
        """One line of words, its middle ``y`` points from the top."""
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 1.5} if letters.paper else None
        self.canvas.text(
            x / self.width,
            1 - y / self.height,
            text,
            va="center",
            ha=letters.align,
            fontsize=letters.size,
            weight="bold" if letters.bold else "normal",
            color=letters.colour,
            bbox=behind,
        )


def new_page(height: float, narrow: bool) -> Page:
    """An empty sheet of so many points in height, for a page or for a telephone."""
    width = NARROW if narrow else WIDE
    canvas = Canvas(figsize=(width / POINT, height / POINT), dpi=POINT)
    FigureCanvasSVG(canvas)
    return Page(canvas, width, height, narrow)
