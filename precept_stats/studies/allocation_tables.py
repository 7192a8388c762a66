"""The set of allocations that a study declares, held to the data: what a design carries of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from precept_stats.errors import DataError
from precept_stats.studies.allocation import arm_numbers
from precept_stats.studies.allocation_checks import require_distinct, require_used, set_warnings
from precept_stats.studies.allocation_set import AllocationSet, Ints
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.constrained_allocations import ClusterRows, acceptable, read_balanced
from precept_stats.studies.covariates import first_by_cluster
from precept_stats.studies.declared_allocation import (
    AsStratified,
    ConstrainedAllocations,
    ListedAllocations,
)
from precept_stats.studies.labels import Labels, listed, near_match
from precept_stats.studies.listed_allocations import ReadSet, read_listed
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.population import SourceTable
from precept_stats.studies.schedule import Schedule
from precept_stats.studies.spelling import one_a_cluster
from precept_stats.studies.stepped_wedge import SteppedWedge
from precept_stats.studies.steps import Trial

NEVER = "never"
SHOWN = 8

Declared = tuple[AllocationSet | None, tuple[str, ...]]
"""The set for the analysed clusters, None where strata and pairs say it all, and what to know of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Allocated:
    """What the clusters that the data know of were given (L,), and those analysed with their blocks (K,)."""

    clusters: tuple[str, ...]
    code: Ints
    analysed: tuple[str, ...]
    block: Ints | None


def trial_allocations(
    study: ClusterTrial,
    trial: Trial,
    data: Mapping[str, SourceTable],
    design: ClusterTrialDesign,
    absent: tuple[tuple[str, str], ...],
) -> Declared:
    """The set that a parallel trial declares; ``absent`` are clusters, with their arm, without a row."""
    match study.allocation:
        case AsStratified():
            return None, ()
        case ListedAllocations() as declared:
            allocated = _allocated(trial, design, absent)
            meaning = _arms_meant(declared, trial)
            read = read_listed(declared, data, (study.cluster, study.arm), meaning)
            found = _matched(declared, read, allocated)
        case ConstrainedAllocations() as declared:
            allocated = _allocated(trial, design, ())
            found = _regenerated(declared, trial, absent)
            read = ReadSet(allocated.clusters, found.codes, None, trial.where)
    told = () if found.sampled else tuple(set_warnings(found.codes, read.clusters))
    return _restricted(found, read.clusters, allocated, told)


def wedge_allocations(
    study: SteppedWedge,
    data: Mapping[str, SourceTable],
    design: PeriodDesign,
    eligible: tuple[Schedule, Ints],
) -> Declared:
    """The set that a stepped wedge declares; ``eligible`` is the schedule, and the clusters it is told of."""
    match study.allocation:
        case AsStratified():
            return None, ()
        case ListedAllocations() as declared:
            schedule, clusters = eligible
            meaning = {name: place for place, name in enumerate(schedule.periods)}
            meaning[NEVER] = len(schedule.periods)
            read = read_listed(declared, data, (study.cluster, study.arm), meaning)
            names = tuple(schedule.clusters[one] for one in clusters)
            allocated = Allocated(names, schedule.first[clusters], design.clusters, design.stratum)
            return _restricted(_matched(declared, read, allocated), read.clusters, allocated, ())


def _arms_meant(declared: ListedAllocations, trial: Trial) -> dict[str, int]:
    estimand = trial.question.estimand
    return {declared.reference or estimand.reference: 0, declared.compare or estimand.compare: 1}


def _allocated(trial: Trial, design: ClusterTrialDesign, absent: tuple[tuple[str, str], ...]) -> Allocated:
    """Clusters with any recorded row in one of the two arms, and those that have no row."""
    names, arm, _ = _recorded(trial)
    arms = (trial.question.estimand.reference, trial.question.estimand.compare)
    return Allocated(
        (*names, *(name for name, _ in absent)),
        np.array([*arm, *(arms.index(one) for _, one in absent)], dtype=np.intp),
        design.clusters,
        design.stratum if design.pair is None else design.pair,
    )


