"""Every reader as a function of bytes, with valid documents to begin from, and ways to spoil these."""

from __future__ import annotations

import copy
import json
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa

import precept_stats as ps
from precept_stats.ard import from_json, read_parquet
from precept_stats.data.canonical import canonical_json
from precept_stats.data.dataset import load_table
from precept_stats.data.schema import schema_from_text
from precept_stats.data.shipped import shipped
from precept_stats.data.strict_yaml import load_strict
from precept_stats.errors import PreceptError
from precept_stats.evidence.manifest import manifest_problems
from precept_stats.evidence.verify.opened import unpack
from precept_stats.plan.lock_chain import chain_problems
from precept_stats.plan.lock_document import read_lock
from precept_stats.plan.reader import read_plan_text
from tests.hostile.bundles import honest
from tests.hostile.tables import written
from tests.plan.plans import good

Choose = Callable[[int], int]
"""A number from 0 to one less than what it is given."""
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 2**53, 2**64, -(2**63), 10**40, 0.5, 1e308, 1e-320, -0.0),
    *(
        "",
        " ",
        "x",
        "\x00",
        "\x1b[2J",
        "\u202e",
        "\ud800",
        "../x",
        "/etc/passwd",
        "NaN",
        "1",
        "null",
        "x" * 5_000,
    ),
    *(
        "__class__",
        "primary",
        "births",
        "2026-01-01",
        "a" * 64,
        "ok",
        "kind",
        "\u0430",
        "=1+1",
        "$x$",
        "[red]",
    ),
    *([], {}, [[]], [None], [1, "x"], {"": ""}, {"kind": "x"}, {"kind": []}, {"a": {"b": {}}}, ["x"] * 300),
)


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="surrogateescape")


def plan(content: bytes) -> object:
    return read_plan_text(_text(content), "plan.yaml")


def schema(content: bytes) -> object:
    return schema_from_text(_text(content), "schema.yaml")


def rows(content: bytes) -> object:
    return from_json(_text(content), "rows.json")


def lock(content: bytes) -> object:
    return chain_problems((read_lock(content, "0000.json"),))


def formula(content: bytes) -> object:
    return ps.formula(_text(content))


@cache
def _room() -> Path:
    return Path(tempfile.mkdtemp(prefix="precept-hostile-"))


def manifest(content: bytes) -> object:
    folder = _room() / "manifest"
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_bytes(content)
    return manifest_problems(folder)


def table(content: bytes) -> object:
    (_room() / "t.csv").write_bytes(content)
    return load_table(_room() / "t.csv", None, "table")


def parquet(content: bytes) -> object:
    (_room() / "t.parquet").write_bytes(content)
    return load_table(_room() / "t.parquet", None, "table")


def rows_parquet(content: bytes) -> object:
    (_room() / "rows.parquet").write_bytes(content)
    return read_parquet(_room() / "rows.parquet")


def bundle(content: bytes) -> object:
    with tempfile.TemporaryDirectory(dir=_room()) as inside:
        (_room() / "x.zip").write_bytes(content)
        unpack(_room() / "x.zip", Path(inside))
        return manifest_problems(Path(inside))


READERS: dict[str, Callable[[bytes], object]] = {
    "plan": plan,
    "schema": schema,
    "rows": rows,
    "lock": lock,
    "manifest": manifest,
    "formula": formula,
    "table": table,
    "parquet": parquet,
    "rows_parquet": rows_parquet,
    "bundle": bundle,
}


def refused(reader: str, content: bytes) -> PreceptError | None:
    """The error of a reader; None where it read. Whatever else is raised is a fault of the library."""
    try:
        READERS[reader](content)
    except PreceptError as problem:
        return problem
    return None


@cache
def _document(reader: str) -> Any:
    """The valid document of a reader of structured text."""
    if reader == "plan":
        return good()
    if reader == "schema":
        return load_strict(
            (shipped("data_schemas") / "births.yaml").read_text(encoding="utf-8"), "births"
        ).value
    if reader == "manifest":
        return json.loads((honest() / "manifest.json").read_bytes())
    if reader == "lock":
        return json.loads((honest(locked=True) / "plan.locks" / "0000.json").read_bytes())
    document = json.loads((honest() / "rows.json").read_bytes())
    for entry in document["analyses"]:
        entry["rows"] = entry["rows"][:5]
    return document | {"shared": document["shared"][:5]}


