"""Restricted pseudo-likelihood with any random effects: see ``pseudo``, of which this is the general case."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.numerics.glmm.effects import Effects, StructuredRows, arrange_effects
from precept_stats.numerics.glmm.families import Family
from precept_stats.numerics.glmm.joint_fit import JointFit
from precept_stats.numerics.mixed.fit import MixedFit, fit_mixed
from precept_stats.numerics.mixed.model import Fixed, Grouping, MixedModel, Numeric, Random, Rows
from precept_stats.numerics.mixed.prediction import predict_random

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

MAX_ITERATIONS = 200
SETTLED = 1e-9
"""The largest change of a linear predictor, and of a covariance as a share of the largest, when settled."""


@dataclass(frozen=True, slots=True, eq=False)
class JointPseudoFit:
    """The last linear mixed model; ``theta`` are entries of L, as in a ``JointFit``."""

    params: Vector
    theta: Vector
    linear: MixedFit
    iterations: int
    settled: bool


def fit_joint_pseudo(rows: StructuredRows, family: Family, start: JointFit) -> JointPseudoFit:
    """Iterate from a maximum likelihood fit of the same rows. X must have full column rank."""
    data = arrange_effects(rows, collapse=True)
    terms = _terms(data, rows.random)
    eta, gamma = start.point.centre.eta, start.problem.effects.structure.gamma(start.theta)
    iteration, moved = 0, np.inf
    while iteration < MAX_ITERATIONS and moved >= SETTLED:
        iteration += 1
        linear = fit_mixed(_model(data, family, eta, terms), "reml", scale=1.0)
        before, gamma = gamma, data.structure.gamma(linear.theta)
        new = data.offset + data.X @ linear.params + _predicted(data, linear)
        change = float(np.max(np.abs(gamma - before))) / max(float(np.max(np.abs(gamma))), 1e-8)
        moved, eta = max(float(np.max(np.abs(new - eta))), change), new
    return JointPseudoFit(linear.params, linear.theta, linear, iteration, moved < SETTLED)


def _terms(data: Effects, random: tuple[Random, ...]) -> tuple[Random, ...]:
    """The random terms on the collapsed rows."""
    groups: dict[int, tuple[Grouping, int]] = {}
    used: dict[int, int] = {}
    found = []
    for term in random:
        key = id(term.grouping)
        if key not in groups:
            f = len(groups)
            factor = data.factors[f]
            groups[key] = Grouping(factor.name, factor.codes, factor.levels), f
        grouping, f = groups[key]
        begin = used.get(key, 0) + int(term.intercept)
        slopes = tuple(
            Numeric(slope.name, np.ascontiguousarray(data.factors[f].Z[:, begin + number]))
            for number, slope in enumerate(term.slopes)
        )
        used[key] = used.get(key, 0) + term.width
        found.append(Random(grouping, slopes, term.intercept))
    return tuple(found)


def _model(data: Effects, family: Family, eta: Vector, terms: tuple[Random, ...]) -> MixedModel:
    """Linear predictor plus residual over slope, with residual variances 1 / weights, which are known.

    Each row stands for two of half its weight, with some scatter (see ``pseudo``).
    """
    mean, slope = family.mean(eta), np.maximum(family.mean_slope(eta), np.finfo(float).tiny)
    weights = np.maximum(data.size * slope**2 / family.variance(mean), 1e-12)
    response = eta - data.offset + (data.y / data.size - mean) / slope
    columns = tuple(Numeric(str(j), np.ascontiguousarray(column)) for j, column in enumerate(data.X.T))
    n = len(response)
    given = Rows(response, weights=0.5 * weights, repeats=np.full(n, 2.0), within=float(n))
    return MixedModel(given, Fixed(columns, intercept=False), terms)


def _predicted(data: Effects, linear: MixedFit) -> Vector:
    """The predicted random part of each row."""
    total: Vector = np.zeros(len(data.y))
    for factor, found in zip(data.factors, predict_random(linear), strict=True):
        total += np.sum(factor.Z * found.values[factor.codes], axis=1)
    return total
