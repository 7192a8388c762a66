"""What a reader sees of units and of times since the start in reports of the national programme."""

from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from precept_stats.data.shipped import shipped
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.reader import read_plan
from precept_stats.report.blocks import Figure, Prose, Report
from precept_stats.report.figures.series import draw_series
from precept_stats.report.series_figure_data import SeriesData
from precept_stats.report.story import story
from precept_stats.runner import run

PLANS = shipped("analysis_plans")


def one_of(plan: str, analysis: str) -> LoadedPlan:
    """A shipped plan with one of its analyses, which is then the primary one."""
    loaded = read_plan(PLANS / f"{plan}.yaml")
    kept = loaded.plan.analyses[analysis].model_copy(update={"purpose": "primary", "on_failure": ()})
    family = loaded.plan.multiplicity.model_copy(update={"family": (analysis,)})
    changed = {"analyses": {analysis: kept}, "multiplicity": family}
    return replace(loaded, plan=loaded.plan.model_copy(update=changed))


def report_of(plan: str, analysis: str) -> Report:
    loaded = one_of(plan, analysis)
    return story(loaded, run(loaded))


@pytest.fixture(scope="module")
def multilevel() -> Report:
    return report_of("npp_its", "multilevel")


@pytest.fixture(scope="module")
def events() -> Report:
    return report_of("npp_panel", "event_study")


def test_quarters_that_are_partly_left_out_say_so_and_the_shading_takes_them_in(multilevel: Report) -> None:
    figures = {block.id: block for block in multilevel.blocks if isinstance(block, Figure)}
    data = figures["series-multiples"].data
    assert isinstance(data, SeriesData)
    for panel in data.panels:
        stretch = panel.marks[0].transition
        assert stretch is not None
        held = [point.at for point in panel.points if point.partly or not point.used]
        assert held
        assert stretch == (min(held) - 1.5, max(held) + 1.5)
        assert stretch[1] - stretch[0] >= 9.0
    assert any(point.partly for panel in data.panels for point in panel.points)


def test_a_panel_that_gives_more_is_not_said_to_carry_a_trend(events: Report) -> None:
    said = " ".join(block.text for block in events.blocks if isinstance(block, Prose))
    assert "Give more than the truth" in said
    assert "Carry the trend" not in said


def test_units_stand_in_order_by_what_differs_between_them(multilevel: Report) -> None:
    """Level, change of level and change of slope, on the scale of the model, without names."""
    figures = [multilevel.figure(f"predictions{end}") for end in ("", "-2", "-3")]
    for figure, what in zip(figures, ("level", "change of level", "change of slope"), strict=True):
        values = [line.mark.value for line in figure.data.lines]
        assert values == sorted(values)
        assert 100 < len(values) <= 137
        assert f"the unit's {what} from the average (log odds)" in figure.caption
        assert figure.data.null_label == "average unit"
        assert not figure.data.series
        assert figure.behind.columns[0].label == "Unit"
        assert all(row.cells[0].startswith("Cluster\u00a0") for row in figure.behind.rows)
    told = " ".join(block.text for block in multilevel.blocks if isinstance(block, Prose))
    assert "shrunken towards the average unit" in told


def test_regions_stand_side_by_side_with_their_transition(multilevel: Report) -> None:
    figure = multilevel.figure("series-multiples")
    assert len(figure.data.panels) == 15
    assert "by region" in figure.caption
    assert "Shaded: in transition" in figure.caption
    assert any(mark.transition for panel in figure.data.panels for mark in panel.marks)


@pytest.mark.parametrize("narrow", [True, False])
def test_words_of_an_interruption_stay_on_the_page(multilevel: Report, narrow: bool) -> None:
    page = draw_series(multilevel.figure("series").data, narrow)
    renderer = FigureCanvasAgg(page.canvas).get_renderer()
    boxes = [text.get_window_extent(renderer) for text in page.canvas.texts]
    assert any("shaded: transition" in text.get_text() for text in page.canvas.texts)
    assert min(box.x0 for box in boxes) >= 0
    assert max(box.x1 for box in boxes) <= page.canvas.bbox.x1 + 1


def test_the_time_that_others_are_compared_with_is_no_small_number(events: Report) -> None:
    figure = events.figure("events-event_study")
    assert "Compared with time \u22121. " in figure.caption
    assert figure.data.reference == -1
