"""Estimating equations with missing outcomes: weighted by inverse probability, or doubly robust by arm.

The main equation is that of independence. Weights (and expected outcomes) come from models that are
estimated on the same clusters, so that the score of each cluster carries theirs (``numerics/nuisance``).
Robins, Rotnitzky and Zhao (1995), J Am Stat Assoc 90:106. Over both arms: ``gee_augmented``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.asymptotic import Asymptotic
from precept_stats.inference.degrees_of_freedom import FixedDf
from precept_stats.inference.fit import Fact, Fit
from precept_stats.inference.imputed import Completed
from precept_stats.methods.gee import Gee
from precept_stats.methods.gee_checks import require_usable, spare_clusters
from precept_stats.methods.gee_model import MarginalModel
from precept_stats.methods.imputation_model import or_one_model, outcome_columns, parts_of
from precept_stats.methods.layout import layout_of_design
from precept_stats.methods.mixed_facts import design_facts, few_clusters
from precept_stats.methods.scatter import origin_of
from precept_stats.methods.settings import listed
from precept_stats.methods.settings_gee import ClustersMinusAllParameters, NormalDistribution
from precept_stats.methods.settings_missing import DoublyRobust, InverseProbability
from precept_stats.numerics.gee.fit import GeeFit
from precept_stats.numerics.gee.variance import Leverage, leverage_of
from precept_stats.numerics.imputation.rows import usable_columns
from precept_stats.numerics.nuisance import (
    Modelled,
    Nuisance,
    beside,
    chances,
    outcome_regression,
    stabilised,
    truncated,
    weights_of,
)
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.incomplete import Incomplete
from precept_stats.studies.row_columns import frozen
from precept_stats.values import Status

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

POWERS = {"liang_zeger": 0.0, "kauermann_carroll": -0.5, "mancl_derouen": -1.0, "cr3": -1.0}
"""Corrections of a cluster's score for few clusters, as the power of I - H."""
LARGE = 10.0
"""Weights more than so many times their mean are warned of (an assumption)."""
THIN = 0.5
"""So is an effective number of rows below this share of the answered ones (an assumption)."""


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The weight of each row, 0 where unanswered, and what was cut."""

    modelled: Modelled
    incomplete: Incomplete
    uncut: Floats

    @property
    def used(self) -> Floats:
        """Those of answered rows."""
        return self.modelled.values[self.incomplete.answered]


@dataclass(frozen=True, slots=True, eq=False)
class Equations:
    """Solved equations: the model of everyone, what is carried into the score of each cluster (K, p).

    ``asked`` is the design whose quantities are asked for. ``spent`` are the parameters of clusters of models
    that were adjusted by, of which the marginal one may have fewer.
    """

    model: MarginalModel
    kernel: GeeFit
    leverage: Leverage
    carried: Floats
    weights: Weights
    asked: ClusterTrialDesign
    warnings: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    spent: int = 0


def effective(weights: Floats) -> float:
    """How many rows of equal weight would tell as much: (sum w)^2 / sum w^2."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def fit_weighted(
    method: Gee, known: ClusterTrialDesign, incomplete: Incomplete, missing: InverseProbability
) -> Completed:
    """The method with answered rows weighted; its quantities average over everyone, answered or not.

    ``known`` is the design of the answered rows: clusters, people and degrees of freedom are counted there.
    """
    weights = row_weights(incomplete, missing)
    mean = float(incomplete.design.y[incomplete.answered].mean())
    design = incomplete.filled(np.full(incomplete.n_missing, mean))
    model = replace(method.model_of(design), row_weight=weights.modelled.values)
    kernel, _, fallback = method.solved(model)
    off = _by_residual(model, kernel, model.design.y)
    carried = weights.modelled.nuisance.carried(off)
    found = Equations(model, kernel, leverage_of(kernel), carried, weights, design, fallback)
    return completed(method, known, found)


def fit_doubly_robust(
    method: Gee, known: ClusterTrialDesign, incomplete: Incomplete, missing: DoublyRobust
) -> Completed:
    """The method with outcomes B + w (y - B), B being those expected by regression in a person's own arm.

    ``known`` as in ``fit_weighted``.
    """
    weights = row_weights(incomplete, missing)
    w, y = weights.modelled, np.where(incomplete.answered, incomplete.design.y, 0.0)
    expected = _expected(incomplete, missing.by_arm)
    outcomes = expected.values + w.values * (y - expected.values)
    design = replace(incomplete.design, y=frozen(outcomes))
    model = method.model_of(design)
    kernel, _, fallback = method.solved(model)
    by_value = by_outcome(model, kernel)
    carried = w.nuisance.carried(by_value * (y - expected.values)[:, None])
    carried = carried + expected.nuisance.carried(by_value * (1.0 - w.values)[:, None])
    found = Equations(model, kernel, leverage_of(kernel), carried, weights, design, fallback)
    return completed(method, known, found)


