"""From tables and a question to the arrays of a cluster trial, every row accounted for on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from precept_stats.errors import DataError
from precept_stats.studies import allocation as allocate
from precept_stats.studies.cluster_trial import BASELINE_OUTCOME, ClusterTrial
from precept_stats.studies.cluster_trial_description import describe
from precept_stats.studies.covariates import Column, is_missing, read_column
from precept_stats.studies.flow import Bools, Roster, Selection, flow_rows
from precept_stats.studies.labels import Labels, listed
from precept_stats.studies.outcome_coding import CodedOutcome, code_outcome, people_per_row
from precept_stats.studies.population import (
    Gathered,
    SourceTable,
    condition_columns,
    gather,
    surprising_values,
)
from precept_stats.studies.prepared_trial import (
    BaselineOutcome,
    Characteristic,
    Participants,
    PreparedTrial,
)
from precept_stats.studies.question import Question
from precept_stats.studies.trial_design import Analysed, build_design
from precept_stats.studies.windows import find_windows

__all__ = ["PreparedTrial", "describe", "prepare"]


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    """What the steps share: the question put to the columns, as they were found."""

    study: ClusterTrial
    question: Question
    gathered: Gathered
    found: allocate.Allocation

    @property
    def frame(self) -> pd.DataFrame:
        return self.gathered.frame

    @property
    def where(self) -> str:
        return f"table {self.gathered.table!r}"


def prepare(study: ClusterTrial, data: Mapping[str, SourceTable], question: Question) -> PreparedTrial:
    """Turn tables into the design of a cluster trial, and keep account of every row.

    The steps, each in the flow: recorded rows, population conditions one at a time, other arms,
    windows, outcomes that do not apply or are missing, missing covariates, incomplete pairs.
    Clusters are in natural order of their names and rows are sorted, so the order of the data
    changes no number. Tables are not changed. Raises DataError, naming what was found and where,
    when the tables do not hold the trial that the study describes.
    """
    trial = _read(study, data, question)
    absent = allocate.allocated_without_rows(study, question.population, data, trial.found, question.estimand)
    eligible, warnings = _eligible(trial, absent)
    concerned, in_baseline = _in_windows(trial, eligible)
    coded = _coded(trial, concerned.kept | in_baseline)
    if question.outcome.excluded:
        concerned = concerned.leave("outcome_excluded", "Outcome does not apply", coded.excluded)
    baseline = _baseline(trial, coded, in_baseline) if study.periods else None
    columns = _columns(trial, concerned.kept, baseline)
    answered = concerned.leave("outcome_missing", "Outcome missing", coded.missing)
    complete = _complete(trial, answered, columns, concerned.kept)
    paired = _paired(trial, complete)
    final = paired.stand("analysed", "Analysed", sizes=True)
    lost = np.setdiff1d(eligible.clusters(), final.clusters())
    dropped = (*(trial.found.cluster.names[cluster] for cluster in lost), *(name for name, _ in absent))
    covariates = {
        name: _among(columns[name], final.kept[concerned.kept]) for name in dict.fromkeys(study.adjust)
    }
    design = build_design(question, Analysed(trial.found, final, coded, covariates, baseline, dropped))
    return PreparedTrial(
        study=study,
        question=question,
        design=design,
        flow=flow_rows(final.steps, final.roster.people_label),
        participants=_participants(trial, concerned, coded, columns),
        baseline=_of_clusters(baseline, final.clusters()),
        warnings=(*warnings, *_loss_warnings(dropped, coded, final, baseline)),
    )


def _read(study: ClusterTrial, data: Mapping[str, SourceTable], question: Question) -> _Trial:
    asked = _columns_asked(study, question)
    gathered = gather(question.population, data, asked)
    return _Trial(study, question, gathered, allocate.read_allocation(study, gathered.frame))


def _columns_asked(study: ClusterTrial, question: Question) -> dict[str, str]:
    """Every column that is needed, with what asks for it (the first to ask)."""
    outcome = question.outcome
    asks: list[tuple[str | None, str]] = [
        (study.cluster, "study.cluster"),
        (study.arm, "study.arm"),
        *((name, "study.strata") for name in study.strata),
        (study.pairs, "study.pairs"),
        *((name, "study.adjust") for name in study.adjust if name != BASELINE_OUTCOME),
        *((name, "study.characteristics") for name in study.characteristics if name != BASELINE_OUTCOME),
        (outcome.column, "outcome.column"),
        (outcome.denominator, "outcome.denominator"),
        *condition_columns(question.population).items(),
    ]
    if study.periods is not None:
        asks += [(study.periods.month, "study.periods.month"), (study.periods.start, "study.periods.start")]
    return {name: asker for name, asker in reversed(asks) if name is not None}


def _eligible(trial: _Trial, absent: tuple[tuple[str, str], ...]) -> tuple[Selection, tuple[str, ...]]:
    """Apply the population's conditions one by one, check the allocation, and leave other arms out."""
    estimand, found = trial.question.estimand, trial.found
    roster = _roster(trial)
    selection = Selection(roster, np.ones(len(trial.frame), dtype=np.bool_)).stand("recorded", "Recorded")
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
    allocate.check_arms(trial.study, found, selection.kept, estimand, trial.where)
    elsewhere = roster.arm < 0
    if (selection.kept & elsewhere).any():
        names = [found.arm.names[code] for code in np.unique(found.arm.codes[selection.kept & elsewhere])]
        selection = selection.leave("other_arm", f"In another arm: {listed(names)}", elsewhere)
    allocate.check_blocks(trial.study, found, selection.kept, roster.arm)
    if absent:
        arms = [arm for _, arm in absent]
        selection = selection.begun_with({arm: arms.count(arm) for arm in roster.arm_names})
    return selection.stand("eligible", "Eligible", sizes=True), tuple(filter(None, warnings))


