"""A table of the report as a great_tables object: for notebooks, LaTeX and manuscripts.

The HTML report has its own table markup (docs/decisions/0008-report-tables.md says why).
Double braces are broken up, because great_tables reads them as its notation for units and then
lets the text around them through without escaping.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from great_tables import GT

from precept_stats.report.blocks import Table, TableRow


def great_table(table: Table) -> GT:
    """The same table, all cells text. Nothing passes through ``md`` or ``html``, so all is escaped."""
    table = _without_double_braces(table)
    names = [f"c{place}" for place in range(len(table.columns))]
    rows = []
    group = ""
    for row in table.rows:
        if row.kind == "group":
            group = row.cells[0]
        else:
            rows.append({**dict(zip(names, _indented(row), strict=True)), "group": group})
    frame = pd.DataFrame(rows, columns=[*names, "group"], dtype="str")
    grouped = any(row["group"] for row in rows)
    shown = GT(
        frame if grouped else frame.drop(columns="group"),
        id=table.id,
        rowname_col=names[0],
        groupname_col="group" if grouped else None,
    )
    shown = shown.tab_header(title=f"{table.tag}. {table.caption}" if table.tag else table.caption)
    shown = shown.tab_stubhead(table.columns[0].label)
    shown = shown.cols_label(
        {name: column.label for name, column in zip(names[1:], table.columns[1:], strict=True)}
    )
    for name, column in zip(names[1:], table.columns[1:], strict=True):
        shown = shown.cols_align(column.align, columns=name)
    for note in table.notes:
        shown = shown.tab_source_note(note)
    return shown


def _indented(row: TableRow) -> tuple[str, ...]:
    first = f"\u2003{row.cells[0]}" if row.kind == "sub" else row.cells[0]
    return (first, *row.cells[1:])


def _without_double_braces(table: Table) -> Table:
    def plain(text: str) -> str:
        return text.replace("{{", "{\u200b{").replace("}}", "}\u200b}")

    return replace(
        table,
        caption=plain(table.caption),
        columns=tuple(replace(column, label=plain(column.label)) for column in table.columns),
        rows=tuple(replace(row, cells=tuple(map(plain, row.cells))) for row in table.rows),
        notes=tuple(map(plain, table.notes)),
    )
