"""From tables and a question to a trial over periods, every row accounted for on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from precept_stats.errors import DataError
from precept_stats.studies import allocation as allocate
from precept_stats.studies.allocation_tables import wedge_allocations
from precept_stats.studies.cluster_trial_design import Ints
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.studies.composite_coding import composite_rows
from precept_stats.studies.covariates import Column
from precept_stats.studies.flow import Bools, Selection, flow_rows
from precept_stats.studies.labels import Labels, label_rows, listed, near_match, text_of
from precept_stats.studies.outcome_coding import CodedOutcome
from precept_stats.studies.period_rows import (
    Panel,
    build_period_design,
    participant_warnings,
    people_numbered,
)
from precept_stats.studies.periods import read_periods, uneven
from precept_stats.studies.population import SourceTable
from precept_stats.studies.prepared_periods import PreparedPeriods, Recorded
from precept_stats.studies.prepared_trial import Participants
from precept_stats.studies.question import Question
from precept_stats.studies.row_columns import read_row_columns
from precept_stats.studies.schedule import (
    TRANSITION,
    Cells,
    Schedule,
    design_checks,
    read_schedule,
    require_comparison,
)
from precept_stats.studies.spelling import placed
from precept_stats.studies.stepped_wedge import SteppedWedge
from precept_stats.studies.steps import (
    Described,
    Trial,
    characteristics_of,
    code_rows,
    complete_rows,
    covariates_of,
    in_population,
    loss_warnings,
    participants,
    read_columns,
    read_trial,
    with_outcome,
)


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """The eligible rows of a trial over periods: when each was, and the schedule that they tell."""

    eligible: Selection
    concerned: Selection
    period: Labels
    schedule: Schedule
    absent: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


def prepare_wedge(
    study: SteppedWedge, data: Mapping[str, SourceTable], question: Question
) -> PreparedPeriods:
    """Turn tables into the design of a stepped wedge, and keep account of every row.

    The steps, each in the flow: recorded rows, population conditions one at a time, periods of
    transition, outcomes that do not apply or are missing, missing covariates. Raises DataError, naming
    what was found and where, when the tables do not hold the trial that the study describes.
    """
    trial = read_trial(study, data, question)
    at = _placed_in_wedge(study, trial)
    done = prepared(study, trial, at)
    require_comparison(done.schedule, done.cells)
    sure = (at.schedule, at.eligible.clusters())
    allocations, warnings = wedge_allocations(study, data, done.design, sure)
    design = replace(done.design, allocations=allocations)
    asked = question.estimand
    named = (asked.reference_name or asked.reference, asked.compare_name or asked.compare)
    told = replace(done.schedule, arm_names=named)
    checks = (*design_checks(told, done.cells), *_period_checks(done))
    return replace(done, design=design, checks=checks, warnings=(*done.warnings, *warnings))


def _placed_in_wedge(study: SteppedWedge, trial: Trial) -> Placed:
    label = "Individuals" if study.participant is None else "Observations"
    selection, warnings = in_population(trial, label)
    allocate.check_names(study, trial.found, selection.kept, trial.where)
    in_transition = _known_conditions(study, trial, selection)
    allocate.check_compared(study, trial.found, selection.kept, trial.question.estimand, trial.where)
    allocate.check_blocks(study, trial.found, selection.kept, selection.roster.arm)
    field = trial.gathered.fields.get(study.period)
    where = trial.gathered.where(study.period)
    period = read_periods(trial.frame[study.period], field, selection.kept, where)
    eligible = selection.stand("eligible", "Eligible", sizes=True)
    schedule = _schedule(study, trial, selection, (period, in_transition))
    if in_transition.any():
        words = f"In transition: {listed(dict.fromkeys(map(str, study.transition)))}"
        selection = eligible.leave("transition", words, in_transition)
    else:
        selection = eligible
    return Placed(eligible, selection, period, schedule, (), warnings)


def _known_conditions(study: SteppedWedge, trial: Trial, selection: Selection) -> Bools:
    """Which rows are in transition; DataError for a condition that the plan does not name."""
    arm, estimand = trial.found.arm, trial.question.estimand
    marks = {text_of(value) for value in study.transition}
    named = {estimand.reference, estimand.compare}
    present = [arm.names[code] for code in np.unique(arm.codes[selection.kept])]
    strange = [name for name in present if name not in named | marks]
    if strange:
        raise DataError(
            "a condition that the plan does not name",
            found=listed(map(repr, strange)) + near_match(strange[0], [*named, *marks]),
            allowed=f"{estimand.reference!r} (reference), {estimand.compare!r} (compare)"
            + (f", {listed(map(repr, sorted(marks)))} (transition)" if marks else "; or `transition`")
            + "; leave other rows out with a population condition",
            where=f"{trial.where}, column {study.arm!r}",
        )
    is_mark = np.array([name in marks for name in arm.names] + [False], dtype=np.bool_)
    in_transition: Bools = is_mark[arm.codes] & selection.kept
    return in_transition


def _schedule(
    study: SteppedWedge, trial: Trial, selection: Selection, when: tuple[Labels, Bools]
) -> Schedule:
    period, in_transition = when
    kept, roster = selection.kept, selection.roster
    condition = np.where(in_transition, TRANSITION, roster.arm)
    return read_schedule(
        Cells(roster.cluster[kept], period.codes[kept], condition[kept]),
        (roster.cluster_names, period.names),
        roster.arm_names,
        f"{trial.where}, columns {study.cluster!r}, {study.period!r} and {study.arm!r}",
    )


def prepared(study: SteppedWedge | ClusterTrialWithBaseline, trial: Trial, at: Placed) -> PreparedPeriods:
    """The steps after the schedule: outcomes, covariates, the design, and what describes it."""
    coded = code_rows(trial, at.concerned.kept)
    of_bundle = composite_rows(trial.frame, trial.question, at.concerned, coded)
    concerned = with_outcome(trial, at.concerned, coded)
    columns = read_columns(trial, concerned.kept)
    final = complete_rows(trial, concerned, coded, columns).stand("analysed", "Analysed", sizes=True)
    _require_rows(final, trial.where)
    lost = np.setdiff1d(at.eligible.clusters(), final.clusters())
    names = (*(final.roster.cluster_names[cluster] for cluster in lost), *(name for name, _ in at.absent))
    panel = Panel(
        found=trial.found,
        selection=final,
        coded=coded,
        period=at.period,
        schedule=at.schedule,
        participant=_people(study, trial, concerned),
        covariates=covariates_of(trial, columns, concerned.kept, final.kept),
        further=read_row_columns(study, trial.gathered, final.kept),
        dropped=names,
    )
    people, recorded = _described(study, trial, (concerned, coded, columns), panel)
    return PreparedPeriods(
        study=study,
        question=trial.question,
        design=build_period_design(trial.question, panel),
        flow=flow_rows(final.steps, final.roster.people_label),
        participants=people,
        recorded=recorded,
        schedule=at.schedule.of(final.clusters()),
        checks=(),
        warnings=(
            *at.warnings,
            *loss_warnings(names, coded, final.roster.people),
            *participant_warnings(panel),
        ),
        composite=of_bundle,
    )


def _require_rows(final: Selection, where: str) -> None:
    if not final.kept.any():
        raise DataError(
            "no row is left to analyse",
            found="; ".join(f"{step.words}: {step.counts[0].n}" for step in final.steps),
            allowed="rows with an outcome and every covariate",
            where=where,
        )


def _people(
    study: SteppedWedge | ClusterTrialWithBaseline, trial: Trial, concerned: Selection
) -> Labels | None:
    """The participants of a closed cohort, every row that the outcome concerns with a name."""
    if study.participant is None:
        return None
    labels = label_rows(trial.frame[study.participant])
    placed(labels, concerned.kept, trial.gathered.where(study.participant), "participant")
    return labels


def _period_checks(done: PreparedPeriods) -> tuple[str, ...]:
    schedule, cells, sentences = done.schedule, done.cells, []
    empty = [schedule.periods[t] for t in np.flatnonzero(~cells.any(axis=0))]
    if empty:
        sentences.append(f"No cluster has an analysed row in {listed(empty)}, which the model leaves out.")
    if uneven(schedule.periods):
        sentences.append(
            f"The periods are not equally far apart ({listed(schedule.periods, 10)}); models count them as "
            "1, 2, 3 and so on."
        )
    return tuple(sentences)


def _described(
    study: SteppedWedge | ClusterTrialWithBaseline,
    trial: Trial,
    found: tuple[Selection, CodedOutcome, Mapping[str, Column]],
    panel: Panel,
) -> tuple[Participants, Recorded]:
    """The people of Table 1 and of the account of missing outcomes."""
    concerned, coded, columns = found
    rows = np.flatnonzero(concerned.kept)
    everyone = _by_condition(concerned, rows)
    chosen = np.flatnonzero(_in_table_one(study, concerned, panel))
    about = characteristics_of(trial, columns, chosen)
    table = participants(concerned, coded, _by_condition(concerned, rows[chosen]), about)
    return table, Recorded(participants(concerned, coded, everyone), panel.period.codes[rows])


def _by_condition(selection: Selection, rows: Ints) -> Described:
    """Rows within their clusters under one condition each: a cluster that switches stands twice."""
    roster = selection.roster
    units, row_unit = np.unique(roster.cluster[rows] * 2 + roster.arm[rows], return_inverse=True)
    names = tuple(roster.cluster_names[unit // 2] for unit in units)
    return Described(rows, names, (units % 2).astype(np.intp), row_unit.astype(np.intp))


def _in_table_one(
    study: SteppedWedge | ClusterTrialWithBaseline, concerned: Selection, panel: Panel
) -> Bools:
    """Of a closed cohort each person's first row under a condition; else the rows at follow-up, or all."""
    kept = concerned.kept
    period, cluster = panel.period.codes[kept], concerned.roster.cluster[kept]
    people = people_numbered(panel.participant, concerned.roster.cluster, kept)
    if people is None:
        return period == 1 if isinstance(study, ClusterTrialWithBaseline) else period >= 0
    order = np.lexsort((period, concerned.roster.arm[kept], cluster, people))
    named = np.column_stack([people[order], concerned.roster.arm[kept][order]])
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (named[1:] != named[:-1]).any(axis=1)
    chosen = np.zeros(len(order), dtype=np.bool_)
    chosen[order[first]] = True
    return chosen
