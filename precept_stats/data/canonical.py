"""Canonical JSON (RFC 8785): one text for one value, so that its digest says what was stated.

Keys stand in the order of their UTF-16 code units, numbers are written as ECMAScript writes them, no
space is left, and the text is UTF-8. Only I-JSON (RFC 7493) has such a form.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from decimal import Decimal

from precept_stats.errors import DataError

LARGEST_INTEGER = 2**53 - 1
DEEPEST = 200
_FEWEST_ZEROS, _MOST_DIGITS = -6, 21
_ESCAPED = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPES = str.maketrans({chr(code): f"\\u{code:04x}" for code in range(32)} | _ESCAPED)
_SURROGATE = re.compile("[\ud800-\udfff]")


def canonical_json(value: object) -> bytes:
    """The canonical form of a value of dicts, lists, str, int, float, bool and None.

    Raises DataError for what I-JSON cannot hold: NaN, infinity, integers beyond 2^53 - 1, lone
    surrogates, keys that are not text, and for more than 200 levels.
    """
    return _text(value, 0).encode("utf-8")


def canonical_digest(value: object) -> str:
    """SHA-256 in hex of the canonical form."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def is_canonical(content: bytes) -> bool:
    """Whether these bytes are the canonical form of what they say."""
    try:
        return canonical_json(json.loads(content)) == content
    except (ValueError, RecursionError, DataError):
        return False


def _text(value: object, depth: int) -> str:
    if depth > DEEPEST:
        raise DataError("the value is nested too deeply", allowed=f"{DEEPEST} levels")
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, list | tuple):
        return f"[{','.join(_text(item, depth + 1) for item in value)}]"
    if isinstance(value, dict):
        names = sorted(value, key=_units)
        return f"{{{','.join(f'{_string(name)}:{_text(value[name], depth + 1)}' for name in names)}}}"
    raise DataError("this has no form in JSON", found=type(value).__name__)


def _units(name: object) -> bytes:
    """The UTF-16 code units of a key, which order as these bytes do."""
    if not isinstance(name, str):
        raise DataError("a key is not text", found=repr(name)[:80])
    return name.encode("utf-16-be", errors="surrogatepass")


def _string(value: str) -> str:
    if _SURROGATE.search(value):
        raise DataError("text with half of a surrogate pair", found=ascii(value[:80])[:80])
    return f'"{value.translate(_ESCAPES)}"'


def _integer(value: int) -> str:
    if abs(value) > LARGEST_INTEGER:
        raise DataError(
            "an integer that other readers of JSON would round", found=str(value)[:40], allowed="2^53 - 1"
        )
    return str(value)


def number_text(value: float) -> str:
    """A number as ECMAScript writes it (ECMA-262, Number::toString): 1e-7, 0.000001, 1e+21."""
    if not math.isfinite(value):
        raise DataError("a number that JSON cannot hold", found=repr(value))
    if value == 0:
        return "0"
    written = Decimal(repr(abs(float(value)))).as_tuple()
    digits = "".join(map(str, written.digits)).rstrip("0")
    point = len(written.digits) + int(written.exponent)
    sign = "-" if value < 0 else ""
    if len(digits) <= point <= _MOST_DIGITS:
        return sign + digits.ljust(point, "0")
    if 0 < point <= _MOST_DIGITS:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if _FEWEST_ZEROS < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}e{point - 1:+d}"
