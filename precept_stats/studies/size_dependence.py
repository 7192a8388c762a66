"""Whether outcomes go with the size of a cluster: a description by arm, for the picture beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.asymptotic import Asymptotic, wald_estimate
from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.quantities import linear
from precept_stats.numerics.linear import classical_covariance, weighted_least_squares
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.values import Row

Floats = NDArray[np.float64]

FEWEST = 5
"""Clusters of an arm below which no line is fitted to them."""
LEVEL = 0.95
MEASURE = "slope_on_size"


def size_dependence(design: ClusterTrialDesign, analysis: str) -> Iterator[Row]:
    """The slope of cluster means on log2 of cluster size in each arm, then how the slopes differ.

    A slope is the difference in means between a cluster and one of twice its size, by least squares with a
    cluster as observation and t on clusters minus parameters. The difference of the slopes is how the
    effect goes with size. Nothing for an arm with fewer than five clusters, or with clusters of one size.
    """
    doublings = np.log2(design.cluster_size)
    doublings = doublings - doublings.mean()
    means = design.cluster_mean - design.cluster_mean.mean()
    usable = True
    for arm, name in enumerate(design.arm_names):
        mine = design.arm == arm
        if int(mine.sum()) < FEWEST or np.ptp(doublings[mine]) < 1e-9:
            usable = False
            continue
        columns = np.column_stack([np.ones(int(mine.sum())), doublings[mine]])
        for row in _slope(design, analysis, (columns, means[mine])):
            yield replace(row, groups=(("arm", name),), term=name)
    if usable:
        arm_columns = np.column_stack([np.ones(design.n_clusters), design.arm])
        columns = np.hstack([arm_columns, arm_columns * doublings[:, None]])
        yield from _slope(design, analysis, (columns, means))


def _slope(design: ClusterTrialDesign, analysis: str, of: tuple[Floats, Floats]) -> Iterator[Row]:
    """What least squares of the means on the columns say of the last column; nothing for a perfect fit."""
    columns, means = of
    fit = weighted_least_squares(columns, means, np.ones(len(means)))
    last = np.eye(1, columns.shape[1], columns.shape[1] - 1).ravel()
    unit = "proportion" if design.outcome.type == "binary" else design.outcome.unit
    contrast = " - ".join(design.arm_names[::-1])
    names = tuple(str(place) for place in range(len(last)))
    found = Asymptotic(names, fit.params, classical_covariance(fit), FixedDf(float(fit.df), "t"))
    try:
        answer = wald_estimate(found, linear(MEASURE, contrast, last, unit=unit), LEVEL)
    except FitError:
        return
    statistics: tuple[tuple[str, str, float | None, str], ...] = (
        ("estimate", "Difference in means with each doubling of cluster size", answer.value, unit),
        ("std_error", "Standard error", answer.std_error, ""),
        ("df", "Degrees of freedom", answer.df, ""),
        ("p_value", "Two-sided p-value", answer.p_value, ""),
    )
    for name, label, stat, of_unit in statistics:
        yield Row(
            analysis=analysis,
            context="size_dependence",
            stat_name=name,
            stat=stat,
            stat_label=label,
            unit=of_unit,
            variable=design.outcome.column,
            term=contrast,
            measure=MEASURE,
        )
