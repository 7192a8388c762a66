"""Between-within degrees of freedom: those of the level at which the terms of a contrast vary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class BetweenWithinDf:
    """Clusters minus parameters constant within clusters, or rows minus clusters minus the others.

    ``between`` (p,) marks parameters whose columns are constant within every cluster, the intercept among
    them. A contrast that weighs both kinds gets the smaller df, as in nlme (Pinheiro and Bates 2000,
    Mixed-Effects Models in S and S-PLUS, section 2.4.2; nlme itself counts the intercept as within).
    """

    between: NDArray[np.bool_]
    clusters: int
    rows: float

    @property
    def df_between(self) -> float:
        return float(self.clusters - np.count_nonzero(self.between))

    @property
    def df_within(self) -> float:
        return float(self.rows - self.clusters - np.count_nonzero(~self.between))

    def __call__(self, gradient: Vector) -> float:
        used = gradient != 0.0
        if np.any(used & self.between):
            return self.df_between if np.all(self.between[used]) else min(self.df_between, self.df_within)
        return self.df_within
