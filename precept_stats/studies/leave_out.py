"""A design without one cluster: what would have been analysed had its rows not been there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from precept_stats.errors import DataError
from precept_stats.studies.allocation import check_arms_left, check_strata_left
from precept_stats.studies.allocation_set import AllocationSet
from precept_stats.studies.cluster_trial_design import (
    ClusterTrialDesign,
    Covariate,
    Floats,
    Group,
    Ints,
    Received,
    Subgroup,
)
from precept_stats.studies.covariates import Column, code_covariate
from precept_stats.studies.design import PlannedDesign
from precept_stats.studies.flow import Bools
from precept_stats.studies.labels import Labels
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.row_columns import frozen
from precept_stats.studies.series_design import SeriesDesign
from precept_stats.studies.subgroup import subgroup_of


def without_cluster(design: PlannedDesign, cluster: int) -> PlannedDesign:
    """The design without the cluster of that number, and in a paired trial without its partner too.

    Strata, groups, people and categories that no row is left of are numbered away; what is a covariate
    of clusters is found anew. Raises DataError where too little is left: an arm of one cluster, a stratum of
    one arm, no period with both conditions.
    """
    match design:
        case ClusterTrialDesign():
            return _trial_without(design, cluster)
        case PeriodDesign():
            return _periods_without(design, cluster)
        case SeriesDesign():
            return design.of_units(design.cluster != cluster)


def _trial_without(design: ClusterTrialDesign, cluster: int) -> ClusterTrialDesign:
    gone = np.arange(design.n_clusters) == cluster
    if design.pair is not None:
        gone = design.pair == design.pair[cluster]
    stays, rows = ~gone, ~gone[design.row_cluster]
    names, arm = _chosen(design.clusters, stays), design.arm[stays]
    check_arms_left(arm, design.arm_names, names)
    stratum, stratum_names = _strata(design, stays)
    if stratum is not None:
        check_strata_left(stratum, stratum_names, arm, design.arm_names)
    row_cluster = _renumbered(design.row_cluster[rows])
    return replace(
        design,
        clusters=names,
        arm=frozen(arm),
        row_cluster=row_cluster,
        y=frozen(design.y[rows]),
        size=frozen(design.size[rows]),
        stratum=stratum,
        stratum_names=stratum_names,
        pair=None if design.pair is None else _renumbered(design.pair[stays]),
        covariates=_covariates(design.covariates, rows, row_cluster),
        baseline=None if design.baseline is None else frozen(design.baseline[stays]),
        groups=_groups(design.groups, rows),
        weights=_of_rows(design.weights, rows),
        offset=_of_rows(design.offset, rows),
        received=_received(design.received, rows),
        subgroup=_subgroup(design.subgroup, rows, row_cluster),
        allocations=_allocations(design, stays, design.stratum if design.pair is None else design.pair),
    )


def _periods_without(design: PeriodDesign, cluster: int) -> PeriodDesign:
    stays, rows = np.arange(design.n_clusters) != cluster, design.row_cluster != cluster
    used = np.unique(design.row_period[rows])
    stratum, stratum_names = _strata(design, stays)
    row_cluster = _renumbered(design.row_cluster[rows])
    left = replace(
        design,
        clusters=_chosen(design.clusters, stays),
        periods=tuple(design.periods[period] for period in used),
        row_cluster=row_cluster,
        row_period=_renumbered(design.row_period[rows]),
        y=frozen(design.y[rows]),
        size=frozen(design.size[rows]),
        treated=frozen(design.treated[stays][:, used]),
        exposure=frozen(design.exposure[stays][:, used]),
        sequence=_renumbered(design.sequence[stays]),
        place=frozen(design.place[used]),
        participant=None if design.participant is None else _renumbered(design.participant[rows]),
        stratum=stratum,
        stratum_names=stratum_names,
        covariates=_covariates(design.covariates, rows, row_cluster),
        groups=_groups(design.groups, rows),
        weights=_of_rows(design.weights, rows),
        offset=_of_rows(design.offset, rows),
        allocations=_allocations(design, stays, design.stratum),
    )
    _check_compared(left)
    return left


def _check_compared(design: PeriodDesign) -> None:
    """Some period has rows under both conditions."""
    seen = np.zeros((design.n_periods, 2), dtype=np.bool_)
    seen[design.row_period, design.row_treated] = True
    if not seen.all(axis=1).any():
        raise DataError(
            "no period has clusters under both conditions",
            found=f"{design.n_clusters} clusters in {design.n_periods} periods",
            allowed="a period in which some clusters are under the intervention and some are not",
            where="the analysed clusters",
        )


def _chosen(names: tuple[str, ...], stays: Bools) -> tuple[str, ...]:
    return tuple(name for name, one in zip(names, stays, strict=True) if one)


def _renumbered(codes: Ints) -> Ints:
    """The codes that are left, numbered from 0 in their order."""
    return frozen(np.unique(codes, return_inverse=True)[1].astype(np.intp))


def _strata(design: ClusterTrialDesign | PeriodDesign, stays: Bools) -> tuple[Ints | None, tuple[str, ...]]:
    if design.stratum is None:
        return None, ()
    used = np.unique(design.stratum[stays])
    return _renumbered(design.stratum[stays]), tuple(design.stratum_names[one] for one in used)


def _groups(groups: tuple[Group, ...], rows: Bools) -> tuple[Group, ...]:
    found = []
    for group in groups:
        used = np.unique(group.codes[rows])
        levels = tuple(group.levels[level] for level in used)
        found.append(Group(group.name, levels, _renumbered(group.codes[rows])))
    return tuple(found)


def _allocations(
    design: ClusterTrialDesign | PeriodDesign, stays: Bools, block: Ints | None
) -> AllocationSet | None:
    """What the clusters that are left could have been given, each block keeping its numbers."""
    if design.allocations is None:
        return None
    return design.allocations.of(stays, None if block is None else block[stays])


def _of_rows(values: Floats | None, rows: Bools) -> Floats | None:
    return None if values is None else frozen(values[rows])


def _received(received: Received | None, rows: Bools) -> Received | None:
    return None if received is None else replace(received, values=frozen(received.values[rows]))


def _subgroup(subgroup: Subgroup | None, rows: Bools, row_cluster: Ints) -> Subgroup | None:
    """The subgroup with all its levels, so that the levels compared stay the same."""
    if subgroup is None:
        return None
    return subgroup_of(subgroup.name, subgroup.levels, frozen(subgroup.codes[rows]), row_cluster)


def _covariates(covariates: tuple[Covariate, ...], rows: Bools, row_cluster: Ints) -> tuple[Covariate, ...]:
    clusters = int(row_cluster.max()) + 1
    coded = [code_covariate(one.name, _column(one, rows), row_cluster, clusters) for one in covariates]
    return tuple(replace(one, values=frozen(one.values)) for one in coded)


def _column(covariate: Covariate, rows: Bools) -> Column:
    """The column that a covariate was coded from, the category without a column having no name."""
    values = covariate.values[rows]
    if covariate.columns == (covariate.name,):
        return values[:, 0]
    opening = len(covariate.name) + 1
    names = ("", *(column[opening:-1] for column in covariate.columns))
    return Labels((values @ np.arange(1, len(names))).astype(np.intp), names)
