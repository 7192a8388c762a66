"""Event totals for a ratio: whether it exists, and what their logarithms need."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.methods.settings import GeometricRatio
from precept_stats.methods.stage_one import Expected
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign

Floats = NDArray[np.float64]


def require_events(design: ClusterTrialDesign, ratio: str) -> None:
    """FitError when an arm has no event at all.

    Its mean has no logarithm, and 0.5 added to every total would give it a mean and a spread that are
    those of the constant and of the cluster sizes, not of the data. ``ratio`` is the form in words.
    """
    totals = np.bincount(design.arm, weights=design.cluster_total, minlength=2)
    counts = np.bincount(design.arm, minlength=2)
    empty = [i for i in range(2) if totals[i] <= 0.0]
    if empty:
        named = "; ".join(f"arm {design.arm_names[i]}: no event in {counts[i]} clusters" for i in empty)
        raise FitError(
            f"an arm without any event has no {ratio} ratio",
            found=named,
            allowed="a difference, or an outcome with events in both arms",
        )


def positive_totals(design: ClusterTrialDesign, ratio: GeometricRatio) -> tuple[Floats, tuple[str, ...]]:
    """Event totals whose logarithm exists, and what was done to get them."""
    totals = design.cluster_total
    without = [design.clusters[i] for i in np.flatnonzero(totals <= 0.0)]
    if not without:
        return totals, ()
    named = ", ".join(without)
    if ratio.zero_clusters == "error":
        raise FitError(
            "clusters without events have no logarithm",
            found=named,
            allowed="zero_clusters: add_half, or the arithmetic ratio, or a difference",
        )
    return totals + 0.5, (
        f"0.5 was added to the event total of every cluster, and nothing to the denominators, because "
        f"{len(without)} of {len(totals)} clusters had no event ({named})",
    )


def require_expected(design: ClusterTrialDesign, expected: Expected) -> None:
    """FitError naming the clusters in which stage one expects no event."""
    floor = 1e-6 * float(expected.totals.sum()) / design.n_clusters
    empty = [design.clusters[i] for i in np.flatnonzero(expected.totals < floor)]
    if empty:
        raise FitError(
            "observed / expected does not exist where no event is expected",
            found=f"an expected total of 0 in {', '.join(empty)}",
            allowed="fewer strata, pairs or covariates in stage one, or a difference",
        )
