"""The analysis of variance estimator, pooled within groups, with Searle's and Smith's intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from precept_stats.errors import FitError
from precept_stats.numerics.icc.clustered import Clustered, Vector, require_pairs


@dataclass(frozen=True, slots=True)
class Anova:
    """Mean squares between and within clusters, their degrees of freedom, and the size that stands for all.

    n0 = (N - sum over groups of sum(n^2) / N_group) / (K - groups), the size itself when all are equal.
    """

    ms_between: float
    ms_within: float
    df_between: int
    df_within: float
    n0: float

    def icc(self) -> float:
        """(MSB - MSW) / (MSB + (n0 - 1) MSW)."""
        total = self.ms_between + (self.n0 - 1.0) * self.ms_within
        return (self.ms_between - self.ms_within) / total

    @property
    def ratio(self) -> float:
        """MSB / MSW, infinite where members of a cluster are all alike."""
        return self.ms_between / self.ms_within if self.ms_within > 0.0 else np.inf


def anova(data: Clustered) -> Anova:
    """The one-way analysis of variance within groups. FitError where no correlation can be seen.

    Source: Donner and Klar (2000), Design and Analysis of Cluster Randomization Trials, ch. 1 and 6.
    """
    require_pairs(data)
    people = data.by_group(data.size)
    centre = data.of_group(data.by_group(data.total) / people)
    df_between = data.n_clusters - data.n_groups
    df_within = float(data.size.sum()) - data.n_clusters
    between = float(data.size @ (data.mean - centre) ** 2)
    n0 = float(data.size.sum() - np.sum(data.by_group(data.size**2) / people)) / df_between
    return Anova(between / df_between, float(data.within.sum()) / df_within, df_between, df_within, n0)


def anova_icc(data: Clustered) -> float:
    """The estimate, which may be negative."""
    return anova(data).icc()


def anova_over_clusters(data: Clustered) -> float:
    """The same with the squares between clusters divided by K, not by K - groups (Fleiss 1981)."""
    found = anova(data)
    smaller = found.ms_between * found.df_between / data.n_clusters
    return Anova(smaller, found.ms_within, found.df_between, found.df_within, found.n0).icc()


def searle_limits(data: Clustered, level: float) -> tuple[float, float]:
    """(F/q - 1) / (F/q + n0 - 1) for the two quantiles q of the F distribution of MSB / MSW.

    Exact for a normal outcome in clusters of equal size; with unequal sizes n0 stands for them.
    Source: Searle (1971), Linear Models, ch. 9; Ukoumunne (2002), Stat Med 21:3757.
    """
    found = anova(data)
    if not np.isfinite(found.ratio):
        raise FitError(
            "the exact interval has no upper end inside 1",
            found="members of every cluster are all alike",
            allowed="an outcome that varies within clusters",
        )
    tail = 0.5 - level / 2.0
    limits = []
    for probability in (1.0 - tail, tail):
        share = found.ratio / float(special.fdtri(found.df_between, found.df_within, probability))
        limits.append((share - 1.0) / (share + found.n0 - 1.0))
    return limits[0], limits[1]


def smith_error(data: Clustered) -> float:
    """Smith's large-sample standard error of the estimate, of a normal outcome; groups add up.

    Source: Smith (1957), Ann Hum Genet 21:363; Donner and Wells (1986), Biometrics 42:401.
    """
    found = anova(data)
    rho, n0, n = found.icc(), found.n0, data.size
    people = data.by_group(n)
    squares, cubes = data.by_group(n**2), data.by_group(n**3)
    spread = float(np.sum(squares - 2.0 * cubes / people + squares**2 / people**2))
    within = (1.0 + rho * (n0 - 1.0)) ** 2 / found.df_within
    between = found.df_between * (1.0 - rho) * (1.0 + rho * (2.0 * n0 - 1.0)) + rho**2 * spread
    return float(np.sqrt(2.0 * (1.0 - rho) ** 2 / n0**2 * (within + between / found.df_between**2)))


def anova_influence(data: Clustered) -> tuple[Vector, Vector]:
    """What one more y, and one more y^2, in each cluster (K,) adds to the estimate of a binary outcome."""
    found, centre = anova(data), data.of_group(data.by_group(data.total) / data.by_group(data.size))
    total = found.ms_between + (found.n0 - 1.0) * found.ms_within
    by_between = found.n0 * found.ms_within / total**2 / found.df_between
    by_within = -found.n0 * found.ms_between / total**2 / found.df_within
    return by_within - 2.0 * centre * by_between, (by_between - by_within) / data.size
