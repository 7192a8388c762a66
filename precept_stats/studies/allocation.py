"""Whom the trial allocated to what: clusters to arms, strata and pairs, checked as they are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from precept_stats.data.selection import Population
from precept_stats.errors import DataError
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import Ints
from precept_stats.studies.covariates import first_by_cluster
from precept_stats.studies.flow import Bools
from precept_stats.studies.labels import (
    Labels,
    crossed,
    label_rows,
    listed,
    natural_key,
    near_match,
)
from precept_stats.studies.population import SourceTable
from precept_stats.studies.question import Estimand
from precept_stats.studies.spelling import one_a_cluster, one_spelling, placed

CLUSTERS_AN_ARM = 2


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """What each row says of its cluster, its arm and its stratum or pair, as found."""

    cluster: Labels
    arm: Labels
    stratum: Labels | None
    pair: Labels | None


def read_allocation(study: AnyStudy, frame: pd.DataFrame) -> Allocation:
    """Number the clusters, arms, strata and pairs that the rows name."""
    return Allocation(
        cluster=label_rows(frame[study.cluster]),
        arm=label_rows(frame[study.arm]),
        stratum=crossed([label_rows(frame[name]) for name in study.strata]) if study.strata else None,
        pair=label_rows(frame[study.pairs]) if study.pairs else None,
    )


def arm_numbers(arm: Labels, estimand: Estimand) -> Ints:
    """0 for rows of the reference, 1 for the compared arm, -1 for any other or none."""
    numbers = np.full(len(arm.names) + 1, -1, dtype=np.intp)
    for number, name in enumerate((estimand.reference, estimand.compare)):
        if name in arm.names:
            numbers[arm.names.index(name)] = number
    return numbers[arm.codes]


def check_arms(study: AnyStudy, found: Allocation, eligible: Bools, estimand: Estimand, where: str) -> None:
    """Every eligible row has a cluster and an arm in one spelling, no cluster two arms; both are there."""
    check_names(study, found, eligible, where)
    one_a_cluster(found.cluster, found.arm, eligible, ("arm", f"{where}, column {study.arm!r}"))
    check_compared(study, found, eligible, estimand, where)


def check_names(study: AnyStudy, found: Allocation, eligible: Bools, where: str) -> None:
    """Every eligible row has a cluster and an arm, each in one spelling."""
    placed(found.cluster, eligible, f"{where}, column {study.cluster!r}", "cluster")
    placed(found.arm, eligible, f"{where}, column {study.arm!r}", "arm")
    one_spelling(found.cluster, eligible, f"{where}, column {study.cluster!r}", "cluster")
    one_spelling(found.arm, eligible, f"{where}, column {study.arm!r}", "arm")


def check_compared(
    study: AnyStudy, found: Allocation, eligible: Bools, estimand: Estimand, where: str
) -> None:
    """The estimand's two arms are both in the data."""
    present = [found.arm.names[code] for code in np.unique(found.arm.codes[eligible])]
    for name in (estimand.compare, estimand.reference):
        if name not in present:
            elsewhere = " (it is in the data, but in no eligible row)" if name in found.arm.names else ""
            raise DataError(
                f"no eligible row is in arm {name!r}",
                found=f"arms {listed(map(repr, present))}{elsewhere}",
                allowed=f"compare and reference name arms that the data have{near_match(name, present)}",
                where=f"{where}, column {study.arm!r}",
            )


def check_blocks(study: AnyStudy, found: Allocation, eligible: Bools, arm: Ints) -> None:
    """Every eligible row has its stratum, names have one spelling, no cluster two strata or pairs."""
    if found.stratum is not None:
        where = f"column {listed(map(repr, study.strata))}"
        placed(found.stratum, eligible, where, "stratum")
        one_spelling(found.stratum, eligible, where, "stratum")
        one_a_cluster(found.cluster, found.stratum, eligible, ("stratum", where))
    if found.pair is not None:
        where = f"column {study.pairs!r}"
        one_spelling(found.pair, eligible, where, "pair")
        absent = len(found.pair.names)
        codes = np.where(found.pair.codes < 0, absent, found.pair.codes)
        one_a_cluster(
            found.cluster, Labels(codes, (*found.pair.names, "(missing)")), eligible, ("pair", where)
        )
        _check_pairs(found.cluster, found.pair, eligible, arm, where)


