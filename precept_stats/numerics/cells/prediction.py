"""Predicted random effects (BLUP) of cells and clusters with their prediction errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from precept_stats.numerics.cells.fit import CellFit
from precept_stats.numerics.cells.structures import Array
from precept_stats.numerics.mixed.model import Matrix


@dataclass(frozen=True, slots=True, eq=False)
class PredictedCells:
    """Predictions with standard errors of prediction.

    ``cells`` (K, T) is the whole random effect of a cell, NaN in cells without rows; ``clusters`` (K, k)
    the effects of a cluster named by the structure's ``effects``. Standard errors are those of prediction
    minus truth, the fixed effects' uncertainty included and the variances taken as known (Henderson 1975,
    Biometrics 31:423).
    """

    cells: Matrix
    cell_errors: Matrix
    clusters: Matrix
    cluster_errors: Matrix


def predict_cells(fit: CellFit) -> PredictedCells:
    """The predictions at the estimates."""
    state, system = fit.point.state, fit.problem.system
    present, periods = system.statistics.seen.present, system.statistics.n.shape[1]
    effects = system.structure.cluster_effects(periods)
    q = len(state.core.core)
    down = system.down(
        np.broadcast_to(np.eye(periods), (len(present), periods, periods)) * present[:, :, None]
    )
    # covariance of (cluster's coefficients, cells) with the means of the cells
    of_clusters = np.matmul(effects @ state.core.core, down)
    of_cells = np.matmul(down.transpose(0, 2, 1), np.matmul(state.core.core, down))
    of_cells = of_cells + state.core.nugget * np.eye(periods) * present[:, :, None]
    own = np.diagonal(of_cells, axis1=1, axis2=2)
    cells, cell_errors = _predicted(fit, of_cells, own)
    variance = np.diag(effects @ state.core.core @ effects.T) if q else np.zeros(0)
    clusters, cluster_errors = _predicted(
        fit, of_clusters, np.broadcast_to(variance, (len(present), len(effects)))
    )
    return PredictedCells(
        np.where(present, cells, np.nan), np.where(present, cell_errors, np.nan), clusters, cluster_errors
    )


def _predicted(fit: CellFit, covariance: Array, variances: Matrix) -> tuple[Matrix, Matrix]:
    """Predictions and standard errors of effects (K, e) with this covariance (K, e, T) with the means."""
    state, solved = fit.point.state, fit.point.solved
    p = len(solved.beta)
    scores = state.S @ solved.rotate[:, p]
    values = np.einsum("ket,kt->ke", covariance, scores)
    fixed = np.matmul(covariance, state.S[:, :, :p])
    inverse = _inverse(fit)
    removed = np.einsum("ket,kts,kes->ke", covariance, inverse, covariance, optimize=True)
    added = np.einsum("kep,pq,keq->ke", fixed, solved.phi, fixed, optimize=True)
    return values, np.sqrt(np.maximum(variances - removed + added, 0.0))


def _inverse(fit: CellFit) -> Array:
    """V^-1 of the means of the cells (K, T, T), zero where a cell is absent."""
    state, system = fit.point.state, fit.problem.system
    eye = state.inverse_d[:, :, None] * np.eye(state.inverse_d.shape[1])
    inverse: Array = eye - state.inverse_d[:, :, None] * system.up(np.matmul(state.H, system.down(eye)))
    return inverse
