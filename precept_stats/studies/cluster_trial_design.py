"""The arrays that a cluster trial becomes; what every method for cluster trials is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.studies.allocation_set import AllocationSet
from precept_stats.studies.question import Effect, Outcome, Summary, Target

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Covariate:
    """One covariate as coded columns: ``values`` is (rows, columns), named one by one.

    A categorical covariate is coded against its first level. ``level`` is where it varies:
    ``cluster`` when constant within every cluster.
    """

    name: str
    level: Literal["cluster", "individual"]
    columns: tuple[str, ...]
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """A further grouping of the rows (region, surgeon): ``codes`` (N,) number ``levels`` from 0."""

    name: str
    levels: tuple[str, ...]
    codes: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """What came of the allocation: the ``values`` (N,) of a column, a treatment as 0 and 1 or a dose."""

    column: str
    values: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Subgroup:
    """A column whose levels may have effects of their own: ``codes`` (N,) number ``levels`` from 0.

    ``level`` is where it varies: ``cluster`` when constant within every cluster.
    """

    name: str
    levels: tuple[str, ...]
    codes: Ints
    level: Literal["cluster", "individual"]


@dataclass(frozen=True, slots=True, eq=False)
class ClusterTrialDesign:
    """A cluster trial as arrays, K clusters and N analysed rows, all read-only.

    Rows with a missing outcome or covariate are not here (they are counted in the flow). ``y`` is
    the outcome of a row (0/1, a value, or a count of events) and ``size`` its denominator (1 for
    an individual row; people or person-time for grouped rows), so a cluster's mean is
    sum(y)/sum(size). ``arm`` is 0 for the reference and 1 for the compared arm. ``stratum`` and
    ``pair`` number the strata or pairs from 0, and are None when there are none. ``clusters`` are in
    natural order of name; rows are ordered by their values, so the order of the file changes nothing.
    ``baseline`` is the cluster's mean outcome in the baseline window, NaN where none was recorded, and
    None without periods. ``dropped_clusters`` were eligible (or allocated) and have no analysed row.
    ``groups`` are further groupings of the rows; ``weights`` (N,) are inverse relative residual variances
    and ``offset`` (N,) is added to the linear predictor, both None unless the study names them.
    ``received`` is what each row received, None likewise.
    ``allocations`` are those that the clusters could have had, None where strata or pairs say them all.
    ``summary``, ``effect`` and ``target`` are those of the estimand. With a ``subgroup`` the question is how
    the effect differs between its levels.
    """

    clusters: tuple[str, ...]
    arm_names: tuple[str, str]
    arm: Ints
    row_cluster: Ints
    y: Floats
    size: Floats
    stratum: Ints | None
    stratum_names: tuple[str, ...]
    pair: Ints | None
    covariates: tuple[Covariate, ...]
    baseline: Floats | None
    outcome: Outcome
    summary: Summary
    dropped_clusters: tuple[str, ...] = ()
    effect: Effect = "marginal"
    target: Target = "participant_average"
    groups: tuple[Group, ...] = ()
    weights: Floats | None = None
    offset: Floats | None = None
    received: Received | None = None
    allocations: AllocationSet | None = None
    subgroup: Subgroup | None = None

    @property
    def n_clusters(self) -> int:
        return len(self.clusters)

    @property
    def cluster_size(self) -> Floats:
        """Denominators by cluster (K,)."""
        return np.bincount(self.row_cluster, weights=self.size, minlength=self.n_clusters)

    @property
    def cluster_total(self) -> Floats:
        """Outcome totals by cluster (K,): events, or the sum of values."""
        return np.bincount(self.row_cluster, weights=self.y, minlength=self.n_clusters)

    @property
    def cluster_mean(self) -> Floats:
        """Cluster means, proportions or rates (K,)."""
        return self.cluster_total / self.cluster_size
