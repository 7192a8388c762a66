"""The arrays that methods are given: one line a shape."""

from __future__ import annotations

from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.period_design import PeriodDesign

AnyDesign = ClusterTrialDesign | PeriodDesign
"""What a study can become: a trial at one time, or one over periods."""
