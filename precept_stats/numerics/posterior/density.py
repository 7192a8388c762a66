"""A posterior as a density of coordinates: likelihood and priors, its mode, and a scale to sample it on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from precept_stats.numerics.posterior.laws import Known, Law

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

Evaluate = Callable[[Vector], tuple[float, Vector]]

STEP = 1e-3
"""For differences of slopes at the mode."""

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

    def finer(self) -> Likelihood:
        """The same with integrals that may be called exact."""
        ...

    def evaluator(self) -> LikelihoodEvaluator:
        """A function of the coordinates, giving the log-likelihood and its slopes."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """A likelihood with the prior of each coordinate. Known coordinates are left out of what is sampled."""

    likelihood: Likelihood
    laws: tuple[Law, ...]

    @property
    def free(self) -> NDArray[np.bool_]:
        """Which coordinates are sampled."""
        return np.array([not isinstance(law, Known) for law in self.laws])

    def whole(self, free: Matrix) -> Matrix:
        """All coordinates (..., P) from those that are sampled (..., D)."""
        out = np.empty((*free.shape[:-1], len(self.laws)))
        out[...] = [law.start for law in self.laws]
        out[..., self.free] = free
        return out

    def evaluator(self) -> Evaluate:
        """The log density (unnormalised) and its slopes, of the sampled coordinates."""
        inside, kept = self.likelihood.evaluator(), self.free

        def at(free: Vector) -> tuple[float, Vector]:
            coordinates = self.whole(free)
            value, slope = inside(coordinates)
            for place, law in enumerate(self.laws):
                of_law, pull = law.at(float(coordinates[place]))
                value += of_law
                slope[place] += pull
            return value, slope[kept]

        return at

    def draw_prior(self, rng: np.random.Generator, count: int) -> Matrix:
        """Independent coordinates of the prior (count, P)."""
        return np.column_stack([law.draw(rng, count) for law in self.laws])


@dataclass(frozen=True, slots=True, eq=False)
class Whitened:
    """A posterior on z in which it is nearly standard normal: sampled = ``centre`` + ``factor`` z."""

    posterior: Posterior
    centre: Vector
    factor: Matrix

    @property
    def dimension(self) -> int:
        return len(self.centre)

    def evaluator(self) -> Evaluate:
        """The log density of z and its slopes; minus infinity where it has no finite value."""
        inside = self.posterior.evaluator()

        def at(z: Vector) -> tuple[float, Vector]:
            value, slope = inside(self.centre + self.factor @ z)
            if not (np.isfinite(value) and np.all(np.isfinite(slope))):
                return -np.inf, np.zeros(len(z))
            return value, self.factor.T @ slope

        return at

    def coordinates(self, z: Matrix) -> Matrix:
        """All coordinates (..., P) of z (..., D)."""
        return self.posterior.whole(self.centre + z @ self.factor.T)


def whitened(posterior: Posterior) -> Whitened:
    """The posterior about its mode, on the scale of its curvature there."""
    evaluate, free = posterior.evaluator(), posterior.free
    start, width = (np.array([of(law) for law in posterior.laws])[free] for of in (_start, _width))

    def down(scaled: Vector) -> tuple[float, Vector]:
        value, slope = evaluate(start + width * scaled)
        return (-value, -width * slope) if np.isfinite(value) else (1e300, np.zeros(len(scaled)))

    with np.errstate(all="ignore"):
        mode: Vector = minimize(down, np.zeros(len(start)), jac=True, method="BFGS", options={"gtol": 1e-3}).x
        moves = STEP * np.eye(len(mode))
        curvature = np.array([(down(mode + move)[1] - down(mode - move)[1]) / (2.0 * STEP) for move in moves])
    values, vectors = np.linalg.eigh((curvature + curvature.T) / 2.0)
    held = np.clip(values, SLACKEST, STIFFEST)
    return Whitened(posterior, start + width * mode, width[:, None] * (vectors / np.sqrt(held)))


def _start(law: Law) -> float:
    return law.start


def _width(law: Law) -> float:
    return law.width
