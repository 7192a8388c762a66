"""Tables of areas made up from schemas: one row an area and period, or people in areas. They are synthetic.

Each comparison of areas that a plan makes brings the rows of its population, with the values that its
conditions ask for. Two comparisons share rows where the second finds its areas and periods there already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from precept_stats.data.generated import SYNTHETIC, Coded, limits_of, most_of, typed, without_broken
from precept_stats.data.generated_values import Drawn, drawn, named_alike
from precept_stats.data.schema import PROVENANCE_COLUMN, DataSchema, FieldSchema
from precept_stats.data.selection import Condition, Scalar
from precept_stats.inference.seeds import Seed

Floats = NDArray[np.float64]
Row = dict[str, object]

PEOPLE = 40
"""People an area and period, in a table of single people."""
EVENTS = 300
"""Events that are expected in the smallest area, so that few areas are without any."""
BETWEEN, WITHIN = 0.25, 0.05
"""Standard deviations of the log rate between areas, and between periods of one."""
PRECISE = 0.05
"""The standard error of an estimate, as a share of it."""
RANKS = 5
GROUPED = 4
"""Areas that lie in one group."""


@dataclass(frozen=True, slots=True)
class Areas:
    """What one comparison of areas needs of its table.

    ``names`` and ``times`` are the values of ``area`` and ``period``, at least ``count`` and ``periods`` of
    which are made. ``likely`` is the share of people with the outcome, and ``top`` what a share of one is
    on the scale of estimates, which stand beside ``std_error``. Counts are multiples of ``rounded_to``.
    """

    area: str
    outcome: Coded
    conditions: tuple[Condition, ...] = ()
    names: tuple[Scalar, ...] = ()
    count: int = 2
    period: str = ""
    times: tuple[Scalar, ...] = ()
    periods: int = 1
    within: str = ""
    rank: str = ""
    people: str = ""
    std_error: str = ""
    likely: float = 0.3
    top: float = 1.0
    rounded_to: int = 1


def area_tables(
    schemas: Mapping[str, DataSchema], asked: Mapping[str, Sequence[Areas]], seed: int
) -> dict[str, pd.DataFrame]:
    """The tables that are asked for, by name, each row marked synthetic where the schema lets it be."""
    root = Seed(seed).at("generated").at("areas")
    return {name: _table(schemas[name], few, root.at(name).generator()) for name, few in asked.items()}


def _table(schema: DataSchema, asked: Sequence[Areas], rng: np.random.Generator) -> pd.DataFrame:
    """The rows of every comparison, those that ask for most first, so that others find theirs among them."""
    known: list[Row] = []
    parts = []
    for one in sorted(asked, key=lambda each: -len(_fixed(each))):
        cells = [
            row for row in _cells(one, schema) if not any(row.items() <= other.items() for other in known)
        ]
        if cells:
            known += cells
            parts.append(_filled(one, schema, cells, rng))
    frame = pd.concat(parts, ignore_index=True)
    for column in schema.columns:
        unique = (column.name,) == schema.primary_key or column.constraints.unique
        if unique and column.name not in {one.area for one in asked}:
            frame[column.name] = pd.Series(named_alike(column, len(frame)), dtype=object)
    return without_broken(frame, schema)


def _fixed(one: Areas) -> Row:
    """The values that the population asks of columns other than of areas and periods."""
    found: Row = {}
    for condition in one.conditions:
        if condition.column not in (one.area, one.period) and condition.listed:
            found[condition.column] = condition.listed[0]
    return found


def _cells(one: Areas, schema: DataSchema) -> list[Row]:
    """What is the same in all rows of an area and period."""
    fixed = _fixed(one)
    areas = _levels(one.area, schema, one.conditions, (one.names, one.count))
    if not one.period:
        return [{**fixed, one.area: area} for area in areas]
    times = _levels(one.period, schema, one.conditions, (one.times, one.periods))
    return [{**fixed, one.area: area, one.period: time} for area, time in product(areas, times)]


def _levels(
    column: str, schema: DataSchema, conditions: tuple[Condition, ...], wanted: tuple[tuple[Scalar, ...], int]
) -> list[object]:
    """The values that the population asks for; else all that the schema lists, or named and made-up ones."""
    for condition in conditions:
        if condition.column == column and condition.listed:
            return list(condition.listed)
    field, (names, count) = schema[column], wanted
    if field.constraints.enum:
        return list(field.constraints.enum)
    return list(dict.fromkeys([*names, *named_alike(field, max(0, count - len(names)))]))


def _filled(one: Areas, schema: DataSchema, cells: list[Row], rng: np.random.Generator) -> pd.DataFrame:
    """Every column of the rows of one comparison."""
    of_people = one.outcome.denominator is None and not one.std_error
    rows = [cell for cell in cells for _ in range(PEOPLE if of_people else 1)]
    columns: dict[str, list[object]] = {name: [row[name] for row in rows] for name in rows[0]}
    numbers = {area: at for at, area in enumerate(dict.fromkeys(columns[one.area]))}
    place = np.array([numbers[area] for area in columns[one.area]], dtype=np.intp)
    measured = _measured(one, schema, place, rng)
    for field in schema.columns:
        if field.name in columns:
            continue
        if field.name in measured:
            columns[field.name] = measured[field.name]
        elif field.name == PROVENANCE_COLUMN:
            columns[field.name] = [SYNTHETIC] * len(rows)
        elif field.name in (one.within, one.rank):
            columns[field.name] = _of_areas(field, one, place)
        else:
            own = tuple(each for each in one.conditions if each.column == field.name)
            columns[field.name] = drawn(Drawn(field, len(rows), rng, own))
    return pd.DataFrame({name: pd.Series(columns[name], dtype=object) for name in schema.column_names})


def _of_areas(field: FieldSchema, one: Areas, place: NDArray[np.intp]) -> list[object]:
    """What an area has once: the group that it lies in, or its rank."""
    if field.name == one.rank:
        return [typed(field, 1 + at % RANKS) for at in place]
    groups = named_alike(field, max(2, (int(place.max()) + 1) // GROUPED))
    return [groups[at % len(groups)] for at in place]


def _measured(
    one: Areas, schema: DataSchema, place: NDArray[np.intp], rng: np.random.Generator
) -> dict[str, list[object]]:
    """The outcome of every row with what belongs to it, likelier in some areas than in others."""
    between = rng.normal(0.0, BETWEEN, int(place.max()) + 1)[place]
    rate = np.minimum(one.likely * np.exp(between + rng.normal(0.0, WITHIN, len(place))), 0.95)
    found: dict[str, list[object]] = {}
    outcome = one.outcome
    if one.people:
        found[one.people] = _kept(schema[one.people], rng.integers(10_000, 100_000, len(place)))
    if one.std_error:
        low, high = limits_of(schema[outcome.column])
        unbounded = schema[outcome.column].constraints.maximum is None
        estimate = np.clip(one.top * rate, low, max(high, one.top) if unbounded else high)
        found[outcome.column] = _kept(schema[outcome.column], estimate)
        found[one.std_error] = _kept(schema[one.std_error], PRECISE * estimate)
    elif outcome.denominator is not None:
        found |= _counted(one, schema, rate, rng)
    else:
        happened = rng.random(len(place)) < rate
        found[outcome.column] = [(outcome.event if yes else outcome.non_event)[0] for yes in happened]
    return found


def _counted(
    one: Areas, schema: DataSchema, rate: Floats, rng: np.random.Generator
) -> dict[str, list[object]]:
    """Numerators and denominators, rounded as the publisher says."""
    outcome, step = one.outcome, one.rounded_to
    below = schema[outcome.denominator or ""]
    fewest = min(int(EVENTS / one.likely), max(1, most_of(below) // 2))
    size = rng.integers(fewest, 2 * fewest + 1, len(rate))
    drew = rng.binomial(size, rate) if outcome.kind == "binary" else rng.poisson(size * rate)
    size = np.maximum(step, step * np.rint(size / step)).astype(np.int64)
    events = np.minimum(step * np.rint(drew / step), size)
    return {below.name: _kept(below, size), outcome.column: _kept(schema[outcome.column], events)}


def _kept(field: FieldSchema, values: NDArray[np.int64] | Floats) -> list[object]:
    return [typed(field, round(float(value), 6)) for value in values]
