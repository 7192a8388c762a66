"""The calendar of a series: dates as whole numbers of periods, and back to the names that readers know."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from precept_stats.errors import DataError
from precept_stats.studies.cluster_trial_design import Ints
from precept_stats.studies.labels import counted_values, listed, text_of

Frequency = Literal["day", "week", "month", "quarter", "year", "index"]

SEASON_LENGTH: dict[Frequency, float | None] = {
    "day": 7.0,
    "week": 365.2425 / 7.0,
    "month": 12.0,
    "quarter": 4.0,
    "year": None,
    "index": None,
}
"""How many periods a cycle has: a week of days, a year of the others."""

FINENESS: dict[str, int] = {"year": 0, "quarter": 1, "month": 2, "day": 3}
NEEDS: dict[str, int] = {"year": 0, "quarter": 1, "month": 2, "week": 3, "day": 3}
WRITTEN = {
    "year": "2018, or finer, as 2018-05",
    "quarter": "2018-Q2, or finer, as 2018-05",
    "month": "2018-05, or finer, as 2018-05-14",
    "week": "2018-05-14",
    "day": "2018-05-14",
    "index": "whole numbers",
}
_YEAR = re.compile(r"\d{4}\Z", re.ASCII)
_QUARTER = re.compile(r"(\d{4})[- ]?[Qq]([1-4])\Z", re.ASCII)
_MONTH = re.compile(r"(\d{4})-(\d{2})\Z", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]00:00(?::00(?:\.0+)?)?)?\Z", re.ASCII)
_ZONE = re.compile(r"\d{4}-\d{2}-\d{2}[T ].*(?:Z|[+-]\d{2}:?\d{2})\Z", re.ASCII)
_WHOLE = re.compile(r"[-+]?\d+\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as it was written, and how finely: the year, quarter or month it names, or the day."""

    day: dt.date
    fineness: str


def period_numbers(column: pd.Series, every: Frequency, where: str) -> Ints:
    """The period of every row as a whole number, one more for each next period; -1 where a cell is empty.

    Dates, and text of a day, month, quarter or year, are brought to the period that holds them. Raises
    DataError, naming the values, for what cannot be read, for dates with a time zone, for text of two
    fineness (mixed frequencies), and for dates coarser than the periods.
    """
    codes, uniques = pd.factorize(column)
    _refuse_zones(column, uniques, where)
    if every == "index":
        return _indexes(codes, uniques, where)
    moments = [_moment(value) for value in uniques]
    unread = np.array([moment is None for moment in moments] + [False], dtype=np.bool_)
    if unread[codes].any():
        raise DataError(
            "a date cannot be read",
            found=counted_values(column[unread[codes]]),
            allowed=WRITTEN[every],
            where=where,
        )
    found = {moment.fineness for moment in moments if moment is not None}
    if len(found) > 1:
        examples = [
            text_of(next(v for v, m in zip(uniques, moments, strict=True) if m and m.fineness == one))
            for one in sorted(found, key=lambda one: FINENESS[one])
        ]
        raise DataError(
            "dates of several fineness stand in one column: the frequencies are mixed",
            found=listed(examples),
            allowed=f"one way of writing: {WRITTEN[every]}",
            where=where,
        )
    if found and FINENESS[next(iter(found))] < NEEDS[every]:
        raise DataError(
            f"dates are coarser than the periods, which are to be every {every}",
            found=text_of(uniques[0]),
            allowed=WRITTEN[every],
            where=where,
        )
    numbers = [number_of(moment.day, every) for moment in moments if moment is not None]
    return np.array([*numbers, -1], dtype=np.intp)[codes]


def period_of(value: object, every: Frequency, where: str) -> int:
    """The number of the period that one value names. DataError when it cannot be read."""
    found = period_numbers(pd.Series([value], dtype=object), every, where)
    return int(found[0])


def number_of(day: dt.date, every: Frequency) -> int:
    """The number of the period that holds a day."""
    match every:
        case "year":
            return day.year
        case "quarter":
            return day.year * 4 + (day.month - 1) // 3
        case "month":
            return day.year * 12 + day.month - 1
        case "week":
            return (day.toordinal() - 1) // 7
        case _:
            return day.toordinal()


def label_of(number: int, every: Frequency) -> str:
    """What a reader calls a period; a week by its Monday."""
    match every:
        case "quarter":
            return f"{number // 4:04d}-Q{number % 4 + 1}"
        case "month":
            return f"{number // 12:04d}-{number % 12 + 1:02d}"
        case "week":
            return dt.date.fromordinal(number * 7 + 1).isoformat()
        case "day":
            return dt.date.fromordinal(number).isoformat()
        case _:
            return str(number)


def season_of(number: int, every: Frequency) -> int:
    """The place of a period in its cycle, from 0: the calendar month, quarter or day of the week."""
    match every:
        case "quarter":
            return number % 4
        case "month":
            return number % 12
        case "week":
            return dt.date.fromordinal(number * 7 + 1).isocalendar().week - 1
        case "day":
            return (number - 1) % 7
        case _:
            return 0


def _refuse_zones(column: pd.Series, uniques: object, where: str) -> None:
    """A day depends on the zone: dates with one are refused, never shifted in silence."""
    aware = isinstance(column.dtype, pd.DatetimeTZDtype)
    odd = [
        value
        for value in list(uniques)  # type: ignore[call-overload]
        if (isinstance(value, str) and _ZONE.match(value.strip()))
        or (isinstance(value, dt.datetime) and value.tzinfo is not None)
    ]
    if aware or odd:
        raise DataError(
            "dates with a time zone: which day or month they are in depends on it",
            found=str(column.dtype) if aware else listed(map(str, odd)),
            allowed="local dates without a zone",
            where=where,
        )


def _indexes(codes: Ints, uniques: object, where: str) -> Ints:
    texts = [text_of(value).strip() for value in list(uniques)]  # type: ignore[call-overload]
    bad = [text for text in texts if not _WHOLE.match(text)]
    if bad:
        raise DataError(
            "a period is no whole number", found=listed(map(repr, bad)), allowed=WRITTEN["index"], where=where
        )
    numbers = [int(text) for text in texts]
    if numbers and min(numbers) < 0:
        raise DataError(
            "a period is below 0", found=str(min(numbers)), allowed="whole numbers from 0", where=where
        )
    return np.array([*numbers, -1], dtype=np.intp)[codes]


def _moment(value: object) -> Moment | None:
    if isinstance(value, pd.Period):
        fineness = {"Y": "year", "A": "year", "Q": "quarter", "M": "month"}.get(value.freqstr[0], "day")
        return Moment(value.start_time.date(), fineness)
    if isinstance(value, np.datetime64):
        value = pd.Timestamp(value)
    if isinstance(value, dt.datetime):
        return Moment(value.date(), "day")
    if isinstance(value, dt.date):
        return Moment(value, "day")
    return _read(text_of(value).strip())


def _read(text: str) -> Moment | None:
    quarter, month = _QUARTER.match(text), _MONTH.match(text)
    try:
        if _YEAR.match(text):
            return Moment(dt.date(int(text), 1, 1), "year")
        if quarter:
            return Moment(dt.date(int(quarter[1]), 3 * int(quarter[2]) - 2, 1), "quarter")
        if month:
            return Moment(dt.date(int(month[1]), int(month[2]), 1), "month")
        return Moment(dt.date.fromisoformat(text[:10]), "day") if _DAY.match(text) else None
    except ValueError:
        return None