def completed(method: Gee, known: ClusterTrialDesign, found: Equations) -> Completed:
    """The fit of solved equations. ``known`` as in ``fit_weighted``."""
    model, kernel, leverage, weights = found.model, found.kernel, found.leverage, found.weights
    require_usable(model, kernel, leverage, method.variance)
    df = _df(method, known, found)
    covariance = _covariance(method, found)
    warnings = (*found.warnings, *few_clusters(known), *_weight_warnings(weights))
    status: Status = "warning" if warnings else "ok"
    estimator = f"{method.estimator(layout_of_design(known))}, with scores of the missing-data models"
    fit = Fit(
        Asymptotic(model.columns.names, kernel.params, covariance, FixedDf(df, method.df.words)),
        status=status,
        evidence=(
            ("iterations", float(kernel.iterations)),
            ("largest_leverage", float(leverage.largest.max())),
        ),
        warnings=warnings,
        facts=(
            *design_facts(known, estimator, method.df.words),
            *_eligible(weights.incomplete),
            *_weight_facts(weights),
            *found.facts,
        ),
        settings=tuple((name, value) for name, value, _ in listed(method.choices())),
    )
    return Completed(fit, method.targets(found.asked))


def _df(method: Gee, known: ClusterTrialDesign, found: Equations) -> float:
    """Clusters with an answered outcome less parameters: one without any tells nothing of the effect.

    A covariate may be one of clusters among the answered rows alone, and then counts as such.
    """
    everything = isinstance(method.df, ClustersMinusAllParameters)
    models = (found.model, method.model_of(known))
    spent = max(one.n_parameters if everything else one.cluster_parameters for one in models)
    spare = spare_clusters(known, max(spent, found.spent))
    return math.inf if isinstance(method.df, NormalDistribution) else float(spare)


def _eligible(incomplete: Incomplete) -> Iterator[Fact]:
    """Over whom the effect is averaged, by arm: everyone, answered or not."""
    design = incomplete.design
    arm = design.arm[design.row_cluster]
    for number, name in enumerate(design.arm_names):
        people = int(np.sum(arm == number))
        label = "Individuals over whom the effect is averaged, answered or not"
        yield Fact("n_eligible", label, people, "individuals", (("arm", name),))


def _covariance(method: Gee, found: Equations) -> Floats:
    """The sandwich of the corrected scores with what the models before carry into them."""
    score = found.kernel.clusters.score[:, :, None]
    lifted = found.leverage.lifted(POWERS[method.variance.kind], score)[:, :, 0]
    half = (lifted + found.carried) @ found.kernel.bread
    covariance: Floats = half.T @ half
    return covariance


def by_outcome(model: MarginalModel, kernel: GeeFit) -> Floats:
    """The derivative (n, p) of the score in each outcome, at weight 1: slope / variance times the columns."""
    X, family = model.columns.values, kernel.model.family
    eta = X @ kernel.params
    variance = family.variance.of(family.link.mean(eta))
    weight = family.link.mean_slope(eta) / variance * model.cluster_weight[model.design.row_cluster]
    found: Floats = X * weight[:, None]
    return found


def _by_residual(model: MarginalModel, kernel: GeeFit, y: Floats) -> Floats:
    """The derivative (n, p) of the score in each row's weight."""
    mean = kernel.model.family.link.mean(model.columns.values @ kernel.params)
    residual = y - origin_of(model.design) - mean
    return by_outcome(model, kernel) * residual[:, None]


