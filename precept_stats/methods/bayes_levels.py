"""What a Bayesian model says of single clusters: those in the trial, new ones, and data it would give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.methods.bayes_fit import Sampled
from precept_stats.methods.bayes_model import BayesModel
from precept_stats.methods.bayes_random import SampledEffects
from precept_stats.methods.glmm_model import people_of
from precept_stats.numerics.glmm.quadrature import gauss_hermite
from precept_stats.numerics.posterior.blocks import Block
from precept_stats.numerics.posterior.risks import (
    beta_draw,
    beta_quantile,
    beta_total,
    logit,
    risk,
)
from precept_stats.studies.period_design import PeriodDesign

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]

NODES = 9
STEEPEST = 500.0


def is_known(model: BayesModel) -> bool:
    """Whether there is one effect of the arm, so that it is known what a cluster is expected to have."""
    return len(model.regression.fixed.effects) == 1


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Standard deviations of clusters and of cells (R,), and the law's further parameter (R,), in R draws."""

    cluster: Vector
    cell: Vector
    further: Vector
    residual: Vector


def spread_of(model: BayesModel, params: Matrix) -> Spread:
    """From parameters (R, P)."""
    further = params[:, model.p] if model.further_parameter else np.zeros(len(params))
    by = model.regression.random.by
    cell = sd_of(model, params, by.index("cluster_period")) if model.nested else np.zeros(len(params))
    return Spread(sd_of(model, params, by.index("cluster")), cell, further, np.sqrt(params[:, -1]))


def sd_of(model: BayesModel, params: Matrix, entry: int) -> Vector:
    """The standard deviation (R,) of a random term, by its place among the variances."""
    found: Vector = np.sqrt(params[:, model.p + int(bool(model.further_parameter)) + entry])
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """Distinct rows of a design: X (M, p), those of sampled groups (M, q), and by row (M,) the rest.

    ``code`` is that of a further grouping of rows, 0 where none was asked for.
    """

    X: Matrix
    groups: Matrix
    offset: Vector
    cluster: Ints
    code: Ints
    people: Vector

    def predictor(self, sampled: Sampled) -> Matrix:
        """The linear predictor (M, R) without the effects of clusters."""
        eta: Matrix = self.X @ sampled.parameters[:, : self.X.shape[1]].T + self.offset[:, None]
        return eta + self.groups @ group_effects(sampled).T


def grouped(model: BayesModel) -> tuple[tuple[SampledEffects, Block], ...]:
    """The sampled effects of groups of clusters and of how the effect differs, and where they stand."""
    pairs = zip(model.sampled, model.blocks, strict=True)
    return tuple((one, block) for one, block in pairs if one.entry is not None)


def group_effects(sampled: Sampled) -> Matrix:
    """Draws of all effects of groups (R, q)."""
    parts = [sampled.flat[:, block.at] for _, block in grouped(sampled.model)]
    return np.column_stack([*parts, np.zeros((len(sampled.flat), 0))])


def drawn_groups(model: BayesModel, params: Matrix, rng: np.random.Generator) -> Matrix:
    """Effects of groups (R, q) drawn anew, given their standard deviations in params (R, P)."""
    parts = [
        sd_of(model, params, one.entry)[:, None] * rng.standard_normal((len(params), one.count))
        for one in model.sampled
        if one.entry is not None
    ]
    return np.column_stack([*parts, np.zeros((len(params), 0))])


def group_columns(model: BayesModel) -> Matrix:
    """The columns of all effects of groups (N, q)."""
    parts = [one.columns for one, _ in grouped(model)]
    return np.column_stack([*parts, np.zeros((len(model.design.y), 0))])


def patterns(model: BayesModel, people: Vector, codes: Ints | None = None) -> Patterns:
    """The distinct combinations of cluster, columns and offset, with their people; none without people.

    With ``codes`` (N,) also of these.
    """
    design, used = model.design, people > 0.0
    offset = np.zeros(len(people)) if design.offset is None else design.offset
    code = np.zeros(len(people)) if codes is None else codes
    X = model.regression.X
    parts = [design.row_cluster, code, X, group_columns(model), offset]
    columns = np.column_stack(parts)[used].astype(np.float64)
    found, places = np.unique(columns, axis=0, return_inverse=True)
    total = np.bincount(places.ravel(), weights=people[used], minlength=len(found))
    groups = found[:, 2 + model.p : -1]
    lead = found[:, :2].astype(np.intp)
    return Patterns(found[:, 2 : 2 + model.p], groups, found[:, -1], lead[:, 0], lead[:, 1], total)


def mean_given(model: BayesModel, eta: Matrix, cell_sd: Vector) -> Matrix:
    """The mean outcome (M, R) at linear predictors (M, R), normal effects of cells averaged over."""
    if model.outcome == "continuous":
        return eta
    eta = np.clip(eta, -STEEPEST, STEEPEST)
    if model.outcome == "count":
        counted: Matrix = np.exp(eta + cell_sd**2 / 2.0)
        return counted
    if not np.any(cell_sd):
        return risk(eta)
    grid = gauss_hermite(NODES)
    weights = np.exp(grid.log_weight - grid.at**2 / 2.0)
    total = np.zeros_like(eta)
    for place, weight in zip(grid.at, weights, strict=True):
        total += weight * risk(eta + cell_sd * place)
    return total


