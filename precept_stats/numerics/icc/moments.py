"""Moment, kappa-type and pairwise estimators, each a ratio of sums over clusters.

Within several groups both sums are added up over the groups, so that with one group every estimator is that
of Ridout, Demetrio and Firth (1999, Biometrics 55:137), whose names of it are given.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from precept_stats.errors import FitError
from precept_stats.numerics.icc.anova import anova
from precept_stats.numerics.icc.clustered import Clustered, Vector, require_pairs

Weighting = Callable[[Vector], Vector]


def one_a_pair(size: Vector) -> Vector:
    """Every pair of members counts the same."""
    return np.ones_like(size)


def one_a_cluster(size: Vector) -> Vector:
    """Every cluster counts the same, whatever its number of pairs."""
    return 1.0 / (size * (size - 1.0))


def one_a_member(size: Vector) -> Vector:
    """Every member counts the same, whatever the number of pairs that it is in."""
    return 1.0 / (size - 1.0)


def _with_pairs(data: Clustered) -> Clustered:
    """Without the clusters of size 1, which have no pair."""
    require_pairs(data)
    return data.take(np.flatnonzero(data.size > 1.0))


def _pair_mean(data: Clustered, weights: Vector) -> Vector:
    """The mean of each group over all pairs, one entry a cluster."""
    ends = weights * (data.size - 1.0)
    return data.of_group(data.by_group(ends * data.total) / data.by_group(ends * data.size))


def pairwise_icc(data: Clustered, weighting: Weighting = one_a_pair) -> float:
    """Pearson's correlation over all ordered pairs of two members of a cluster (peq, pgp, ppr).

    Pairs have the ``weighting`` of their cluster's size, and are about the mean of their group over
    these pairs. Clusters of size 1 have none and are left out.
    Source: Karlin, Cameron and Williams (1981), Proc Natl Acad Sci 78:2664.
    """
    data = _with_pairs(data)
    weights = weighting(data.size)
    away = data.mean - _pair_mean(data, weights)
    squares = data.within + data.size * away**2
    products = (data.size * away) ** 2 - squares
    return _share(float(weights @ products), float((weights * (data.size - 1.0)) @ squares))


def pairwise_influence(data: Clustered, weighting: Weighting = one_a_pair) -> tuple[Vector, Vector]:
    """What one more y, and one more y^2, in each cluster (K,) adds to the estimate of a binary outcome.

    It is taken where all clusters of a group have the proportion of that group, whatever their size.
    """
    rho = pairwise_icc(data, weighting)
    paired, p = data.size > 1.0, data.of_group(data.by_group(data.total) / data.by_group(data.size))
    y, squared = np.zeros(data.n_clusters), np.zeros(data.n_clusters)
    size, p = data.size[paired], p[paired]
    weights = weighting(size)
    ends = weights * (size - 1.0)
    total = float((ends * size) @ (p * (1.0 - p)))
    y[paired] = (-weights - 2.0 * p * ends - rho * (1.0 - 2.0 * p) * ends) / total
    squared[paired] = weights / total
    return y, squared


def kappa_icc(data: Clustered) -> float:
    """1 - disagreement within clusters over that between members at large (fc).

    Source: Fleiss and Cuzick (1979), Appl Psychol Meas 3:537.
    """
    require_pairs(data)
    return 1.0 - _share(float(data.within.sum()), _expected_disagreement(data))


def kappa_influence(data: Clustered) -> tuple[Vector, Vector]:
    """What one more y, and one more y^2, in each cluster (K,) adds to the estimate."""
    rho, expected = kappa_icc(data), _expected_disagreement(data)
    share = _share_of_pairs(data)
    centre = data.of_group(data.by_group(data.total) / data.by_group(data.size))
    return (-1.0 + (1.0 - rho) * share * (1.0 - 2.0 * centre)) / expected, 1.0 / (data.size * expected)


def _expected_disagreement(data: Clustered) -> float:
    centre = data.of_group(data.by_group(data.total) / data.by_group(data.size))
    return float((data.size * _share_of_pairs(data)) @ (centre * (1.0 - centre)))


def _share_of_pairs(data: Clustered) -> Vector:
    """1 - K / N of each group, one entry a cluster."""
    return data.of_group(1.0 - data.by_group(np.ones(data.n_clusters)) / data.by_group(data.size))


def mak_icc(data: Clustered) -> float:
    """1 - the mean disagreement within clusters over that between clusters, every cluster the same (mak).

    Clusters of size 1 are left out. Source: Mak (1988), Appl Stat 37:344.
    """
    data = _with_pairs(data)
    clusters, p = data.by_group(np.ones(data.n_clusters)), data.mean
    _alone(clusters)
    within = float(np.sum(data.within / (data.size - 1.0)))
    apart = data.by_group(p**2) + data.by_group(p) * (clusters - 1.0 - data.by_group(p))
    return 1.0 - _share(within, float(np.sum(apart / (clusters - 1.0))))


def unbiased_equation_icc(data: Clustered) -> float:
    """The root of an unbiased estimating equation (ub); groups add up.

    The equation is of events alone: of unequal clusters, non-events give another root.
    Source: Yamamoto and Yanagimoto (1992), J Appl Stat 19:273.
    """
    found = anova(data)
    people, events = data.by_group(data.size), data.by_group(data.total)
    free = people - data.by_group(data.size**2) / people
    expected = (events * (free - events) + data.by_group(data.total**2)) / people
    return 1.0 - _share(found.n0 * found.df_between * found.ms_within, float(np.sum(expected)))


def stabilised_icc(data: Clustered, kappa: float = 0.45) -> float:
    """(MSB / (p (1 - p)) + kappa - 1) / (n0 - 1), shrunk by the constant kappa (stab).

    Source: Tamura and Young (1987), Biometrics 43:813.
    """
    found = anova(data)
    p = data.by_group(data.total) / data.by_group(data.size)
    variance = p * (1.0 - p)
    if not np.all(variance > 0.0):
        raise FitError(
            "an arm or stratum has no event, or nothing else",
            found=f"a proportion of {p[variance <= 0.0][0]:g}",
            allowed="events and non-events in each",
        )
    between = data.by_group(data.size * (data.mean - data.of_group(p)) ** 2)
    return (float(np.sum(between / variance)) / found.df_between + kappa - 1.0) / (found.n0 - 1.0)


def kleinman_icc(data: Clustered, *, by_size: bool, smaller: bool) -> float:
    """From the weighted variance of the proportions, weights equal or by size (keq, kpr; keqs, kprs).

    With ``smaller`` the variance is multiplied by (K - 1) / K. Source: Kleinman (1973), J Am Stat Assoc
    68:46; eq. (2.6) of Ridout et al.
    """
    require_pairs(data)
    clusters, people = data.by_group(np.ones(data.n_clusters)), data.by_group(data.size)
    _alone(clusters)
    whole = people if by_size else clusters
    weights = (data.size if by_size else np.ones(data.n_clusters)) / data.of_group(whole)
    p = data.by_group(weights * data.mean)
    variance = data.by_group(weights * (data.mean - data.of_group(p)) ** 2)
    variance *= (clusters - 1.0) / clusters if smaller else 1.0
    free, noise = data.by_group(weights * (1.0 - weights)), weights * (1.0 - weights) / data.size
    noise = data.by_group(noise)
    above = variance - p * (1.0 - p) * noise
    return _share(float(whole @ above), float(whole @ (p * (1.0 - p) * (free - noise))))


def _alone(clusters: Vector) -> None:
    if np.any(clusters < 2.0):
        raise FitError(
            "an arm or stratum has one cluster only",
            found=f"{int(np.sum(clusters < 2.0))} such",
            allowed="at least 2 clusters in each that this estimator compares",
        )


def _share(above: float, below: float) -> float:
    if not below > 0.0:
        raise FitError(
            "the correlation is not defined",
            found=f"{above:g} over {below:g}",
            allowed="an outcome that varies within an arm",
        )
    return above / below
