"""From the recorded outcome to numbers: events, values, denominators, and what is missing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from precept_stats.errors import DataError, PlanError
from precept_stats.studies.cluster_trial_design import Floats
from precept_stats.studies.flow import Bools
from precept_stats.studies.labels import counted_values, listed, near_match
from precept_stats.studies.question import Outcome

_NON_EVENT, _EVENT, _MISSING, _EXCLUDED, _UNKNOWN = range(5)
_WHOLE_NUMBER_TOLERANCE = 1e-9
_NEARLY_ALL = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class CodedOutcome:
    """One entry a row: ``y`` (0/1, a value or events), its denominator ``size``, and two masks.

    ``y`` and ``size`` are 0 where ``missing`` (not recorded) or ``excluded`` (does not apply).
    """

    y: Floats
    size: Floats
    missing: Bools
    excluded: Bools


def people_per_row(frame: pd.DataFrame, outcome: Outcome) -> Floats:
    """How many individuals each row stands for: its denominator for grouped proportions, else 1.

    A row of a grouped table whose denominator is not a positive number counts nobody here;
    ``code_outcome`` says whether that is an error. Person-time is not people: rows of a count
    outcome count one each.
    """
    if outcome.type != "binary" or outcome.denominator is None:
        return np.ones(len(frame))
    people = pd.to_numeric(frame[outcome.denominator], errors="coerce").to_numpy(
        dtype=np.float64, na_value=0.0
    )
    return np.where(np.isfinite(people), np.maximum(people, 0.0), 0.0)


def code_outcome(frame: pd.DataFrame, outcome: Outcome, where: str) -> CodedOutcome:
    """Code the outcome of every row of ``frame``.

    NaN and the values listed in ``missing`` are missing. Raises DataError for a value that is
    neither listed nor a number, an infinite value, a denominator of 0 or less, a negative or
    fractional count, a fractional number of people, and more events than people.
    """
    if outcome.denominator is not None:
        return _grouped(frame, outcome, outcome.denominator, where)
    column = frame[outcome.column]
    here = f"{where}, column {outcome.column!r}"
    if outcome.type == "binary":
        return _binary(column, outcome, here)
    return _continuous(column, outcome, here)


def code_of(value: object) -> str:
    """The code that a value is compared by: 1, 1.0, ``"1"`` and true are the same answer."""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            return value.strip()
        return code_of(number) if math.isfinite(number) else value.strip()
    if isinstance(value, float | np.floating) and math.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value)


def _meanings(outcome: Outcome, *, listed_only: bool) -> dict[str, int]:
    """What each code means. Numeric outcomes have only missing and excluded codes."""
    groups = [(_MISSING, outcome.missing), (_EXCLUDED, outcome.excluded)]
    if not listed_only:
        groups += [(_EVENT, outcome.event), (_NON_EVENT, outcome.non_event)]
    meanings: dict[str, int] = {}
    for meaning, values in groups:
        for value in values:
            if meanings.setdefault(code_of(value), meaning) != meaning:
                raise PlanError(
                    "one value of the outcome is given two meanings",
                    found=f"{value!r} (1, 1.0, '1' and true are the same value)",
                    allowed="each value once among event, non_event, missing, excluded",
                    where=f"outcome {outcome.column!r}",
                )
    return meanings


def _states(column: pd.Series, meanings: dict[str, int]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    codes, uniques = pd.factorize(column)
    states = [meanings.get(code_of(value), _UNKNOWN) for value in uniques]
    return np.array([*states, _MISSING], dtype=np.intp)[codes]


def _binary(column: pd.Series, outcome: Outcome, where: str) -> CodedOutcome:
    meanings = _meanings(outcome, listed_only=False)
    state = _states(column, meanings)
    unknown = state == _UNKNOWN
    if unknown.any():
        values = column[unknown]
        raise DataError(
            "the outcome has values that the plan does not code",
            found=counted_values(values) + near_match(str(values.iloc[0]), meanings),
            allowed=(
                f"event {listed(outcome.event)}; non_event {listed(outcome.non_event)}; "
                f"missing {listed(outcome.missing) or 'only empty cells'}; "
                f"excluded {listed(outcome.excluded) or 'none'}"
            ),
            where=where,
        )
    recorded = (state == _EVENT) | (state == _NON_EVENT)
    return CodedOutcome(
        y=(state == _EVENT).astype(np.float64),
        size=recorded.astype(np.float64),
        missing=state == _MISSING,
        excluded=state == _EXCLUDED,
    )


def _continuous(column: pd.Series, outcome: Outcome, where: str) -> CodedOutcome:
    y, missing, excluded = _numbers_and_codes(column, outcome, where)
    return CodedOutcome(y, (~missing & ~excluded).astype(np.float64), missing, excluded)


def _numbers_and_codes(column: pd.Series, outcome: Outcome, where: str) -> tuple[Floats, Bools, Bools]:
    """Numbers (0 where there is none), and which rows are missing and excluded."""
    meanings = _meanings(outcome, listed_only=True)
    missing = column.isna().to_numpy()
    excluded = np.zeros(len(column), dtype=np.bool_)
    if meanings:
        state = _states(column, meanings)
        missing, excluded = state == _MISSING, state == _EXCLUDED
    return numbers(column, ~missing & ~excluded, where), missing, excluded


def numbers(column: pd.Series, wanted: Bools, where: str) -> Floats:
    """The ``wanted`` rows of a column as finite numbers; 0 elsewhere. Raises DataError otherwise."""
    values = np.zeros(len(column))
    values[wanted] = pd.to_numeric(column[wanted], errors="coerce").to_numpy(
        dtype=np.float64, na_value=np.nan
    )
    bad = ~np.isfinite(values)
    if bad.any():
        raise DataError(
            "a number was needed and something else was found",
            found=counted_values(column[bad]),
            allowed="finite numbers",
            where=where,
        )
    return values


def refuse_near_numbers(column: pd.Series, where: str) -> None:
    """Raise DataError for undeclared text that is nearly all numbers, as one stray cell makes it.

    As categories every number would have a level of its own. Two values are the same covariate
    either way, and a pandas category says itself what it is.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return
    texts = [value for value in column.dropna().unique() if isinstance(value, str) and value.strip()]
    read = [text for text in texts if _reads_as_number(text)]
    if len(texts) <= 2 or len(read) < _NEARLY_ALL * len(texts):
        return
    stray = [text for text in texts if text not in read] or [text for text in read if text != text.strip()]
    raise DataError(
        "a covariate is text, and nearly all of it is numbers",
        found=counted_values(column[column.isin(stray or texts)]),
        allowed=(
            "numbers, what is missing being an empty cell or named in `missingValues` of a schema; "
            "or a schema that declares the column's type (`string` for categories)"
        ),
        where=where,
    )


