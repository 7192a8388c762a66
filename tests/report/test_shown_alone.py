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
