"""Degrees of freedom, asked per contrast: a rule is a function of the contrast's gradient.

Each rule is a frozen value that is called with the gradient (one weight a parameter) and
answers a float. Ask again for each contrast; never store the answer beside a fit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
DegreesOfFreedom = Callable[[Vector], float]


@dataclass(frozen=True, slots=True)
class FixedDf:
    """The same df for every contrast, such as clusters minus cluster-level parameters."""

    value: float
    reason: str

    def __call__(self, gradient: Vector) -> float:
        return self.value


@dataclass(frozen=True, slots=True, eq=False)
class WelchDf:
    """Satterthwaite's df for a sum of independent variances (Welch 1947, Biometrika 34:28).

    ``variances[k]`` is the variance of parameter k on ``dfs[k]`` df; parameters are independent.
    """

    variances: Vector
    dfs: Vector

    def __call__(self, gradient: Vector) -> float:
        parts = gradient**2 * self.variances
        return float(parts.sum() ** 2 / np.sum(parts**2 / self.dfs))


@dataclass(frozen=True, slots=True, eq=False)
class SatterthwaiteDf:
    """Satterthwaite's df of a sandwich variance, sum (s_i e_i)^2 with s = scores @ gradient.

    ``scores`` is (n, p) and ``residual_covariance`` (n, n), that of the residuals e under a working
    model: df = (sum s_i^2 T_ii)^2 / sum s_i^2 s_j^2 T_ij^2 (Bell and McCaffrey 2002; Pustejovsky and
    Tipton 2018, J Bus Econ Stat 36:672, eq. 11).
    """

    scores: NDArray[np.float64]
    residual_covariance: NDArray[np.float64]

    def __call__(self, gradient: Vector) -> float:
        squares = (self.scores @ gradient) ** 2
        mean = squares @ np.diag(self.residual_covariance)
        return float(mean**2 / (squares @ self.residual_covariance**2 @ squares))


@dataclass(frozen=True, slots=True, eq=False)
class LeadingDf:
    """A rule for the first ``count`` parameters, asked for a contrast's part in these.

    Of use where the last parameters are variances, which the rule takes account of by itself. A function
    of the variances alone has a normal reference: no such rule is for these.
    """

    rule: DegreesOfFreedom
    count: int

    def __call__(self, gradient: Vector) -> float:
        leading = gradient[: self.count]
        return self.rule(leading) if np.any(leading) else math.inf
