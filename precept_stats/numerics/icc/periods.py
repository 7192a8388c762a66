"""Pairwise correlations of clusters seen in several periods: within a period, and between periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.numerics.icc.clustered import Ints

Matrix = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class ClusterPeriods:
    """K clusters in T periods, each array (K, T), 0 where nobody was seen.

    ``within`` are the squares of members about the mean of their cluster and period. ``cell`` numbers from
    0 what has a mean of its own (a condition in a period), -1 where nobody was seen. ``group`` (K,) numbers
    the kinds of cluster that are resampled together.
    """

    size: Matrix
    total: Matrix
    within: Matrix
    cell: Codes
    group: Ints

    @property
    def n_clusters(self) -> int:
        return len(self.size)

    def take(self, chosen: Ints) -> ClusterPeriods:
        """The clusters of these numbers, in this order; one may be taken again."""
        return ClusterPeriods(
            self.size[chosen], self.total[chosen], self.within[chosen], self.cell[chosen], self.group[chosen]
        )


@dataclass(frozen=True, slots=True)
class PeriodIcc:
    """Correlations of two members of a cluster in one period, and in two."""

    within: float
    between: float

    @property
    def autocorrelation(self) -> float:
        """Between over within (CAC). FitError unless the correlation within a period is above 0."""
        if not self.within > 0.0:
            raise FitError(
                "the cluster autocorrelation is not defined",
                found=f"a correlation of {self.within:g} within a period",
                allowed="one above 0",
            )
        return self.between / self.within


def pairwise_over_periods(data: ClusterPeriods) -> PeriodIcc:
    """Pearson's correlations over all ordered pairs of members of a cluster, in one period and in two.

    Members are about the mean of their cell over the pairs in question. With one period the first is the
    pairwise correlation of ``moments``. FitError where there are no such pairs.
    """
    return PeriodIcc(pairwise_within_period(data), pairwise_between_periods(data))


def pairwise_within_period(data: ClusterPeriods) -> float:
    """Over pairs in one period. FitError where there are none."""
    pairs = np.maximum(data.size - 1.0, 0.0)
    away, squares = _about(data, pairs)
    return _ratio(np.sum(away**2 - squares), pairs, squares)


def pairwise_between_periods(data: ClusterPeriods) -> float:
    """Over pairs in two periods. FitError where there are none."""
    pairs = data.size.sum(axis=1, keepdims=True) - data.size
    away, squares = _about(data, pairs)
    return _ratio(np.sum(away.sum(axis=1) ** 2) - np.sum(away**2), pairs, squares)


def _about(data: ClusterPeriods, pairs: Matrix) -> tuple[Matrix, Matrix]:
    """Totals and squares about the mean of each cell, over members times the pairs that each is in."""
    seen = data.size > 0.0
    weight, total = (pairs * data.size)[seen], (pairs * data.total)[seen]
    codes = data.cell[seen]
    below = np.bincount(codes, weights=weight)
    mean = np.divide(np.bincount(codes, weights=total), below, out=np.zeros_like(below), where=below > 0.0)
    centre = np.zeros_like(data.size)
    centre[seen] = mean[codes]
    away = np.where(seen & (pairs > 0.0), data.total - data.size * centre, 0.0)
    squares = np.zeros_like(data.size)
    squares[seen] = data.within[seen] + away[seen] ** 2 / data.size[seen]
    return away, np.where(pairs > 0.0, squares, 0.0)


def _ratio(products: float, pairs: Matrix, squares: Matrix) -> float:
    below = float(np.sum(pairs * squares))
    if not below > 0.0:
        raise FitError(
            "there are no pairs of people to correlate",
            found="no cluster with two people in such periods, or an outcome that does not vary",
            allowed="clusters with several people",
        )
    return float(products) / below
