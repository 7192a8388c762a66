"""The posterior of areas under a normal law between them, by quadrature: independent draws, no chain.

With eta_k ~ N(mu, sigma^2), mu flat and sigma half-normal, the posterior of (mu, sigma) is computed on a grid
by the midpoint rule, each area integrated out over a common grid of eta by the trapezoidal rule, which for
such densities is exact to many digits where its step is below their standard deviation (Trefethen and
Weideman 2014, SIAM Rev 56:385). Draws of (mu, sigma) then give draws of each area from its own conditional
law on the same grid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.numerics.shrinkage.law import Law, Vector

Matrix = NDArray[np.float64]

SIGMAS, MEANS, ROUGH = 41, 31, 400
WORTH = 16.0
"""Log-density below the highest at which a sigma is left out."""
REACH, WINDOW = 6.0, 9.0
"""Standard deviations: to which eta is looked at, and to which an area is drawn given mu and sigma."""
STEP = 1.1
"""Of eta, in standard deviations of the narrowest density: a relative error of 1e-7."""
LARGEST = 6000
"""Points of eta, above which the data are too precise for a grid."""


@dataclass(frozen=True, slots=True, eq=False)
class AreaPosterior:
    """Draws: ``mean`` (R,) and ``sigma`` (R,) of the law between areas, ``eta`` (R, K) of the areas."""

    mean: Vector
    sigma: Vector
    eta: Matrix


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """Where the posterior is worth computing: values of mu, sigma and eta, each evenly spaced."""

    mean: Vector
    sigma: Vector
    eta: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """The posterior of (mu, sigma): ``weight`` (means, sigmas) sums to one; ``eta`` is the grid of areas."""

    mean: Vector
    sigma: Vector
    weight: Matrix
    eta: Vector
    likelihood: Matrix


def joint_posterior(law: Law, prior_sd: float) -> Joint:
    """The posterior of the mean and the SD between areas; ``prior_sd`` is the scale of the half-normal.

    Raises FitError where areas are so precise that no grid is fine enough.
    """
    grid = _grid(law, prior_sd)
    logs = law.value(np.broadcast_to(grid.eta, (law.count, len(grid.eta))))
    likelihood = np.exp(logs - logs.max(axis=1, keepdims=True))
    weight = np.empty((len(grid.mean), len(grid.sigma)))
    for at, sigma in enumerate(grid.sigma):
        z = (grid.eta[:, None] - grid.mean) / sigma
        held = likelihood @ (np.exp(-0.5 * z**2) / sigma)
        weight[:, at] = np.log(np.maximum(held, 1e-300)).sum(axis=0) - 0.5 * (sigma / prior_sd) ** 2
    weight = np.exp(weight - weight.max())
    return Joint(grid.mean, grid.sigma, weight / weight.sum(), grid.eta, likelihood)


def draw(law: Law, prior_sd: float, count: int, rng: np.random.Generator) -> AreaPosterior:
    """Independent draws of the mean, the SD between areas and every area."""
    joint = joint_posterior(law, prior_sd)
    cells = rng.choice(joint.weight.size, size=count, p=joint.weight.ravel())
    eta = np.empty((count, law.count))
    for cell in np.unique(cells):
        at_mean, at_sigma = divmod(int(cell), len(joint.sigma))
        here = np.flatnonzero(cells == cell)
        eta[here] = _areas(joint, (joint.mean[at_mean], joint.sigma[at_sigma]), len(here), rng)
    means, sigmas = joint.mean[cells // len(joint.sigma)], joint.sigma[cells % len(joint.sigma)]
    blur = rng.uniform(-0.5, 0.5, (2, count))
    mean = means + blur[0] * (joint.mean[1] - joint.mean[0])
    return AreaPosterior(mean, sigmas + blur[1] * (joint.sigma[1] - joint.sigma[0]), eta)


def _areas(joint: Joint, at: tuple[float, float], count: int, rng: np.random.Generator) -> Matrix:
    """Draws (count, K) of areas at one mean and SD, within half a step of a point of the grid."""
    mean, sigma = at
    ends = np.searchsorted(joint.eta, [mean - WINDOW * sigma, mean + WINDOW * sigma])
    eta = joint.eta[max(int(ends[0]) - 1, 0) : int(ends[1]) + 1]
    first = int(np.searchsorted(joint.eta, eta[0]))
    density = joint.likelihood[:, first : first + len(eta)] * np.exp(-0.5 * ((eta - mean) / sigma) ** 2)
    upto = np.cumsum(density, axis=1)
    upto /= upto[:, -1:]
    areas = len(upto)
    shifted = (upto + np.arange(areas)[:, None]).ravel()
    asked = rng.uniform(size=(count, areas)) + np.arange(areas)
    places = np.searchsorted(shifted, asked) - np.arange(areas) * len(eta)
    step = joint.eta[1] - joint.eta[0]
    places = np.clip(places, 0, len(eta) - 1)
    found: Matrix = eta[places] + rng.uniform(-0.5, 0.5, places.shape) * step
    return found


def _grid(law: Law, prior_sd: float) -> _Grid:
    """From estimates that are taken as normal: the range of sigma, then of mu, then of eta."""
    y, variance = law.rough()
    rough = np.linspace(0.0, 6.0 * prior_sd, ROUGH + 1)[1:]
    rough = np.minimum(rough, rough * (5.0 * (np.ptp(y) + np.sqrt(variance.max())) / rough[-1]))
    weight = 1.0 / (variance + rough[:, None] ** 2)
    total = weight.sum(axis=1)
    mean = weight @ y / total
    rest = (weight * (y - mean[:, None]) ** 2).sum(axis=1)
    logs = 0.5 * (np.log(weight).sum(axis=1) - np.log(total) - rest - (rough / prior_sd) ** 2)
    kept = np.flatnonzero(logs > logs.max() - WORTH)
    step = rough[1] - rough[0]
    low = 0.0 if kept[0] < 2 else 0.8 * rough[kept[0]]
    high = 1.25 * rough[kept[-1]] + step
    sigma = low + (np.arange(SIGMAS) + 0.5) * (high - low) / SIGMAS
    chance = np.exp(logs - logs.max())
    chance /= chance.sum()
    centre = float(chance @ mean)
    width = float(np.sqrt(chance @ (1.0 / total + (mean - centre) ** 2)))
    means = centre + REACH * width * np.linspace(-1.0, 1.0, MEANS)
    narrowest = 1.0 / np.sqrt(1.0 / sigma[0] ** 2 + 1.0 / variance.min())
    pulled = [_towards(y, variance, end, high) for end in (means[0], means[-1])]
    spread = REACH / np.sqrt(1.0 / variance + 1.0 / high**2)
    ends = (
        min(means[0] - REACH * high, float(np.min(pulled[0] - spread))),
        max(means[-1] + REACH * high, float(np.max(pulled[1] + spread))),
    )
    points = int((ends[1] - ends[0]) / (STEP * narrowest)) + 2
    if points > LARGEST:
        raise FitError(
            "areas are estimated too precisely, beside how far they are apart, for quadrature",
            found=f"{points} points would be needed",
            allowed=f"{LARGEST} points at most; estimation by likelihood has no such limit",
        )
    return _Grid(means, sigma, np.linspace(*ends, points))


def _towards(y: Vector, variance: Vector, mean: float, sigma: float) -> Vector:
    """Estimates that are taken as normal, drawn towards a mean."""
    weight = 1.0 / variance
    found: Vector = (weight * y + mean / sigma**2) / (weight + 1.0 / sigma**2)
    return found
