"""A step of Newton's method that always leads uphill."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

FLOOR = 1e-10
"""The smallest eigenvalue, of the information scaled to a unit diagonal, that a step relies on."""


def uphill(gradient: Vector, information: Matrix) -> Vector:
    """The inverse information times the gradient, eigenvalues made positive where they are not."""
    scale = 1.0 / np.sqrt(np.maximum(np.abs(np.diag(information)), np.finfo(float).tiny))
    values, vectors = linalg.eigh(information * np.outer(scale, scale))
    values = np.maximum(np.abs(values), FLOOR)
    step: Vector = scale * (vectors @ ((vectors.T @ (scale * gradient)) / values))
    return step
