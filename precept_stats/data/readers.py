"""From whatever holds a table to Arrow columns: CSV and Parquet files, pandas, polars, Arrow.

A CSV file is read as text alone, so that nothing is lost before the schema says what each column
is: ``01`` stays ``01`` and ``NO`` stays ``NO``. The caller's object is only read.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Protocol, runtime_checkable

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

from precept_stats.data.parquet import MAX_COLUMNS, read_parquet_file
from precept_stats.data.violations import shown
from precept_stats.errors import DataError, hidden

MAX_FIELD = 65_536
_CHUNK = 50_000
_FORMATS = "a .csv or .parquet file"


@runtime_checkable
class ArrowExporter(Protocol):
    """Any table that offers itself by the Arrow C stream interface (polars, pyarrow, DuckDB)."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...


TableLike = Path | str | pd.DataFrame | ArrowExporter


@dataclass(frozen=True, slots=True, eq=False)
class RawTable:
    """Columns as they came. Row ``i`` of the columns is row ``i + first_row`` of the source.

    ``first_row`` is 2 for CSV, whose header is row 1, and 1 for everything else. ``where`` names
    the file, and is empty for a table in memory. ``written`` says that the source knows text
    alone, so that a number is text too; everything but CSV has types of its own, which stand.
    """

    columns: pa.Table
    first_row: int
    where: str
    written: bool = False


def read_raw(source: TableLike) -> RawTable:
    """The columns of a file or a table in memory. Raises DataError for what cannot be read."""
    if isinstance(source, Path | str):
        raw = _read_file(Path(source))
    elif isinstance(source, pd.DataFrame):
        raw = RawTable(_from_pandas(source), 1, "")
    elif isinstance(source, pa.RecordBatchReader):
        raise DataError(
            "a stream can be read only once", found="a RecordBatchReader", allowed="its read_all()"
        )
    elif isinstance(source, ArrowExporter):
        raw = RawTable(pa.table(source), 1, "")
    else:
        raise DataError(
            "this is not a table that can be read",
            found=f"an object of type {type(source).__name__}",
            allowed=f"{_FORMATS}, a pandas or polars DataFrame, or an Arrow table",
        )
    _check_shape(raw)
    return raw


def _check_shape(raw: RawTable) -> None:
    names = raw.columns.column_names
    _check_number(names, raw.where)
    unseen = [shown(name) for name in names if any(map(hidden, name))]
    if unseen:
        raise DataError(
            "a column's name has what cannot be seen", found=", ".join(unseen[:5]), where=raw.where
        )
    repeated = [shown(name) for name, times in Counter(names).items() if times > 1]
    if repeated:
        raise DataError("two columns have the same name", found=", ".join(repeated[:5]), where=raw.where)
    if not raw.columns.num_rows or not names:
        raise DataError("the table is empty", found=f"{len(names)} columns and no rows", where=raw.where)


def _check_number(names: list[str], where: str) -> None:
    if len(names) > MAX_COLUMNS:
        raise DataError("too many columns", found=f"{len(names):,}", allowed=f"{MAX_COLUMNS:,}", where=where)


