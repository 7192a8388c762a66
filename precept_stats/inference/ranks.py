"""Ranks of clusters in every draw of a posterior: how surely one stands where it stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """Ranks of K clusters, 1 the best: expected, and the limits that hold it with a probability (K,).

    ``worst`` (K,) is the probability of being among the ``count`` worst.
    """

    expected: Vector
    lower: Vector
    upper: Vector
    worst: Vector
    count: int


def ranks(effects: Matrix, count: int, level: float, *, higher_better: bool) -> Ranks:
    """From effects in every draw (R, K). Draws rank all clusters; equal ones share the mean of their ranks.

    The limits are the ranks at the ends of the middle ``level`` of draws, each taken outwards.
    """
    drawn = ranked(-effects if higher_better else effects)
    tail = (1.0 - level) / 2.0
    lower = np.quantile(drawn, tail, axis=0, method="lower")
    upper = np.quantile(drawn, 1.0 - tail, axis=0, method="higher")
    clusters = effects.shape[1]
    return Ranks(
        expected=drawn.mean(axis=0),
        lower=lower,
        upper=upper,
        worst=np.mean(drawn > clusters - count, axis=0),
        count=count,
    )


def ranked(values: Matrix) -> Matrix:
    """Ranks along each row (R, K), from 1, the smallest first."""
    found: Matrix = rankdata(values, axis=1)
    return found
