"""Plans of trials over periods: read, told in words, run, and refused where method and study do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

import precept_stats as ps
from precept_stats.errors import PlanError
from precept_stats.plan.explain import explain
from precept_stats.plan.findings import InvalidPlanError
from precept_stats.plan.reader import read_plan
from precept_stats.runner import analyse, run
from precept_stats.studies.stepped_wedge import SteppedWedge
from tests.studies.wedges import WEDGE, Wedge, ask_wedge

SCHEMA = """
name: rows
fieldsMatch: equal
primaryKey: [id]
fields:
  - {name: id, type: integer}
  - {name: site, type: string}
  - {name: period, type: integer}
  - {name: arm, type: string}
  - {name: x, type: number}
  - {name: size, type: string}
  - {name: y, type: number}
x-precept: {level: individual}
"""

PLAN = """
precept_plan: "1"
id: wedge
version: 1.0.0
title: "A synthetic stepped wedge"
design: stepped_wedge
prespecification: {data_state: no_data_yet, statement: Synthetic data.}
data: {rows: {schema: rows, source: Synthetic.}}
populations: {all: {of: rows}}
outcomes: {y: {column: y, type: continuous, direction: higher_better}}
estimands:
  effect: {population: all, outcome: y, compare: treated, reference: control, summary: mean_difference,
           effect: marginal, target: participant_average, intercurrent_events: []}
analyses:
  primary:
    purpose: primary
    reason: specified_in_sap
    estimand: effect
    study: {kind: stepped_wedge, cluster: site, period: period, arm: arm, characteristics: [x, size]}
    method: {kind: linear_mixed, random: {kind: nested_exchangeable}}
    on_failure: [{if: not_estimable, use: adjusted}]
  adjusted:
    based_on: primary
    label: Adjusted
    purpose: sensitivity
    study: {adjust: [x]}
multiplicity: {family: [primary]}
disclosure: {policy: none}
"""


def written(folder: Path, change: tuple[str, str] = ("", "")) -> Path:
    (folder / "data_schemas").mkdir()
    (folder / "data_schemas" / "rows.yaml").write_text(SCHEMA, encoding="utf-8")
    path = folder / "wedge.yaml"
    path.write_text(PLAN.replace(*change) if change[0] else PLAN, encoding="utf-8")
    return path


def test_a_plan_of_a_wedge_runs_and_describes_it(tmp_path: Path) -> None:
    frame = Wedge().frame(1)
    frame.insert(0, "id", range(len(frame)))
    results = run(written(tmp_path), {"rows": frame})
    assert results.failed == ()
    contexts = {row.context for row in results["primary"].rows}
    assert {"flow", "baseline", "missingness", "schedule", "estimate"} <= contexts
    assert {row.stat_label for row in results.rows if row.variable == "analysed"} >= {"Individuals"}
    assert results["adjusted"].estimate.std_error < results["primary"].estimate.std_error


def test_a_plan_of_a_wedge_is_told_in_words(tmp_path: Path) -> None:
    change = ("arm: arm, char", "arm: arm, transition: [moving], participant: id, weights: x, char")
    text = " ".join(explain(read_plan(written(tmp_path, change)), "primary").split())
    assert "periods are period, each cluster switching once" in text
    assert 'left out as transition: arm "moving"' in text
    assert "weighted by x; people followed by id" in text


@pytest.mark.parametrize(
    ("change", "rule", "pointer"),
    [
        (("period: period", "period: week"), "PL-0174", "/analyses/primary/study/period"),
        (("period: period", "period: site"), "PL-0147", "/analyses/primary/study/period"),
        (
            ("arm: arm, char", "arm: arm, groups: [size:ward], char"),
            "PL-0174",
            "/analyses/primary/study/groups/0",
        ),
        (
            ("{kind: linear_mixed, random: {kind: nested_exchangeable}}", "{kind: cluster_summaries}"),
            "PL-0141",
            "/analyses/primary/method",
        ),
        (("period: period, arm: arm", "arm: arm"), "PL-0004", "/analyses/primary/study/period"),
        (("kind: stepped_wedge,", "kind: steped_wedge,"), "PL-0006", "/analyses/primary/study/kind"),
    ],
)
def test_what_a_plan_of_a_wedge_gets_wrong(
    tmp_path: Path, change: tuple[str, str], rule: str, pointer: str
) -> None:
    with pytest.raises(InvalidPlanError) as caught:
        read_plan(written(tmp_path, change))
    assert (rule, pointer) in {(finding.id, finding.pointer) for finding in caught.value.findings}


def test_a_notebook_is_told_the_same() -> None:
    frame, question = Wedge().frame(1), ask_wedge()
    with pytest.raises(PlanError, match="not made for this kind of study"):
        analyse(WEDGE, ps.ClusterSummaries(), frame, question)
    weighted = ps.ClusterTrial(cluster="site", arm="arm", weights="x")
    with pytest.raises(PlanError, match="does not use what the study names"):
        analyse(weighted, ps.ClusterSummaries(), frame, question)
    wedge = SteppedWedge(cluster="site", period="period", arm="arm", adjust=("x",))
    assert analyse(wedge, ps.LinearMixed(), frame, question).status == "ok"


def test_rows_that_are_no_people_are_called_rows(tmp_path: Path) -> None:
    frame = Wedge().frame(1)
    frame.insert(0, "id", range(len(frame)))
    path = written(tmp_path)
    schema = tmp_path / "data_schemas" / "rows.yaml"
    schema.write_text(SCHEMA.replace("level: individual", "level: period"), encoding="utf-8")
    flow = [row for row in run(path, {"rows": frame}).rows if row.context == "flow" and row.stat_name == "n"]
    assert {row.stat_label for row in flow} == {"Rows", "Rows left out"}
