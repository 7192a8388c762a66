"""Autocovariances of a seasonal ARMA process, and its parameters as free numbers.

The process is phi(B) Phi(B^s) e_t = theta(B) Theta(B^s) a_t with a_t of variance 1, moving averages with
plus signs as in R's ``arima`` and statsmodels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from precept_stats.errors import FitError

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Order:
    """ARIMA(p, d, q)(P, D, Q) with ``season`` points a season; 0 or 1 where nothing is seasonal."""

    p: int
    d: int
    q: int
    seasonal_p: int = 0
    seasonal_d: int = 0
    seasonal_q: int = 0
    season: int = 1

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """How many coefficients of each kind: ar, ma, seasonal ar, seasonal ma."""
        return self.p, self.q, self.seasonal_p, self.seasonal_q

    @property
    def n_params(self) -> int:
        return sum(self.sizes)

    @property
    def lost(self) -> int:
        """Points that differencing uses up."""
        return self.d + self.seasonal_d * self.season

    @property
    def names(self) -> tuple[str, ...]:
        stems = ("ar", "ma", "sar", "sma")
        return tuple(f"{stem}{k + 1}" for stem, n in zip(stems, self.sizes, strict=True) for k in range(n))

    @property
    def difference(self) -> Vector:
        """The coefficients of (1 - B)^d (1 - B^s)^D, lag 0 first."""
        found = np.ones(1)
        for _ in range(self.d):
            found = np.convolve(found, [1.0, -1.0])
        for _ in range(self.seasonal_d):
            found = np.convolve(found, np.concatenate([[1.0], np.zeros(self.season - 1), [-1.0]]))
        return found


def differenced(rows: NDArray[np.float64], order: Order) -> NDArray[np.float64]:
    """The rows (n, ...) after differencing, (n - lost, ...)."""
    if len(rows) <= order.lost:
        raise FitError(
            "the series is too short to be differenced",
            found=f"{len(rows)} points",
            allowed=f"more than {order.lost}",
        )
    weights = order.difference
    out: NDArray[np.float64] = sum(
        weight * rows[order.lost - lag : len(rows) - lag] for lag, weight in enumerate(weights) if weight
    )
    return out


def coefficients(free: Vector, order: Order) -> Vector:
    """Coefficients of a stationary, invertible process from free numbers (k,), kind by kind.

    tanh of each free number is a partial autocorrelation (Jones 1980, Technometrics 22:389).
    """
    parts = [
        sign * _from_partial(np.tanh(part))
        for part, sign in zip(_split(free, order), (1.0, -1.0, 1.0, -1.0), strict=True)
    ]
    return np.concatenate(parts)


def free_numbers(params: Vector, order: Order) -> Vector:
    """The inverse of ``coefficients`` for a process inside the stationary and invertible range."""
    parts = [
        np.arctanh(_to_partial(sign * part))
        for part, sign in zip(_split(params, order), (1.0, -1.0, 1.0, -1.0), strict=True)
    ]
    return np.concatenate(parts)


def autocovariances(params: Vector, order: Order, lags: int) -> Vector:
    """gamma_0 to gamma_lags for innovations of variance 1.

    The first come from the linear equations of Brockwell and Davis (1991, section 3.3), others by recursion.
    """
    ar, ma = polynomials(params, order)
    p, q = len(ar) - 1, len(ma) - 1
    impulse = signal.lfilter(ma, ar, np.concatenate([[1.0], np.zeros(q)]))
    size = max(p, q) + 1
    driven = np.zeros(max(size, lags + 1))
    for k in range(q + 1):
        driven[k] = float(ma[k:] @ impulse[: q + 1 - k])
    known = _first(ar, driven[:size], p)
    if lags < size:
        return known[: lags + 1]
    start = signal.lfiltic([1.0], ar, known[::-1][:p] if p else [])
    rest, _ = signal.lfilter([1.0], ar, driven[size : lags + 1], zi=start) if p else (driven[size:], None)
    return np.concatenate([known, np.asarray(rest)])[: lags + 1]


def _first(ar: Vector, driven: Vector, p: int) -> Vector:
    """Solve sum_j ar_j gamma_|k - j| = driven_k for k = 0 to size - 1."""
    size = len(driven)
    system = np.zeros((size, size))
    rows = np.arange(size)
    for j in range(p + 1):
        np.add.at(system, (rows, np.abs(rows - j)), ar[j])
    return np.linalg.solve(system, driven)


def polynomials(params: Vector, order: Order) -> tuple[Vector, Vector]:
    """The whole autoregressive and moving average polynomials in B, lag 0 first."""
    ar, ma, seasonal_ar, seasonal_ma = _split(params, order)
    season = order.season
    left = np.convolve(np.concatenate([[1.0], -ar]), _seasonal(-seasonal_ar, season))
    return left, np.convolve(np.concatenate([[1.0], ma]), _seasonal(seasonal_ma, season))


def _seasonal(weights: Vector, season: int) -> Vector:
    found = np.zeros(len(weights) * season + 1)
    found[0] = 1.0
    found[season::season] = weights
    return found


def _split(values: Vector, order: Order) -> list[Vector]:
    return np.split(values, np.cumsum(order.sizes)[:-1])


def _from_partial(partial: Vector) -> Vector:
    weights = np.empty(0)
    for one in partial:
        weights = np.append(weights - one * weights[::-1], one)
    return weights


def _to_partial(weights: Vector) -> Vector:
    found, left = np.empty(len(weights)), weights
    for k in range(len(weights) - 1, -1, -1):
        found[k] = left[k]
        left = (left[:k] + found[k] * left[:k][::-1]) / (1.0 - found[k] ** 2)
    return found
