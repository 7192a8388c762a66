"""Satterthwaite's degrees of freedom of a sandwich variance with a score a cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.joint import JointTest, hotelling, independent

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class SandwichDf:
    """The df of a variance that is, for a contrast c, a sum over clusters of (p_k' e_k)^2.

    Under the working model the residuals have covariance V - D M D' and the p_k' e_k the covariance
    P_kl = [k = l] p_k' V_k p_k - (D_k' p_k)' M (D_l' p_l); df = (sum_k P_kk)^2 / sum_kl P_kl^2 (Bell and
    McCaffrey 2002; Pustejovsky and Tipton 2018, J Bus Econ Stat 36:672, eq. 11). ``quadratic`` and ``cross``
    (K, p, p) give p_k' V_k p_k = c' quadratic_k c and D_k' p_k = cross_k c; ``bread`` (p, p) is M.
    """

    quadratic: Stack
    cross: Stack
    bread: Matrix

    def __call__(self, gradient: Vector) -> float:
        own = np.einsum("a,kab,b->k", gradient, self.quadratic, gradient)
        pulled = self.cross @ gradient
        shared = pulled @ self.bread @ pulled.T
        mean = float(own.sum() - np.trace(shared))
        squares = own @ (own - 2.0 * np.diag(shared)) + np.sum(shared**2)
        return mean**2 / float(squares)

    def joint(self, params: Vector, covariance: Matrix, contrasts: Matrix) -> JointTest:
        """The test of contrasts @ params = 0 by Hotelling's T-squared."""
        rows = independent(contrasts)
        own = np.einsum("qa,kab,rb->kqr", rows, self.quadratic, rows)
        pulled = self.cross @ rows.T
        parts = -np.einsum("kaq,ab,lbr->klqr", pulled, self.bread, pulled, optimize=True)
        each = np.arange(len(own))
        parts[each, each] += own
        return hotelling(params, covariance, rows, parts)
