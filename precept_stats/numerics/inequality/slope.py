"""Slope and relative index of inequality, by a linear, logistic or log-linear model of the outcome on rank.

The model g(y_k) = a + b X_k, with X_k the relative ranks, is fitted with the shares of the population as
weights: by least squares; by the score equations of a logistic regression, sum w (y - m)(1, X) = 0 for a
share of what is possible; or by those of a log-linear (Poisson) one. With v1 and v0 the fitted values at the
ranks 1 and 0, the slope index is v1 - v0 and the relative one v1 / v0, both turned round where less of the
outcome is better, so that above 0 (or 1) those of higher rank are better off (Mackenbach and Kunst 1997, Soc
Sci Med 44:757; WHO 2022, technical notes). The gradient is that of the implicit function: how the fitted line
moves with each area's estimate. It carries the sampling error of the areas, not their departure from the
line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from precept_stats.numerics.inequality.areas import Areas, Vector, mean
from precept_stats.numerics.inequality.measure import Measure, Need

STEPS = 60
CLOSE = 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class _Link:
    """A canonical link of an outcome in units of its range: its start, its mean and the mean's slope."""

    start: Callable[[Vector], Vector]
    mean: Callable[[Vector], Vector]
    slope: Callable[[Vector], Vector]


def _same(value: Vector) -> Vector:
    return value


def _logistic_slope(eta: Vector) -> Vector:
    found: Vector = special.expit(eta) * special.expit(-eta)
    return found


LINEAR = _Link(_same, _same, np.ones_like)
LOGIT = _Link(special.logit, special.expit, _logistic_slope)
LOG = _Link(np.log, np.exp, np.exp)


def _range(link: _Link, areas: Areas) -> float:
    return areas.bounds[1] if link is LOGIT else 1.0


def _fitted(y: Vector, areas: Areas, link: _Link) -> Vector:
    """Coefficients (..., 2) by Newton's method, all sets of estimates at once; NaN where there is no fit."""
    x, share = areas.ridit, areas.share
    beta = np.zeros((*y.shape[:-1], 2))
    with np.errstate(all="ignore"):
        beta[..., 0] = link.start(mean(y, areas))
        for _ in range(STEPS):
            eta = beta[..., :1] + beta[..., 1:] * x
            rest, weight = share * (y - link.mean(eta)), share * link.slope(eta)
            step = _solved(weight, x, np.stack([rest.sum(axis=-1), rest @ x], axis=-1))
            beta = beta + step
            if not np.any(np.abs(step) > CLOSE * (1.0 + np.abs(beta))):
                break
    beta[~np.isfinite(beta).all(axis=-1)] = np.nan
    return beta


def _solved(weight: Vector, x: Vector, score: Vector) -> Vector:
    """The information [[sum w, sum w x], [., sum w x^2]] inverted on a score (..., 2)."""
    total, first, second = weight.sum(axis=-1), weight @ x, weight @ x**2
    size = total * second - first**2
    return np.stack(
        [
            (second * score[..., 0] - first * score[..., 1]) / size,
            (total * score[..., 1] - first * score[..., 0]) / size,
        ],
        axis=-1,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """Fitted values at the two ends of the order, (...), and their slopes (2, K) in the estimates."""

    ends: tuple[Vector, Vector]
    slopes: Vector


def _line(y: Vector, areas: Areas, link: _Link, *, slopes: bool = False) -> _Line:
    unit = _range(link, areas)
    beta = _fitted(y / unit, areas, link)
    etas = (beta[..., 0] + beta[..., 1], beta[..., 0])
    above, below = unit * link.mean(etas[0]), unit * link.mean(etas[1])
    ends = (above, below) if areas.sign > 0 else (below, above)
    return _Line(ends, _end_slopes(beta, areas, link) if slopes else np.empty((2, 0)))


def _end_slopes(beta: Vector, areas: Areas, link: _Link) -> Vector:
    """dv/dy_k = g'(eta) (1, X_end) I^-1 w_k (1, X_k)."""
    x, share = areas.ridit, areas.share
    weight = share * link.slope(beta[0] + beta[1] * x)
    moved = _solved(weight, x, np.stack([share, share * x], axis=-1))
    above = link.slope(beta[:1] + beta[1:]) * (moved[:, 0] + moved[:, 1])
    below = link.slope(beta[:1]) * moved[:, 0]
    return np.stack([above, below] if areas.sign > 0 else [below, above])


def _slope_index(link: _Link, words: str) -> Measure:
    def value(y: Vector, areas: Areas) -> Vector:
        above, below = _line(y, areas, link).ends
        return above - below

    def slope(y: Vector, areas: Areas) -> Vector:
        found: Vector = np.array([1.0, -1.0]) @ _line(y, areas, link, slopes=True).slopes
        return found

    label = f"Slope index of inequality, {words}"
    name = f"sii_{words}"
    return Measure(name, label, "slope", "outcome", value, slope, null=0.0, needs=_needs(link))


def _relative_index(link: _Link, words: str) -> Measure:
    def value(y: Vector, areas: Areas) -> Vector:
        above, below = _line(y, areas, link).ends
        return above / below

    def slope(y: Vector, areas: Areas) -> Vector:
        line = _line(y, areas, link, slopes=True)
        above, below = line.ends
        found: Vector = above / below * (line.slopes[0] / above - line.slopes[1] / below)
        return found

    label = f"Relative index of inequality, {words}"
    needs: frozenset[Need] = _needs(link) | frozenset({"positive mean"})
    name = f"rii_{words}"
    return Measure(name, label, "slope", "ratio", value, slope, scale="log", null=1.0, needs=needs)


def _needs(link: _Link) -> frozenset[Need]:
    if link is LOGIT:
        return frozenset({"ranks", "bounds", "inside"})
    return frozenset({"ranks", "positive mean"}) if link is LOG else frozenset({"ranks"})


SLOPES = tuple(
    made(link, words)
    for link, words in ((LINEAR, "linear"), (LOGIT, "logit"), (LOG, "log"))
    for made in (_slope_index, _relative_index)
)
