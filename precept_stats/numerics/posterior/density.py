"""A posterior as a density of coordinates: likelihood and priors, its mode, and a scale to sample it on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import ndtri

from precept_stats.errors import FitError
from precept_stats.numerics.posterior.blocks import Block
from precept_stats.numerics.posterior.laws import Folded, Known, Law, Normal

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

Evaluate = Callable[[Vector], tuple[float, Vector]]

STEP = 1e-3
"""For differences of slopes at the mode."""

STUCK = 0.1
"""A slope, of coordinates whose prior has a width near 1, with which nothing has been found yet."""

JUDGED = 12
"""Likely coordinates at which quadrature is judged."""

SOFTNESS = 0.5
"""Below how many standard deviations of a scale its coordinate bends."""

OWN = 0.3
"""Blocks are centred whose innovations keep less than this share of their variance."""

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
    """A likelihood with the prior of each coordinate. Known coordinates are left out of what is sampled.

    Coordinates of random effects in ``blocks`` are what their block makes of them while they are sampled;
    everywhere else they are the effects themselves.
    """

    likelihood: Likelihood
    laws: tuple[Law, ...]
    blocks: tuple[Block, ...] = ()

    @cached_property
    def free(self) -> NDArray[np.bool_]:
        """Which coordinates are sampled."""
        return np.array([not isinstance(law, Known) for law in self.laws])

    @cached_property
    def _starts(self) -> Vector:
        return np.array([law.start for law in self.laws])

    def whole(self, free: Matrix) -> Matrix:
        """All coordinates (..., P) from those that are sampled (..., D), as they are sampled."""
        out = np.empty((*free.shape[:-1], len(self.laws)))
        out[...] = self._starts
        out[..., self.free] = free
        return out

    def shown(self, coordinates: Matrix) -> Matrix:
        """Coordinates (..., P) with the effects of blocks in the place of what was sampled."""
        if all(block.centred for block in self.blocks):
            return coordinates
        flat = coordinates.reshape(-1, coordinates.shape[-1]).copy()
        for block in self.blocks:
            flat[:, block.at] = [block.effects(row) for row in flat]
        return flat.reshape(coordinates.shape)

    def evaluator(self) -> Evaluate:
        """The log density (unnormalised) and its slopes, of the sampled coordinates."""
        inside, prior = self.likelihood.evaluator(), PriorEvaluator.of(self.laws)
        kept, starts = np.flatnonzero(self.free), self._starts
        built = not all(block.centred for block in self.blocks)

        def at(free: Vector) -> tuple[float, Vector]:
            coordinates = starts.copy()
            coordinates[kept] = free
            value, found = inside(self.shown(coordinates) if built else coordinates)
            slope = np.zeros(len(coordinates))
            slope[: len(found)] = found
            for block in self.blocks:
                value += block.add(slope, coordinates)
            before = prior.add_to(slope, coordinates)
            return value + before, slope[kept]

        return at

    def log_prior(self, coordinates: Matrix) -> Matrix:
        """The log prior density of each coordinate (R, P) as shown; of blocks', given those before."""
        found = np.array(
            [
                [law.at(float(one))[0] for law, one in zip(self.laws, draw, strict=True)]
                for draw in coordinates
            ]
        )
        for block in self.blocks:
            found[:, block.at] = [block.log_densities(draw) for draw in coordinates]
        return found

    def draw_prior(self, rng: np.random.Generator, count: int) -> Matrix:
        """Independent draws of the prior (count, P), as shown."""
        found = np.column_stack([law.draw(rng, count) for law in self.laws])
        for block in self.blocks:
            found[:, block.at] = block.drawn(rng, found)
        return found


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
            sampled, over = x.copy(), x[at] / c
            bent = np.logaddexp(0.0, over)
            sampled[at] = c * bent
            value, slope = inside(sampled)
            log_share = over - bent
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
            if not math.isfinite(value + float(slope.sum())):
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
        return self.posterior.shown(self.posterior.whole(self.softened(self.centre + z @ self.factor.T)))


def whitened(posterior: Posterior) -> Whitened:
    """The posterior about its mode, on the scale of its curvature, with the quadrature it needs there.

    Blocks are centred where data say more of their effects than their law does.
    """
    blocks = tuple(replace(block, centred=False) for block in posterior.blocks)
    found = _without_centring(replace(posterior, blocks=blocks))
    if blocks:
        found = _centred(found)
    return found.sparing()


