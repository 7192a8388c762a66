"""A graph of hypotheses: circles with their weights, arrows with what is handed on."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch

from precept_stats.report.figure_data import GraphData
from precept_stats.report.figures.page import (
    BOLD,
    FINE,
    GREY,
    INK,
    SIZE,
    SMALL,
    TAG_HEIGHT,
    Letters,
    Page,
    new_page,
)
from precept_stats.report.lettering import wrapped

NODE = 21.0
RADIUS = {True: 84.0, False: 104.0}
BEND, ALONG = 0.16, 0.36
"""How far an arrow bends, in parts of its length, and where along it its number stands."""
GAP, INDENT = 11.5, 18.0

Point = tuple[float, float]


def draw_graph(data: GraphData, narrow: bool) -> Page:
    """The circles on a ring, lettered; under them the analysis of each letter and what became of it."""
    names = [_legend(node.name, node.outcome, narrow=narrow) for node in data.nodes]
    ring = RADIUS[narrow] if len(data.nodes) > 1 else 0.0
    around = _ring(len(data.nodes), ring)
    middle = TAG_HEIGHT + NODE + 4 - min(y for _, y in around)
    under = middle + max(y for _, y in around) + NODE + 0.12 * ring + 10
    page = new_page(under + GAP * sum(map(len, names)) + 3 * len(names), narrow)
    sheet = page.axes(0, 0, page.width, page.height)
    sheet.set(xlim=(0, page.width), ylim=(page.height, 0))
    sheet.axis("off")
    places = [(page.width / 2 + x, middle + y) for x, y in around]
    for here, there, part in data.edges:
        _arrow(sheet, places[here], places[there], f"{part:.3g}")
    for number, node in enumerate(data.nodes):
        _node(sheet, places[number], (letter(number), f"{node.weight:.3g}"), dark=node.rejected)
    y = under
    for number, lines in enumerate(names):
        page.text(1, y, letter(number), BOLD)
        for line in lines:
            page.text(INDENT, y, line, FINE)
            y += GAP
        y += 3
    return page


def letter(number: int) -> str:
    """A, B, ..., Z, A2, B2, ..."""
    again = number // 26
    return chr(ord("A") + number % 26) + (str(again + 1) if again else "")


def _legend(name: str, outcome: str, *, narrow: bool) -> list[str]:
    return wrapped(f"{name}: {outcome}", (262.0 if narrow else 540.0) - INDENT - 4, SMALL)


def _ring(count: int, radius: float) -> list[Point]:
    """Places about the middle of a ring, clockwise from the top left; two side by side."""
    start = math.pi if count == 2 else -math.pi / 2 - (math.pi / count if count % 2 == 0 else 0.0)
    angles = [start + 2 * math.pi * place / count for place in range(count)]
    return [(radius * math.cos(angle), radius * math.sin(angle)) for angle in angles]


def _node(sheet: Axes, place: Point, texts: tuple[str, str], *, dark: bool) -> None:
    sheet.add_patch(
        Circle(place, NODE, facecolor=INK if dark else "white", edgecolor=INK, linewidth=1.0, zorder=3)
    )
    for text, shift, letters in zip(texts, (-6.0, 7.0), (Letters(SIZE, bold=True), FINE), strict=True):
        sheet.text(
            place[0],
            place[1] + shift,
            text,
            ha="center",
            va="center",
            fontsize=letters.size,
            weight="bold" if letters.bold else "normal",
            color="white" if dark else INK,
            zorder=4,
        )


def _arrow(sheet: Axes, here: Point, there: Point, text: str) -> None:
    arrow = FancyArrowPatch(
        here,
        there,
        connectionstyle=f"arc3,rad={BEND}",
        arrowstyle="-|>,head_length=5,head_width=2.6",
        shrinkA=NODE,
        shrinkB=NODE + 1,
        mutation_scale=1.0,
        linewidth=1.0,
        color=GREY,
        zorder=1,
    )
    sheet.add_patch(arrow)
    x, y = _on_arrow(here, there)
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
    sheet.text(x, y, text, ha="center", va="center", fontsize=SMALL, color=INK, bbox=paper, zorder=2)


def _on_arrow(here: Point, there: Point) -> Point:
    """The point of the bent arrow at which its number stands; y is counted from the top."""
    dx, dy = there[0] - here[0], there[1] - here[1]
    bend = ((here[0] + there[0]) / 2 - BEND * dy, (here[1] + there[1]) / 2 + BEND * dx)
    parts = ((1 - ALONG) ** 2, 2 * ALONG * (1 - ALONG), ALONG**2)
    x, y = (
        sum(part * point[axis] for part, point in zip(parts, (here, bend, there), strict=True))
        for axis in (0, 1)
    )
    return x, y
