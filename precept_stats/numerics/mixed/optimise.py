"""Newton's method in theta with a trust region, and the boundary: variances of zero found and said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.mixed.model import Matrix, Vector

MAX_STEPS = 200
DECREMENT = 1e-13
"""Converged when Newton's step would lower the deviance by less than this (per unit, above 1)."""

ZERO = 1e-4
"""A relative standard deviation below this is tried at zero."""


SETTLED = 1e-11
"""In long evaluations (without exact Hessians) a last step below this share of theta is not taken."""


class Point(Protocol):
    """The deviance at theta with its gradient and Hessian there."""

    @property
    def theta(self) -> Vector: ...
    @property
    def value(self) -> float: ...
    @property
    def gradient(self) -> Vector: ...
    @property
    def hessian(self) -> Matrix: ...


@dataclass(frozen=True, slots=True, eq=False)
class Optimum[P: Point]:
    """Where the search ended: the point, whether it converged, evaluations, and which theta are at zero."""

    point: P
    converged: bool
    evaluations: int
    decrement: float


def minimise[P: Point](
    evaluate: Callable[[Vector], P],
    starts: tuple[Vector, ...],
    diagonal: NDArray[np.bool_],
    *,
    exact: bool = True,
) -> Optimum[P]:
    """From the best of the starts to the minimum; ``diagonal`` marks theta that are bounded below by 0.

    The deviance does not change with the sign of a column of a Cholesky factor, so a bound is a point
    of symmetry and the search needs no constraint: a variance goes to zero quadratically. Hessians that
    are not ``exact`` are corrected by what the gradients of the steps before say.
    """
    points = [evaluate(start) for start in starts]
    point = min(points, key=lambda each: each.value)
    evaluations, radius = len(points), max(1.0, float(np.linalg.norm(point.theta)))
    tries, missing = 0, np.zeros_like(point.hessian)
    while evaluations < MAX_STEPS:
        step, promised = _newton_step(point.gradient, point.hessian + missing, radius)
        if promised <= DECREMENT * max(1.0, abs(point.value) * 1e-6):
            settled = _off_saddle(evaluate, point) or _at_zero(evaluate, point, diagonal)
            if settled is None or tries > 5:
                found = Optimum(point, True, evaluations, promised)
                step, _ = _newton_step(point.gradient, point.hessian + missing, np.inf)
                near = not exact and bool(np.all(np.abs(step) <= SETTLED * np.abs(point.theta)))
                return found if near else _polished(evaluate, found, step)
            point, tries, evaluations = settled, tries + 1, evaluations + 1
            continue
        trial = _attempt(evaluate, point.theta + step)
        evaluations += 1
        gained = point.value - trial.value if trial is not None else -np.inf
        noise = 1e-12 * max(1.0, abs(point.value))
        flat = promised < 10.0 * noise
        if trial is not None and (gained > 0.1 * promised or (flat and gained > -noise)):
            if gained > 0.75 * promised:
                radius = max(radius, 3.0 * float(np.linalg.norm(step)))
            if flat and _promise(trial) >= promised:
                return Optimum(_at_zero(evaluate, point, diagonal) or point, True, evaluations, promised)
            if not exact:
                missing = _corrected(missing, point, trial)
            point = trial
        else:
            radius, missing = 0.25 * float(np.linalg.norm(step)), np.zeros_like(missing)
            if radius < 1e-14 * max(1.0, float(np.linalg.norm(point.theta))):
                break
    return Optimum(point, False, evaluations, _promise(point))


def _attempt[P: Point](evaluate: Callable[[Vector], P], theta: Vector) -> P | None:
    """The point at theta; None where variances are so large that the equations have no solution."""
    try:
        point = evaluate(theta)
    except np.linalg.LinAlgError:
        return None
    finite = (
        np.isfinite(point.value) and np.isfinite(point.gradient).all() and np.isfinite(point.hessian).all()
    )
    return point if finite else None


def _corrected(missing: Matrix, before: Point, after: Point) -> Matrix:
    """What the Hessian misses, by the symmetric rank-one update (Conn, Gould and Toint 1991).

    The change of the gradient is set beside the mean of the Hessians at both ends of the step, so that
    how the curvature itself changes on the way is not taken for a part that misses.
    """
    step = after.theta - before.theta
    mean = (before.hessian + after.hessian) / 2.0 + missing
    left = after.gradient - before.gradient - mean @ step
    along = float(left @ step)
    if abs(along) <= 1e-8 * float(np.linalg.norm(left) * np.linalg.norm(step)):
        return missing
    corrected: Matrix = missing + np.outer(left, left) / along
    return corrected


def _newton_step(gradient: Vector, hessian: Matrix, radius: float) -> tuple[Vector, float]:
    """Newton's step with eigenvalues made positive, no longer than the radius, and the gain it promises."""
    values, vectors = np.linalg.eigh(hessian)
    slopes = vectors.T @ gradient
    curvature = np.maximum(np.abs(values), 1e-8 * max(1e-300, float(np.max(np.abs(values), initial=0.0))))
    along = -slopes / curvature
    length = float(np.linalg.norm(along))
    shrink = min(1.0, radius / length) if length > 0 else 1.0
    promised = -shrink * float(slopes @ along) - 0.5 * shrink**2 * float(curvature @ along**2)
    return shrink * (vectors @ along), promised


def _promise(point: Point) -> float:
    return _newton_step(point.gradient, point.hessian, np.inf)[1]


def _polished[P: Point](evaluate: Callable[[Vector], P], found: Optimum[P], step: Vector) -> Optimum[P]:
    """One more Newton step, kept when the gradient is smaller there: the deviance is too flat to tell.

    What is at zero stays there: the rounding of its gradient would move it.
    """
    step = np.where(found.point.theta == 0.0, 0.0, step)
    trial = _attempt(evaluate, found.point.theta + step)
    better = trial is not None and float(np.abs(trial.gradient).max()) < float(
        np.abs(found.point.gradient).max()
    )
    point = trial if trial is not None and better else found.point
    return Optimum(point, True, found.evaluations + 1, _promise(point))


def _off_saddle[P: Point](evaluate: Callable[[Vector], P], point: P) -> P | None:
    """A lower point beside a stationary one whose curvature points down; None when there is none."""
    values, vectors = np.linalg.eigh(point.hessian)
    if values[0] >= -1e-6 * max(1.0, float(np.max(np.abs(values)))):
        return None
    for size in (0.5, 0.1, 0.01):
        trial = evaluate(point.theta + size * vectors[:, 0])
        if trial.value < point.value:
            return trial
    return None


def _at_zero[P: Point](evaluate: Callable[[Vector], P], point: P, diagonal: NDArray[np.bool_]) -> P | None:
    """The point with vanishing diagonal entries of theta put to exactly zero, when that is no worse."""
    small = diagonal & (np.abs(point.theta) < ZERO) & (point.theta != 0.0)
    if not small.any():
        return None
    trial = evaluate(np.where(small, 0.0, point.theta))
    return trial if trial.value <= point.value + 1e-9 * max(1.0, abs(point.value) * 1e-3) else None
