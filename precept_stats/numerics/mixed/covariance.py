"""The covariance of random effects: theta (relative Cholesky factors) and gamma (relative covariances).

theta holds the lower triangles of L, column by column, term after term, with L L' = G / sigma2 (Bates
et al. 2015, eq. 4); gamma the same triangles of L L'. Derivatives are found in gamma, where the
covariance is linear, and taken to theta by the chain rule.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.mixed.model import Matrix, MixedModel, Random, Vector
from precept_stats.numerics.mixed.statistics import factors


@dataclass(frozen=True, slots=True)
class Entry:
    """One variance parameter: of ``term``, row ``a`` and column ``b`` (a >= b) of its matrix.

    ``factor`` numbers the grouping factor and ``shift`` is where the term's coefficients begin in it.
    """

    term: int
    factor: int
    shift: int
    a: int
    b: int

    @property
    def rows(self) -> tuple[int, int]:
        """The two coefficients within the factor."""
        return self.shift + self.a, self.shift + self.b

    @property
    def on_diagonal(self) -> bool:
        return self.a == self.b


@dataclass(frozen=True, slots=True, eq=False)
class Structure:
    """The variance parameters of a model in order, and the width q of each grouping factor."""

    entries: tuple[Entry, ...]
    widths: tuple[int, ...]
    levels: tuple[int, ...]

    @property
    def diagonal(self) -> NDArray[np.bool_]:
        """Which parameters are on a diagonal: variances in gamma, bounded below by 0 in theta."""
        return np.array([entry.on_diagonal for entry in self.entries])

    def triangles(self, values: Vector) -> tuple[Matrix, ...]:
        """The values (theta, or gamma) as one lower triangular (q, q) matrix a factor."""
        found = [np.zeros((q, q)) for q in self.widths]
        for entry, value in zip(self.entries, values, strict=True):
            found[entry.factor][entry.rows] = value
        return tuple(found)

    def covariances(self, theta: Vector) -> tuple[Matrix, ...]:
        """G / sigma2 of a level of each factor, (q, q)."""
        return tuple(L @ L.T for L in self.triangles(theta))

    def gamma(self, theta: Vector) -> Vector:
        """The entries of the relative covariances."""
        found = self.covariances(theta)
        return np.array([found[entry.factor][entry.rows] for entry in self.entries])

    def jacobian(self, theta: Vector) -> Matrix:
        """The derivatives of gamma (rows) in theta (columns), (R, R)."""
        L = self.triangles(theta)
        found = np.zeros((len(self.entries), len(self.entries)))
        for j, moved in enumerate(self.entries):
            a, b = moved.rows
            change = np.zeros_like(L[moved.factor])
            change[a] = L[moved.factor][:, b]
            change = change + change.T
            for i, entry in enumerate(self.entries):
                if entry.factor == moved.factor:
                    found[i, j] = change[entry.rows]
        return found

    def curvature(self, gradient: Vector) -> Matrix:
        """The sum over gamma of its gradient times its second derivatives in theta, (R, R)."""
        by_place = {(e.factor, *e.rows): g for e, g in zip(self.entries, gradient, strict=True)}
        found = np.zeros((len(gradient), len(gradient)))
        for i, one in enumerate(self.entries):
            for j, other in enumerate(self.entries):
                if (one.term, one.b) == (other.term, other.b):
                    low, high = sorted((one.rows[0], other.rows[0]))
                    found[i, j] = by_place[one.factor, high, low] * (2.0 if low == high else 1.0)
        return found


def structure(model: MixedModel) -> Structure:
    """The variance parameters of a model, in the order of its random terms."""
    groups = factors(model)
    used, entries = [0] * len(groups), []
    for number, term in enumerate(model.random):
        factor = _place(term, model)
        for b in range(term.width):
            entries += [Entry(number, factor, used[factor], a, b) for a in range(b, term.width)]
        used[factor] += term.width
    return Structure(tuple(entries), tuple(used), tuple(group.levels for group in groups))


def _place(term: Random, model: MixedModel) -> int:
    return next(i for i, group in enumerate(factors(model)) if group is term.grouping)
