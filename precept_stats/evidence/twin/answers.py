"""What R answered, read back from its CSV with care: numbers by row, versions, digests of what it read."""

from __future__ import annotations

import csv
import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from precept_stats.errors import DataError
from precept_stats.values import Result, Row

HEADER = ["analysis", "what", "value", "mcse"]
LARGEST = 4_000_000
WHAT = re.compile(r"([a-z_]+)\.([a-z_0-9]+)(?:\[([a-z_]+)=([A-Za-z0-9_]+)\])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Number:
    """One number of R: the row that it is held against, and its Monte Carlo error where it was drawn."""

    what: str
    value: float
    mcse: float | None


@dataclass(frozen=True, slots=True)
class Answers:
    """Everything in the output: numbers by analysis, versions by program, MD5 of the files that R read."""

    numbers: Mapping[str, tuple[Number, ...]]
    software: Mapping[str, str]
    read: Mapping[str, str]


def read_answers(path: Path) -> Answers:
    """The output of a script. Raises DataError where it is none."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
        raise DataError("the output of R cannot be read", found=path.name, allowed="a file, not a link")
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    except (UnicodeDecodeError, csv.Error) as problem:
        raise DataError("the output of R cannot be read", found=str(problem), where=path.name) from None
    if not rows or rows[0] != HEADER or any(len(row) != len(HEADER) for row in rows):
        raise DataError("this is not the output of the script", allowed=",".join(HEADER), where=path.name)
    numbers: dict[str, list[Number]] = {}
    software, read = {}, {}
    for place, (analysis, what, value, mcse) in enumerate(rows[1:], start=2):
        if what.startswith("software."):
            software[what.removeprefix("software.")] = value
        elif what.startswith("md5."):
            read[what.removeprefix("md5.")] = value
        else:
            where = f"{path.name}, line {place}"
            told = Number(what, _number(value, where), _number(mcse, where) if mcse else None)
            numbers.setdefault(analysis, []).append(told)
    return Answers({name: tuple(found) for name, found in numbers.items()}, software, read)


def _number(text: str, where: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise DataError("this is no number", found=repr(text[:40]), where=where)
    return found


def md5_of(text: str) -> str:
    """The MD5 of a file's text, which base R can compute: it tells a stale output, it is no signature."""
    return hashlib.md5(text.encode("utf-8"), usedforsecurity=False).hexdigest()


def row_called(what: str, result: Result, arms: tuple[str, str]) -> Row | None:
    """The row that a name such as ``arm_summary.estimate[arm=1]`` stands for; None where there is none."""
    parts = WHAT.fullmatch(what)
    if parts is None:
        return None
    context, stat, key, level = parts.groups()
    if key == "arm":
        level = arms[int(level == "1")]
    rows = [
        row
        for row in result.rows
        if row.context == context
        and row.stat_name == stat
        and (key is None or _told(row, key) == level)
        and (key is not None or context not in ("fit", "icc") or not row.groups)
    ]
    return rows[0] if len(rows) == 1 and isinstance(rows[0].stat, int | float) else None


def _told(row: Row, key: str) -> str:
    return row.group(key) or (row.term if key == "term" else "")
