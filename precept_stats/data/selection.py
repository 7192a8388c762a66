"""Which rows: a closed set of conditions on columns, as data. No expression is ever evaluated."""

from __future__ import annotations

import re
from typing import Literal

import pandas as pd
from pandas.api import types
from pydantic import Field, model_validator

from precept_stats.data.declared import Declared
from precept_stats.errors import DataError

Scalar = str | bool | int | float

OPERATORS = ("equals", "not_equals", "below", "at_most", "above", "at_least", "in", "not_in", "missing")
ORDERED = ("below", "at_most", "above", "at_least")
MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])\Z", re.ASCII)
DATE = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\Z", re.ASCII)


class Condition(Declared):
    """One column compared with one value. Exactly one operator is given.

    Rows where the column is missing never satisfy a comparison; ask for them with ``missing``.
    """

    column: str
    equals: Scalar | None = None
    not_equals: Scalar | None = None
    below: float | str | None = None
    at_most: float | str | None = None
    above: float | str | None = None
    at_least: float | str | None = None
    in_: tuple[Scalar, ...] | None = Field(default=None, alias="in")
    not_in: tuple[Scalar, ...] | None = None
    missing: Literal[True, False] | None = None

    @model_validator(mode="after")
    def _exactly_one_operator(self) -> Condition:
        given = self._operators()
        if len(given) != 1:
            raise ValueError(
                f"give exactly one of {', '.join(OPERATORS)}; found {', '.join(given) or 'none'}"
            )
        return self

    def _operators(self) -> list[str]:
        return [name for name in OPERATORS if getattr(self, "in_" if name == "in" else name) is not None]

    @property
    def operator(self) -> str:
        return self._operators()[0]

    @property
    def operand(self) -> object:
        return getattr(self, "in_" if self.operator == "in" else self.operator)

    @property
    def listed(self) -> tuple[Scalar, ...]:
        """The values that ``equals`` or ``in`` lets pass; none for another operator."""
        if self.in_ is not None:
            return self.in_
        return () if self.equals is None else (self.equals,)

    def words(self, name: str = "") -> str:
        """The condition as a reader would say it; ``name`` is what to call the column."""
        name = name or self.column
        if self.operator == "missing":
            return f"{name} is {'missing' if self.missing else 'recorded'}"
        operand = self.operand
        shown = ", ".join(map(_shown, operand)) if isinstance(operand, tuple) else _shown(operand)
        return f"{name} {self.operator.replace('_', ' ')} {shown}"

    def mask(self, frame: pd.DataFrame) -> pd.Series[bool]:
        """True for the rows that satisfy the condition; one entry a row of ``frame``."""
        if self.column not in frame.columns:
            raise DataError(
                "a population condition names a column that the data do not have",
                found=self.column,
                allowed=", ".join(map(str, frame.columns)),
            )
        column = frame[self.column]
        if self.operator == "missing":
            return column.isna() == self.missing
        self._refuse_other_kind(column)
        if self.operator in ORDERED:
            self._refuse_alphabet(column)
        present = column.notna()
        return _compare(column, self.operator, self.operand) & present

    def _refuse_other_kind(self, column: pd.Series) -> None:
        """Text never equals a number: say so, where a comparison would quietly keep no row."""
        values = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column
        text = types.is_string_dtype(values.dtype) and not types.is_object_dtype(values.dtype)
        numeric = types.is_numeric_dtype(values.dtype)
        operands = self.operand if isinstance(self.operand, tuple) else (self.operand,)
        wrong = [
            one
            for one in operands
            if (numeric and isinstance(one, str)) or (text and not isinstance(one, str))
        ]
        if wrong:
            raise DataError(
                f"column {self.column!r} cannot be compared with {wrong[0]!r}",
                found=f"a column of type {column.dtype}",
                allowed="a value of the column's own type (in a plan, quote what is text and only that)",
            )

    def _refuse_alphabet(self, column: pd.Series) -> None:
        """Text has an order only as months or dates: by the alphabet "100" comes before "30"."""
        values = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column
        numeric = types.is_numeric_dtype(values.dtype) or types.is_datetime64_any_dtype(values.dtype)
        if numeric or isinstance(column.dtype, pd.PeriodDtype):
            return
        texts = [value for value in pd.unique(values.dropna()) if isinstance(value, str)]
        forms = [form for form in (MONTH, DATE) if form.match(str(self.operand))]
        odd = [text for text in texts if not any(form.match(text) for form in forms)]
        if not isinstance(self.operand, str) or not texts or (forms and not odd):
            return
        raise DataError(
            f"text has no order: {self.words()}",
            found=f"column {self.column!r} with {', '.join(map(repr, odd[:5]))}",
            allowed="numbers; or months (YYYY-MM) or dates (YYYY-MM-DD), in column and condition alike",
        )


def _shown(value: object) -> str:
    """A whole number without its decimal point: 30 weeks, not 30.0."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _compare(column: pd.Series, operator: str, operand: object) -> pd.Series[bool]:
    try:
        match operator:
            case "equals":
                return column == operand
            case "not_equals":
                return column != operand
            case "below":
                return column < operand
            case "at_most":
                return column <= operand
            case "above":
                return column > operand
            case "at_least":
                return column >= operand
            case "in":
                return column.isin(list(operand))  # type: ignore[call-overload]
            case _:
                return ~column.isin(list(operand))  # type: ignore[call-overload]
    except TypeError as problem:
        raise DataError(
            f"column {column.name!r} cannot be compared with {operand!r}",
            found=f"a column of type {column.dtype}",
            allowed="a value of the column's own type",
        ) from problem


class Join(Declared):
    """Columns of another table brought beside each row: many rows here, one row there.

    A row with no partner is an error, never a silent loss.
    """

    table: str
    on: str


class Population(Declared):
    """The rows an analysis is about: a table, the tables joined to it, and the conditions kept."""

    of: str
    join: tuple[Join, ...] = ()
    where: tuple[Condition, ...] = ()
    label: str = ""
