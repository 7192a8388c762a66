"""An instrument from the plan to the report: lint, words, command line, the first stage, what is hidden."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.cli import main
from precept_stats.report.blocks import Terms
from precept_stats.report.disclosure import gate, gate_results
from precept_stats.report.render_html import render_html
from precept_stats.report.story import story

REFERENCE = Path(__file__).resolve().parents[1] / "reference" / "instrumental_variables"
DATA = REFERENCE / "achievement_awards_receipt" / "awards_received.csv"

PLAN = """
precept_plan: "1"
id: received
version: 1.0.0
title: What the programme did for those who took part
design: parallel_cluster_trial
prespecification: {data_state: results_seen, statement: "Receipt in this table is synthetic."}
data: {pupils: {file: awards_received.csv, schema: receipt}}
populations: {girls: {of: pupils}}
outcomes:
  certificate: {column: Bagrut_status, type: binary, direction: higher_better}
estimands:
  compliers:
    {population: girls, outcome: certificate, compare: "1", reference: "0", summary: risk_difference,
     effect: marginal, target: cluster_average, compare_name: Awards, reference_name: No awards,
     intercurrent_events: [{event: not_received, strategy: principal_stratum, level: individual}]}
analyses:
  primary:
    label: Compliers
    purpose: primary
    reason: specified_in_sap
    estimand: compliers
    study: {kind: cluster_trial, cluster: school_id, arm: treated, received: received}
    method: {kind: instrumental_variables}
  robust:
    based_on: primary
    label: Anderson-Rubin
    purpose: sensitivity
    method: {interval: {kind: anderson_rubin}}
  dose:
    based_on: primary
    label: Per hour
    purpose: secondary
    study: {received: hours}
    method: {received: {kind: dose, unit: hour}}
  as_allocated:
    label: As allocated
    purpose: secondary
    reason: specified_in_sap
    estimand: compliers
    study: {kind: cluster_trial, cluster: school_id, arm: treated}
    method: {kind: cluster_regression}
multiplicity: {family: [primary]}
disclosure: {policy: none}
outputs: [flow, results, forest]
"""
SCHEMA = """
name: receipt
fields:
  - {name: school_id, type: string, constraints: {required: true}}
  - {name: pair, type: string}
  - {name: treated, type: string, constraints: {required: true, enum: ["0", "1"]}}
  - {name: school_type, type: string}
  - {name: Bagrut_status, type: integer}
  - {name: lagscore, type: number}
  - {name: received, type: integer, title: Took part}
  - {name: weakly, type: integer}
  - {name: hours, type: number}
  - {name: data_origin, type: string}
x-precept: {level: individual}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data_schemas").mkdir()
    (tmp_path / "data_schemas" / "receipt.yaml").write_text(SCHEMA)
    (tmp_path / "awards_received.csv").write_text(DATA.read_text())
    (tmp_path / "plan.yaml").write_text(PLAN)
    return tmp_path


def shown(folder: Path, data: pd.DataFrame | None = None):
    loaded = ps.read_plan(folder / "plan.yaml")
    results = ps.run(loaded, None if data is None else {"pupils": data})
    return story(loaded, results), results


def test_the_lint_and_the_words_know_which_analysis_computes_the_stratum(folder) -> None:
    loaded = ps.read_plan(folder / "plan.yaml")
    told = " ".join(ps.explain(loaded, "primary").split())
    assert "if not received (individual): principal stratum" in told
    assert "Estimand consistent for the question" in told
    assert "received is received, whatever was allocated" in told
    assert "instrument: received[cluster] = constant + moved * arm" in told
    other = " ".join(ps.explain(loaded, "as_allocated").split())
    assert "declared principal stratum, computed treatment policy" in other
    (finding,) = [one for one in loaded.findings if one.id == "PL-0151"]
    assert finding.pointer == "/estimands/compliers/intercurrent_events/0/strategy"
    alone = PLAN.split("  as_allocated:")[0] + "multiplicity" + PLAN.split("multiplicity")[1]
    (folder / "plan.yaml").write_text(alone)
    assert "PL-0151" not in {one.id for one in ps.read_plan(folder / "plan.yaml").findings}


def test_the_command_line_answers(folder, monkeypatch, capsys) -> None:
    for arguments in (["run", "plan.yaml", "--out", "out"], ["explain", "plan.yaml", "dose"]):
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", ["precept", *arguments])
        with pytest.raises(SystemExit) as ending:
            main()
        assert not ending.value.code, capsys.readouterr().err
    assert "one hour more of what was received" in " ".join(capsys.readouterr().out.split())
    assert "What was received" in (folder / "out" / "report.html").read_text()


