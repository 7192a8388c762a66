"""From tables and a question to a design over time, every row accounted for on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from precept_stats.errors import DataError, PlanError
from precept_stats.studies.calendar import period_numbers
from precept_stats.studies.changes import AnyChange, interruption_of
from precept_stats.studies.cluster_trial_design import Covariate, Floats, Ints
from precept_stats.studies.covariates import code_covariate, is_missing, read_column
from precept_stats.studies.flow import Roster, Selection, flow_rows
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.labels import Labels, counted_values, label_rows
from precept_stats.studies.outcome_coding import CodedOutcome, code_outcome, numbers, people_per_row
from precept_stats.studies.population import (
    Gathered,
    SourceTable,
    condition_columns,
    gather,
    surprising_values,
)
from precept_stats.studies.prepared_series import PreparedSeries
from precept_stats.studies.programme import Programme
from precept_stats.studies.question import Question
from precept_stats.studies.row_columns import frozen
from precept_stats.studies.series_checks import check_design, require_summable
from precept_stats.studies.series_design import LEFT, NEVER, Bools, SeriesDesign
from precept_stats.studies.series_doubts import doubts
from precept_stats.studies.series_left import with_left
from precept_stats.studies.series_rows import Cells, averaged, cells_of, labels_of, refuse_repeated
from precept_stats.studies.series_units import TimeStudy, UnitReader

ONE_SERIES = "all"
LEFT_WORDS = ("", "Outside the windows before and after", "In the window that is left out", "In transition")


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """The columns side by side, and the question put to them; ``individual`` says that rows are people."""

    study: TimeStudy
    question: Question
    gathered: Gathered
    individual: bool

    @property
    def where(self) -> str:
        return f"table {self.gathered.table!r}"


def prepare_series(study: TimeStudy, data: Mapping[str, SourceTable], question: Question) -> PreparedSeries:
    """Turn tables into series, and keep account of every row. Rows may come in any order.

    Raises DataError, naming what was found and where, for an interruption outside the data, a unit without
    data on both sides of its start, gaps and repeated periods, dates that are mixed, have a time zone or
    cannot be read, zero denominators, and seasons longer than the series.
    """
    source = _source(study, data, question)
    unit, selection, warnings = _population(source)
    period = _periods(source, selection.kept)
    coded = code_outcome(source.gathered.frame[selection.kept], question.outcome, source.where)
    selection, coded = _answered(source, selection, coded)
    design = with_left(study, _design(source, (unit, period), selection.kept, coded))
    check_design(study, design, source.gathered.where(study.time.column))
    selection = _used(selection, design, (unit, period))
    flow = flow_rows(selection.steps, selection.roster.people_label)
    told = tuple(row for row in flow if not row.group("arm"))
    return PreparedSeries(study, question, design, told, (*warnings, *doubts(study, design)))


def _source(study: TimeStudy, data: Mapping[str, SourceTable], question: Question) -> Source:
    outcome = question.outcome
    if outcome.composite is not None:
        raise PlanError("a composite outcome is not followed over time", allowed="an outcome of one column")
    require_summable(study, question)
    name = interruption_of(_change(question))
    if name and name not in study.interruptions:
        allowed = ", ".join(study.interruptions)
        raise PlanError(
            "the change is of an interruption that the study has not", found=name, allowed=allowed
        )
    asked = {column: f"study.{field.replace('/', '.')}" for field, column in reversed(study.named())}
    asked |= dict.fromkeys(question.outcome_columns, "outcome")
    asked = condition_columns(question.population) | asked
    gathered = gather(question.population, data, asked)
    schema = data[question.population.of].schema
    of_people = schema is not None and schema.notes.level == "individual"
    counted = outcome.type == "binary" and outcome.denominator is None
    return Source(study, question, gathered, counted or (of_people and outcome.denominator is None))


def _population(source: Source) -> tuple[Labels, Selection, tuple[str, ...]]:
    """The unit of every row, and the rows that meet the population's conditions, one at a time."""
    gathered, population = source.gathered, source.question.population
    masks = [condition.mask(gathered.frame).to_numpy(dtype=np.bool_) for condition in population.where]
    meets: Bools = np.all(masks, axis=0) if masks else np.ones(len(gathered.frame), dtype=np.bool_)
    if not meets.any():
        raise DataError("the population has no rows", where=source.where)
    unit = _units(source, meets)
    people = source.individual or source.question.outcome.type == "binary"
    everyone = _recorded_units(source)
    roster = Roster(
        cluster=everyone.codes,
        cluster_names=everyone.names,
        arm=np.full(len(meets), -1, dtype=np.intp),
        arm_names=("before", "after"),
        people=people_per_row(gathered.frame, source.question.outcome),
        people_label="Individuals" if people else "Rows",
    )
    selection = Selection(roster, np.ones(len(meets), dtype=np.bool_)).stand("recorded", "Recorded")
    for number, (condition, mask) in enumerate(zip(population.where, masks, strict=True), start=1):
        words = condition.words(gathered.title(condition.column))
        selection = selection.leave(f"excluded_{number}", f"Did not meet: {words}", ~mask)
    warnings = (surprising_values(one, gathered.frame[one.column]) for one in population.where)
    return unit, selection.stand("eligible", "Eligible", sizes=True), tuple(filter(None, warnings))


