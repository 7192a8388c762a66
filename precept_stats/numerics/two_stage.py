"""Two-stage least squares with one instrument that a cluster has as a whole, and its cluster-robust spread.

The coefficient is that of linearmodels. Its variance is made from the two regressions on the instrument, of
the outcome and of what was received: with one instrument for one regressor these have the residuals, the
projected regressors and so the sandwich of two-stage least squares, whatever the correction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from precept_stats.errors import FitError
from precept_stats.numerics.gee.variance import Leverage

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Instrumented:
    """N rows of K clusters, numbered from 0: ``exogenous`` (N, q) of full rank, with a constant.

    ``instrument`` is what a cluster was allocated, ``received`` what came of it, both (N,); ``weights`` are
    above 0, and inverse to the variance of a row under the working model of CR2.
    """

    exogenous: Matrix
    instrument: Vector
    received: Vector
    outcome: Vector
    weights: Vector
    cluster: Ints

    @property
    def n_clusters(self) -> int:
        return int(self.cluster.max()) + 1

    @property
    def regressors(self) -> Matrix:
        """The exogenous columns, then the instrument (N, p)."""
        return np.column_stack([self.exogenous, self.instrument])


def two_stage_effect(rows: Instrumented) -> float:
    """The coefficient of what was received, by IV2SLS of linearmodels.

    FitError where it finds the instrument without a first stage.
    """
    from linearmodels.iv import IV2SLS  # lazy: slow to load, and used by one method alone

    try:
        found = IV2SLS(
            rows.outcome, rows.exogenous, rows.received, rows.instrument, weights=rows.weights
        ).fit(cov_type="unadjusted")
    except (ValueError, np.linalg.LinAlgError) as problem:
        raise FitError(
            "instrument with no first stage: two-stage least squares cannot be solved",
            found=str(problem),
            allowed="a treatment that is received more, or less, in one arm",
        ) from problem
    return float(np.asarray(found.params)[-1])


@dataclass(frozen=True, slots=True, eq=False)
class Influences:
    """What each cluster adds to the error of the instrument's two coefficients, ``scores`` (K, 2).

    The first column is of the outcome, the second of what was received; a variance is a sum of squares.
    ``quadratic``, ``cross`` (K, p, p) and ``bread`` (p, p) are the pieces of Satterthwaite's df, the same for
    both, the instrument being the last of p parameters.
    """

    scores: Matrix
    quadratic: Stack
    cross: Stack
    bread: Matrix

    def times(self, factor: float) -> Influences:
        """The same with every variance multiplied by ``factor``."""
        return Influences(self.scores * np.sqrt(factor), self.quadratic, self.cross, self.bread)

    def covariance(self) -> Matrix:
        """Of the coefficients for the outcome and for what was received (2, 2)."""
        covariance: Matrix = self.scores.T @ self.scores
        return covariance


@dataclass(frozen=True, slots=True, eq=False)
class ReducedForm:
    """Outcome and received on the instrument, side by side: ``coefficients`` (2,) of the instrument.

    ``bread`` is (Z'WZ)^-1, ``information`` (K, p, p) each cluster's part of Z'WZ and ``score`` (K, p, 2) its
    Z'We for both residuals. ``unexplained`` (2,) is the largest residual of each.
    """

    coefficients: Vector
    bread: Matrix
    information: Stack
    score: Stack
    unexplained: Vector
    n_rows: int

    def uncorrected(self) -> Influences:
        """CR0 (Liang and Zeger 1986): too small with few clusters."""
        halves = np.einsum("p,kpj->kj", self.bread[-1], self.score)
        cross = self.information @ self.bread
        return Influences(halves, self.bread @ cross, cross, self.bread)

    def stata(self) -> Influences:
        """CR0 times K / (K - 1) * (N - 1) / (N - p), as Stata and linearmodels (debiased) have it."""
        (K, p, _), N = self.score.shape, self.n_rows
        return self.uncorrected().times(K / (K - 1.0) * (N - 1.0) / (N - p))

    def bias_reduced(self) -> Influences:
        """CR2 with rows independent and of variance 1 / weight: residuals times (I - H_k)^-1/2.

        H_k is the leverage of a cluster in the regression on the instrument, which is its leverage in that on
        the projected regressors (Pustejovsky and Tipton 2018, J Bus Econ Stat 36:672;
        clubSandwich does the same for ivreg). A cluster that fixes a parameter takes no part in it.
        """
        leverage = _leverage(self.bread, self.information)
        halves = np.einsum("p,kpj->kj", self.bread[-1], leverage.lifted(-0.5, self.score))
        cross = leverage.lifted(-0.5, self.information @ self.bread)
        eye = np.broadcast_to(np.eye(len(self.bread)), self.information.shape)
        pulled = np.swapaxes(leverage.lifted(-0.5, eye), 1, 2) @ self.bread
        quadratic = np.swapaxes(pulled, 1, 2) @ self.information @ pulled
        return Influences(halves, quadratic, cross, self.bread)


def reduced_form(rows: Instrumented) -> ReducedForm:
    """Weighted least squares of outcome and received on the exogenous columns and the instrument."""
    root = np.sqrt(rows.weights)[:, None]
    Z = root * rows.regressors
    both = np.column_stack([rows.outcome, rows.received])
    Q, R = linalg.qr(Z, mode="economic")
    params = linalg.solve_triangular(R, Q.T @ (root * both))
    inverse = linalg.solve_triangular(R, np.eye(Z.shape[1]))
    residuals = root * both - Z @ params
    order = np.argsort(rows.cluster, kind="stable")
    ends = np.flatnonzero(np.diff(rows.cluster[order])) + 1
    parts = list(zip(np.split(Z[order], ends), np.split(residuals[order], ends), strict=True))
    return ReducedForm(
        coefficients=params[-1],
        bread=inverse @ inverse.T,
        information=np.stack([z.T @ z for z, _ in parts]),
        score=np.stack([z.T @ e for z, e in parts]),
        unexplained=np.max(np.abs(residuals / root), axis=0),
        n_rows=len(Z),
    )


def _leverage(bread: Matrix, information: Stack) -> Leverage:
    root = np.linalg.cholesky(bread)
    values, vectors = np.linalg.eigh(root.T @ information @ root)
    return Leverage(np.clip(values, 0.0, 1.0), vectors, root, np.linalg.inv(root))


def anderson_rubin_limits(coefficients: Vector, covariance: Matrix, critical: float) -> tuple[float, float]:
    """Ends of the values b of the effect for which |c1 - b c2| <= critical * its standard error at b.

    Fieller's quadratic in b. Where the instrument's own t (c2 over its standard error) is not beyond
    ``critical``, every value far enough from 0 is among them, and both ends are infinite.
    """
    (above, below), square = coefficients, critical**2
    leading = below**2 - square * covariance[1, 1]
    if leading <= 0.0:
        return -np.inf, np.inf
    middle = (above * below - square * covariance[0, 1]) / leading
    constant = (above**2 - square * covariance[0, 0]) / leading
    half = float(np.sqrt(max(middle**2 - constant, 0.0)))
    return float(middle) - half, float(middle) + half
