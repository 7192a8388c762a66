"""The section on several outcomes: a table a family, the graph drawn, and nothing pretended."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from precept_stats.report.blocks import Report, Table
from precept_stats.report.figure_data import GraphData, GraphNode
from precept_stats.report.figures import draw
from precept_stats.report.figures.graph import letter
from precept_stats.report.render_html import render_html
from precept_stats.report.story import story
from precept_stats.values import Results, Row

from .builder import PLAN, plan, results

GRAPH = "{kind: graphical, weights: {primary: 1, ratio: 0}, transitions: {primary: {ratio: 1}}}"
TOLD = {
    "primary": {"p_value": 0.0321, "adjusted_p": 0.0321, "rejected": 1},
    "ratio": {"p_value": 1.0, "adjusted_p": 1.0, "rejected": 0},
}
REMARK = "not estimable; counted with p = 1"


def report(procedure: str, more: dict[str, dict[str, float]] | None = None, policy: str = "none") -> Report:
    """The report of the trial made by hand, with two analyses in its family."""
    text = PLAN.replace(
        "family: [primary], procedure: none", f"family: [primary, ratio], procedure: {procedure}"
    )
    return story(plan(policy, text), with_family(results(), more or {}))


def with_family(made: Results, more: dict[str, dict[str, float]]) -> Results:
    entries = tuple(
        replace(entry, rows=entry.rows + rows_of(entry.analysis, more.get(entry.analysis, {})))
        for entry in made.analyses
    )
    return replace(made, analyses=entries)


def rows_of(name: str, more: dict[str, float]) -> tuple[Row, ...]:
    about = Row(
        name,
        "multiplicity",
        "",
        None,
        groups=(("family", "confirmatory"),),
        warning=REMARK if name == "ratio" else "",
        measure="risk_ratio" if name == "ratio" else "risk_difference",
        unit="ratio" if name == "ratio" else "proportion",
    )
    told = {**TOLD[name], **more} if name in TOLD else {}
    return tuple(replace(about, stat_name=stat, stat=value) for stat, value in told.items())


def family(made: Report) -> Table:
    return made.table("family-confirmatory")


def test_every_member_has_its_p_values_and_the_decision() -> None:
    table = family(report("{kind: holm}"))
    assert [row.cells for row in table.rows] == [
        ("Main analysis", "0.032", "0.032", "rejected"),
        ("As a ratio", "1.000 (note 1)", "1.000", "not rejected"),
    ]
    assert [column.label for column in table.columns][-1] == "Decision at 5%"
    assert table.caption == "The confirmatory family: Holm (1979), 5% in all"
    assert table.notes[-1] == f"Note 1: {REMARK}."
    assert "no simultaneous intervals" in table.notes[0]


def test_the_assumption_of_hochberg_is_said() -> None:
    assert "positively dependent" in family(report("{kind: hochberg}")).notes[0]


def test_simultaneous_intervals_stand_where_the_procedure_has_them() -> None:
    limits = {"primary": {"conf_low": -0.021, "conf_high": 0.093, "conf_level": 0.975}}
    table = family(report("{kind: bonferroni}", limits))
    assert table.columns[-1].label == "Simultaneous 95% interval"
    assert [row.cells[-1] for row in table.rows] == ["\u22122.1 to 9.3 percentage points", "\u2013"]


def test_without_a_procedure_there_is_no_section() -> None:
    made = story(plan(), results())
    assert not [table for table in made.tables if table.id.startswith("family")]
    assert "no adjustment for multiplicity is made" in render_html(made)


def test_the_methods_say_how_the_error_rate_is_controlled() -> None:
    page = re.sub(r"\s+", " ", render_html(report("{kind: holm}")))
    assert (
        "the family-wise error rate is controlled within the confirmatory family, by the procedure "
        "Holm (1979) at 5%" in page
    )
    assert "no adjustment for multiplicity is made" not in page


def test_a_graph_is_drawn_with_every_weight_and_arrow() -> None:
    more = {
        "primary": {"weight": 1.0, "order": 1, "local_alpha": 0.05},
        "ratio": {"weight": 0.0, "local_alpha": 0.05},
    }
    made = report(GRAPH, more)
    figure = made.figure("graph-confirmatory")
    assert isinstance(figure.data, GraphData)
    assert figure.data.edges == ((0, 1, 1.0),)
    assert [node.rejected for node in figure.data.nodes] == [True, False]
    assert [row.cells for row in figure.behind.rows] == [("Main analysis", "As a ratio", "1.00")]
    assert "Main analysis: weight 1, adjusted p 0.032, rejected in step 1" in figure.alt
    for narrow in (False, True):
        drawn = draw(figure.data, narrow=narrow, tag="Synthetic data")
        assert "Main analysis: adjusted p 0.032, rejected in step 1" in drawn
        assert "SYNTHETIC DATA" in drawn
        assert drawn == draw(figure.data, narrow=narrow, tag="Synthetic data")


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 12])
def test_a_graph_of_any_size_stays_on_its_sheet(count: int) -> None:
    nodes = tuple(
        GraphNode(f"Analysis {i} with a name as long as names are", 1 / count, False, "x")
        for i in range(count)
    )
    edges = tuple((i, (i + 1) % count, 0.5) for i in range(count) if count > 1)
    for narrow in (False, True):
        drawn = draw(GraphData(nodes, edges), narrow=narrow)
        width, height = map(float, re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn)[0])
        places = re.findall(r'<text[^>]* x="([-\d.]+)" y="([-\d.]+)"', drawn)
        assert len(places) >= 3 * count + len(edges)
        assert all(0 <= float(x) <= width and 0 <= float(y) <= height for x, y in places)
        assert all(f">{letter(number)}<" in drawn for number in range(count))


def test_letters_go_on_after_z() -> None:
    assert [letter(number) for number in (0, 25, 26, 53)] == ["A", "Z", "A2", "B3"]


@pytest.mark.usefixtures("however_few_clusters")
def test_adjusted_p_values_pass_the_gate_as_p_values_do() -> None:
    assert family(report("{kind: holm}", policy="nhs_counts_v1")).rows == family(report("{kind: holm}")).rows
