"""The arrays that a cluster trial over several periods becomes: stepped wedge, or baseline and follow-up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.studies.allocation_set import AllocationSet
from precept_stats.studies.cluster_trial_design import Covariate, Group
from precept_stats.studies.question import Effect, Outcome, Summary, Target

__all__ = ["Group", "PeriodDesign"]

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class PeriodDesign:
    """A cluster trial over periods: K clusters, T periods, N analysed rows, all arrays read-only.

    ``y`` and ``size`` are as in a ``ClusterTrialDesign``: outcome and denominator of a row.
    ``row_period`` numbers ``periods``, which are in order of time. ``treated`` (K, T) is 1 where the
    schedule has a cluster under the intervention and 0 where under control; ``exposure`` (K, T) counts
    the periods since the switch, 1 in the first treated period and 0 before. ``sequence`` (K,) numbers
    the distinct schedules in order of their switch, those that never switch last. ``participant`` (N,)
    numbers the people of a closed cohort; None for repeated cross-sections. ``stratum`` (K,) is None
    without strata. ``place`` (T,) is the place of each period among all periods of the schedule, some of
    which may have no analysed row: periods are as far apart as their places. ``clusters`` are in natural
    order of name; rows are ordered by their values. ``allocations`` are the switches that clusters could have
    had, by the place of their first treated period; None where strata say them all.
    """

    clusters: tuple[str, ...]
    periods: tuple[str, ...]
    arm_names: tuple[str, str]
    row_cluster: Ints
    row_period: Ints
    y: Floats
    size: Floats
    treated: Ints
    exposure: Ints
    sequence: Ints
    place: Ints
    participant: Ints | None
    stratum: Ints | None
    stratum_names: tuple[str, ...]
    covariates: tuple[Covariate, ...]
    groups: tuple[Group, ...]
    outcome: Outcome
    summary: Summary
    weights: Floats | None = None
    offset: Floats | None = None
    dropped_clusters: tuple[str, ...] = ()
    effect: Effect = "marginal"
    target: Target = "participant_average"
    allocations: AllocationSet | None = None

    @property
    def n_clusters(self) -> int:
        return len(self.clusters)

    @property
    def n_periods(self) -> int:
        return len(self.periods)

    @property
    def row_treated(self) -> Ints:
        """Whether a row's cluster was under the intervention in its period (N,)."""
        return self.treated[self.row_cluster, self.row_period]

    @property
    def row_exposure(self) -> Ints:
        """Periods since a row's cluster switched (N,), 0 before."""
        return self.exposure[self.row_cluster, self.row_period]

    @property
    def cluster_size(self) -> Floats:
        """Denominators by cluster (K,)."""
        return np.bincount(self.row_cluster, weights=self.size, minlength=self.n_clusters)
