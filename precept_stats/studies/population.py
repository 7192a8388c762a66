"""The rows an analysis is about: tables joined and conditions applied, with nothing lost in silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from precept_stats.data.schema import DataSchema, FieldSchema, Level
from precept_stats.data.selection import Condition, Join, Population
from precept_stats.errors import DataError
from precept_stats.studies.cluster_trial_design import Ints
from precept_stats.studies.labels import counted_values, listed, near_match, text_of


class SourceTable(Protocol):
    """A checked table: its name, its rows and, when there is one, its schema."""

    @property
    def name(self) -> str: ...
    @property
    def frame(self) -> pd.DataFrame: ...
    @property
    def schema(self) -> DataSchema | None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """The columns that were asked for, side by side, one entry a row of the population's table.

    ``fields`` has what a schema says of each column; ``homes`` the table each came from. ``row_level``
    is what a row is by its schema: an individual, a cluster or a period.
    """

    table: str
    frame: pd.DataFrame
    fields: Mapping[str, FieldSchema]
    homes: Mapping[str, str]
    row_level: Level = "individual"

    def where(self, column: str) -> str:
        return f"table {self.homes[column]!r}, column {column!r}"

    def title(self, column: str) -> str:
        field = self.fields.get(column)
        return field.label if field is not None else column

    def unit(self, column: str) -> str:
        field = self.fields.get(column)
        return field.notes.unit if field is not None else ""


def gather(population: Population, data: Mapping[str, SourceTable], asked: Mapping[str, str]) -> Gathered:
    """Bring every column of ``asked`` (column -> what asks for it) beside the population's rows.

    Joins are many-to-one. Raises DataError for an unknown table or column, a row with no partner,
    a key that stands twice on the one side, and a column whose values differ between tables.
    """
    base = _table(data, population.of, "population.of")
    columns: dict[str, pd.Series] = {str(name): base.frame[name] for name in base.frame.columns}
    homes = dict.fromkeys(columns, population.of)
    wanted = {**asked, **{join.on: f"join to {join.table!r}" for join in population.join}}
    for join in population.join:
        other = _table(data, join.table, "population.join")
        rows = _partners(join, columns, other, population.of)
        for name in map(str, other.frame.columns):
            if name == join.on or name not in wanted:
                continue
            brought = other.frame[name].take(rows).set_axis(base.frame.index)
            if name in columns:
                _agree(columns[name], brought, (homes[name], join.table))
            else:
                columns[name], homes[name] = brought, join.table
    _all_there(wanted, columns, homes)
    frame = pd.DataFrame({name: columns[name] for name in wanted}).reset_index(drop=True)
    level: Level = base.schema.notes.level if base.schema is not None else "individual"
    kept_homes = {name: homes[name] for name in wanted}
    return Gathered(population.of, frame, _fields(data, homes, wanted), kept_homes, level)


def condition_columns(population: Population) -> dict[str, str]:
    """The columns that the population's conditions ask for."""
    return {condition.column: "population.where" for condition in population.where}


def surprising_values(condition: Condition, column: pd.Series) -> str:
    """A warning when a condition names values that the column never holds; else empty."""
    if condition.operator not in ("equals", "not_equals", "in", "not_in"):
        return ""
    operand = condition.operand
    values = operand if isinstance(operand, tuple) else (operand,)
    present = pd.unique(column.dropna())
    absent = [value for value in values if not np.any(np.asarray(present == value))]
    if not absent:
        return ""
    hint = near_match(text_of(absent[0]), map(text_of, present[:200]))
    return f"the condition '{condition.words()}' names {listed(map(repr, absent))}, which never occurs{hint}"


def _table(data: Mapping[str, SourceTable], name: str, where: str) -> SourceTable:
    if name not in data:
        raise DataError(
            "a table that the population needs was not given",
            found=f"{name!r}{near_match(name, data)}",
            allowed=listed(data, 20) or "no tables were given",
            where=where,
        )
    columns = data[name].frame.columns
    if not columns.is_unique:
        raise DataError(
            "two columns of a table have the same name",
            found=listed(map(repr, columns[columns.duplicated()].unique())),
            allowed="one column a name",
            where=f"table {name!r}",
        )
    return data[name]


def _partners(join: Join, columns: Mapping[str, pd.Series], other: SourceTable, base: str) -> Ints:
    """For each row of the base table, the row number of its one partner in ``other``."""
    _all_there({join.on: f"join to {join.table!r}"}, columns, dict.fromkeys(columns, base))
    there = {str(name): other.frame[name] for name in other.frame.columns}
    _all_there({join.on: f"join to {join.table!r}"}, there, dict.fromkeys(there, join.table))
    here, partner_keys = _comparable(columns[join.on], there[join.on])
    twice = partner_keys.duplicated(keep=False)
    if twice.any():
        raise DataError(
            f"a key stands more than once in table {join.table!r}, so rows have more than one partner",
            found=counted_values(there[join.on][twice.to_numpy()]),
            allowed="one row a key",
            where=f"table {join.table!r}, column {join.on!r}",
        )
    rows: Ints = pd.Index(partner_keys).get_indexer(pd.Index(here)).astype(np.intp)
    alone = (rows < 0) | here.isna().to_numpy()
    if alone.any():
        raise DataError(
            f"{int(alone.sum())} rows of table {base!r} have no partner in table {join.table!r}",
            found=f"{counted_values(columns[join.on][alone])}; keys there: {listed(partner_keys.dropna())}",
            allowed=f"keys that table {join.table!r} has",
            where=f"column {join.on!r}",
        )
    return rows


def _comparable(here: pd.Series, there: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Keys of one type: as they are when both tables agree, else both as text (3 is ``"3"``)."""
    if here.dtype == there.dtype:
        return here, there
    return here.map(text_of, na_action="ignore").astype(object), there.map(
        text_of, na_action="ignore"
    ).astype(object)


def _agree(mine: pd.Series, theirs: pd.Series, tables: tuple[str, str]) -> None:
    left, right = _comparable(mine, theirs)
    differ = ~(
        (left == right).fillna(False).to_numpy(dtype=np.bool_) | (left.isna() & right.isna()).to_numpy()
    )
    if differ.any():
        raise DataError(
            f"column {mine.name!r} is in two joined tables and its values differ",
            found=f"{int(differ.sum())} rows differ: {left[differ].iloc[0]} and {right[differ].iloc[0]}",
            allowed="the same values in both, or the column in one table only",
            where=f"tables {tables[0]!r} and {tables[1]!r}",
        )


def _all_there(asked: Mapping[str, str], columns: Mapping[str, pd.Series], homes: Mapping[str, str]) -> None:
    absent = [(name, asker) for name, asker in asked.items() if name not in columns]
    if absent:
        tables = listed(dict.fromkeys(map(repr, homes.values())), 20)
        raise DataError(
            "a column that the plan names is not in the data",
            found="; ".join(f"{name!r} ({asker}){near_match(name, columns)}" for name, asker in absent),
            allowed=listed(columns, 40),
            where=f"table{'s' if ',' in tables else ''} {tables}",
        )


def _fields(
    data: Mapping[str, SourceTable], homes: Mapping[str, str], wanted: Mapping[str, str]
) -> dict[str, FieldSchema]:
    fields: dict[str, FieldSchema] = {}
    for name in wanted:
        schema = data[homes[name]].schema
        if schema is not None and name in schema:
            fields[name] = schema[name]
    return fields
