"""The steps from tables to analysed rows that every cluster trial takes, whatever its design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from precept_stats.errors import DataError
from precept_stats.studies import AnyStudy
from precept_stats.studies.allocation import Allocation, arm_numbers, read_allocation
from precept_stats.studies.cluster_trial import BASELINE_OUTCOME
from precept_stats.studies.cluster_trial_design import Floats, Ints
from precept_stats.studies.composite_coding import code_question
from precept_stats.studies.covariates import Column, is_missing, read_column
from precept_stats.studies.flow import Bools, Roster, Selection
from precept_stats.studies.labels import Labels, listed
from precept_stats.studies.outcome_coding import CodedOutcome, people_per_row
from precept_stats.studies.population import (
    Gathered,
    SourceTable,
    condition_columns,
    gather,
    surprising_values,
)
from precept_stats.studies.prepared_trial import Characteristic, Participants
from precept_stats.studies.question import Question


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What the steps share: the question put to the columns, as they were found."""

    study: AnyStudy
    question: Question
    gathered: Gathered
    found: Allocation

    @property
    def frame(self) -> pd.DataFrame:
        return self.gathered.frame

    @property
    def where(self) -> str:
        return f"table {self.gathered.table!r}"


def read_trial(study: AnyStudy, data: Mapping[str, SourceTable], question: Question) -> Trial:
    """Bring together every column that study, outcome and population name."""
    gathered = gather(question.population, data, _columns_asked(study, question))
    return Trial(study, question, gathered, read_allocation(study, gathered.frame))


def _columns_asked(study: AnyStudy, question: Question) -> dict[str, str]:
    """Every column that is needed, with what asks for it (the first to ask)."""
    asks: list[tuple[str | None, str]] = [
        *((column, f"study.{_field(at)}") for at, column in study.named() if column != BASELINE_OUTCOME),
        *_outcome_asks(question),
        *condition_columns(question.population).items(),
    ]
    return {name: asker for name, asker in reversed(asks) if name is not None}


def _outcome_asks(question: Question) -> list[tuple[str | None, str]]:
    if question.outcome.composite is not None:
        return [(element.column, f"outcome {name!r}") for name, element in question.elements]
    outcome = question.outcome
    return [(outcome.column, "outcome.column"), (outcome.denominator, "outcome.denominator")]


def _field(at: str) -> str:
    """``adjust/0`` as ``adjust``, ``periods/month`` as ``periods.month``."""
    return ".".join(step for step in at.split("/") if not step.isdigit())


def in_population(trial: Trial, people_label: str) -> tuple[Selection, tuple[str, ...]]:
    """Apply the population's conditions one by one; warnings of values that never occur.

    Raises DataError when no row is left.
    """
    selection = Selection(_roster(trial, people_label), np.ones(len(trial.frame), dtype=np.bool_))
    selection = selection.stand("recorded", "Recorded")
    warnings = []
    for number, condition in enumerate(trial.question.population.where, start=1):
        warnings.append(surprising_values(condition, trial.frame[condition.column]))
        fails = ~condition.mask(trial.frame).to_numpy(dtype=np.bool_)
        words = condition.words(trial.gathered.title(condition.column))
        selection = selection.leave(f"excluded_{number}", f"Did not meet: {words}", fails)
    if not selection.kept.any():
        raise DataError(
            "the population is empty: no row meets its conditions",
            found="; ".join(f"{step.words}: {step.counts[0].n}" for step in selection.steps),
            allowed="at least one row in each arm",
            where=trial.where,
        )
    return selection, tuple(filter(None, warnings))


def _roster(trial: Trial, people_label: str) -> Roster:
    estimand, outcome = trial.question.estimand, trial.question.outcome
    return Roster(
        cluster=trial.found.cluster.codes,
        cluster_names=trial.found.cluster.names,
        arm=arm_numbers(trial.found.arm, estimand),
        arm_names=(estimand.reference, estimand.compare),
        people=people_per_row(trial.frame, outcome),
        people_label="Rows" if _counts_rows(trial) else people_label,
    )


def _counts_rows(trial: Trial) -> bool:
    """Whether what is counted are rows of a table: person-time, or one row a cluster and period."""
    outcome = trial.question.outcome
    grouped = outcome.type == "binary" and outcome.denominator is not None
    return outcome.type == "count" or (trial.gathered.row_level != "individual" and not grouped)


def without_other_arms(trial: Trial, selection: Selection) -> Selection:
    """Leave out the rows of arms that the estimand does not compare."""
    elsewhere = selection.roster.arm < 0
    if not (selection.kept & elsewhere).any():
        return selection
    arm = trial.found.arm
    names = [arm.names[code] for code in np.unique(arm.codes[selection.kept & elsewhere])]
    return selection.leave("other_arm", f"In another arm: {listed(names)}", elsewhere)


def code_rows(trial: Trial, used: Bools) -> CodedOutcome:
    """Code the outcome of the rows in ``used``; other rows are neither missing nor excluded."""
    part = code_question(trial.frame[used], trial.question, trial.where)
    return CodedOutcome(
        y=_spread(part.y, used, 0.0),
        size=_spread(part.size, used, 0.0),
        missing=_spread(part.missing, used, False),
        excluded=_spread(part.excluded, used, False),
    )


