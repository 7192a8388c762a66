"""Seeded clustered outcomes of every family, as rows for the kernel and as plain clusters."""

from __future__ import annotations

import numpy as np

from precept_stats.numerics.gee import correlation, families
from precept_stats.numerics.gee.cells import GeeRows
from precept_stats.numerics.gee.fit import GeeModel

from .plain import Cluster

FAMILIES = {
    "logit": families.Family(families.Logit(), families.Binomial()),
    "binomial_log": families.Family(families.Log(), families.Binomial()),
    "binomial_identity": families.Family(families.Identity(), families.Binomial()),
    "poisson": families.Family(families.Log(), families.Poisson()),
    "poisson_identity": families.Family(families.Identity(), families.Poisson()),
    "gaussian": families.Family(families.Identity(), families.Gaussian()),
}
CORRELATIONS = {
    "independence": correlation.Independence(),
    "exchangeable": correlation.Exchangeable(),
    "nested": correlation.NestedExchangeable(),
    "decay": correlation.ExponentialDecay(),
}


def rows(
    seed: int, family: str, *, weighted: bool = False, coarse: bool = False, alike: float = 0.3
) -> GeeRows:
    """A trial of 12 clusters over 3 periods, with a covariate of people and one of clusters."""
    rng = np.random.default_rng(seed)
    K, T = 12, 3
    sizes = rng.integers(3, 9, size=(K, T))
    cluster = np.repeat(np.arange(K), sizes.sum(axis=1))
    period = np.concatenate([np.repeat(np.arange(T), s) for s in sizes])
    n = len(cluster)
    x = rng.integers(0, 2, n).astype(float) if coarse else rng.normal(size=n)
    arm = (np.arange(K) % 2)[cluster].astype(float)
    X = np.column_stack([np.ones(n), arm, (period == 1), (period == 2), rng.normal(size=K)[cluster], x])
    X[:, 4:] *= 0.1
    u = rng.normal(0, alike, K)[cluster] + rng.normal(0, 0.7 * alike, K * T)[cluster * T + period]
    exposure = rng.uniform(0.5, 2.0, n) if family == "poisson" else np.ones(n)
    eta = -0.7 + 0.2 * arm + 0.3 * X[:, 5] + u
    if family == "gaussian":
        y = eta + rng.normal(size=n)
    elif family.startswith("poisson"):
        y = rng.poisson(exposure * np.exp(eta + 0.5)).astype(float)
    else:
        y = (rng.random(n) < 1 / (1 + np.exp(-eta))).astype(float)
    size = np.bincount(cluster).astype(float)
    weight = size.mean() / size if weighted else np.ones(K)
    return GeeRows(X, np.ones(n), y, y * y, exposure, cluster, period, weight)


def plain_clusters(data: GeeRows) -> list[Cluster]:
    return [
        Cluster(
            data.total[data.cluster == k],
            data.X[data.cluster == k],
            data.exposure[data.cluster == k],
            data.period[data.cluster == k],
            float(data.weight[k]),
        )
        for k in range(len(data.weight))
    ]


def model(family: str, working: str, *, corrected: bool = False, held=None) -> GeeModel:
    return GeeModel(FAMILIES[family], CORRELATIONS[working], bias_corrected=corrected, held=held)
