"""Working correlations, all of one form: R = (1 - a0) I + Z G Z', Z marking periods within a cluster.

``at_lag`` gives the correlation of two outcomes of a cluster whose periods are 0, 1, ... apart; G is
made of it. Without periods all outcomes of a cluster are at lag 0. Parameters are fitted by least squares
to products of Pearson residuals, all pairs weighted equally (Prentice 1988, Biometrics 44:1033, with
identity weights), which is what geepack does for the exchangeable correlation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PairSums:
    """Sums over pairs of outcomes by cluster and lag (K, L): of residual products, and of the pairs."""

    products: Matrix
    pairs: Matrix


class Correlation(Protocol):
    """A working correlation with its parameters to be estimated."""

    names: tuple[str, ...]
    by_period: bool

    def at_lag(self, params: Vector, lags: int) -> Vector:
        """The correlation at lags 0, 1, ... (lags,)."""
        ...

    def slopes(self, params: Vector, lags: int) -> Matrix:
        """Its derivatives in the parameters (lags, q)."""
        ...

    def estimate(self, products: Vector, pairs: Vector) -> Vector:
        """The parameters that fit mean products of standardised residuals by lag (L,)."""
        ...


class Independence:
    """No correlation."""

    names: tuple[str, ...] = ()
    by_period = False

    def at_lag(self, params: Vector, lags: int) -> Vector:
        return np.zeros(lags)

    def slopes(self, params: Vector, lags: int) -> Matrix:
        return np.zeros((lags, 0))

    def estimate(self, products: Vector, pairs: Vector) -> Vector:
        return np.zeros(0)


class Exchangeable:
    """The same correlation for any two outcomes of a cluster."""

    names: tuple[str, ...] = ("alpha",)
    by_period = False

    def at_lag(self, params: Vector, lags: int) -> Vector:
        return np.full(lags, params[0])

    def slopes(self, params: Vector, lags: int) -> Matrix:
        return np.ones((lags, 1))

    def estimate(self, products: Vector, pairs: Vector) -> Vector:
        return np.array([products.sum() / pairs.sum()])


class NestedExchangeable:
    """One correlation within a period, another between periods of a cluster."""

    names: tuple[str, ...] = ("alpha_within_period", "alpha_between_periods")
    by_period = True

    def at_lag(self, params: Vector, lags: int) -> Vector:
        by_lag: Vector = np.where(np.arange(lags) == 0, params[0], params[1])
        return by_lag

    def slopes(self, params: Vector, lags: int) -> Matrix:
        within = (np.arange(lags) == 0).astype(np.float64)
        return np.column_stack([within, 1.0 - within])

    def estimate(self, products: Vector, pairs: Vector) -> Vector:
        return np.array([products[0] / pairs[0], products[1:].sum() / pairs[1:].sum()])


class ExponentialDecay:
    """A correlation within a period that is multiplied by ``decay`` for each period between."""

    names: tuple[str, ...] = ("alpha_within_period", "decay")
    by_period = True

    def at_lag(self, params: Vector, lags: int) -> Vector:
        decayed: Vector = params[0] * params[1] ** np.arange(lags)
        return decayed

    def slopes(self, params: Vector, lags: int) -> Matrix:
        lag = np.arange(lags)
        earlier: Vector = params[1] ** np.maximum(lag - 1, 0)
        return np.column_stack([params[1] ** lag, params[0] * lag * earlier])

    def estimate(self, products: Vector, pairs: Vector) -> Vector:
        lag = np.arange(len(pairs))

        def within(decay: float) -> float:
            powers = decay**lag
            return float(powers @ products / (powers**2 @ pairs))

        def misfit(decay: float) -> float:
            level = within(decay)
            fitted = level * decay**lag
            return float(fitted**2 @ pairs - 2.0 * fitted @ products) / max(float(pairs.sum()), 1.0)

        found = minimize_scalar(misfit, bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-12})
        decay = _polished(float(found.x), products, pairs)
        return np.array([within(decay), decay])


def _polished(decay: float, products: Vector, pairs: Vector) -> float:
    """The decay after Newton steps on the slope of the profiled misfit, which a search leaves at 1e-8."""
    lag = np.arange(len(pairs))

    def slope(r: float) -> float:
        powers, rates = r**lag, lag * r ** np.maximum(lag - 1, 0)
        level = powers @ products / (powers**2 @ pairs)
        return float(level * ((level * powers * pairs - products) @ rates))

    for _ in range(8):
        step = 1e-6
        if not step < decay < 1.0 - step:
            return decay
        curve = (slope(decay + step) - slope(decay - step)) / (2.0 * step)
        if not curve > 0.0:
            return decay
        moved = decay - slope(decay) / curve
        if not abs(moved - decay) < 1e-4:
            return decay
        decay = moved
    return decay


def lag_matrix(by_lag: Vector, periods: NDArray[np.intp]) -> Matrix:
    """G (T, T) for the periods of a cluster."""
    return by_lag[np.abs(periods[:, None] - periods[None, :])]
