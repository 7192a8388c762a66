# ruff: noqa: E501
"""Attacks by results: rows in JSON and Parquet, locks, and manifests."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa

from precept_stats.data.canonical import canonical_json
from tests.hostile.attack import Attack
from tests.hostile.bundles import honest
from tests.hostile.documents import PAYLOAD
from tests.hostile.tables import written


def _good() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((honest() / "rows.json").read_text(encoding="utf-8"))
    loaded["analyses"] = loaded["analyses"][:1]
    loaded["analyses"][0]["rows"] = loaded["analyses"][0]["rows"][:3]
    loaded["shared"] = loaded["shared"][:2]
    return loaded


def rows(*place: str | int, value: object) -> Callable[[Path], str]:
    """Good rows with another value in one place."""

    def build(_: Path) -> str:
        document: Any = _good()
        inner = document
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = value
        return json.dumps(document)

    return build


def swapped(old: str, new: str) -> Callable[[Path], str]:
    """Good rows with a text put in place of another, which must be there."""

    def build(_: Path) -> str:
        text = json.dumps(_good())
        assert old in text
        return text.replace(old, new, 1)

    return build


def _sparse(folder: Path) -> Path:
    with (folder / "rows.json").open("wb") as stream:
        stream.truncate(101_000_000)
    return folder / "rows.json"


def _rows(name: str, tried: str, content: Any, harmless: Any = None) -> Attack:
    return Attack(f"rows: {name}", "rows.json", tried, content, harmless)


def _same(results: Any) -> None:
    assert PAYLOAD in repr(results.warnings)


FIRST = ("analyses", 0, "rows", 0)

ROWS = (
    _rows("deep lists", "overflow the stack", "[" * 1_000_000),
    _rows("deep objects", "overflow the stack", '{"a":' * 200_000 + "1" + "}" * 200_000),
    _rows("deep warnings", "overflow the stack later, in what is read", rows("warnings", value=json.loads("[" * 90 + "]" * 90))),
    _rows("NaN", "carry NaN past comparisons", rows(*FIRST, "stat", value=float("nan"))),
    _rows("infinity", "carry infinity past comparisons", rows(*FIRST, "stat", value=float("-inf"))),
    _rows("1e400", "carry infinity in as a number", swapped('"shared"', '"more": 1e400, "shared"')),
    _rows("5,000 digits", "stall on a huge integer", swapped('"shared"', f'"more": {"9" * 5000}, "shared"')),
    _rows("beyond 2^53", "mean one number here and another elsewhere", rows("provenance", "seed", value=2**53 + 1)),
    _rows("given twice", "show one number and mean another", swapped('"precept_results"', '"warnings": [], "precept_results"')),
    _rows("a list", "confuse the reader by another kind", "[]"),
    _rows("null", "confuse the reader by another kind", "null"),
    _rows("nothing", "confuse the reader by an empty file", ""),
    _rows("an object as a number", "confuse the reader by another kind", rows(*FIRST, "stat", value={"a": 1})),
    _rows("a list as an interval", "confuse the reader by another kind", rows("analyses", 0, "estimates", value=[{"interval": [1]}])),
    _rows("numbers as rows", "confuse the reader by another kind", rows("analyses", 0, "rows", value=[1])),
    _rows("unknown field", "set a private field", rows(*FIRST, "__class__", value="os")),
    _rows("unknown outcome", "have a class of one's own made", rows("analyses", 0, "outcome", value="os.system")),
    _rows("group as an object", "confuse the reader by another kind", rows(*FIRST, "group1", value={"a": "b"})),
    _rows("million values", "fill the memory", "[" + "[]," * 5_000_000 + "[]]"),
    _rows("101 MB", "fill the memory", _sparse),
    _rows("UTF-16", "be read differently by the encoding", "{}".encode("utf-16")),
    _rows("half a character", "crash whoever writes the page", rows("warnings", value=["\ud800"])),
    _rows("code", "have a text evaluated", rows("warnings", value=[PAYLOAD]), _same),
    Attack("rows.parquet: other columns", "rows.parquet", "confuse the reader by other columns", lambda _: written(pa.table({"a": [1]}))),
    Attack("rows.parquet: unknown type", "rows.parquet", "have a type of one's own called", lambda _: written(pa.table({"stat": [1.0], "stat_text": [""], "stat_type": ["eval"]}))),
    Attack("rows.parquet: numbers as text", "rows.parquet", "confuse the reader by other types", lambda _: written(pa.table({"stat": ["x"], "stat_text": [1], "stat_type": ["int"]}))),
)  # fmt: skip


def _lock() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((honest(locked=True) / "plan.locks" / "0000.json").read_bytes())
    return loaded


def lock(*place: str, value: object) -> Callable[[Path], bytes]:
    """A good lock in canonical form, with another value in one place."""

    def build(_: Path) -> bytes:
        document: Any = _lock()
        inner = document
        for step in place[:-1]:
            inner = inner[step]
        inner[place[-1]] = value
        return canonical_json(document)

    return build


def deep(levels: int) -> Any:
    """Lists, one in the other."""
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def _many_files(folder: Path) -> Path:
    for n in range(1_200):
        (folder / f"{n:04}.json").write_bytes(b"{}")
    return folder


def _linked(folder: Path) -> Path:
    (folder / "0000.json").symlink_to("/dev/zero")
    return folder


def _pipe(folder: Path) -> Path:
    import os

    os.mkfifo(folder / "0000.json")
    return folder


def _rewritten(folder: Path) -> Path:
    evil = "id: !!python/object/apply:os.system ['touch canary']\n"
    (folder / "0000.json").write_bytes(lock("plan", "text", value=evil)(folder))
    return folder


SIGNATURE = {"algorithm": "ed25519", "name": "x", "public_key": "A" * 43 + "=", "signature": "A" * 86 + "=="}


def _of_lock(name: str, tried: str, content: Any) -> Attack:
    return Attack(f"lock: {name}", "lock", tried, content)


def _of_chain(name: str, tried: str, content: Any) -> Attack:
    return Attack(f"lock: {name}", "chain of locks", tried, content)


LOCKS = (
    _of_lock("deep", "overflow the stack", "[" * 100_000),
    _of_lock("deep plan", "overflow the stack later, in what is stated", lock("plan", "stated", value={"a": deep(180)})),
    _of_lock("given twice", "mean one thing here and another elsewhere", lambda _: b'{"kind":"lock",' + lock("kind", value="lock")(_)[1:]),
    _of_lock("NaN", "have a digest of what has none", b'{"precept_lock":NaN}'),
    _of_lock("not canonical", "change a lock and keep what it says", lambda _: json.dumps(_lock()).encode()),
    _of_lock("many values", "stall on 300,000 values", lock("plan", "stated", value={"a": [0] * 300_000})),
    _of_lock("nine megabytes", "have a huge lock read", lambda _: b" " * 9_000_000),
    _of_lock("many signatures", "stall on 5,000 signatures", lock("signatures", value=[SIGNATURE] * 5_000)),
    _of_lock("broken key", "crash whoever decodes the key", lock("signatures", value=[SIGNATURE | {"public_key": "A"}])),
    _of_lock("other algorithm", "have no signature needed", lock("signatures", value=[SIGNATURE | {"algorithm": "none"}])),
    _of_lock("unknown field", "say more than is read", lock("more", value=1)),
    _of_chain("many files", "stall on 1,200 locks", _many_files),
    _of_chain("link", "read a device without end", _linked),
    _of_chain("pipe", "hang on a pipe that nobody writes to", _pipe),
    _of_chain("tag in the text", "run a command by the text of a locked plan", _rewritten),
)  # fmt: skip


def problems(*words: str) -> Callable[[Any], None]:
    """A check that problems are told, and these words are among them."""

    def check(found: Any) -> None:
        assert found
        assert all(any(word in one for one in found) for word in words), found

    return check


def manifest(value: object, *place: str) -> Callable[[Path], str]:
    """The manifest of a bundle with another value in one place."""

    def build(_: Path) -> str:
        document = json.loads((honest() / "manifest.json").read_text(encoding="utf-8"))
        document[place[0]] = value
        return json.dumps(document)

    return build


def _entry(path: str) -> dict[str, Any]:
    return {"path": path, "sha256": "0" * 64, "bytes": 1}


def _of_manifest(name: str, tried: str, content: Any, *words: str) -> Attack:
    return Attack(f"manifest: {name}", "manifest", tried, content, problems(*words))


MANIFESTS = (
    _of_manifest("deep", "overflow the stack", "[" * 100_000, "not JSON"),
    _of_manifest("given twice", "list other files to other readers", '{"files": [], "files": [1]}', "given twice"),
    _of_manifest("climbing", "have a file outside compared", manifest([_entry("../../etc/passwd")], "files"), "leaves the folder"),
    _of_manifest("absolute", "have any file compared", manifest([_entry("/etc/passwd")], "files"), "leaves the folder"),
    _of_manifest("terminal escape", "clear the reader's screen by a path", manifest([_entry("\x1b[2J")], "files"), "pattern"),
    _of_manifest("negative size", "confuse sums", manifest([_entry("a") | {"bytes": -1}], "files"), "greater than"),
    _of_manifest("listed twice", "list one file with two digests", manifest([_entry("a"), _entry("a")], "files"), "listed twice"),
    _of_manifest("100,001 files", "stall on files", manifest([_entry(f"f{n}") for n in range(100_001)], "files"), "at most"),
)  # fmt: skip
