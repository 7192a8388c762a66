"""Methods: one estimator, one file. The union is registry, type and contents page together."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from precept_stats.methods.cluster_regression import ClusterRegression
from precept_stats.methods.cluster_summaries import ClusterSummaries

AnyMethod = Annotated[ClusterSummaries | ClusterRegression, Field(discriminator="kind")]
"""Every method a plan may name, told apart by ``kind``."""
