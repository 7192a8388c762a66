"""Doubly robust estimating equations that are augmented over both arms.

Everyone has an expected outcome in each arm, B_0 and B_1, and the answered ones a weighted residual:

    sum over rows of D' V^-1 w (y - B_own) + sum over arms of p_a D_a' V_a^-1 (B_a - mu_a) = 0

with p_a the probability that a cluster was allocated to the arm: Prague et al. (2016), Biometrics 72:1066,
and the R package CRTgeeDR. These are weighted equations in which each person has a row in each
arm, of weight p_a, whose outcome is B_a, and B_a + w (y - B_a) / p_a in the arm they are in.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.imputed import Completed
from precept_stats.methods.gee import Gee
from precept_stats.methods.gee_missing import (
    Equations,
    by_outcome,
    completed,
    no_estimate,
    nothing_tells,
    row_weights,
)
from precept_stats.methods.gee_model import MarginalModel
from precept_stats.methods.imputation_model import outcome_columns, parts_of
from precept_stats.methods.scatter import origin_of
from precept_stats.methods.settings_missing import BothArms, DoublyRobust
from precept_stats.methods.settings_probability import probability_facts
from precept_stats.numerics.gee.fit import GeeFit
from precept_stats.numerics.gee.variance import Leverage, leverage_among
from precept_stats.numerics.imputation.rows import Answered, sums, usable_columns
from precept_stats.numerics.nuisance import Modelled, OutcomeRegression, outcome_regression
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.incomplete import Incomplete
from precept_stats.studies.row_columns import frozen

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class _Expected:
    """What everyone is expected to have in each arm, reference first; parameters of clusters behind it."""

    arms: tuple[Modelled, Modelled]
    of_clusters: int


@dataclass(frozen=True, slots=True, eq=False)
class _Augmented:
    """The parts of the equations by row: chances of the arms (2, n), who is in which (2, n), and the rest."""

    share: Floats
    member: Bools
    y: Floats
    expected: _Expected
    weight: Modelled

    @property
    def outcomes(self) -> Floats:
        """The outcome of each person's row in each arm (2, n)."""
        expected = np.array([one.values for one in self.expected.arms])
        residual = self.weight.values * (self.y - expected)
        return expected + np.where(self.member, residual / self.share, 0.0)


def fit_augmented(
    method: Gee, known: ClusterTrialDesign, incomplete: Incomplete, missing: DoublyRobust, both: BothArms
) -> Completed:
    """The method augmented over both arms. ``known`` is the design of the answered rows."""
    incomplete, origin = _about_answered(incomplete)
    design = incomplete.filled(np.zeros(incomplete.n_missing))
    weights = row_weights(incomplete, missing)
    chance = both.probability.of(design)
    compared, arm = chance[design.row_cluster], design.arm[design.row_cluster]
    parts = _Augmented(
        share=np.array([1.0 - compared, compared]),
        member=np.array([arm == 0, arm == 1]),
        y=design.y,
        expected=_expected(incomplete, missing.by_arm),
        weight=weights.modelled,
    )
    model = method.model_of(design)
    under = (_under(model, 0), _under(model, 1))
    stacked = _stacked(model, under, parts)
    kernel, _, fallback = method.solved(stacked)
    moved = origin_of(stacked.design)
    carried = _carried(parts, np.array([by_outcome(one, kernel) for one in under]))
    probability = both.probability.modelled(design)
    if probability is not None:
        carried = carried + probability.nuisance.carried(_by_chance(under, kernel, parts, moved))
    found = Equations(
        model=model,
        kernel=kernel,
        leverage=_leverage(model, kernel),
        carried=carried,
        weights=weights,
        asked=replace(design, y=frozen(np.full(len(design.y), origin + moved))),
        warnings=(*fallback, *both.probability.warnings(design)),
        facts=probability_facts(design, chance),
        spent=parts.expected.of_clusters,
    )
    return completed(method, known, found)


def _about_answered(incomplete: Incomplete) -> tuple[Incomplete, float]:
    """Continuous outcomes counted from the mean of those answered, and that mean."""
    design = incomplete.design
    if design.outcome.type != "continuous":
        return incomplete, 0.0
    origin = float(design.y[incomplete.answered].mean())
    return replace(incomplete, design=replace(design, y=frozen(design.y - origin))), origin


def _under(model: MarginalModel, arm: int) -> MarginalModel:
    """The columns of everyone, were they in an arm."""
    values = model.columns.values.copy()
    values[:, : model.conditions] = np.eye(model.conditions)[arm]
    return replace(model, columns=replace(model.columns, values=values))


