"""Drawing: figure data in, SVG text out. The only file that knows matplotlib.

Each figure has a wide form, for a page, and a narrow one, for a telephone, both with lettering of
a size to be read where they are shown. Colours are of Okabe and Ito (2008), and no figure needs
colour to be understood. The same data always give the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from io import StringIO
from typing import Literal

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator, ScalarFormatter
from matplotlib.transforms import Bbox

from precept_stats.report.figure_data import (
    Bar,
    ClusterArm,
    ClustersData,
    CompletenessData,
    FigureData,
    FlowData,
    ForestData,
    ForestLine,
    ForestPanel,
    Mark,
)
from precept_stats.report.flow_layout import PlacedBox, place
from precept_stats.report.lettering import fitted, wrapped

INK, GREY, PALE, RULE = "#1a1a1a", "#5c5c5c", "#f1f1ee", "#b8b8b8"
BLUE, VERMILLION = "#0072B2", "#D55E00"
POINT = 72.0
WIDE, NARROW = 540.0, 262.0
TAG_HEIGHT, LINE = 16.0, 12.0
SIZE, SMALL = 9.0, 8.0
LABELS, PLOT = 186.0, 196.0
MANY = 60
STYLE = {
    "svg.hashsalt": "precept_stats",
    "svg.fonttype": "none",
    "font.family": "DejaVu Sans",
    "font.size": SIZE,
    "text.color": INK,
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
MEASURED, SHOWN = "'DejaVu Sans'", "'Helvetica Neue', Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
RATIO_TICKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)


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


def draw(data: FigureData, *, narrow: bool = False, tag: str = "") -> str:
    """The figure as SVG text, ``tag`` (such as "Synthetic data") written above it."""
    with rc_context(STYLE):  # type: ignore[arg-type]
        page = _drawn(data, narrow)
        if tag:
            loud = Letters(bold=True, colour=VERMILLION, align="right")
            page.text(page.width - 1, TAG_HEIGHT / 2, tag.upper(), loud)
        out = StringIO()
        top = page.height if tag else page.height - TAG_HEIGHT
        sheet = Bbox.from_extents(0, 0, page.width / POINT, top / POINT)
        page.canvas.savefig(out, format="svg", bbox_inches=sheet, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :].replace(MEASURED, SHOWN)


@singledispatch
def _drawn(data: FigureData, narrow: bool) -> Page:
    """The page of a figure: one function a kind of figure, found by the type of its data."""
    raise TypeError(f"no drawing for {type(data).__name__} (narrow: {narrow})")


def _page(height: float, narrow: bool) -> Page:
    width = NARROW if narrow else WIDE
    canvas = Canvas(figsize=(width / POINT, height / POINT), dpi=POINT)
    FigureCanvasSVG(canvas)
    return Page(canvas, width, height, narrow)


@_drawn.register
def _flow(data: FlowData, narrow: bool) -> Page:
    layout = place(data, NARROW if narrow else WIDE, TAG_HEIGHT + 2)
    page = _page(layout.height, narrow)
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


@_drawn.register
def _forest(data: ForestData, narrow: bool) -> Page:
    width = NARROW if narrow else WIDE
    titles = [wrapped(panel.title, width - 4, SIZE, bold=True) for panel in data.panels]
    rows = [_row_height(panel, narrow) for panel in data.panels]
    heights = [
        len(title) * LINE + 8 + row * len(panel.lines) + 50
        for title, row, panel in zip(titles, rows, data.panels, strict=True)
    ]
    page = _page(TAG_HEIGHT + sum(heights), narrow)
    top = TAG_HEIGHT
    for panel, title, row, height in zip(data.panels, titles, rows, heights, strict=True):
        _panel(page, panel, title, (top, row))
        top += height
    return page


def _label_lines(line: ForestLine, narrow: bool) -> list[str]:
    return wrapped(line.label, NARROW - 4 if narrow else LABELS, SIZE, bold=line.primary)


def _row_height(panel: ForestPanel, narrow: bool) -> float:
    lines = max(len(_label_lines(line, narrow)) for line in panel.lines)
    return 11.0 * lines + (30.0 if narrow else 8.0)


def _panel(page: Page, panel: ForestPanel, title: list[str], at: tuple[float, float]) -> None:
    top, row = at
    for place_, line in enumerate(title):
        page.text(1, top + (place_ + 0.5) * LINE, line, BOLD)
    top += len(title) * LINE + 8
    height = row * len(panel.lines)
    left, width = (4.0, page.width - 8) if page.narrow else (LABELS + 8, PLOT)
    axes = page.axes(left, top, width, height)
    axes.set(ylim=(height, 0), yticks=[])
    for start, end in _null_runs(panel, row, page.narrow):
        axes.plot([panel.null] * 2, [start, end], color=GREY, linewidth=0.8, zorder=0)
    _forest_axis(axes, panel)
    for place_, entry in enumerate(panel.lines):
        _entry(page, axes, entry, (top, place_ * row, row))
    below, above = (f"\u2190 {panel.below}", f"{panel.above} \u2192")
    page.text(left, top + height + 32, below, Letters(SMALL, colour=GREY))
    page.text(left + width, top + height + 32, above, Letters(SMALL, colour=GREY, align="right"))


def _null_runs(panel: ForestPanel, row: float, narrow: bool) -> list[tuple[float, float]]:
    """Where the line of no difference runs: all the way, or between words that stand over the plot."""
    if not narrow:
        return [(0.0, row * len(panel.lines))]
    return [(at * row - 15.5, at * row - 1.5) for at, line in enumerate(panel.lines, 1) if line.mark]


def _entry(page: Page, axes: Axes, line: ForestLine, at: tuple[float, float, float]) -> None:
    panel_top, y, row = at
    label = _label_lines(line, page.narrow)
    first = panel_top + y + (7.0 if page.narrow else (row - 11.0 * (len(label) - 1)) / 2)
    for place_, text in enumerate(label):
        page.text(1, first + 11.0 * place_, text, Letters(bold=line.primary))
    if page.narrow:
        letters = Letters(SMALL, bold=line.primary)
        under = first + 11.0 * len(label)
        page.text(1, under, fitted(line.text, page.width - 4, SIZE, bold=line.primary), letters)
    else:
        left = LABELS + PLOT + 16 if line.mark else LABELS + 12
        text = fitted(line.text, page.width - left, SIZE, bold=line.primary)
        page.text(left, panel_top + y + row / 2, text, Letters(SMALL + 0.4, line.primary, paper=True))
    if line.mark:
        _estimate(axes, line.mark, y + (row - 9 if page.narrow else row / 2), primary=line.primary)


def _estimate(axes: Axes, mark: Mark, y: float, *, primary: bool) -> None:
    axes.plot(mark.ends, [y, y], color=INK, linewidth=2.0 if primary else 1.2)
    axes.plot(
        [mark.value],
        [y],
        marker="D" if primary else "s",
        markersize=7 if primary else 4.5,
        color=BLUE if primary else INK,
        markeredgecolor=INK,
        markeredgewidth=0.8,
    )


def _forest_axis(axes: Axes, panel: ForestPanel) -> None:
    ends = [end for line in panel.lines if line.mark for end in line.mark.ends]
    low, high = min([panel.null, *ends]), max([panel.null, *ends])
    if panel.log:
        axes.set_xscale("log")
        stretch = (high / low) ** 0.06 if high > low else 1.1
        low, high = low / stretch, high * stretch
        wide = high / low > 8
        ticks = RATIO_TICKS if wide else tuple(MaxNLocator(5).tick_values(low, high))
        axes.xaxis.set_major_locator(FixedLocator([tick for tick in ticks if low <= tick <= high]))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(ScalarFormatter())
    else:
        stretch = 0.06 * (high - low) or 1.0
        low, high = low - stretch, high + stretch
        axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlim(low, high)


@_drawn.register
def _clusters(data: ClustersData, narrow: bool) -> Page:
    longest = max(len(arm.lines) for arm in data.arms)
    row = 6.0 if longest > MANY else 15.0 if data.has_before else 12.0
    head, foot = TAG_HEIGHT + 24, 38.0
    heights = [max(row * len(arm.lines), 3 * row) for arm in data.arms]
    between = 22.0
    body = sum(heights) + (foot + between) * len(heights) if narrow else max(heights) + foot + between
    page = _page(head + body, narrow)
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
    def key(face: str, edge: str, label: str) -> Line2D:
        return Line2D([], [], linestyle="", marker="o", markersize=5, mfc=face, mec=edge, label=label)

    keys = [key("white", GREY, "before")] if data.has_before else []
    keys.append(key(INK, INK, "follow-up"))
    if any(arm.mean is not None for arm in data.arms):
        dashes = (0, (4, 3))
        keys.append(Line2D([], [], color=INK, linewidth=0.9, linestyle=dashes, label="arm, as estimated"))
    page.canvas.legend(
        handles=keys,
        loc="upper left",
        bbox_to_anchor=(0.0, 1 - TAG_HEIGHT / page.height),
        ncols=3,
        frameon=False,
        fontsize=SMALL,
        borderpad=0,
        handletextpad=0.3,
        columnspacing=1.2,
    )


@_drawn.register
def _completeness(data: CompletenessData, narrow: bool) -> Page:
    left, right = (118.0, 38.0) if narrow else (210.0, 38.0)
    bars: list[tuple[Bar, list[str]] | str] = []
    for table, members in data.groups:
        bars += [table, *((bar, wrapped(bar.label, left - 10, SMALL)) for bar in members)]
    row = 4 + 10.0 * max(len(bar[1]) for bar in bars if not isinstance(bar, str))
    page = _page(TAG_HEIGHT + row * len(bars) + 44, narrow)
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
