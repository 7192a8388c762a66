"""Means of a marginal regression, standardised over a population: everyone in one arm.

The parameters are regression coefficients alone; with random effects see ``marginal``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.marginal import InverseLink

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PopulationMean:
    """The mean outcome if everyone in a population were in one arm.

    X (m, p) are the distinct covariate patterns with the arm set, ``weights`` (m,) their shares, which
    add up to 1. The population is taken as given: it has no part in the standard error.
    """

    X: Matrix
    weights: Vector
    link: InverseLink

    def of(self, params: Vector) -> float:
        """The mean at ``params`` (p,)."""
        return float(self.weights @ self.link.mean(self.X @ params))

    def slope(self, params: Vector) -> Vector:
        """Its gradient (p,)."""
        slope: Vector = (self.weights * self.link.mean_slope(self.X @ params)) @ self.X
        return slope