def _reads_as_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _grouped(frame: pd.DataFrame, outcome: Outcome, denominator: str, where: str) -> CodedOutcome:
    y, missing, excluded = _numbers_and_codes(
        frame[outcome.column], outcome, f"{where}, column {outcome.column!r}"
    )
    below = frame[denominator]
    missing = missing | (below.isna().to_numpy() & ~excluded)
    used = ~missing & ~excluded
    size = numbers(below, used, f"{where}, column {denominator!r}")
    _check_counts(frame, outcome, denominator, (np.where(used, y, 0.0), size, used), where)
    return CodedOutcome(np.where(used, y, 0.0), size, missing, excluded)


def _check_counts(
    frame: pd.DataFrame, outcome: Outcome, denominator: str, coded: tuple[Floats, Floats, Bools], where: str
) -> None:
    y, size, used = coded
    _refuse(
        frame[denominator],
        used & (size <= 0),
        "a denominator is 0 or negative",
        "denominators above 0 (leave the other rows out with a population condition)",
        where,
    )
    _refuse(
        frame[outcome.column], used & (y < 0), "a count of events is negative", "counts of 0 or more", where
    )
    _refuse(
        frame[outcome.column],
        used & _fractional(y),
        "a count of events is not a whole number",
        "events as counts, not as proportions or rates",
        where,
    )
    if outcome.type == "binary":
        _check_people(frame, outcome, denominator, coded, where)


def _check_people(
    frame: pd.DataFrame, outcome: Outcome, denominator: str, coded: tuple[Floats, Floats, Bools], where: str
) -> None:
    """Denominators are whole people, and no more of them have events than there are."""
    y, size, used = coded
    _refuse(
        frame[denominator],
        used & _fractional(size),
        "a denominator of a binary outcome is not a whole number",
        "counts of people (person-time belongs to an outcome of type count)",
        where,
    )
    over = used & (y > size)
    pairs = pd.Series(
        [f"{a:g} of {b:g}" for a, b in zip(y[over], size[over], strict=True)],
        name=f"{outcome.column} of {denominator}",
        dtype=object,
    )
    _refuse(
        pairs, np.ones(len(pairs), dtype=np.bool_), "more events than people", "events <= denominator", where
    )


def _fractional(counts: Floats) -> Bools:
    return np.abs(counts - np.round(counts)) > _WHOLE_NUMBER_TOLERANCE


def _refuse(column: pd.Series, bad: Bools, problem: str, allowed: str, where: str) -> None:
    if bad.any():
        raise DataError(
            problem,
            found=counted_values(column[bad]),
            allowed=allowed,
            where=f"{where}, column {column.name!r}",
        )