def _roster(trial: _Trial) -> Roster:
    estimand, outcome = trial.question.estimand, trial.question.outcome
    return Roster(
        cluster=trial.found.cluster.codes,
        cluster_names=trial.found.cluster.names,
        arm=allocate.arm_numbers(trial.found.arm, estimand),
        arm_names=(estimand.reference, estimand.compare),
        people=people_per_row(trial.frame, outcome),
        people_label="Rows" if outcome.type == "count" else "Individuals",
    )


def _in_windows(trial: _Trial, eligible: Selection) -> tuple[Selection, Bools]:
    """The rows of the follow-up window, and which rows are in the baseline window."""
    periods = trial.study.periods
    if periods is None:
        return eligible, np.zeros(len(trial.frame), dtype=np.bool_)
    in_baseline, in_follow_up = find_windows(
        periods, trial.frame, trial.found.cluster, eligible.kept, trial.where
    )
    outside = eligible.leave(
        "outside_windows", "Outside the baseline and follow-up windows", ~in_baseline & ~in_follow_up
    )
    return outside.leave(
        "baseline_window", "In the baseline window, used for the baseline outcome", in_baseline
    ), in_baseline


def _coded(trial: _Trial, used: Bools) -> CodedOutcome:
    """Code the outcome of the rows in ``used``; other rows are neither missing nor excluded."""
    part = code_outcome(trial.frame[used], trial.question.outcome, trial.where)
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


def _baseline(trial: _Trial, coded: CodedOutcome, in_baseline: Bools) -> BaselineOutcome:
    """Totals and denominators in the baseline window for every cluster that the rows name."""
    cluster, n_clusters = trial.found.cluster.codes[in_baseline], len(trial.found.cluster.names)
    return BaselineOutcome(
        total=np.bincount(cluster, weights=coded.y[in_baseline], minlength=n_clusters),
        size=np.bincount(cluster, weights=coded.size[in_baseline], minlength=n_clusters),
    )


