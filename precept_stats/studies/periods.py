"""The column of periods: names in the order of time."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from pandas.api import types

from precept_stats.data.schema import FieldSchema
from precept_stats.errors import DataError
from precept_stats.studies.covariates import levels_of
from precept_stats.studies.flow import Bools
from precept_stats.studies.labels import Labels, label_rows, listed, text_of
from precept_stats.studies.spelling import one_spelling, placed

ALLOWED = "whole numbers, dates, YYYY-MM, a word with one number (wave 2), or levels that a schema lists"
_NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?\Z", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?\Z", re.ASCII)
_DIGITS = re.compile(r"\d+")


def read_periods(column: pd.Series, field: FieldSchema | None, eligible: Bools, where: str) -> Labels:
    """The period of every row, numbered in the order of time among those that eligible rows name.

    Numbers, dates and months are in their own order, names with one number in the order of that number,
    and other names in the order that a schema's list or an ordered category gives. Raises DataError for
    an eligible row without a period, a period of two spellings, and names without an order.
    """
    labels = label_rows(_dates_as_text(column))
    placed(labels, eligible, where, "period")
    one_spelling(labels, eligible, where, "period")
    present = {labels.names[code] for code in np.unique(labels.codes[eligible])}
    declared = levels_of(field) or _category_order(column)
    if present <= set(declared):
        names = tuple(name for name in declared if name in present)
    else:
        names = tuple(name for name in labels.names if name in present)
        _require_order(names, where)
    place = {name: number for number, name in enumerate(names)}
    renumber = np.array([place.get(name, -1) for name in labels.names] + [-1], dtype=np.intp)
    return Labels(renumber[labels.codes], names)


def _dates_as_text(column: pd.Series) -> pd.Series:
    if not types.is_datetime64_any_dtype(column.dtype):
        return column
    midnight = (column.dropna() == column.dropna().dt.normalize()).all()
    return column.dt.strftime("%Y-%m-%d") if midnight else column


def _category_order(column: pd.Series) -> tuple[str, ...]:
    if isinstance(column.dtype, pd.CategoricalDtype) and column.dtype.ordered:
        return tuple(text_of(level) for level in column.dtype.categories)
    return ()


def _require_order(names: Sequence[str], where: str) -> None:
    """Refuse names whose natural order need not be that of time: ``Jan``, ``01/05/2018``."""
    if all(_NUMBER.match(name) for name in names):
        return
    shapes = {tuple(_DIGITS.split(name)) for name in names}
    digits = [_DIGITS.findall(name) for name in names]
    one_number = len(shapes) == 1 and len(digits[0]) == 1
    year_first = len(shapes) == 1 and all(groups and len(groups[0]) == 4 for groups in digits)
    if len(names) > 1 and not one_number and not year_first:
        raise DataError(
            "the periods have no order that can be known",
            found=listed(map(repr, names)),
            allowed=ALLOWED,
            where=where,
        )


def uneven(names: Sequence[str]) -> bool:
    """Whether periods that are numbers, months or dates are not equally far apart."""
    places = _places(names)
    return len(places) > 2 and bool(np.ptp(np.diff(places)) > 1e-9)


def _places(names: Sequence[str]) -> list[float]:
    """Where the periods are in time: numbers, months, or days; empty for other names."""
    if all(_NUMBER.match(name) for name in names):
        return [float(name) for name in names]
    dates = [match.groups() for name in names if (match := _DATE.match(name))]
    if len(dates) < len(names):
        return []
    if len({day for _, _, day in dates}) == 1:
        return [float(int(year) * 12 + int(month)) for year, month, _ in dates]
    days = [f"{year}-{month}-{day}" for year, month, day in dates if day]
    try:
        return [float(dt.date.fromisoformat(day).toordinal()) for day in days]
    except ValueError:
        return []