def _check_pairs(cluster: Labels, labels: Labels, eligible: Bools, arm: Ints, where: str) -> None:
    """No pair has three clusters, nor two in the same arm."""
    clusters, pair, arms = clusters_of(cluster, labels, arm, eligible)
    for number, name in enumerate(labels.names):
        members = clusters[pair == number]
        names = [cluster.names[member] for member in members]
        if len(members) > 2:
            raise DataError(
                f"a pair has {len(members)} clusters",
                found=f"pair {name!r}: clusters {listed(names)}",
                allowed="two clusters a pair (name strata for larger groups)",
                where=where,
            )
        if len(members) == 2 and len(set(arms[pair == number])) == 1:
            raise DataError(
                "both clusters of a pair are in the same arm",
                found=f"pair {name!r}: clusters {listed(names)}",
                allowed="one cluster in each arm",
                where=where,
            )


def clusters_of(cluster: Labels, group: Labels, arm: Ints, among: Bools) -> tuple[Ints, Ints, Ints]:
    """The clusters that have a row in ``among``, with their group and arm numbers."""
    n_clusters = len(cluster.names)
    rows = cluster.codes[among]
    present = np.unique(rows)
    groups = first_by_cluster(group.codes[among], rows, n_clusters)[present]
    return present, groups, first_by_cluster(arm[among], rows, n_clusters)[present]


def partnerless(study: ClusterTrial, found: Allocation, kept: Bools, arm: Ints) -> Bools:
    """Rows of clusters without a partner among the clusters kept; an error when the study says so."""
    if found.pair is None:
        return np.zeros(len(kept), dtype=np.bool_)
    clusters, pair, _ = clusters_of(found.cluster, found.pair, arm, kept)
    members = np.bincount(pair + 1, minlength=len(found.pair.names) + 1)[1:]
    pair_names = (*found.pair.names, "(missing)")
    alone = np.array([number < 0 or members[number] < 2 for number in pair], dtype=np.bool_)
    if alone.any() and study.incomplete_pairs == "error":
        raise DataError(
            f"{int(alone.sum())} clusters have no partner in their pair",
            found=listed(
                f"cluster {found.cluster.names[cluster]} of pair {pair_names[number]}"
                for cluster, number in zip(clusters[alone], pair[alone], strict=True)
            ),
            allowed="pairs of two clusters with outcomes, or `incomplete_pairs: drop`",
            where=f"column {study.pairs!r}",
        )
    return np.isin(found.cluster.codes, clusters[alone])


def check_arms_left(arm: Ints, arm_names: tuple[str, str], clusters: Sequence[str]) -> None:
    """Each arm has at least two analysed clusters: variation between clusters must be seen."""
    for number, name in enumerate(arm_names):
        members = [cluster for cluster, one in zip(clusters, arm, strict=True) if one == number]
        if len(members) < CLUSTERS_AN_ARM:
            raise DataError(
                f"arm {name!r} has {'one analysed cluster' if members else 'no analysed cluster'}",
                found=f"clusters {listed(members)}"
                if members
                else "none left after exclusions and missing values",
                allowed=f"at least {CLUSTERS_AN_ARM} clusters an arm",
                where="the analysed clusters",
            )


def check_strata_left(stratum: Ints, names: Sequence[str], arm: Ints, arm_names: tuple[str, str]) -> None:
    """Each stratum has analysed clusters in both arms; one arm alone carries no comparison."""
    lonely = [
        f"stratum {name!r} has only arm {arm_names[int(arm[stratum == number][0])]!r}"
        for number, name in enumerate(names)
        if len(set(arm[stratum == number])) == 1
    ]
    if lonely:
        raise DataError(
            "a stratum has clusters of one arm only",
            found="; ".join(lonely),
            allowed="both arms in every stratum (merge strata, or leave the stratum out of the population)",
            where="the analysed clusters",
        )


def allocated_without_rows(
    study: AnyStudy,
    population: Population,
    data: Mapping[str, SourceTable],
    found: Allocation,
    estimand: Estimand,
) -> tuple[tuple[str, str], ...]:
    """Clusters, with their arm, that a joined allocation table has and the rows never name."""
    lost: list[tuple[str, str]] = []
    for join in population.join:
        table = data[join.table].frame
        if join.on != study.cluster or study.arm not in table.columns:
            continue
        clusters, arms = label_rows(table[study.cluster]), label_rows(table[study.arm])
        for cluster, arm in zip(clusters.codes, arms.codes, strict=True):
            name, arm_name = clusters.names[cluster], arms.names[arm] if arm >= 0 else ""
            if (
                cluster >= 0
                and arm_name in (estimand.compare, estimand.reference)
                and name not in found.cluster.names
            ):
                lost.append((name, arm_name))
    return tuple(sorted(set(lost), key=lambda entry: natural_key(entry[0])))
