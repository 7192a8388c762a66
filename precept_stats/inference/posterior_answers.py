"""What a sampled posterior tells beside the effect: under other priors, of clusters, and of its own fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.draws import Draws
from precept_stats.inference.left_out import LeftOut
from precept_stats.inference.power_scaling import Sensitivity

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class StoredDraws:
    """Draws to be kept beside the rows, C chains of S: ``parameters`` (C, S, P) with their ``names``.

    ``effect`` (C, S) and, by ``clusters``, ``means`` and ``log_likelihood`` (C, S, K), the random effects
    integrated out; ``log_prior`` (C, S). ``means`` are None where they were not asked for.
    """

    names: tuple[str, ...]
    clusters: tuple[str, ...]
    parameters: Cube
    effect: Matrix
    log_prior: Matrix
    log_likelihood: Cube
    diverging: NDArray[np.bool_]
    energy: Matrix
    sampler: str
    means: Cube | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """The same model refitted under another set of priors, or the reason why there is no answer.

    ``chances`` are probabilities: name, label and value.
    """

    name: str
    kind: str
    words: str
    draws: Draws | None
    chances: tuple[tuple[str, str, float], ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """Clusters in R draws: expected outcomes ``means`` and ``effects`` on the scale of the link (R, K).

    ``observed`` (K,) are their outcomes as they are, None of what is not observed. ``by`` says of what they
    are: ``cluster``, or a grouping of clusters; with ``of_effect`` means are effects of the intervention.
    Effects are what is left when arm, periods and covariates are taken account of: ranks are of them.
    ``worst`` is the number of clusters that count as the worst.
    """

    names: tuple[str, ...]
    observed: Vector | None
    means: Matrix
    effects: Matrix
    worst: int
    by: str = "cluster"
    unit: str = ""
    of_effect: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Replicates:
    """Mean outcomes of clusters: ``observed`` (K,) and ``drawn`` anew (S, K), with the arm of each (K,).

    ``arms`` are the names of the arms; without them clusters were in both.
    """

    names: tuple[str, ...]
    observed: Vector
    drawn: Matrix
    sizes: Vector
    arm: NDArray[np.intp]
    arms: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PosteriorAnswers:
    """All of it; parts that were not asked for are empty.

    ``new`` are expected outcomes of a new cluster by arm; ``unit`` is that of means of clusters; ``groups``
    are those of groups of clusters, and the effect in each.
    """

    unit: str
    higher_better: bool
    alternatives: tuple[Alternative, ...] = ()
    sensitivities: tuple[Sensitivity, ...] = ()
    left_out: LeftOut | None = None
    units: Units | None = None
    groups: tuple[Units, ...] = ()
    new: tuple[tuple[str, Vector], ...] = ()
    replicates: Replicates | None = None
    stored: StoredDraws | None = None