def _recorded(trial: Trial) -> tuple[tuple[str, ...], Ints, Ints]:
    """Names and arms of the clusters with a recorded row in one of the two arms, and their numbers."""
    found = trial.found
    arm = arm_numbers(found.arm, trial.question.estimand)
    rows = (found.cluster.codes >= 0) & (arm >= 0)
    one_a_cluster(found.cluster, found.arm, rows, ("arm", f"{trial.where}, column {trial.study.arm!r}"))
    clusters = np.unique(found.cluster.codes[rows])
    first = first_by_cluster(arm[rows], found.cluster.codes[rows], len(found.cluster.names))
    return tuple(found.cluster.names[one] for one in clusters), first[clusters], clusters


def _matched(declared: ListedAllocations, read: ReadSet, allocated: Allocated) -> AllocationSet:
    """The set, held to the clusters and to the allocation of the data."""
    unknown = [name for name in allocated.clusters if name not in read.clusters]
    if unknown:
        raise DataError(
            f"{len(unknown)} clusters of the data are not in the listed allocations",
            found=listed(f"{name!r}{near_match(name, read.clusters)}" for name in unknown),
            allowed=listed(map(repr, read.clusters), 20),
            where=read.where,
        )
    require_distinct(read.codes, read.where)
    own = np.full(len(read.clusters), -1, dtype=np.intp)
    own[[read.clusters.index(name) for name in allocated.clusters]] = allocated.code
    require_used(read.codes, own, read.clusters, read.where)
    if read.used is not None:
        require_used(read.codes[[read.used]], own, read.clusters, f"{read.where}, the one marked as used")
    return AllocationSet(read.codes, own, declared.words)


def _restricted(
    found: AllocationSet, clusters: tuple[str, ...], allocated: Allocated, told: tuple[str, ...]
) -> Declared:
    """The set for the analysed clusters, each block keeping its numbers."""
    stays = np.array([clusters.index(name) for name in allocated.analysed], dtype=np.intp)
    kept = found.of(stays, allocated.block)
    lost = len(found.codes) - len(kept.codes)
    words = f"of the {len(found.codes):,} {found.words}" if lost else found.words
    rest = tuple(name for name in clusters if name not in allocated.analysed)
    return replace(kept, words=words), (*told, *_conditions(rest, lost, len(kept.codes)))


def _conditions(rest: tuple[str, ...], lost: int, kept: int) -> Iterator[str]:
    """What the test is conditional on."""
    if rest:
        yield (
            f"{len(rest)} clusters of the declared allocations are not analysed ({listed(rest, SHOWN)}): the "
            f"test is over the {kept:,} of {kept + lost:,} allocations that give the others the same numbers "
            "in each arm"
        )
    elif lost:
        yield (
            f"{lost:,} of {kept + lost:,} allocations have other numbers of clusters in an arm (or stratum) "
            "than the one used and are left out: the test is for the numbers as they were"
        )


def _regenerated(
    declared: ConstrainedAllocations, trial: Trial, absent: tuple[tuple[str, str], ...]
) -> AllocationSet:
    """The set that the rule gives over all clusters that were allocated."""
    _require_two_arms(trial)
    if absent:
        raise DataError(
            "clusters that were allocated have no row, so the rule of the randomisation cannot be used",
            found=listed(name for name, _ in absent),
            allowed="a row for every allocated cluster, or the saved set: allocation {kind: listed}",
            where="study.allocation",
        )
    names, arm, clusters = _recorded(trial)
    rows = np.isin(trial.found.cluster.codes, clusters)
    codes = np.searchsorted(clusters, trial.found.cluster.codes[rows]).astype(np.intp)
    described = ClusterRows(trial.frame.loc[rows], Labels(codes, names), trial.gathered.fields, trial.where)
    group = trial.found.pair if trial.found.pair is not None else trial.found.stratum
    block = np.zeros(len(names), dtype=np.intp)
    if group is not None:
        block = first_by_cluster(group.codes[rows], codes, len(names))
    return acceptable(declared, read_balanced(declared.covariates, described), arm, block)


def _require_two_arms(trial: Trial) -> None:
    estimand, arm = trial.question.estimand, trial.found.arm
    others = [name for name in arm.names if name not in (estimand.reference, estimand.compare)]
    if others:
        raise DataError(
            "the rule of a constrained randomisation is of two arms",
            found=listed(map(repr, [estimand.reference, estimand.compare, *others])),
            allowed="two arms in the table, or the saved set: allocation {kind: listed}",
            where=f"{trial.where}, column {trial.study.arm!r}",
        )
