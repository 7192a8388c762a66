"""Population-averaged means of a mixed model: the random effect integrated out, people averaged over.

The parameters are the fixed effects followed by log sigma, the log of the standard deviation of a normal
random effect. A mean is first averaged over the random effect, E mean(x'beta + sigma z), then over the
people (or clusters) of a declared population. Setting the random effect to 0 instead would give the mean
in a median cluster, which is another quantity.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.quantities import Quantity

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

REACH = 9.0
"""How far from 0 the normal density is integrated, in standard deviations."""


class InverseLink(Protocol):
    """From a linear predictor to a mean, with its derivative."""

    def mean(self, eta: Vector) -> Vector: ...

    def mean_slope(self, eta: Vector) -> Vector: ...


class AverageMean(Protocol):
    """A mean over a population as a function of parameters, with its gradient."""

    def of(self, params: Vector) -> float: ...

    def slope(self, params: Vector) -> Vector: ...


@dataclass(frozen=True, slots=True, eq=False)
class StandardisedMean:
    """The mean outcome if everyone in a population were in one arm.

    X (m, p) are the distinct covariate patterns with the arm set, ``weights`` (m,) their shares, which add
    up to 1: of people for a participant-average, with every cluster's share the same for a cluster-average.
    """

    X: Matrix
    weights: Vector
    link: InverseLink

    def of(self, params: Vector) -> float:
        """The mean at ``params`` (p + 1,), log sigma last (minus infinity for no random effect)."""
        points, density = _normal_grid(params)
        return float(density @ self._by_point(params, points))

    def slope(self, params: Vector) -> Vector:
        """Its gradient (p + 1,)."""
        points, density = _normal_grid(params)
        eta, sigma = self.X @ params[:-1], float(np.exp(params[-1]))
        gradient = np.zeros(len(params))
        for z, share in zip(points, density, strict=True):
            pull = share * self.weights * self.link.mean_slope(eta + sigma * z)
            gradient[:-1] += pull @ self.X
            gradient[-1] += sigma * z * float(pull.sum())
        return gradient

    def between(self, params: Vector) -> float:
        """The variance between clusters of a cluster's mean over the population."""
        points, density = _normal_grid(params)
        means = self._by_point(params, points)
        return float(density @ (means - density @ means) ** 2)

    def _by_point(self, params: Vector, points: Vector) -> Vector:
        """The mean of a cluster at each value of its random effect."""
        eta, sigma = self.X @ params[:-1], float(np.exp(params[-1]))
        return np.array([float(self.weights @ self.link.mean(eta + sigma * z)) for z in points])


def _normal_grid(params: Vector) -> tuple[Vector, Vector]:
    """Equidistant points and normal weights that add up to 1, closer for a larger sigma.

    The trapezoidal rule converges geometrically for analytic integrands on the line, at a rate set by the
    distance of the nearest pole, about pi / (2 sigma) (Trefethen and Weideman 2014, SIAM Rev 56:385).
    """
    sigma = float(np.exp(params[-1]))
    step = min(0.6, 0.3 / max(sigma, 1e-300))
    half = int(np.ceil((REACH + sigma) / step))
    points: Vector = step * np.arange(-half, half + 1, dtype=np.float64)
    density = np.exp(-0.5 * points * points)
    weights: Vector = density / density.sum()
    return points, weights


def standardised_mean(measure: str, arm: str, mean: AverageMean, unit: str) -> Quantity:
    """The mean in one arm, on its own scale."""
    return Quantity(measure, arm, "identity", unit, 0.0, mean.of, mean.slope)


@dataclass(frozen=True, slots=True, eq=False)
class StandardisedContrast:
    """Two standardised means compared, ``names`` being those of the reference and the compared arm."""

    measure: str
    names: tuple[str, str]
    reference: AverageMean
    compare: AverageMean

    def difference(self, unit: str) -> Quantity:
        """Compared minus reference."""
        return self._compared(" - ", unit, lambda mean: mean, lambda mean: 1.0)

    def ratio(self) -> Quantity:
        """Compared over reference, by the delta method on the log scale."""
        return self._compared(" / ", "ratio", np.log, lambda mean: 1.0 / mean)

    def odds_ratio(self) -> Quantity:
        """The odds of the two means, by the delta method on the log scale."""
        return self._compared(
            " / ", "ratio", lambda mean: np.log(mean / (1.0 - mean)), lambda mean: 1.0 / (mean * (1.0 - mean))
        )

    def _compared(
        self, joint: str, unit: str, scale: Callable[[float], float], slope: Callable[[float], float]
    ) -> Quantity:
        """The difference on a scale, which is the log unless the joint is a minus."""

        def value(params: Vector) -> float:
            return float(scale(self.compare.of(params)) - scale(self.reference.of(params)))

        def gradient(params: Vector) -> Vector:
            up = slope(self.compare.of(params)) * self.compare.slope(params)
            down: Vector = up - slope(self.reference.of(params)) * self.reference.slope(params)
            return down

        identity = joint == " - "
        return Quantity(
            self.measure,
            joint.join(self.names[::-1]),
            "identity" if identity else "log",
            unit,
            0.0 if identity else 1.0,
            value,
            gradient,
        )
