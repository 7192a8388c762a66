"""The variance parameters of a fit with their covariance, from the expected information."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from precept_stats.numerics.mixed.fit import MixedFit
from precept_stats.numerics.mixed.information import CovarianceInformation
from precept_stats.numerics.mixed.model import Matrix, Vector

SINGULAR = 1e-12
"""Directions with information (scaled to correlations) below this share of the largest are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Variances:
    """``values`` (R,): the random effects' variances and covariances in order, the residual variance last.

    ``covariance`` (R, R) is the inverse expected information of the criterion, restricted or full. On a
    boundary (a variance at 0, a singular matrix) it is that given the boundary: the parameters that are
    held there have no part in it.
    """

    values: Vector
    covariance: Matrix


def variances(fit: MixedFit, information: CovarianceInformation) -> Variances:
    """The variances of a fit whose residual variance was estimated, from its ``covariance_information``."""
    values = np.array([component.value for component in fit.components] + [fit.sigma2])
    return Variances(values, spread(information.expected / 2.0, _tangent(fit)))


def spread(information: Matrix, tangent: Matrix) -> Matrix:
    """The covariance of parameters (R, R) that can move in the directions of the tangent's columns alone."""
    found = tangent @ _inverse(tangent.T @ information @ tangent) @ tangent.T
    symmetric: Matrix = (found + found.T) / 2.0
    return symmetric


def _tangent(fit: MixedFit) -> Matrix:
    """How the variances move with theta and the residual one; not at all with a theta at its boundary."""
    jacobian = fit.problem.system.structure.jacobian(fit.theta)
    size = len(jacobian)
    tangent = np.zeros((size + 1, size + 1))
    tangent[:size, :size], tangent[size, size] = jacobian, 1.0
    return tangent


def _inverse(information: Matrix) -> Matrix:
    """The inverse on the range, whatever the units of the parameters."""
    size = np.sqrt(np.diag(information))
    size = np.where(size > 0.0, size, 1.0)
    values, vectors = np.linalg.eigh(information / np.outer(size, size))
    kept = values > SINGULAR * values[-1]
    inverse: Matrix = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T / np.outer(size, size)
    return inverse
