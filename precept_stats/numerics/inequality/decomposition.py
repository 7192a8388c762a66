"""What of a change in the variance between areas goes with the mean, and what is a change of the spread.

Were the odds of every area multiplied by one factor (or, for rates, the rates themselves), such that the mean
became that of the later period, the areas would be nearer to each other or farther apart although their
spread on the scale of the log odds did not change: near a bound there is no room. That counterfactual
variance less the earlier one is the part from the mean; the later variance less the counterfactual one is the
part from the spread. All three variances are without sampling error: q = y'Ay less tr(AV). With Q the matrix
of a difference of such quadratic forms in the estimates z of both periods, its variance 4 z'QVQz + 2
tr(QVQV) is estimated without bias by the delta method less 2 tr(QVQV). After Kitagawa 1955 (J Am Stat Assoc
50:1168), standardising the level in place of the composition.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Link = Literal["logit", "log", "identity"]

FARTHEST = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class PeriodEstimates:
    """Estimates (K,) with shares of the population (K,), which sum to one."""

    y: Vector
    share: Vector

    @property
    def mean(self) -> float:
        return float(self.y @ self.share)

    @property
    def centred(self) -> Matrix:
        found: Matrix = np.diag(self.share) - np.outer(self.share, self.share)
        return found


@dataclass(frozen=True, slots=True)
class Part:
    """A difference of variances without sampling error, and its standard error."""

    value: float
    std_error: float


@dataclass(frozen=True, slots=True)
class Decomposition:
    """``total`` = ``from_mean`` + ``from_spread``; ``expected`` is the counterfactual variance."""

    total: Part
    from_mean: Part
    from_spread: Part
    expected: float


@dataclass(frozen=True, slots=True, eq=False)
class _Moved:
    """Areas after the common factor: ``y`` (K,), its Jacobian (K, 2K) in the estimates of both periods."""

    y: Vector
    jacobian: Matrix


def decompose(
    earlier: PeriodEstimates, later: PeriodEstimates, covariance: Matrix, link: Link, top: float = 1.0
) -> Decomposition:
    """The parts of the change; ``covariance`` (2K, 2K) is of the earlier estimates, then the later ones.

    ``top`` is the largest value there can be, where the link is the logit.
    """
    count = len(earlier.y)
    moved = _moved(earlier, later, link, top)
    first, last = np.eye(count, 2 * count), np.eye(count, 2 * count, count)
    before = _form(earlier.y, first, earlier.centred, covariance)
    after = _form(later.y, last, later.centred, covariance)
    between = _form(moved.y, moved.jacobian, earlier.centred, covariance)
    return Decomposition(
        _part(after, before, covariance),
        _part(between, before, covariance),
        _part(after, between, covariance),
        between.value,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Form:
    """A quadratic form y'Ay of estimates: its value without sampling error, gradient and matrix."""

    value: float
    gradient: Vector
    matrix: Matrix


def _form(y: Vector, jacobian: Matrix, centred: Matrix, covariance: Matrix) -> _Form:
    """``jacobian`` (K, 2K) is that of y in the estimates of both periods."""
    matrix = jacobian.T @ centred @ jacobian
    pulled = y @ centred
    return _Form(float(pulled @ y - np.sum(matrix * covariance)), 2.0 * pulled @ jacobian, matrix)


def _part(above: _Form, below: _Form, covariance: Matrix) -> Part:
    slope = above.gradient - below.gradient
    product = (above.matrix - below.matrix) @ covariance
    second = 2.0 * float(np.sum(product * product.T))
    variance = max(float(slope @ covariance @ slope) - second, second)
    return Part(above.value - below.value, math.sqrt(max(variance, 0.0)))


def _moved(earlier: PeriodEstimates, later: PeriodEstimates, link: Link, top: float) -> _Moved:
    y, share, target = earlier.y, earlier.share, later.mean
    if link == "identity":
        shift = target - earlier.mean
        own, common = np.ones(len(y)), np.ones(len(y))
        return _with_jacobian(y + shift, (own, common), earlier, later)
    if link == "log":
        factor = target / earlier.mean
        return _with_jacobian(factor * y, (np.full(len(y), factor), factor * y), earlier, later)
    unit = y / top

    def at(log_factor: float) -> Vector:
        factor = math.exp(log_factor)
        found: Vector = unit * factor / (1.0 - unit + unit * factor)
        return found

    def excess(log_factor: float) -> float:
        return float(at(log_factor) @ share) - target / top

    log_factor = float(optimize.brentq(excess, -FARTHEST, FARTHEST, xtol=1e-14, rtol=1e-14))
    found, factor = at(log_factor), math.exp(log_factor)
    own = factor / (1.0 - unit + unit * factor) ** 2
    return _with_jacobian(top * found, (own, top * found * (1.0 - found)), earlier, later)


def _with_jacobian(
    y: Vector, slopes: tuple[Vector, Vector], earlier: PeriodEstimates, later: PeriodEstimates
) -> _Moved:
    """The factor follows both means: it moves with every estimate, and all areas move with it."""
    own, common = slopes
    room = float(earlier.share @ common)
    moves = np.concatenate([-earlier.share * own, later.share]) / room
    jacobian = np.hstack([np.diag(own), np.zeros((len(y), len(y)))]) + np.outer(common, moves)
    return _Moved(y, jacobian)
