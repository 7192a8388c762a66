"""How the covariance of an AR(1) fit depends on its variance and phi, and how well these are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.mixed.information import CovarianceInformation, ThetaInformation
from precept_stats.numerics.series.ar1 import Ar1Fit, Ints

Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """V^-1, the first (2, n, n) and second (2, 2, n, n) derivatives of V = variance R in (variance, phi)."""

    inverse: Matrix
    first: Cube
    second: NDArray[np.float64]


def _pieces(fit: Ar1Fit) -> _Pieces:
    positions, phi, variance = fit.series.positions, fit.phi, fit.variance
    apart = np.abs(positions[:, None] - positions[None, :]).astype(np.float64)
    R = phi**apart
    dR = np.where(apart >= 1.0, apart * phi ** np.maximum(apart - 1.0, 0.0), 0.0)
    ddR = np.where(apart >= 2.0, apart * (apart - 1.0) * phi ** np.maximum(apart - 2.0, 0.0), 0.0)
    first = np.stack([R, variance * dR])
    second = np.stack([np.stack([np.zeros_like(R), dR]), np.stack([dR, variance * ddR])])
    return _Pieces(_precision(positions, phi) / variance, first, second)


def _precision(positions: Ints, phi: float) -> Matrix:
    """The inverse of the correlation matrix, which has three diagonals."""
    r = phi ** np.diff(positions)
    spread = 1.0 - r**2
    diagonal = np.ones(len(positions))
    diagonal[1:] += r**2 / spread
    diagonal[:-1] += r**2 / spread
    return np.diag(diagonal) + np.diag(-r / spread, 1) + np.diag(-r / spread, -1)


def covariance_information(fit: Ar1Fit) -> CovarianceInformation:
    """What Kenward and Roger's adjustment is made of, in (marginal variance, phi).

    The correlations bend in phi, so the adjustment depends on how the parameters are written.
    """
    found, X = _pieces(fit), fit.series.X
    phi = fit.covariance
    moved = found.inverse @ found.first @ found.inverse
    P = -X.T @ moved @ X
    Q = (X.T @ moved)[:, None] @ (found.first @ found.inverse @ X)[None]
    R = X.T @ found.inverse @ found.second @ found.inverse @ X
    turned = found.inverse @ found.first
    expected = np.einsum("rij,sji->rs", turned, turned)
    expected -= 2.0 * np.einsum("ij,rsji->rs", phi, Q)
    expected += np.einsum("rij,sji->rs", phi @ P, phi @ P)
    inner = Q - (P @ phi)[:, None] @ P[None]
    return CovarianceInformation(
        phi=phi,
        slopes=-phi @ P @ phi,
        expected=(expected + expected.T) / 2.0,
        second=phi @ inner @ phi,
        bend=phi @ R @ phi,
    )


def theta_information(fit: Ar1Fit) -> ThetaInformation:
    """The same with the observed Hessian of the restricted deviance, for Satterthwaite's rule.

    In (log of the variance, phi), so that what counts as flat does not depend on the outcome's unit.
    """
    found, X, phi = _pieces(fit), fit.series.X, fit.covariance
    turned = found.inverse @ found.first
    slopes = phi @ (X.T @ (turned @ found.inverse) @ X) @ phi
    projection = found.inverse - found.inverse @ X @ phi @ X.T @ found.inverse
    weighed = found.inverse @ fit.residuals
    pushed = found.first @ weighed
    around = pushed @ projection @ pushed.T
    bent = np.einsum("i,rsij,j->rs", weighed, found.second, weighed)
    held = projection @ found.first
    traces = np.einsum("rsij,ji->rs", found.second, projection) - np.einsum("rij,sji->rs", held, held)
    unit = np.array([fit.variance, 1.0])
    hessian = (traces + 2.0 * around - bent) * np.outer(unit, unit)
    return ThetaInformation(phi, unit[:, None, None] * slopes, hessian)
