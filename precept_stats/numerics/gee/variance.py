"""Sandwich variances of estimating equations, and their corrections for few clusters.

All have the form M (sum over clusters of u u') M, M the inverse information and u a cluster's score after
a correction for how far its own residuals were pulled to 0. With C the information of a cluster, functions
of its leverage matrix H = D M D' V^-1 act on scores as functions of C M (p, p), so that nothing here has a
row an outcome, except CR2 (``square_root``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.gee.fit import FULL_LEVERAGE, GeeFit, Reason
from precept_stats.numerics.gee.refits import leave_one_out
from precept_stats.numerics.gee.square_root import symmetric_adjustments
from precept_stats.numerics.jackknife import about_the_estimate

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]

FAY_GRAUBARD_BOUND = 0.75
"""The largest leverage that Fay and Graubard's correction believes."""


@dataclass(frozen=True, slots=True, eq=False)
class Corrected:
    """A covariance (p, p) and, where the correction is linear in the residuals, what its df is made of.

    The estimated variance of a contrast c is a sum over clusters of squares of p_k' e_k. Under the working
    model p_k' V_k p_k is c' quadratic_k c, and D_k' p_k is cross_k c: ``pieces`` gives both (K, p, p).
    ``failed`` are the numbers of clusters without which there is no fit, and why; the covariance is then
    of no use.
    """

    covariance: Matrix
    pieces: Callable[[], tuple[Stack, Stack]] | None
    failed: tuple[tuple[int, Reason], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Leverage:
    """Eigenvalues (K, p) and vectors (K, p, p) of L' C_k L, M = L L'; eigenvalues of H_k besides zeros."""

    values: Matrix
    vectors: Stack
    root: Matrix
    inverse_root: Matrix

    @property
    def largest(self) -> Vector:
        """The largest eigenvalue of each cluster's H (K,)."""
        return self.values[:, -1]

    def lifted(self, power: float, right: Stack) -> Stack:
        """(I - C_k M)^power @ right_k (K, p, m), generalised: 0 along what a cluster fixes by itself."""
        slack = 1.0 - self.values
        usable = slack > FULL_LEVERAGE
        factor = np.where(usable, np.where(usable, slack, 1.0) ** power, 0.0)
        inside = np.swapaxes(self.vectors, 1, 2) @ (self.root.T @ right)
        out: Stack = self.inverse_root.T @ (self.vectors @ (factor[:, :, None] * inside))
        return out


def leverage_of(fit: GeeFit) -> Leverage:
    """How much of each cluster's residuals the fit absorbs."""
    return leverage_among(fit.clusters.information, fit.bread)


def leverage_among(information: Stack, bread: Matrix) -> Leverage:
    """Leverages of clusters from the information (K, p, p) of each and the inverse (p, p) of their sum."""
    root = np.linalg.cholesky(bread)
    values, vectors = np.linalg.eigh(root.T @ information @ root)
    return Leverage(np.clip(values, 0.0, 1.0), vectors, root, np.linalg.inv(root))


def liang_zeger(fit: GeeFit) -> Corrected:
    """No correction: too small with few clusters (Liang and Zeger 1986, Biometrika 73:13)."""

    def pieces() -> tuple[Stack, Stack]:
        cross = fit.clusters.information @ fit.bread
        return fit.bread @ cross, cross

    half = fit.clusters.score @ fit.bread
    return Corrected(half.T @ half, pieces)


def kauermann_carroll(fit: GeeFit, leverage: Leverage) -> Corrected:
    """Residuals times the principal root (I - H)^-1/2 (Kauermann and Carroll 2001, JASA 96:1387)."""
    return _powered(fit, leverage, -0.5)


def mancl_derouen(fit: GeeFit, leverage: Leverage) -> Corrected:
    """Residuals times (I - H)^-1 (Mancl and DeRouen 2001, Biometrics 57:126); also called CR3."""
    return _powered(fit, leverage, -1.0)


def fay_graubard(fit: GeeFit, coding: Matrix | None = None) -> Corrected:
    """Score j times (1 - min(0.75, (C M)_jj))^-1/2 (Fay and Graubard 2001, Biometrics 57:1198).

    The answer depends on how the columns are coded: ``coding`` T (p, p) makes the correction for the
    parameters T @ params, that is for the columns X @ inverse(T).
    """
    turn = np.eye(len(fit.bread)) if coding is None else coding
    back = np.linalg.inv(turn)
    hat = back.T @ fit.clusters.information @ fit.bread @ turn.T
    leverage = np.diagonal(hat, axis1=1, axis2=2)
    scaling = (1.0 - np.minimum(leverage, FAY_GRAUBARD_BOUND)) ** -0.5

    def pieces() -> tuple[Stack, Stack]:
        pulled = back @ (scaling[:, :, None] * (turn @ fit.bread))
        cross = fit.clusters.information @ pulled
        return np.swapaxes(pulled, 1, 2) @ cross, cross

    half = (scaling * (fit.clusters.score @ back)) @ turn @ fit.bread
    return Corrected(half.T @ half, pieces)


def morel_bokossa_neerchal(fit: GeeFit) -> Corrected:
    """The sandwich, inflated, plus a share of the model-based variance (Morel et al. 2003, Biom J 45:395).

    With n outcomes in K clusters and p parameters: c S + min(1/2, p / (K - p)) max(1, trace(c B M) / p) M,
    c = (n - 1) / (n - p) * K / (K - 1), B the sum of squared scores and M the model-based variance, both with
    the scale; S = M B M.
    """
    K, p = fit.clusters.score.shape
    n = fit.n_outcomes
    inflation = (n - 1.0) / (n - p) * K / (K - 1.0)
    model = fit.scale * fit.bread
    squares = fit.clusters.score.T @ fit.clusters.score / fit.scale**2
    share = min(0.5, p / max(K - p, p))
    excess = max(1.0, inflation * float(np.trace(squares @ model)) / p)
    return Corrected(inflation * model @ squares @ model + share * excess * model, None)


def cr2(fit: GeeFit) -> Corrected:
    """Residuals times the symmetric A for which A (V - D M D') A = V: unbiased if the working model holds.

    Bell and McCaffrey (2002, Surv Methodol 28:169); Pustejovsky and Tipton (2018, J Bus Econ Stat 36:672),
    with the working covariance as target. A cluster that fixes a parameter takes no part in that direction.
    """
    found = symmetric_adjustments(fit)

    def pieces() -> tuple[Stack, Stack]:
        quadratic, cross = found.pieces()
        return fit.bread @ quadratic @ fit.bread, cross @ fit.bread

    half = found.scores @ fit.bread
    return Corrected(half.T @ half, pieces)


def jackknife(fit: GeeFit) -> Corrected:
    """(K - 1) / K times the squares of what leaving out each cluster in turn changes, all estimated anew.

    MacKinnon, Nielsen and Webb (2023), J Appl Econom 38:671 (their CV3). For a linear model with a given
    correlation it is (K - 1) / K times ``mancl_derouen``.
    """
    found = leave_one_out(fit)
    failed = tuple((k, reason) for k, reason in enumerate(found.reasons) if reason)
    return Corrected(about_the_estimate(found.params, fit.params), None, failed)


def _powered(fit: GeeFit, leverage: Leverage, power: float) -> Corrected:
    """The variance with scores (I - C_k M)^power u_k."""

    def pieces() -> tuple[Stack, Stack]:
        cross = leverage.lifted(power, fit.clusters.information @ fit.bread)
        pulled = np.swapaxes(
            leverage.lifted(power, np.broadcast_to(np.eye(len(fit.bread)), cross.shape)), 1, 2
        )
        pulled = pulled @ fit.bread
        return np.swapaxes(pulled, 1, 2) @ fit.clusters.information @ pulled, cross

    half = leverage.lifted(power, fit.clusters.score[:, :, None])[:, :, 0] @ fit.bread
    return Corrected(half.T @ half, pieces)
