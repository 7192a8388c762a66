"""The column that divides a trial into subgroups, read from the analysed rows."""

from __future__ import annotations

import numpy as np

from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import Ints, Subgroup
from precept_stats.studies.covariates import read_column, varying_clusters
from precept_stats.studies.flow import Bools
from precept_stats.studies.labels import Labels, label_rows
from precept_stats.studies.population import Gathered
from precept_stats.studies.spelling import one_spelling, placed


def subgroup_named(study: AnyStudy) -> str | None:
    """The column of subgroups that a study names, if it can and does."""
    return study.subgroup if isinstance(study, ClusterTrial) else None


def read_subgroup(study: AnyStudy, gathered: Gathered, analysed: Bools) -> Subgroup | None:
    """The subgroup of the rows in ``analysed``; None where the study names none.

    Levels are in the order of the schema, else in natural order. Raises DataError for an analysed row without
    a level and for a level of two spellings: nobody is left out of a trial for want of a subgroup in silence.
    """
    name = subgroup_named(study)
    if name is None:
        return None
    field, where = gathered.fields.get(name), gathered.where(name)
    labels = read_column(gathered.frame[name], field, where, categorical=True)
    assert isinstance(labels, Labels)
    placed(labels, analysed, where, "subgroup")
    one_spelling(labels, analysed, where, "subgroup")
    used, codes = np.unique(labels.codes[analysed], return_inverse=True)
    row_cluster = label_rows(gathered.frame[study.cluster]).codes[analysed]
    return subgroup_of(name, tuple(labels.names[code] for code in used), codes.astype(np.intp), row_cluster)


def subgroup_of(name: str, levels: tuple[str, ...], codes: Ints, row_cluster: Ints) -> Subgroup:
    """A subgroup with the level at which it varies."""
    varies = len(varying_clusters(codes, row_cluster, int(row_cluster.max()) + 1)) > 0
    return Subgroup(name, levels, codes, "individual" if varies else "cluster")
