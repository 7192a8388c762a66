"""Figures of areas: one function a kind."""

from __future__ import annotations

from typing import assert_never

from precept_stats.report.area_figure_data import (
    AreaFigureData,
    CaterpillarData,
    ChartData,
    EquiplotData,
    FunnelData,
    LorenzData,
    TilesData,
)
from precept_stats.report.figures.areas import draw_equiplot, draw_lorenz
from precept_stats.report.figures.caterpillar import draw_caterpillar
from precept_stats.report.figures.charts import draw_charts
from precept_stats.report.figures.funnel import draw_funnel
from precept_stats.report.figures.page import Page
from precept_stats.report.figures.tiles import draw_tiles


def draw_areas(data: AreaFigureData, narrow: bool) -> Page:
    """The page of a figure of areas, found by the type of its data."""
    match data:
        case EquiplotData():
            return draw_equiplot(data, narrow)
        case LorenzData():
            return draw_lorenz(data, narrow)
        case FunnelData():
            return draw_funnel(data, narrow)
        case CaterpillarData():
            return draw_caterpillar(data, narrow)
        case TilesData():
            return draw_tiles(data, narrow)
        case ChartData():
            return draw_charts(data, narrow)
        case _:
            assert_never(data)
