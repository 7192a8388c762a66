"""The last step: the analysed rows as the read-only arrays of a design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from precept_stats.studies.allocation import Allocation, check_arms_left, check_strata_left
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate, Floats, Ints
from precept_stats.studies.covariates import Column, code_covariate, first_by_cluster
from precept_stats.studies.flow import Bools, Selection
from precept_stats.studies.labels import Labels
from precept_stats.studies.outcome_coding import CodedOutcome
from precept_stats.studies.prepared_trial import BaselineOutcome
from precept_stats.studies.question import Question
from precept_stats.studies.row_columns import RowColumns, frozen


@dataclass(frozen=True, slots=True, eq=False)
class Analysed:
    """What the steps left: the selection, the coded outcome of every row, covariates of those kept.

    ``baseline`` has one entry for every cluster that the rows name, in order of name.
    """

    found: Allocation
    selection: Selection
    coded: CodedOutcome
    covariates: Mapping[str, Column]
    baseline: BaselineOutcome | None
    dropped: tuple[str, ...]
    further: RowColumns


def build_design(question: Question, analysed: Analysed) -> ClusterTrialDesign:
    """The design of the analysed rows.

    Raises DataError when an arm has fewer than two clusters left, or a stratum has one arm only.
    """
    selection, roster = analysed.selection, analysed.selection.roster
    kept, clusters = selection.kept, selection.clusters()
    row_cluster = np.searchsorted(clusters, roster.cluster[kept]).astype(np.intp)
    names = tuple(roster.cluster_names[cluster] for cluster in clusters)
    arm = first_by_cluster(roster.arm[kept], row_cluster, len(clusters))
    check_arms_left(arm, roster.arm_names, names)
    stratum, stratum_names = blocks(analysed.found.stratum, kept, row_cluster, len(clusters))
    if stratum is not None:
        check_strata_left(stratum, stratum_names, arm, roster.arm_names)
    pair, _ = blocks(analysed.found.pair, kept, row_cluster, len(clusters))
    covariates = coded_covariates(analysed.covariates, row_cluster, len(clusters))
    y, size = analysed.coded.y[kept], analysed.coded.size[kept]
    columns = [column for covariate in covariates for column in covariate.values.T]
    order = canonical_order((row_cluster,), y, size, (*analysed.further.keys(), *columns))
    further = analysed.further.reordered(order)
    return ClusterTrialDesign(
        clusters=names,
        arm_names=roster.arm_names,
        arm=frozen(arm),
        row_cluster=frozen(row_cluster[order]),
        y=frozen(y[order]),
        size=frozen(size[order]),
        stratum=stratum,
        stratum_names=stratum_names,
        pair=pair,
        covariates=reordered(covariates, order),
        baseline=frozen(analysed.baseline.mean[clusters]) if analysed.baseline is not None else None,
        outcome=question.outcome,
        summary=question.estimand.summary,
        dropped_clusters=analysed.dropped,
        effect=question.estimand.effect,
        target=question.estimand.target,
        groups=further.groups,
        weights=further.weights,
        offset=further.offset,
        received=further.received,
        subgroup=further.subgroup,
    )


def coded_covariates(
    columns: Mapping[str, Column], row_cluster: Ints, n_clusters: int
) -> tuple[Covariate, ...]:
    """The covariates of the analysed rows, coded."""
    return tuple(code_covariate(name, column, row_cluster, n_clusters) for name, column in columns.items())


def reordered(covariates: tuple[Covariate, ...], order: Ints) -> tuple[Covariate, ...]:
    """The same covariates with the rows in another order, read-only."""
    return tuple(replace(one, values=frozen(one.values[order])) for one in covariates)


def blocks(
    labels: Labels | None, kept: Bools, row_cluster: Ints, n_clusters: int
) -> tuple[Ints | None, tuple[str, ...]]:
    """The stratum or pair of each cluster numbered from 0 among those left, and their names."""
    if labels is None:
        return None, ()
    codes = first_by_cluster(labels.codes[kept], row_cluster, n_clusters)
    used = np.unique(codes)
    return frozen(np.searchsorted(used, codes).astype(np.intp)), tuple(labels.names[code] for code in used)


def canonical_order(
    sites: tuple[Ints, ...], y: Floats, size: Floats, columns: tuple[Floats | Ints, ...]
) -> Ints:
    """An order of rows that depends on their values alone, so that sums do not depend on the file's.

    ``sites`` are where a row belongs (cluster first); ``columns`` whatever else tells rows apart.
    """
    return np.lexsort((*columns, size, y, *reversed(sites)))