def _units(source: Source, kept: Bools) -> Labels:
    """The units that the population has rows of."""
    column, what = _unit_column(source.study)
    if column is None:
        return Labels(np.zeros(len(kept), dtype=np.intp), (ONE_SERIES,))
    return labels_of(column, source.gathered, kept, what)


def _recorded_units(source: Source) -> Labels:
    """The units of all rows, in the population or not: the flow counts those that it leaves out."""
    column, _ = _unit_column(source.study)
    frame = source.gathered.frame
    if column is None:
        return Labels(np.zeros(len(frame), dtype=np.intp), (ONE_SERIES,))
    return label_rows(frame[column])


def _unit_column(study: TimeStudy) -> tuple[str | None, str]:
    """Where a unit's name stands, and what it is called; none where there is one series."""
    return (study.unit, "unit") if isinstance(study, Programme) else (study.series, "series")


def _periods(source: Source, kept: Bools) -> Ints:
    """The period of every kept row; -1 elsewhere."""
    time, period = source.study.time, np.full(len(kept), -1, dtype=np.intp)
    where = source.gathered.where(time.column)
    period[kept] = period_numbers(source.gathered.frame.loc[kept, time.column], time.every, where)
    undated = int((kept & (period < 0)).sum())
    if undated:
        raise DataError(
            "rows of the population have no date",
            found=f"{undated} empty cells",
            allowed="a date in every row (leave other rows out with a population condition)",
            where=where,
        )
    return period


def _answered(source: Source, selection: Selection, coded: CodedOutcome) -> tuple[Selection, CodedOutcome]:
    """Without rows whose outcome does not apply or is missing, or that miss a covariate."""
    kept, adjust = selection.kept, tuple(dict.fromkeys(source.study.adjust))
    told = [("outcome_missing", "Outcome missing", coded.missing)]
    if source.question.outcome.excluded:
        told.insert(0, ("outcome_excluded", "Outcome does not apply", coded.excluded))
    if adjust:
        frame, gathered = source.gathered.frame, source.gathered
        columns = (
            read_column(frame.loc[kept, name], gathered.fields.get(name), gathered.where(name))
            for name in adjust
        )
        lacks = np.any([is_missing(one) for one in columns], axis=0)
        told.append(("covariate_missing", f"Covariate missing ({', '.join(adjust)})", lacks))
    for name, words, mask in told:
        whole = np.zeros(len(kept), dtype=np.bool_)
        whole[kept] = mask
        selection = selection.leave(name, words, whole)
    stays = selection.kept[kept]
    if not stays.any():
        raise DataError("no row has an outcome and every covariate", where=source.where)
    return selection, CodedOutcome(
        coded.y[stays], coded.size[stays], coded.missing[stays], coded.excluded[stays]
    )


