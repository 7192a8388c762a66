"""What describes a trial over periods: Table 1 by condition, missing outcomes, and the schedule."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from precept_stats.studies.cluster_trial_description import (
    About,
    average,
    missing_rows,
    missingness,
    table_one,
)
from precept_stats.studies.cluster_trial_design import Floats
from precept_stats.studies.prepared_periods import PreparedPeriods
from precept_stats.studies.schedule import TRANSITION
from precept_stats.values import Row


def describe(prepared: PreparedPeriods, analysis: str) -> tuple[Row, ...]:
    """Rows of context ``baseline``, ``missingness`` and ``schedule`` for one analysis.

    Table 1 is by condition: of a closed cohort each person once under each condition, at first sight;
    of a trial with baseline the people at follow-up; else everyone. The schedule has a row for every
    analysed cluster and eligible period: whether treated (absent in transition), how many were
    analysed, and their mean; sentences about the design are rows of the name ``check``.
    """
    names = prepared.design.arm_names
    return (
        *table_one(prepared.participants, names, analysis),
        *missingness(prepared.recorded.participants, prepared.design, analysis),
        *_missing_by_period(prepared, analysis),
        *_schedule(prepared, analysis),
    )


def _missing_by_period(prepared: PreparedPeriods, analysis: str) -> Iterator[Row]:
    people, design = prepared.recorded.participants, prepared.design
    about = About(analysis, "missingness", design.outcome.column, design.outcome.name)
    row_arm = people.arm[people.row_cluster]
    for arm, arm_name in enumerate(design.arm_names):
        for period, name in enumerate(prepared.schedule.periods):
            mine = (row_arm == arm) & (prepared.recorded.row_period == period)
            if mine.any():
                missing = float(people.people[mine & people.missing].sum())
                groups = (("arm", arm_name), ("period", name))
                yield from missing_rows(about, groups, missing, float(people.people[mine].sum()))


def _schedule(prepared: PreparedPeriods, analysis: str) -> Iterator[Row]:
    design, schedule = prepared.design, prepared.schedule
    about = About(analysis, "schedule", design.outcome.column, design.outcome.name)
    size, mean, people = _cell_sums(prepared)
    for k, cluster in enumerate(schedule.clusters):
        for t, period in enumerate(schedule.periods):
            groups = (("cluster", cluster), ("period", period))
            if schedule.seen[k, t] == TRANSITION:
                yield about.row(groups, ("transition", "In transition", 1, ""))
            else:
                yield about.row(
                    groups, ("treated", "Under the intervention", int(schedule.treated[k, t]), "")
                )
            yield about.row(groups, ("n", "Analysed", round(float(people[k, t])), "individuals"))
            if size[k, t] > 0:
                _, label, value, unit = average(design.outcome, float(mean[k, t]))
                yield about.row(groups, ("mean", label, value, unit))
    for sentence in prepared.checks:
        yield about.row((), ("check", "Design", sentence, ""))


def _cell_sums(prepared: PreparedPeriods) -> tuple[Floats, Floats, Floats]:
    """Denominators, means (weighted where the study names weights) and individuals, by cell (K, T)."""
    design, schedule = prepared.design, prepared.schedule
    place = np.array([schedule.periods.index(name) for name in design.periods], dtype=np.intp)
    cell = design.row_cluster * len(schedule.periods) + place[design.row_period]
    weights = np.ones(len(design.y)) if design.weights is None else design.weights
    grouped = design.outcome.type == "binary" and design.outcome.denominator is not None

    def total(values: Floats) -> Floats:
        sums = np.bincount(cell, weights=values, minlength=schedule.seen.size)
        return sums.reshape(schedule.seen.shape)

    size, value = total(weights * design.size), total(weights * design.y)
    mean = np.divide(value, size, out=np.zeros_like(value), where=size > 0)
    return size, mean, total(design.size if grouped else np.ones(len(design.y)))
