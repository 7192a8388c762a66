"""Weighted least squares on a few rows, kept with everything that a variance needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

ALIAS_TOLERANCE = 1e-7
"""A column whose part outside the columns before it is shorter than this share is aliased (as in R's lm)."""

CONSTANT_TOLERANCE = 1e-12
"""A column whose deviations from its mean are below this share of its values is constant, up to rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class LinearFit:
    """A weighted least squares fit of y (n,) on X (n, p) of full rank.

    ``bread`` is (X'WX)^-1, ``leverage`` the diagonal of H = X (X'WX)^-1 X'W, ``df`` is n - p and
    ``scale`` the residual variance e'We / (n - p) (NaN when df is 0).
    """

    X: Matrix
    weights: Vector
    params: Vector
    bread: Matrix
    residuals: Vector
    leverage: Vector
    df: int
    scale: float


def aliased_columns(X: Matrix) -> tuple[int, ...]:
    """Columns of X (n, p) that are linear combinations of columns to their left."""
    basis, size = np.empty((min(X.shape), len(X))), 0
    aliased = []
    for j in range(X.shape[1]):
        column = X[:, j]
        rest = column
        for _ in range(2):  # projecting twice keeps the basis orthogonal to rounding
            rest = rest - (basis[:size] @ rest) @ basis[:size]
        length = float(np.linalg.norm(rest))
        if length <= ALIAS_TOLERANCE * max(float(np.linalg.norm(column)), np.finfo(float).tiny):
            aliased.append(j)
        else:
            basis[size], size = rest / length, size + 1
    return tuple(aliased)


def standardised(X: Matrix, weights: Vector) -> Matrix:
    """Columns (n, p) about their weighted means and divided by the largest deviation left.

    A constant column becomes 0, judged by the size of its values as given: once centred, what is left
    of it is rounding, which no longer tells. The answer is the same in any unit, small or large.
    """
    largest = np.max(np.abs(X), axis=0, initial=0.0)
    scaled = X / np.where(largest > 0.0, largest, 1.0)
    centred = scaled - np.average(scaled, axis=0, weights=weights)
    spread = np.max(np.abs(centred), axis=0, initial=0.0)
    constant = spread <= CONSTANT_TOLERANCE
    out: Matrix = np.where(constant, 0.0, centred / np.where(constant, 1.0, spread))
    return out


def weighted_least_squares(X: Matrix, y: Vector, weights: Vector) -> LinearFit:
    """Fit y on X with positive weights (n,), by QR. X must have full column rank."""
    root = np.sqrt(weights)
    Q, R = linalg.qr(root[:, None] * X, mode="economic")
    params = linalg.solve_triangular(R, Q.T @ (root * y))
    inverse = linalg.solve_triangular(R, np.eye(X.shape[1]))
    residuals = y - X @ params
    df = X.shape[0] - X.shape[1]
    scale = float(weights @ residuals**2) / df if df > 0 else float("nan")
    return LinearFit(X, weights, params, inverse @ inverse.T, residuals, np.sum(Q**2, axis=1), df, scale)


def classical_covariance(fit: LinearFit) -> Matrix:
    """The residual variance times (X'WX)^-1."""
    covariance: Matrix = fit.scale * fit.bread
    return covariance
