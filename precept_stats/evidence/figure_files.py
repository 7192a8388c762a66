"""Figures as files: the drawing, and the numbers behind it as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from precept_stats.report.blocks import Report, Table
from precept_stats.report.render_html import Drawing

STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What OWASP names (ASVS 1.2.10), line feeds, and the full-width forms of the signs."""


def write_figures(report: Report, drawings: Mapping[str, Drawing], folder: Path) -> None:
    """Write every figure of a report as ``<id>.svg`` and ``<id>.csv``; nothing where there is none."""
    if report.figures:
        folder.mkdir()
    for figure in report.figures:
        (folder / f"{figure.id}.svg").write_text(drawings[figure.id].svg, encoding="utf-8")
        (folder / f"{figure.id}.csv").write_text(table_csv(figure.behind), encoding="utf-8", newline="")


def table_csv(table: Table) -> str:
    """A table as CSV (RFC 4180), as it is shown; its tag, where it has one, is a column of its own."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    tag = ["data origin"] if table.tag else []
    writer.writerow([*map(neutral, (column.label for column in table.columns)), *tag])
    for row in table.rows:
        cells = [neutral(cell) for cell in row.cells]
        cells += [""] * (len(table.columns) - len(cells))
        writer.writerow([*cells, *([table.tag] if table.tag else [])])
    return stream.getvalue()


def neutral(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: ``'`` before what would start one, unless a number."""
    if not cell.startswith(STARTS_A_FORMULA) or _is_number(cell):
        return cell
    return f"'{cell}"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return not cell.startswith(("\t", "\r", "\n"))
