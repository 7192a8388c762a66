"""Means of a marginal regression, standardised over a population: everyone in one arm.

The parameters are regression coefficients, and others after them that no mean depends on; with random
effects see ``marginal``.
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
        """The mean at ``params``, the first p of which are coefficients."""
        return float(self.weights @ self.link.mean(self.X @ params[: self.X.shape[1]]))

    def of_many(self, draws: Matrix) -> Vector:
        """The mean at each of R parameters (R, P)."""
        found: Vector = self.link.mean(draws[:, : self.X.shape[1]] @ self.X.T) @ self.weights
        return found

    def slope(self, params: Vector) -> Vector:
        """Its gradient, one entry a parameter."""
        p = self.X.shape[1]
        slope = np.zeros(len(params))
        slope[:p] = (self.weights * self.link.mean_slope(self.X @ params[:p])) @ self.X
        return slope
