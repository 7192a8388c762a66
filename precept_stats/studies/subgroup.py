"""The column that divides a trial into subgroups, read from the analysed rows."""

from __future__ import annotations

import numpy as np

from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import Ints, Subgroup
from precept_stats.studies.covariates import read_labels, varying_clusters
from precept_stats.studies.flow import Bools
from precept_stats.studies.labels import label_rows
from precept_stats.studies.over_time import OverTime
from precept_stats.studies.population import Gathered
from precept_stats.studies.spelling import one_spelling
from precept_stats.studies.trial_columns import TrialColumns


def subgroup_named(study: TrialColumns | OverTime) -> str | None:
    """The column of subgroups that a study names, if it can and does."""
    return study.subgroup if isinstance(study, ClusterTrial) else None


def read_subgroup(study: TrialColumns, gathered: Gathered, analysed: Bools) -> Subgroup | None:
    """The subgroup of the rows in ``analysed``; None where the study names none.

    Levels are in the order of the schema, else in natural order; rows without one were left out before, and
    counted. Raises DataError for a level of two spellings.
    """
    name = subgroup_named(study)
    if name is None:
        return None
    labels, where = read_labels(gathered.frame[name], gathered.fields.get(name)), gathered.where(name)
    one_spelling(labels, analysed, where, "subgroup")
    used, codes = np.unique(labels.codes[analysed], return_inverse=True)
    row_cluster = label_rows(gathered.frame[study.cluster]).codes[analysed]
    return subgroup_of(name, tuple(labels.names[code] for code in used), codes.astype(np.intp), row_cluster)


def subgroup_of(name: str, levels: tuple[str, ...], codes: Ints, row_cluster: Ints) -> Subgroup:
    """A subgroup with the level at which it varies."""
    varies = len(varying_clusters(codes, row_cluster, int(row_cluster.max()) + 1)) > 0
    return Subgroup(name, levels, codes, "individual" if varies else "cluster")
