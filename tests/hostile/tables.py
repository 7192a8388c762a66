# ruff: noqa: E501
"""Attacks by tables: CSV, Parquet, and files that are something else."""

from __future__ import annotations

import io
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.hostile.attack import CANARY, Attack
from tests.hostile.documents import FIELDS, PAYLOAD

COLUMNS = "name: s\nfields:\n" + "\n".join(f"- {{name: field_{n:04}, type: string}}" for n in range(2_000))
OTHERS = ",".join(f"feild_{n:04}" for n in range(2_000)) + "\n" + ",".join(["x"] * 2_000) + "\n"
EVIL_PATTERN = "name: s\n" + FIELDS.replace("CONSTRAINTS", "{pattern: '(a+)+(b+)*(a|aa)+c'}")
ENUM = "name: s\n" + FIELDS.replace("CONSTRAINTS", "{enum: [yes, no]}")
NUMBER = "name: s\nfields: [{name: a, type: number}]"
WHOLE = "name: s\nfields: [{name: a, type: integer}]"


class Touch:
    """What runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {CANARY}",)


def cells(*wanted: str) -> Callable[[Any], None]:
    """A check that a table of one column holds these texts and nothing was made of them."""

    def check(table: Any) -> None:
        assert table.frame.iloc[:, 0].tolist() == list(wanted)

    return check


def _csv(name: str, tried: str, content: str | bytes, harmless: Any = None) -> Attack:
    return Attack(f"CSV: {name}", "CSV", tried, content, harmless)


def _checked(name: str, tried: str, schema: str, text: str, harmless: Any = None) -> Attack:
    return Attack(f"CSV: {name}", "table and schema", tried, lambda _: (schema, text), harmless)


FORMULAS = ("=cmd|' /C calc'!A0", "@SUM(1+1)", "+1+1", "-2+3")

CSVS = (
    _csv("huge field", "fill the memory with one field", "a\n" + "x" * 200_000 + "\n"),
    _csv("unclosed quote", "have the whole file taken for one field", 'a\n"' + "x\n" * 100_000),
    _csv("100,000 columns", "stall on columns", ",".join(f"c{n}" for n in range(100_000)) + "\n" + "," * 99_999 + "\n"),
    _csv("columns of one name", "stall on comparing 100,000 names", ",".join(["a"] * 100_000) + "\n" + "," * 99_999 + "\n"),
    _csv("two columns of one name", "show one column and analyse the other", "a,a\n1,2\n"),
    _csv("NUL", "cut a field short in other programs", "a\nx\0y\n"),
    _csv("UTF-16", "be read differently by the encoding", "a\nx\n".encode("utf-16")),
    _csv("overlong UTF-8", "smuggle a slash past a filter", b"a\n\xc0\xaf\n"),
    _csv("two byte-order marks", "hide a second mark in a column's name", b"\xef\xbb\xbf\xef\xbb\xbfa,b\nx,y\n"),
    _csv("right-to-left name", "show a column's name in another order", "a\u202eb,c\nx,y\n"),
    _csv("escape in a name", "clear the reader's screen by a column", "a\x1b[2J,b\nx,y\n"),
    _csv("widths", "shift cells into other columns", "a,b\n1,2\n3\n4,5,6\n"),
    _csv("formulas", "have cells evaluated", "a\n" + "\n".join(FORMULAS) + "\n", cells(*FORMULAS)),
    _csv("code", "have cells evaluated", f'a,b\n"{PAYLOAD}",1\n"{{{{7*7}}}}",2\n', cells(PAYLOAD, "{{7*7}}")),
    _csv("names of methods", "reach into objects by names of columns", "__class__,__init__\nx,y\nz,y\n", cells("x", "z")),
    _csv("only a header", "divide by no rows", "a,b\n"),
    _csv("a million empty lines", "stall on blank lines", "a\nx\n" + "\n" * 1_000_000 + "y\n"),
    _checked("exponential pattern", "match for hours (ReDoS)", EVIL_PATTERN, "a\n" + ("a" * 30_000 + "!\n") * 20),
    _checked("near misses", "compare 2,000 names with 2,000 others", COLUMNS, OTHERS),
    _checked("infinity", "carry infinity into a mean", NUMBER, "a\n1e999\n"),
    _checked("not a number", "carry NaN into a mean", NUMBER, "a\nNaN\n"),
    _checked("digits", "stall on a number of 60,000 digits", WHOLE, "a\n" + "9" * 60_000 + "\n"),
    _checked("escape in a cell", "clear the reader's screen by a message", ENUM, "a\n\x1b[2J\u202e\n"),
    _checked("many wrong cells", "make a message of megabytes", ENUM, "a\n" + "wrong" * 5_000 + "\n" + "x\n" * 50_000),
)  # fmt: skip


def written(table: pa.Table, **how: Any) -> bytes:
    """A table as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, **how)
    return sink.getvalue()


