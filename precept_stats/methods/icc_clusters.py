"""From a design to the clusters whose likeness is asked: what is removed first, and in which arm."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.methods.scatter import about_origin
from precept_stats.methods.settings_icc import Removed
from precept_stats.numerics.icc.clustered import Clustered, binary_clusters
from precept_stats.numerics.icc.periods import ClusterPeriods
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign

Ints = NDArray[np.intp]


def require_plain(design: AnyDesign) -> None:
    """FitError for counts, weights and offsets, of which no estimator here takes account."""
    if design.outcome.type == "count":
        raise FitError(
            "counts over person-time have no intracluster correlation here",
            found="a count outcome",
            allowed="a binary or continuous outcome",
        )
    named = [name for name in ("weights", "offset") if getattr(design, name) is not None]
    if named:
        raise FitError(
            "a correlation takes no account of weights or an offset",
            found=", ".join(named),
            allowed="a study without them",
        )


def clusters_of(design: ClusterTrialDesign, removed: Removed) -> Clustered:
    """The clusters of a trial, compared within what is removed: nothing, arms, or strata of arms."""
    require_plain(design)
    group = _group(design, removed)
    if design.outcome.type == "binary":
        return binary_clusters(design.cluster_total, design.cluster_size, group)
    design = about_origin(design)
    away = design.y - design.cluster_mean[design.row_cluster]
    within = np.bincount(design.row_cluster, weights=away**2, minlength=design.n_clusters)
    return Clustered(design.cluster_size, design.cluster_total, within, group)


def in_arm(data: Clustered, design: ClusterTrialDesign, arm: int) -> Clustered:
    """The clusters of one arm."""
    return data.take(np.flatnonzero(design.arm == arm))


def cluster_periods_of(design: PeriodDesign, removed: Removed) -> ClusterPeriods:
    """The clusters of a trial over periods, each period and condition (of each stratum) with its own mean.

    All clusters are drawn again from one pool. FitError where people are followed, whose own likeness
    over time would be taken for that of their cluster.
    """
    require_plain(design)
    if design.participant is not None:
        raise FitError(
            "people are followed over periods, and pairs of one person with herself would count",
            found="a closed cohort",
            allowed="the estimator reml, which has an effect of each person",
        )
    y = design.y - np.mean(design.y / design.size) * design.size if _continuous(design) else design.y
    shape = (design.n_clusters, design.n_periods)
    place = design.row_cluster * design.n_periods + design.row_period
    size, total = (np.bincount(place, weights=w, minlength=shape[0] * shape[1]) for w in (design.size, y))
    mean = np.divide(total, size, out=np.zeros_like(total), where=size > 0)
    if _continuous(design):
        within = np.bincount(place, weights=(y - mean[place]) ** 2, minlength=len(size))
    else:
        within = total * (1.0 - mean)
    stratum = design.stratum if removed == "arm_and_strata" and design.stratum is not None else 0
    cell = (np.arange(design.n_periods) * 2 + design.treated) + 2 * design.n_periods * np.reshape(
        stratum, (-1, 1)
    )
    cell = np.where(size.reshape(shape) > 0, np.broadcast_to(cell, shape), -1).astype(np.intp)
    pool = np.zeros(design.n_clusters, dtype=np.intp)
    return ClusterPeriods(size.reshape(shape), total.reshape(shape), within.reshape(shape), cell, pool)


def plain_periods(design: PeriodDesign, removed: Removed) -> PeriodDesign:
    """The design without covariates and groupings, and without strata unless they are removed."""
    require_plain(design)
    stratum = design.stratum if removed == "arm_and_strata" else None
    return replace(design, covariates=(), groups=(), stratum=stratum)


def _continuous(design: AnyDesign) -> bool:
    return design.outcome.type == "continuous"


def _group(design: ClusterTrialDesign, removed: Removed) -> Ints:
    if removed == "nothing":
        return np.zeros(design.n_clusters, dtype=np.intp)
    block = design.pair if design.pair is not None else design.stratum
    if removed == "arm" or block is None:
        return design.arm.astype(np.intp)
    return (2 * block + design.arm).astype(np.intp)
