"""Which cluster was under which condition in which period, and what a stepped wedge asks of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from precept_stats.errors import DataError
from precept_stats.studies.cluster_trial_design import Ints
from precept_stats.studies.flow import Bools
from precept_stats.studies.labels import listed

ABSENT, REFERENCE, COMPARED, TRANSITION = -1, 0, 1, 2
SHOWN = 8


@dataclass(frozen=True, slots=True, eq=False)
class Schedule:
    """The condition of every cluster (K) in every period (T), as the eligible rows tell it.

    ``seen`` (K, T) is the condition of the cell's rows: 0 reference, 1 compared arm, 2 transition, -1
    where the cell has no row. ``treated`` fills the gaps: 1 from a cluster's first period under the
    compared arm on, 0 before. ``exposure`` counts the periods since then, 1 in the first.
    """

    clusters: tuple[str, ...]
    periods: tuple[str, ...]
    arm_names: tuple[str, str]
    seen: Ints

    @property
    def first(self) -> Ints:
        """The number of each cluster's first period under the compared arm; T for none (K,)."""
        compared = self.seen == COMPARED
        return np.where(compared.any(axis=1), compared.argmax(axis=1), len(self.periods)).astype(np.intp)

    @property
    def treated(self) -> Ints:
        return (self.exposure > 0).astype(np.intp)

    @property
    def exposure(self) -> Ints:
        since = np.arange(len(self.periods), dtype=np.intp)[None, :] - self.first[:, None] + 1
        exposure: Ints = np.maximum(since, 0)
        return exposure

    def of(self, clusters: Ints) -> Schedule:
        """The schedule of some of the clusters."""
        names = tuple(self.clusters[cluster] for cluster in clusters)
        return Schedule(names, self.periods, self.arm_names, self.seen[clusters])


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """The rows that tell a schedule: cluster, period and condition of each."""

    cluster: Ints
    period: Ints
    condition: Ints


def read_schedule(
    cells: Cells, names: tuple[tuple[str, ...], tuple[str, ...]], arms: tuple[str, str], where: str
) -> Schedule:
    """The schedule that rows tell; ``names`` are those of clusters and of periods.

    Raises DataError, naming clusters and periods, when a cluster has two conditions in one period, or
    is under the reference again after the compared arm.
    """
    shape = (len(names[0]), len(names[1]))
    seen = np.full(shape, ABSENT, dtype=np.intp)
    seen[cells.cluster, cells.period] = cells.condition
    schedule = Schedule(*names, arms, seen)
    _one_condition_a_cell(schedule, cells, where)
    _one_switch(schedule, where)
    _transition_leads_on(schedule, where)
    return schedule


def _one_condition_a_cell(schedule: Schedule, cells: Cells, where: str) -> None:
    mixed = schedule.seen[cells.cluster, cells.period] != cells.condition
    if mixed.any():
        torn = sorted(set(zip(cells.cluster[mixed].tolist(), cells.period[mixed].tolist(), strict=True)))
        raise DataError(
            f"the condition varies within {_counted(len(torn), 'cluster-period')}",
            found=listed(f"cluster {schedule.clusters[k]} in period {schedule.periods[t]}" for k, t in torn),
            allowed="one condition for all rows of a cluster in a period",
            where=where,
        )


def _one_switch(schedule: Schedule, where: str) -> None:
    back = (schedule.seen == REFERENCE) & (schedule.treated == 1)
    if back.any():
        raise DataError(
            f"{_counted(int(back.any(axis=1).sum()), 'cluster')} switched back to {schedule.arm_names[0]!r}",
            found=listed(
                f"cluster {schedule.clusters[k]} from {schedule.arm_names[1]!r} in period "
                f"{schedule.periods[schedule.first[k]]} to {schedule.arm_names[0]!r} in "
                f"{listed((schedule.periods[t] for t in np.flatnonzero(back[k])), SHOWN)}"
                for k in np.flatnonzero(back.any(axis=1))
            ),
            allowed="each cluster switches once at most, and stays under the intervention",
            where=where,
        )


