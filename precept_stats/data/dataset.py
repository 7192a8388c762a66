"""Loading a table: read, typed by its schema, checked, and fingerprinted; or refused as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from precept_stats.data.checks import broken_rules
from precept_stats.data.columns import Converted, convert, infer_type, is_categories, plain
from precept_stats.data.digest import file_digest, table_digest
from precept_stats.data.readers import RawTable, TableLike, read_raw
from precept_stats.data.schema import PROVENANCE_COLUMN, DataSchema, FieldSchema, InferredField, suggest
from precept_stats.data.violations import (
    FIRST_ROWS,
    WITHHELD,
    InvalidDataError,
    Offence,
    Violation,
    shown,
)
from precept_stats.errors import DataError

INFERRED_MISSING = ("", "NA")
SYNTHETIC = "synthetic"


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table that holds what its schema says.

    ``frame`` has one column a field and a plain index, rows in the order of the source. ``digest``
    is the SHA-256 of its content (digest.py). ``synthetic`` is true when any row of a column
    ``data_origin`` says so: a table that holds some made-up rows is made up. Row 0 of ``frame`` is
    row ``first_row`` of the source: 2 in CSV, whose header is row 1. ``file_digest`` is the SHA-256 of the
    bytes of the file it was read from; empty for a table that was given in memory.
    """

    name: str
    frame: pd.DataFrame
    schema: DataSchema
    digest: str
    synthetic: bool
    first_row: int = 1
    file_digest: str = ""


Source = TableLike | Table
Dataset = Mapping[str, Table]


def load_table(source: Source, schema: DataSchema | None, name: str) -> Table:
    """A checked table from a file (CSV, Parquet), pandas, polars or Arrow; the source is not changed.

    Without a schema the types are inferred (``infer_type``), empty text and ``NA`` being missing.
    Raises InvalidDataError, a DataError, with every rule that is broken; there is no partial table.
    """
    if isinstance(source, Table):
        if schema is None or schema == source.schema:
            return replace(source, name=name)
        source = source.frame
    raw = read_raw(source)
    declared = schema or _inferred(raw)
    faults = structure_faults(tuple(raw.columns.column_names), declared)
    if schema is not None:
        declared = _with_extra(raw, declared)
    present = frozenset(raw.columns.column_names)
    converted = {
        field.name: convert(raw.columns[field.name], field, declared.missing_values_of(field))
        for field in declared.columns
        if field.name in present
    }
    frame = pd.DataFrame({field: column.values for field, column in converted.items()})
    unreadable = {field: _marked(column) for field, column in converted.items()}
    faults += tuple(fault for field in converted for fault in _cell_faults(raw, declared[field], converted))
    faults += broken_rules(frame, declared, unreadable, raw.first_row)
    if faults:
        raise InvalidDataError(name, declared.name, faults, raw.where)
    final = declared if schema is not None else _guarded(declared, frame)
    bytes_read = file_digest(Path(source)) if isinstance(source, Path | str) else ""
    return Table(name, frame, final, table_digest(frame), _is_synthetic(frame), raw.first_row, bytes_read)


def build_dataset(sources: Mapping[str, Source], schemas: Mapping[str, DataSchema | None]) -> Dataset:
    """Every table loaded, then the foreign keys between them checked."""
    tables = {name: load_table(source, schemas.get(name), name) for name, source in sources.items()}
    check_references(tables)
    return tables


def check_references(tables: Dataset) -> None:
    """Every foreign key whose table is here points at rows that are there; else InvalidDataError.

    A row with a missing value in its key refers to nothing. A reference to a table that the
    dataset does not have is not judged.
    """
    for table in tables.values():
        faults = tuple(_reference_faults(table, tables))
        if faults:
            raise InvalidDataError(table.name, table.schema.name, faults)


def _reference_faults(table: Table, tables: Dataset) -> list[Violation]:
    faults = []
    for key in table.schema.foreign_keys:
        other = tables.get(key.reference.resource)
        if other is None or not set(key.fields) <= set(table.frame.columns):
            continue
        absent = sorted(set(key.reference.fields) - set(other.frame.columns))
        if absent:
            raise DataError(
                f"a foreign key of {table.name!r} names columns that {other.name!r} does not have",
                found=", ".join(absent),
                allowed=", ".join(other.frame.columns),
            )
        there = set(other.frame[list(key.reference.fields)].itertuples(index=False, name=None))
        ours = table.frame[list(key.fields)]
        judged = ours.notna().all(axis=1)
        lost = [
            (row, values)
            for row, values in enumerate(ours.itertuples(index=False, name=None))
            if judged[row] and values not in there
        ]
        if lost:
            secret = any(table.schema[name].notes.sensitivity == "identifier" for name in key.fields)
            first = tuple(
                Offence(row + table.first_row, WITHHELD if secret else ", ".join(map(shown, values)))
                for row, values in lost[:FIRST_ROWS]
            )
            columns = "+".join(key.fields)
            says = f"is found in {other.name}.{'+'.join(key.reference.fields)}"
            rule = f"foreignKeys.{columns}"
            faults.append(Violation(rule, columns, says, len(lost), int(judged.sum()), first))
    return faults