def row_weights(incomplete: Incomplete, missing: InverseProbability | DoublyRobust) -> Weights:
    """The weight of every row, from the model of who answered."""
    design, answered = incomplete.design, incomplete.answered
    cluster, count = design.row_cluster, design.n_clusters

    def model(Z: Floats, rows: Bools) -> Modelled:
        there, of = answered[rows], cluster[rows]
        chance = chances(Z, there, of, count)
        return weights_of(chance, there)

    if answered.all():
        nothing = Nuisance(np.zeros((count, 0)), np.zeros((0, 0)), np.zeros((len(cluster), 0)))
        return Weights(Modelled(np.ones(len(cluster)), nothing), incomplete, np.ones(len(cluster)))
    parts = _by_part(incomplete, missing.by_arm, model, "who answered")
    found = beside(parts, answered.astype(np.float64))
    if isinstance(missing, InverseProbability) and missing.stabilised:
        found = stabilised(found, answered, design.arm[cluster], (cluster, count))
    largest = missing.truncation.largest(found.values[answered])
    return Weights(truncated(found, largest), incomplete, found.values[answered])


def _expected(incomplete: Incomplete, by_arm: bool) -> Modelled:
    design = incomplete.design

    def model(Z: Floats, rows: Bools) -> Modelled:
        clusters = (design.row_cluster[rows], design.n_clusters)
        y, there = design.y[rows], incomplete.answered[rows]
        return outcome_regression(Z, y, there, clusters, design.outcome.type == "binary").expected(Z)

    parts = _by_part(incomplete, by_arm, model, "the outcome")
    return beside(parts, np.where(incomplete.answered, design.y, 0.0))


def _by_part(
    incomplete: Incomplete, by_arm: bool, model: Callable[[Floats, Bools], Modelled], of: str
) -> list[tuple[Bools, Modelled]]:
    """A model for each arm (or one) that has an unanswered row."""
    design = incomplete.design
    arm, columns = design.arm[design.row_cluster], outcome_columns(incomplete, by_arm)
    found = []
    for number, name in parts_of(design, by_arm):
        rows = arm == number if number >= 0 else np.ones(len(arm), dtype=np.bool_)
        if not (rows & ~incomplete.answered).any():
            continue
        there = rows & incomplete.answered
        kept, needed = usable_columns(columns.values[there], columns.values[rows & ~incomplete.answered])
        if needed:
            raise nothing_tells(of, [columns.names[j] for j in needed], name, "some unanswered rows have")
        try:
            found.append((rows, model(columns.values[rows][:, kept], rows)))
        except FitError as problem:
            raise no_estimate(of, name, problem) from problem
    return found


def nothing_tells(of: str, columns: list[str], part: str, whose: str) -> FitError:
    """Columns that are asked of a model which nobody it was fitted to tells of."""
    return FitError(
        f"the model of {of} has no estimate for what {whose}",
        found=f"{', '.join(columns)} in {part}",
        allowed=f"categories that some answered rows have: merge levels{or_one_model(part)}",
    )


def no_estimate(of: str, part: str, problem: FitError) -> FitError:
    """A model that cannot be fitted."""
    return FitError(
        f"the model of {of} has no estimate",
        found=f"{part}: {problem.found}",
        allowed="answered and unanswered rows at every value: fewer columns, `by_arm` otherwise, "
        "or multiple_imputation",
    )


def _weight_warnings(weights: Weights) -> Iterator[str]:
    """Judged before any weight was cut, so that cutting does not silence it."""
    uncut, used = weights.uncut, weights.used
    times, share = uncut.max() / uncut.mean(), effective(uncut) / len(uncut)
    if times <= LARGE and share >= THIN:
        return
    cut = float(np.mean(uncut > used))
    largest = (
        f"weights are very unequal: the largest is {uncut.max():.3g}, {times:.3g} times their mean, and "
        f"answered rows tell as much as {_per_cent(share)} of them would with equal weights"
    )
    if cut > 0.0:
        yield (
            f"{largest}, before {_per_cent(cut)} of weights were cut to at most {used.max():.3g}, and "
            f"as much as {_per_cent(effective(used) / len(used))} since; truncation lowers variance "
            "for some bias"
        )
    else:
        yield f"{largest}; consider truncation"


def _per_cent(share: float) -> str:
    per_cent = 100.0 * share
    return f"{per_cent:.0f} per cent" if per_cent >= 10.0 else f"{per_cent:.2g} per cent"


def _weight_facts(weights: Weights) -> tuple[Fact, ...]:
    used = weights.used
    return (
        Fact("largest_weight", "Largest weight used", float(used.max())),
        Fact("largest_weight_uncut", "Largest weight before truncation", float(weights.uncut.max())),
        Fact(
            "share_cut", "Share of answered rows whose weight was cut", float(np.mean(weights.uncut > used))
        ),
        Fact(
            "effective_share",
            "Answered rows of equal weight that would tell as much, as a share of those there are",
            effective(used) / len(used),
        ),
    )
