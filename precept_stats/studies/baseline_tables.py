"""From tables and a question to a parallel trial with its baseline outcomes beside those at follow-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from precept_stats.data.selection import Scalar
from precept_stats.errors import DataError
from precept_stats.studies import allocation as allocate
from precept_stats.studies.cluster_trial_tables import eligible_rows
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.studies.covariates import first_by_cluster
from precept_stats.studies.flow import Bools, Selection
from precept_stats.studies.labels import Labels, label_rows, listed, near_match, text_of
from precept_stats.studies.period_tables import Placed, prepared
from precept_stats.studies.population import SourceTable
from precept_stats.studies.prepared_periods import PreparedPeriods
from precept_stats.studies.question import Question
from precept_stats.studies.schedule import ABSENT, Schedule
from precept_stats.studies.spelling import placed
from precept_stats.studies.steps import Trial, read_trial
from precept_stats.studies.windows import find_windows

BASELINE, FOLLOW_UP = 0, 1
PERIODS = ("baseline", "follow-up")


def prepare_with_baseline(
    study: ClusterTrialWithBaseline, data: Mapping[str, SourceTable], question: Question
) -> PreparedPeriods:
    """Turn tables into a design of two periods, both arms being under the reference at baseline.

    The steps, each in the flow: recorded rows, population conditions one at a time, other arms, rows
    of neither period, outcomes that do not apply or are missing, missing covariates. Raises DataError,
    naming what was found and where, when the tables do not hold the trial that the study describes.
    """
    trial = read_trial(study, data, question)
    absent = allocate.allocated_without_rows(study, question.population, data, trial.found, question.estimand)
    label = "Individuals" if study.participant is None else "Observations"
    eligible, warnings = eligible_rows(trial, absent, label)
    in_baseline, in_follow_up = _windows(study, trial, eligible.kept)
    if not (in_baseline & eligible.kept).any():
        raise DataError(
            "no eligible row is in the baseline period",
            found=f"{int(eligible.kept.sum())} eligible rows, all later",
            allowed="baseline outcomes; without them the study is a cluster_trial",
            where=trial.where,
        )
    words = "Outside the baseline and follow-up windows" if study.periods else "In another period"
    concerned = eligible.leave("outside_windows", words, ~in_baseline & ~in_follow_up)
    codes = np.where(in_baseline, BASELINE, np.where(in_follow_up, FOLLOW_UP, -1)).astype(np.intp)
    schedule = _schedule(concerned)
    at = Placed(eligible, concerned, Labels(codes, PERIODS), schedule, absent, warnings)
    done = prepared(study, trial, at)
    _require_follow_up(done)
    return replace(done, warnings=(*done.warnings, *_one_period_only(done)))


def _windows(study: ClusterTrialWithBaseline, trial: Trial, eligible: Bools) -> tuple[Bools, Bools]:
    if study.periods is not None:
        return find_windows(study.periods, trial.frame, trial.found.cluster, eligible, trial.where)
    column, where = trial.frame[str(study.period)], trial.gathered.where(str(study.period))
    placed(label_rows(column), eligible, where, "period")
    baseline = _with_values(column, study.baseline, eligible, where)
    return baseline, _with_values(column, study.follow_up, eligible, where)


def _with_values(column: pd.Series, values: tuple[Scalar, ...], eligible: Bools, where: str) -> Bools:
    """Rows that have one of the values; DataError for a value that no eligible row has."""
    labels = label_rows(column)
    present = [labels.names[code] for code in np.unique(labels.codes[eligible])]
    absent = [text_of(value) for value in values if text_of(value) not in present]
    if absent:
        raise DataError(
            "a period that no eligible row is in",
            found=listed(map(repr, absent)) + near_match(absent[0], present),
            allowed=listed(map(repr, present), 20),
            where=where,
        )
    wanted = {text_of(value) for value in values}
    chosen = np.array([name in wanted for name in labels.names] + [False], dtype=np.bool_)
    rows: Bools = chosen[labels.codes] & eligible
    return rows


def _schedule(concerned: Selection) -> Schedule:
    """Both arms under the reference at baseline; at follow-up each under its own."""
    roster, kept = concerned.roster, concerned.kept
    n_clusters = len(roster.cluster_names)
    arm = first_by_cluster(roster.arm[kept], roster.cluster[kept], n_clusters)
    seen = np.full((n_clusters, 2), ABSENT, dtype=np.intp)
    seen[arm >= 0, BASELINE] = 0
    seen[:, FOLLOW_UP] = arm
    return Schedule(roster.cluster_names, PERIODS, roster.arm_names, seen)


def _require_follow_up(done: PreparedPeriods) -> None:
    """Each arm has at least two clusters with an analysed outcome at follow-up, and there is a baseline."""
    cells, design = done.cells, done.design
    if not cells.any(axis=0).all():
        raise DataError(
            "a period has no analysed row",
            found=f"rows at {listed(design.periods)} only",
            allowed="analysed outcomes at baseline and at follow-up",
            where="the analysed rows",
        )
    with_outcome = np.flatnonzero(cells[:, FOLLOW_UP])
    names = [design.clusters[cluster] for cluster in with_outcome]
    allocate.check_arms_left(design.treated[with_outcome, FOLLOW_UP], design.arm_names, names)


def _one_period_only(done: PreparedPeriods) -> tuple[str, ...]:
    """Clusters that have outcomes in one of the two periods: they stay in, and a reader should know."""
    cells, said = done.cells, []
    for number, name in enumerate(PERIODS):
        without = [done.design.clusters[k] for k in np.flatnonzero(~cells[:, number])]
        if without:
            said.append(
                f"no {name} outcome for clusters {listed(without, 20)}; what they have stays in the model"
            )
    return tuple(said)