def structure_faults(present: tuple[str, ...], schema: DataSchema) -> tuple[Violation, ...]:
    """Columns that are absent, and columns that ``fieldsMatch`` does not allow."""
    faults = []
    known, there = schema.column_names, frozenset(present)
    declared = frozenset(known)
    unexpected = tuple(name for name in present if name not in declared)
    for field in schema.columns:
        if field.name in there or (field.notes.optional and schema.fields_match != "exact"):
            continue
        said = f"the column is absent{suggest(field.name, unexpected)}"
        faults.append(Violation(f"{field.name}.present", field.name, said))
    absent = tuple(name for name in known if name not in there)
    for name in unexpected:
        near = suggest(name, absent)
        if schema.fields_match != "subset":
            said = f"the column is not in the schema{near or ', and fieldsMatch allows no others'}"
        elif near:
            said = f"the column may be misspelt{near}"
        else:
            continue
        faults.append(Violation(f"{name}.unexpected", name, said))
    if schema.fields_match == "exact" and not faults and present != known:
        faults.append(Violation("fieldsMatch", "", f"the columns come in the order {', '.join(known)}"))
    return tuple(faults)


def _field(raw: RawTable, name: str, missing: tuple[str, ...]) -> FieldSchema:
    column = raw.columns[name]
    declared = FieldSchema if is_categories(column) else InferredField
    return declared(name=name, type=infer_type(column, missing, written=raw.written))


def _inferred(raw: RawTable) -> DataSchema:
    """A schema that declares every column as what it holds; its rows are taken for individuals."""
    fields = [_field(raw, name, INFERRED_MISSING) for name in raw.columns.column_names]
    return DataSchema.model_validate(
        {"name": "inferred", "fieldsMatch": "equal", "missingValues": INFERRED_MISSING, "fields": fields}
    )


def _with_extra(raw: RawTable, schema: DataSchema) -> DataSchema:
    """The schema with the columns that it does not name added, as inferred (``subset`` only)."""
    if schema.fields_match != "subset":
        return schema
    known = frozenset(schema.column_names)
    names = (name for name in raw.columns.column_names if name not in known)
    extra = tuple(_field(raw, name, schema.missing_values) for name in names)
    return schema.model_copy(update={"columns": (*schema.columns, *extra)})


def _guarded(schema: DataSchema, frame: pd.DataFrame) -> DataSchema:
    """An inferred schema in which columns that never repeat are taken for identifiers."""
    fields = []
    for field in schema.columns:
        column = frame[field.name]
        distinct = len(column) > 1 and field.type in ("string", "integer") and column.is_unique
        notes = {"role": "identifier", "sensitivity": "identifier"} if distinct else {}
        fields.append(field.model_copy(update={"notes": field.notes.model_copy(update=notes)}))
    return schema.model_copy(update={"columns": tuple(fields)})


def _marked(column: Converted) -> set[int]:
    return {int(row) for row in (column.wrong | column.not_finite).nonzero()[0]}


def _cell_faults(raw: RawTable, field: FieldSchema, converted: Mapping[str, Converted]) -> list[Violation]:
    column = converted[field.name]
    faults = []
    for keyword, says, mask in (
        ("type", f"is of type {field.type}", column.wrong),
        ("finite", "is a finite number", column.not_finite),
    ):
        rows = [int(row) for row in mask.nonzero()[0]]
        if rows:
            values = plain(raw.columns[field.name].take(rows[:FIRST_ROWS])).to_pylist()
            secret = field.notes.sensitivity == "identifier"
            first = tuple(
                Offence(row + raw.first_row, WITHHELD if secret else shown(value))
                for row, value in zip(rows[:FIRST_ROWS], values, strict=True)
            )
            checked = int(column.values.notna().sum()) + len(_marked(column))
            faults.append(Violation(f"{field.name}.{keyword}", field.name, says, len(rows), checked, first))
    return faults


def _is_synthetic(frame: pd.DataFrame) -> bool:
    if PROVENANCE_COLUMN not in frame.columns:
        return False
    return bool(frame[PROVENANCE_COLUMN].astype(str).str.strip().str.casefold().eq(SYNTHETIC).any())
