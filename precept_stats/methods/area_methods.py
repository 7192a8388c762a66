"""Everything that may be asked of areas, and the rows that each gives."""

from __future__ import annotations

from collections.abc import Iterator

from precept_stats.errors import PlanError
from precept_stats.inference.rows import Header
from precept_stats.inference.seeds import Seed
from precept_stats.methods.area_charts import ControlCharts, chart_rows
from precept_stats.methods.area_funnel import FunnelPlot, funnel_rows
from precept_stats.methods.disparity_area_rows import area_rows
from precept_stats.methods.disparity_indices import DisparityIndices
from precept_stats.methods.disparity_rows import disparity_rows
from precept_stats.methods.regional_shrinkage import RegionalShrinkage
from precept_stats.methods.shrinkage_rows import shrinkage_rows
from precept_stats.studies.region_design import RegionDesign
from precept_stats.values import Row

AnyAreaMethod = DisparityIndices | RegionalShrinkage | FunnelPlot | ControlCharts


def rows_of_areas(
    header: Header, design: RegionDesign, method: AnyAreaMethod, about: tuple[float, Seed | None]
) -> Iterator[Row]:
    """The rows of one method; ``about`` is the level and the seed. PlanError for draws without a seed."""
    level, seed = about
    match method:
        case DisparityIndices():
            yield from disparity_rows(header, design, method, (level, seed))
        case RegionalShrinkage():
            if seed is None:
                raise PlanError("ranks are found from draws and there is no seed", allowed="a seed")
            yield from shrinkage_rows(header, design, method, (level, seed))
        case FunnelPlot():
            yield from funnel_rows(header, design, method)
        case ControlCharts():
            yield from chart_rows(header, design, method)


def every_area(header: Header, design: RegionDesign, level: float) -> Iterator[Row]:
    """Each area by itself, in every period."""
    for at in range(len(design.periods)):
        yield from area_rows(header, design, at, level)
