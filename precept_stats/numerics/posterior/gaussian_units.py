"""Continuous outcomes of units whose effects have several directions: the exact log-likelihood without them.

With residual variance r over a row's weight and effects A u of a unit, the rows are normal with covariance
r W^-1 + Z A A'Z', so that only products by unit are needed. Slopes are expectations, given the data, of those
with u known (Fisher's identity).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.posterior.correlated import ByUnit, factor, partials, slopes

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Ints = NDArray[np.intp]

FARTHEST = 40.0
"""Log residual SDs are held within this distance of 0."""


@dataclass(frozen=True, slots=True, eq=False)
class UnitValues:
    """Weighted products of (X, y, Z) by unit (K, p + 1 + q, p + 1 + q), rows by unit (K,).

    ``log_weights`` (K,) are sums of logs. The coordinates are beta (p,), the standard deviations of the
    effects (q,), what ``correlated.factor`` makes correlations of where ``correlated``, and the log residual
    SD.
    """

    products: Cube
    rows: Vector
    log_weights: Vector
    q: int
    correlated: bool

    @property
    def p(self) -> int:
        return int(self.products.shape[1]) - 1 - self.q

    @property
    def scales(self) -> int:
        """How many coordinates come after beta."""
        return self.q + partials(self.q) * self.correlated + 1

    def sparing(self, places: Matrix) -> UnitValues:
        """Itself: nothing is approximated."""
        return self

    def finer(self) -> UnitValues:
        """Itself: nothing is approximated."""
        return self

    def evaluator(self) -> UnitValuesEvaluator:
        """Something that evaluates it."""
        return UnitValuesEvaluator(self)


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What is found on the way: A, the residual variance, means and second moments of u, values by unit."""

    A: Matrix
    residual: float
    away: Vector
    means: Matrix
    seconds: Cube
    values: Vector


@dataclass(frozen=True, slots=True, eq=False)
class UnitValuesEvaluator:
    """The log-likelihood and its slopes."""

    of: UnitValues

    def __call__(self, coordinates: Vector) -> tuple[float, Vector]:
        """The value and its slopes (p + scales,) at coordinates (p + scales, and maybe more)."""
        data, found = self.of, self._given(coordinates)
        p, G = data.p, data.products
        effects = found.means @ found.A.T
        crossed = np.einsum("kxj,j->kx", G[:, :, : p + 1], found.away)
        of_effects = np.einsum("kxa,ka->kx", G[:, :, p + 1 :], effects)
        of_beta = (crossed - of_effects)[:, :p].sum(axis=0) / found.residual
        Szz = G[:, p + 1 :, p + 1 :]
        pulled = np.einsum("ka,kb->ab", crossed[:, p + 1 :], found.means)
        of_A = (pulled - np.einsum("kac,cd,kdb->ab", Szz, found.A, found.seconds)) / found.residual
        square = crossed[:, : p + 1] @ found.away - 2.0 * np.sum(crossed[:, p + 1 :] * effects, axis=1)
        seconds = found.A @ found.seconds @ found.A.T
        square = square + np.sum(Szz * seconds, axis=(1, 2))
        of_residual = float(np.sum(square / found.residual - data.rows))
        of_sds, of_partials = slopes(*self._scales(coordinates), of_A)
        return float(found.values.sum()), np.concatenate([of_beta, of_sds, of_partials, [of_residual]])

    def by_cluster(self, coordinates: Vector) -> Vector:
        """The log-likelihood of each unit (K,), its effects integrated out."""
        return self._given(coordinates).values

    def by_unit(self, coordinates: Vector) -> ByUnit:
        """Of each unit, given all else and the data."""
        found = self._given(coordinates)
        return ByUnit(found.values, found.means @ found.A.T, found.A @ found.seconds @ found.A.T)

    def drawn_effects(self, coordinates: Vector, uniform: Vector) -> Vector:
        """Units have effects of several directions: ``by_unit`` has their moments."""
        raise NotImplementedError

    def _scales(self, coordinates: Vector) -> tuple[Vector, Vector]:
        p, q = self.of.p, self.of.q
        return coordinates[p : p + q], coordinates[p + q : p + self.of.scales - 1]

    def _given(self, coordinates: Vector) -> Given:
        data, p = self.of, self.of.p
        A = factor(*self._scales(coordinates))
        log_sd = float(np.clip(coordinates[p + data.scales - 1], -FARTHEST, FARTHEST))
        r = float(np.exp(2.0 * log_sd))
        away = np.append(-coordinates[:p], 1.0)
        crossed = data.products[:, :, : p + 1] @ away
        square, pull = crossed[:, : p + 1] @ away, crossed[:, p + 1 :] @ A / r
        curvature = np.eye(data.q) + A.T @ data.products[:, p + 1 :, p + 1 :] @ A / r
        inverse = np.linalg.inv(curvature)
        means = np.einsum("kab,kb->ka", inverse, pull)
        values: Vector = -0.5 * (
            square / r - np.sum(pull * means, axis=1) + np.linalg.slogdet(curvature)[1]
            + data.rows * (2.0 * log_sd + np.log(2.0 * np.pi)) - data.log_weights
        )  # fmt: skip
        return Given(A, r, away, means, inverse + means[:, :, None] * means[:, None, :], values)


def gathered(both: Matrix, weights: Vector, starts: Ints, directions: tuple[int, bool]) -> UnitValues:
    """From rows (X, y, Z) (m, p + 1 + q) sorted by unit, beginning at ``starts`` (K + 1,).

    ``directions`` are q, and whether effects may be correlated.
    """
    products = np.array([both[a:b].T @ (weights[a:b, None] * both[a:b]) for a, b in pairwise(starts)])
    log_weights = np.add.reduceat(np.log(weights), starts[:-1])
    return UnitValues(products, np.diff(starts).astype(np.float64), log_weights, *directions)
