"""Likelihood-ratio tests and profile-likelihood intervals of fixed effects of generalised mixed models.

Both refer to chi-squared, which needs many clusters. The likelihood is the one that was maximised, by
Laplace's approximation or by quadrature: ratios of two approximations are as good as these.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.errors import FitError
from precept_stats.inference.joint import JointTest, contrast_rank, independent
from precept_stats.inference.likelihood import crossing
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


def likelihood_ratio(fit: GlmmMaximum, contrasts: Matrix) -> JointTest | None:
    """Test that every row of contrasts (k, p) times beta is zero: chi-squared / k; None without a row."""
    contrasts = np.atleast_2d(np.asarray(contrasts, dtype=np.float64))
    rank = contrast_rank(contrasts)
    if rank == 0:
        return None
    statistic = fit.fall(independent(contrasts), np.zeros(rank))
    return JointTest(statistic / rank, rank, None, float(special.chdtrc(rank, statistic)))


@dataclass(frozen=True, slots=True, eq=False)
class GlmmProfile:
    """The profile of the likelihood in the fixed effects, the first of a fit's parameters."""

    fit: GlmmMaximum

    def ratio(self, weights: Vector, value: float) -> float:
        """Twice the fall in log likelihood when weights @ params is held at ``value``."""
        return self.fit.fall(self._leading(weights)[None], np.array([value]))

    def limits(self, weights: Vector, level: float) -> tuple[float, float]:
        """Where the fall reaches the chi-squared quantile, on either side.

        Raises FitError where the likelihood stays above it as far as 64 standard errors.
        """
        leading = self._leading(weights)
        estimate = float(leading @ self.fit.params)
        error = math.sqrt(float(leading @ self.fit.covariance @ leading))
        limit = float(special.ndtri(0.5 + level / 2))

        def excess(value: float) -> float:
            return math.sqrt(self.ratio(leading, value)) - limit

        lower, upper = (crossing(excess, (estimate, side * error), limit) for side in (-1.0, 1.0))
        return lower, upper

    def _leading(self, weights: Vector) -> Vector:
        """The weights of the fixed effects; FitError where variances have weight."""
        count = len(self.fit.params)
        if np.any(weights[count:]):
            raise FitError(
                "the likelihood has no profile in variances here",
                found="weights on variances",
                allowed="none",
            )
        return weights[:count]