def _spread[Kind: np.generic](
    part: np.ndarray[tuple[int], np.dtype[Kind]], used: Bools, other: float | bool
) -> np.ndarray[tuple[int], np.dtype[Kind]]:
    whole = np.full(len(used), other, dtype=part.dtype)
    whole[used] = part
    return whole


def read_columns(trial: Trial, concerned: Bools) -> dict[str, Column]:
    """Covariates and characteristics of the rows that the outcome concerns, but for the baseline outcome."""
    named = (*trial.study.strata, trial.study.pairs)
    asked = dict.fromkeys((*trial.study.adjust, *trial.study.characteristics))
    return {
        name: read_column(
            trial.frame.loc[concerned, name],
            trial.gathered.fields.get(name),
            trial.gathered.where(name),
            categorical=name in named,
        )
        for name in asked
        if name != BASELINE_OUTCOME
    }


def with_outcome(trial: Trial, concerned: Selection, coded: CodedOutcome) -> Selection:
    """Leave out the rows whose outcome does not apply."""
    outcomes = (trial.question.outcome, *(element for _, element in trial.question.elements))
    if not any(outcome.excluded for outcome in outcomes):
        return concerned
    return concerned.leave("outcome_excluded", "Outcome does not apply", coded.excluded)


def complete_rows(
    trial: Trial, concerned: Selection, coded: CodedOutcome, columns: Mapping[str, Column]
) -> Selection:
    """Leave out rows with a missing outcome, then those with a missing covariate."""
    answered = concerned.leave("outcome_missing", "Outcome missing", coded.missing)
    return with_covariates(trial, answered, concerned.kept, columns)


def with_covariates(
    trial: Trial, selection: Selection, concerned: Bools, columns: Mapping[str, Column]
) -> Selection:
    """Leave out rows with a missing covariate; ``columns`` are of the rows in ``concerned``."""
    adjust = dict.fromkeys(trial.study.adjust)
    if not adjust:
        return selection
    missing = np.any([is_missing(columns[name]) for name in adjust], axis=0)
    words = f"Covariate missing ({', '.join(adjust)})"
    return selection.leave("covariate_missing", words, _spread(missing, concerned, False))


def covariates_of(
    trial: Trial, columns: Mapping[str, Column], concerned: Bools, analysed: Bools
) -> dict[str, Column]:
    """The covariates of the analysed rows."""
    return {name: among(columns[name], analysed[concerned]) for name in dict.fromkeys(trial.study.adjust)}


def among(column: Column, rows: Bools | Ints) -> Column:
    """The entries of a column for some rows."""
    return Labels(column.codes[rows], column.names) if isinstance(column, Labels) else column[rows]


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """Rows to describe, by number, each with the unit (cluster, or cluster under a condition) it is in."""

    rows: Ints
    units: tuple[str, ...]
    arm: Ints
    row_unit: Ints


def by_cluster(selection: Selection, rows: Ints) -> Described:
    """Rows within their clusters, the arm being that of the cluster."""
    cluster = selection.roster.cluster[rows]
    present, row_unit = np.unique(cluster, return_inverse=True)
    arm = np.zeros(len(present), dtype=np.intp)
    arm[row_unit] = selection.roster.arm[rows]
    names = tuple(selection.roster.cluster_names[one] for one in present)
    return Described(rows, names, arm, row_unit.astype(np.intp))


def participants(
    selection: Selection,
    coded: CodedOutcome,
    described: Described,
    characteristics: tuple[Characteristic, ...] = (),
) -> Participants:
    """The individuals of some rows, with the columns of Table 1 for the same rows."""
    return Participants(
        clusters=described.units,
        arm=described.arm,
        row_cluster=described.row_unit,
        people=selection.roster.people[described.rows],
        missing=coded.missing[described.rows],
        characteristics=characteristics,
    )


def characteristics_of(
    trial: Trial, columns: Mapping[str, Column], rows: Ints | Bools
) -> tuple[Characteristic, ...]:
    """The columns of Table 1 for ``rows`` of the columns; the baseline outcome too, where there is one."""
    computed = (BASELINE_OUTCOME,) if BASELINE_OUTCOME in columns else ()
    return tuple(
        Characteristic(name, *_words_of(trial, name), among(columns[name], rows))
        for name in dict.fromkeys((*trial.study.characteristics, *computed))
    )


def _words_of(trial: Trial, name: str) -> tuple[str, str]:
    """The label and the unit of a characteristic."""
    if name != BASELINE_OUTCOME:
        return trial.gathered.title(name), trial.gathered.unit(name)
    outcome = trial.question.outcome
    return f"{outcome.name}, baseline", "proportion" if outcome.type == "binary" else outcome.unit


def loss_warnings(dropped: tuple[str, ...], coded: CodedOutcome, people: Floats) -> tuple[str, ...]:
    """Clusters that are not analysed, and rows that count nobody because they have no denominator."""
    warnings = []
    if dropped:
        how_many = "1 cluster is" if len(dropped) == 1 else f"{len(dropped)} clusters are"
        names = listed(dropped, 20)
        warnings.append(f"{how_many} not analysed (the flow shows where they left): {names}")
    uncounted = int((coded.missing & (people == 0)).sum())
    if uncounted:
        warnings.append(f"{uncounted} rows have no denominator, so the people in them are not counted")
    return tuple(warnings)