def test_a_study_that_names_it_for_another_method_is_refused(folder) -> None:
    spoilt = PLAN.replace("arm: treated}", "arm: treated, received: received}")
    (folder / "plan.yaml").write_text(spoilt)
    with pytest.raises(ps.PlanError, match="does not use the study's received"):
        ps.read_plan(folder / "plan.yaml")


def test_the_report_has_the_first_stage(folder) -> None:
    report, results = shown(folder)
    pupils = pd.read_csv(DATA)
    rows = {row.cells[0]: row.cells for row in report.table("first-stage").rows}
    assert list(rows) == ["Compliers", "Anderson-Rubin", "Per hour"]
    took = pupils.groupby("treated")["received"].agg(["sum", "count"])
    assert rows["Compliers"][2].startswith(f"{took.loc[1, 'sum']}/{took.loc[1, 'count']} (")
    assert rows["Per hour"][1:4] == ("hours (hour)", "\u2013", "\u2013")
    F = {row.analysis: row.stat for row in results.rows if row.stat_name == "f_statistic"}
    assert rows["Compliers"][5].replace("\u202f", "") == f"{F['primary']:.0f}"
    groups = [row.cells[0] for row in report.table("results").rows if row.kind == "group"]
    assert any("risk difference in compliers, percentage points" in text for text in groups)
    assert any("risk difference by dose" in text and text.endswith(", per hour") for text in groups)
    asked = next(
        b for b in report.blocks if isinstance(b, Terms) and dict(b.entries).get("Intercurrent events")
    )
    events = dict(asked.entries)["Intercurrent events"]
    assert events == "Not received (individual level): principal stratum."
    assert "SYNTHETIC DATA" in report.badges
    assert "What was received, by arm" in render_html(report)


def test_everyone_as_allocated_is_said(folder) -> None:
    pupils = pd.read_csv(DATA, dtype={"school_id": str, "pair": str, "treated": str})
    report, _ = shown(folder, pupils.assign(received=pupils["treated"].astype(int)))
    cells = {row.cells[0]: row.cells for row in report.table("first-stage").rows}["Compliers"]
    assert cells[4] == "100, without exception"
    assert cells[5:] == ("\u2013", "\u2013")


def test_few_who_received_are_hidden_with_all_that_tells_of_them(folder) -> None:
    pupils = pd.read_csv(DATA, dtype={"school_id": str, "pair": str, "treated": str})
    control = pupils.index[pupils["treated"] == "0"]
    few = pupils.assign(received=pupils["received"].where(pupils["treated"] == "1", 0))
    few.loc[control[:3], "received"] = 1
    _, results = shown(folder, few)
    stage = [row for row in results.rows if row.context == "first_stage" and row.analysis == "primary"]
    gated = gate(results.rows, "nhs_counts_v1")
    left = [row for row in gated if row.context == "first_stage" and row.analysis == "primary"]
    assert len(left) == len(stage) > 8
    assert {row.stat_name for row in left if row.status != "suppressed"} == {"N"}
    told = {
        row.stat_name: row.status
        for row in gated
        if (row.analysis, row.context) == ("primary", "estimate") and row.stat_name not in ("df", "null")
    }
    assert {told.pop(name) for name in ("conf_level",)} == {"ok"}
    assert set(told.values()) == {"suppressed"}
    assert {"estimate", "std_error", "conf_low", "conf_high", "statistic"} <= set(told)
    assert gate_results(results, "nhs_counts_v1")["primary"].estimates == ()
    assert {r.status for r in gated if (r.analysis, r.context) == ("as_allocated", "estimate")} == {"ok"}
    assert [row.status for row in gated if row.context == "first_stage" and row.analysis == "dose"].count(
        "ok"
    ) > 5


def test_few_who_received_are_hidden_where_a_treatment_is_called_a_dose(folder) -> None:
    pupils = pd.read_csv(DATA, dtype={"school_id": str, "pair": str, "treated": str})
    few = pupils.assign(hours=pupils["received"].where(pupils["treated"] == "1", 0))
    few.loc[pupils.index[pupils["treated"] == "0"][:3], "hours"] = 1
    _, results = shown(folder, few)
    mine = [row for row in results.rows if (row.analysis, row.context) == ("dose", "first_stage")]
    counts = {(row.group("arm"), row.stat_name): row.stat for row in mine if row.group("arm")}
    assert counts["0", "n"] == 3
    gated = [row for row in gate(results.rows, "nhs_counts_v1") if row.analysis == "dose"]
    told = {row.stat_name for row in gated if row.context == "first_stage" and row.status != "suppressed"}
    assert told == {"N"}
    effect = [row.status for row in gated if (row.context, row.stat_name) == ("estimate", "estimate")]
    assert effect == ["suppressed"]
