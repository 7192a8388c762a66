"""Figures of studies over time, found by the type of their data."""

from __future__ import annotations

from typing import assert_never

from precept_stats.report.figures.event_study import draw_event_study
from precept_stats.report.figures.page import Page
from precept_stats.report.figures.series import draw_series
from precept_stats.report.figures.starts import draw_starts
from precept_stats.report.series_figure_data import (
    EventStudyData,
    SeriesData,
    SeriesFigureData,
    StartsData,
)


def draw_over_time(data: SeriesFigureData, narrow: bool) -> Page:
    """The page of a series, of starts or of an event study."""
    match data:
        case SeriesData():
            return draw_series(data, narrow)
        case StartsData():
            return draw_starts(data, narrow)
        case EventStudyData():
            return draw_event_study(data, narrow)
        case _:
            assert_never(data)
