"""Leaving out one cluster at a time: how well the others predict it, by Pareto-smoothed importance sampling.

What is held out is the whole cluster, its random effect integrated out: the log-likelihood of a cluster
given its own effect would be scored by an effect that the cluster itself has determined.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError

Vector = NDArray[np.float64]
Cube = NDArray[np.float64]

UNRELIABLE = 0.7
"""A Pareto k above which smoothed importance weights are not trusted (Vehtari et al. 2024, JMLR 25:72)."""


@dataclass(frozen=True, slots=True, eq=False)
class LeftOut:
    """The log predictive density of each cluster given the others, ``elpd`` (K,).

    ``khat`` (K,) are the Pareto k of the weights before any refit, ``own`` (K,) the log of the mean density
    of each cluster with itself among the data, and ``refitted`` (K,) says whose density comes from a
    posterior sampled without the cluster.
    """

    clusters: tuple[str, ...]
    elpd: Vector
    khat: Vector
    own: Vector
    refitted: NDArray[np.bool_]

    @property
    def total(self) -> float:
        return float(self.elpd.sum())

    @property
    def std_error(self) -> float:
        """Of the total, clusters taken as a sample of clusters."""
        return _error(self.elpd)

    @property
    def effective_parameters(self) -> float:
        """How much better clusters are predicted with themselves among the data."""
        return float(np.sum(self.own - self.elpd))


def left_out(
    clusters: tuple[str, ...], log_likelihood: Cube, refit: Callable[[int], Vector | None], above: float
) -> LeftOut:
    """From the clusters' log-likelihood in every draw (chains, draws, K).

    ``refit`` samples the posterior without the cluster of a number and gives the log-likelihood of that
    cluster in each of its draws, or None where that cannot be had; it is asked where the Pareto k is
    ``above`` this, or is no number.
    """
    from arviz_stats.base import array_stats  # lazy: heavy, and in an extra

    count = log_likelihood.shape[-1]
    elpd, khat, own = np.empty(count), np.empty(count), np.empty(count)
    refitted = np.zeros(count, dtype=np.bool_)
    for k in range(count):
        drawn = log_likelihood[..., k]
        own[k] = log_mean_exp(drawn.ravel())
        elpd[k], khat[k], _ = array_stats.loo(drawn, chain_axis=0, draw_axis=1, r_eff=_efficiency(drawn))
        if not khat[k] <= above and (again := refit(k)) is not None:
            elpd[k], refitted[k] = log_mean_exp(again), True
    return LeftOut(clusters, elpd, khat, own, refitted)


def _efficiency(drawn: NDArray[np.float64]) -> float:
    """Effective over actual draws of the likelihood; 1 where it does not vary."""
    from arviz_stats.base import array_stats  # lazy: heavy, and in an extra

    likelihood = np.exp(drawn - drawn.max())
    if np.ptp(likelihood) == 0.0:
        return 1.0
    share = float(array_stats.ess(likelihood, chain_axis=0, draw_axis=1, method="mean")) / drawn.size
    return share if math.isfinite(share) else 1.0


def log_mean_exp(values: Vector) -> float:
    """The log of the mean of exponentials."""
    top = float(np.max(values))
    return top + math.log(float(np.mean(np.exp(values - top)))) if math.isfinite(top) else top


@dataclass(frozen=True, slots=True)
class Compared:
    """How much better (above 0) one model predicts left-out clusters than another, with its error."""

    difference: float
    std_error: float
    clusters: int


def compared(one: dict[str, float], other: dict[str, float]) -> Compared:
    """From the log predictive densities of the same clusters by name. FitError where the clusters differ.

    The standard error is that of a sum of paired differences (Vehtari, Gelman and Gabry 2017, Stat Comput
    27:1413, equation 24).
    """
    if set(one) != set(other):
        alone = sorted(set(one) ^ set(other))
        raise FitError(
            "the two models did not predict the same clusters",
            found=f"in one only: {', '.join(alone)}",
            allowed="two analyses of the same clusters",
        )
    differences = np.array([one[name] - other[name] for name in one])
    return Compared(float(differences.sum()), _error(differences), len(differences))


def _error(values: Vector) -> float:
    return math.sqrt(len(values) * float(np.var(values, ddof=1))) if len(values) > 1 else math.nan
