"""Restricted pseudo-likelihood: linear mixed models of a working response, fitted by REML until they settle.

Source: Wolfinger and O'Connell (1993), J Stat Comput Simul 48:233; the expansion is about the current
fixed and random effects and the scale is fixed at 1, as RSPL in SAS GLIMMIX is documented.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.glmm.families import Family
from precept_stats.numerics.glmm.fit import GlmmFit, GlmmRows
from precept_stats.numerics.glmm.layout import arrange
from precept_stats.numerics.mixed.fit import MixedFit, fit_mixed
from precept_stats.numerics.mixed.model import Fixed, Grouping, MixedModel, Numeric, Random, Rows

Vector = NDArray[np.float64]

MAX_ITERATIONS = 200
SETTLED = 1e-10
"""The largest change of a linear predictor, and of sigma^2 as a share of itself, at which it is settled."""


@dataclass(frozen=True, slots=True, eq=False)
class PseudoFit:
    """The last linear mixed model; ``variance`` is sigma^2, 0 on the boundary."""

    params: Vector
    variance: float
    linear: MixedFit
    iterations: int
    settled: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Working:
    """The rows of a linear mixed model with known residual variances 1 / weights."""

    response: Vector
    weights: Vector


def fit_pseudo(rows: GlmmRows, family: Family, start: GlmmFit) -> PseudoFit:
    """Iterate from a maximum likelihood fit of the same rows. X must have full column rank."""
    rows = _collapsed(rows)
    params, variance, modes = start.params, float(np.exp(2.0 * start.log_sigma)), start.modes
    eta = rows.X @ params + modes[rows.cluster]
    iteration, moved = 0, np.inf
    while iteration < MAX_ITERATIONS and moved >= SETTLED:
        iteration += 1
        working = _working(rows, family, eta)
        linear = fit_mixed(_model(rows, working), "reml", scale=1.0)
        before, params = variance, linear.params
        variance = linear.components[0].value
        new = rows.X @ params + _predicted(rows, working, params, variance)[rows.cluster]
        moved = max(float(np.max(np.abs(new - eta))), abs(variance - before) / max(variance, 1e-8))
        eta = new
    return PseudoFit(params, variance, linear, iteration, moved < SETTLED)


def _collapsed(rows: GlmmRows) -> GlmmRows:
    """Identical rows of a cluster as one, in the original order of columns, when all columns are coarse."""
    layout = arrange(rows.X, rows.y, rows.size, rows.cluster)
    if any(block.fine.shape[1] for block in layout):
        return rows
    back = np.argsort(layout.columns)
    X = np.vstack([block.coarse for block in layout])[:, back]
    y, size = (np.concatenate([getattr(block, name) for block in layout]) for name in ("y", "size"))
    codes = [block.spread(layout.clusters[block.clusters].astype(np.float64)) for block in layout]
    return GlmmRows(X, y, size, np.concatenate(codes).astype(np.intp))


def _working(rows: GlmmRows, family: Family, eta: Vector) -> _Working:
    """Linear predictor plus residual over slope; the weight is the expected information of a row."""
    mean, slope = family.mean(eta), family.mean_slope(eta)
    slope = np.maximum(slope, np.finfo(float).tiny)
    weights = np.maximum(rows.size * slope**2 / family.variance(mean), 1e-12)
    return _Working(eta + (rows.y / rows.size - mean) / slope, weights)


def _model(rows: GlmmRows, working: _Working) -> MixedModel:
    """The model with residual variances 1 / weights, which are known.

    Each row stands for two of half its weight, with some scatter: a row a cluster is then enough, clusters
    may be all alike, and nothing but the constant of the criterion changes.
    """
    columns = tuple(Numeric(str(j), np.ascontiguousarray(column)) for j, column in enumerate(rows.X.T))
    n = len(working.response)
    given = Rows(working.response, weights=0.5 * working.weights, repeats=np.full(n, 2.0), within=float(n))
    grouping = Grouping("cluster", rows.cluster, int(rows.cluster.max()) + 1)
    return MixedModel(given, Fixed(columns, intercept=False), (Random(grouping),))


def _predicted(rows: GlmmRows, working: _Working, params: Vector, variance: float) -> Vector:
    """The best linear unbiased predictor of each cluster's random effect (K,)."""
    if variance <= 0.0:
        return np.zeros(int(rows.cluster.max()) + 1)
    pulls = np.bincount(rows.cluster, weights=working.weights * (working.response - rows.X @ params))
    predicted: Vector = pulls / (np.bincount(rows.cluster, weights=working.weights) + 1.0 / variance)
    return predicted
