"""The flow diagram: boxes and arrows where report/flow_layout.py puts them."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from precept_stats.report.figure_data import FlowData
from precept_stats.report.figures.page import GREY, INK, NARROW, PALE, RULE, TAG_HEIGHT, WIDE, Page, new_page
from precept_stats.report.flow_layout import PlacedBox, place


def draw_flow(data: FlowData, narrow: bool) -> Page:
    """Boxes level with each other in the arms; who left stands on a pale ground."""
    layout = place(data, NARROW if narrow else WIDE, TAG_HEIGHT + 2)
    page = new_page(layout.height, narrow)
    sheet = page.axes(0, 0, page.width, page.height)
    sheet.set(xlim=(0, page.width), ylim=(page.height, 0))
    sheet.axis("off")
    for points in layout.connectors:
        sheet.plot(*zip(*points, strict=True), color=GREY, linewidth=0.9, solid_joinstyle="miter")
    for x, y in layout.arrows:
        sheet.plot([x], [y - 2.5], marker="v", color=GREY, markersize=5, markeredgewidth=0)
    for box in layout.boxes:
        _box(sheet, box)
    return page


def _box(sheet: Axes, box: PlacedBox) -> None:
    face = INK if box.kind == "arm" else PALE if box.kind == "left" else "white"
    edge = RULE if box.kind == "left" else INK
    sheet.add_patch(
        Rectangle((box.x, box.y), box.width, box.height, facecolor=face, edgecolor=edge, linewidth=0.8)
    )
    y = box.y + box.padding + box.line_height / 2
    for text, bold in box.lines:
        sheet.text(
            box.x + box.padding + 1,
            y,
            text,
            va="center",
            fontsize=box.size,
            weight="bold" if bold else "normal",
            color="white" if box.kind == "arm" else INK,
        )
        y += box.line_height
