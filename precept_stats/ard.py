"""Results as files and frames: JSON and Parquet at full precision, and comparison of two sets.

The layout is docs/rows.md: one row a statistic, groups as ``group1, group1_level, ...``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import TypeAdapter

from precept_stats.data.parquet import read_parquet_file
from precept_stats.data.strict_json import load_json, read_json_file
from precept_stats.errors import DataError
from precept_stats.values import Failure, Result, Results, Row

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "1"
MAX_GROUPS = 4
WITHOUT_END = {"lower": -math.inf, "upper": math.inf}
"""The limits of an interval, and what each is where it has no end."""
Number = float | int | str | None

MAX_CELLS = 20_000_000
_UNREADABLE = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError)
"""What Python raises where a document is not built as results are."""

_ROW = TypeAdapter(Row)
_NAMES = frozenset(part.name for part in fields(Row))
_RESULTS = TypeAdapter(Results)


def flatten(row: Row) -> dict[str, Number]:
    """A row as atomic cells; groups become ``group1``, ``group1_level`` and so on."""
    cells: dict[str, Number] = {}
    for part in fields(row):
        if part.name != "groups":
            cells[part.name] = getattr(row, part.name)
            continue
        for position, (name, level) in enumerate(row.groups, 1):
            cells[f"group{position}"] = name
            cells[f"group{position}_level"] = level
    return cells


def unflatten(cells: Mapping[str, Number]) -> Row:
    """The row that :func:`flatten` was given."""
    groups = tuple(
        (cells[f"group{position}"], cells[f"group{position}_level"])
        for position in range(1, MAX_GROUPS + 1)
        if cells.get(f"group{position}")
    )
    plain = {name: value for name, value in cells.items() if not name.startswith("group")}
    if not plain.keys() <= _NAMES:
        raise ValueError(f"a row has no field {min(plain.keys() - _NAMES)!r}")
    return _ROW.validate_python({**plain, "groups": groups})


def to_frame(rows: Iterable[Row]) -> pd.DataFrame:
    """Rows as a tidy DataFrame, one row a statistic; ``stat`` holds numbers and words as they are."""
    import pandas as pd

    cells = [flatten(row) for row in rows]
    frame = pd.DataFrame(cells)
    if cells:
        frame["stat"] = pd.Series([row["stat"] for row in cells], dtype=object)
    return frame


def to_json(results: Results) -> str:
    """Results as JSON text. Floats keep all their digits; NaN and infinity are refused.

    A limit of an interval without end is null.
    """
    document = {
        "precept_results": FORMAT,
        "provenance": asdict(results.provenance),
        "warnings": list(results.warnings),
        "shared": [flatten(row) for row in results.shared],
        "analyses": [_flat(value) for value in results.analyses],
    }
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)


def _flat(value: Result | Failure) -> dict[str, Any]:
    rest = {k: v for k, v in asdict(_without_draws(value)).items() if k not in ("rows", "draws")}
    for interval in _intervals(rest):
        ends = ((side, interval[side]) for side in WITHOUT_END)
        interval.update({side: None if math.isinf(end) else end for side, end in ends})
    return {"outcome": type(value).__name__.lower(), **rest, "rows": [flatten(row) for row in value.rows]}


def entry_to_json(entry: Result | Failure) -> str:
    """One entry of a set of results as JSON text, as it stands in the whole."""
    return json.dumps(_flat(entry), ensure_ascii=False, allow_nan=False)


def entry_from_json(text: str) -> Result | Failure:
    """The entry that :func:`entry_to_json` wrote. Raises DataError when the text is something else."""
    try:
        return _entry(load_json(text.encode("utf-8", errors="replace"), "an entry of results"))
    except _UNREADABLE as problem:
        raise DataError("this is not an entry of results", found=str(problem)[:300]) from None


def _without_draws(entry: Result | Failure) -> Result | Failure:
    return entry if isinstance(entry, Failure) else replace(entry, draws=None)


def from_json(text: str, name: str = "results") -> Results:
    """The results that :func:`to_json` wrote. Raises DataError when the text is something else."""
    return _results(load_json(text.encode("utf-8", errors="replace"), name), name)


def _results(document: Any, name: str) -> Results:
    try:
        if document["precept_results"] != FORMAT:
            found = str(document["precept_results"])[:40]
            raise DataError("results of another format", found=found, allowed=FORMAT)
        shared = [asdict(unflatten(cells)) for cells in document["shared"]]
        analyses = [_entry(value) for value in document["analyses"]]
        body = {"provenance": document["provenance"], "warnings": document["warnings"]}
        return _RESULTS.validate_python({**body, "shared": shared, "analyses": analyses})
    except _UNREADABLE as problem:
        raise DataError("this is not a results file", found=str(problem)[:300], where=name) from None


def _entry(value: Mapping[str, Any]) -> Result | Failure:
    kind = {"result": Result, "failure": Failure}[value["outcome"]]
    rest = {k: v for k, v in value.items() if k not in ("outcome", "rows")}
    for interval in _intervals(rest):
        interval.update({side: end for side, end in WITHOUT_END.items() if interval[side] is None})
    rows = [asdict(unflatten(cells)) for cells in value["rows"]]
    entry: Result | Failure = TypeAdapter(kind).validate_python({**rest, "rows": rows})
    return entry


def _intervals(entry: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The interval of each estimate of an entry."""
    return [estimate["interval"] for estimate in entry.get("estimates", ())]


