"""A fingerprint of what a table says, whatever file it came in and whatever order its rows are in.

Each row becomes one JSON array of texts (ASCII, no spaces; null where missing), its columns in
the order of their names. The rows are sorted as text, the array of column names is put first,
and the SHA-256 is taken of the lines, each ended by a line feed. Numbers are written as
``number_text`` says, booleans as true and false, dates as YYYY-MM-DD.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

_EXACT_FLOAT = 2.0**53
_ENCODER = json.JSONEncoder(separators=(",", ":"))


def table_digest(frame: pd.DataFrame) -> str:
    """SHA-256 in hex of a table that has its schema's types."""
    names = sorted(frame.columns)
    columns = [_texts(frame[name]) for name in names]
    lines = sorted(_line(row) for row in zip(*columns, strict=True))
    digest = hashlib.sha256((_line(names) + "\n").encode("ascii"))
    for line in lines:
        digest.update((line + "\n").encode("ascii"))
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 in hex of the bytes of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def number_text(value: float) -> str:
    """A number as the digest writes it.

    Digits alone when whole and below 2^53, else the shortest decimal that reads back as the same
    double, as Python's ``repr`` gives it.
    """
    if value == int(value) and abs(value) < _EXACT_FLOAT:
        return str(int(value))
    return repr(value)


def _line(texts: Iterable[str | None]) -> str:
    return _ENCODER.encode(list(texts))


def _texts(column: pd.Series) -> list[str | None]:
    missing = column.isna()
    if pd.api.types.is_datetime64_any_dtype(column):
        texts = column.dt.strftime("%Y-%m-%d").tolist()
    elif pd.api.types.is_bool_dtype(column):
        texts = ["true" if value is True else "false" for value in column.tolist()]
    elif pd.api.types.is_float_dtype(column):
        texts = [number_text(value) for value in column.fillna(0.0).tolist()]
    else:
        texts = [str(value) for value in column.tolist()]
    return [None if gone else text for gone, text in zip(missing.tolist(), texts, strict=True)]
