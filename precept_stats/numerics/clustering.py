"""How alike members of a cluster are, and how much cluster sizes vary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class AnovaIcc:
    """The analysis of variance estimate, which may be negative, and its parts."""

    icc: float
    ms_between: float
    ms_within: float
    n0: float


def anova_icc(sizes: Vector, means: Vector, within_ss: float, group: Ints) -> AnovaIcc | None:
    """The intracluster correlation (MSB - MSW) / (MSB + (n0 - 1) MSW), pooled within groups.

    ``sizes`` and ``means`` are by cluster (K,), ``within_ss`` the sum of squares of members about
    their cluster's mean, ``group`` the arm of a cluster. MSB has K - groups df, MSW N - K, and
    n0 = (N - sum over groups of sum(n^2) / N_group) / (K - groups). None when one of them is not
    defined (every cluster of size 1, one cluster a group, nothing varies).
    Source: Donner and Klar (2000), Design and Analysis of Cluster Randomization Trials, ch. 1 and 6.
    """
    _, group = np.unique(group, return_inverse=True)
    group_size = np.bincount(group, weights=sizes)
    group_mean = np.bincount(group, weights=sizes * means) / group_size
    between_df = len(sizes) - len(group_size)
    within_df = float(sizes.sum()) - len(sizes)
    if between_df <= 0 or within_df <= 0:
        return None
    ms_between = float(sizes @ (means - group_mean[group]) ** 2) / between_df
    ms_within = within_ss / within_df
    squares = np.bincount(group, weights=sizes**2)
    n0 = float(sizes.sum() - np.sum(squares / group_size)) / between_df
    total = ms_between + (n0 - 1.0) * ms_within
    if not total > 0:
        return None
    return AnovaIcc((ms_between - ms_within) / total, ms_between, ms_within, n0)


@dataclass(frozen=True, slots=True)
class SizeVariation:
    """Cluster sizes: mean, and coefficient of variation with the sample standard deviation (K - 1)."""

    mean: float
    cv: float


def size_variation(sizes: Vector) -> SizeVariation:
    """Mean and coefficient of variation of two or more cluster sizes (K,)."""
    mean = float(sizes.mean())
    return SizeVariation(mean, float(sizes.std(ddof=1)) / mean)


def design_effect(sizes: Vector, icc: float) -> float:
    """1 + (sum(n^2) / sum(n) - 1) ICC, the variance inflation of an individual-level mean (Kish).

    sum(n^2) / sum(n) is the mean size times 1 + CV^2, CV with divisor K (Eldridge et al. 2006,
    Int J Epidemiol 35:1292). A negative ICC counts as 0.
    """
    return 1.0 + (float(sizes @ sizes) / float(sizes.sum()) - 1.0) * max(icc, 0.0)
