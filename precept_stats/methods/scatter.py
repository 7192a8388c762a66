"""Whether an outcome varies enough to be analysed, and its values about an origin near them.

A difference does not depend on the origin of the outcome, but arithmetic does: sums of values near
1e12 lose the differences between them. Continuous outcomes are therefore analysed about their mean,
which is added back where an arm mean is shown.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from precept_stats.errors import FitError
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.design import AnyDesign

ROUNDING = 1e-10
"""Clusters that differ by less than this share of the outcome's own size differ by rounding."""
SMALLEST, LARGEST = 1e-100, 1e100
"""Between these spreads an outcome can be squared, and squared again, without overflow or loss."""
MEAN_OF: dict[str, str] = {"binary": "risk", "continuous": "mean", "count": "rate"}
"""What the mean of a cluster is called, by type of outcome."""


def origin_of(design: AnyDesign) -> float:
    """The mean of a continuous outcome; 0 for risks and rates, whose origin has a meaning."""
    return float(np.mean(design.y / design.size)) if design.outcome.type == "continuous" else 0.0


def about_origin(design: ClusterTrialDesign) -> ClusterTrialDesign:
    """The same trial with its outcome counted from :func:`origin_of`."""
    origin = origin_of(design)
    return replace(design, y=design.y - origin * design.size) if origin else design


def spread_of(design: ClusterTrialDesign) -> float:
    """The range of the outcome of rows (events, or value, a unit of denominator)."""
    return float(np.ptp(design.y / design.size))


def require_variation(design: AnyDesign) -> None:
    """FitError when the outcome is the same for everyone, or too large or small to be squared."""
    values = design.y / design.size
    spread, largest = float(values.max()) - float(values.min()), float(np.max(np.abs(values)))
    if spread <= 4 * np.finfo(float).eps * largest:
        raise FitError(
            "the outcome does not vary",
            found=f"every cluster has the {MEAN_OF[design.outcome.type]} {values[0]:g}",
            allowed="an outcome that varies between clusters",
        )
    if not SMALLEST < spread < LARGEST:
        raise FitError(
            "the outcome is too large or too small for a variance to be computed",
            found=f"values from {values.min():g} to {values.max():g}",
            allowed=f"a range between {SMALLEST:g} and {LARGEST:g}: give the outcome in another unit",
        )


def require_scatter(scale: float, size: float, where: str = "") -> None:
    """FitError when clusters do not differ within an arm, up to rounding: there is no standard error.

    ``size`` is that of what was summarised (the spread of the outcome, or 1 for logarithms), not of
    the summaries: after a perfect prediction these are nothing but rounding.
    """
    if not scale > (ROUNDING * size) ** 2:
        raise FitError(
            f"clusters do not differ within an arm{where}, so there is no standard error",
            found=f"a residual variance of {scale:g} between cluster summaries",
            allowed="cluster summaries that vary within the arms",
        )
