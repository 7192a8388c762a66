"""A saved set of allocations, read from its table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from precept_stats.errors import DataError
from precept_stats.studies.allocation_set import Bools, Codes, Ints
from precept_stats.studies.declared_allocation import ListedAllocations, LongLayout, WideLayout
from precept_stats.studies.labels import Labels, label_rows, listed, near_match, text_of
from precept_stats.studies.population import SourceTable

YES, NO = ("1", "true", "yes"), ("0", "false", "no")
SHOWN = 8


@dataclass(frozen=True, slots=True, eq=False)
class ReadSet:
    """Codes (M, L) of the clusters named, and which allocation is marked as used (None where none is)."""

    clusters: tuple[str, ...]
    codes: Codes
    used: int | None
    where: str


def read_listed(
    declared: ListedAllocations,
    data: Mapping[str, SourceTable],
    columns: tuple[str, str],
    meaning: Mapping[str, int],
) -> ReadSet:
    """The set as it was saved.

    ``columns`` are the study's cluster and arm; ``meaning`` is the code of each text in the table. DataError,
    naming what was found, where a column, a cell or the mark is missing, doubled or not understood.
    """
    if declared.table not in data:
        raise DataError(
            "the table of listed allocations was not given",
            found=f"{declared.table!r}{near_match(declared.table, data)}",
            allowed=listed(data, 20),
            where="study.allocation.table",
        )
    frame, where = data[declared.table].frame, f"table {declared.table!r}"
    asked = dict(declared.own_columns(*columns))
    absent = [name for name in asked.values() if name not in frame.columns]
    if absent:
        raise DataError(
            "a column that the listed allocations name is not in their table",
            found=listed(f"{name!r}{near_match(name, map(str, frame.columns))}" for name in absent),
            allowed=listed(map(str, frame.columns), 20),
            where=where,
        )
    match declared.layout:
        case LongLayout():
            return _read_long(declared.layout, frame, columns, meaning, where)
        case WideLayout():
            return _read_wide(declared.layout, frame, meaning, where)


def _read_long(
    layout: LongLayout,
    frame: pd.DataFrame,
    columns: tuple[str, str],
    meaning: Mapping[str, int],
    where: str,
) -> ReadSet:
    allocation = _named(frame, layout.allocation, where)
    cluster = _named(frame, layout.cluster or columns[0], where)
    shape = (len(allocation.names), len(cluster.names))
    times = np.zeros(shape, dtype=np.intp)
    np.add.at(times, (allocation.codes, cluster.codes), 1)
    if not np.all(times == 1):
        m, k = (int(place[0]) for place in np.nonzero(times != 1))
        raise DataError(
            f"{int(np.sum(times != 1)):,} allocations and clusters do not have one row each",
            found=f"allocation {allocation.names[m]}, cluster {cluster.names[k]}: {times[m, k]} rows",
            allowed="one row for every cluster in every allocation",
            where=where,
        )
    given = _codes(frame[layout.arm or columns[1]], meaning, where)
    codes = np.empty(shape, dtype=np.int16)
    codes[allocation.codes, cluster.codes] = given
    marked = None
    if layout.used is not None:
        rows = _marks(frame[layout.used], where)
        marked = np.unique(allocation.codes[rows])
        if np.sum(np.isin(allocation.codes, marked)) != rows.sum():
            raise DataError(
                "an allocation is marked as used in some of its rows only",
                found=f"{int(rows.sum()):,} rows of {listed(allocation.names[one] for one in marked)}",
                allowed="1 in every row of the allocation that was used, 0 in all others",
                where=f"{where}, column {layout.used!r}",
            )
    return ReadSet(cluster.names, codes, _one_used(marked, where), where)


def _read_wide(layout: WideLayout, frame: pd.DataFrame, meaning: Mapping[str, int], where: str) -> ReadSet:
    clusters = [name for name in frame.columns if str(name) != layout.used]
    codes = np.empty((len(frame), len(clusters)), dtype=np.int16)
    for place, name in enumerate(clusters):
        codes[:, place] = _codes(frame[name], meaning, where)
    marked = None if layout.used is None else np.flatnonzero(_marks(frame[layout.used], where))
    return ReadSet(tuple(map(text_of, clusters)), codes, _one_used(marked, where), where)


def _named(frame: pd.DataFrame, column: str, where: str) -> Labels:
    labels = label_rows(frame[column])
    if np.any(labels.codes < 0):
        raise DataError(
            "a row of the listed allocations has no name",
            found=f"{int(np.sum(labels.codes < 0)):,} empty cells",
            allowed="a name in every row",
            where=f"{where}, column {column!r}",
        )
    return labels


def _codes(column: pd.Series, meaning: Mapping[str, int], where: str) -> Ints:
    """The code of every cell. DataError for an empty one, or one that has no meaning."""
    labels = label_rows(column)
    strange = [name for name in labels.names if name not in meaning]
    if strange or np.any(labels.codes < 0):
        empty = int(np.sum(labels.codes < 0))
        raise DataError(
            "the listed allocations give a cluster something that is not one of the arms"
            if set(meaning.values()) == {0, 1}
            else "the listed allocations give a cluster something that is no period",
            found="; ".join(
                filter(None, [listed(map(repr, strange)), f"{empty:,} empty cells" if empty else ""])
            ),
            allowed=listed(map(repr, meaning), 20),
            where=f"{where}, column {column.name!r}",
        )
    found: Ints = np.array([meaning[name] for name in labels.names] or [0], dtype=np.intp)[labels.codes]
    return found


def _marks(column: pd.Series, where: str) -> Bools:
    labels = label_rows(column)
    said = [name.casefold() for name in labels.names]
    strange = [name for name in said if name not in (*YES, *NO)]
    if strange:
        raise DataError(
            "the mark of the allocation that was used is not understood",
            found=listed(map(repr, strange)),
            allowed="1 (or true, yes) and 0 (or false, no, empty)",
            where=f"{where}, column {column.name!r}",
        )
    yes: Bools = np.array([*(name in YES for name in said), False], dtype=np.bool_)[labels.codes]
    return yes


def _one_used(marked: Sequence[int] | Ints | None, where: str) -> int | None:
    if marked is None:
        return None
    if len(marked) != 1:
        raise DataError(
            "the listed allocations do not mark one as used",
            found=f"{len(marked)} are marked",
            allowed="one",
            where=where,
        )
    return int(marked[0])
