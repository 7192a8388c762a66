"""Studies: which columns mean what. One line a study; the union is the contents page."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_with_baseline import ClusterTrialWithBaseline
from precept_stats.studies.stepped_wedge import SteppedWedge

AnyStudy = Annotated[
    ClusterTrial | ClusterTrialWithBaseline | SteppedWedge,
    Field(discriminator="kind"),
]
"""Every study a plan may name, told apart by ``kind``."""
