"""Nodes of Gauss-Hermite quadrature for a standard normal variable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """Points z (q,) and logs of their weights times exp(z^2 / 2); the middle point is 0."""

    at: Vector
    log_weight: Vector


def gauss_hermite(count: int) -> Nodes:
    """An odd number of nodes. One node makes adaptive quadrature the Laplace approximation."""
    at, weight = hermegauss(count)
    at[count // 2] = 0.0
    return Nodes(at, np.log(weight / weight.sum()) + 0.5 * at * at)
