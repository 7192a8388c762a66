"""Tables made up from schemas alone, so that a plan can be run where its data may not go. They are synthetic.

A table has the shape that its primary key says: units by periods, one row a unit, or people in units. Each
column is drawn within the constraints of its field; rows that break a rule between columns are left out.
Nothing is taken from data: numbers show that a plan runs, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from precept_stats.data.generated_values import Drawn, chosen, drawn, named_alike
from precept_stats.data.schema import PROVENANCE_COLUMN, DataSchema, FieldSchema
from precept_stats.data.selection import Condition, Scalar
from precept_stats.inference.seeds import Seed

Ints = NDArray[np.intp]
Columns = dict[str, list[object]]

SYNTHETIC = "synthetic"
UNITS = 24
"""Units, unless the plan names them. Even, so that arms, pairs and strata come out equal."""
PEOPLE = 12
"""People a unit, and a period where people are seen in periods."""
MET = 0.85
"""The share of units or rows that are made to be of the population."""


LIKELY = 1.5
"""The log odds of an outcome, before arm, time and unit: likely, so that bundles of several are met too."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of outcomes: its values when it happened and when not, of no use, or a number by its kind."""

    column: str
    kind: str
    event: tuple[Scalar, ...] = ()
    non_event: tuple[Scalar, ...] = ()
    others: tuple[Scalar, ...] = ()
    denominator: str | None = None


@dataclass(frozen=True, slots=True)
class Times:
    """The column of periods with every value in order; ``starts`` is the column of a unit's own start.

    A person's period is between ``window`` of the start, in places of the list.
    """

    column: str
    values: tuple[Scalar, ...]
    starts: str = ""
    first_start: int = 0
    window: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class World:
    """What a plan needs of its tables: who the units are, how they were allocated, when, and what happened.

    ``arms`` are the values of the reference and the compared arm; with ``switching`` a unit changes from the
    one to the other in time. ``of_units`` are columns with one value a unit. ``conditions`` has a list for
    each population.
    """

    unit: str | None
    names: tuple[Scalar, ...] = ()
    arm: str = ""
    arms: tuple[Scalar, Scalar] = (0, 1)
    switching: bool = False
    strata: tuple[str, ...] = ()
    pairs: str = ""
    of_units: frozenset[str] = frozenset()
    times: Times | None = None
    outcomes: tuple[Coded, ...] = ()
    conditions: tuple[tuple[Condition, ...], ...] = ()


@dataclass(slots=True)
class Making:
    """The state of a generation: the world, its units' own values by column, and the stream of draws."""

    world: World
    rng: np.random.Generator
    units: int
    own: Columns = field(default_factory=dict)


def generated_tables(schemas: Mapping[str, DataSchema], world: World, seed: int) -> dict[str, pd.DataFrame]:
    """Every table by name, each row marked synthetic where the schema lets it be."""
    units = len(world.names) or (1 if world.unit is None else UNITS)
    making = Making(world, Seed(seed).at("generated").generator(), units)
    # tables of units first, so that others find what they say
    ordered = sorted(schemas, key=lambda name: schemas[name].level != "cluster")
    made = {name: _table(schemas[name], making) for name in ordered}
    return {name: made[name] for name in schemas}


def _table(schema: DataSchema, making: Making) -> pd.DataFrame:
    unit, place = _rows(schema, making)
    columns: Columns = {}
    for one in schema.columns:
        columns[one.name] = _column(one, schema, making, (unit, place))
    _outcomes(columns, schema, making, (unit, place))
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    return without_broken(frame, schema)


def _rows(schema: DataSchema, making: Making) -> tuple[Ints, Ints]:
    """The unit and the place in time of every row."""
    world, times = making.world, making.world.times
    periods = len(times.values) if times is not None and times.column in schema else 1
    keyed = set(schema.primary_key)
    by_person = schema.level == "individual" and world.unit is not None
    everyone = np.arange(making.units if world.unit in schema or world.unit is None else 1)
    if times is not None and times.starts and by_person:
        unit = np.repeat(everyone, PEOPLE * 3)
        low, high = times.window
        starts = np.asarray(_starts(making))[unit]
        place = starts + making.rng.integers(low, high + 1, len(unit))
        return unit, np.clip(place, 0, len(times.values) - 1)
    people = PEOPLE if by_person and not keyed & {world.unit} else 1
    unit = np.repeat(everyone, periods * people)
    place = np.tile(np.repeat(np.arange(periods), people), len(everyone))
    return unit, place


def _starts(making: Making) -> list[int]:
    times = making.world.times
    first = 0 if times is None else times.first_start
    return [first + unit % 4 for unit in range(making.units)]


def _column(one: FieldSchema, schema: DataSchema, making: Making, rows: tuple[Ints, Ints]) -> list[object]:
    """A column as long as the rows: the same for each unit where it is one of units."""
    world, (unit, place) = making.world, rows
    times = world.times
    if one.name == PROVENANCE_COLUMN:
        return [SYNTHETIC] * len(unit)
    if times is not None and one.name == times.column:
        return [times.values[at] for at in place]
    if one.name == world.arm and world.switching:
        return [world.arms[int(now >= _switch(making, who))] for who, now in zip(unit, place, strict=True)]
    if _of_units(one, schema, world):
        own = making.own.setdefault(one.name, _own(one, making))
        return [own[who] for who in unit]
    if (one.name,) == schema.primary_key or one.constraints.unique or one.notes.role == "identifier":
        return list(named_alike(one, len(unit)))
    return drawn(Drawn(one, len(unit), making.rng, _conditions(one.name, world), MET))


