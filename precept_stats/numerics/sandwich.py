"""Sandwich variances with one row a cluster: HC0 to HC3, and CR2 with what its df needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.linear import LinearFit

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
HcType = Literal["hc0", "hc1", "hc2", "hc3"]

FULL_LEVERAGE = 1e-10
"""A row whose 1 - h is below this fixes a parameter by itself; its residual is always 0."""


def full_leverage_rows(fit: LinearFit) -> NDArray[np.intp]:
    """Rows with a leverage of 1, for which HC2 and HC3 are not defined."""
    return np.flatnonzero(1.0 - fit.leverage < FULL_LEVERAGE)


def hc_covariance(fit: LinearFit, kind: HcType) -> Matrix:
    """White's variance (X'WX)^-1 X'W diag(omega) W X (X'WX)^-1 (Long and Ervin 2000, Am Stat 54:217).

    omega is e^2 times 1, n / (n - p), 1 / (1 - h) or 1 / (1 - h)^2 for hc0 to hc3.
    """
    n, p = fit.X.shape
    slack = 1.0 - fit.leverage
    factor: dict[HcType, Vector] = {
        "hc0": np.ones(n),
        "hc1": np.full(n, n / (n - p)),
        "hc2": 1.0 / slack,
        "hc3": 1.0 / slack**2,
    }
    scores = fit.X * (fit.weights * fit.residuals * np.sqrt(factor[kind]))[:, None]
    half = scores @ fit.bread
    return half.T @ half


@dataclass(frozen=True, slots=True, eq=False)
class Cr2:
    """CR2 with singleton clusters: the covariance, and the pieces of Satterthwaite's df.

    ``scores`` (n, p) gives, for a contrast c, the weight s = scores @ c of each adjusted residual in
    the estimated variance sum (s_i e_i)^2. ``residual_covariance`` (n, n) is the covariance of the
    residuals under the working model.
    """

    covariance: Matrix
    scores: Matrix
    residual_covariance: Matrix


def cr2_covariance(fit: LinearFit, working: Vector) -> Cr2:
    """Bell and McCaffrey's variance under working variances (n,), known up to a factor.

    Each residual is multiplied by sqrt(phi_i / g_i), g_i being its variance under the working
    model, so that the estimator is unbiased there. A row with leverage 1 has no residual and gets the
    multiplier 0, the generalised inverse of Pustejovsky and Tipton (2018, J Bus Econ Stat 36:672).
    """
    hat = fit.X @ fit.bread @ (fit.X * fit.weights[:, None]).T
    maker = np.eye(len(working)) - hat
    residual_covariance = (maker * working) @ maker.T
    variance = np.diag(residual_covariance)
    usable = variance > FULL_LEVERAGE * working
    adjust = np.zeros_like(working)
    adjust[usable] = np.sqrt(working[usable] / variance[usable])
    scores = (fit.X * (adjust * fit.weights)[:, None]) @ fit.bread
    half = scores * fit.residuals[:, None]
    return Cr2(half.T @ half, scores, residual_covariance)
