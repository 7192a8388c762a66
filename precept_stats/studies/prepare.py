"""From any study to its design and its description: one line a study."""

from __future__ import annotations

from collections.abc import Mapping

from precept_stats.studies import (
    PlannedStudy,
    cluster_trial_description,
    cluster_trial_tables,
    period_description,
    series_description,
)
from precept_stats.studies.baseline_tables import prepare_with_baseline
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.period_tables import prepare_wedge
from precept_stats.studies.population import SourceTable
from precept_stats.studies.prepared_periods import PreparedPeriods
from precept_stats.studies.prepared_series import PreparedSeries
from precept_stats.studies.prepared_trial import PreparedTrial
from precept_stats.studies.programme import Programme
from precept_stats.studies.question import Question
from precept_stats.studies.series_tables import prepare_series
from precept_stats.studies.stepped_wedge import SteppedWedge
from precept_stats.values import Row

AnyPrepared = PreparedTrial | PreparedPeriods | PreparedSeries
"""What a study can be made into: each has a design, a flow and warnings."""


def prepare(
    study: PlannedStudy, data: Mapping[str, SourceTable], question: Question, keep_unanswered: bool = False
) -> AnyPrepared:
    """Turn tables into the design of a study, and keep account of every row.

    ``keep_unanswered`` keeps the rows of a parallel trial whose outcome is missing beside its design.
    Raises DataError, naming what was found and where, when the tables do not hold the study.
    """
    match study:
        case ClusterTrial():
            return cluster_trial_tables.prepare(study, data, question, keep_unanswered)
        case ClusterTrialWithBaseline():
            return prepare_with_baseline(study, data, question)
        case SteppedWedge():
            return prepare_wedge(study, data, question)
        case Programme() | InterruptedSeries():
            return prepare_series(study, data, question)


def describe(prepared: AnyPrepared, analysis: str) -> tuple[Row, ...]:
    """Rows that describe a study beside its estimates, under the name of an analysis."""
    match prepared:
        case PreparedTrial():
            return cluster_trial_description.describe(prepared, analysis)
        case PreparedPeriods():
            return period_description.describe(prepared, analysis)
        case PreparedSeries():
            return series_description.describe(prepared, analysis)