@cache
def seed(reader: str) -> bytes:
    """A valid document of a reader, as bytes."""
    if reader in STRUCTURED:
        return STRUCTURED[reader](_document(reader))
    if reader == "formula":
        return b"log(y) ~ arm * (a + b:c) + (1 + x || unit/period)"
    if reader == "table":
        return b'a,b,"c d"\n1,x,2020-01-01\n-2.5,"y ""z""",\n'
    if reader == "parquet":
        return written(pa.table({"a": ["x", None, "y"], "b": [1, 2, None], "c": [0.5, None, 1.0]}))
    if reader == "rows_parquet":
        return (honest() / "rows.parquet").read_bytes()
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", (honest() / "manifest.json").read_bytes())
        archive.writestr("figures/a.svg", b"<svg/>" * 50)
    return packed.getvalue()


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("ascii")


def _canonical(value: Any) -> bytes:
    try:
        return canonical_json(value)
    except PreceptError:
        return _json(value)


STRUCTURED: dict[str, Callable[[Any], bytes]] = {
    "plan": _json,
    "schema": _json,
    "rows": _json,
    "manifest": _json,
    "lock": _canonical,
}


def edited(reader: str, choose: Choose) -> bytes:
    """The valid document of a structured reader after one to three edits of its tree."""
    document = copy.deepcopy(_document(reader))
    for _ in range(1 + choose(3)):
        document = _edit(document, choose)
    return STRUCTURED[reader](document)


def _edit(document: Any, choose: Choose) -> Any:
    """Put an odd value somewhere, or take away, double, deepen or move what is there."""
    places = list(_places(document, ()))
    place = places[choose(len(places))]
    if not place:
        return document
    parent = _at(document, place[:-1])
    last, value = place[-1], _at(document, place)
    match choose(6):
        case 0 | 1:
            parent[last] = copy.deepcopy(ODD[choose(len(ODD))])
        case 2:
            del parent[last]
        case 3 if isinstance(parent, list):
            parent[last:last] = [copy.deepcopy(value)] * (1 + choose(3))
        case 3:
            parent[f"{last}{ODD[13 + choose(20)]}"] = copy.deepcopy(value)
        case 4:
            for _ in range(1 + choose(90)):
                value = [value] if choose(2) else {"kind": value}
            parent[last] = value
        case _:
            parent[last] = copy.deepcopy(_at(document, places[choose(len(places))]))
    return document


def _places(value: Any, at: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from _places(item, (*at, step))


def _at(value: Any, place: tuple[Any, ...]) -> Any:
    for step in place:
        value = value[step]
    return value


def spoilt(reader: str, choose: Choose) -> bytes:
    """The valid bytes of a reader after one to eight changes: bits turned, parts cut, doubled or put in."""
    content = bytearray(seed(reader))
    for _ in range(1 + choose(8)):
        at = choose(len(content) or 1)
        match choose(5):
            case 0 | 1 if content:
                content[at] ^= 1 << choose(8)
            case 2:
                del content[at : at + 1 + choose(40)]
            case 3:
                content[at:at] = content[at : at + 1 + choose(200)]
            case _:
                content[at:at] = PIECES[choose(len(PIECES))]
    return bytes(content)


PIECES = (
    *(
        b"\x00",
        b"\xff" * 4,
        b"\x7f\xff\xff\xff",
        b"\xef\xbb\xbf",
        b"\xc0\xaf",
        b"\xed\xa0\x80",
        b"\r",
        b"\n",
        b"\t",
    ),
    *(
        b'"',
        b"'",
        b"[" * 50,
        b"{" * 50,
        b"&a ",
        b"*a",
        b"!!x ",
        b"<<: ",
        b"- ",
        b": ",
        b"? ",
        b"|",
        b">",
        b"%",
        b"---\n",
    ),
    *(
        b"1e999",
        b"9" * 30,
        b"NaN",
        b"\\ud800",
        b"\\u0000",
        b",",
        b",,,,",
        b"~",
        b"(",
        b")" * 9,
        b"||",
        b"PK\x01\x02",
    ),
)
