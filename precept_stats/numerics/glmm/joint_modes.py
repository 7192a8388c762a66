"""The most likely random effects of all factors together, given the parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.glmm.effects import Effects
from precept_stats.numerics.glmm.elimination import Loadings, Pattern, solve_at
from precept_stats.numerics.glmm.families import Family

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

LONGEST_STEP = 3.0
CLOSE = 1e-6
"""A step this short is the last one: Newton's method squares the error."""

MAX_ITERATIONS = 60
MAX_HALVINGS = 25


@dataclass(frozen=True, slots=True, eq=False)
class Modes:
    """Standardised random effects u: of the eliminated factor (levels, q), of the others (flat,)."""

    first: Matrix
    rest: Vector

    @property
    def square(self) -> float:
        return float(np.sum(self.first**2) + np.sum(self.rest**2))

    def spread(self, pattern: Pattern, A: Loadings) -> Vector:
        """A u by row (n,)."""
        eta: Vector = np.zeros(len(A.first))
        for a in range(A.first.shape[1]):
            eta += A.first[:, a] * self.first[:, a][pattern.codes]
        for b in range(A.rest.shape[1]):
            eta += A.rest[:, b] * self.rest[pattern.place[:, b]]
        return eta

    def moved(self, step: Modes, share: Vector, pattern: Pattern) -> Modes:
        """These plus the step times each block's share (blocks,)."""
        first = self.first + share[pattern.block_of_level][:, None] * step.first
        return Modes(first, self.rest + np.repeat(share, pattern.m) * step.rest)

    def squares(self, pattern: Pattern) -> Vector:
        """The sum of squares by block (blocks,)."""
        of_first = np.bincount(
            pattern.block_of_level, weights=np.sum(self.first**2, axis=1), minlength=pattern.blocks
        )
        return of_first + np.sum(self.rest.reshape(pattern.blocks, pattern.m) ** 2, axis=1)

    def longest(self, pattern: Pattern) -> Vector:
        """The largest of their absolute values by block (blocks,)."""
        found = np.max(np.abs(self.rest).reshape(pattern.blocks, pattern.m), axis=1, initial=0.0)
        np.maximum.at(found, pattern.block_of_level, np.max(np.abs(self.first), axis=1))
        return found

    @property
    def largest(self) -> float:
        return max(float(np.max(np.abs(self.first))), float(np.max(np.abs(self.rest), initial=0.0)))


def zero_modes(pattern: Pattern) -> Modes:
    """All random effects at 0."""
    return Modes(np.zeros((pattern.levels, pattern.width)), np.zeros(pattern.flat))


def transposed(pattern: Pattern, A: Loadings, values: Vector) -> Modes:
    """A' times values by row (n,)."""
    first = pattern.by_first(A.first * values[:, None])
    rest = np.zeros(pattern.flat)
    for b in range(A.rest.shape[1]):
        rest += np.bincount(pattern.place[:, b], weights=A.rest[:, b] * values, minlength=pattern.flat)
    return Modes(first, rest)


@dataclass(frozen=True, slots=True, eq=False)
class _Height:
    """h = sum l - u'u / 2 by independent block, and the derivatives of the rows there."""

    modes: Modes
    by_block: Vector
    first: Vector
    second: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Conditional:
    """The likelihood of the rows given the random effects: ``fixed`` (n,) is offset + X beta."""

    data: Effects
    pattern: Pattern
    family: Family
    A: Loadings
    fixed: Vector

    def height(self, modes: Modes) -> _Height:
        eta = self.fixed + modes.spread(self.pattern, self.A)
        value, first, second = self.family.curve(eta, self.data.y, self.data.size)
        blocks = np.bincount(self.pattern.block, weights=value, minlength=self.pattern.blocks)
        return _Height(modes, blocks - 0.5 * modes.squares(self.pattern), first, second)


def find_joint_modes(at: Conditional, start: Modes) -> Modes:
    """Maximise h over u by Newton's method; in every independent block a step that loses is halved."""
    found = at.height(start)
    for _ in range(MAX_ITERATIONS):
        slope = transposed(at.pattern, at.A, found.first)
        solved = solve_at(at.pattern, at.A, -found.second)
        first, rest = solved.solve(
            (slope.first - found.modes.first)[:, :, None], (slope.rest - found.modes.rest)[:, None]
        )
        step = Modes(first[:, :, 0], rest[:, 0])
        if step.largest < CLOSE:
            return found.modes.moved(step, np.ones(at.pattern.blocks), at.pattern)
        found = _higher(at, found, step)
    return found.modes


def _higher(at: Conditional, found: _Height, step: Modes) -> _Height:
    share = np.minimum(1.0, LONGEST_STEP / np.maximum(step.longest(at.pattern), LONGEST_STEP))
    other = at.height(found.modes.moved(step, share, at.pattern))
    for _ in range(MAX_HALVINGS):
        fell = ~(other.by_block >= found.by_block - 1e-9 * (1.0 + np.abs(found.by_block)))
        if not fell.any():
            break
        share[fell] *= 0.5
        other = at.height(found.modes.moved(step, share, at.pattern))
    return other
