"""Calendar months against each cluster's own start month."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pandas as pd

from precept_stats.errors import DataError
from precept_stats.studies.cluster_trial import Periods, Window
from precept_stats.studies.cluster_trial_design import Ints
from precept_stats.studies.covariates import varying_clusters
from precept_stats.studies.flow import Bools
from precept_stats.studies.labels import Labels, counted_values, listed

_ISO = re.compile(r"\d{4}-\d{2}(-\d{2}(?:[T ].*)?)?\Z", re.ASCII)


def month_numbers(column: pd.Series, where: str) -> Ints:
    """Months counted from year 0 (year * 12 + month - 1), one a row.

    Dates of any day of the month and ``YYYY-MM`` or ISO date text are read. Raises DataError,
    naming the values, for anything else and for missing months: a row without a month can be in
    no window, and a silent loss would bias the denominators.
    """
    codes, uniques = pd.factorize(column)
    months = [_month_of(value) for value in uniques]
    readable = np.array([month is not None for month in months] + [False], dtype=np.bool_)
    bad = ~readable[codes]
    if bad.any():
        raise DataError(
            "a month is missing or cannot be read",
            found=counted_values(column[bad]),
            allowed="dates, or text such as 2018-05 or 2018-05-14",
            where=where,
        )
    return np.array([month or 0 for month in months] + [0], dtype=np.intp)[codes]


def months(column: pd.Series, where: str) -> Labels:
    """The calendar month of every row, ``YYYY-MM``, in the order of time."""
    found, codes = np.unique(month_numbers(column, where), return_inverse=True)
    names = tuple(f"{number // 12:04d}-{number % 12 + 1:02d}" for number in found)
    return Labels(codes.astype(np.intp), names)


def _month_of(value: object) -> int | None:
    if isinstance(value, dt.date | pd.Period):
        return int(value.year) * 12 + int(value.month) - 1
    if isinstance(value, np.datetime64):
        return int(value.astype("datetime64[M]").astype(int)) + 1970 * 12
    text = value.strip() if isinstance(value, str) else ""
    match = _ISO.match(text)
    if match is None:
        return None
    try:
        day = dt.datetime.fromisoformat(text if match[1] else f"{text}-01")
    except ValueError:
        return None
    return day.year * 12 + day.month - 1


def inside(window: Window, since_start: Ints) -> Bools:
    """True where the month, counted from the cluster's start month (0), lies in the window."""
    return (since_start >= window.first) & (since_start <= window.last)


def find_windows(
    periods: Periods, frame: pd.DataFrame, cluster: Labels, eligible: Bools, where: str
) -> tuple[Bools, Bools]:
    """Which eligible rows are in the baseline window, and which in the follow-up window.

    Raises DataError when a cluster has two start months, or no row is in the follow-up window.
    """
    month = month_numbers(frame.loc[eligible, periods.month], f"{where}, column {periods.month!r}")
    start = month_numbers(frame.loc[eligible, periods.start], f"{where}, column {periods.start!r}")
    torn = varying_clusters(start, cluster.codes[eligible], len(cluster.names))
    if len(torn):
        raise DataError(
            "a cluster has two start months",
            found=f"clusters {listed(cluster.names[one] for one in torn)}",
            allowed="one start month a cluster",
            where=f"{where}, column {periods.start!r}",
        )
    since = month - start
    follow_up = inside(periods.follow_up, since)
    if not follow_up.any():
        raise DataError(
            "no eligible row is in the follow-up window",
            found=f"months {since.min()} to {since.max()} from the start month",
            allowed=f"months {periods.follow_up.first} to {periods.follow_up.last}",
            where=f"{where}, columns {periods.month!r} and {periods.start!r}",
        )
    return _spread(inside(periods.baseline, since), eligible), _spread(follow_up, eligible)


def _spread(part: Bools, eligible: Bools) -> Bools:
    whole = np.zeros(len(eligible), dtype=np.bool_)
    whole[eligible] = part
    return whole