def _of_clusters(
    baseline: BaselineOutcome | None, clusters: np.ndarray[tuple[int], np.dtype[np.intp]]
) -> BaselineOutcome | None:
    if baseline is None:
        return None
    return BaselineOutcome(baseline.total[clusters], baseline.size[clusters])


def _columns(trial: _Trial, concerned: Bools, baseline: BaselineOutcome | None) -> dict[str, Column]:
    """Covariates and characteristics of the rows that the outcome concerns."""
    columns: dict[str, Column] = {}
    named = (*trial.study.strata, trial.study.pairs)
    for name in dict.fromkeys((*trial.study.adjust, *trial.study.characteristics)):
        if name == BASELINE_OUTCOME and baseline is not None:
            columns[name] = baseline.mean[trial.found.cluster.codes[concerned]]
        else:
            field = trial.gathered.fields.get(name)
            columns[name] = read_column(
                trial.frame.loc[concerned, name],
                field,
                trial.gathered.where(name),
                categorical=name in named,
            )
    return columns


def _complete(
    trial: _Trial, answered: Selection, columns: Mapping[str, Column], concerned: Bools
) -> Selection:
    """Leave out rows with a missing covariate."""
    adjust = dict.fromkeys(trial.study.adjust)
    if not adjust:
        return answered
    missing = np.any([is_missing(columns[name]) for name in adjust], axis=0)
    words = f"Covariate missing ({', '.join(adjust)})"
    return answered.leave("covariate_missing", words, _spread(missing, concerned, False))


def _paired(trial: _Trial, complete: Selection) -> Selection:
    """Leave out clusters without a partner, where the study drops them."""
    if trial.study.pairs is None:
        return complete
    alone = allocate.partnerless(trial.study, trial.found, complete.kept, complete.roster.arm)
    return complete.leave("incomplete_pair", "Pair without its other cluster", alone)


def _among(column: Column, rows: Bools) -> Column:
    return Labels(column.codes[rows], column.names) if isinstance(column, Labels) else column[rows]


def _participants(
    trial: _Trial, concerned: Selection, coded: CodedOutcome, columns: Mapping[str, Column]
) -> Participants:
    kept, roster = concerned.kept, concerned.roster
    clusters = concerned.clusters()
    row_cluster = np.searchsorted(clusters, roster.cluster[kept])
    arm = np.zeros(len(clusters), dtype=np.intp)
    arm[row_cluster] = roster.arm[kept]
    return Participants(
        clusters=tuple(roster.cluster_names[cluster] for cluster in clusters),
        arm=arm,
        row_cluster=row_cluster,
        people=roster.people[kept],
        missing=coded.missing[kept],
        characteristics=tuple(
            Characteristic(name, *_words_of(trial, name), columns[name])
            for name in dict.fromkeys(trial.study.characteristics)
        ),
    )


def _words_of(trial: _Trial, name: str) -> tuple[str, str]:
    """The label and the unit of a characteristic."""
    if name != BASELINE_OUTCOME:
        return trial.gathered.title(name), trial.gathered.unit(name)
    outcome = trial.question.outcome
    return f"{outcome.name}, baseline", "proportion" if outcome.type == "binary" else outcome.unit


def _loss_warnings(
    dropped: tuple[str, ...],
    coded: CodedOutcome,
    final: Selection,
    baseline: BaselineOutcome | None,
) -> tuple[str, ...]:
    warnings = []
    if dropped:
        how_many = "1 cluster is" if len(dropped) == 1 else f"{len(dropped)} clusters are"
        names = listed(dropped, 20)
        warnings.append(f"{how_many} not analysed (the flow shows where they left): {names}")
    uncounted = int((coded.missing & (final.roster.people == 0)).sum())
    if uncounted:
        warnings.append(f"{uncounted} rows have no denominator, so the people in them are not counted")
    if baseline is not None:
        without = [final.roster.cluster_names[c] for c in final.clusters() if baseline.size[c] == 0]
        if without:
            warnings.append(f"no baseline outcome for clusters {listed(without, 20)}")
    return tuple(warnings)
