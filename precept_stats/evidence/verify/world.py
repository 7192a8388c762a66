"""From a plan to what made-up tables need: units, arms, times, outcomes and populations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import singledispatch

from precept_stats.data.generated import Coded, Times, World
from precept_stats.data.schema import DataSchema, FieldSchema
from precept_stats.data.selection import Condition, Scalar
from precept_stats.plan.document import Plan
from precept_stats.studies.calendar import Frequency, label_of, period_of
from precept_stats.studies.cluster_trial import ClusterTrial, Periods
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.programme import Programme
from precept_stats.studies.question import Outcome
from precept_stats.studies.stepped_wedge import SteppedWedge

Schemas = Mapping[str, DataSchema]
AROUND: dict[Frequency, tuple[int, int]] = {
    "year": (19, 13),
    "quarter": (32, 16),
    "month": (72, 36),
    "week": (120, 60),
    "day": (120, 60),
    "index": (40, 20),
}
"""Periods before and from an interruption on: enough for two cycles, placebo dates and a window after."""
LATEST = 4
"""How many periods apart units start at most, and one more."""
FIRST_MONTH = period_of("2018-01", "month", "generated")


def world_of(plan: Plan, schemas: Schemas) -> World:
    """What the primary analysis needs, with the outcomes and populations of all."""
    analysis = plan.analyses[plan.primary]
    estimand = plan.estimands[analysis.estimand]
    conditions = tuple(_conditions(plan))
    found = _world(analysis.study, schemas, conditions)
    series = [one.study for one in plan.analyses.values() if isinstance(one.study, InterruptedSeries)]
    told_apart = [one.series for one in series if one.series is not None]
    if told_apart:
        controls = (name for one in series if one.controls is not None for name in one.controls.series)
        names = dict.fromkeys((*named_values(conditions, told_apart[0]), *controls))
        found = replace(found, unit=told_apart[0], names=tuple(names))
    arm = _field(schemas, found.arm)
    if arm is not None:
        arms = (_as(arm, estimand.reference), _as(arm, estimand.compare))
        found = replace(found, arms=arms)
    return replace(found, outcomes=tuple(coded(one) for one in plan.outcomes.values() if one.column))


def _conditions(plan: Plan) -> Iterator[tuple[Condition, ...]]:
    used = {plan.estimands[one.estimand].population for one in plan.analyses.values()}
    return (population.where for name, population in plan.populations.items() if name in used)


def coded(outcome: Outcome) -> Coded:
    """An outcome as it is to be made up."""
    values = outcome.type == "binary" and outcome.denominator is None
    return Coded(
        outcome.column,
        outcome.type,
        outcome.event if values else (),
        outcome.non_event if values else (),
        (*outcome.missing, *outcome.excluded) if values else (),
        outcome.denominator,
    )


def _field(schemas: Schemas, column: str) -> FieldSchema | None:
    return next((schema[column] for schema in schemas.values() if column in schema), None)


def _as(field: FieldSchema, value: Scalar) -> Scalar:
    """A value of the plan as the column has it: the plan writes arms as text."""
    for one in field.constraints.enum or ():
        if str(one) == str(value):
            return one
    if field.type == "integer":
        return int(value)
    if field.type == "boolean":
        return str(value).lower() in ("true", "1")
    return float(value) if field.type == "number" else str(value)


@singledispatch
def _world(_study: object, _schemas: Schemas, conditions: tuple[tuple[Condition, ...], ...]) -> World:
    return World(unit=None, conditions=conditions)


@_world.register
def _(study: ClusterTrial, schemas: Schemas, conditions: tuple[tuple[Condition, ...], ...]) -> World:
    return World(
        unit=study.cluster,
        arm=study.arm,
        strata=study.strata,
        pairs=study.pairs or "",
        times=None if study.periods is None else _windows(study.periods, schemas),
        conditions=_free_of(conditions, (study.cluster, study.arm)),
    )


@_world.register
def _(
    study: ClusterTrialWithBaseline, schemas: Schemas, conditions: tuple[tuple[Condition, ...], ...]
) -> World:
    if study.periods is not None:
        times = _windows(study.periods, schemas)
    else:
        times = Times(study.period or "", (study.baseline[0], study.follow_up[0]))
    asked = _free_of(conditions, (study.cluster, study.arm))
    return World(study.cluster, arm=study.arm, strata=study.strata, times=times, conditions=asked)


@_world.register
def _(study: SteppedWedge, schemas: Schemas, conditions: tuple[tuple[Condition, ...], ...]) -> World:
    field = _field(schemas, study.period)
    return World(
        unit=study.cluster,
        arm=study.arm,
        switching=True,
        strata=study.strata,
        times=Times(study.period, () if field is None else _steps(field)),
        conditions=_free_of(conditions, (study.cluster, study.arm)),
    )


@_world.register
def _(study: Programme, schemas: Schemas, conditions: tuple[tuple[Condition, ...], ...]) -> World:
    first = study.interruptions[study.first]
    before, after = AROUND[study.time.every]
    if study.before is not None and study.after is not None:
        before, after = -study.before.first, study.after.last + 1
    numbers = range(FIRST_MONTH, FIRST_MONTH + before + LATEST + after)
    values = _labels(_field(schemas, study.time.column), numbers, study.time.every)
    of_units = {study.cluster, study.region, study.level} - {None, study.unit}
    return World(
        unit=study.unit,
        of_units=frozenset(name for name in of_units if name is not None),
        times=Times(study.time.column, values, first.column or "", before, (-before, after - 1)),
        conditions=_free_of(conditions, (study.unit,)),
    )


@_world.register
def _(study: InterruptedSeries, schemas: Schemas, conditions: tuple[tuple[Condition, ...], ...]) -> World:
    every, dated = study.time.every, [one.at for one in study.interruptions.values() if one.at is not None]
    numbers = [period_of(at, every, "the plan") for at in dated] or [FIRST_MONTH]
    before, after = AROUND[every]
    field = _field(schemas, study.time.column)
    values = _labels(field, range(min(numbers) - before, max(numbers) + after), every)
    return World(study.series, times=Times(study.time.column, values), conditions=conditions)


def named_values(asked: Iterable[tuple[Condition, ...]], column: str) -> tuple[Scalar, ...]:
    """The values of a column that populations ask for."""
    found = (one for every in asked for one in every if one.column == column)
    return tuple(dict.fromkeys(value for one in found for value in one.listed))


def _windows(periods: Periods, schemas: Schemas) -> Times:
    """Months from before the first start to after the last; people fall into both windows."""
    before, after = max(0, -periods.baseline.first), periods.follow_up.last + 1
    numbers = range(FIRST_MONTH, FIRST_MONTH + before + LATEST + after)
    values = _labels(_field(schemas, periods.month), numbers, "month")
    return Times(periods.month, values, periods.start, before, (-before, after - 1))


def _steps(field: FieldSchema) -> tuple[Scalar, ...]:
    """The periods of a stepped wedge: those that the schema lists or bounds, else six."""
    if field.constraints.enum:
        return field.constraints.enum
    low, high = field.constraints.minimum, field.constraints.maximum
    if field.type == "integer":
        first = low if isinstance(low, int) else 1
        return tuple(range(first, (high if isinstance(high, int) else first + 5) + 1))
    return _labels(field, range(FIRST_MONTH, FIRST_MONTH + 6), "month")


def _labels(field: FieldSchema | None, numbers: range, every: Frequency) -> tuple[Scalar, ...]:
    """Periods as the column writes them, those within its limits."""
    texts = [label_of(number, every) for number in numbers]
    if field is None or field.type in ("string", "yearmonth"):
        return tuple(texts)
    if field.type == "date":
        return tuple(text if len(text) == len("2020-01-01") else f"{text}-01" for text in texts)
    values = [int(text) for text in texts]
    low, high = field.constraints.minimum, field.constraints.maximum
    return tuple(
        value
        for value in values
        if (not isinstance(low, int | float) or value >= low)
        and (not isinstance(high, int | float) or value <= high)
    )


def _free_of(
    conditions: tuple[tuple[Condition, ...], ...], columns: tuple[str, ...]
) -> tuple[tuple[Condition, ...], ...]:
    """Conditions on who the units are, or on their arm, are met by how these are made up."""
    return tuple(tuple(one for one in every if one.column not in columns) for every in conditions)