def cluster_effects(sampled: Sampled, rng: np.random.Generator, drawn: Matrix) -> Matrix:
    """Effects of clusters (R, K) on the scale of the link; ``drawn`` are those of the normal law.

    Where the risks of clusters are beta, they are drawn given the counts: their log odds less those of the
    mean.
    """
    model = sampled.model
    if model.clustered:
        return drawn
    design, params = model.design, sampled.parameters
    K = design.n_clusters
    lead = np.array([np.flatnonzero(design.row_cluster == k)[0] for k in range(K)])
    offset = np.zeros(K) if design.offset is None else design.offset[lead]
    of_groups = group_effects(sampled) @ group_columns(model)[lead].T
    mean = risk(params[:, : model.p] @ model.regression.X[lead].T + offset + of_groups)
    total = beta_total(params[:, model.p, None])
    y = np.bincount(design.row_cluster, weights=design.y, minlength=K)
    size = np.bincount(design.row_cluster, weights=design.size, minlength=K)
    drawn = beta_draw(rng, total * mean + y, total * (1.0 - mean) + size - y)
    return logit(drawn) - logit(mean)


def cluster_means(sampled: Sampled, effects: Matrix) -> Matrix:
    """The expected outcome of each cluster as it was treated (R, K), over its own people."""
    model = sampled.model
    found, K = patterns(model, model.design.size), model.design.n_clusters
    spread = spread_of(model, sampled.parameters)
    eta = found.predictor(sampled) + effects.T[found.cluster]
    means = found.people[:, None] * mean_given(model, eta, spread.cell)
    total, people = np.zeros((K, eta.shape[1])), np.bincount(found.cluster, found.people, K)
    np.add.at(total, found.cluster, means)
    return (total / people[:, None]).T


def new_cluster(sampled: Sampled, arm: int, rng: np.random.Generator) -> Vector:
    """The expected outcome (R,) of a cluster that was not in the trial, in an arm, with the trial's people.

    Averaged over people, or over the trial's clusters, as the estimand asks; its own effect is drawn anew,
    and so are those of the groups that it is in.
    """
    model, params = sampled.model, sampled.parameters
    people = people_of(model.design)
    if model.design.target == "cluster_average":
        of_cluster = np.bincount(model.design.row_cluster, people, model.design.n_clusters)
        people = people / np.where(of_cluster > 0.0, of_cluster, 1.0)[model.design.row_cluster]
    found, spread = patterns(model, people), spread_of(model, params)
    X = found.X.copy()
    X[:, list(model.regression.fixed.effects)] = float(arm)
    eta = X @ params[:, : model.p].T + found.offset[:, None]
    for one, _ in grouped(model):
        share = float(arm) if one.of == "slopes" else 1.0
        eta = eta + share * sd_of(model, params, one.entry or 0) * rng.standard_normal(len(params))
    if model.clustered:
        means = mean_given(model, eta + spread.cluster * rng.standard_normal(len(params)), spread.cell)
    else:
        means = beta_quantile(risk(eta), beta_total(spread.further), rng.random(len(params)))
    answer: Vector = found.people @ means / found.people.sum()
    return answer


def replicated(model: BayesModel, params: Vector, rng: np.random.Generator) -> Vector:
    """Outcomes of all rows (N,) that the model would give, random effects drawn anew, from one draw (P,)."""
    design, spread = model.design, spread_of(model, params[None])
    eta = model.regression.X @ params[: model.p]
    eta = eta + (0.0 if design.offset is None else design.offset)
    eta = eta + group_columns(model) @ drawn_groups(model, params[None], rng)[0]
    cell = design.row_cluster
    if model.nested and isinstance(design, PeriodDesign):
        cell = design.row_cluster * design.n_periods + design.row_period
    eta = eta + (spread.cluster[0] * rng.standard_normal(design.n_clusters))[design.row_cluster]
    eta = eta + (spread.cell[0] * rng.standard_normal(int(cell.max()) + 1))[cell]
    return _outcomes(model, np.clip(eta, -STEEPEST, STEEPEST), cell, (spread, rng))


def _outcomes(
    model: BayesModel, eta: Vector, cell: Ints, given: tuple[Spread, np.random.Generator]
) -> Vector:
    """Outcomes at linear predictors (N,) by the law of the model."""
    spread, rng = given
    size = model.design.size
    if model.outcome == "continuous":
        noise: Vector = eta + spread.residual[0] * rng.standard_normal(len(eta))
        return noise
    shape = float(beta_total(spread.further)[0])
    if model.outcome == "count":
        rate = size * np.exp(np.minimum(eta, 50.0))
        if model.further_parameter == "dispersion":
            rate = rate * rng.gamma(shape, 1.0 / shape, len(rate))
        return rng.poisson(rate).astype(np.float64)
    risks = risk(eta)
    if model.further_parameter == "correlation":
        _, lead, code = np.unique(cell, return_index=True, return_inverse=True)
        risks = beta_draw(rng, shape * risks[lead], shape * (1.0 - risks[lead]))[code]
    return rng.binomial(np.rint(size).astype(np.int64), risks).astype(np.float64)
