"""What the tests of synthetic data measure with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

MCSE_BOUND = 4.0
GROUPS = 40

Statistic = Callable[[pd.DataFrame], float]


def months_of(column: pd.Series) -> np.ndarray:
    return column.str[:4].astype(int).to_numpy() * 12 + column.str[5:].astype(int).to_numpy() - 1


def within_mcse(statistic: Statistic, units: pd.DataFrame, truth: float) -> None:
    """Check that a statistic of units lies within four jackknife standard errors of the truth."""
    group = np.arange(len(units)) % GROUPS
    found = statistic(units)
    replicates = np.array([statistic(units[group != g]) for g in range(GROUPS)])
    mcse = np.sqrt((GROUPS - 1) / GROUPS * ((replicates - replicates.mean()) ** 2).sum())
    assert 0 < mcse < 0.1, mcse
    assert abs(found - truth) < MCSE_BOUND * mcse, (found, truth, mcse)


def uptake(window: str) -> Statistic:
    return lambda units: units[f"treated_{window}"].sum() / units[f"recorded_{window}"].sum()


def between_variance(units: pd.DataFrame, window: str) -> float:
    """Variance of the units' true uptake: of the proportions, less what sampling adds on average."""
    n = units[f"recorded_{window}"]
    p = units[f"treated_{window}"] / n
    return float(p.var(ddof=1) - (p * (1 - p) / (n - 1)).mean())


def icc(window: str) -> Statistic:
    def statistic(units: pd.DataFrame) -> float:
        p = float((units[f"treated_{window}"] / units[f"recorded_{window}"]).mean())
        return between_variance(units, window) / (p * (1 - p))

    return statistic


def between_period(units: pd.DataFrame) -> float:
    p = [units[f"treated_{window}"] / units[f"recorded_{window}"] for window in ("before", "after")]
    variances = [between_variance(units, window) for window in ("before", "after")]
    return float(np.cov(p[0], p[1])[0, 1] / np.sqrt(variances[0] * variances[1]))
