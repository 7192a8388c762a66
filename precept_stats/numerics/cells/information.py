"""How the covariance of the fixed effects depends on the variance parameters, and how well these are known.

The variance parameters are those of the structure and the residual variances, as reported.
"""

from __future__ import annotations

import numpy as np

from precept_stats.numerics.cells.fit import CellFit, expected_information
from precept_stats.numerics.mixed.information import CovarianceInformation, ThetaInformation


def covariance_information(fit: CellFit) -> CovarianceInformation:
    """What Kenward and Roger's adjustment is made of, second derivatives of the covariance included.

    A parameter that moves no covariance (a decay without a variance) has no part in it.
    """
    point, statistics = fit.point, fit.problem.system.statistics
    phi, p, restore = point.solved.phi, statistics.p, statistics.restore
    expected = expected_information(point, reml=fit.problem.reml)
    known = np.diag(expected) > 0.0
    both = np.ix_(known, known)
    P, Q = point.moments.P[known, :p, :p], point.moments.Q[both][:, :, :p, :p]
    phiP = phi @ P
    double = phi @ Q @ phi - np.einsum("rij,sjk->rsik", phiP, phiP @ phi)
    bent = point.moments.bent
    return CovarianceInformation(
        phi=fit.covariance,
        slopes=restore @ (phiP @ phi) @ restore.T,
        expected=expected[both],
        second=restore @ double @ restore.T,
        bend=None if bent is None else restore @ phi @ bent[both][:, :, :p, :p] @ phi @ restore.T,
    )


def theta_information(fit: CellFit) -> ThetaInformation:
    """What Satterthwaite's degrees of freedom are made of: exact derivatives in theta."""
    point, statistics = fit.point, fit.problem.system.statistics
    phi, p, restore = point.solved.phi, statistics.p, statistics.restore
    slopes = restore @ (phi @ point.moments.P[:, :p, :p] @ phi) @ restore.T
    in_theta = np.einsum("rt,rij->tij", point.natural.jacobian, slopes)
    return ThetaInformation(fit.covariance, in_theta, point.hessian)
