"""The one door for JSON of strangers: I-JSON (RFC 7493), bounded, and the same to every reader.

Refused: keys given twice, NaN and infinities, numbers that a double or 2^53 - 1 cannot hold, text that is
not UTF-8, more than 64 levels, and more bytes or values than the document can need.
"""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

from precept_stats.errors import DataError

MAX_BYTES = 100_000_000
MAX_VALUES = 3_000_000
"""Values that a document may have; each takes up to 150 bytes when it is read."""
MAX_DEPTH = 64
LARGEST_INTEGER = 2**53 - 1
_SURROGATE, _SURROGATE_READ = re.compile(rb"\\u[dD][89a-fA-F]"), re.compile("[\ud800-\udfff]")


def load_json(content: bytes, name: str, most: int = MAX_VALUES) -> Any:
    """What a JSON document says, of ``most`` values. Raises DataError, which names the file."""
    if len(content) > MAX_BYTES:
        raise DataError("the document is too large", allowed=f"{MAX_BYTES:,} bytes", where=name)
    if sum(content.count(sign) for sign in (b",", b"[", b"{")) > most:
        raise DataError("the document has too many values", allowed=f"{most:,}", where=name)
    try:
        value = _DECODER.decode(content.decode("utf-8"))
        if _SURROGATE.search(content) and _SURROGATE_READ.search(json.dumps(value, ensure_ascii=False)):
            raise ValueError("half of a surrogate pair")
    except (ValueError, RecursionError) as problem:
        raise DataError("the document is not JSON", found=_said(problem), where=name) from None
    if _deeper_than(value, MAX_DEPTH):
        raise DataError("the document is nested too deeply", allowed=f"{MAX_DEPTH} levels", where=name)
    return value


def read_json_file(path: Path, most: int = MAX_VALUES) -> Any:
    """What an ordinary file says. Raises DataError where there is none, or it is a link."""
    if path.is_symlink() or not path.is_file():
        raise DataError("an ordinary file is missing", found=path.name, where=path.parent.name)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError("the document is too large", allowed=f"{MAX_BYTES:,} bytes", where=path.name)
        content = path.read_bytes()
    except OSError as problem:
        raise DataError("the file cannot be read", found=problem.strerror or "", where=path.name) from None
    return load_json(content, path.name, most)


def _said(problem: Exception) -> str:
    if isinstance(problem, RecursionError):
        return "far too many levels"
    return "text that is not UTF-8" if isinstance(problem, UnicodeDecodeError) else str(problem)[:200]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"a key is given twice: {next(n for n in found if names.count(n) > 1)!r}"[:120])
    return found


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"a number that is too large: {text[:40]}")
    return value


def _integer(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > LARGEST_INTEGER:
        raise ValueError(f"a whole number beyond 2^53 - 1: {text[:40]}")
    return int(text)


def _constant(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _deeper_than(value: object, most: int) -> bool:
    level: list[object] = [value]
    for _ in range(most + 1):
        level = [inside for part in level for inside in _inside(part) if isinstance(inside, dict | list)]
        if not level:
            return False
    return True


def _inside(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


_DECODER = json.JSONDecoder(
    object_pairs_hook=_once, parse_float=_float, parse_int=_integer, parse_constant=_constant
)
