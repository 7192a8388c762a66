"""Whether a likelihood alone has a finite maximum: patterns of covariates with events alone, or none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.imputation.separation import separating_columns

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def unbounded_columns(X: Matrix, y: Vector, size: Vector, *, counts: bool) -> tuple[int, ...]:
    """Columns of X (n, p) along which the likelihood of y of ``size`` (n,) rises for ever; empty if none.

    Rows with the same columns count together. Those with events and others must not move, those with
    events alone may rise, those with none may fall; of ``counts`` there are always others. Where the first
    alone fix every column, nothing more is asked.
    """
    patterns, codes = np.unique(X, axis=0, return_inverse=True)
    events = np.bincount(codes.ravel(), y) > 0.0
    others = np.ones_like(events) if counts else np.bincount(codes.ravel(), size - y) > 0.0
    if np.linalg.matrix_rank(patterns[events & others]) == X.shape[1]:
        return ()
    rows = np.concatenate([patterns[events], patterns[others]])
    return separating_columns(rows, np.repeat([1.0, 0.0], [events.sum(), others.sum()]))
