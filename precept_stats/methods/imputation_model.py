"""The imputation model of a trial: its columns, arm by arm, and the draws of what is missing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.seeds import Seed
from precept_stats.methods.arm_model import Columns, block_columns
from precept_stats.methods.settings_missing import ArmShift
from precept_stats.numerics.imputation.linear import LinearPosterior, linear_posterior
from precept_stats.numerics.imputation.logistic import (
    LogisticPosterior,
    Separated,
    Unsettled,
    logistic_posterior,
)
from precept_stats.numerics.imputation.rows import Answered, Drawn, Unanswered, usable_columns
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.incomplete import Incomplete

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

WHOLE = "both arms"
"""What the one part is called where arms have no models of their own."""
SPARE = 3
"""Clusters beyond the cluster-level parameters that a posterior of their variance needs."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """The unanswered rows of one model (an arm, or all), as places among all unanswered rows."""

    posterior: LinearPosterior | LogisticPosterior
    asked: Unanswered
    places: NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class ImputationModel:
    """Models that between them draw every missing outcome of a trial."""

    incomplete: Incomplete
    parts: tuple[Part, ...]

    def draw(self, seed: Seed) -> Imputation:
        """One completion of the data, from the seed's own stream."""
        generator = seed.generator()
        drawn = tuple((part.places, part.posterior.draw(generator, part.asked)) for part in self.parts)
        return Imputation(self.incomplete, drawn)


@dataclass(frozen=True, slots=True, eq=False)
class Imputation:
    """What was drawn for the missing outcomes, before any shift."""

    incomplete: Incomplete
    drawn: tuple[tuple[NDArray[np.intp], Drawn], ...]

    def values(self, shift: ArmShift) -> Floats:
        """The missing outcomes, shifted by arm; the same random numbers whatever the shift."""
        missing, design = ~self.incomplete.answered, self.incomplete.design
        by_arm = np.array([shift.reference, shift.compare])[design.arm[design.row_cluster[missing]]]
        found = np.empty(int(missing.sum()))
        for places, drawn in self.drawn:
            found[places] = drawn.values(by_arm[places])
        return found


def imputation_model(incomplete: Incomplete, by_arm: bool) -> ImputationModel:
    """The model of each arm (or of both) that has a missing outcome.

    Raises FitError where the answered rows do not bear the model: too few clusters, outcomes that do not
    vary or are separated, a category that only unanswered rows have.
    """
    design = incomplete.design
    arm = design.arm[design.row_cluster]
    columns = outcome_columns(incomplete, by_arm)
    parts = []
    for number, name in parts_of(design, by_arm):
        within = arm == number if number >= 0 else np.ones(len(arm), dtype=np.bool_)
        if (within & ~incomplete.answered).any():
            parts.append(_part(incomplete, columns, within, name))
    return ImputationModel(incomplete, tuple(parts))


def parts_of(design: ClusterTrialDesign, by_arm: bool) -> tuple[tuple[int, str], ...]:
    """The arms by number and name, each with a model of its own; or one part, numbered -1."""
    return tuple(enumerate(design.arm_names)) if by_arm else ((-1, WHOLE),)


def or_one_model(part: str) -> str:
    """One model for both arms as a way out, unless it is that already."""
    return "" if part == WHOLE else ", or `by_arm: false`"


def outcome_columns(incomplete: Incomplete, by_arm: bool) -> Columns:
    """Strata, covariates, auxiliary columns of every row, about their means; the arm where it has a term."""
    design = incomplete.design
    blocks, rows = block_columns(design), design.row_cluster
    found = Columns(blocks.names, blocks.values[rows])
    if not by_arm:
        found = Columns(("arm",), design.arm[rows].astype(np.float64)[:, None]).beside(found)
    for one in (*design.covariates, *incomplete.auxiliary):
        found = found.beside(Columns(one.columns, one.values))
    ones = np.ones((len(rows), 1))
    return Columns(("intercept",), ones).beside(found.standardised(ones[:, 0]))


def _part(incomplete: Incomplete, columns: Columns, within: Bools, name: str) -> Part:
    design, there = incomplete.design, incomplete.answered & within
    gone = ~incomplete.answered & within
    kept, needed = usable_columns(columns.values[there], columns.values[gone])
    if needed:
        raise FitError(
            "the imputation model has no estimate for what some unanswered rows have",
            found=f"{', '.join(columns.names[j] for j in needed)}: fixed by the other terms among the "
            f"answered rows of {name}, but not among the unanswered",
            allowed=f"categories that some answered rows have: merge levels{or_one_model(name)}",
        )
    X = columns.values[:, kept]
    answered = Answered(X[there], design.y[there], design.row_cluster[there], design.n_clusters)
    _require_enough(answered, name)
    places = np.flatnonzero(gone[~incomplete.answered])
    asked = Unanswered(X[gone], design.row_cluster[gone])
    if design.outcome.type == "continuous":
        return Part(linear_posterior(answered), asked, places)
    names = tuple(columns.names[j] for j in kept)
    return Part(_events_posterior(answered, names, name), asked, places)


def _events_posterior(answered: Answered, names: tuple[str, ...], part: str) -> LogisticPosterior:
    found = logistic_posterior(answered)
    if isinstance(found, Separated):
        raise FitError(
            "the imputation model is separated: some covariate values go with events (or none) alone",
            found=f"{part}: log odds that run away along {', '.join(names[j] for j in found.columns)}",
            allowed=f"events and non-events at every value: fewer covariates or levels{or_one_model(part)}",
        )
    if isinstance(found, Unsettled):
        raise FitError(
            "the imputation model does not settle, though its outcomes are not separated",
            found=f"{part}: no maximum of the likelihood at a standard deviation between clusters of "
            f"{found.tau:.3g} on the log odds scale, with {', '.join(names)}",
            allowed="fewer covariates or levels, covariates on a scale without outliers, or another "
            "handling of missing outcomes",
        )
    return found


def _require_enough(answered: Answered, name: str) -> None:
    spread = float(np.ptp(answered.y)) if len(answered.y) else 0.0
    if not spread > 0.0:
        raise FitError(
            "the answered outcomes do not vary, so there is no imputation model",
            found=f"{name}: {len(answered.y)} answered rows",
            allowed=f"outcomes that vary in every arm{or_one_model(name)}",
        )
    spare = answered.seen - answered.cluster_dimensions
    if spare < SPARE or len(answered.y) - answered.X.shape[1] < SPARE:
        raise FitError(
            "too few clusters for an imputation model with a random intercept",
            found=f"{name}: {answered.seen} clusters and {len(answered.y)} rows with an outcome, "
            f"{answered.cluster_dimensions} parameters of clusters and {answered.X.shape[1]} in all",
            allowed=f"{SPARE} clusters more than parameters of clusters: fewer strata{or_one_model(name)}",
        )
