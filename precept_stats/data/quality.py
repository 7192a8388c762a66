"""How good a table is, as rows: conformance, completeness, plausibility (Kahn et al. 2016, eGEMs 4:1244).

A table that is here has passed its checks, so conformance shows what was checked on how many rows.
No row holds a value of an identifier, or a value of a category.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pandas as pd

from precept_stats.data.checks import judge
from precept_stats.data.dataset import Table
from precept_stats.data.schema import FieldSchema
from precept_stats.values import Row

Dimension = Literal["conformance", "completeness", "plausibility"]

UNIT_OF_ROWS = {"individual": "individuals", "cluster": "clusters", "period": "rows"}


def quality_rows(table: Table) -> tuple[Row, ...]:
    """Rows with context ``data_quality`` (docs/rows.md) about one table.

    Counts of rows have unit ``individuals`` where the schema says that a row is one, so that the
    disclosure gate guards them.
    """
    size = _row(table, "completeness", ("n_rows", "Rows", len(table.frame)), unit=_unit(table))
    return (size, *_conformance(table), *_completeness(table), *_plausibility(table))


def _conformance(table: Table) -> Iterator[Row]:
    for judgement in judge(table.frame, table.schema):
        check = judgement.check
        about = {"variable": check.rule, "term": f"{', '.join(check.columns)}: {check.says}"}
        unit = _unit(table)
        yield _row(table, "conformance", ("N", "Rows checked", judgement.checked), unit=unit, **about)
        failed = ("n_failed", "Rows that fail", len(judgement.failing))
        yield _row(table, "conformance", failed, unit=unit, **about)


def _completeness(table: Table) -> Iterator[Row]:
    for name in table.frame.columns:
        missing = int(table.frame[name].isna().sum())
        about = {"variable": name, "term": table.schema[name].label}
        rows = ("N", "Rows", len(table.frame))
        yield _row(table, "completeness", rows, unit=_unit(table), **about)
        counted = ("n_missing", "Missing", missing)
        yield _row(table, "completeness", counted, unit=_unit(table), **about)
        share = ("p_missing", "Missing, proportion", missing / len(table.frame))
        yield _row(table, "completeness", share, unit="proportion", **about)


def _plausibility(table: Table) -> Iterator[Row]:
    for name in table.frame.columns:
        field = table.schema[name]
        column = table.frame[name].dropna()
        if field.notes.sensitivity == "identifier" or column.empty:
            continue
        for stat, unit in _summary(column, field):
            yield _row(table, "plausibility", stat, unit=unit, variable=name, term=field.label)


def _summary(
    column: pd.Series, field: FieldSchema
) -> Iterator[tuple[tuple[str, str, float | int | str], str]]:
    """Extremes and middle of an ordered column; the number of levels of any other."""
    if field.type in ("integer", "number"):
        yield ("min", "Minimum", float(column.min())), field.notes.unit
        yield ("median", "Median", float(column.median())), field.notes.unit
        yield ("max", "Maximum", float(column.max())), field.notes.unit
    elif field.type in ("date", "yearmonth"):
        form = "%Y-%m-%d" if field.type == "date" else None
        first, last = column.min(), column.max()
        yield ("min", "Earliest", first.strftime(form) if form else str(first)), field.type
        yield ("max", "Latest", last.strftime(form) if form else str(last)), field.type
    else:
        yield ("levels", "Levels", int(column.nunique())), "levels"


def _unit(table: Table) -> str:
    return UNIT_OF_ROWS[table.schema.level]


def _row(
    table: Table,
    dimension: Dimension,
    stat: tuple[str, str, float | int | str],
    *,
    unit: str,
    variable: str = "",
    term: str = "",
) -> Row:
    name, label, value = stat
    return Row(
        analysis="",
        context="data_quality",
        stat_name=name,
        stat_label=label,
        stat=value,
        unit=unit,
        groups=(("table", table.name), ("dimension", dimension)),
        variable=variable,
        term=term,
    )
