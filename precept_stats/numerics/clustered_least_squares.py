"""Cluster-robust variances of weighted least squares, from the rows of each cluster.

The working model of CR2 is that of equal, independent errors, as clubSandwich takes it for a weighted
``lm``; the weights of the fit then are no inverse variances, and the residuals' covariance is that of
(I - H) with H = X M X'W.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.linear import LinearFit
from precept_stats.numerics.wild_bootstrap import ClusterScores

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]
Ints = NDArray[np.intp]

NO_RESIDUAL = 1e-10
"""An eigenvalue of the residuals' covariance below this: a direction that the fit absorbs whole."""


def cluster_scores(fit: LinearFit, cluster: Ints, tested: int) -> ClusterScores:
    """Information and score by cluster (G, p, p) and (G, p); ``cluster`` (n,) numbers clusters from 0."""
    count = int(cluster.max()) + 1
    score = np.zeros((count, fit.X.shape[1]))
    np.add.at(score, cluster, fit.X * (fit.weights * fit.residuals)[:, None])
    information = np.stack([_information(fit, cluster == g) for g in range(count)])
    return ClusterScores(information, score, fit.bread, tested)


def _information(fit: LinearFit, mine: NDArray[np.bool_]) -> Matrix:
    found: Matrix = (fit.X[mine] * fit.weights[mine, None]).T @ fit.X[mine]
    return found


def cr1_covariance(fit: LinearFit, cluster: Ints) -> Matrix:
    """The plain sandwich times G / (G - 1) (n - 1) / (n - p), as Stata's regress has it."""
    n, p = fit.X.shape
    scores = cluster_scores(fit, cluster, 0).score
    count = len(scores)
    half = scores @ fit.bread
    covariance: Matrix = count / (count - 1.0) * (n - 1.0) / (n - p) * half.T @ half
    return covariance


@dataclass(frozen=True, slots=True, eq=False)
class ClusteredCr2:
    """CR2 (p, p) with what Satterthwaite's df are made of, by cluster (G, p, p).

    For a contrast c the estimated variance is the sum over clusters of (u_g' e_g)^2 with u_g = U_g c. ``own``
    is U'U, ``crossed`` X'U and ``weighted`` X'W U; ``bread`` is M and ``spread`` M X'W^2 X M.
    """

    covariance: Matrix
    own: Stack
    crossed: Stack
    weighted: Stack
    bread: Matrix
    spread: Matrix

    def df(self, contrast: Vector) -> float:
        """(sum of P_gg)^2 / sum of P_gh^2, P the covariance of the u_g' e_g under the working model.

        Bell and McCaffrey (2002); Pustejovsky and Tipton (2018, J Bus Econ Stat 36:672), eq. 11.
        """
        a, b = self.crossed @ contrast, self.weighted @ contrast
        mixed = a @ self.bread @ b.T
        P = a @ self.spread @ a.T - mixed - mixed.T
        own = np.einsum("i,gij,j->g", contrast, self.own, contrast)
        P[np.diag_indices(len(P))] += own
        return float(np.trace(P) ** 2 / np.sum(P**2))


def cr2_covariance(fit: LinearFit, cluster: Ints) -> ClusteredCr2:
    """Bell and McCaffrey's variance for clusters, residuals times the inverse root of their covariance.

    A direction that the fit absorbs whole (a cluster that fixes a parameter) gets the multiplier 0, the
    generalised inverse of Pustejovsky and Tipton.
    """
    M = fit.bread
    weighted = fit.X * fit.weights[:, None]
    spread = M @ (weighted.T @ weighted) @ M
    U, scores = [], []
    for g in range(int(cluster.max()) + 1):
        X, W = fit.X[cluster == g], weighted[cluster == g]
        mixed = X @ M @ W.T
        B = np.eye(len(X)) - mixed - mixed.T + X @ spread @ X.T
        values, vectors = np.linalg.eigh(B)
        usable = values > NO_RESIDUAL
        root = np.where(usable, 1.0 / np.sqrt(np.where(usable, values, 1.0)), 0.0)
        turned = (vectors * root) @ (vectors.T @ (W @ M))
        U.append((turned.T @ turned, X.T @ turned, W.T @ turned))
        scores.append(fit.residuals[cluster == g] @ turned)
    own, crossed, pulled = (np.stack(one) for one in zip(*U, strict=True))
    half = np.stack(scores)
    return ClusteredCr2(half.T @ half, own, crossed, pulled, M, spread)
