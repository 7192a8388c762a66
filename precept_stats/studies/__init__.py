"""Studies: which columns mean what. One line a study; the union is the contents page."""

from __future__ import annotations

from precept_stats.studies.cluster_trial import ClusterTrial

AnyStudy = ClusterTrial
"""Every study a plan may name, told apart by ``kind``."""