def _read_file(path: Path) -> RawTable:
    if not path.exists():
        raise DataError("there is no such file", found=str(path), allowed=_FORMATS)
    if not path.is_file():
        raise DataError("this is not a file", found=str(path), allowed=_FORMATS)
    readers = {".csv": _read_csv, ".parquet": _read_parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise DataError("this kind of file is not read", found=path.name, allowed=_FORMATS)
    try:
        return reader(path)
    except OSError as problem:
        found = problem.strerror or "damaged content"
        raise DataError("the file cannot be read", found=found, where=str(path)) from None


def _read_parquet(path: Path) -> RawTable:
    return RawTable(read_parquet_file(path), 1, str(path))


def _read_csv(path: Path) -> RawTable:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = raw.count(b"\n", 0, problem.start) + 1
        raise DataError(
            "the file is not UTF-8 text",
            found=f"byte 0x{raw[problem.start]:02X} on line {line}",
            allowed="CSV saved as UTF-8",
            where=f"{path}:{line}",
        ) from None
    records = _records(text, path)
    header = next(records, [])
    _check_header(header, path)
    chunks: list[list[pa.Array]] = []
    while chunk := list(islice(records, _CHUNK)):
        _check_widths(chunk, len(header), 2 + len(chunks) * _CHUNK, path)
        chunks.append([pa.array(column, pa.string()) for column in zip(*chunk, strict=True)])
    arrays = [pa.chunked_array([chunk[i] for chunk in chunks], pa.string()) for i in range(len(header))]
    _check_lengths(arrays, header, path)
    return RawTable(pa.table(arrays, names=header), 2, str(path), written=True)


def _records(text: str, path: Path) -> Iterator[list[str]]:
    """Records of a CSV text; blank lines are let pass at the end and nowhere else."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(
            "the file is not CSV text", found=f"a NUL character on line {line}", where=f"{path}:{line}"
        )
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    blank = 0
    while True:
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error as problem:
            place = f"{path}:{reader.line_num}"
            if "field limit" in str(problem):
                most = f"{MAX_FIELD:,} characters"
                found = f"more than {csv.field_size_limit():,}"
                raise DataError("a field is too long", found=found, allowed=most, where=place) from None
            raise DataError("the file is not CSV", found=str(problem), where=place) from None
        if not record:
            blank = blank or reader.line_num
            continue
        if blank:
            raise DataError("a line is blank", found=f"line {blank}", where=f"{path}:{blank}")
        yield record


def _check_header(header: list[str], path: Path) -> None:
    if not header:
        raise DataError("the file is empty", allowed="a header line and at least one row", where=str(path))
    _check_number(header, str(path))
    if any(not name.strip() for name in header):
        place = next(i for i, name in enumerate(header, start=1) if not name.strip())
        raise DataError("a column has no name", found=f"column {place} of the header", where=f"{path}:1")
    if len(header) == 1 and any(mark in header[0] for mark in ";\t|"):
        found = f"a header of one column, {shown(header[0])}"
        raise DataError("the columns are not separated by commas", found=found, where=f"{path}:1")


def _check_widths(chunk: list[list[str]], width: int, first_row: int, path: Path) -> None:
    wrong = [(row, len(record)) for row, record in enumerate(chunk, start=first_row) if len(record) != width]
    if wrong:
        told = "; ".join(f"row {row} has {found}" for row, found in wrong[:5])
        raise DataError(
            f"{len(wrong):,} rows do not have as many fields as the header",
            found=told + ("; ..." if len(wrong) > 5 else ""),
            allowed=f"{width} fields in every row",
            where=str(path),
        )


def _check_lengths(arrays: list[pa.ChunkedArray], header: list[str], path: Path) -> None:
    for name, array in zip(header, arrays, strict=True):
        longest = pc.max(pc.utf8_length(array)).as_py() or 0
        if longest > MAX_FIELD:
            raise DataError(
                "a field is too long to be data",
                found=f"{longest:,} characters in column {name!r}",
                allowed=f"{MAX_FIELD:,} characters",
                where=str(path),
            )


def _from_pandas(frame: pd.DataFrame) -> pa.Table:
    """Columns of a pandas frame; its index is not data. NaN and None are missing, as pandas has it."""
    strange = [name for name in frame.columns if not isinstance(name, str)]
    if strange:
        raise DataError("column names must be text", found=", ".join(map(repr, strange[:5])))
    arrays = [_column_from_pandas(frame.iloc[:, position]) for position in range(frame.shape[1])]
    return pa.table(arrays, names=list(frame.columns))


def _column_from_pandas(column: pd.Series) -> pa.Array | pa.ChunkedArray:
    try:
        if not isinstance(column.dtype, pd.PeriodDtype):
            return pa.array(column, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        pass
    return pa.array([_as_text(value) for value in column], pa.string())


def _as_text(value: object) -> str | None:
    """One cell of a column of mixed kinds, as a CSV file would hold it."""
    if isinstance(value, str):
        return value
    missing = pd.isna(value)  # type: ignore[call-overload]
    return None if missing is True else str(value)
