"""Fits under linear constraints on the fixed effects: pivot columns move into the offset."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from precept_stats.numerics.glmm.effects import StructuredRows

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Constraints:
    """contrasts @ beta held at values: ``kept`` columns (p - k,) stay, ``pivots`` (k,) follow from them.

    beta[pivots] = solver @ values - ties @ beta[kept]. To hold one coefficient is to drop its column and add
    value * column to the offset.
    """

    kept: Ints
    pivots: Ints
    solver: Matrix
    ties: Matrix

    @classmethod
    def on(cls, contrasts: Matrix) -> Constraints:
        """The constraints of independent rows (k, p); pivots are where the contrasts weigh most."""
        k = len(contrasts)
        _, _, order = linalg.qr(contrasts, pivoting=True, mode="economic")
        pivots, kept = np.sort(order[:k]), np.sort(order[k:])
        solver = np.linalg.inv(contrasts[:, pivots])
        return cls(kept.astype(np.intp), pivots.astype(np.intp), solver, solver @ contrasts[:, kept])

    def held(self, rows: StructuredRows, values: Vector) -> StructuredRows:
        """The rows of the model in the coefficients that stay."""
        offset = rows.X[:, self.pivots] @ (self.solver @ values)
        if rows.offset is not None:
            offset = offset + rows.offset
        X = rows.X[:, self.kept]
        if np.any(self.ties):
            X = X - rows.X[:, self.pivots] @ self.ties
        return replace(rows, X=np.ascontiguousarray(X), offset=offset)
