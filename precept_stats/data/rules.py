"""What Table Schema cannot say: rules between columns and between rows, as data.

Each rule is told apart by ``kind`` and answers two questions of a table: which rows it is about,
and which of those break it. A rule names columns; a table without one of them (an optional
column) is not judged by it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import pandas as pd
from pydantic import Field, StringConstraints

from precept_stats.data.declared import Declared
from precept_stats.data.selection import Condition

RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


class _Rule(Declared):
    """The name under which a rule is reported."""

    id: RuleId

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """The conditions whose operands must be of their columns' types."""
        return ()

    @property
    def compared(self) -> tuple[str, ...]:
        """Columns that are compared with one another, so of one kind."""
        return ()


class ConstantWithin(_Rule):
    """Each column has one value within each group: an arm does not change within a cluster.

    Missing values are passed over. Where a group holds several values, the rows that differ from
    the group's first recorded value break the rule.
    """

    kind: Literal["constant_within"]
    columns: tuple[str, ...] = Field(min_length=1)
    within: str

    @property
    def names(self) -> tuple[str, ...]:
        return (self.within, *self.columns)

    def words(self) -> str:
        return f"{_listed(self.columns)} constant within {self.within}"

    def judged(self, frame: pd.DataFrame) -> pd.Series[bool]:
        return frame[self.within].notna()

    def broken(self, frame: pd.DataFrame) -> pd.Series[bool]:
        differs = _nowhere(frame)
        for name in self.columns:
            column = frame[name]
            first = column.groupby(frame[self.within], observed=True).transform("first")
            differs |= _true(column != first) & column.notna() & first.notna()
        return differs


class NotAbove(_Rule):
    """One column is at most another, row by row: a numerator and its denominator, two dates."""

    kind: Literal["not_above"]
    column: str
    limit: str

    @property
    def names(self) -> tuple[str, ...]:
        return (self.column, self.limit)

    @property
    def compared(self) -> tuple[str, ...]:
        return self.names

    def words(self) -> str:
        return f"{self.column} at most {self.limit}"

    def judged(self, frame: pd.DataFrame) -> pd.Series[bool]:
        return _recorded(frame, self.names)

    def broken(self, frame: pd.DataFrame) -> pd.Series[bool]:
        return _true(frame[self.column] > frame[self.limit])


class Allocated(_Rule):
    """Every row that names a cluster names its arm: nobody is analysed without an allocation."""

    kind: Literal["allocated"]
    cluster: str
    arm: str

    @property
    def names(self) -> tuple[str, ...]:
        return (self.cluster, self.arm)

    def words(self) -> str:
        return f"every {self.cluster} has an {self.arm}"

    def judged(self, frame: pd.DataFrame) -> pd.Series[bool]:
        return frame[self.cluster].notna()

    def broken(self, frame: pd.DataFrame) -> pd.Series[bool]:
        return frame[self.cluster].notna() & frame[self.arm].isna()


class OneRowPer(_Rule):
    """No two rows agree in all of these columns: one row a unit and month.

    The second and later of equal rows break the rule. Rows with a missing value are passed over.
    """

    kind: Literal["one_row_per"]
    columns: tuple[str, ...] = Field(min_length=1)

    @property
    def names(self) -> tuple[str, ...]:
        return self.columns

    def words(self) -> str:
        return f"one row for each {_listed(self.columns)}"

    def judged(self, frame: pd.DataFrame) -> pd.Series[bool]:
        return _recorded(frame, self.columns)

    def broken(self, frame: pd.DataFrame) -> pd.Series[bool]:
        return frame.duplicated(list(self.columns)) & _recorded(frame, self.columns)


class Together(_Rule):
    """These columns are all recorded or all missing in a row."""

    kind: Literal["together"]
    columns: tuple[str, ...] = Field(min_length=2)

    @property
    def names(self) -> tuple[str, ...]:
        return self.columns

    def words(self) -> str:
        return f"{_listed(self.columns)} all recorded or all missing"

    def judged(self, frame: pd.DataFrame) -> pd.Series[bool]:
        return ~_nowhere(frame)

    def broken(self, frame: pd.DataFrame) -> pd.Series[bool]:
        recorded = frame[list(self.columns)].notna()
        return recorded.any(axis=1) & ~recorded.all(axis=1)


class Always(_Rule):
    """A condition that every row satisfies where the column is recorded: a denominator above 0."""

    kind: Literal["always"]
    that: Condition

    @property
    def names(self) -> tuple[str, ...]:
        return (self.that.column,)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return (self.that,)

    def words(self) -> str:
        return self.that.words()

    def judged(self, frame: pd.DataFrame) -> pd.Series[bool]:
        return _judgeable(self.that, frame)

    def broken(self, frame: pd.DataFrame) -> pd.Series[bool]:
        return self.judged(frame) & ~_true(self.that.mask(frame))


class Implies(_Rule):
    """Rows that satisfy ``when`` satisfy ``then``, where its column is recorded."""

    kind: Literal["implies"]
    when: Condition
    then: Condition

    @property
    def names(self) -> tuple[str, ...]:
        return (self.when.column, self.then.column)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return (self.when, self.then)

    def words(self) -> str:
        return f"{self.then.words()} where {self.when.words()}"

    def judged(self, frame: pd.DataFrame) -> pd.Series[bool]:
        return _true(self.when.mask(frame)) & _judgeable(self.then, frame)

    def broken(self, frame: pd.DataFrame) -> pd.Series[bool]:
        return self.judged(frame) & ~_true(self.then.mask(frame))


class NoGaps(_Rule):
    """Within each group the months follow one another: a row breaks it when months before it are absent.

    ``month`` is a ``yearmonth`` column. Needed by interrupted time series, whose errors are
    modelled from one month to the next.
    """

    kind: Literal["no_gaps"]
    month: str
    within: str

    @property
    def names(self) -> tuple[str, ...]:
        return (self.within, self.month)

    def words(self) -> str:
        return f"no {self.month} left out within {self.within}"

    def judged(self, frame: pd.DataFrame) -> pd.Series[bool]:
        return _recorded(frame, self.names)

    def broken(self, frame: pd.DataFrame) -> pd.Series[bool]:
        kept = frame.loc[self.judged(frame), list(self.names)]
        text = kept[self.month].astype(str)
        number = text.str[:4].astype("int64") * 12 + text.str[5:7].astype("int64")
        ordered = number.sort_values(kind="stable")
        step = ordered.groupby(kept[self.within].reindex(ordered.index), observed=True).diff()
        return (step > 1).reindex(frame.index, fill_value=False).astype(bool)


AnyRule = Annotated[
    ConstantWithin | NotAbove | Allocated | OneRowPer | Together | Always | Implies | NoGaps,
    Field(discriminator="kind"),
]
"""Every rule that a schema may state, told apart by ``kind``."""


def _listed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _nowhere(frame: pd.DataFrame) -> pd.Series[bool]:
    return pd.Series(False, index=frame.index, dtype=bool)


def _recorded(frame: pd.DataFrame, names: tuple[str, ...]) -> pd.Series[bool]:
    return frame[list(names)].notna().all(axis=1)


def _judgeable(condition: Condition, frame: pd.DataFrame) -> pd.Series[bool]:
    """Rows that a condition can judge: all of them when it is about missingness itself."""
    return ~_nowhere(frame) if condition.operator == "missing" else frame[condition.column].notna()


def _true(mask: pd.Series[bool]) -> pd.Series[bool]:
    """A comparison as plain booleans: an unknown comparison is not true."""
    return mask.fillna(False).astype(bool)
