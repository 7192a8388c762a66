"""How the covariance of an AR(1) fit depends on its variance and phi, and how well these are known.

Everything is said by the inverse K of the errors' covariance V, which has three diagonals and so have its
derivatives: dV is -V dK V. Nothing is of the size of points times points.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from precept_stats.numerics.mixed.information import CovarianceInformation, ThetaInformation
from precept_stats.numerics.series.ar1 import Ar1Fit, Ints
from precept_stats.numerics.series.ar1_moments import Moments, moments_of

Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]


def covariance_information(fit: Ar1Fit) -> CovarianceInformation:
    """What Kenward and Roger's adjustment is made of, in (marginal variance, phi).

    The correlations bend in phi, so the adjustment depends on how the parameters are written.
    """
    X, variance, phi = fit.series.X, fit.variance, fit.covariance
    about = moments_of(X, fit.series.positions)
    at = np.array([fit.phi])
    gram, moved, bent = about.gram(at)[0], about.gram(at, 1)[0], about.gram(at, 2)[0]
    P = np.stack([-gram / variance**2, moved / variance])
    second = np.stack(
        [
            np.stack([2.0 * gram / variance**3, -moved / variance**2]),
            np.stack([-moved / variance**2, bent / variance]),
        ]
    )
    Q = _products(fit, gram, moved)
    R = Q + Q.transpose(1, 0, 2, 3) - second
    inner = Q - (P @ phi)[:, None] @ P[None]
    return CovarianceInformation(
        phi=phi,
        slopes=-phi @ P @ phi,
        expected=_expected(fit, about, P, Q),
        second=phi @ inner @ phi,
        bend=phi @ R @ phi,
    )


def _products(fit: Ar1Fit, gram: Matrix, moved: Matrix) -> NDArray[np.float64]:
    """X' dK V dK X (2, 2, p, p); only that of phi with itself needs V, by a banded solution."""
    X, variance = fit.series.X, fit.variance
    turned = _times(_bands(fit, 1), X)
    through = linalg.solve_banded((1, 1), _bands(fit, 0), turned)
    both = turned.T @ through / variance
    across = -moved / variance**2
    return np.stack([np.stack([gram / variance**3, across]), np.stack([across, (both + both.T) / 2.0])])


def _expected(fit: Ar1Fit, about: Moments, P: Cube, Q: NDArray[np.float64]) -> Matrix:
    """Twice the expected information of the restricted likelihood."""
    phi, variance = fit.covariance, fit.variance
    across = float(about.spread(np.array([fit.phi]), 1)[0]) / variance
    found = np.array([[len(fit.residuals) / variance**2, across], [across, about.information(fit.phi)]])
    found -= 2.0 * np.einsum("ij,rsji->rs", phi, Q)
    found += np.einsum("rij,sji->rs", phi @ P, phi @ P)
    both: Matrix = (found + found.T) / 2.0
    return both


def _bands(fit: Ar1Fit, derivative: int) -> Matrix:
    """The three diagonals (3, n) of the inverse correlation matrix or of its derivative in phi."""
    gaps: Ints = fit.series.gaps
    r = fit.phi**gaps
    s = 1.0 - r**2
    found = np.zeros((3, len(gaps) + 1))
    if derivative == 0:
        found[1], beside, diagonal = 1.0, -r / s, r**2 / s
    else:
        slope = gaps * fit.phi ** (gaps - 1)
        beside, diagonal = -(1.0 + r**2) / s**2 * slope, 2.0 * r / s**2 * slope
    found[1, 1:] += diagonal
    found[1, :-1] += diagonal
    found[0, 1:] = found[2, :-1] = beside
    return found


def _times(bands: Matrix, rows: Matrix) -> Matrix:
    """A matrix of three diagonals times rows (n, p)."""
    found: Matrix = bands[1][:, None] * rows
    found[:-1] += bands[0, 1:, None] * rows[1:]
    found[1:] += bands[2, :-1, None] * rows[:-1]
    return found


def theta_information(fit: Ar1Fit) -> ThetaInformation:
    """The same with the observed Hessian of the restricted deviance, for Satterthwaite's rule.

    In (log of the variance, phi), so that what counts as flat does not depend on the outcome's unit.
    """
    X, variance, phi = fit.series.X, fit.variance, fit.covariance
    n, p = X.shape
    about = moments_of(np.column_stack([X, fit.residuals]), fit.series.positions)
    at = np.array([fit.phi])
    moved, bent = about.gram(at, 1)[0] / variance, about.gram(at, 2)[0] / variance
    pushed = phi @ moved[:p, p]
    turned = phi @ moved[:p, :p]
    traces = float(np.trace(phi @ bent[:p, :p])) - float(np.sum(turned * turned.T))
    squares = bent[p, p] - 2.0 * float(moved[:p, p] @ pushed)
    corner = float(about.spread(at, 2)[0]) + traces + squares
    hessian = np.array([[float(n - p), -moved[p, p]], [-moved[p, p], corner]])
    return ThetaInformation(phi, np.stack([phi, -turned @ phi]), hessian)
