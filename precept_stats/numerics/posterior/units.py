"""Counts of units whose effects have several directions: the log-likelihood without these effects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.glmm.quadrature import gauss_hermite
from precept_stats.numerics.posterior.correlated import ByUnit, factor, partials, slopes
from precept_stats.numerics.posterior.counts import Sparse, sparse

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]

NUMBERS = {"binomial": 0, "poisson": 1}
MOST_NODES = 7
ENOUGH = 0.01
"""How much errors of a log-likelihood may vary over a posterior."""


@dataclass(frozen=True, slots=True, eq=False)
class UnitCounts:
    """Totals y (m,) with denominators size (m,), X (m, p), Z (m, q), rows sorted by unit.

    ``starts`` (K + 1,) are where units begin. The coordinates are beta (p,), the standard deviations of the
    effects (q,) and, where ``correlated``, what ``correlated.factor`` makes correlations of. ``nodes`` are
    points of quadrature in each direction.
    """

    law: Literal["binomial", "poisson"]
    X: Matrix
    Z: Matrix
    y: Vector
    size: Vector
    starts: Ints
    correlated: bool
    nodes: int = 3

    @property
    def scales(self) -> int:
        """How many coordinates come after beta."""
        q = int(self.Z.shape[1])
        return q + partials(q) * self.correlated

    def sparing(self, places: Matrix) -> UnitCounts:
        """The same with the fewest nodes that will do, judged at coordinates (m, p + scales).

        Errors of the log-likelihood vary over these by less than a hundredth, so that a posterior mean is off
        by no more than that share of its standard deviation.
        """
        exact = self._values(replace(self, nodes=MOST_NODES), places)
        for count in range(3, MOST_NODES, 2):
            found = replace(self, nodes=count)
            if np.std(self._values(found, places) - exact) < ENOUGH:
                return found
        return replace(self, nodes=MOST_NODES)

    @staticmethod
    def _values(of: UnitCounts, places: Matrix) -> Vector:
        evaluate = of.evaluator()
        return np.array([evaluate(place)[0] for place in places])

    def finer(self) -> UnitCounts:
        """The same with so many nodes that the integrals may be called exact."""
        return replace(self, nodes=self.nodes + 4)

    def evaluator(self) -> UnitCountsEvaluator:
        """Something that evaluates it, with modes of its own to start from."""
        from precept_stats.numerics.posterior import kernels_units  # lazy: compiling needs numba

        q = self.Z.shape[1]
        one = gauss_hermite(self.nodes)
        chosen = sorted(product(range(self.nodes), repeat=q), key=lambda at: sum(abs(one.at[j]) for j in at))
        at = np.array(chosen, dtype=np.intp)
        nodes = np.ascontiguousarray(one.at[at]), one.log_weight[at].sum(axis=1)
        modes, table = np.zeros((len(self.starts) - 1, q)), kernels_units.softplus_table()
        across = np.ascontiguousarray(self.Z.T)
        return UnitCountsEvaluator(self, sparse(self.X), nodes, modes, across, table)


@dataclass(frozen=True, slots=True, eq=False)
class UnitCountsEvaluator:
    """The log-likelihood (without its constant) and slopes; remembers where the modes were."""

    of: UnitCounts
    X: Sparse
    nodes: tuple[Matrix, Vector]
    modes: Matrix
    across: Matrix
    table: Matrix

    def __call__(self, coordinates: Vector) -> tuple[float, Vector]:
        """The value and its slopes (p + scales,) at coordinates (p + scales, and maybe more)."""
        from precept_stats.numerics.posterior import kernels  # lazy: compiling needs numba

        values, of_rows, of_factor, _, _ = self._units(coordinates)
        of_sds, of_partials = slopes(*self._scales(coordinates), of_factor)
        return float(values.sum()), np.concatenate([kernels.crossed(self.X, of_rows), of_sds, of_partials])

    def by_cluster(self, coordinates: Vector) -> Vector:
        """The log-likelihood of each unit (K,), its effects integrated out."""
        return self._units(coordinates)[0]

    def by_unit(self, coordinates: Vector) -> ByUnit:
        """Of each unit, given all else and the data."""
        values, _, _, means, seconds = self._units(coordinates)
        A = factor(*self._scales(coordinates))
        return ByUnit(values, means @ A.T, A @ seconds @ A.T)

    def drawn_effects(self, coordinates: Vector, uniform: Vector) -> Vector:
        """Units have effects of several directions: ``by_unit`` has their moments."""
        raise NotImplementedError

    def _scales(self, coordinates: Vector) -> tuple[Vector, Vector]:
        p, q = self.of.X.shape[1], self.of.Z.shape[1]
        return coordinates[p : p + q], coordinates[p + q : p + self.of.scales]

    def _units(self, coordinates: Vector) -> tuple[Vector, Vector, Matrix, Matrix, NDArray[np.float64]]:
        from precept_stats.numerics.posterior import kernels, kernels_units  # lazy: compiling needs numba

        data = self.of
        self.modes[~np.isfinite(self.modes)] = 0.0
        fixed = kernels.times(self.X, coordinates[: data.X.shape[1]])
        rows = data.y, data.size, fixed, self.across, data.starts
        A = factor(*self._scales(coordinates))
        found: tuple[Vector, Vector, Matrix, Matrix, NDArray[np.float64]] = kernels_units.unit_sums(
            NUMBERS[data.law], rows, A, (*self.nodes, self.modes), self.table
        )
        return found
