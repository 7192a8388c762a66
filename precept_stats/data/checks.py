"""Checking a typed table against its schema with pandera: every rule, every failing row, once.

The only file that imports pandera. Each constraint, key and rule becomes one named check on a
column; a rule over several columns hangs on the first it names and sees the whole table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd
import pandera.pandas as pandera

from precept_stats.data.patterns import matches
from precept_stats.data.rules import AnyRule, OneRowPer
from precept_stats.data.schema import Constraints, DataSchema, FieldSchema
from precept_stats.data.violations import FIRST_ROWS, WITHHELD, Offence, Violation, shown

_REQUIRED_BY_PANDERA = "not_nullable"


@dataclass(frozen=True, slots=True, eq=False)
class Check:
    """One thing to check: its name, the columns it is about, what it says, and the rows it judges.

    ``test`` is what pandera runs, and is None for ``required``, which pandera has of its own.
    """

    rule: str
    columns: tuple[str, ...]
    says: str
    judged: pd.Series[bool]
    test: pandera.Check | None


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """What a check found: how many rows it judged and the positions (from 0) of those that fail."""

    check: Check
    checked: int
    failing: tuple[int, ...]


def judge(frame: pd.DataFrame, schema: DataSchema) -> tuple[Judgement, ...]:
    """Every constraint, key and rule of the schema that the table has the columns for.

    ``frame`` has its schema's types and a plain index 0, 1, ...; it is not changed.
    """
    checks = tuple(_checks(frame, schema))
    failing = _failing(frame, checks)
    return tuple(
        Judgement(check, int(check.judged.sum()), tuple(sorted(failing.get(check.rule, ()))))
        for check in checks
    )


def broken_rules(
    frame: pd.DataFrame, schema: DataSchema, unreadable: dict[str, set[int]], first_row: int
) -> tuple[Violation, ...]:
    """The checks that fail, as violations. Cells in ``unreadable`` were reported already."""
    violations = []
    for judgement in judge(frame, schema):
        check = judgement.check
        known = set[int]().union(*(unreadable.get(name, set()) for name in check.columns))
        rows = [row for row in judgement.failing if row not in known]
        if rows:
            first = tuple(
                Offence(row + first_row, _values(frame, schema, check.columns, row))
                for row in rows[:FIRST_ROWS]
            )
            column = ", ".join(check.columns)
            violations.append(Violation(check.rule, column, check.says, len(rows), judgement.checked, first))
    return tuple(violations)


def _checks(frame: pd.DataFrame, schema: DataSchema) -> Iterator[Check]:
    for field in schema.columns:
        if field.name in frame.columns:
            yield from _column_checks(frame[field.name], field)
    keys = [("primaryKey", schema.primary_key), *(("uniqueKeys", key) for key in schema.unique_keys)]
    for keyword, key in keys:
        if key:
            one_row = OneRowPer(id="key", kind="one_row_per", columns=key)
            yield from _rule_checks(frame, one_row, f"{keyword}.{'+'.join(key)}")
            if keyword == "primaryKey":
                yield from _key_recorded(frame, schema)
    for rule in schema.notes.rules:
        yield from _rule_checks(frame, rule, rule.id)


def _rule_checks(frame: pd.DataFrame, rule: AnyRule, name: str) -> Iterator[Check]:
    if not set(rule.names) <= set(frame.columns):
        return
    holds = ~rule.broken(frame)
    test = pandera.Check(lambda _column: holds, error=name, ignore_na=False)
    columns = tuple(dict.fromkeys(rule.names))
    yield Check(name, columns, rule.words(), rule.judged(frame), test)


def _key_recorded(frame: pd.DataFrame, schema: DataSchema) -> Iterator[Check]:
    """A primary key is never missing, whether or not its columns say ``required``."""
    for name in schema.primary_key:
        if name in frame.columns and not schema[name].constraints.required:
            yield _required(frame[name], name)


def _required(column: pd.Series, name: str) -> Check:
    return Check(f"{name}.required", (name,), "is recorded", pd.Series(True, index=column.index), None)


def _column_checks(column: pd.Series, field: FieldSchema) -> Iterator[Check]:
    constraints = field.constraints
    if constraints.required:
        yield _required(column, field.name)
    recorded = column.notna()
    for keyword, says, test in _tests(constraints, field):
        test.error = f"{field.name}.{keyword}"
        yield Check(test.error, (field.name,), says, recorded, test)


def _tests(constraints: Constraints, field: FieldSchema) -> Iterator[tuple[str, str, pandera.Check]]:
    """Keyword, words and pandera check of each constraint that a column has."""
    bounds: dict[str, tuple[str, Callable[..., pandera.Check]]] = {
        "minimum": ("at least", pandera.Check.ge),
        "maximum": ("at most", pandera.Check.le),
        "exclusiveMinimum": ("above", pandera.Check.gt),
        "exclusiveMaximum": ("below", pandera.Check.lt),
    }
    for keyword, limit in constraints.limits().items():
        words, test = bounds[keyword]
        yield keyword, f"{words} {limit}", test(pd.Timestamp(str(limit)) if field.type == "date" else limit)
    if constraints.enum is not None:
        allowed = [pd.Timestamp(str(v)) if field.type == "date" else v for v in constraints.enum]
        yield "enum", f"one of {', '.join(map(str, constraints.enum))}", pandera.Check.isin(allowed)
    if constraints.unique:
        yield "unique", "no value twice", pandera.Check(lambda column: ~column.duplicated())
    if constraints.min_length is not None:
        says = f"at least {constraints.min_length} characters"
        yield "minLength", says, pandera.Check.str_length(min_value=constraints.min_length)
    if constraints.max_length is not None:
        says = f"at most {constraints.max_length} characters"
        yield "maxLength", says, pandera.Check.str_length(max_value=constraints.max_length)
    if (pattern := constraints.pattern) is not None:
        yield "pattern", f"matches {pattern}", pandera.Check(lambda column: matches(column, pattern))


def _failing(frame: pd.DataFrame, checks: tuple[Check, ...]) -> dict[str, set[int]]:
    """Positions of failing rows by check, from one lazy pandera validation."""
    if not checks:
        return {}
    columns = {}
    for name in dict.fromkeys(check.columns[0] for check in checks):
        own = [check for check in checks if check.columns[0] == name]
        tests = [check.test for check in own if check.test is not None]
        columns[name] = pandera.Column(checks=tests, nullable=all(check.test is not None for check in own))
    try:
        pandera.DataFrameSchema(columns).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as problem:
        cases = problem.failure_cases
    else:
        return {}
    failing: dict[str, set[int]] = {}
    for (name, test), rows in cases.groupby(["column", "check"], sort=False)["index"]:
        rule = f"{name}.required" if test == _REQUIRED_BY_PANDERA else str(test)
        failing[rule] = {int(row) for row in rows}
    return failing


def _values(frame: pd.DataFrame, schema: DataSchema, columns: tuple[str, ...], row: int) -> str:
    """What an offending row holds in the columns of a rule; identifiers are withheld."""
    told = {name: _value(frame[name].iloc[row], schema[name]) for name in columns}
    if len(told) == 1:
        return next(iter(told.values()))
    return ", ".join(f"{name} {value}" for name, value in told.items())


def _value(value: object, field: FieldSchema) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return "missing"
    if field.notes.sensitivity == "identifier":
        return WITHHELD
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    return shown(value.item() if hasattr(value, "item") else value)
