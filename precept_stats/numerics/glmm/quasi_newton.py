"""Maximisation with exact gradients: BFGS from a good first Hessian, and a differenced one at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.glmm.newton import uphill

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]

MAX_ITERATIONS = 200
SETTLED = 1e-12
"""Twice the gain in log-likelihood that is left, at which the differenced Hessian takes over."""

DONE = 1e-18
"""The same, at which that one's Newton steps stop."""

STEP_IN_ERRORS = 3e-4
"""The step of differences, in standard errors of the parameter."""


class At(Protocol):
    """A criterion where it was evaluated."""

    @property
    def psi(self) -> Vector: ...
    @property
    def value(self) -> float: ...
    @property
    def gradient(self) -> Vector: ...


@dataclass(frozen=True, slots=True, eq=False)
class Summit[P: At]:
    """Where the search ended; ``information`` is minus the Hessian of the ``free`` parameters, the rest 0."""

    point: P
    information: Matrix
    iterations: int
    gain: float
    reason: str = ""

    def then(self, later: Summit[P]) -> Summit[P]:
        """A later search that went on from here, with the iterations of both."""
        return replace(later, iterations=self.iterations + later.iterations)


@dataclass(frozen=True, slots=True, eq=False)
class Search[P: At]:
    """What is maximised over the ``free`` parameters; ``evaluate`` starts from a point that is near.

    ``longest`` bounds one step by parameter; ``stop`` says why a search has no end (or nothing).
    """

    evaluate: Callable[[Vector, P], P]
    free: Mask
    longest: Vector
    stop: Callable[[P, Vector, float], str]

    def step(self, gradient: Vector, information: Matrix) -> Vector:
        out = np.zeros(len(gradient))
        free = self.free
        out[free] = uphill(gradient[free], information[np.ix_(free, free)])
        worst = float(np.max(np.abs(out) / self.longest))
        return out / max(worst, 1.0)

    def differenced(self, point: P, information: Matrix, which: Mask | None = None) -> Matrix:
        """Minus the derivatives of the gradient, by central differences, for the parameters in ``which``."""
        wanted = np.flatnonzero(self.free if which is None else self.free & which)
        found = information.copy()
        columns = {}
        for j in wanted:
            h = STEP_IN_ERRORS / np.sqrt(max(abs(float(information[j, j])), 1e-12))
            move = np.zeros(len(point.psi))
            move[j] = h
            up, down = (self.evaluate(point.psi + sign * move, point) for sign in (1.0, -1.0))
            columns[j] = (down.gradient - up.gradient) / (2.0 * h)
        for j, column in columns.items():
            found[:, j] = found[j, :] = np.where(self.free, column, 0.0)
        block = np.ix_(wanted, wanted)
        found[block] = np.array([columns[j][wanted] for j in wanted]).reshape(len(wanted), len(wanted))
        found[block] = (found[block] + found[block].T) / 2.0
        return found

    def along(self, point: P, step: Vector, gain: float) -> P | None:
        """The point after the longest halving of the step that raises the criterion; None when none does."""
        for halving in range(30):
            share = 0.5**halving
            other = self.evaluate(point.psi + share * step, point)
            finite = np.isfinite(other.value) and bool(np.isfinite(other.gradient).all())
            if finite and other.value >= point.value + 1e-4 * share * gain - 1e-13 * abs(point.value):
                return other
        return None


def climb[P: At](search: Search[P], point: P, information: Matrix) -> Summit[P]:
    """BFGS from a first information matrix, then Newton's method with the differenced Hessian."""
    iterations, reason = 0, ""
    while iterations < MAX_ITERATIONS:
        iterations += 1
        step = search.step(point.gradient, information)
        gain = float(point.gradient @ step)
        reason = search.stop(point, step, gain)
        if reason or gain < SETTLED:
            break
        other = search.along(point, step, gain)
        if other is None:
            break
        information = _updated(information, other.psi - point.psi, point.gradient - other.gradient)
        point = other
    if reason:
        return Summit(point, information, iterations, gain, reason)
    return _finished(search, point, information, iterations)


def _updated(information: Matrix, moved: Vector, fell: Vector) -> Matrix:
    """The BFGS update, damped (Powell 1978) where the criterion curves upwards."""
    before = information @ moved
    curved, expected = float(moved @ fell), float(moved @ before)
    if expected <= 0.0:
        return information
    if curved < 0.2 * expected:
        share = 0.8 * expected / (expected - curved)
        fell = share * fell + (1.0 - share) * before
        curved = float(moved @ fell)
    return information + np.outer(fell, fell) / curved - np.outer(before, before) / expected


def _finished[P: At](search: Search[P], point: P, information: Matrix, iterations: int) -> Summit[P]:
    for _ in range(12):
        information = search.differenced(point, information)
        step = search.step(point.gradient, information)
        gain = float(point.gradient @ step)
        reason = search.stop(point, step, gain)
        if gain < SETTLED or reason:
            break
        other = search.along(point, step, gain)
        if other is None:
            return Summit(point, information, iterations, gain, "no step raises the likelihood")
        point, iterations = other, iterations + 1
    if gain >= SETTLED and not reason:
        reason = "the iterations did not settle"
    if gain > DONE and not reason:
        point = search.evaluate(point.psi + step, point)
    return Summit(point, information, iterations, gain, reason)