def _transition_leads_on(schedule: Schedule, where: str) -> None:
    begun = np.logical_or.accumulate(schedule.seen == TRANSITION, axis=1)
    back = begun & (schedule.seen == REFERENCE)
    if back.any():
        cells = [(int(k), int(np.flatnonzero(back[k])[0])) for k in np.flatnonzero(back.any(axis=1))]
        raise DataError(
            f"{_counted(len(cells), 'cluster')} went from transition back to {schedule.arm_names[0]!r}",
            found=listed(f"cluster {schedule.clusters[k]} in period {schedule.periods[t]}" for k, t in cells),
            allowed="transition leads to the intervention; a cluster that began it does not return",
            where=where,
        )


def require_comparison(schedule: Schedule, analysed: Bools) -> None:
    """At least two clusters, and a period with both conditions, among the analysed cells (K, T).

    Without such a period the intervention cannot be told from the course of time.
    """
    if len(schedule.clusters) < 2:
        raise DataError(
            "fewer than two clusters are analysed",
            found=f"clusters {listed(schedule.clusters) or 'none'}",
            allowed="at least 2 clusters: variation between clusters must be seen",
            where="the analysed clusters",
        )
    if not comparing(schedule, analysed).any():
        switched = int(
            ((schedule.seen == COMPARED).any(axis=1) & (schedule.seen == REFERENCE).any(axis=1)).sum()
        )
        raise DataError(
            "no period has clusters under both conditions",
            found=f"{_counted(switched, 'cluster')} of {len(schedule.clusters)} switched, "
            "and never while another was under the other condition",
            allowed="a period in which some clusters are under each condition",
            where="the analysed cluster-periods",
        )


def comparing(schedule: Schedule, analysed: Bools) -> Bools:
    """Periods in which analysed clusters are under each of the two conditions (T,)."""
    treated = schedule.treated == 1
    both: Bools = (analysed & treated).any(axis=0) & (analysed & ~treated).any(axis=0)
    return both


def design_checks(schedule: Schedule, analysed: Bools) -> Iterator[str]:
    """What a reader should know of the schedule, as sentences; nothing here is an error."""
    yield from _periods_without_comparison(schedule, analysed)
    yield from _clusters_without_switch(schedule)
    yield from _empty_cells(schedule, analysed)
    yield from _uncertain_switches(schedule)


def _periods_without_comparison(schedule: Schedule, analysed: Bools) -> Iterator[str]:
    used = analysed.any(axis=0)
    alone = used & ~comparing(schedule, analysed)
    for condition, arm in enumerate(schedule.arm_names):
        under = np.array([np.all(schedule.treated[analysed[:, t], t] == condition) for t in range(len(used))])
        periods = [schedule.periods[t] for t in np.flatnonzero(alone & under)]
        if periods:
            yield (
                f"In {_named('period', periods)} every cluster is under {arm}: such periods tell of the "
                "course of time and of the clusters, and compare no conditions."
            )


def _clusters_without_switch(schedule: Schedule) -> Iterator[str]:
    never = schedule.first == len(schedule.periods)
    always = ~never & ~(schedule.seen == REFERENCE).any(axis=1)
    for mask, arm in ((never, schedule.arm_names[0]), (always, schedule.arm_names[1])):
        names = [schedule.clusters[k] for k in np.flatnonzero(mask)]
        if names:
            are = "is" if len(names) == 1 else "are"
            yield f"{_counted(len(names), 'cluster')} {are} under {arm} throughout: {listed(names, SHOWN)}."


def _empty_cells(schedule: Schedule, analysed: Bools) -> Iterator[str]:
    empty = ~analysed & (schedule.seen != TRANSITION)
    where = [
        f"cluster {schedule.clusters[k]} in "
        + _named("period", [schedule.periods[t] for t in np.flatnonzero(empty[k])])
        for k in np.flatnonzero(empty.any(axis=1))
    ]
    if where:
        number = _counted(int(empty.sum()), "cluster-period")
        yield f"{number} without an analysed row: {listed(where, SHOWN)}."


def _uncertain_switches(schedule: Schedule) -> Iterator[str]:
    """Clusters without a row in the period before the first in which they are under the compared arm."""
    for k, first in enumerate(schedule.first):
        if 0 < first < len(schedule.periods) and schedule.seen[k, first - 1] == ABSENT:
            yield (
                f"Cluster {schedule.clusters[k]} has no row in the period before {schedule.periods[first]}, "
                f"its first under {schedule.arm_names[1]}: its exposure is counted from there."
            )


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _named(what: str, names: Sequence[str]) -> str:
    return f"{what}{'' if len(names) == 1 else 's'} {listed(names, SHOWN)}"