def _dictionary(_: Path) -> bytes:
    one = pa.DictionaryArray.from_arrays(pa.array([0] * 200_000, pa.int32()), pa.array(["x" * 900_000]))
    return written(pa.table({"a": one}))


def _runs(_: Path) -> bytes:
    return written(pa.table({"a": pa.array([1], pa.int64()).take(pa.array([0] * 7_000_000))}))


def _zeros(_: Path) -> bytes:
    long = pa.array(["0" * 60_000_000], pa.large_string())
    return written(pa.table({"a": long}), compression="zstd", use_dictionary=False)


def _lying_footer(_: Path) -> bytes:
    content = bytearray(written(pa.table({"a": ["x", "y"]})))
    content[-8:-4] = (2**32 - 1).to_bytes(4, "little")
    return bytes(content)


def _noise_in_metadata(_: Path) -> bytes:
    content = bytearray(written(pa.table({"a": ["x", "y"], "b": [1, 2]})))
    content[-60:-8] = bytes((37 * n) % 256 for n in range(52))
    return bytes(content)


def _pandas_metadata(_: Path) -> bytes:
    evil = {"index_columns": [{"kind": "range", "name": PAYLOAD, "start": 0, "stop": 10**12, "step": 1}]}
    evil |= {"columns": [{"name": "a", "field_name": "a", "pandas_type": PAYLOAD, "numpy_type": "object"}]}
    table = pa.table({"a": ["x", "y"]})
    return written(table.replace_schema_metadata({"pandas": json.dumps(evil)}))


def _pickled_type(_: Path) -> bytes:
    metadata = {
        b"ARROW:extension:name": b"arrow.py_extension_type",
        b"ARROW:extension:metadata": pickle.dumps(Touch()),
    }
    field = pa.field("a", pa.string(), metadata=metadata)
    return written(pa.table({"a": ["x", "y"]}, schema=pa.schema([field])))


def _nested(_: Path) -> bytes:
    return written(pa.table({"a": [[["x"]], [["y"]]]}))


def _wide(_: Path) -> bytes:
    return written(pa.table({f"c{n}": [1] for n in range(3_000)}))


def _folder(folder: Path) -> Path:
    (folder / "x.parquet").mkdir()
    return folder / "x.parquet"


def _pipe(folder: Path) -> Path:
    os.mkfifo(folder / "x.csv")
    return folder / "x.csv"


def _endless(folder: Path) -> Path:
    (folder / "x.csv").symlink_to("/dev/zero")
    return folder / "x.csv"


def _named(name: str, content: bytes) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return build


def _parquet(name: str, tried: str, content: Any, harmless: Any = None) -> Attack:
    return Attack(f"Parquet: {name}", "Parquet", tried, content, harmless)


PARQUETS = (
    _parquet("dictionary", "have 180 GB of text from 50 kB by a dictionary", _dictionary),
    _parquet("runs", "have 56 MB of numbers from some kilobytes by runs", _runs),
    _parquet("zeros", "have 60 MB of text from 6 kB by compression", _zeros),
    _parquet("lying footer", "have 4 GB of metadata read", _lying_footer),
    _parquet("noise in the metadata", "break the reader of Thrift", _noise_in_metadata),
    _parquet("cut off", "break the reader by a file that ends early", lambda _: written(pa.table({"a": [1]}))[:40]),
    _parquet("not Parquet", "break the reader by noise", b"PAR1" + bytes(range(256)) + b"PAR1"),
    _parquet("encrypted", "have a key asked for", b"PARE" + bytes(100) + b"PARE"),
    _parquet("metadata of pandas", "have an index of 10^12 rows, or a type, made", _pandas_metadata, cells("x", "y")),
    _parquet("pickled type", "run a command by an extension type (CVE-2023-47248)", _pickled_type, cells("x", "y")),
    _parquet("pickled cells", "have cells unpickled", lambda _: written(pa.table({"a": [pickle.dumps(Touch())]}))),
    _parquet("nested columns", "hide tables in cells", _nested),
    _parquet("3,000 columns", "stall on columns", _wide),
)  # fmt: skip


def _other(name: str, tried: str, content: Callable[[Path], Path]) -> Attack:
    return Attack(f"file: {name}", "table file", tried, content)


FILES = (
    _other("Excel", "have formulas and links of a workbook opened", _named("x.xlsx", b"PK\x03\x04")),
    _other("pickle", "have a pickle loaded", _named("x.pkl", pickle.dumps(Touch()))),
    _other("packed CSV", "have a bomb unpacked", _named("x.csv.gz", b"\x1f\x8b")),
    _other("NumPy", "have pickled objects of an array loaded", _named("x.npy", b"\x93NUMPY")),
    _other("folder as a file", "have every file of a folder read", _folder),
    _other("pipe", "hang on a pipe that nobody writes to", _pipe),
    _other("endless device", "read without end", _endless),
)
