"""A programme or an interrupted series made ready: the design, and what describes how it came about."""

from __future__ import annotations

from dataclasses import dataclass, replace

from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.programme import Programme
from precept_stats.studies.question import Question
from precept_stats.studies.series_design import SeriesDesign
from precept_stats.values import Row


@dataclass(frozen=True, slots=True, eq=False)
class PreparedSeries:
    """What ``prepare`` gives for a study over time."""

    study: Programme | InterruptedSeries
    question: Question
    design: SeriesDesign
    flow: tuple[Row, ...]
    warnings: tuple[str, ...] = ()

    def flow_rows(self, analysis: str) -> tuple[Row, ...]:
        """The flow under the name of an analysis."""
        return tuple(replace(row, analysis=analysis) for row in self.flow)

    def composite_rows(self, analysis: str) -> tuple[Row, ...]:
        """None: outcomes over time are no composites."""
        return ()
