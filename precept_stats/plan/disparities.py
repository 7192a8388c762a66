"""The block ``disparities`` of a plan: how unequal areas are, as answers of their own."""

from __future__ import annotations

from precept_stats.methods.disparity_indices import DisparityIndices
from precept_stats.studies.regions import Regions


class PlannedDisparity(DisparityIndices):
    """The inequality between areas in one outcome of one population, by the indices that are named."""

    label: str = ""
    population: str
    outcome: str
    study: Regions

    @property
    def method(self) -> DisparityIndices:
        """The indices alone."""
        return DisparityIndices(measures=self.measures, corrected=self.corrected, changes=self.changes)
