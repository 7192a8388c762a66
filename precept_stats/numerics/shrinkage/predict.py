"""Areas predicted with their standard deviations known: empirical Bayes, in one or two levels.

With eta_k = mu + v_g(k) + u_k, u ~ N(0, sigma^2) between areas and v ~ N(0, omega^2) between the groups they
are in, the predictions are the modes of the random effects at the estimated mu. Their covariance is that of
the inverse information of (mu, u, v) with a flat mu: the error of the mean is in it, that of the standard
deviations is not. Source: Laird and Ware 1982, Biometrics 38:963; Skrondal and Rabe-Hesketh 2009, J R Stat
Soc A 172:659.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.shrinkage.law import Ints, Law, Vector

Matrix = NDArray[np.float64]

STEPS = 100
CLOSE = 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The mean of the predictor, the SD between areas, and that between groups with the group of each area.

    ``group`` is None where areas are in no groups.
    """

    mean: float
    between_areas: float
    between_groups: float = 0.0
    group: Ints | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Predicted:
    """Linear predictors of areas (K,), their covariance (K, K), and their reliability (K,), 0 to 1.

    Reliability is the share of the variance of an area's own estimate, about the mean of its group, that is
    between areas.
    """

    eta: Vector
    covariance: Matrix
    reliability: Vector

    @property
    def std_error(self) -> Vector:
        found: Vector = np.sqrt(np.diagonal(self.covariance))
        return found


def predict(law: Law, spread: Spread) -> Predicted:
    """Predictions of all areas; without any variance between areas they are their group's."""
    columns = _columns(law.count, spread)
    effects = np.zeros(columns.shape[1] - 1)
    eta = spread.mean + columns[:, 1:] @ effects
    for _ in range(STEPS):
        slope, information = law.slopes(eta)
        score = columns[:, 1:].T @ slope - effects
        inside = _information(columns[:, 1:], information)
        step = np.linalg.solve(inside + np.eye(len(effects)), score)
        effects = effects + step
        eta = spread.mean + columns[:, 1:] @ effects
        if np.max(np.abs(columns[:, 1:] @ step), initial=0.0) <= CLOSE * (1.0 + np.max(np.abs(eta))):
            break
    information = law.slopes(eta)[1]
    precision = _information(columns, information) + np.diag(np.append(0.0, np.ones(len(effects))))
    covariance = columns @ np.linalg.solve(precision, columns.T)
    own = spread.between_areas**2 * information
    return Predicted(eta, (covariance + covariance.T) / 2.0, own / (1.0 + own))


def _columns(count: int, spread: Spread) -> Matrix:
    """One for the mean, then what each standard normal effect adds to each area."""
    found = [np.ones((count, 1)), spread.between_areas * np.eye(count)]
    if spread.group is not None:
        found.append(spread.between_groups * np.eye(int(spread.group.max()) + 1)[spread.group])
    return np.hstack(found)


def _information(columns: Matrix, weights: Vector) -> Matrix:
    found: Matrix = columns.T @ (weights[:, None] * columns)
    return found
