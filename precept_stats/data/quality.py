"""How good a table is, as rows: conformance, completeness, plausibility (Kahn et al. 2016, eGEMs 4:1244).

A table that is here has passed its checks, so conformance shows what was checked on how many rows.
No row holds a value of an identifier, or a value of a category.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from precept_stats.data.checks import judge
from precept_stats.data.dataset import Table
from precept_stats.data.schema import FieldSchema
from precept_stats.values import Row

Dimension = Literal["conformance", "completeness", "plausibility"]

UNIT_OF_ROWS = {"individual": "individuals", "cluster": "clusters", "period": "rows"}


@dataclass(frozen=True, slots=True)
class _Stat:
    name: str
    label: str
    value: float | int | str
    unit: str


def quality_rows(table: Table) -> tuple[Row, ...]:
    """Rows with context ``data_quality`` (docs/rows.md) about one table.

    Counts of rows have unit ``individuals`` where the schema says that a row is one, so that the
    disclosure gate guards them.
    """
    size = _row(table, "completeness", _count(table, "n_rows", "Rows", len(table.frame)))
    return (size, *_conformance(table), *_completeness(table), *_plausibility(table))


def _conformance(table: Table) -> Iterator[Row]:
    for judgement in judge(table.frame, table.schema):
        check = judgement.check
        about = (check.rule, f"{', '.join(check.columns)}: {check.says}")
        yield _row(table, "conformance", _count(table, "N", "Rows checked", judgement.checked), about)
        failed = _count(table, "n_failed", "Rows that fail", len(judgement.failing))
        yield _row(table, "conformance", failed, about)


def _completeness(table: Table) -> Iterator[Row]:
    rows = len(table.frame)
    for name in table.frame.columns:
        missing = int(table.frame[name].isna().sum())
        about = (name, table.schema[name].label)
        yield _row(table, "completeness", _count(table, "N", "Rows", rows), about)
        yield _row(table, "completeness", _count(table, "n_missing", "Missing", missing), about)
        share = _Stat("p_missing", "Missing, proportion", missing / rows, "proportion")
        yield _row(table, "completeness", share, about)


def _plausibility(table: Table) -> Iterator[Row]:
    for name in table.frame.columns:
        field = table.schema[name]
        column = table.frame[name].dropna()
        if field.notes.sensitivity != "identifier" and not column.empty:
            for stat in _summary(column, field):
                yield _row(table, "plausibility", stat, (name, field.label))


def _summary(column: pd.Series, field: FieldSchema) -> tuple[_Stat, ...]:
    """Extremes and middle of a number, extremes of a date; the number of levels of anything else."""
    if field.type in ("integer", "number"):
        return (
            _Stat("min", "Minimum", float(column.min()), field.notes.unit),
            _Stat("median", "Median", float(column.median()), field.notes.unit),
            _Stat("max", "Maximum", float(column.max()), field.notes.unit),
        )
    if field.type in ("date", "yearmonth"):
        texts = column.dt.strftime("%Y-%m-%d") if field.type == "date" else column
        return (
            _Stat("min", "Minimum", str(texts.min()), field.type),
            _Stat("max", "Maximum", str(texts.max()), field.type),
        )
    return (_Stat("levels", "Levels", int(column.nunique()), "levels"),)


def _count(table: Table, name: str, label: str, value: int) -> _Stat:
    return _Stat(name, label, value, UNIT_OF_ROWS[table.schema.level])


def _row(table: Table, dimension: Dimension, stat: _Stat, about: tuple[str, str] = ("", "")) -> Row:
    variable, term = about
    return Row(
        analysis="",
        context="data_quality",
        stat_name=stat.name,
        stat_label=stat.label,
        stat=stat.value,
        unit=stat.unit,
        groups=(("table", table.name), ("dimension", dimension)),
        variable=variable,
        term=term,
    )
