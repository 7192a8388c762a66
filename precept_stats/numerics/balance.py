"""How well an allocation balances covariates of clusters, and which allocations balance them well enough.

For an allocation with n1 of n clusters in arm 1, and covariates standardised over all clusters (sample
standard deviation), the imbalance of covariate k is d_k = n1 n0 / n (mean in arm 1 - mean in arm 0), which
is the sum of its standardised values over arm 1. The score is the sum of (w_k d_k)^2 (l2) or of |w_k d_k|
(l1): the balance score of Raab and Butcher (2001, Stat Med 20:351), in the units of Gallis, Li, Yu and
Turner (2018, Stata J 18:357).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.arrangements import Codes
from precept_stats.numerics.ties import TIE

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Bools = NDArray[np.bool_]

CHUNK = 65_536
"""So many allocations are multiplied out at a time."""


def standardised(X: Matrix) -> Matrix:
    """Columns (K, P) about their mean, in sample standard deviations; none may be constant."""
    return (X - X.mean(axis=0)) / X.std(axis=0, ddof=1)


def scores(allocations: Codes, X: Matrix, weights: Vector, power: int) -> Vector:
    """The balance score (M,) of every allocation (M, K) on covariates (K, P); ``power`` 1 or 2."""
    columns = standardised(X) * weights
    found: Vector = np.sum(np.abs(sums_over(allocations, columns)) ** power, axis=1)
    return found


def differences(allocations: Codes, X: Matrix) -> Matrix:
    """The absolute difference (M, P) between the arms in the mean of every covariate."""
    treated = allocations.sum(axis=1, dtype=np.int64)[:, None]
    inside, total = sums_over(allocations, X), X.sum(axis=0)
    found: Matrix = np.abs(inside / treated - (total - inside) / (allocations.shape[1] - treated))
    return found


def sums_over(allocations: Codes, columns: Matrix) -> Matrix:
    """Sums (M, P) of columns (K, P) over the clusters in arm 1 of every allocation (M, K)."""
    made = np.empty((len(allocations), columns.shape[1]))
    for start in range(0, len(allocations), CHUNK):
        part = slice(start, start + CHUNK)
        made[part] = allocations[part].astype(np.float64) @ columns
    return made


def up_to(found: Vector | Matrix, limit: float | Vector) -> Bools:
    """Which scores, or differences, are no larger than ``limit``, ties included."""
    inside: Bools = found <= limit * (1.0 + TIE)
    return inside


def cutoff(found: Vector, share: float) -> float:
    """The largest of the best round(share M) scores, at least one of them."""
    number = max(1, round(share * len(found)))
    return float(np.partition(found, number - 1)[number - 1])


def best(allocations: Codes, found: Vector, number: int) -> Bools:
    """Exactly ``number`` allocations with the lowest scores.

    Ties at the end are taken in the order in which subsets of clusters are listed: those with the first
    clusters in arm 1 first.
    """
    order = np.lexsort((*(-allocations.T[::-1]),))
    ranked = found[order]
    last = float(np.partition(ranked, number - 1)[number - 1])
    sure = ranked < last * (1.0 - TIE)
    tied = np.flatnonzero(~sure & up_to(ranked, last))[: number - int(sure.sum())]
    chosen = np.zeros(len(found), dtype=np.bool_)
    chosen[order[sure]] = True
    chosen[order[tied]] = True
    return chosen
