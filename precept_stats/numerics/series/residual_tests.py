"""Whether residuals of a series are related to those before them: correlations and tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, special

from precept_stats.errors import FitError
from precept_stats.numerics.series.lags import pairs

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]

EXACT_UP_TO = 200
"""Series longer than this have the Durbin-Watson p from a normal approximation."""


@dataclass(frozen=True, slots=True)
class SerialTest:
    """A statistic, its degrees of freedom (None where its distribution has none) and its p."""

    name: str
    lag: int
    statistic: float
    df: float | None
    p_value: float


def autocorrelations(residuals: Vector, positions: Ints, lags: int) -> Vector:
    """The r_1 to r_lags, each a sum of products over the sum of all squares about the mean, as R's ``acf``.

    ``positions`` (n,) rise; points are paired by their distance, so those on both sides of a gap are not
    taken for neighbours.
    """
    centred = residuals - residuals.mean()
    total = float(centred @ centred)
    if not total > 0.0:
        raise FitError("residuals do not vary", found="all residuals equal", allowed="an outcome that varies")
    found = [pairs(positions, k) for k in range(1, lags + 1)]
    return np.array([float(centred[later] @ centred[earlier]) / total for earlier, later in found])


def partial_autocorrelations(residuals: Vector, positions: Ints, lags: int) -> Vector:
    """The partial autocorrelations from the autocorrelations, by Durbin and Levinson's recursion."""
    r = autocorrelations(residuals, positions, lags)
    found, weights = np.empty(lags), np.empty(0)
    for k in range(lags):
        left = 1.0 - float(weights @ r[:k])
        found[k] = (r[k] - float(weights @ r[:k][::-1])) / left
        weights = np.append(weights - found[k] * weights[::-1], found[k])
    return found


def ljung_box(residuals: Vector, positions: Ints, lag: int) -> SerialTest:
    """Q = n (n + 2) sum r_k^2 / (n - k) on chi-squared with ``lag`` df (Ljung and Box 1978)."""
    n, r = len(residuals), autocorrelations(residuals, positions, lag)
    statistic = n * (n + 2.0) * float(np.sum(r**2 / (n - np.arange(1, lag + 1))))
    return SerialTest("Ljung-Box", lag, statistic, float(lag), float(special.chdtrc(lag, statistic)))


def breusch_godfrey(X: Matrix, residuals: Vector, positions: Ints, lag: int) -> SerialTest:
    """The statistic n R^2 of residuals on X (n, p) and their ``lag`` earlier values (0 where there are none).

    On chi-squared with ``lag`` df (Breusch 1978; Godfrey 1978), as in R's lmtest with its default fill.
    """
    before = np.zeros((len(residuals), lag))
    for k in range(1, lag + 1):
        earlier, later = pairs(positions, k)
        before[later, k - 1] = residuals[earlier]
    Z = np.column_stack([X, before[:, np.any(before != 0.0, axis=0)]])
    Q, _ = np.linalg.qr(Z / np.linalg.norm(Z, axis=0))
    explained = float(np.sum((Q.T @ residuals) ** 2)) / float(residuals @ residuals)
    statistic = len(residuals) * explained
    return SerialTest("Breusch-Godfrey", lag, statistic, float(lag), float(special.chdtrc(lag, statistic)))


def durbin_watson(X: Matrix, residuals: Vector, positions: Ints) -> SerialTest:
    """The Durbin-Watson statistic with its two-sided p under independent normal errors.

    The distribution is exact, by Imhof's integral over the eigenvalues of the ratio of quadratic forms, or
    for long series normal with its exact mean and variance. A poor guide where series are short: its power
    is low, and a large p is no reason to treat errors as independent (Turner et al. 2021).
    """
    total = float(residuals @ residuals)
    earlier, later = pairs(positions, 1)
    statistic = float(np.sum((residuals[later] - residuals[earlier]) ** 2)) / total
    scaled = X / np.linalg.norm(X, axis=0)
    if len(residuals) <= EXACT_UP_TO:
        below = _below(statistic, _eigenvalues(scaled, earlier, later))
    else:
        below = _below_normal(statistic, scaled, earlier, later)
    return SerialTest("Durbin-Watson", 1, statistic, None, min(1.0, 2.0 * min(below, 1.0 - below)))


def _eigenvalues(X: Matrix, earlier: Ints, later: Ints) -> Vector:
    """Those of the squared differences of neighbours among what X leaves free (n - p,)."""
    Q, _ = np.linalg.qr(X, mode="complete")
    free = Q[later, X.shape[1] :] - Q[earlier, X.shape[1] :]
    values: Vector = np.linalg.eigvalsh(free.T @ free)
    return values


def _below(statistic: float, values: Vector) -> float:
    """P(sum v z^2 / sum z^2 < statistic), z independent normal: Imhof (1961, Biometrika 48:419)."""
    weights = (values - statistic) / max(float(np.max(np.abs(values - statistic))), np.finfo(float).tiny)

    def integrand(u: float) -> float:
        angle = 0.5 * float(np.sum(np.arctan(weights * u)))
        return float(np.sin(angle) * np.exp(-0.25 * np.sum(np.log1p((weights * u) ** 2))) / u)

    found, _ = integrate.quad(integrand, 0.0, np.inf, limit=500, epsabs=1e-12, epsrel=1e-10)
    return float(np.clip(0.5 - found / np.pi, 0.0, 1.0))


def _below_normal(statistic: float, X: Matrix, earlier: Ints, later: Ints) -> float:
    """By the mean and the variance of the eigenvalues, from traces: none of them has to be found."""
    n, p = X.shape
    m = n - p
    Q, _ = np.linalg.qr(X)
    apart = Q[later] - Q[earlier]
    turned = np.zeros_like(Q)
    turned[later] += apart
    turned[earlier] -= apart
    ends = np.bincount(earlier, minlength=n) + np.bincount(later, minlength=n)
    total = 2.0 * len(later) - float(np.sum(apart**2))
    squares = float(np.sum(ends**2)) + 2.0 * len(later) - 2.0 * float(np.sum(turned**2))
    squares += float(np.sum((apart.T @ apart) ** 2))
    mean = total / m
    variance = 2.0 * (squares - m * mean**2) / (m * (m + 2.0))
    return float(special.ndtr((statistic - mean) / np.sqrt(variance)))
