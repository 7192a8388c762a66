"""The wild cluster bootstrap of a t statistic, with the null imposed, from sums by cluster.

Under the null that the coefficient is r, residuals of the restricted fit keep their place and change by a
random factor v a cluster. With H the information of a cluster (X'WX), s its score at the restricted fit
(X'W u), M the inverse of the sum of H and m its column of the coefficient, the refitted coefficient of such
a sample lies v'a from r, a = m's by cluster, and the scores of its residuals in the direction of the
coefficient are K v (Roodman et al. 2019, Stata J 19:4, in other letters):

    K = diag(l's) - (H l)(M s)',    variance = |K v|^2,    l = m times the root of CR1's factor, or for CR3
    (I - M H)^-1 m.

With v = (1, ..., 1) this is the fit itself. Nothing has a row of the data, and nothing is refitted.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.inversion import first_fall
from precept_stats.numerics.reference import Reference
from precept_stats.numerics.signs import AnyVectors, EveryVector
from precept_stats.numerics.ties import TIE

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]

ROUNDING = 1e-12
"""Variances below this share of the largest, or of their terms, are rounding."""
FULL_LEVERAGE = 1e-8
"""An eigenvalue of I - H below this: the cluster fixes a parameter by itself."""


@dataclass(frozen=True, slots=True, eq=False)
class ClusterScores:
    """Information (G, p, p), score (G, p) by cluster, ``bread`` (p, p), and which parameter is tested."""

    information: Stack
    score: Matrix
    bread: Matrix
    tested: int

    @property
    def column(self) -> Vector:
        """The column m of ``bread`` (p,)."""
        return self.bread[:, self.tested]


Lift = Callable[[ClusterScores], Matrix]
"""What a score is multiplied by for the variance, l by cluster (G, p)."""


def cr1(outcomes: float | None = None) -> Lift:
    """G / (G - 1), and with ``outcomes`` N also (N - 1) / (N - p), times the plain sandwich.

    No p-value and no limit depends on the factor.
    """

    def lift(scores: ClusterScores) -> Matrix:
        G, p = scores.score.shape
        factor = G / (G - 1.0) * (1.0 if outcomes is None else (outcomes - 1.0) / (outcomes - p))
        lifted: Matrix = np.sqrt(factor) * np.tile(scores.column, (G, 1))
        return lifted

    return lift


def cr3(scores: ClusterScores) -> Matrix:
    """Residuals times (I - H)^-1, the one-step jackknife (MacKinnon, Nielsen and Webb 2023: WCR-V)."""
    inside = np.eye(len(scores.bread)) - scores.information @ scores.bread
    turned = np.swapaxes(inside, 1, 2)
    return np.linalg.solve(turned, np.broadcast_to(scores.column, scores.score.shape)[:, :, None])[:, :, 0]


def full_leverage(scores: ClusterScores) -> NDArray[np.intp]:
    """Clusters that fix a parameter by themselves, for which CR3 is not defined."""
    root = np.linalg.cholesky(scores.bread)
    largest = np.linalg.eigvalsh(root.T @ scores.information @ root)[:, -1]
    return np.flatnonzero(1.0 - largest < FULL_LEVERAGE)


def effective_clusters(scores: ClusterScores, intercept: int) -> float:
    """How many clusters of one size would tell as much of the coefficient: G / (1 + CV^2 of their influence).

    Outcomes of a cluster are taken as all alike, so that its influence is the squared sum of its rows of
    M X' (Carter, Schnepel and Steigerwald 2017, Rev Econ Stat 99:698); ``intercept`` is the column of ones.
    """
    influence: Vector = (scores.information[:, :, intercept] @ scores.column) ** 2
    return float(influence.sum() ** 2 / np.sum(influence**2))


def forms(scores: ClusterScores, lifted: Matrix) -> tuple[Vector, Matrix]:
    """The vector a (G,) and the matrix K (G, G)."""
    pulled = np.einsum("gab,gb->ga", scores.information, lifted)
    spread = np.diag(np.einsum("ga,ga->g", lifted, scores.score))
    return scores.score @ scores.column, spread - pulled @ scores.bread @ scores.score.T


@dataclass(frozen=True, slots=True, eq=False)
class WildTest:
    """The test of any value of a coefficient of a linear model.

    At the value ``estimate - x`` the numerators of all vectors are ``top @ (1, x)`` and their variances
    ``variances @ (1, 2 x, x^2)``: ``top`` (M, 2), ``variances`` (M, 3).
    """

    estimate: float
    std_error: float
    top: Matrix
    variances: Matrix
    vectors: AnyVectors

    def statistic(self, shift: float) -> float:
        return (self.estimate - shift) / self.std_error

    def p_value(self, shift: float) -> float:
        """The share of vectors with |t| at least as large, ties included, that of the data being one."""
        far = as_far(*self._at(shift), self.statistic(shift) ** 2)
        return self.vectors.share(far)

    def smallest_p(self) -> float:
        """The least p that any data could have given: vectors of one value give the statistic observed."""
        return self.vectors.tied

    def reference(self) -> Reference:
        """The t of every vector at no effect; those without a variance are left out."""
        return reference_of(*self._at(0.0), self.statistic(0.0), self.vectors)

    def limits(self, alpha: float) -> tuple[float, float]:
        """Where p first falls to ``alpha``, going out from the estimate; infinite where it never does."""
        if self.vectors.tied > alpha:
            return -math.inf, math.inf
        lower, upper = (
            first_fall(self.p_value, self.estimate, unit, alpha) for unit in (-self.std_error, self.std_error)
        )
        return lower, upper

    def _at(self, shift: float) -> tuple[Vector, Vector]:
        x = self.estimate - shift
        variances = self.variances @ np.array([1.0, 2.0 * x, x**2])
        rounding = ROUNDING * (self.variances @ np.array([1.0, 0.0, x**2]))
        return self.top @ np.array([1.0, x]), np.where(variances > rounding, variances, 0.0)


def as_far(top: Vector, variances: Vector, square: float) -> NDArray[np.bool_]:
    """Which vectors have a squared t of at least ``square``, up to a tie; 0 / 0 counts."""
    return top**2 >= square * variances * (1.0 - 2.0 * TIE)


def reference_of(top: Vector, variances: Vector, observed: float, vectors: AnyVectors) -> Reference:
    """The distribution of t, that of negatives too where only one of each two vectors is there."""
    sure = variances > ROUNDING * float(variances.max())
    t = top[sure] / np.sqrt(variances[sure])
    return Reference(np.concatenate([t, -t]) if isinstance(vectors, EveryVector) else t, observed, "t")


def wild_test(estimate: float, fitted: ClusterScores, lift: Lift, vectors: AnyVectors) -> WildTest:
    """From the sums of an unrestricted least-squares fit with this ``estimate`` of the coefficient.

    The restricted fit at ``estimate - x`` has scores s + x H m / m[tested].
    """
    lifted = lift(fitted)
    per_unit = fitted.information @ fitted.column / fitted.column[fitted.tested]
    moved = ClusterScores(fitted.information, per_unit, fitted.bread, fitted.tested)
    (a0, K0), (a1, K1) = forms(fitted, lifted), forms(moved, lifted)
    variances = np.column_stack(
        [
            vectors.quadratic(K0.T @ K0),
            vectors.quadratic(0.5 * (K0.T @ K1 + K1.T @ K0)),
            vectors.quadratic(K1.T @ K1),
        ]
    )
    variances[variances[:, 2] <= ROUNDING * float(variances[:, 2].max()), 1:] = 0.0
    std_error = float(np.linalg.norm(K0.sum(axis=1)))
    top = np.column_stack([vectors.linear(a0), vectors.linear(a1)])
    return WildTest(estimate, std_error, top, variances, vectors)