def write_json(results: Results, path: Path) -> None:
    """Write results as JSON."""
    path.write_text(to_json(results), encoding="utf-8")


def read_json(path: Path) -> Results:
    """Read results that :func:`write_json` wrote. Raises DataError when there are none."""
    return _results(read_json_file(path), path.name)


def write_parquet(rows: Iterable[Row], path: Path) -> None:
    """Write rows as Parquet: numbers in ``stat``, words in ``stat_text``, ``stat_type`` tells which."""
    import pyarrow as pa  # type: ignore[import-untyped]
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    cells = [flatten(row) for row in rows]
    names = [part.name for part in fields(Row) if part.name not in ("groups", "stat")]
    names += [f"group{k}{suffix}" for k in range(1, MAX_GROUPS + 1) for suffix in ("", "_level")]
    columns = {name: pa.array([row.get(name) for row in cells], pa.string()) for name in names}
    stats = [row["stat"] for row in cells]
    columns["stat"] = pa.array(
        [None if isinstance(s, str) or s is None else float(s) for s in stats], pa.float64()
    )
    columns["stat_text"] = pa.array([s if isinstance(s, str) else None for s in stats], pa.string())
    columns["stat_type"] = pa.array([type(s).__name__ for s in stats], pa.string())
    pq.write_table(pa.table(columns), path)


def read_parquet(path: Path) -> tuple[Row, ...]:
    """Read rows that :func:`write_parquet` wrote. Raises DataError where there are none."""
    back = {"float": float, "int": int, "str": str}

    def row(cells: dict[str, Any]) -> Row:
        text, kind, number = cells.pop("stat_text"), cells.pop("stat_type"), cells.pop("stat")
        stat = None if kind == "NoneType" else back[kind](text if kind == "str" else number)
        return unflatten({**{k: v for k, v in cells.items() if v is not None}, "stat": stat})

    table = read_parquet_file(path)
    if table.num_rows * table.num_columns > MAX_CELLS:
        raise DataError("too many rows to be results", found=f"{table.num_rows:,}", where=path.name)
    try:
        return tuple(row(cells) for cells in table.to_pylist())
    except _UNREADABLE as problem:
        raise DataError("this is not a file of rows", found=str(problem)[:300], where=path.name) from None


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far two floats may lie apart: relative to the larger, or absolutely. Counts and words: equal.

    ``absolute`` is 0 unless given, so that small numbers are held as tightly as large ones.
    """

    relative: float = 1e-9
    absolute: float = 0.0

    def same(self, a: Number, b: Number) -> bool:
        if isinstance(a, float) and isinstance(b, float):
            return math.isclose(a, b, rel_tol=self.relative, abs_tol=self.absolute)
        return a == b and type(a) is type(b)


@dataclass(frozen=True, slots=True)
class Difference:
    """One row on which two sets of results do not agree; ``None`` where a side has no such row."""

    kind: Literal["only_in_a", "only_in_b", "value", "status"]
    row: Row
    a: Number
    b: Number


def compare(a: Iterable[Row], b: Iterable[Row], tolerance: Tolerance | None = None) -> tuple[Difference, ...]:
    """The rows on which two sets disagree beyond the tolerance; empty when they agree.

    For double programming and for reviewers. Rows are matched on everything but the statistic,
    its label, warning, error and status; the order of rows does not matter.
    """
    rule = tolerance or Tolerance()
    left, right = _by_identity(a), _by_identity(b)
    found = [Difference("only_in_a", row, row.stat, None) for key, row in left.items() if key not in right]
    found += [Difference("only_in_b", row, None, row.stat) for key, row in right.items() if key not in left]
    for key in left.keys() & right.keys():
        one, other = left[key], right[key]
        if not rule.same(one.stat, other.stat):
            found.append(Difference("value", one, one.stat, other.stat))
        elif one.status != other.status:
            found.append(Difference("status", one, one.status, other.status))
    return tuple(sorted(found, key=lambda difference: _identity(difference.row)))


def _identity(row: Row) -> tuple[str, ...]:
    groups = "|".join(f"{name}={level}" for name, level in row.groups)
    where = (row.analysis, row.context, row.estimand, row.purpose, groups, row.variable, row.variable_level)
    return (*where, row.term, row.measure, row.scale, row.unit, row.stat_name)


def _by_identity(rows: Iterable[Row]) -> dict[tuple[str, ...], Row]:
    keyed: dict[tuple[str, ...], Row] = {}
    for row in rows:
        key = _identity(row)
        while key in keyed:
            key = (*key, "again")
        keyed[key] = row
    return keyed
