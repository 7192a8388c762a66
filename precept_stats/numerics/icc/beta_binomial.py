"""The beta-binomial model by maximum likelihood: one correlation, a proportion for each group.

The probability of y events among n is a product of terms p + j g, 1 - p + j g and 1 + j g with
g = rho / (1 - rho), which also stands for negative correlations as long as all terms are positive (Prentice
1986, J Am Stat Assoc 81:321).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from precept_stats.errors import FitError
from precept_stats.numerics.icc.clustered import Clustered, Vector, require_pairs

LARGEST = 1e6
"""The largest g = rho / (1 - rho) that is looked at."""
EDGE = 1e-6
"""The share of the way from 0 to the least g at which a negative estimate is one on the boundary."""
NARROW = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """How many clusters of a group have more than j events, non-events and members, for j from 0."""

    events: Vector
    others: Vector
    members: Vector

    def log_likelihood(self, p: float, g: float) -> float:
        with np.errstate(divide="ignore", invalid="ignore"):
            parts = (
                self.events @ np.log(p + g * np.arange(len(self.events))),
                self.others @ np.log(1.0 - p + g * np.arange(len(self.others))),
                -(self.members @ np.log1p(g * np.arange(len(self.members)))),
            )
        value = float(sum(parts))
        return value if np.isfinite(value) else -np.inf

    def best(self, g: float) -> float:
        """The log-likelihood at the likeliest proportion for this g."""
        reach = -g * (len(self.members) - 1.0) if g < 0.0 else 0.0
        edge = reach + NARROW
        found = optimize.minimize_scalar(
            lambda p: -self.log_likelihood(p, g), bounds=(edge, 1.0 - edge), options={"xatol": 1e-13}
        )
        return -float(found.fun)


@dataclass(frozen=True, slots=True, eq=False)
class BetaBinomial:
    """The model of some clusters: its groups, and the least g that it has for all of them."""

    groups: tuple[_Counts, ...]
    least: float

    @property
    def lowest(self) -> float:
        """The least correlation that is looked at."""
        return _share(self.least * (1.0 - EDGE))

    def best(self, g: float) -> float:
        """The profile log-likelihood of g."""
        return sum(group.best(g) for group in self.groups)

    def estimate(self) -> float:
        """The likeliest correlation. FitError where the likelihood has no top inside its range."""
        lower, upper = self.least * (1.0 - EDGE), LARGEST
        grid = np.concatenate(
            [np.linspace(lower, 0.0, 8, endpoint=False), [0.0], np.geomspace(1e-6, upper, 40)]
        )
        heights = [self.best(float(g)) for g in grid]
        top = int(np.argmax(heights))
        if top in (0, len(grid) - 1):
            raise FitError(
                "the likelihood of the beta-binomial model has no maximum inside its range",
                found=f"a correlation that runs to {_share(float(grid[top])):.6g}",
                allowed="clusters that are neither all alike inside nor less alike than the model can be",
            )
        around = (float(grid[top - 1]), float(grid[top + 1]))
        close = 1e-12 * (1.0 + abs(around[1]))
        found = optimize.minimize_scalar(lambda g: -self.best(g), bounds=around, options={"xatol": close})
        return _share(float(found.x))

    def limits(self, level: float) -> tuple[float, float]:
        """The correlations that a likelihood-ratio test does not reject; an end may be that of the range."""
        g = _odds(self.estimate())
        floor = self.best(g) - 0.5 * float(special.chdtri(1, 1.0 - level))
        lower, upper = self.least * (1.0 - EDGE), LARGEST
        ends = []
        for end in (lower, upper):
            if self.best(end) >= floor:
                ends.append(end)
            else:
                ends.append(float(optimize.brentq(lambda at: self.best(at) - floor, g, end, xtol=1e-14)))
        return _share(ends[0]), _share(ends[1])


def beta_binomial(data: Clustered) -> BetaBinomial:
    """The model of these clusters. FitError where no correlation can be seen."""
    require_pairs(data)
    groups = []
    for number in np.unique(data.group):
        mine = data.group == number
        y, n = data.total[mine], data.size[mine]
        if y.sum() == 0.0 or y.sum() == n.sum():
            continue
        groups.append(_Counts(_more_than(y), _more_than(n - y), _more_than(n)))
    return BetaBinomial(tuple(groups), -0.5 / (float(data.size.max()) - 1.0))


def _more_than(counts: Vector) -> Vector:
    """The number of counts above j, for j = 0, 1, ... up to the largest less 1."""
    at = np.bincount(counts.astype(np.intp))
    return (len(counts) - np.cumsum(at)[:-1]).astype(np.float64)


def _share(g: float) -> float:
    return g / (1.0 + g)


def _odds(rho: float) -> float:
    return rho / (1.0 - rho)
