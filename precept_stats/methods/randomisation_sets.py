"""What the clusters of a design could have been given, for the randomisation test: arms, or sequences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.allocations import AnyAllocations, Blocks, Listed
from precept_stats.numerics.period_tests import Sequences
from precept_stats.studies import AnyStudy
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.stepped_wedge import SteppedWedge

Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]


def arms_allocated(design: ClusterTrialDesign) -> AnyAllocations:
    """The arms that clusters could have had: within pairs, strata or all together, or those of a set."""
    if design.allocations is None:
        return Blocks(design.arm, blocks_of(design))
    declared = design.allocations
    return Listed(design.arm, blocks_of(design), declared.codes, declared.sampled)


def sequences_allocated(design: PeriodDesign) -> Sequences:
    """The sequences that clusters could have had: exchanged within strata, or those of a set."""
    block = np.zeros(design.n_clusters, dtype=np.intp) if design.stratum is None else design.stratum
    declared = design.allocations
    if declared is None:
        first = np.unique(design.sequence, return_index=True)[1]
        return Sequences(design.sequence, block, design.treated[first])
    switches, sequence = np.unique(declared.own, return_inverse=True)
    schedules = (design.place[None, :] >= switches[:, None]).astype(np.intp)
    listed = np.searchsorted(switches, declared.codes).astype(np.int16)
    return Sequences(sequence.astype(np.intp), block, schedules, listed)


def blocks_of(design: ClusterTrialDesign) -> Ints:
    """What clusters were allocated within (K,): pairs, strata, or all together."""
    if design.pair is not None:
        return design.pair
    if design.stratum is not None:
        return design.stratum
    return np.zeros(design.n_clusters, dtype=np.intp)


def cells_of(design: PeriodDesign) -> tuple[Matrix, Matrix]:
    """Means and denominators (K, T) of cluster-periods, 0 where a cell has no row.

    Continuous outcomes are about their mean, which no difference depends on.
    """
    shape = (design.n_clusters, design.n_periods)
    place = np.ravel_multi_index((design.row_cluster, design.row_period), shape)
    origin = float(np.mean(design.y / design.size)) if design.outcome.type == "continuous" else 0.0
    y = design.y - origin * design.size
    total, size = (
        np.bincount(place, weights=values, minlength=shape[0] * shape[1]).reshape(shape)
        for values in (y, design.size)
    )
    return np.divide(total, size, out=np.zeros(shape), where=size > 0.0), size


def plan_in_words(study: AnyStudy) -> str:
    """Which allocations, as known before any data."""
    declared = study.allocation.words if isinstance(study, ClusterTrial | SteppedWedge) else ""
    whole = "allocations of sequences" if isinstance(study, SteppedWedge) else "allocations"
    return f"all {declared}" if declared else f"all possible {whole}"


def design_in_words(design: AnyDesign) -> str:
    """Which allocations, with their number where the study declares a set."""
    if design.allocations is not None:
        return design.allocations.phrase
    return "all possible allocations" + (" of sequences" if isinstance(design, PeriodDesign) else "")
