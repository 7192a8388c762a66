"""The symmetric residual adjustments of CR2, by an eigen-decomposition or by rational approximation.

For a cluster with working covariance V = S R S (S the standard deviations) and residual covariance
V - D M D', the adjustment is A = F B^-1/2 F' with B = F' (V - D M D') F and any F F' = V (the matrix
geometric mean of V and the inverse residual covariance). With F = S R^1/2, B is a diagonal matrix plus
a matrix of low rank, so that B^-1/2 is applied by solving (B + t^2) x = b for a few t (Hale, Higham
and Trefethen 2008, SIAM J Numer Anal 46:2505); with few rows an eigen-decomposition costs less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from precept_stats.numerics.gee.correlation import lag_matrix
from precept_stats.numerics.gee.fit import FULL_LEVERAGE, GeeFit

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]


NARROW = 1e-9
"""The least ratio of extreme eigenvalues for which shifts are used; beyond it they lose digits."""

ACCURACY = 1e-11
"""Relative error of the rational approximation."""


@dataclass(frozen=True, slots=True, eq=False)
class Adjustments:
    """With E = A V^-1 D by cluster: scores E' e (K, p), quadratic E' V E and cross D' E (K, p, p)."""

    scores: Matrix
    quadratic: Stack
    cross: Stack


@dataclass(frozen=True, slots=True, eq=False)
class _Cluster:
    """One cluster in coordinates of its distinct rows, n outcomes a row taken together as root(n) times one.

    ``D`` (g, p) and residuals ``e`` (g,) are so scaled; ``spread`` are standard deviations (g,), ``Z`` (g, T)
    marks periods, and R = rest I + Z G Z'. ``weight`` multiplies the inverse of the working covariance.
    """

    D: Matrix
    e: Vector
    spread: Vector
    Z: Matrix
    G: Matrix
    rest: float
    weight: float


def symmetric_adjustments(fit: GeeFit) -> Adjustments:
    """The adjustments of every cluster."""
    K, p = fit.clusters.score.shape
    scores, quadratic, cross = np.empty((K, p)), np.empty((K, p, p)), np.empty((K, p, p))
    root = np.linalg.cholesky(fit.bread)
    leverage = np.linalg.eigvalsh(root.T @ fit.clusters.information @ root)
    for k, cluster in enumerate(_clusters(fit)):
        R = _root_of(cluster)
        left = R.times(cluster.spread[:, None] * np.column_stack([cluster.e, cluster.D]))
        right = R.times_inverse(cluster.D / cluster.spread[:, None])
        part = _Part(cluster, R, left[:, 1:], cluster.weight * fit.bread)
        full = int(np.sum(leverage[k] > 1.0 - FULL_LEVERAGE))
        few = len(cluster.e) <= 2 * (p + 4 * cluster.Z.shape[1])
        lowest, highest = part.range_of_eigenvalues(leverage[k, -1])
        if few or full or not lowest > NARROW * highest:
            across, whole = part.by_eigenvalues(left, right, full)
        else:
            across, whole = part.by_shifts(left, right, (lowest, highest))
        scores[k] = cluster.weight * across[0]
        cross[k] = cluster.weight * across[1:]
        quadratic[k] = cluster.weight * whole + cross[k].T @ fit.bread @ cross[k]
    return Adjustments(scores, quadratic, cross)


