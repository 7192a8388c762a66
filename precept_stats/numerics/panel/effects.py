"""Rows of a panel, and the effects of units and periods that are taken out of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from precept_stats.errors import FitError
from precept_stats.numerics.linear import ALIAS_TOLERANCE, aliased_columns

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """n rows, at most one a unit and period; ``unit``, ``period``, ``cluster`` (n,) number from 0, no gaps.

    Periods are in order. ``weights`` are above 0.
    """

    y: Vector
    unit: Ints
    period: Ints
    weights: Vector
    cluster: Ints

    @property
    def n_units(self) -> int:
        return int(self.unit.max()) + 1

    @property
    def n_periods(self) -> int:
        return int(self.period.max()) + 1

    @property
    def n_clusters(self) -> int:
        return int(self.cluster.max()) + 1

    @property
    def n_effects(self) -> int:
        """How many effects of units and periods can be told apart, where all are connected."""
        return self.n_units + self.n_periods - 1


def effect_columns(panel: Panel) -> Matrix:
    """A column for each unit, and for each period but the first (n, units + periods - 1)."""
    units = np.eye(panel.n_units)[panel.unit]
    periods = np.eye(panel.n_periods)[panel.period]
    return np.column_stack([units, periods[:, 1:]])


def require_connected(panel: Panel) -> None:
    """FitError where the units fall into groups that have no period in common."""
    units = panel.n_units
    size = units + panel.n_periods
    links = sparse.coo_matrix((np.ones(len(panel.y)), (panel.unit, units + panel.period)), shape=(size, size))
    parts, _ = sparse.csgraph.connected_components(links, directed=False)
    if parts > 1:
        raise FitError(
            "units cannot be compared period by period: they fall into groups that share no period",
            found=f"{parts} groups",
            allowed="units whose periods overlap, directly or through others",
        )


def without_effects(panel: Panel, columns: Matrix) -> Matrix:
    """What the effects of units and periods leave of columns (n, k), by weighted least squares."""
    effects = effect_columns(panel)
    weighted = effects * panel.weights[:, None]
    found: Matrix = columns - effects @ linalg.solve(
        weighted.T @ effects, weighted.T @ columns, assume_a="pos"
    )
    return found


def absorbed_columns(panel: Panel, columns: Matrix) -> tuple[int, ...]:
    """Columns (n, k) that are combinations of the effects and of columns to their left."""
    root = np.sqrt(panel.weights)[:, None]
    left = without_effects(panel, columns)
    gone = np.linalg.norm(root * left, axis=0) <= ALIAS_TOLERANCE * np.linalg.norm(root * columns, axis=0)
    left = np.where(gone, 0.0, left)
    return tuple(sorted(set(np.flatnonzero(gone).tolist()) | set(aliased_columns(root * left))))


def row_weights(panel: Panel, columns: Matrix, contrast: Vector) -> Vector:
    """How much each row counts in a contrast of the coefficients: the estimate is their product with y (n,).

    They add up to 0 in every unit and every period. Over the rows that a treatment has reached they say which
    effects the estimate is an average of: de Chaisemartin and D'Haultfoeuille (2020), Am Econ Rev 110:2964,
    theorem 1, for the coefficient of the treatment alone.
    """
    left = without_effects(panel, columns)
    weighted = left * panel.weights[:, None]
    found: Vector = weighted @ linalg.solve(weighted.T @ left, contrast, assume_a="pos")
    return found
