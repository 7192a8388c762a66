"""Are areas more different than chance allows: Cochran's Q, and the variance between areas.

In the random-effects model the estimates are y_k ~ N(mu, tau2 + v_k). tau2 by moments (DerSimonian and Laird
1986, Control Clin Trials 7:177) and by restricted likelihood; its interval by profiling the generalised Q,
which has a chi-squared distribution at the true tau2 (Viechtbauer 2007, Stat Med 26:37); I2 as in Higgins and
Thompson 2002 (Stat Med 21:1539). Where Q is its expectation is another estimate (Paule and Mandel 1982, J Res
Natl Bur Stand 87:377).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

Vector = NDArray[np.float64]

STEPS = 200


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """``lower`` and ``upper`` are the limits of tau2; ``i2`` (0 to 1) goes with ``tau2_reml``."""

    q: float
    df: int
    p_value: float
    tau2_dl: float
    tau2_reml: float
    mean: float
    i2: float
    lower: float
    upper: float


def heterogeneity(y: Vector, variance: Vector, level: float) -> Heterogeneity:
    """Of K independent estimates (K,) and their variances, all above 0."""
    weight = 1.0 / variance
    q, df = _generalised_q(y, variance, 0.0), len(y) - 1
    room = float(weight.sum() - (weight**2).sum() / weight.sum())
    reml = _restricted(y, variance, max(0.0, (q - df) / room))
    typical = df / room
    tail = (1.0 - level) / 2.0
    return Heterogeneity(
        q,
        df,
        float(special.chdtrc(df, q)),
        max(0.0, (q - df) / room),
        reml,
        _mean(y, 1.0 / (variance + reml)),
        reml / (reml + typical),
        _profiled(y, variance, float(special.chdtri(df, tail))),
        _profiled(y, variance, float(special.chdtri(df, 1.0 - tail))),
    )


def paule_mandel(y: Vector, variance: Vector) -> float:
    """The tau2 at which the generalised Q is its expectation, K - 1; 0 where it is below that at 0."""
    return _profiled(y, variance, float(len(y) - 1))


def _mean(y: Vector, weight: Vector) -> float:
    return float(weight @ y / weight.sum())


def _generalised_q(y: Vector, variance: Vector, tau2: float) -> float:
    weight = 1.0 / (variance + tau2)
    return float(weight @ (y - _mean(y, weight)) ** 2)


def _score(y: Vector, variance: Vector, tau2: float) -> tuple[float, float]:
    """The derivative of the restricted likelihood in tau2, and its information, both twice over."""
    weight = 1.0 / (variance + tau2)
    total = weight.sum()
    rest = y - _mean(y, weight)
    trace = total - (weight**2).sum() / total
    squared = (weight**2).sum() - 2.0 * (weight**3).sum() / total + ((weight**2).sum() / total) ** 2
    return float(weight**2 @ rest**2 - trace), float(squared)


def _restricted(y: Vector, variance: Vector, start: float) -> float:
    """Where the restricted likelihood is highest: the end of Fisher scoring, 0 at the boundary."""
    tau2 = start
    for _ in range(STEPS):
        slope, information = _score(y, variance, tau2)
        moved = max(0.0, tau2 + slope / information)
        if abs(moved - tau2) <= 1e-14 * (tau2 + float(variance.mean())):
            return moved
        tau2 = moved
    return tau2


def _profiled(y: Vector, variance: Vector, quantile: float) -> float:
    """The tau2 at which the generalised Q, which falls as it rises, is the quantile; 0 where it is below."""

    def excess(tau2: float) -> float:
        return _generalised_q(y, variance, tau2) - quantile

    if excess(0.0) <= 0.0:
        return 0.0
    end = float(variance.mean() + np.ptp(y) ** 2)
    while excess(end) > 0.0:
        end *= 2.0
    return float(optimize.brentq(excess, 0.0, end, xtol=1e-14 * end, rtol=1e-12))