def _clusters(fit: GeeFit) -> Iterator[_Cluster]:
    cells, state = fit.cells, fit.state
    place = np.argsort(cells.columns)
    rows = np.append(cells.cluster_at, len(cells.count))
    segments = np.searchsorted(cells.segment_cluster, np.arange(cells.n_clusters + 1))
    row_segment = np.repeat(
        np.arange(len(cells.segment_at)), np.diff(cells.segment_at, append=len(cells.count))
    )
    by_lag = fit.model.correlation.at_lag(fit.alpha, int(cells.segment_period.max()) + 1)
    many, spread = np.sqrt(cells.count), np.sqrt(state.variance)
    for k in range(cells.n_clusters):
        these, own = slice(rows[k], rows[k + 1]), np.arange(segments[k], segments[k + 1])
        yield _Cluster(
            D=(many * state.slope * spread)[these, None] * cells.cluster_columns(k)[:, place],
            e=(state.residual * spread / many)[these],
            spread=spread[these],
            Z=many[these, None] * (row_segment[these, None] == own),
            G=lag_matrix(by_lag, cells.segment_period[own]),
            rest=fit.inverse.rest,
            weight=float(cells.weight[k]),
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Root:
    """R^1/2 = rest I + Z L Z', its inverse I / rest + Z J Z', and the extreme eigenvalues of R."""

    rest: float
    Z: Matrix
    L: Matrix
    J: Matrix
    lowest: float
    highest: float

    def times(self, right: Matrix) -> Matrix:
        out: Matrix = self.rest * right + self.Z @ (self.L @ (self.Z.T @ right))
        return out

    def times_inverse(self, right: Matrix) -> Matrix:
        out: Matrix = right / self.rest + self.Z @ (self.J @ (self.Z.T @ right))
        return out


def _root_of(cluster: _Cluster) -> _Root:
    rest = np.sqrt(cluster.rest)
    many = np.sqrt(np.sum(cluster.Z**2, axis=0))
    values, vectors = np.linalg.eigh(cluster.rest * np.eye(len(many)) + many[:, None] * cluster.G * many)
    outside = np.outer(many, many)
    L = (vectors * (np.sqrt(values) - rest)) @ vectors.T / outside
    J = (vectors * (1.0 / np.sqrt(values) - 1.0 / rest)) @ vectors.T / outside
    lowest, highest = min(cluster.rest, float(values[0])), max(cluster.rest, float(values[-1]))
    return _Root(rest, cluster.Z, L, J, lowest, highest)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """B, but for the square of the weight: Q^2 - fitted @ bread @ fitted.T, Q = R^1/2 S^2 R^1/2."""

    cluster: _Cluster
    R: _Root
    fitted: Matrix
    bread: Matrix

    def by_eigenvalues(self, left: Matrix, right: Matrix, full: int) -> tuple[Matrix, Matrix]:
        """Of B: left' B^-1/2 right and right' P right, P projecting off the ``full`` smallest eigenvalues."""
        Q = self.R.times(self.R.times(np.diag(self.cluster.spread**2)).T)
        values, vectors = np.linalg.eigh(Q @ Q - self.fitted @ self.bread @ self.fitted.T)
        values, vectors = values[full:], vectors[:, full:]
        inside = vectors.T @ right
        return (left.T @ (vectors / np.sqrt(values))) @ inside, inside.T @ inside

    def range_of_eigenvalues(self, leverage: float) -> tuple[float, float]:
        """Bounds of the eigenvalues of B, from the largest leverage of the cluster."""
        variance = self.cluster.spread**2
        return (
            (1.0 - leverage) * (self.R.lowest * float(variance.min())) ** 2,
            (self.R.highest * float(variance.max())) ** 2,
        )

    def by_shifts(self, left: Matrix, right: Matrix, bounds: tuple[float, float]) -> tuple[Matrix, Matrix]:
        """The same, nothing projected off, by shifted solves: Woodbury's identity on the low-rank part."""
        variance, R = self.cluster.spread**2, self.R
        U, inner = self._low_rank()
        shifts, shares = shifted_inverses(*bounds)
        diagonal = 1.0 / ((R.rest**2 * variance) ** 2 + shifts[:, None])
        wide = (diagonal[:, None, :] * U.T).reshape(-1, len(variance))
        rank, p = U.shape[1], right.shape[1]
        both = (wide @ np.hstack([U, right, left[:, :1]])).reshape(len(shifts), rank, -1)
        onto, target = both[:, :, :rank], both[:, :, rank : rank + p]
        solved = np.linalg.solve(np.eye(rank) + inner @ onto, inner @ target)
        sides = np.concatenate([both[:, None, :, -1], onto[:, -p:]], axis=1)
        pulled = np.tensordot(shares, sides @ solved, axes=1)
        direct = left.T @ ((shares @ diagonal)[:, None] * right)
        return direct - pulled, right.T @ right

    def _low_rank(self) -> tuple[Matrix, Matrix]:
        """U (g, r) and K (r, r) with B = rest^2 S^4 + U K U'; Q = rest S^2 + P N P', P = [Z, S^2 Z]."""
        variance, R = self.cluster.spread[:, None] ** 2, self.R
        Z, L, T = R.Z, R.L, R.Z.shape[1]
        P = np.hstack([Z, variance * Z])
        N = np.block([[L @ (Z.T @ (variance * Z)) @ L, R.rest * L], [R.rest * L, np.zeros((T, T))]])
        U = np.hstack([P, variance * P, self.fitted])
        p = self.fitted.shape[1]
        crossed = R.rest**2 * N
        inner = np.zeros((4 * T + p, 4 * T + p))
        inner[: 2 * T, : 2 * T] = N @ (P.T @ P) @ N
        inner[: 2 * T, 2 * T : 4 * T] = inner[2 * T : 4 * T, : 2 * T] = crossed
        inner[4 * T :, 4 * T :] = -self.bread
        return U, inner


def shifted_inverses(lowest: float, highest: float) -> tuple[Vector, Vector]:
    """Shifts s and shares c with x^-1/2 = sum of c / (x + s) for x from ``lowest`` to ``highest``."""
    ratio = lowest / highest
    number = int(np.ceil((3.0 - np.log(ratio)) * -np.log(ACCURACY) / (2.0 * np.pi**2))) + 1
    period = float(special.ellipkm1(ratio))
    sn, cn, dn, _ = special.ellipj((np.arange(number) + 0.5) * period / number, 1.0 - ratio)
    shares = (2.0 / np.pi) * np.sqrt(lowest) * (period / number) * dn / cn**2
    return lowest * (sn / cn) ** 2, shares