def _design(source: Source, placed: tuple[Labels, Ints], kept: Bools, coded: CodedOutcome) -> SeriesDesign:
    """The cells of the kept rows, all of them used as yet."""
    study, question, estimand = source.study, source.question, source.question.estimand
    units = _unit_reader(source, placed[0], kept)
    cells = cells_of(units.row_unit, placed[1][kept])
    _require_one_row(source, cells, units.names)
    size, events, about = cells.total(coded.size), cells.total(coded.y), units.read()
    return SeriesDesign(
        outcome=question.outcome,
        summary=estimand.summary,
        target=estimand.target,
        change=_change(question),
        names=(estimand.reference_name or estimand.reference, estimand.compare_name or estimand.compare),
        every=study.time.every,
        units=units.names,
        row_unit=frozen(cells.unit),
        period=frozen(cells.period),
        time=frozen(_time(cells, about.interruptions[0].start)),
        y=frozen(events / size),
        size=frozen(size),
        events=frozen(events),
        left=frozen(np.zeros(cells.count, dtype=np.intp)),
        weights=_weights(source, kept, cells),
        covariates=_covariates(source, kept, cells, coded.size),
        treated=about.treated,
        cluster=about.cluster[0],
        cluster_names=about.cluster[1],
        region=about.region[0],
        region_names=about.region[1],
        level=about.level[0],
        level_names=about.level[1],
        interruptions=about.interruptions,
        coding=study.coding,
        seasonality=study.seasonality,
        control_levels=_control_levels(study),
        single_out=isinstance(study, InterruptedSeries),
        effect=estimand.effect,
    )


def _change(question: Question) -> AnyChange:
    change = question.estimand.change
    if change is None:
        raise PlanError("the estimand does not say which change is asked for", allowed="a block `change`")
    return change


def _unit_reader(source: Source, unit: Labels, kept: Bools) -> UnitReader:
    """The units that have a kept row."""
    present, row_unit = np.unique(unit.codes[kept], return_inverse=True)
    names = tuple(unit.names[one] for one in present)
    return UnitReader(source.study, source.gathered, kept, row_unit.astype(np.intp), names)


def _require_one_row(source: Source, cells: Cells, names: tuple[str, ...]) -> None:
    study = source.study
    summed = isinstance(study, InterruptedSeries) and study.several_rows == "sum"
    if not (source.individual or summed):
        where = source.gathered.where(study.time.column)
        refuse_repeated(cells, names, study.time.every, where)


def _time(cells: Cells, start: Ints) -> Floats:
    """Periods since the unit's own start; of a unit without one, since the earliest of all."""
    counted = np.where(start == NEVER, start[start != NEVER].min(), start)
    time: Floats = (cells.period - counted[cells.unit]).astype(np.float64)
    return time


def _control_levels(study: TimeStudy) -> Literal["pooled", "own"]:
    controls = study.controls if isinstance(study, InterruptedSeries) else None
    return "pooled" if controls is None else controls.levels


def _weights(source: Source, kept: Bools, cells: Cells) -> Floats | None:
    """Inverse relative variances, averaged over the rows of a cell. DataError for one that is not above 0."""
    name = source.study.weights
    if name is None:
        return None
    column = source.gathered.frame.loc[kept, name]
    values = numbers(column, np.ones(len(column), dtype=np.bool_), source.gathered.where(name))
    if (values <= 0).any():
        raise DataError(
            "a weight is 0 or negative",
            found=counted_values(column[values <= 0]),
            allowed="weights above 0 (leave the other rows out with a population condition)",
            where=source.gathered.where(name),
        )
    return frozen(cells.mean(values, np.ones_like(values)))


def _covariates(source: Source, kept: Bools, cells: Cells, size: Floats) -> tuple[Covariate, ...]:
    gathered, found = source.gathered, []
    for name in dict.fromkeys(source.study.adjust):
        column = read_column(gathered.frame.loc[kept, name], gathered.fields.get(name), gathered.where(name))
        coded = code_covariate(name, column, cells.unit[cells.of_row], int(cells.unit.max()) + 1)
        found.append(averaged(coded, cells, size))
    return tuple(found)


def _used(selection: Selection, design: SeriesDesign, placed: tuple[Labels, Ints]) -> Selection:
    """The flow's last steps: cells that are not in the model, by the reason, and those that are."""
    kept = selection.kept
    _, row_unit = np.unique(placed[0].codes[kept], return_inverse=True)
    cells = cells_of(row_unit.astype(np.intp), placed[1][kept])
    left = np.zeros(len(kept), dtype=np.intp)
    left[kept] = design.left[cells.of_row]
    for number, name in enumerate(LEFT):
        if number and (left == number).any():
            selection = selection.leave(name, LEFT_WORDS[number], left == number)
    return selection.stand("analysed", "Analysed", sizes=True)
