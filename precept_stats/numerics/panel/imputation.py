"""The imputation estimator: what treated rows would have been, from a model of the untreated ones.

Borusyak, Jaravel and Spiess (2024), Rev Econ Stud 91:3253. Equations are numbered as there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from precept_stats.numerics.panel.effects import Panel, effect_columns

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]

KNOWN = 1e-7
"""A treated row with a longer share than this outside the untreated rows' columns has no counterfactual."""


@dataclass(frozen=True, slots=True, eq=False)
class Imputation:
    """``effect`` (m,) of the treated rows, y less what was imputed, NaN where that is not ``known`` (m,).

    ``residuals`` (n - m,) are of the untreated rows; ``carried`` (n - m, m) is how much each of
    them counts in what was imputed for each treated row.
    """

    panel: Panel
    treated: Bools
    effect: Vector
    known: Bools
    residuals: Vector
    carried: Matrix


def impute(panel: Panel, treated: Bools, covariates: Matrix) -> Imputation:
    """Fit units, periods and covariates (n, c) to the untreated rows by weighted least squares, and impute.

    A treated row is known where its unit and its period have untreated rows that connect them.
    """
    X = np.column_stack([effect_columns(panel), covariates])
    before, after = X[~treated], X[treated]
    weighted = before * panel.weights[~treated, None]
    information = weighted.T @ before
    inverse = linalg.pinvh(information)
    outside = after - after @ inverse @ information
    known = np.linalg.norm(outside, axis=1) <= KNOWN * np.linalg.norm(after, axis=1)
    carried = weighted @ inverse @ after.T
    y0 = panel.y[~treated]
    effect = np.where(known, panel.y[treated] - carried.T @ y0, np.nan)
    residuals = y0 - before @ (inverse @ (weighted.T @ y0))
    return Imputation(panel, treated, effect, known, residuals, carried)


def averages(found: Imputation, weights: Matrix, groups: Ints) -> tuple[Vector, Matrix]:
    """Averages of known effects with ``weights`` (J, m), and their clustered, conservative covariance (J, J).

    The effect of a treated row is taken as the average of its ``group`` (m,) and what it differs by as noise
    (eq. 7 and 10): the variance is too large where effects differ within a group, and too small where a group
    is so small that its average follows its rows.
    """
    own = np.where(found.known, found.effect, 0.0)
    cluster = found.panel.cluster
    scores = np.stack([_scores(found, one, (own, groups, cluster)) for one in weights])
    covariance: Matrix = scores @ scores.T
    estimates: Vector = weights @ own
    return estimates, covariance


def _scores(found: Imputation, weights: Vector, of: tuple[Vector, Ints, Ints]) -> Vector:
    """What each cluster adds to the error of one average (G,)."""
    own, groups, cluster = of
    mine, others = cluster[found.treated], cluster[~found.treated]
    count = int(cluster.max()) + 1
    by_cluster = np.zeros((int(groups.max()) + 1, count))
    valued = np.zeros_like(by_cluster)
    np.add.at(by_cluster, (groups, mine), weights)
    np.add.at(valued, (groups, mine), weights * own)
    squares = np.sum(by_cluster**2, axis=1)
    mean = np.sum(by_cluster * valued, axis=1) / np.where(squares > 0.0, squares, 1.0)
    treated = np.bincount(mine, weights=weights * (own - mean[groups]), minlength=count)
    before = np.bincount(others, weights=-(found.carried @ weights) * found.residuals, minlength=count)
    return treated + before


def smallest_groups(found: Imputation, weights: Vector, groups: Ints) -> float:
    """The share of the weight that lies in groups whose rows are of one cluster alone."""
    mine = found.panel.cluster[found.treated]
    total = float(np.abs(weights).sum())
    single = 0.0
    for group in np.unique(groups):
        rows = groups == group
        if len(np.unique(mine[rows & (weights != 0.0)])) == 1:
            single += float(np.abs(weights[rows]).sum())
    return single / total if total > 0.0 else 0.0
