"""Ranks of areas, each with its uncertainty, from draws of their true values.

Every draw ranks all areas; an area's ranks over draws are its distribution (Laird and Louis 1989, J Educ Stat
14:29; Goldstein and Spiegelhalter 1996, J R Stat Soc A 159:385).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """By area (K,): the mean rank, the limits of the rank, and the chance to be of the worst; 1 is best."""

    mean: Vector
    lower: Vector
    upper: Vector
    among_worst: Vector


def ranks(draws: Matrix, sign: float, worst: int, level: float) -> Ranks:
    """From draws (R, K) of the areas' values; ``sign`` is 1 where more is better, -1 where less is.

    ``worst`` is how many areas are called the worst. Equal values have no chance under a continuous law, and
    areas that are one value in every draw share their ranks.
    """
    count = draws.shape[1]
    order = np.argsort(-sign * draws, axis=1)
    places = np.empty(draws.shape, dtype=np.intp)
    np.put_along_axis(places, order, np.broadcast_to(np.arange(1, count + 1), draws.shape), axis=1)
    tail = (1.0 - level) / 2.0
    lower = np.quantile(places, tail, axis=0, method="inverted_cdf").astype(np.float64)
    upper = np.quantile(places, 1.0 - tail, axis=0, method="inverted_cdf").astype(np.float64)
    return Ranks(places.mean(axis=0), lower, upper, (places > count - worst).mean(axis=0))


def normal_draws(eta: Vector, covariance: Matrix, count: int, rng: np.random.Generator) -> Matrix:
    """Draws (count, K) of predictions that are jointly normal, the covariance maybe singular.

    The symmetric root does not depend on the signs of eigenvectors, nor on which of those of one value are
    taken, so that one seed gives the same draws whatever library found them.
    """
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    found: Matrix = eta + rng.standard_normal((count, len(eta))) @ root
    return found
