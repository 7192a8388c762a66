"""Studies: which columns mean what. One line a study; the union is the contents page."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.programme import Programme
from precept_stats.studies.stepped_wedge import SteppedWedge

AnyStudy = Annotated[
    ClusterTrial | ClusterTrialWithBaseline | SteppedWedge,
    Field(discriminator="kind"),
]
"""Every trial a plan may name, told apart by ``kind``."""

TimeStudy = Programme | InterruptedSeries
"""Studies over time, which have interruptions and no arms."""

PlannedStudy = Annotated[
    ClusterTrial | ClusterTrialWithBaseline | SteppedWedge | Programme | InterruptedSeries,
    Field(discriminator="kind"),
]
"""Every study of an analysis."""


def trial_of(study: PlannedStudy) -> AnyStudy | None:
    """The study where it is a trial, which has clusters and arms; None over time."""
    return None if isinstance(study, Programme | InterruptedSeries) else study
