"""Drawing: figure data in, SVG text out. The only folder that knows matplotlib, one file a kind of figure.

Each figure has a wide form, for a page, and a narrow one, for a telephone, both with lettering of
a size to be read where they are shown. Colours are of Okabe and Ito (2008), and no figure needs
colour to be understood. The same data always give the same bytes.
"""

from __future__ import annotations

from io import StringIO
from typing import assert_never

from matplotlib import rc_context
from matplotlib.transforms import Bbox

from precept_stats.errors import legible
from precept_stats.report.area_figure_data import (
    CaterpillarData,
    ChartData,
    EquiplotData,
    FunnelData,
    LorenzData,
    TilesData,
)
from precept_stats.report.diagnostic_figure_data import PlaceboData, ResidualsData
from precept_stats.report.figure_data import (
    ClustersData,
    CompletenessData,
    ExposureData,
    FigureData,
    FlowData,
    ForestData,
    GraphData,
    ObservedData,
    PeriodsData,
    PosteriorData,
    RankedData,
    ReferenceData,
    ScheduleData,
    SizeData,
    TippingData,
)
from precept_stats.report.figures.area_kinds import draw_areas
from precept_stats.report.figures.clusters import draw_clusters
from precept_stats.report.figures.completeness import draw_completeness
from precept_stats.report.figures.diagnostics import draw_diagnostics
from precept_stats.report.figures.exposure import draw_exposure
from precept_stats.report.figures.flow import draw_flow
from precept_stats.report.figures.forest import draw_forest
from precept_stats.report.figures.graph import draw_graph
from precept_stats.report.figures.observed import draw_observed
from precept_stats.report.figures.over_time import draw_over_time
from precept_stats.report.figures.page import POINT, STYLE, TAG_HEIGHT, VERMILLION, Letters, Page
from precept_stats.report.figures.periods import draw_periods
from precept_stats.report.figures.posterior import draw_posterior
from precept_stats.report.figures.ranked import draw_ranked
from precept_stats.report.figures.reference import draw_reference
from precept_stats.report.figures.schedule import draw_schedule
from precept_stats.report.figures.size import draw_size
from precept_stats.report.figures.tipping import draw_tipping
from precept_stats.report.series_figure_data import EventStudyData, SeriesData, StartsData

MEASURED, SHOWN = "'DejaVu Sans'", "'Helvetica Neue', Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"


def draw(data: FigureData, *, narrow: bool = False, tag: str = "") -> str:
    """The figure as SVG text, ``tag`` (such as "Synthetic data") written above it."""
    with rc_context(STYLE):  # type: ignore[arg-type]
        page = drawn(data, narrow)
        if tag:
            loud = Letters(bold=True, colour=VERMILLION, align="right")
            page.text(page.width - 1, TAG_HEIGHT / 2, tag.upper(), loud)
        out = StringIO()
        top = page.height if tag else page.height - TAG_HEIGHT
        sheet = Bbox.from_extents(0, 0, page.width / POINT, top / POINT)
        page.canvas.savefig(out, format="svg", bbox_inches=sheet, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return legible(text[text.index("<svg") :].replace(MEASURED, SHOWN))


def drawn(data: FigureData, narrow: bool) -> Page:
    """The page of a figure: one function a kind of figure, found by the type of its data."""
    match data:
        case FlowData():
            return draw_flow(data, narrow)
        case ForestData():
            return draw_forest(data, narrow)
        case ClustersData():
            return draw_clusters(data, narrow)
        case CompletenessData():
            return draw_completeness(data, narrow)
        case ScheduleData():
            return draw_schedule(data, narrow)
        case PeriodsData():
            return draw_periods(data, narrow)
        case RankedData():
            return draw_ranked(data, narrow)
        case ExposureData():
            return draw_exposure(data, narrow)
        case GraphData():
            return draw_graph(data, narrow)
        case ReferenceData():
            return draw_reference(data, narrow)
        case PosteriorData():
            return draw_posterior(data, narrow)
        case ObservedData():
            return draw_observed(data, narrow)
        case SizeData():
            return draw_size(data, narrow)
        case TippingData():
            return draw_tipping(data, narrow)
        case EquiplotData() | LorenzData() | FunnelData() | CaterpillarData() | TilesData() | ChartData():
            return draw_areas(data, narrow)
        case SeriesData() | StartsData() | EventStudyData():
            return draw_over_time(data, narrow)
        case ResidualsData() | PlaceboData():
            return draw_diagnostics(data, narrow)
        case _:
            assert_never(data)
