"""Joint tests: several linear contrasts of the parameters at once, by an F statistic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.errors import FitError
from precept_stats.inference.degrees_of_freedom import FixedDf, SatterthwaiteDf
from precept_stats.inference.uncertainty import Asymptotic

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class JointTest:
    """``statistic`` (``scaling`` included) on ``df1`` and ``df2``; no ``df2`` means chi-squared / df1."""

    statistic: float
    df1: int
    df2: float | None
    p_value: float
    scaling: float = 1.0


@runtime_checkable
class JointRule(Protocol):
    """A df rule that also knows joint tests."""

    def joint(self, params: Vector, covariance: Matrix, contrasts: Matrix) -> JointTest: ...


def joint_test(fit: Asymptotic, contrasts: Matrix) -> JointTest:
    """Test that every row of ``contrasts`` (k, p) times the parameters is zero, by the fit's own df rule.

    Rows that are combinations of others count once. Raises FitError when the contrasts are all zero or
    the rule has no joint test.
    """
    contrasts = np.atleast_2d(np.asarray(contrasts, dtype=np.float64))
    if contrast_rank(contrasts) == 0:
        raise FitError(
            "there is nothing to test", found="contrasts that are all zero", allowed="a non-zero row"
        )
    if isinstance(fit.df, JointRule):
        return fit.df.joint(fit.params, fit.covariance, contrasts)
    if isinstance(fit.df, FixedDf):
        rank = contrast_rank(contrasts)
        return f_test(wald(fit.params, fit.covariance, contrasts) / rank, rank, fit.df.value)
    if isinstance(fit.df, SatterthwaiteDf):
        rows = independent(contrasts)
        scores = fit.df.scores @ rows.T
        parts = np.einsum("kq,kl,lr->klqr", scores, fit.df.residual_covariance, scores)
        return hotelling(fit.params, fit.covariance, rows, parts)
    raise FitError(
        "this rule for degrees of freedom has no joint test",
        found=type(fit.df).__name__,
        allowed="kenward_roger, satterthwaite, or the same df for every contrast",
    )


def contrast_rank(contrasts: Matrix) -> int:
    """How many of the contrasts are independent."""
    return int(np.linalg.matrix_rank(contrasts))


def independent(contrasts: Matrix) -> Matrix:
    """As many independent rows as the contrasts have, spanning the same."""
    rank = contrast_rank(contrasts)
    if rank == len(contrasts):
        return contrasts
    rows: Matrix = np.linalg.svd(contrasts)[2][:rank]
    return rows


def wald(params: Vector, covariance: Matrix, contrasts: Matrix) -> float:
    """(L b)' (L C L')^-1 (L b)."""
    rows = independent(contrasts)
    value = rows @ params
    return float(value @ np.linalg.solve(rows @ covariance @ rows.T, value))


def hotelling(params: Vector, covariance: Matrix, rows: Matrix, parts: NDArray[np.float64]) -> JointTest:
    """Hotelling's T-squared, approximately, for independent ``rows`` (q, p) and a sandwich covariance.

    (eta - q + 1) / (eta q) Q is F on q and eta - q + 1: Q is Wald's statistic and eta the degrees of freedom
    of the Wishart distribution with the total variance that the covariance of the rows has under the working
    model. ``parts`` (K, K, q, q) are the covariances of each two clusters' parts of the rows in that model.
    With one row eta is Satterthwaite's df. Source: Tipton and Pustejovsky (2015), J Educ Behav Stat 40:604
    (HTZ).
    """
    q, each = len(rows), np.arange(len(parts))
    values, vectors = np.linalg.eigh(parts[each, each].sum(axis=0))
    root = vectors / np.sqrt(values) @ vectors.T
    shares = root @ parts @ root
    traces = np.einsum("klaa->kl", shares)
    eta = q * (q + 1) / float(np.sum(traces**2) + np.einsum("klab,klba->", shares, shares))
    if eta <= q - 1:
        raise FitError(
            "too few degrees of freedom are left for a joint test",
            found=f"{eta:.3g} for {q} contrasts",
            allowed=f"more than {q - 1}: more clusters, or fewer levels",
        )
    statistic = (eta - q + 1) / (eta * q) * wald(params, covariance, rows)
    return f_test(statistic, q, eta - q + 1, (eta - q + 1) / eta)


def f_test(statistic: float, df1: int, df2: float, scaling: float = 1.0) -> JointTest:
    """The upper tail of F(df1, df2), or of chi-squared(df1) / df1 when df2 is infinite."""
    if math.isfinite(df2):
        return JointTest(statistic, df1, df2, float(special.fdtrc(df1, df2, statistic)), scaling)
    return JointTest(statistic, df1, None, float(special.chdtrc(df1, df1 * statistic)), scaling)
