"""A method with missing outcomes: as it is, or fitted to data sets that were completed, and pooled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.imputed import (
    Completed,
    Shifted,
    imputation_rows,
    pooled_fit,
    tipping_rows,
)
from precept_stats.inference.rows import Header
from precept_stats.inference.seeds import Seed
from precept_stats.methods.contract import Method
from precept_stats.methods.gee import Gee
from precept_stats.methods.gee_augmented import fit_augmented
from precept_stats.methods.gee_missing import fit_doubly_robust, fit_weighted
from precept_stats.methods.imputation_model import Imputation, imputation_model
from precept_stats.methods.settings import listed
from precept_stats.methods.settings_missing import (
    ArmShift,
    BothArms,
    CompleteCase,
    DoublyRobust,
    InverseProbability,
    MissingOutcomes,
    MultipleImputation,
    TippingPoint,
)
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.incomplete import Incomplete
from precept_stats.studies.labels import listed as names_of
from precept_stats.values import Row, Status


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """The fit of an analysis with the quantities to ask of it, and what missing outcomes did to it."""

    completed: Completed
    incomplete: Incomplete | None = None
    shifted: tuple[Shifted, ...] = ()

    def rows(self, header: Header, level: float) -> Iterator[Row]:
        """How many outcomes were missing, what that cost, and the effect under every shift."""
        if self.incomplete is not None:
            yield from _counts(header, self.incomplete)
            yield from imputation_rows(header, self.completed)
            yield from tipping_rows(header, self.shifted, level)


def answer(
    method: Method,
    design: AnyDesign,
    incomplete: Incomplete | None,
    missing: MissingOutcomes,
    seed: Seed | None,
) -> Answer:
    """Fit a method as the analysis says of missing outcomes.

    ``incomplete`` is there where the choice keeps unanswered rows; ``design`` has the answered ones alone.
    Without a missing outcome the answer is that of the design as it is, unless the choice acts on it too.
    """
    if incomplete is None or isinstance(missing, CompleteCase):
        return Answer(Completed(method.fit(design, seed), method.targets(design)))
    if incomplete.n_missing == 0 and not missing.acts_on_complete:
        complete = Completed(method.fit(design, seed), method.targets(design))
        return Answer(_told(complete, missing, incomplete), incomplete)
    if isinstance(missing, InverseProbability | DoublyRobust):
        return Answer(_told(_weighted(method, design, incomplete, missing), missing, incomplete), incomplete)
    if seed is None:
        raise FitError("missing outcomes are drawn and there is no seed", found="none", allowed="a seed")
    return _imputed(method, incomplete, missing, seed)


def _weighted(
    method: Method, known: AnyDesign, incomplete: Incomplete, missing: InverseProbability | DoublyRobust
) -> Completed:
    if not (isinstance(method, Gee) and isinstance(known, ClusterTrialDesign)):
        raise FitError(
            "only estimating equations of a cluster trial are weighted so", found=method.kind, allowed="gee"
        )
    if isinstance(missing, DoublyRobust) and isinstance(missing.augmentation, BothArms):
        return fit_augmented(method, known, incomplete, missing, missing.augmentation)
    if isinstance(missing, DoublyRobust):
        return fit_doubly_robust(method, known, incomplete, missing)
    return fit_weighted(method, known, incomplete, missing)


def _imputed(
    method: Method, incomplete: Incomplete, missing: MultipleImputation | TippingPoint, seed: Seed
) -> Answer:
    model = imputation_model(incomplete, missing.by_arm)
    drawn = tuple(model.draw(seed.at("imputation", number)) for number in range(missing.imputations))
    if isinstance(missing, MultipleImputation):
        pooled = _fitted(method, drawn, missing.delta)
        return Answer(_told(pooled, missing, incomplete), incomplete)
    shifted = tuple(
        Shifted(shift.reference, shift.compare, _told(_fitted(method, drawn, shift), missing, incomplete))
        for shift in missing.grid
    )
    return Answer(shifted[0].completed, incomplete, shifted)


def _fitted(method: Method, drawn: tuple[Imputation, ...], shift: ArmShift) -> Completed:
    """The pooled fit of every completed data set. FitError, saying which, where one cannot be fitted."""
    fits, targets = [], []
    for number, one in enumerate(drawn, start=1):
        design = one.incomplete.filled(one.values(shift))
        try:
            fits.append(method.fit(design))
            targets.append(method.targets(design))
        except FitError as problem:
            raise FitError(
                f"a completed data set cannot be analysed: {problem.problem}",
                found=f"imputation {number} of {len(drawn)}, shifts {shift}; {problem.found}",
                allowed=problem.allowed,
            ) from problem
    return pooled_fit(fits, targets)


def _told(completed: Completed, missing: MissingOutcomes, incomplete: Incomplete) -> Completed:
    """The fit with the settings of missing outcomes after its own, and the clusters that gave no outcome."""
    fit = completed.fit
    settings = tuple((name, value) for name, value, _ in listed({"missing_outcomes": missing}))
    silent = _silent(incomplete, missing)
    status: Status = "warning" if silent and fit.status == "ok" else fit.status
    told = replace(fit, settings=(*fit.settings, *settings), warnings=(*fit.warnings, *silent), status=status)
    return replace(completed, fit=told)


def _silent(incomplete: Incomplete, missing: MissingOutcomes) -> tuple[str, ...]:
    """A warning that names the clusters of which all that is said comes from a model."""
    silent = incomplete.silent_clusters
    if not silent:
        return ()
    counted = "1 cluster is" if len(silent) == 1 else f"{len(silent)} clusters are"
    if isinstance(missing, MultipleImputation | TippingPoint):
        became = (
            "a whole cluster was filled in, its level drawn from that of other clusters, and counts among "
            "those of the complete data"
        )
    else:
        became = "other clusters stand for their people, and degrees of freedom do not count them"
    return (f"{counted} without any answered outcome, so that {became}: {names_of(silent, 20)}",)


def _counts(header: Header, incomplete: Incomplete) -> Iterator[Row]:
    """Rows without an outcome among those analysed, by arm."""
    design = incomplete.design
    arm = design.arm[design.row_cluster]
    for number, name in enumerate(design.arm_names):
        within = arm == number
        n, gone = int(within.sum()), int(np.sum(within & ~incomplete.answered))
        for stat_name, label, value in (("n_missing", "Without an outcome", gone), ("N", "Individuals", n)):
            row = header.row("imputation", stat_name, value, label)
            yield replace(row, unit="individuals", groups=(("arm", name),), warning="", status="ok")
