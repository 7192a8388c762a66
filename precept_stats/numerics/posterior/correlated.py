"""Scales and correlations of several effects as coordinates: a lower triangular factor and its slopes.

A correlation matrix of q effects has q (q - 1) / 2 canonical partial correlations, each free between -1 and
1; the coordinates are the logits of (1 + p) / 2. Row by row of the Cholesky factor L,
L[i, j] = p[i, j] sqrt(prod over k < j of (1 - p[i, k]^2)) and L[i, i] the root alone. Under the law of
Lewandowski, Kurowicka and Joe (2009, J Multivar Anal 100:1989) with shape eta they are independent, and
(1 + p) / 2 is beta with both parameters eta + (q - 2 - j) / 2, j counted from 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ByUnit:
    """Of K units: log-likelihoods (K,), means (K, q) and second moments (K, q, q) of their effects."""

    log_likelihood: Vector
    means: Matrix
    seconds: NDArray[np.float64]


def partials(q: int) -> int:
    """How many partial correlations q effects have."""
    return q * (q - 1) // 2


def shapes(q: int, eta: float) -> Vector:
    """The parameter of each partial correlation's beta law, row by row."""
    return np.array([eta + (q - 2 - j) / 2.0 for i in range(1, q) for j in range(i)])


def factor(sds: Vector, coordinates: Vector) -> Matrix:
    """A (q, q), lower triangular, with covariance A A'; without coordinates effects are independent."""
    if len(coordinates) == 0:
        return np.diag(sds)
    return sds[:, None] * _correlation_factor(len(sds), coordinates)[0]


def _correlation_factor(q: int, coordinates: Vector) -> tuple[Matrix, Matrix]:
    """L, and the roots that multiply each partial correlation."""
    L, roots, place = np.zeros((q, q)), np.ones((q, q)), 0
    L[0, 0] = 1.0
    for i in range(1, q):
        left = 1.0
        for j in range(i):
            p = np.tanh(0.5 * coordinates[place])
            roots[i, j], L[i, j] = left, p * left
            left *= np.sqrt((1.0 - p) * (1.0 + p))
            place += 1
        L[i, i] = left
    return L, roots


def slopes(sds: Vector, coordinates: Vector, of_factor: Matrix) -> tuple[Vector, Vector]:
    """Slopes in the standard deviations and in the coordinates, from those in A (lower triangle)."""
    if len(coordinates) == 0:
        return np.diag(of_factor).copy(), np.zeros(0)
    q = len(sds)
    L, roots = _correlation_factor(q, coordinates)
    lower = np.tril(of_factor)
    of_L, place = sds[:, None] * lower, 0
    found = np.empty(len(coordinates))
    for i in range(1, q):
        for j in range(i):
            p = np.tanh(0.5 * coordinates[place])
            later = of_L[i, j + 1 : i + 1] @ L[i, j + 1 : i + 1]
            found[place] = 0.5 * (of_L[i, j] * roots[i, j] * (1.0 - p * p) - p * later)
            place += 1
    return np.sum(lower * L, axis=1), found


def covariances(sds: Matrix, coordinates: Matrix) -> NDArray[np.float64]:
    """Covariance matrices (R, q, q) at draws of both."""
    found = [factor(sd, at) for sd, at in zip(np.abs(sds), coordinates, strict=True)]
    A = np.array(found)
    made: NDArray[np.float64] = A @ A.transpose(0, 2, 1)
    return made
