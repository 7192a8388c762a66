"""Files and objects that hold no table are refused with what was found; harmless oddities are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from precept_stats.data.dataset import load_table
from precept_stats.errors import DataError

BAD_FILES: list[tuple[str, bytes, str, str]] = [
    ("absent.csv", b"", "no such file", ""),
    ("t.xlsx", b"x", "kind of file", "t.xlsx"),
    ("t.csv", b"", "is empty", ""),
    ("t.csv", b"\n\n", "is empty", ""),
    ("t.csv", b"a,b\n", "table is empty", "2 columns and no rows"),
    ("t.csv", "a\ncaf\u00e9\n".encode("latin-1"), "not UTF-8", "byte 0xE9 on line 2"),
    ("t.csv", "a\nx\n".encode("utf-16"), "not UTF-8", "line 1"),
    ("t.csv", b"a,b\n1,2\n1\n1,2,3\n", "2 rows do not have", "row 3 has 1; row 4 has 3"),
    ("t.csv", b"a,a\n1,2\n", "same name", "a"),
    ("t.csv", b"a,\n1,2\n", "has no name", "column 2"),
    ("t.csv", b"a;b\n1;2\n", "not separated by commas", "a;b"),
    ("t.csv", b'a\n"x\n', "not CSV", "end of data"),
    ("t.csv", b'a\n"x"y\n', "not CSV", "expected"),
    ("t.csv", b"a\nx\0\n", "not CSV text", "NUL character on line 2"),
    ("t.csv", b"a,b\n1,2\n\n3,4\n", "blank", "line 3"),
    ("t.csv", b"a,b\n1," + b"x" * 70_000 + b"\n", "too long", "70,000 characters in column 'b'"),
    ("t.csv", b"a,b\n1," + b"x" * 200_000 + b"\n", "too long", "more than 131,072"),
    ("t.parquet", b"not parquet", "not Parquet", "magic bytes"),
    ("t.parquet", b"", "not Parquet", ""),
]


@pytest.mark.parametrize(("name", "content", "problem", "found"), BAD_FILES)
def test_files_that_cannot_be_read(
    tmp_path: Path, name: str, content: bytes, problem: str, found: str
) -> None:
    path = tmp_path / name
    if name != "absent.csv":
        path.write_bytes(content)
    with pytest.raises(DataError, match=problem) as caught:
        load_table(path, None, "t")
    assert found in caught.value.found


def test_a_folder_is_not_a_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not a file"):
        load_table(tmp_path, None, "t")


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: {"a": [1]}, "not a table"),
        (lambda: pd.DataFrame(), "empty"),
        (lambda: pd.DataFrame({"a": []}), "empty"),
        (lambda: pd.DataFrame({1: [1]}), "must be text"),
        (lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]), "same name"),
        (lambda: pa.table({"a": [1]}).to_reader(), "only once"),
    ],
)
def test_objects_that_cannot_be_read(make: Callable[[], object], problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        load_table(make(), None, "t")  # type: ignore[arg-type]


def test_a_byte_order_mark_quotes_and_blank_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes('\ufeff"a","b"\r\n"x, y","line one\nline two"\r\n"",z\r\n\r\n'.encode())
    frame = load_table(path, None, "t").frame
    assert frame["a"].tolist()[0] == "x, y"
    assert frame["b"].tolist() == ["line one\nline two", "z"]
    assert frame["a"].isna().tolist() == [False, True]
