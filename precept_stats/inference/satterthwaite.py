"""Satterthwaite's degrees of freedom of a mixed model: the delta method on all variance parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.joint import JointTest, contrast_rank, f_test
from precept_stats.numerics.cells.either import AnyMixedFit, theta_information
from precept_stats.numerics.mixed.information import ThetaInformation

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

FLAT = 1e-8
"""A direction whose curvature is below this (relative to the largest) carries no information."""


@dataclass(frozen=True, slots=True, eq=False)
class MixedSatterthwaiteDf:
    """df = 2 v^2 / (g' A g), v the contrast's variance, g its gradient in (theta, sigma), A their covariance.

    ``phi`` (p, p) is the covariance of the parameters, ``slopes`` (R, p, p) its derivatives, ``spread``
    (R, R) twice the inverse of the deviance's observed Hessian. A variance estimated as zero has a
    derivative of zero in theta and adds nothing, as in lmerTest. Sources: Fai and Cornelius (1996,
    J Stat Comput Simul 54:363); Kuznetsova et al. (2017, J Stat Softw 82(13)).
    """

    phi: Matrix
    slopes: NDArray[np.float64]
    spread: Matrix

    def __call__(self, gradient: Vector) -> float:
        variance = float(gradient @ self.phi @ gradient)
        slope = np.einsum("i,rij,j->r", gradient, self.slopes, gradient)
        return 2.0 * variance**2 / float(slope @ self.spread @ slope)

    def joint(self, params: Vector, covariance: Matrix, contrasts: Matrix) -> JointTest:
        """The F test of contrasts @ params = 0, its df found from those of independent contrasts."""
        values, vectors = np.linalg.eigh(contrasts @ covariance @ contrasts.T)
        rank = contrast_rank(contrasts)
        rotated = vectors.T[::-1][:rank] @ contrasts
        statistic = float(np.sum((rotated @ params) ** 2 / values[::-1][:rank])) / rank
        return f_test(statistic, rank, _combined(np.array([self(row) for row in rotated])))


def _combined(dfs: Vector) -> float:
    """The df of the mean of squares of independent t statistics (Fai and Cornelius 1996)."""
    if np.ptp(dfs) < 1e-8:
        return float(dfs.mean())
    if np.any(dfs <= 2.0):
        return 2.0
    expected = float(np.sum(dfs / (dfs - 2.0)))
    return 2.0 * expected / (expected - len(dfs))


def satterthwaite(fit: AnyMixedFit) -> MixedSatterthwaiteDf:
    """The rule for a fit by REML or ML; FitError when the variances have no information at all."""
    return satterthwaite_rule(theta_information(fit))


def satterthwaite_rule(found: ThetaInformation) -> MixedSatterthwaiteDf:
    """The rule from what is known of the variance parameters of any linear model with a covariance."""
    values, vectors = np.linalg.eigh(found.hessian)
    known = values > FLAT * max(float(values[-1]), 0.0)
    if not known.any():
        raise FitError(
            "Satterthwaite's degrees of freedom are not defined: the likelihood is flat in the variances",
            found=f"largest curvature {values[-1]:g}",
            allowed="more clusters, or a simpler random part",
        )
    spread = 2.0 * (vectors[:, known] / values[known]) @ vectors[:, known].T
    return MixedSatterthwaiteDf(found.phi, found.slopes, spread)
