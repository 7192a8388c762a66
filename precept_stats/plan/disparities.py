"""The block ``disparities`` of a plan: how unequal areas are, as answers of their own."""

from __future__ import annotations

from precept_stats.methods.area_charts import ControlCharts
from precept_stats.methods.area_funnel import FunnelPlot
from precept_stats.methods.area_methods import AnyAreaMethod
from precept_stats.methods.disparity_indices import DisparityIndices
from precept_stats.methods.regional_shrinkage import RegionalShrinkage
from precept_stats.studies.regions import Regions


class PlannedDisparity(DisparityIndices):
    """The inequality between areas in one outcome of one population, by the indices that are named.

    ``shrinkage`` estimates the areas together and ranks them with limits; ``funnel`` and ``charts`` watch
    them; ``missed_cases`` lists how many people of each area are without the outcome.
    """

    label: str = ""
    population: str
    outcome: str
    study: Regions
    shrinkage: RegionalShrinkage | None = None
    funnel: FunnelPlot | None = None
    charts: ControlCharts | None = None
    missed_cases: bool = False

    @property
    def method(self) -> DisparityIndices:
        """The indices alone."""
        return DisparityIndices(
            measures=self.measures,
            corrected=self.corrected,
            changes=self.changes,
            intervals=self.intervals,
        )

    @property
    def methods(self) -> tuple[AnyAreaMethod, ...]:
        """The indices, then all else that is asked of the areas."""
        further = (self.shrinkage, self.funnel, self.charts)
        return (self.method, *(one for one in further if one is not None))

    @property
    def draws(self) -> bool:
        """Whether anything is drawn at random, so that a seed is needed."""
        return any(one.needs_seed for one in self.methods)
