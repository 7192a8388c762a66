"""What errors of a first-order autoregression make of rows, from products of neighbours alone.

Whitening turns each row by its neighbour, so cross products of whitened rows, at any phi, are sums of
products of neighbours times functions of phi. Many series in one regression then cost their rows once, and
after that the square of the columns; nothing is of the size of rows times rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.linear import weighted_least_squares
from precept_stats.numerics.series.lags import APART

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]
Ints = NDArray[np.intp]
Criterion = Literal["reml", "ml"]
Derivative = Literal[0, 1, 2]


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Products of rows (n, q) that lie ``gaps`` (k,) apart, ``counts`` (k,) of each.

    ``products`` (3, k, q, q) are of the later rows, of later with earlier and the reverse, and of the
    earlier; ``alone`` (q, q) of rows with none before them in their series.
    """

    gaps: Ints
    counts: Ints
    products: NDArray[np.float64]
    alone: Matrix

    def gram(self, phi: Vector, derivative: Derivative = 0) -> Cube:
        """Cross products of whitened rows, or a derivative of them in phi, for each phi (m,): (m, q, q)."""
        r, slope, bend = self._powers(phi)
        s = 1.0 - r**2
        if derivative == 0:
            later, across = 1.0 / s, -r / s
            earlier = later - 1.0
        else:
            later, across = 2.0 * r / s**2 * slope, -(1.0 + r**2) / s**2 * slope
            if derivative == 2:
                later = 2.0 * r / s**2 * bend + (2.0 + 6.0 * r**2) / s**3 * slope**2
                across = -(1.0 + r**2) / s**2 * bend - 2.0 * r * (3.0 + r**2) / s**3 * slope**2
            earlier = later
        found: Cube = np.einsum("skm,skij->mij", np.stack([later, across, earlier]), self.products)
        return found + self.alone if derivative == 0 else found

    def spread(self, phi: Vector, derivative: Derivative = 0) -> Vector:
        """The log determinant of the correlation matrix, or a derivative of it, for each phi (m,)."""
        r, slope, bend = self._powers(phi)
        s = 1.0 - r**2
        each: Matrix
        if derivative == 0:
            each = np.log1p(-(r**2))
        elif derivative == 1:
            each = -2.0 * r * slope / s
        else:
            each = -2.0 * (r * bend + slope**2) / s - (2.0 * r * slope / s) ** 2
        found: Vector = self.counts @ each
        return found

    def information(self, phi: float) -> float:
        """The trace of (R^-1 dR)^2, twice what the points tell of phi where their mean is known."""
        r, slope, _ = self._powers(np.array([phi]))
        return float(self.counts @ (2.0 * slope**2 * (1.0 + r**2) / (1.0 - r**2) ** 2)[:, 0])

    def _powers(self, phi: Vector) -> tuple[Matrix, Matrix, Matrix]:
        """The correlation at each gap and phi (k, m) with its two derivatives."""
        gap = self.gaps[:, None]
        slope: Matrix = gap * phi ** (gap - 1)
        bend = np.where(gap > 1, gap * (gap - 1) * phi ** np.maximum(gap - 2, 0), 0.0)
        return phi**gap, slope, bend


def moments_of(rows: Matrix, positions: Ints) -> Moments:
    """Of rows (n, q) at ``positions`` (n,), several series in a row far apart (``lags.in_a_row``)."""
    steps = np.diff(positions)
    near = steps < APART // 2
    gaps, place = np.unique(steps[near], return_inverse=True)
    later, earlier = rows[1:][near], rows[:-1][near]
    q = rows.shape[1]
    products = np.empty((3, len(gaps), q, q))
    for k in range(len(gaps)):
        after, before = later[place == k], earlier[place == k]
        across = after.T @ before
        products[:, k] = after.T @ after, across + across.T, before.T @ before
    first = rows[np.concatenate([[True], ~near])]
    return Moments(gaps, np.bincount(place, minlength=len(gaps)), products, first.T @ first)


@dataclass(frozen=True, eq=False)
class Profile:
    """Regression of y (n,) on X (n, p) of full rank with the coefficients and the variance at their best.

    Columns are taken as an orthonormal basis and the outcome as what least squares leaves of it, so that
    cross products lose no digits that whitening does not.
    """

    X: Matrix
    y: Vector
    positions: Ints

    @cached_property
    def moments(self) -> Moments:
        """Of the basis and the residuals of least squares, these last."""
        residuals = weighted_least_squares(self.X, self.y, np.ones(len(self.y))).residuals
        return moments_of(np.column_stack([np.linalg.qr(self.X)[0], residuals]), self.positions)

    def heights(self, phi: Vector, criterion: Criterion) -> Vector:
        """The log-likelihood at each phi (m,), but for a constant."""
        n, p = self.X.shape
        gram = self.moments.gram(phi)
        root = np.linalg.cholesky(gram[:, :p, :p])
        half = np.linalg.solve(root, gram[:, :p, p:])[:, :, 0]
        squares = np.maximum(gram[:, p, p] - np.sum(half**2, axis=1), 0.0)
        m = n if criterion == "ml" else n - p
        with np.errstate(divide="ignore"):
            found: Vector = -0.5 * (m * np.log(squares) + self.moments.spread(phi))
        if criterion == "reml":
            found = found - np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
        return found

    def slope(self, phi: float, criterion: Criterion) -> float:
        """The derivative of the log-likelihood in phi."""
        n, p = self.X.shape
        at = np.array([phi])
        gram, moved = self.moments.gram(at)[0], self.moments.gram(at, 1)[0]
        shift = self._shift(gram)
        m = n if criterion == "ml" else n - p
        squares = float(shift @ gram @ shift)
        spread = float(self.moments.spread(at, 1)[0])
        found: float = -0.5 * (m * float(shift @ moved @ shift) / squares + spread)
        if criterion == "ml":
            return found
        return found - 0.5 * float(np.trace(np.linalg.solve(gram[:p, :p], moved[:p, :p])))

    def neighbours(self, phi: float) -> tuple[float, float]:
        """Of residuals at phi, sums of products with the one a position before, and of that one's square."""
        shift = self._shift(self.moments.gram(np.array([phi]))[0])
        one = np.flatnonzero(self.moments.gaps == 1)
        if not len(one):
            return 0.0, 0.0
        across, before = self.moments.products[1:, one[0]]
        return float(shift @ across @ shift) / 2.0, float(shift @ before @ shift)

    def _shift(self, gram: Matrix) -> Vector:
        """What rows are multiplied by to give residuals: minus the coefficients, and 1."""
        return np.append(-np.linalg.solve(gram[:-1, :-1], gram[:-1, -1]), 1.0)
