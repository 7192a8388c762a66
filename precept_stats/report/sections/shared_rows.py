"""Rows of a table that several analyses share, told once under all their names."""

from __future__ import annotations

from collections.abc import Iterable

from precept_stats.report.blocks import TableRow


def together(parts: Iterable[tuple[str, tuple[TableRow, ...]]]) -> list[TableRow]:
    """A heading and its rows for every set of rows, in the order in which they first come."""
    named: dict[tuple[TableRow, ...], list[str]] = {}
    for name, rows in parts:
        if rows:
            named.setdefault(rows, []).append(name)
    found = []
    for rows, names in named.items():
        found += [TableRow(("; ".join(names),), "group"), *rows]
    return found
