"""Disparities of a plan: its rules, its explanation, its rows and its report."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import precept_stats as ps
from precept_stats.cli import app
from precept_stats.data.shipped import shipped
from precept_stats.data.strict_yaml import load_strict
from precept_stats.plan.explain import WIDTH, explain
from precept_stats.plan.reader import read_plan
from precept_stats.report.blocks import Figure, Heading, Table
from precept_stats.report.figure_data import RankedData
from precept_stats.report.story import story
from precept_stats.runner import run
from precept_stats.values import Results

from .plans import Document, findings_of, good

SIDS = shipped("analysis_plans") / "sids_counties.yaml"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "methods" / "disparity_indices.md"


def sids() -> Document:
    value = load_strict(SIDS.read_text(encoding="utf-8"), "sids_counties.yaml").value
    assert isinstance(value, dict)
    return deepcopy(value)


@cache
def results() -> Results:
    return run(SIDS)


def found_in(change: Callable[[Document], Any]) -> dict[str, str]:
    document = sids()
    change(document)
    return {finding.id: finding.pointer for finding in findings_of(document)}


def test_a_plan_of_areas_has_no_primary_analysis_and_no_fault() -> None:
    assert {finding.severity for finding in findings_of(sids())} <= {"note"}


@pytest.mark.parametrize(
    ("rule", "change", "pointer"),
    [
        ("PL-0221", lambda plan: plan["disparities"]["deaths"].update(population="county"), "population"),
        ("PL-0221", lambda plan: plan["disparities"]["deaths"].update(outcome="death"), "outcome"),
        (
            "PL-0223",
            lambda plan: plan["outcomes"]["deaths"].update(type="continuous", denominator=None),
            "study",
        ),
        ("PL-0224", lambda plan: plan.update(disparities={}), "design"),
        (
            "PL-0225",
            lambda plan: (
                plan["disclosure"].update(policy="nhs_counts_v1"),
                plan["outcomes"]["deaths"].update(type="continuous", denominator=None),
                plan["disparities"]["deaths"]["study"].update(std_error="births", weights="equal"),
            ),
            "study",
        ),
        ("PL-0226", lambda plan: plan["disparities"]["deaths"].update(shrinkage={}), "deaths"),
        (
            "PL-0226",
            lambda plan: plan["disparities"]["deaths"].update(intervals={"kind": "bootstrap"}),
            "deaths",
        ),
        ("PL-0174", lambda plan: plan["disparities"]["deaths"]["study"].update(area="shire"), "area"),
        ("PL-0112", lambda plan: plan["populations"].update(other={"of": "counties"}), "other"),
    ],
)
def test_faults_of_a_disparity(rule: str, change: Callable[[Document], Any], pointer: str) -> None:
    found = found_in(change)
    assert rule in found
    assert pointer in found[rule]


def test_a_trial_may_ask_for_a_disparity_too_under_an_id_of_its_own() -> None:
    document = good()
    asked = {"population": "eligible", "outcome": "uptake"}
    asked["study"] = {"kind": "regions", "area": "unit", "scale": "per_cent"}  # type: ignore[assignment]
    document["disclosure"] = {"policy": "none"}
    for name, refused in (("uptake_by_unit", False), ("primary", True)):
        document["disparities"] = {name: asked}
        ids = {finding.id for finding in findings_of(document)}
        assert ("PL-0222" in ids) == refused
    document["disclosure"] = {"policy": "nhs_counts_v1"}
    document["disparities"] = {"uptake_by_unit": asked}
    assert "PL-0225" in {finding.id for finding in findings_of(document)}
    areas = good()
    areas["design"] = "regional_disparity"
    assert "PL-0224" in {finding.id for finding in findings_of(areas)}


def test_a_plan_without_arms_or_areas_has_no_primary() -> None:
    document = sids()
    document["design"] = "parallel_cluster_trial"
    assert "PL-0121" in {finding.id for finding in findings_of(document)}


def test_the_rows_are_those_of_the_function() -> None:
    loaded = read_plan(SIDS)
    declared, question = loaded.plan.disparities["deaths"], loaded.plan.area_question("deaths")
    table = SIDS.parent / "data" / "sids_counties" / "sids.csv"
    alone = ps.disparity(declared.study, table, question)
    mine = [row for row in results().shared if row.analysis == "deaths"]
    assert {row.context for row in mine} == {"area", "disparity", "joint_test", "fit", "setting"}
    key = [(row.groups, row.measure, row.stat_name, row.stat) for row in mine if row.stat_name != "remark"]
    assert key == [(row.groups, row.measure, row.stat_name, row.stat) for row in alone.rows]
    remarks = [str(row.stat) for row in mine if row.stat_name == "remark"]
    assert remarks == list(alone.warnings)


def test_a_disparity_that_cannot_be_had_is_a_row_and_stops_nothing(tmp_path: Path) -> None:
    named = "area: county\n      reference: {kind: named, area: X}"
    other = "\n  again:\n    population: counties\n    outcome: deaths\n"
    other += "    study: {kind: regions, area: county, period: period, scale: per_1000}"
    text = SIDS.read_text(encoding="utf-8").replace("area: county", named)
    text = text.replace("zero_counts: half", f"zero_counts: half{other}")
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    table = str(SIDS.parent / "data" / "sids_counties" / "sids.csv")
    done = run(read_plan(path), {"counties": Path(table)})
    (failed,) = [row for row in done.shared if row.context == "failure"]
    assert (failed.analysis, failed.status) == ("deaths", "failed")
    assert "reference area is not among the areas" in failed.error
    assert [row for row in done.shared if row.analysis == "again" and row.context == "disparity"]
    told = CliRunner().invoke(
        app, ["run", str(path), "--data", f"counties={table}", "--out", str(tmp_path / "out")]
    )
    assert told.exit_code == 1
    assert "failed" in told.output


def test_the_command_line_runs_it_and_shows_it(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["run", str(SIDS), "--out", str(tmp_path / "out")])
    assert told.exit_code == 0
    assert "bgsd corrected" in told.output
    rows = json.loads((tmp_path / "out" / "rows.json").read_text(encoding="utf-8"))
    assert "change_bgv_corrected" in json.dumps(rows)
    assert "1 disparities" in CliRunner().invoke(app, ["check", str(SIDS)]).output


def test_the_explanation_says_what_is_compared() -> None:
    loaded = read_plan(SIDS)
    text = explain(loaded, "deaths")
    assert "areas are county" in text
    assert "the area with the best estimate" in text
    assert max(map(len, text.splitlines())) <= WIDTH
    with pytest.raises(ps.PlanError, match="no such analysis"):
        explain(loaded, "death")


def test_the_report_has_indices_changes_and_reasons() -> None:
    report = story(read_plan(SIDS), results())
    headings = [block.text for block in report.blocks if isinstance(block, Heading)]
    assert headings[:2] == ["Summary", "Disparity between areas"]
    tables = {block.id: block for block in report.blocks if isinstance(block, Table)}
    indices, changes = tables["disparity-deaths"], tables["disparity-deaths-changes"]
    cells = {row.cells[0]: row.cells[1:] for row in indices.rows}
    assert cells["Mean log deviation"][0].startswith("none (note")
    assert any("no logarithm" in note for note in indices.notes)
    assert any("Cochran's Q" in note for note in indices.notes)
    without = next(
        text for label, text in cells.items() if label.startswith("Between-group variance without")
    )
    assert "to" in without[0]
    assert [column.label for column in changes.columns] == ["Index", "1979-84 against 1974-78"]


def test_few_areas_are_drawn_beside_the_mean_of_all(tmp_path: Path) -> None:
    text = SIDS.read_text(encoding="utf-8").replace(
        "of: counties", "of: counties\n    where: [{column: county, in: [Wake, Durham, Orange]}]"
    )
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    loaded = read_plan(path)
    done = run(loaded, {"counties": SIDS.parent / "data" / "sids_counties" / "sids.csv"})
    (figure,) = [
        block for block in story(loaded, done).blocks if isinstance(block, Figure) and "areas" in block.id
    ]
    assert isinstance(figure.data, RankedData)
    assert sorted(line.label for line in figure.data.lines) == ["Durham", "Orange", "Wake"]
    mean = next(row for row in done.shared if row.measure == "mean" and row.group("period") == "1979-84")
    assert figure.data.whole is not None
    assert figure.data.whole.value == pytest.approx(mean.stat)


def test_the_example_of_the_page_is_a_block_of_a_plan() -> None:
    text = PAGE.read_text(encoding="utf-8")
    example = text.split("```yaml\n")[1].split("```")[0]
    value = load_strict(example, "page").value
    assert isinstance(value, dict)
    document = sids() | value
    document["data"] = {"msds": {"schema": "msds_indicators"}}
    assert {finding.severity for finding in findings_of(document)} <= {"note"}
