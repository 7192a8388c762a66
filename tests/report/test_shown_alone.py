"""Tables and figures of a report, shown one at a time in a notebook."""

import pytest

import precept_stats as ps


@pytest.fixture(scope="module")
def report():
    plan = ps.read_plan(ps.shipped("analysis_plans") / "achievement_awards.yaml")
    return ps.story(plan, ps.run(plan))


def test_every_figure_and_table_shows_itself(report):
    assert {figure.id for figure in report.figures} >= {"flow", "forest", "clusters"}
    assert all(figure._repr_svg_().startswith("<svg") for figure in report.figures)
    assert all("<table" in table._repr_html_() for table in report.tables)


def test_they_are_found_by_name(report):
    assert report.figure("forest").id == "forest"
    assert report.table("results").id == "results"
    with pytest.raises(KeyError, match="forest"):
        report.figure("forrest")


def test_the_frame_of_results_has_a_row_a_statistic():
    plan = ps.read_plan(ps.shipped("analysis_plans") / "achievement_awards.yaml")
    results = ps.run(plan)
    frame = results.to_frame()
    assert len(frame) == len(results.rows)
    estimate = frame.query("analysis == 'primary' and context == 'estimate' and stat_name == 'estimate'")
    assert estimate["stat"].item() == results["primary"].estimate.value