def _without_centring(posterior: Posterior) -> Whitened:
    sampled = [law for law in posterior.laws if not isinstance(law, Known)]
    start, width = (np.array([of(law) for law in sampled]) for of in (_start, _width))
    mode, factor = _about_mode(posterior.evaluator(), start, width)
    spread = np.sqrt(np.sum(factor**2, axis=1))
    folded = np.array([isinstance(law, Folded) for law in sampled])
    softened = Softened(np.where(folded, SOFTNESS * np.minimum(spread, width), 0.0))
    if np.any(folded):
        inside = softened.evaluator(posterior.evaluator())
        mode, factor = _about_mode(inside, softened.back(mode), spread)
    return Whitened(posterior, mode, factor, softened)


def _centred(found: Whitened) -> Whitened:
    """The same with blocks centred that data tell much of, about the same place.

    The innovations of a block have a variance of 1 in the prior. What is left of that given all other
    coordinates, were the standard deviation as small as it may be (two of its own below the mode), says how
    much the law of the effects has to tell beside the data. A centred density has its highest peak where a
    standard deviation is 0: the place is therefore that of the other form.
    """
    posterior = found.posterior
    blocks = tuple(replace(block, centred=_left(found, block) < OWN) for block in posterior.blocks)
    if not any(block.centred for block in blocks):
        return found
    centred = replace(posterior, blocks=blocks)
    at = posterior.whole(found.softened(found.centre))
    for block in blocks:
        if block.centred:
            at[block.at] = posterior.shown(at)[block.at]
    chosen = found.softened.back(at[posterior.free])
    spread = np.sqrt(np.sum(found.factor**2, axis=1))
    evaluate = found.softened.evaluator(centred.evaluator())
    return replace(found, posterior=centred, centre=chosen, factor=_factor(evaluate, chosen, spread))


def _left(found: Whitened, block: Block) -> float:
    """The share of their variance that a block's innovations keep, its standard deviation being small."""
    places = np.cumsum(found.posterior.free) - 1
    covariance = found.factor @ found.factor.T
    told = np.maximum(np.diag(np.linalg.inv(covariance))[places[block.at]] - 1.0, 0.0)
    low = found.centre.copy()
    low[places[block.scale]] -= 2.0 * np.sqrt(covariance[places[block.scale], places[block.scale]])
    smaller, usual = (abs(found.softened(at)[places[block.scale]]) for at in (low, found.centre))
    return float(np.mean(1.0 / (1.0 + told * (smaller / usual) ** 2)))


def _about_mode(evaluate: Evaluate, start: Vector, width: Vector) -> tuple[Vector, Matrix]:
    """The mode and a square root of the inverse curvature there, looked for from ``start`` in ``width``s."""

    def down(scaled: Vector) -> tuple[float, Vector]:
        value, slope = evaluate(start + width * scaled)
        return (-value, -width * slope) if np.isfinite(value) else (1e300, np.zeros(len(scaled)))

    with np.errstate(all="ignore"):
        mode = _minimum(down, np.zeros(len(start)))
    return start + width * mode, _factor(evaluate, start + width * mode, width)


def _factor(evaluate: Evaluate, place: Vector, width: Vector) -> Matrix:
    """A square root of the inverse curvature at a place."""
    with np.errstate(all="ignore"):
        rows = [width * evaluate(place - width * move)[1] for move in STEP * np.eye(len(place))]
        others = [width * evaluate(place + width * move)[1] for move in STEP * np.eye(len(place))]
    curvature = (np.array(rows) - np.array(others)) / (2.0 * STEP)
    if not np.all(np.isfinite(curvature)):
        raise FitError(
            "the posterior has no curvature where it is highest",
            found="slopes that are not finite",
            allowed="priors that keep parameters where the likelihood has a value",
        )
    values, vectors = np.linalg.eigh((curvature + curvature.T) / 2.0)
    held = np.clip(values, SLACKEST, STIFFEST)
    factor: Matrix = width[:, None] * (vectors / np.sqrt(np.asarray(held)))
    return factor


def _minimum(down: Evaluate, at: Vector) -> Vector:
    """Where a function is least. Where the first steps of BFGS are too long to lead anywhere, shorter do.

    That happens far from the data: with a prior so wide that its middle is nowhere near them.
    """
    found = minimize(down, at, jac=True, method="BFGS", options={"gtol": 1e-3})
    if np.max(np.abs(np.asarray(found.jac, dtype=np.float64))) > STUCK:
        nearer = minimize(down, found.x, jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
        found = minimize(down, nearer, jac=True, method="BFGS", options={"gtol": 1e-3})
    least: Vector = found.x
    return least


def _start(law: Law) -> float:
    return law.start


def _width(law: Law) -> float:
    return law.width
