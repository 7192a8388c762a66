"""Between-within degrees of freedom: those of the level at which the terms of a contrast vary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.joint import JointTest, contrast_rank, f_test, wald

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class BetweenWithinDf:
    """At each level the units there, less the units above, less the parameters that vary there.

    ``counts`` are the units from the coarsest grouping to the rows; ``levels`` (p,) number the level of
    each parameter: the coarsest grouping within whose units its column is constant, else the rows. The
    intercept is of the coarsest. A contrast of parameters of several levels gets the smallest df, as in
    nlme (Pinheiro and Bates 2000, Mixed-Effects Models in S and S-PLUS, section 2.4.2; nlme itself counts
    the intercept as of the rows).
    """

    levels: NDArray[np.intp]
    counts: tuple[float, ...]

    def at(self, level: int) -> float:
        """The degrees of freedom of one level."""
        above = self.counts[level - 1] if level else 0.0
        return float(self.counts[level] - above - np.count_nonzero(self.levels == level))

    def __call__(self, gradient: Vector) -> float:
        return min(self.at(int(level)) for level in np.unique(self.levels[gradient != 0.0]))

    def joint(self, params: Vector, covariance: Matrix, contrasts: Matrix) -> JointTest:
        """The F test of contrasts @ params = 0, on the smallest df of its parameters."""
        rank = contrast_rank(contrasts)
        df = self(np.any(contrasts != 0.0, axis=0).astype(np.float64))
        return f_test(wald(params, covariance, contrasts) / rank, rank, df)