def _of_units(one: FieldSchema, schema: DataSchema, world: World) -> bool:
    constant = any(
        rule.kind == "constant_within" and rule.within == world.unit and one.name in rule.columns
        for rule in schema.notes.rules
    )
    allocated = one.name in (world.arm, world.pairs, *world.strata) and not world.switching
    of_units = one.name == world.unit or one.name in world.of_units or one.notes.level == "cluster"
    return allocated or of_units or constant or schema.level == "cluster"


def _switch(making: Making, unit: int) -> int:
    """The place at which a unit changes arm: in four steps after the first period."""
    times = making.world.times
    periods = 2 if times is None else len(times.values)
    steps = max(1, min(4, periods - 1))
    return 1 + (unit % steps) * max(1, (periods - 1) // steps)


def _own(one: FieldSchema, making: Making) -> list[object]:
    """One value a unit."""
    world, count = making.world, making.units
    if one.name == world.unit:
        return list(world.names or named_alike(one, count))
    if one.name == world.arm:
        return [world.arms[(unit + unit // 2) % 2] for unit in range(count)]
    if one.name == world.pairs:
        return [named_alike(one, count // 2)[unit // 2] for unit in range(count)]
    if one.name in world.strata:
        return [chosen(one, 2)[unit // 2 % 2] for unit in range(count)]
    times = world.times
    if times is not None and one.name == times.starts:
        return [times.values[at] for at in _starts(making)]
    if one.constraints.unique:
        return list(named_alike(one, count))
    if one.name in world.of_units and one.type == "string" and not one.constraints.enum and count > 5:
        return [named_alike(one, count // 3)[unit % (count // 3)] for unit in range(count)]
    share = MET if count > 1 else 1.0
    return drawn(Drawn(one, count, making.rng, _conditions(one.name, world), share))


def _conditions(column: str, world: World) -> tuple[Condition, ...]:
    """What populations ask of a column; that of the first which asks anything."""
    for asked in world.conditions:
        own = tuple(condition for condition in asked if condition.column == column)
        if own:
            return own
    return ()


def _outcomes(columns: Columns, schema: DataSchema, making: Making, rows: tuple[Ints, Ints]) -> None:
    """Replace the columns of outcomes: likelier in the compared arm, later, and in some units."""
    world, rng, (unit, place) = making.world, making.rng, rows
    lift = rng.normal(0.0, 0.3, making.units)[unit]
    if world.arm in columns:
        lift = lift + 0.4 * np.array([value == world.arms[1] for value in columns[world.arm]])
    lift = lift + 0.2 * place / max(1, int(place.max()) if len(place) else 1)
    done: set[str] = set()
    for one in world.outcomes:
        if one.column not in schema:
            continue
        if one.denominator is not None and one.denominator in schema and one.denominator not in done:
            top = most_of(schema[one.denominator])
            sizes = rng.integers(min(20, top), min(40, top) + 1, len(unit))
            columns[one.denominator] = [typed(schema[one.denominator], size) for size in sizes]
            done.add(one.denominator)
        columns[one.column] = _happened(one, schema[one.column], columns, (lift, rng))


def most_of(one: FieldSchema) -> int:
    """The largest count that a column may hold."""
    top = one.constraints.maximum
    return int(top) if isinstance(top, int | float) else 10**6


def typed(one: FieldSchema, value: float) -> object:
    """A number as the type of its column has it."""
    return float(value) if one.type == "number" else int(value)


def _happened(
    one: Coded,
    column: FieldSchema,
    columns: Columns,
    drawing: tuple[NDArray[np.float64], np.random.Generator],
) -> list[object]:
    lift, rng = drawing
    chance = 1.0 / (1.0 + np.exp(-LIKELY - lift))
    if one.denominator is not None and one.denominator in columns:
        sizes = np.array(columns[one.denominator], dtype=np.float64)
        if one.kind == "binary":
            return [typed(column, value) for value in rng.binomial(sizes.astype(np.int64), chance)]
        return [typed(column, value) for value in rng.poisson(sizes * chance)]
    if one.kind == "binary":
        happened = rng.random(len(lift)) < chance
        values = [rng.choice(len(one.event if yes else one.non_event)) for yes in happened]
        told = [(one.event if yes else one.non_event)[at] for yes, at in zip(happened, values, strict=True)]
        if not one.others:
            return list(told)
        lost = rng.random(len(lift)) < 0.04
        return [one.others[at % len(one.others)] if gone else told[at] for at, gone in enumerate(lost)]
    low, high = limits_of(column)
    middle, width = (low + high) / 2.0, (high - low) / 10.0
    found = np.clip(middle + width * (lift + rng.normal(0.0, 1.0, len(lift))), low, high)
    return [typed(column, round(float(value), 6)) for value in found]


def limits_of(column: FieldSchema) -> tuple[float, float]:
    """Between what the numbers of a column lie: its own limits, or a hundred from its least."""
    low, high = column.constraints.minimum, column.constraints.maximum
    bottom = float(low) if isinstance(low, int | float) else 0.0
    return bottom, float(high) if isinstance(high, int | float) else bottom + 100.0


def without_broken(frame: pd.DataFrame, schema: DataSchema) -> pd.DataFrame:
    """Rows that keep every rule between columns; each is judged alone, so that what is left keeps it too."""
    kept = pd.Series(True, index=frame.index)
    for rule in schema.notes.rules:
        if rule.kind in ("not_above", "implies", "always") and set(rule.names) <= set(frame.columns):
            typed = frame.infer_objects()
            kept &= ~(rule.judged(typed) & rule.broken(typed)).astype(bool)
    return frame[kept].reset_index(drop=True)
