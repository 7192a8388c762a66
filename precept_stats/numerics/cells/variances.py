"""The variance parameters of a fit on cells with their covariance, from the expected information."""

from __future__ import annotations

import numpy as np

from precept_stats.numerics.cells.fit import CellFit, expected_information
from precept_stats.numerics.mixed.variances import Variances, spread


def variances(fit: CellFit) -> Variances:
    """The structure's parameters, then the residual variances; parameters at a boundary are held there."""
    information = expected_information(fit.point, reml=fit.problem.reml) / 2.0
    values = np.array([*fit.psi, *fit.sigma2])
    return Variances(values, spread(information, fit.point.natural.jacobian))
