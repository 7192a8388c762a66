"""The parametric bootstrap: simulate from a fit, refit, and see how estimates scatter.

Each replicate has a seed of its own, found from its number, so replicates may be made in any order, in
several processes, or in parts, and gathered to the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from precept_stats.errors import FitError
from precept_stats.inference.draws import Draws
from precept_stats.inference.fit import Fact
from precept_stats.inference.seeds import Seed

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Refit:
    """Parameters (p,) and their covariance (p, p), NaN where not known; ``boundary`` as for a fit."""

    params: Vector
    covariance: Matrix
    boundary: bool


class Simulated[Outcome](Protocol):
    """A fitted model that can be simulated from and refitted."""

    @property
    def names(self) -> tuple[str, ...]: ...

    @property
    def point(self) -> Refit:
        """The fit that outcomes are simulated from."""
        ...

    def simulate(self, rng: np.random.Generator) -> Outcome:
        """A new outcome for the same rows."""
        ...

    def refit(self, outcome: Outcome) -> Refit:
        """The same model fitted to it. FitError when it cannot be."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Replicate:
    """One replicate; ``refit`` is None where the model could not be fitted, for the reason in ``problem``."""

    number: int
    refit: Refit | None
    problem: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Bootstrap:
    """The draws, and how many refits failed (NaN in the draws) or ended on the boundary."""

    draws: Draws
    failed: int
    on_boundary: int


Progress = Callable[[int, int], None]
"""Called with (replicates done, replicates in all)."""


def bootstrap[Outcome](
    model: Simulated[Outcome], seed: Seed, replicates: int, progress: Progress | None = None
) -> Bootstrap:
    """All replicates, numbered from 0, one after the other."""
    made = []
    for number in range(replicates):
        if progress is not None:
            progress(number, replicates)
        made.append(replicate(model, seed, number))
    return gathered(model, made)


def replicate[Outcome](model: Simulated[Outcome], seed: Seed, number: int) -> Replicate:
    """One replicate, the same whenever and wherever it is made."""
    outcome = model.simulate(seed.at(number).generator())
    try:
        return Replicate(number, model.refit(outcome))
    except FitError as problem:
        return Replicate(number, None, problem.problem)


def gathered[Outcome](model: Simulated[Outcome], replicates: Iterable[Replicate]) -> Bootstrap:
    """The replicates as draws, in the order of their numbers. Raises FitError when none could be fitted."""
    ordered = sorted(replicates, key=lambda one: one.number)
    fitted = [one.refit for one in ordered if one.refit is not None]
    if not fitted:
        raise FitError(
            "no replicate of the bootstrap could be fitted",
            found="; ".join(sorted({one.problem for one in ordered})) or "no replicates",
            allowed="a model that can be fitted to outcomes simulated from it",
        )
    width = len(model.point.params)
    draws, covariances = np.full((len(ordered), width), np.nan), np.full((len(ordered), width, width), np.nan)
    for place, one in enumerate(ordered):
        if one.refit is not None:
            draws[place], covariances[place] = one.refit.params, one.refit.covariance
    return Bootstrap(
        Draws(model.names, model.point.params, draws, "bootstrap", model.point.covariance, covariances),
        len(ordered) - len(fitted),
        sum(refit.boundary for refit in fitted),
    )


def bootstrap_facts(found: Bootstrap) -> tuple[Fact, ...]:
    """How many replicates there were, failed, and ended on the boundary."""
    return (
        Fact("replicates", "Bootstrap replicates", len(found.draws.draws)),
        Fact("replicates_failed", "Replicates that could not be fitted", found.failed),
        Fact("replicates_on_boundary", "Replicates with a variance estimated as 0", found.on_boundary),
    )


def bootstrap_warnings(found: Bootstrap, point: Refit) -> tuple[str, ...]:
    """What a reader should know of a bootstrap: refits that failed, and variances simulated as 0."""
    warnings = []
    if found.failed:
        warnings.append(
            f"{found.failed} of {len(found.draws.draws)} bootstrap replicates could not be fitted; they "
            "count against the interval on both sides"
        )
    if point.boundary:
        warnings.append(
            "a variance was estimated as 0, and the bootstrap simulates without it: intervals may be too "
            "narrow"
        )
    return tuple(warnings)
