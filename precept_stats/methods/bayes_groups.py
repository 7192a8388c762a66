"""Groups of clusters, such as regions, by a Bayesian model: shrunken outcomes and effects, and ranks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.posterior_answers import Units
from precept_stats.methods.bayes_fit import Sampled
from precept_stats.methods.bayes_levels import grouped, mean_given, patterns, spread_of
from precept_stats.methods.bayes_model import BayesModel
from precept_stats.methods.bayes_random import SampledEffects
from precept_stats.numerics.posterior.blocks import Block

Matrix = NDArray[np.float64]
Ints = NDArray[np.intp]


def group_units(sampled: Sampled, of_clusters: Matrix, worst: int) -> Iterator[Units]:
    """Each grouping's levels, and the effect in each where it differs; ``of_clusters`` are effects (R, K)."""
    for one, block in grouped(sampled.model):
        if one.of == "slopes":
            yield _effects(sampled, one, block)
        else:
            yield _outcomes(sampled, one, block, (of_clusters, worst))


def _outcomes(sampled: Sampled, one: SampledEffects, block: Block, given: tuple[Matrix, int]) -> Units:
    """The expected outcome of each level's own people as they were treated, in its own clusters."""
    model, design = sampled.model, sampled.model.design
    of_clusters, worst = given
    found, spread = patterns(model, design.size, _codes(model, one)), spread_of(model, sampled.parameters)
    eta = found.predictor(sampled) + of_clusters.T[found.cluster]
    inside = found.people[:, None] * (found.code[:, None] == np.arange(one.count))
    means = mean_given(model, eta, spread.cell).T @ (inside / inside.sum(axis=0))
    people = one.columns.T @ design.size
    return Units(
        names=one.levels,
        observed=one.columns.T @ design.y / people,
        means=means,
        effects=sampled.flat[:, block.at],
        worst=min(worst, one.count),
        by=one.by,
        unit=model.arm_means()[0].unit,
    )


def _effects(sampled: Sampled, one: SampledEffects, block: Block) -> Units:
    """The effect that the estimand asks for in each level, over its own people and clusters' effects."""
    model, quantity = sampled.model, sampled.model.effect()
    differ, place = sampled.flat[:, block.at], model.regression.fixed.effects[0]
    if model.design.effect == "conditional":
        means = np.exp(sampled.parameters[:, place, None] + differ)
    else:
        down, up = (_means(sampled, one, differ, arm) for arm in (0, 1))
        means = compared(model.design.summary, down, up)
    return Units(one.levels, None, means, differ, 1, by=one.by, unit=quantity.unit, of_effect=True)


def _means(sampled: Sampled, one: SampledEffects, differ: Matrix, arm: int) -> Matrix:
    """The mean outcome (R, q) of each level's people, everyone being in an arm, over clusters' effects."""
    model, params = sampled.model, sampled.parameters
    spread = spread_of(model, params)
    sd = np.sqrt(spread.cluster**2 + spread.cell**2)
    found = patterns(model, model.design.size, _codes(model, one))
    X, others = found.X.copy(), found.groups.copy()
    X[:, list(model.regression.fixed.effects)] = float(arm)
    for other, block in grouped(model):
        if other.of == "slopes":
            others[:, _columns(sampled, block)] = 0.0
    of_groups = np.column_stack([sampled.flat[:, block.at] for _, block in grouped(model)])
    eta = X @ params[:, : model.p].T + found.offset[:, None] + others @ of_groups.T
    eta = eta + float(arm) * differ.T[found.code]
    inside = found.people[:, None] * (found.code[:, None] == np.arange(one.count))
    averaged: Matrix = mean_given(model, eta, sd).T @ (inside / inside.sum(axis=0))
    return averaged


def _codes(model: BayesModel, one: SampledEffects) -> Ints:
    """The level that each row is in (N,)."""
    return next(group.codes for group in model.design.groups if group.name == one.by)


def _columns(sampled: Sampled, block: Block) -> slice:
    """Where the effects of a block stand among those of all groups."""
    first = 0
    for _, other in grouped(sampled.model):
        if other.first == block.first:
            break
        first += other.count
    return slice(first, first + block.count)


def compared(summary: str, down: Matrix, up: Matrix) -> Matrix:
    """Two means as the estimand compares them."""
    if summary.endswith("_difference"):
        return up - down
    if summary == "odds_ratio":
        odds: Matrix = up / (1.0 - up) * (1.0 - down) / down
        return odds
    ratio: Matrix = up / down
    return ratio
