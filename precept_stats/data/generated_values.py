"""Values of one made-up column within the constraints of its field, and the conditions of a population."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd

from precept_stats.data.patterns import matches
from precept_stats.data.schema import FieldSchema
from precept_stats.data.selection import Condition
from precept_stats.errors import DataError

GONE = 0.03
"""The share of values that are missing where they may be."""
LETTERS = ("", *"ABCDEFGHIJKLMNOPQRSTUVWXYZ", *"abcdefghijklmnopqrstuvwxyz")
LONGEST = 12
FIRST_DAY = dt.date(2020, 1, 1)
SPAN = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """A column to draw: its field, how many values, the stream, conditions that a ``share`` shall meet."""

    field: FieldSchema
    count: int
    rng: np.random.Generator
    conditions: tuple[Condition, ...] = ()
    share: float = 1.0


def drawn(asked: Drawn) -> list[object]:
    """Values, some of them missing where the field lets them be."""
    free = [_value(asked, ()) for _ in range(asked.count)]
    bound = [_value(asked, asked.conditions) for _ in range(asked.count)] if asked.conditions else free
    meets = asked.rng.random(asked.count) < asked.share
    gone = asked.rng.random(asked.count) < GONE
    optional = not asked.field.constraints.required and not asked.conditions
    return [
        None if optional and lost else kept if met else other
        for kept, other, met, lost in zip(bound, free, meets, gone, strict=True)
    ]


def _value(asked: Drawn, conditions: tuple[Condition, ...]) -> object:
    field, rng = asked.field, asked.rng
    listed = [value for value in _listed(field) if all(_meets(value, one) for one in conditions)]
    for one in conditions:
        if one.operator in ("equals", "in"):
            operand = one.operand if isinstance(one.operand, tuple) else (one.operand,)
            listed = [value for value in (listed or operand) if value in operand]
    if listed:
        return listed[int(rng.integers(len(listed)))]
    if field.type in ("integer", "number"):
        low, high = _bounds(field, conditions)
        if field.type == "integer":
            return int(rng.integers(int(np.ceil(low)), int(np.floor(high)) + 1))
        return round(float(rng.uniform(low, high)), 6)
    if field.type in ("date", "yearmonth"):
        day = FIRST_DAY + dt.timedelta(days=int(rng.integers(1000)))
        return day.isoformat() if field.type == "date" else f"{day:%Y-%m}"
    return named_alike(field, 3)[int(rng.integers(3))]


def _listed(field: FieldSchema) -> list[object]:
    if field.type == "boolean":
        return [True, False]
    return list(field.constraints.enum or ())


def _meets(value: object, condition: Condition) -> bool:
    operand = condition.operand
    match condition.operator:
        case "not_equals":
            return value != operand
        case "not_in":
            return isinstance(operand, tuple) and value not in operand
        case _:
            return True


def _bounds(field: FieldSchema, conditions: tuple[Condition, ...]) -> tuple[float, float]:
    """The ends of a number; one step inside an end that is not included."""
    step = 1.0 if field.type == "integer" else 1e-3
    kept = field.constraints
    lows = [_number(kept.minimum), _number(kept.exclusive_minimum, step)]
    highs = [_number(kept.maximum), _number(kept.exclusive_maximum, -step)]
    for one in conditions:
        operand = one.operand if isinstance(one.operand, int | float) else None
        if one.operator in ("above", "at_least"):
            lows.append(_number(operand, step if one.operator == "above" else 0.0))
        if one.operator in ("below", "at_most"):
            highs.append(_number(operand, -step if one.operator == "below" else 0.0))
    low = max((one for one in lows if one is not None), default=None)
    high = min((one for one in highs if one is not None), default=None)
    if low is None:
        low = 0.0 if high is None or high > 0.0 else high - SPAN
    return low, high if high is not None and high < low + 50.0 * SPAN else low + SPAN


def _number(value: object, step: float = 0.0) -> float | None:
    return float(value) + step if isinstance(value, int | float) else None


def chosen(field: FieldSchema, count: int) -> list[object]:
    """So many different values, of those listed where there are any."""
    listed = _listed(field)
    if listed:
        return [listed[at % len(listed)] for at in range(count)]
    return list(named_alike(field, count))


def named_alike(field: FieldSchema, count: int) -> list[object]:
    """So many different values of a column that names things. DataError where its pattern is beyond this."""
    listed = _listed(field)
    if len(listed) >= count:
        return listed[:count]
    if field.type == "integer":
        low = field.constraints.minimum
        return [int(low if isinstance(low, int) else 1) + at for at in range(count)]
    if field.type == "number":
        return [float(at + 1) for at in range(count)]
    if field.type in ("date", "yearmonth"):
        days = [dt.date(2015 + at // 12, 1 + at % 12, 1) for at in range(count)]
        return [day.isoformat() if field.type == "date" else f"{day:%Y-%m}" for day in days]
    kept = field.constraints
    for width in range(max(1, len(str(count))), LONGEST + 1):
        for letter in LETTERS if kept.pattern else ("s",):
            texts = [f"{letter}{at + 1:0{width}d}" for at in range(count)]
            size = len(texts[0])
            fits = (kept.min_length or 0) <= size <= (kept.max_length or size)
            if fits and (kept.pattern is None or bool(matches(pd.Series(texts), kept.pattern).all())):
                return list(texts)
    raise DataError(
        "no values could be made up for a column",
        found=f"{field.name}, pattern {kept.pattern!r}",
        allowed="letters before digits",
    )
