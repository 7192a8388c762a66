"""Parquet files of strangers: measured before they are decoded, and read as plain columns.

A few kilobytes of Parquet can stand for terabytes, by runs and dictionaries. So columns of text are first
read as dictionaries, which are as large as the file says, and decoded only when what they stand for fits.
Metadata of pandas and of extension types are never acted on.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from precept_stats.errors import DataError

MAX_COLUMNS = 2_000
MAX_CELLS = 400_000_000
MAX_TEXT = 4_000_000_000
"""Bytes that the texts of a file may have, decoded."""
MAX_EXPANSION = 1_000
"""How many times its own size a file may decode to, beyond ``SMALL`` bytes."""
SMALL = 50_000_000
BATCH = 65_536


def read_parquet_file(path: Path) -> pa.Table:
    """The columns of a file. Raises DataError for what is not Parquet, and for far too much inside."""
    try:
        return _read(path)
    except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as problem:
        found = _said(problem)
        raise DataError("the file is not Parquet that can be read", found=found, where=str(path)) from None


def _read(path: Path) -> pa.Table:
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow.remove_metadata()
        _check_columns(schema, path)
        rows, size = _announced(file.metadata)
    cells = rows * len(schema)
    allowed = max(SMALL, MAX_EXPANSION * path.stat().st_size)
    if cells > MAX_CELLS:
        raise DataError("too many cells", found=f"{cells:,}", allowed=f"{MAX_CELLS:,}", where=str(path))
    if max(size, 8 * cells) > allowed:
        raise DataError("a file that decodes to far too much", found=f"{cells:,} cells", where=str(path))
    texts = [one.name for one in schema if _is_text(one.type)]
    with pq.ParquetFile(path, read_dictionary=texts) as file:
        table = _columns(file, rows).replace_schema_metadata(None)
    if (size := _text_size(table)) > min(MAX_TEXT, allowed):
        found = f"{size:,} bytes of text"
        raise DataError("a file that decodes to far too much", found=found, where=str(path))
    kept = [one.remove_metadata() for one in schema]
    return pa.table(
        [_as(column, one.type) for column, one in zip(table.columns, kept, strict=True)],
        schema=pa.schema(kept),
    )


def _announced(metadata: pq.FileMetaData) -> tuple[int, int]:
    """The rows of a file, and its bytes uncompressed, by what its groups of rows say.

    The metadata of columns are left alone: pyarrow ends the process where these are damaged.
    """
    groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
    return sum(group.num_rows for group in groups), sum(group.total_byte_size for group in groups)


def _columns(file: pq.ParquetFile, announced: int) -> pa.Table:
    """All rows, some thousands at a time, so that no more are made than were announced."""
    batches, rows = [], 0
    for batch in file.iter_batches(batch_size=BATCH):
        rows += batch.num_rows
        if rows > announced:
            raise ValueError("more rows than the file says that it has")
        batches.append(batch)
    return pa.Table.from_batches(batches, None if batches else file.schema_arrow)


def _is_text(kind: pa.DataType) -> bool:
    tests = (pa.types.is_string, pa.types.is_binary, pa.types.is_large_string, pa.types.is_large_binary)
    return any(test(kind) for test in tests)


def _check_columns(schema: pa.Schema, path: Path) -> None:
    if len(schema) > MAX_COLUMNS:
        raise DataError(
            "too many columns", found=f"{len(schema):,}", allowed=f"{MAX_COLUMNS:,}", where=str(path)
        )
    nested = [one.name for one in schema if pa.types.is_nested(one.type)]
    if nested:
        raise DataError("columns that hold lists or structures", found=", ".join(nested[:5]), where=str(path))


def _text_size(table: pa.Table) -> int:
    """Bytes of the texts of all cells, without making them."""
    total = 0
    for column in table.columns:
        if pa.types.is_dictionary(column.type):
            for chunk in column.chunks:
                lengths = pc.binary_length(chunk.dictionary)
                total += pc.sum(pc.take(lengths, chunk.indices)).as_py() or 0
    return total


def _as(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    return column if column.type == kind else column.cast(kind)


def _said(problem: Exception) -> str:
    if isinstance(problem, MemoryError):
        return "more than fits into memory"
    return (str(problem).split("\n", 1)[0] or "damaged content")[:300]
