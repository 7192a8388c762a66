"""The arrays that methods are given: one line a shape."""

from __future__ import annotations

from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.series_design import SeriesDesign

AnyDesign = ClusterTrialDesign | PeriodDesign
"""What a trial can become: a trial at one time, or one over periods."""

PlannedDesign = ClusterTrialDesign | PeriodDesign | SeriesDesign
"""What any study of an analysis can become."""
