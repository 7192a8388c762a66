"""Where the boxes of a flow diagram stand: arithmetic only, in points from the top left corner."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from precept_stats.report.figure_data import FlowBox, FlowData
from precept_stats.report.lettering import wrapped

Kind = Literal["standing", "left", "arm"]
GAP = 14.0
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class PlacedBox:
    """A box with its place and its lines, each bold or not."""

    x: float
    y: float
    width: float
    height: float
    kind: Kind
    lines: tuple[tuple[str, bool], ...]
    size: float
    padding: float

    @property
    def line_height(self) -> float:
        return self.size * 1.36

    @property
    def centre(self) -> float:
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes, the lines between them, and the points where an arrow ends."""

    boxes: tuple[PlacedBox, ...]
    connectors: tuple[tuple[Point, ...], ...]
    arrows: tuple[Point, ...]
    height: float


def place(data: FlowData, width: float, top: float) -> Layout:
    """The boxes before the arms part one under the other, then one column an arm, rows level."""
    narrow = width < 400
    size, padding = (8.2, 4.0) if narrow else (8.8, 6.0)
    trunk_width = width - 2 if narrow else 0.6 * width
    trunk: list[PlacedBox] = []
    y = top
    for box in data.before:
        trunk.append(_sized(box, ((width - trunk_width) / 2, y), trunk_width, (size, padding)))
        y = trunk[-1].bottom + GAP
    between = 8.0 if narrow else 16.0
    arm_width = (width - 2 - between * (len(data.arms) - 1)) / max(len(data.arms), 1)
    lefts = [1 + place_ * (arm_width + between) for place_ in range(len(data.arms))]
    y += GAP if trunk and data.arms else 0
    columns, bottom = _columns(data, lefts, (y, arm_width), (size, padding))
    connectors, arrows = _connect(trunk, columns)
    boxes = (*trunk, *(box for column in columns for box in column))
    return Layout(boxes, tuple(connectors), tuple(arrows), bottom + 2)


def _columns(
    data: FlowData, lefts: list[float], at: tuple[float, float], type_: tuple[float, float]
) -> tuple[list[list[PlacedBox]], float]:
    y, width = at
    columns: list[list[PlacedBox]] = [[] for _ in data.arms]
    rows = [[FlowBox(name, ()) for name, _ in data.arms]]
    rows += [list(row) for row in zip(*(boxes for _, boxes in data.arms), strict=True)]
    for number, row in enumerate(rows):
        places = zip(row, lefts, strict=True)
        placed = [_sized(box, (left, y), width, type_, arm=number == 0) for box, left in places]
        height = max((box.height for box in placed), default=0.0)
        for column, box in zip(columns, placed, strict=True):
            column.append(_taller(box, height))
        y += height + (0 if number == 0 else GAP)
    return columns, y - GAP


def _sized(
    box: FlowBox, at: Point, width: float, type_: tuple[float, float], *, arm: bool = False
) -> PlacedBox:
    size, padding = type_
    room = width - 2 * padding - 2
    lines = [(text, True) for text in wrapped(box.heading, room, size, bold=True)]
    for line in box.lines:
        lines += [(text, False) for text in wrapped(line, room, size)]
    kind: Kind = "arm" if arm else "left" if box.left else "standing"
    height = len(lines) * size * 1.36 + 2 * padding
    return PlacedBox(at[0], at[1], width, height, kind, tuple(lines), size, padding)


def _taller(box: PlacedBox, height: float) -> PlacedBox:
    return PlacedBox(box.x, box.y, box.width, height, box.kind, box.lines, box.size, box.padding)


def _connect(
    trunk: list[PlacedBox], columns: list[list[PlacedBox]]
) -> tuple[list[tuple[Point, ...]], list[Point]]:
    connectors: list[tuple[Point, ...]] = []
    arrows: list[Point] = []
    for column in (trunk, *(column[1:] for column in columns)):
        for above, below in pairwise(column):
            connectors.append(((above.centre, above.bottom), (below.centre, below.y)))
            arrows.append((below.centre, below.y))
    for column in columns if trunk else []:
        middle = trunk[-1].bottom + GAP
        start, end = (trunk[-1].centre, trunk[-1].bottom), (column[0].centre, column[0].y)
        connectors.append((start, (start[0], middle), (end[0], middle), end))
        arrows.append(end)
    return connectors, arrows
