"""The jackknife: a covariance from estimates without each unit in turn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def about_their_mean(without: Matrix) -> Matrix:
    """(m - 1) / m times the sum of squares of ``without`` (m, p) about their own mean (p, p)."""
    return _squares(without, without.mean(axis=0))


def about_the_estimate(without: Matrix, estimate: Vector) -> Matrix:
    """(m - 1) / m times the sum of squares of ``without`` (m, p) about the estimate of all (p,); (p, p)."""
    return _squares(without, estimate)


def _squares(without: Matrix, centre: Vector) -> Matrix:
    m = len(without)
    away = without - centre
    covariance: Matrix = (m - 1) / m * away.T @ away
    return covariance
