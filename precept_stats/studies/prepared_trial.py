"""A cluster trial made ready: the design for estimators, and what describes how it came about."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Floats, Ints
from precept_stats.studies.covariates import Column
from precept_stats.studies.flow import Bools
from precept_stats.studies.incomplete import Incomplete
from precept_stats.studies.labels import Labels
from precept_stats.studies.question import Question
from precept_stats.values import Row


@dataclass(frozen=True, slots=True, eq=False)
class Characteristic:
    """A column of Table 1: one entry a row of the participants, with its label and unit."""

    name: str
    label: str
    unit: str
    column: Column


@dataclass(frozen=True, slots=True, eq=False)
class Participants:
    """The eligible rows whom the outcome concerns, whether or not it was recorded.

    With periods these are the rows of the follow-up window. ``clusters`` are the clusters that
    have such a row, ``arm`` theirs (0 reference, 1 compared); the other arrays have one entry a
    row, ``people`` being the individuals it stands for. ``month`` is when a row was, where the study names
    a column of months.
    """

    clusters: tuple[str, ...]
    arm: Ints
    row_cluster: Ints
    people: Floats
    missing: Bools
    characteristics: tuple[Characteristic, ...]
    month: Labels | None = None


@dataclass(frozen=True, slots=True, eq=False)
class BaselineOutcome:
    """Outcome totals, denominators and people in the baseline window, by cluster (0 where none)."""

    total: Floats
    size: Floats
    people: Floats

    @property
    def mean(self) -> Floats:
        """Baseline proportion, mean or rate by cluster; NaN where no baseline outcome was recorded."""
        mean: Floats = np.full(len(self.size), np.nan)
        np.divide(self.total, self.size, out=mean, where=self.size > 0)
        return mean


@dataclass(frozen=True, slots=True, eq=False)
class PreparedTrial:
    """What ``prepare`` gives: the design, the flow that led to it, and what ``describe`` needs.

    ``baseline`` is in the order of ``design.clusters``, and None without periods. ``incomplete`` has the
    unanswered rows as well, where they were asked for; the flow then ends with all of them.
    """

    study: ClusterTrial
    question: Question
    design: ClusterTrialDesign
    flow: tuple[Row, ...]
    participants: Participants
    baseline: BaselineOutcome | None
    warnings: tuple[str, ...] = ()
    composite: tuple[Row, ...] = ()
    incomplete: Incomplete | None = None

    def flow_rows(self, analysis: str) -> tuple[Row, ...]:
        """The flow under the name of an analysis."""
        return tuple(replace(row, analysis=analysis) for row in self.flow)

    def composite_rows(self, analysis: str) -> tuple[Row, ...]:
        """Each element of a composite outcome and the composite, under the name of an analysis."""
        return tuple(replace(row, analysis=analysis) for row in self.composite)