def _stacked(
    model: MarginalModel, under: tuple[MarginalModel, MarginalModel], parts: _Augmented
) -> MarginalModel:
    """A row for each person in each arm, next to each other."""
    design = model.design
    twice = replace(
        design,
        row_cluster=np.repeat(design.row_cluster, 2),
        y=frozen(parts.outcomes.T.ravel()),
        size=np.ones(2 * len(design.y)),
        covariates=(),
    )
    p = len(model.columns.names)
    values = np.stack([one.columns.values for one in under], axis=1).reshape(-1, p)
    columns = replace(model.columns, values=values)
    return replace(model, design=twice, columns=columns, row_weight=parts.share.T.ravel())


def _carried(parts: _Augmented, slopes: Floats) -> Floats:
    """What the models of who answered and of outcomes carry into the score of each cluster (K, p)."""
    weight = np.where(parts.member, parts.weight.values, 0.0)
    residual = parts.y - np.array([one.values for one in parts.expected.arms])
    by_weight = np.where(parts.member[:, :, None], slopes * residual[:, :, None], 0.0).sum(axis=0)
    found = parts.weight.nuisance.carried(by_weight)
    for arm, one in enumerate(parts.expected.arms):
        by_value = slopes[arm] * (parts.share[arm] - weight[arm])[:, None]
        found = found + one.nuisance.carried(by_value)
    return found


def _by_chance(
    under: tuple[MarginalModel, MarginalModel], kernel: GeeFit, parts: _Augmented, origin: float
) -> Floats:
    """The derivative (K, p) of the score in each cluster's probability of the compared arm."""
    sides = []
    for one, expected in zip(under, parts.expected.arms, strict=True):
        mean = origin + kernel.model.family.link.mean(one.columns.values @ kernel.params)
        sides.append(by_outcome(one, kernel) * (expected.values - mean)[:, None])
    design = under[0].design
    return sums(sides[1] - sides[0], design.row_cluster, design.n_clusters)


def _leverage(model: MarginalModel, kernel: GeeFit) -> Leverage:
    """How far a cluster pulls the means of its own arm, which is where its residuals are."""
    X = model.columns.values
    steep = kernel.model.family.link.mean_slope(X @ kernel.params)
    product = by_outcome(model, kernel)[:, :, None] * (X * steep[:, None])[:, None, :]
    information = sums(product, model.design.row_cluster, model.design.n_clusters)
    return leverage_among(information, np.linalg.inv(information.sum(axis=0)))


def _expected(incomplete: Incomplete, by_arm: bool) -> _Expected:
    """Everyone's expected outcome in each arm, from a regression of each, or from one with a term for it."""
    design = incomplete.design
    arm, columns = design.arm[design.row_cluster], outcome_columns(incomplete, by_arm)
    found, of_clusters = [], 0
    for number, name in parts_of(design, by_arm):
        there = incomplete.answered & (arm == number if by_arm else np.ones(len(arm), dtype=np.bool_))
        asked = [columns.values] if by_arm else list(_in_each_arm(columns.values, arm))
        kept, needed = usable_columns(columns.values[there], np.vstack(asked))
        if needed:
            raise nothing_tells("the outcome", [columns.names[j] for j in needed], name, "someone has")
        try:
            model = _regression(incomplete, columns.values[:, kept], there)
        except FitError as problem:
            raise no_estimate("the outcome", name, problem) from problem
        found += [model.expected(Z[:, kept]) for Z in asked]
        rows = columns.values[there][:, kept]
        answered = Answered(rows, design.y[there], design.row_cluster[there], design.n_clusters)
        of_clusters += answered.cluster_dimensions
    reference, compared = found
    return _Expected((reference, compared), of_clusters)


def _in_each_arm(Z: Floats, arm: NDArray[np.intp]) -> Iterator[Floats]:
    """The columns of everyone, were they in the reference arm and in the other; column 1 is the arm."""
    for number in (0, 1):
        moved = Z.copy()
        moved[:, 1] = Z[np.argmax(arm == number), 1]
        yield moved


def _regression(incomplete: Incomplete, Z: Floats, there: Bools) -> OutcomeRegression:
    design = incomplete.design
    clusters = (design.row_cluster, design.n_clusters)
    return outcome_regression(Z, design.y, there, clusters, design.outcome.type == "binary")
