"""Compiled laws of cells: the log-likelihood of one count given its linear predictor, with slopes.

A cell is a row of counts that share a linear predictor. Given eta, its law has at most one parameter more,
of either sign, the likelihood being even in it: the standard deviation of a normal effect of the cell, the
root of the odds of the correlation within it (beta-binomial), or the root of the extra dispersion of
negative binomial counts.

numba is imported at the top: this module is itself loaded when a model is first sampled.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numba
import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.posterior.counts import LEAST_SQUARE

Vector = NDArray[np.float64]

BINOMIAL, POISSON, BETA_BINOMIAL, NEGATIVE_BINOMIAL, BINOMIAL_NORMAL, POISSON_NORMAL = range(6)

STEEPEST = 500.0
LONGEST = 3.0
CLOSEST = 1e-3
"""A Newton step, in standard deviations of a cell's effect, after which nodes are placed."""


def compiled[F: Callable[..., object]](function: F) -> F:
    """The function in machine code, kept on disk."""
    made: F = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return made


def inlined[F: Callable[..., object]](function: F) -> F:
    """The function, written out wherever a compiled one calls it: for what is called for every cluster."""
    made: F = numba.njit(inline="always", nogil=True, error_model="numpy")(function)
    return made


@compiled
def digamma(x: float) -> float:
    """The slope of log gamma at x > 0, by recurrence to 6 and the asymptotic series."""
    total = 0.0
    while x < 6.0:
        total -= 1.0 / x
        x += 1.0
    inverse = 1.0 / (x * x)
    series = inverse * (1.0 / 12 - inverse * (1.0 / 120 - inverse * (1.0 / 252 - inverse * (1.0 / 240))))
    return total + math.log(x) - 0.5 / x - series


@compiled
def binomial(y: float, n: float, eta: float) -> tuple[float, float, float]:
    """The log-likelihood of y of n at log odds eta, its slope, and minus its curvature."""
    eta = min(max(eta, -STEEPEST), STEEPEST)
    small = math.exp(-abs(eta))
    mean = 1.0 / (1.0 + small) if eta >= 0.0 else small / (1.0 + small)
    value = y * eta - n * (max(eta, 0.0) + math.log1p(small))
    return value, y - n * mean, n * mean * (1.0 - mean)


@compiled
def poisson(y: float, n: float, eta: float) -> tuple[float, float, float]:
    """The same of y events in n person-time at log rate eta."""
    eta = min(max(eta, -STEEPEST), STEEPEST)
    expected = n * math.exp(eta)
    return y * eta - expected, y - expected, expected


@compiled
def beta_binomial(y: float, n: float, eta: float, more: float) -> tuple[float, float, float, float]:
    """Y of n whose risk is beta with mean expit(eta); ``more`` is the root of the odds of its correlation.

    Fourth is the slope in ``more``. The curvature is that of the binomial law over its design effect.
    """
    eta = min(max(eta, -30.0), 30.0)
    small = math.exp(-abs(eta))
    mean = 1.0 / (1.0 + small) if eta >= 0.0 else small / (1.0 + small)
    total = 1.0 / max(more * more, LEAST_SQUARE)
    a, b = total * mean, total * (1.0 - mean)
    value = math.lgamma(y + a) - math.lgamma(a) + math.lgamma(n - y + b) - math.lgamma(b)
    value += math.lgamma(total) - math.lgamma(n + total)
    of_a, of_b = digamma(y + a) - digamma(a), digamma(n - y + b) - digamma(b)
    of_total = digamma(total) - digamma(n + total)
    spread = mean * (1.0 - mean)
    effect = 1.0 + (n - 1.0) / (1.0 + total)
    slope = -2.0 * more * total * (of_a * a + of_b * b + of_total * total)
    return value, total * spread * (of_a - of_b), n * spread / effect, slope


@compiled
def negative_binomial(y: float, n: float, eta: float, more: float) -> tuple[float, float, float, float]:
    """Y events in n person-time, variance m + (m more)^2."""
    eta = min(max(eta, -STEEPEST), STEEPEST)
    shape, mean = 1.0 / max(more * more, LEAST_SQUARE), n * math.exp(eta)
    share = mean / (mean + shape)
    value = math.lgamma(y + shape) - math.lgamma(shape) + y * eta - y * math.log(mean + shape)
    value -= shape * math.log1p(mean / shape)
    slope = digamma(y + shape) - digamma(shape) - math.log1p(mean / shape) + (mean - y) / (mean + shape)
    slope *= -2.0 * more * shape * shape
    return value, y - (y + shape) * share, (y + shape) * share * (1.0 - share), slope


@compiled
def plain(law: int, y: float, n: float, eta: float) -> tuple[float, float, float]:
    """The binomial or Poisson law."""
    if law in (POISSON, POISSON_NORMAL):
        return poisson(y, n, eta)
    return binomial(y, n, eta)


@compiled
def with_normal(
    law: int, y: float, n: float, at: tuple[float, float, float], nodes: tuple[Vector, Vector]
) -> tuple[float, float, float, float, float]:
    """A plain law whose eta has a normal effect of the cell: what ``cell`` gives, and the effect's mode.

    ``at`` are eta, the SD of the effect, of either sign, and where its mode is looked for first.
    """
    eta, sd, place = at
    curve = 1.0
    for _ in range(20):
        _, first, information = plain(law, y, n, eta + sd * place)
        curve = 1.0 + sd * sd * information
        step = min(max((sd * first - place) / curve, -LONGEST), LONGEST)
        place += step
        if abs(step) * math.sqrt(curve) < CLOSEST:
            break
    width = 1.0 / math.sqrt(curve)
    z, log_weight = nodes
    top = plain(law, y, n, eta + sd * place)[0] - 0.5 * place * place
    total, of_eta, of_sd, second = 0.0, 0.0, 0.0, 0.0
    for q in range(len(z)):
        w = place + width * z[q]
        value, first, information = plain(law, y, n, eta + sd * w)
        share = math.exp(value - 0.5 * w * w + log_weight[q] - top)
        total += share
        of_eta += share * first
        of_sd += share * first * w
        second += share * (first * first - information)
    mean = of_eta / total
    information = mean * mean - second / total
    return top + math.log(total * width), mean, information, of_sd / total, place


@compiled
def cell(
    law: int, y: float, n: float, at: tuple[float, float], nodes: tuple[Vector, Vector]
) -> tuple[float, float, float, float]:
    """Any law: value, slope in eta, information, and slope in the further parameter."""
    if law == BETA_BINOMIAL:
        return beta_binomial(y, n, at[0], at[1])
    if law == NEGATIVE_BINOMIAL:
        return negative_binomial(y, n, at[0], at[1])
    if law in (BINOMIAL_NORMAL, POISSON_NORMAL):
        return with_normal(law, y, n, (at[0], at[1], 0.0), nodes)[:4]
    value, first, information = plain(law, y, n, at[0])
    return value, first, information, 0.0
