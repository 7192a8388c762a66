"""The likelihood of a generalised mixed model with fixed effects held, for its ratios and profiles.

It is the one that was maximised, by Laplace's approximation or by quadrature: ratios of two
approximations are as good as these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.numerics.glmm.constrained import Constraints
from precept_stats.numerics.glmm.effects import StructuredRows
from precept_stats.numerics.glmm.families import Family
from precept_stats.numerics.glmm.joint_fit import fit_joint

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class GlmmMaximum:
    """A fit by maximum likelihood, to be held elsewhere.

    ``psi`` are beta (p,), the entries of L, and the log shape of negative binomial counts; ``covariance``
    (p, p) is that of beta. ``nodes`` of quadrature are those of the fit, 1 for Laplace's approximation.
    """

    rows: StructuredRows
    family: Family
    nodes: int
    psi: Vector
    covariance: Matrix
    log_likelihood: float

    @property
    def params(self) -> Vector:
        return self.psi[: self.rows.X.shape[1]]

    def fall(self, contrasts: Matrix, values: Vector) -> float:
        """Twice the fall in log likelihood when contrasts (k, p) @ beta are held at values (k,).

        All else, variances too, is at its best there. Raises FitError where that is not found.
        """
        constraints = Constraints.on(contrasts)
        near = np.concatenate([self.psi[constraints.kept], self.psi[len(self.params) :]])
        found = fit_joint(constraints.held(self.rows, values), self.family, self.nodes, near)
        if found.status == "failed":
            raise FitError(
                "the likelihood could not be maximised with an effect held",
                found=f"{found.reason}, with {', '.join(f'{value:g}' for value in values)} held",
                allowed="more clusters or events, or fewer terms; a rule other than likelihood_ratio",
            )
        return max(0.0, 2.0 * (self.log_likelihood - found.log_likelihood))
