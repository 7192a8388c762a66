"""From analysed rows and their schedule to the arrays of a trial over periods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from precept_stats.studies.allocation import Allocation
from precept_stats.studies.cluster_trial_design import Covariate, Floats, Ints
from precept_stats.studies.covariates import Column
from precept_stats.studies.flow import Bools, Selection
from precept_stats.studies.labels import Labels, listed
from precept_stats.studies.outcome_coding import CodedOutcome
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.question import Question
from precept_stats.studies.row_columns import RowColumns, frozen
from precept_stats.studies.schedule import Schedule
from precept_stats.studies.trial_design import blocks, canonical_order, coded_covariates, reordered


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """The analysed rows of a trial over periods, and what was found out about them.

    ``period`` numbers the periods of ``schedule`` (that of every cluster of the data) for every row of
    the data; ``covariates`` and ``further`` are of the analysed rows.
    """

    found: Allocation
    selection: Selection
    coded: CodedOutcome
    period: Labels
    schedule: Schedule
    participant: Labels | None
    covariates: Mapping[str, Column]
    further: RowColumns
    dropped: tuple[str, ...]


def build_period_design(question: Question, panel: Panel) -> PeriodDesign:
    """The design of the analysed rows; periods without an analysed row are not in it."""
    selection, kept = panel.selection, panel.selection.kept
    clusters = selection.clusters()
    schedule, used = panel.schedule.of(clusters), np.unique(panel.period.codes[kept])
    row_cluster = np.searchsorted(clusters, selection.roster.cluster[kept]).astype(np.intp)
    row_period = np.searchsorted(used, panel.period.codes[kept]).astype(np.intp)
    stratum, stratum_names = blocks(panel.found.stratum, kept, row_cluster, len(clusters))
    covariates = coded_covariates(panel.covariates, row_cluster, len(clusters))
    participant = people_numbered(panel.participant, selection.roster.cluster, kept)
    y, size = panel.coded.y[kept], panel.coded.size[kept]
    order = _order(panel, (row_cluster, row_period), participant, covariates)
    further = panel.further.reordered(order)
    return PeriodDesign(
        clusters=schedule.clusters,
        periods=tuple(schedule.periods[period] for period in used),
        arm_names=selection.roster.arm_names,
        row_cluster=frozen(row_cluster[order]),
        row_period=frozen(row_period[order]),
        y=frozen(y[order]),
        size=frozen(size[order]),
        treated=frozen(schedule.treated[:, used]),
        exposure=frozen(schedule.exposure[:, used]),
        sequence=frozen(np.unique(schedule.first, return_inverse=True)[1].astype(np.intp)),
        place=frozen(used.astype(np.intp)),
        participant=None if participant is None else frozen(participant[order]),
        stratum=stratum,
        stratum_names=stratum_names,
        covariates=reordered(covariates, order),
        groups=further.groups,
        outcome=question.outcome,
        summary=question.estimand.summary,
        weights=further.weights,
        offset=further.offset,
        dropped_clusters=panel.dropped,
        effect=question.estimand.effect,
        target=question.estimand.target,
    )


def _order(
    panel: Panel, sites: tuple[Ints, Ints], participant: Ints | None, covariates: tuple[Covariate, ...]
) -> Ints:
    kept = panel.selection.kept
    people = () if participant is None else (participant,)
    columns: list[Floats] = [column for covariate in covariates for column in covariate.values.T]
    return canonical_order(
        (*sites, *people), panel.coded.y[kept], panel.coded.size[kept], (*panel.further.keys(), *columns)
    )


def people_numbered(participant: Labels | None, cluster: Ints, rows: Bools) -> Ints | None:
    """The people of ``rows`` numbered from 0, one name in two clusters being two people."""
    if participant is None:
        return None
    named = cluster[rows] * len(participant.names) + participant.codes[rows]
    numbers: Ints = np.unique(named, return_inverse=True)[1].astype(np.intp)
    return numbers


def participant_warnings(panel: Panel) -> tuple[str, ...]:
    """People who seem to be in two clusters, or twice in one period."""
    if panel.participant is None:
        return ()
    kept, people = panel.selection.kept, panel.participant
    cluster, code = panel.selection.roster.cluster[kept], people.codes[kept]
    warnings = []
    homes = np.unique(np.column_stack([code, cluster]), axis=0)[:, 0]
    shared = np.flatnonzero(np.bincount(homes, minlength=len(people.names)) > 1)
    if len(shared):
        names = listed(people.names[one] for one in shared)
        warnings.append(f"participants {names} are named in several clusters and count as different people")
    cells = np.column_stack([code, cluster, panel.period.codes[kept]])
    again = len(cells) - len(np.unique(cells, axis=0))
    if again:
        warnings.append(f"{again} rows are of a participant who has another row in the same period")
    return tuple(warnings)
