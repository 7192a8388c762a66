"""How the covariance of the fixed effects depends on the variance parameters, and how well these are known.

Everything comes from the moments of the fit; nothing is of the size of the rows. The variance
parameters are the entries of the random covariances and the residual variance (last, unless fixed).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.mixed.fit import MixedFit
from precept_stats.numerics.mixed.model import Matrix, Vector
from precept_stats.numerics.mixed.system import second

Cube = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class CovarianceInformation:
    """For variance parameters r, with Phi the covariance of the parameters and G_r = d Sigma / d r.

    ``slopes`` is d Phi / d r (R, p, p); ``expected`` (R, R) twice the expected information of the
    likelihood that was maximised, restricted or full; ``second`` (R, R, p, p) is
    Phi (Q_rs - P_r Phi P_s) Phi with P_r and Q_rs of Kenward and Roger (1997, Biometrics 53:983, p. 985).
    ``bend`` is Phi R_rs Phi with their R_rs, of the second derivatives of Sigma; None where it is linear.
    """

    phi: Matrix
    slopes: Cube
    expected: Matrix
    second: NDArray[np.float64]
    bend: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ThetaInformation:
    """The same in (theta, sigma): ``slopes`` (R, p, p), and the observed Hessian of the deviance (R, R)."""

    phi: Matrix
    slopes: Cube
    hessian: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class _Products:
    """Moments about [X, y - X beta] in the parameters (gamma, residual), all for sigma2 = 1."""

    P: Cube
    Q: NDArray[np.float64]
    K: Matrix


def _products(fit: MixedFit) -> _Products:
    """The residual's derivative W^-1 = V - sum gamma_r G_r brings V in as one more direction."""
    point, statistics = fit.point, fit.problem.system.statistics
    found = point.moments
    more = second(found)
    p, R = len(point.beta), len(found.traces)
    rotate = np.eye(p + 1)
    rotate[:p, p] = -point.beta
    P = np.concatenate([found.P, found.M[None]])
    Q = np.empty((R + 1, R + 1, p + 1, p + 1))
    Q[:R, :R], Q[R, :R], Q[:R, R], Q[R, R] = more.Q, found.P, found.P, found.M
    K = np.empty((R + 1, R + 1))
    K[:R, :R], K[R, :R], K[:R, R], K[R, R] = more.K, found.traces, found.traces, statistics.n
    basis = np.eye(R + 1)
    basis[R, :R] = -fit.problem.system.structure.gamma(fit.theta)
    used = basis[:R] if fit.problem.scale is not None else basis
    P = np.einsum("ra,aij->rij", used, rotate.T @ P @ rotate)
    Q = np.einsum("ra,sb,abij->rsij", used, used, rotate.T @ Q @ rotate, optimize=True)
    return _Products(P, Q, used @ K @ used.T)


def covariance_information(fit: MixedFit) -> CovarianceInformation:
    """What Kenward and Roger's adjustment is made of."""
    found, phi, restore = _products(fit), fit.point.phi, fit.problem.system.statistics.restore
    p = len(phi)
    P, Q = found.P[:, :p, :p], found.Q[:, :, :p, :p]
    phiP = phi @ P
    expected = found.K
    if fit.problem.reml:
        expected = expected - 2.0 * np.einsum("ij,rsji->rs", phi, Q) + np.einsum("rij,sji->rs", phiP, phiP)
    double = phi @ Q @ phi - np.einsum("rij,sjk->rsik", phiP, phiP @ phi)
    return CovarianceInformation(
        phi=fit.covariance,
        slopes=restore @ (phiP @ phi) @ restore.T,
        expected=(expected + expected.T) / (2.0 * fit.sigma2**2),
        second=restore @ double @ restore.T / fit.sigma2,
    )


def theta_information(fit: MixedFit) -> ThetaInformation:
    """What Satterthwaite's degrees of freedom are made of: exact derivatives in (theta, sigma)."""
    problem, point = fit.problem, fit.point
    found, kept, p = point.moments, problem.system.structure, len(point.beta)
    products = _products(fit)
    R, restore, sigma = len(found.traces), problem.system.statistics.restore, math.sqrt(fit.sigma2)
    P, Q = products.P[:R], products.Q[:R, :R]
    phiP = point.phi @ P[:, :p, :p]
    slopes = P[:, :p, p]
    hessian = 2.0 * (Q[:, :, p, p] - slopes @ point.phi @ slopes.T) / fit.sigma2 - products.K[:R, :R]
    if problem.reml:
        hessian += 2.0 * np.einsum("ij,rsji->rs", point.phi, Q[:, :, :p, :p])
        hessian -= np.einsum("rij,sji->rs", phiP, phiP)
    J = kept.jacobian(fit.theta)
    hessian = J.T @ hessian @ J + kept.curvature(point.in_gamma)
    in_theta = np.einsum("rt,rij->tij", J, fit.sigma2 * restore @ (phiP @ point.phi) @ restore.T)
    if problem.scale is not None:
        return ThetaInformation(fit.covariance, in_theta, hessian)
    whole = np.empty((R + 1, R + 1))
    whole[:R, :R] = hessian
    whole[R, :R] = whole[:R, R] = _with_sigma(J, P[:, p, p], sigma)
    whole[R, R] = -2.0 * problem.df / fit.sigma2 + 6.0 * point.ss / fit.sigma2**2
    in_sigma = 2.0 / sigma * fit.covariance
    return ThetaInformation(fit.covariance, np.concatenate([in_theta, in_sigma[None]]), whole)


def _with_sigma(J: Matrix, squares: Vector, sigma: float) -> Vector:
    mixed: Vector = J.T @ (2.0 * squares / sigma**3)
    return mixed
