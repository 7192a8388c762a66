"""Population-averaged means of a mixed model: random effects integrated out, people averaged over.

The parameters are the fixed effects followed by those of the random effects. A mean is first averaged over
all random effects of a row, E mean(x'beta + s z) with s^2 the variance that they add up to, then over the
people (or clusters) of a declared population. Setting random effects to 0 instead would give the mean in
a median cluster, which is another quantity.
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


MOST_POINTS, FARTHEST = 2_000, 20.0
"""The most points on either side of 0, and how far beyond ``REACH`` they then go."""

AT_ONCE = 65_536
"""So many patterns and points are worked on together."""

TOGETHER = 64
"""Draws whose spread is like enough for one grid."""


class InverseLink(Protocol):
    """From a linear predictor to a mean, with its derivative."""

    def mean(self, eta: Vector) -> Vector: ...

    def mean_slope(self, eta: Vector) -> Vector: ...


class Spread(Protocol):
    """The variance of the random part of the linear predictor, pattern by pattern."""

    def variance(self, params: Vector) -> Vector:
        """One variance a pattern (m,)."""
        ...

    def slope(self, params: Vector) -> Matrix:
        """Its gradient (m, P)."""
        ...


class Mean(Protocol):
    """A mean of a population as a function of the parameters."""

    def of(self, params: Vector) -> float: ...

    def of_many(self, draws: Matrix) -> Vector:
        """At each of R parameters (R, P): (R,)."""
        ...

    def slope(self, params: Vector) -> Vector: ...


@dataclass(frozen=True, slots=True, eq=False)
class StandardisedMean:
    """The mean outcome if everyone in a population were in one arm.

    X (m, p) are the distinct covariate patterns with the arm set, ``offset`` (m,) is added to their linear
    predictor, ``weights`` (m,) are their shares, which add up to 1: of people for a participant-average, with
    every cluster's share the same for a cluster-average. Parameters after the first p are of ``spread``.
    """

    X: Matrix
    offset: Vector
    weights: Vector
    link: InverseLink
    spread: Spread

    def of(self, params: Vector) -> float:
        """The mean."""
        eta, sd = self._predictor(params)
        points, density = normal_grid(float(sd.max()))
        if len(eta) * len(points) <= AT_ONCE:
            return float((self.weights @ self.link.mean(eta[:, None] + sd[:, None] * points)) @ density)
        means = [float(self.weights @ self.link.mean(eta + sd * z)) for z in points]
        return float(density @ np.array(means))

    def of_many(self, draws: Matrix) -> Vector:
        """The mean at each of R parameters (R, P), those of like spread together."""
        eta = self.offset + draws[:, : self.X.shape[1]] @ self.X.T
        sd = np.sqrt(np.maximum([self.spread.variance(draw) for draw in draws], 0.0))
        widest, found = sd.max(axis=1), np.zeros(len(draws))
        order = np.argsort(widest)
        for rows in np.array_split(order, max(1, eta.size // AT_ONCE, len(draws) // TOGETHER)):
            for z, share in zip(*normal_grid(float(widest[rows].max())), strict=True):
                found[rows] += share * (self.link.mean(eta[rows] + sd[rows] * z) @ self.weights)
        return found

    def slope(self, params: Vector) -> Vector:
        """Its gradient (P,)."""
        eta, sd = self._predictor(params)
        points, density = normal_grid(float(sd.max()))
        of_eta, of_sd = np.zeros_like(eta), np.zeros_like(eta)
        for z, share in zip(points, density, strict=True):
            pull = share * self.weights * self.link.mean_slope(eta + sd * z)
            of_eta += pull
            of_sd += z * pull
        gradient = np.zeros(len(params))
        gradient[: self.X.shape[1]] = of_eta @ self.X
        half = 0.5 * np.divide(of_sd, sd, out=np.zeros_like(sd), where=sd > 0.0)
        found: Vector = gradient + half @ self.spread.slope(params)
        return found

    def _predictor(self, params: Vector) -> tuple[Vector, Vector]:
        eta = self.offset + self.X @ params[: self.X.shape[1]]
        return eta, np.sqrt(np.maximum(self.spread.variance(params), 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class AverageMean:
    """The plain average of several means, such as those at each exposure time."""

    means: tuple[Mean, ...]

    def of(self, params: Vector) -> float:
        """The average."""
        return sum(mean.of(params) for mean in self.means) / len(self.means)

    def of_many(self, draws: Matrix) -> Vector:
        """The average at each of R parameters (R, P)."""
        found: Vector = np.mean([mean.of_many(draws) for mean in self.means], axis=0)
        return found

    def slope(self, params: Vector) -> Vector:
        """Its gradient (P,)."""
        found: Vector = np.mean([mean.slope(params) for mean in self.means], axis=0)
        return found


def normal_grid(sd: float) -> tuple[Vector, Vector]:
    """Equidistant points and normal weights that add up to 1, closer for a larger sd.

    The trapezoidal rule converges geometrically for analytic integrands on the line, at a rate set by the
    distance of the nearest pole, about pi / (2 sd) (Trefethen and Weideman 2014, SIAM Rev 56:385). Beyond an
    sd of 20 no more points are taken, so that a proportion errs by up to 1e-5 at 130, and by 0.003 however
    large it is: only nearly flat priors have such draws.
    """
    step = min(0.6, 0.3 / max(sd, 1e-300))
    half = (REACH + sd) / step
    if half > MOST_POINTS:
        step, half = (REACH + FARTHEST) / MOST_POINTS, MOST_POINTS
    half = int(np.ceil(half))
    points: Vector = step * np.arange(-half, half + 1, dtype=np.float64)
    density = np.exp(-0.5 * points * points)
    weights: Vector = density / density.sum()
    return points, weights


def standardised_mean(measure: str, arm: str, mean: Mean, unit: str) -> Quantity:
    """The mean in one arm, on its own scale."""
    return Quantity(measure, arm, "identity", unit, 0.0, mean.of, mean.slope, of_many=mean.of_many)


@dataclass(frozen=True, slots=True, eq=False)
class StandardisedContrast:
    """Two standardised means compared, ``names`` being those of the reference and the compared arm.

    ``about`` is what the contrast is of besides (an exposure time), for its name.
    """

    measure: str
    names: tuple[str, str]
    reference: Mean
    compare: Mean
    about: str = ""

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
        self, joint: str, unit: str, scale: Callable[[Vector], Vector], slope: Callable[[float], float]
    ) -> Quantity:
        """The difference on a scale, which is the log unless the joint is a minus."""

        def value(params: Vector) -> float:
            up, down = (scale(np.asarray(mean.of(params))) for mean in (self.compare, self.reference))
            return float(up - down)

        def of_many(draws: Matrix) -> Vector:
            return scale(self.compare.of_many(draws)) - scale(self.reference.of_many(draws))

        def gradient(params: Vector) -> Vector:
            up = slope(self.compare.of(params)) * self.compare.slope(params)
            down: Vector = up - slope(self.reference.of(params)) * self.reference.slope(params)
            return down

        identity = joint == " - "
        return Quantity(
            self.measure,
            joint.join(self.names[::-1]) + self.about,
            "identity" if identity else "log",
            unit,
            0.0 if identity else 1.0,
            value,
            gradient,
            of_many=of_many,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """How alike the outcomes of two people of a population are who share some of their random effects.

    ``mean`` is that of a person; ``shared`` the variance they have in common and ``own`` the rest, pattern
    by pattern; both people are drawn from the patterns. The correlation is that of two 0/1 outcomes.
    """

    mean: StandardisedMean
    shared: Spread
    own: Spread

    def correlation(self, params: Vector) -> float:
        """The covariance of the two people's risks over risk (1 - risk)."""
        risk, alone = self.mean.of(params), self._without_own(params)
        covariance = self._covariance(params)[0] if alone is None else alone
        return covariance / (risk * (1.0 - risk))

    def slope(self, params: Vector) -> Vector:
        """Its gradient (P,)."""
        risk, of_risk = self.mean.of(params), self.mean.slope(params)
        covariance, of_covariance = self._covariance(params)
        variance = risk * (1.0 - risk)
        found: Vector = (of_covariance - covariance / variance * (1.0 - 2.0 * risk) * of_risk) / variance
        return found

    def _without_own(self, params: Vector) -> float | None:
        """The covariance where all that is random is shared, not 0, and patterns are few; else None."""
        mean, common = self.mean, np.sqrt(np.maximum(self.shared.variance(params), 0.0))
        points, density = normal_grid(float(common.max()))
        many = len(common) * len(points) > AT_ONCE
        if many or not common.any() or np.any(self.own.variance(params) > 0.0):
            return None
        eta = mean.offset + mean.X @ params[: mean.X.shape[1]]
        means = mean.weights @ mean.link.mean(eta[:, None] + common[:, None] * points)
        away = means - density @ means
        return float(density @ (away * away))

    def _covariance(self, params: Vector) -> tuple[float, Vector]:
        """The variance, over what is shared, of the mean given it; and its gradient."""
        mean, p = self.mean, self.mean.X.shape[1]
        eta = mean.offset + mean.X @ params[:p]
        common, own = (np.sqrt(np.maximum(s.variance(params), 0.0)) for s in (self.shared, self.own))
        halves = [np.divide(0.5, s, out=np.zeros_like(s), where=s > 0.0) for s in (common, own)]
        of_common, of_own = self.shared.slope(params), self.own.slope(params)
        points, density = normal_grid(float(common.max()))
        means, slopes = np.zeros(len(points)), np.zeros((len(points), len(params)))
        for number, z in enumerate(points):
            means[number], pull, drawn = self._given(eta + common * z, own)
            slopes[number, :p] = pull @ mean.X
            slopes[number] += (z * pull * halves[0]) @ of_common + (drawn * halves[1]) @ of_own
        away = density * (means - density @ means)
        return float(away @ means), 2.0 * away @ slopes

    def _given(self, eta: Vector, own: Vector) -> tuple[float, Vector, Vector]:
        """The mean given what is shared, its slopes in the linear predictors, and in their own sd (m,)."""
        points, density = normal_grid(float(own.max())) if own.any() else (np.zeros(1), np.ones(1))
        total, pull, drawn = 0.0, np.zeros_like(eta), np.zeros_like(eta)
        weights, link = self.mean.weights, self.mean.link
        for y, share in zip(points, density, strict=True):
            total += float(share) * float(weights @ link.mean(eta + own * y))
            slope = share * weights * link.mean_slope(eta + own * y)
            pull += slope
            drawn += y * slope
        return total, pull, drawn
