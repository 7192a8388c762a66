"""A trial over periods made ready: the design for estimators, and what describes how it came about."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from precept_stats.studies.cluster_trial_design import Ints
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.studies.flow import Bools
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.prepared_trial import Participants
from precept_stats.studies.question import Question
from precept_stats.studies.schedule import Schedule
from precept_stats.studies.stepped_wedge import SteppedWedge
from precept_stats.values import Row


@dataclass(frozen=True, slots=True, eq=False)
class Recorded:
    """Everyone whom the outcome concerns, recorded or not: ``row_period`` numbers their period."""

    participants: Participants
    row_period: Ints


@dataclass(frozen=True, slots=True, eq=False)
class PreparedPeriods:
    """What ``prepare`` gives for a trial over periods.

    ``participants`` are the people of Table 1, ``recorded`` those of the account of missing outcomes;
    a cluster that is under both conditions stands in them twice, once under each. ``schedule`` is of
    the analysed clusters in all eligible periods; ``checks`` are sentences about the design.
    """

    study: SteppedWedge | ClusterTrialWithBaseline
    question: Question
    design: PeriodDesign
    flow: tuple[Row, ...]
    participants: Participants
    recorded: Recorded
    schedule: Schedule
    checks: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    composite: tuple[Row, ...] = ()

    @property
    def cells(self) -> Bools:
        """Which cells of the schedule (K, T) have an analysed row."""
        place = np.array([self.schedule.periods.index(name) for name in self.design.periods], dtype=np.intp)
        cells = np.zeros(self.schedule.seen.shape, dtype=np.bool_)
        cells[self.design.row_cluster, place[self.design.row_period]] = True
        return cells

    def flow_rows(self, analysis: str) -> tuple[Row, ...]:
        """The flow under the name of an analysis."""
        return tuple(replace(row, analysis=analysis) for row in self.flow)

    def composite_rows(self, analysis: str) -> tuple[Row, ...]:
        """Each element of a composite outcome and the composite, under the name of an analysis."""
        return tuple(replace(row, analysis=analysis) for row in self.composite)
