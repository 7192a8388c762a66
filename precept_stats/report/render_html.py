"""A report as one HTML file that stands alone: no script, no remote resource, every text escaped."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from precept_stats.errors import legible
from precept_stats.report.blocks import Block, Figure, Heading, Report, Table, TableRow
from precept_stats.report.figures import draw

STACK_ABOVE_COLUMNS, STACK_ABOVE_LETTERS, KEEP_UP_TO_LETTERS = 4, 44, 28


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure as data URIs: for a page, and for a telephone."""

    wide: str
    narrow: str

    @property
    def svg(self) -> str:
        """The form for a page as SVG text."""
        return base64.b64decode(self.wide.partition(",")[2]).decode("utf-8")


@dataclass(frozen=True, slots=True)
class Section:
    """A level 2 heading and what follows it, each block with the name of its kind."""

    title: str
    blocks: tuple[tuple[str, Block], ...]


def render_html(report: Report, drawn: Mapping[str, Drawing] | None = None) -> str:
    """The report as HTML text; the same report always gives the same text. ``drawn`` are its figures."""
    drawings = drawn if drawn is not None else {figure.id: drawing(figure) for figure in report.figures}
    template = _environment().get_template("report.html.j2")
    return template.render(report=report, sections=sections(report.blocks), drawings=drawings)


def sections(blocks: tuple[Block, ...]) -> tuple[Section, ...]:
    """The blocks in sections; every report begins with a level 2 heading."""
    starts = [place for place, block in enumerate(blocks) if isinstance(block, Heading) and block.level == 2]
    ends = [*starts[1:], len(blocks)]
    found = []
    for start, end in zip(starts, ends, strict=True):
        heading = blocks[start]
        if isinstance(heading, Heading):
            inside = tuple((type(block).__name__, block) for block in blocks[start + 1 : end])
            found.append(Section(heading.text, inside))
    return tuple(found)


def drawing(figure: Figure) -> Drawing:
    """Both forms of a figure."""
    wide, narrow = (_uri(draw(figure.data, narrow=slim, tag=figure.tag)) for slim in (False, True))
    return Drawing(wide, narrow)


def row_groups(table: Table) -> tuple[tuple[TableRow, ...], ...]:
    """The rows of a table cut before each row that heads a group."""
    starts = [place for place, row in enumerate(table.rows) if row.kind == "group" or place == 0]
    return tuple(
        table.rows[start:end] for start, end in zip(starts, [*starts[1:], len(table.rows)], strict=True)
    )


def reflows(table: Table) -> bool:
    """Whether a telephone shows the rows of this table one under the other: many columns, or long texts."""
    texts = (text for row in table.rows for text in row.cells[1:])
    longest = max((len(text) for text in texts), default=0)
    many = len(table.columns) > STACK_ABOVE_COLUMNS
    return many or (len(table.columns) > 2 and longest > STACK_ABOVE_LETTERS)


def keeps(text: str) -> bool:
    """Whether a cell keeps on one line: an estimate with its interval does, a reason does not."""
    return len(text) <= KEEP_UP_TO_LETTERS


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("precept_stats.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_seen,
    )
    environment.filters.update(row_groups=row_groups, reflows=reflows, keeps=keeps)
    return environment


def _seen(value: object) -> object:
    """A text without characters that hide or reorder others: names in data come from anybody."""
    return legible(value) if type(value) is str else value


def _uri(svg: str) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
