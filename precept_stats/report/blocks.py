"""What a report is made of: frozen blocks of text, tables and figures. Rendering is a function of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from precept_stats.report.figure_data import FigureData


@dataclass(frozen=True, slots=True)
class Heading:
    """A section heading. ``level`` is 2 or 3; the title of the report is the only level 1."""

    level: Literal[2, 3]
    text: str


@dataclass(frozen=True, slots=True)
class Prose:
    """One paragraph of plain text. ``lead`` is the paragraph that answers the question."""

    text: str
    lead: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of plain-text remarks."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """A list of names and what they mean, such as the attributes of an estimand."""

    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; numbers stand right. ``wraps``: its short texts may take two lines."""

    label: str
    align: Literal["left", "right"] = "right"
    wraps: bool = False


RowKind = Literal["plain", "strong", "group", "sub"]


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table, all text. A ``group`` row has one cell, over the rows that follow it."""

    cells: tuple[str, ...]
    kind: RowKind = "plain"


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first column names its rows. ``tag`` is the word that may never be lost, or empty."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    notes: tuple[str, ...] = ()
    tag: str = ""

    def _repr_html_(self) -> str:
        from precept_stats.report.tables import great_table  # lazy: great_tables is slow to load

        return great_table(self).as_raw_html()


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure as data: what it shows, in words (``alt``), and the table of the numbers behind it."""

    id: str
    caption: str
    alt: str
    data: FigureData
    behind: Table
    notes: tuple[str, ...] = ()
    tag: str = ""

    def _repr_svg_(self) -> str:
        return self.svg()

    def svg(self) -> str:
        """The figure as SVG text, as the report shows it on a wide page."""
        from precept_stats.report.figures import draw  # lazy: matplotlib is slow to load

        return draw(self.data, tag=self.tag)


Block = Heading | Prose | Bullets | Terms | Table | Figure


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report: title, status badges, blocks in reading order; ``mark`` is printed on every page."""

    title: str
    subtitle: str
    badges: tuple[str, ...]
    blocks: tuple[Block, ...]
    mark: str = ""

    @property
    def tables(self) -> tuple[Table, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Table))

    @property
    def figures(self) -> tuple[Figure, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Figure))

    def table(self, name: str) -> Table:
        """The table with this id; KeyError names those there are."""
        return _named(self.tables, name)

    def figure(self, name: str) -> Figure:
        """The figure with this id; KeyError names those there are."""
        return _named(self.figures, name)


def _named[Shown: (Table, Figure)](blocks: tuple[Shown, ...], name: str) -> Shown:
    for block in blocks:
        if block.id == name:
            return block
    raise KeyError(f"the report has no {name!r}; there are {', '.join(block.id for block in blocks)}")
