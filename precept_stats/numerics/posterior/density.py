"""A posterior as a density of coordinates: likelihood and priors, its mode, and a scale to sample it on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtri

from precept_stats.numerics.posterior.laws import Folded, Known, Law, Normal

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

Evaluate = Callable[[Vector], tuple[float, Vector]]

STEP = 1e-3
"""For differences of slopes at the mode."""

JUDGED = 12
"""Likely coordinates at which quadrature is judged."""

SOFTNESS = 0.5
"""Below how many standard deviations of a scale its coordinate bends."""

STIFFEST, SLACKEST = 1e10, 0.5
"""The range in which curvatures at the mode are kept, of coordinates whose prior has a width near 1."""


class LikelihoodEvaluator(Protocol):
    """The log-likelihood as a function of the coordinates, whole and by cluster."""

    def __call__(self, coordinates: Vector) -> tuple[float, Vector]:
        """The value and its slopes."""
        ...

    def by_cluster(self, coordinates: Vector) -> Vector:
        """The value of each cluster (K,), its effect integrated out."""
        ...

    def drawn_effects(self, coordinates: Vector, uniform: Vector) -> Vector:
        """A draw of every cluster's effect given all else (K,), from uniform numbers (K,)."""
        ...


class Likelihood(Protocol):
    """Data and their law, the random effects integrated out."""

    def sparing(self, places: Matrix) -> Likelihood:
        """The same with no more work than what is needed at coordinates like these (m, P)."""
        ...

    def finer(self) -> Likelihood:
        """The same with integrals that may be called exact."""
        ...

    def evaluator(self) -> LikelihoodEvaluator:
        """A function of the coordinates, giving the log-likelihood and its slopes."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class PriorEvaluator:
    """The log prior density: normal laws all at once, the others one by one."""

    normal: NDArray[np.intp]
    mean: Vector
    precision: Vector
    constant: float
    others: tuple[tuple[int, Law], ...]

    @classmethod
    def of(cls, laws: tuple[Law, ...]) -> PriorEvaluator:
        found = [(place, law) for place, law in enumerate(laws) if isinstance(law, Normal)]
        mean, sd = (np.array([of(law) for _, law in found]) for of in (_start, _width))
        constant = float(-np.log(sd).sum() - 0.5 * len(sd) * np.log(2.0 * np.pi))
        others = tuple((place, law) for place, law in enumerate(laws) if not isinstance(law, Normal))
        return cls(np.array([place for place, _ in found], dtype=np.intp), mean, sd**-2.0, constant, others)

    def add_to(self, slope: Vector, coordinates: Vector) -> float:
        """The log density, its slopes added to ``slope``."""
        away = coordinates[self.normal] - self.mean
        pull = self.precision * away
        slope[self.normal] -= pull
        value = self.constant - 0.5 * float(pull @ away)
        for place, law in self.others:
            of_law, slope_of_law = law.at(float(coordinates[place]))
            value += of_law
            slope[place] += slope_of_law
        return value


@dataclass(frozen=True, eq=False)
class Posterior:
    """A likelihood with the prior of each coordinate. Known coordinates are left out of what is sampled."""

    likelihood: Likelihood
    laws: tuple[Law, ...]

    @cached_property
    def free(self) -> NDArray[np.bool_]:
        """Which coordinates are sampled."""
        return np.array([not isinstance(law, Known) for law in self.laws])

    @cached_property
    def _starts(self) -> Vector:
        return np.array([law.start for law in self.laws])

    def whole(self, free: Matrix) -> Matrix:
        """All coordinates (..., P) from those that are sampled (..., D)."""
        out = np.empty((*free.shape[:-1], len(self.laws)))
        out[...] = self._starts
        out[..., self.free] = free
        return out

    def evaluator(self) -> Evaluate:
        """The log density (unnormalised) and its slopes, of the sampled coordinates."""
        inside, prior, kept = self.likelihood.evaluator(), PriorEvaluator.of(self.laws), self.free

        def at(free: Vector) -> tuple[float, Vector]:
            coordinates = self.whole(free)
            value, slope = inside(coordinates)
            before = prior.add_to(slope, coordinates)
            return value + before, slope[kept]

        return at

    def draw_prior(self, rng: np.random.Generator, count: int) -> Matrix:
        """Independent coordinates of the prior (count, P)."""
        return np.column_stack([law.draw(rng, count) for law in self.laws])


@dataclass(frozen=True, slots=True, eq=False)
class Softened:
    """Scales of either sign as functions of a coordinate that is unbounded and has each size once.

    Where ``softness`` c (D,) is above 0 the scale is c log(1 + exp(x / c)): nearly x above c, and never
    below 0. A chain that had to cross 0 to visit both signs would tell less of a size with each draw.
    """

    softness: Vector

    @property
    def chosen(self) -> NDArray[np.intp]:
        return np.flatnonzero(self.softness)

    def __call__(self, x: Matrix) -> Matrix:
        """What is sampled (..., D) at x (..., D)."""
        at, out = self.chosen, np.array(x, dtype=np.float64)
        out[..., at] = self.softness[at] * np.logaddexp(0.0, out[..., at] / self.softness[at])
        return out

    def back(self, sampled: Vector) -> Vector:
        """The x of sizes that are not tiny."""
        at, out = self.chosen, np.array(sampled)
        ratio = np.maximum(np.abs(out[at]) / self.softness[at], 0.1)
        out[at] = self.softness[at] * (ratio + np.log(-np.expm1(-ratio)))
        return out

    def evaluator(self, inside: Evaluate) -> Evaluate:
        """The log density of x and its slopes from those of what is sampled."""
        at, c = self.chosen, self.softness[self.chosen]

        def found(x: Vector) -> tuple[float, Vector]:
            value, slope = inside(self(x))
            log_share = -np.logaddexp(0.0, -x[at] / c)
            share = np.exp(log_share)
            slope[at] = slope[at] * share + (1.0 - share) / c
            return value + float(log_share.sum()), slope

        return found if len(at) else inside


@dataclass(frozen=True, slots=True, eq=False)
class Whitened:
    """A posterior on z in which it is nearly standard normal: sampled = softened(centre + factor z)."""

    posterior: Posterior
    centre: Vector
    factor: Matrix
    softened: Softened

    @property
    def dimension(self) -> int:
        return len(self.centre)

    def evaluator(self) -> Evaluate:
        """The log density of z and its slopes; minus infinity where it has no finite value."""
        inside, across = self.softened.evaluator(self.posterior.evaluator()), self.factor.T.copy()

        def at(z: Vector) -> tuple[float, Vector]:
            value, slope = inside(self.centre + self.factor @ z)
            if not (np.isfinite(value) and np.all(np.isfinite(slope))):
                return -np.inf, np.zeros(len(z))
            return value, across @ slope

        return at

    def sparing(self) -> Whitened:
        """The same with no more quadrature nodes than are needed where it is likely."""
        strides = (np.pi * np.sqrt(np.arange(2.0, self.dimension + 2.0))) % 1.0
        spread = (np.outer(np.arange(1.0, JUDGED + 1.0), strides) + 0.5 / JUDGED) % 1.0
        z = ndtri(np.clip(spread, 0.02, 0.98))
        likelihood = self.posterior.likelihood.sparing(self.coordinates(z))
        return replace(self, posterior=replace(self.posterior, likelihood=likelihood))

    def coordinates(self, z: Matrix) -> Matrix:
        """All coordinates (..., P) of z (..., D)."""
        return self.posterior.whole(self.softened(self.centre + z @ self.factor.T))


def whitened(posterior: Posterior) -> Whitened:
    """The posterior about its mode, on the scale of its curvature, with the quadrature it needs there."""
    sampled = [law for law in posterior.laws if not isinstance(law, Known)]
    start, width = (np.array([of(law) for law in sampled]) for of in (_start, _width))
    mode, factor = _about_mode(posterior.evaluator(), start, width)
    spread = np.sqrt(np.sum(factor**2, axis=1))
    folded = np.array([isinstance(law, Folded) for law in sampled])
    softened = Softened(np.where(folded, SOFTNESS * np.minimum(spread, width), 0.0))
    if np.any(folded):
        inside = softened.evaluator(posterior.evaluator())
        mode, factor = _about_mode(inside, softened.back(mode), spread)
    return Whitened(posterior, mode, factor, softened).sparing()


def _about_mode(evaluate: Evaluate, start: Vector, width: Vector) -> tuple[Vector, Matrix]:
    """The mode and a square root of the inverse curvature there, looked for from ``start`` in ``width``s."""

    def down(scaled: Vector) -> tuple[float, Vector]:
        value, slope = evaluate(start + width * scaled)
        return (-value, -width * slope) if np.isfinite(value) else (1e300, np.zeros(len(scaled)))

    with np.errstate(all="ignore"):
        mode: Vector = minimize(down, np.zeros(len(start)), jac=True, method="BFGS", options={"gtol": 1e-3}).x
        moves = STEP * np.eye(len(mode))
        curvature = np.array([(down(mode + move)[1] - down(mode - move)[1]) / (2.0 * STEP) for move in moves])
    values, vectors = np.linalg.eigh((curvature + curvature.T) / 2.0)
    held = np.clip(values, SLACKEST, STIFFEST)
    return start + width * mode, width[:, None] * (vectors / np.sqrt(held))


def _start(law: Law) -> float:
    return law.start


def _width(law: Law) -> float:
    return law.width
