"""Effects by subgroup as a reader sees them, from a plan to the page, and what the gate leaves of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.errors import PlanError
from precept_stats.plan.explain import explain
from precept_stats.plan.reader import read_plan_text
from precept_stats.report.blocks import Figure, Heading, Table
from precept_stats.report.disclosure import gate
from precept_stats.report.figures import draw

PLAN = """
precept_plan: "1"
id: subgroups
version: 1.0.0
title: Subgroups of a synthetic trial
design: parallel_cluster_trial
prespecification: {data_state: no_data_yet, statement: A synthetic trial for a test.}
data: {people: {schema: people}}
populations: {all: {of: people}}
outcomes:
  cured: {column: cured, type: binary, direction: higher_better, label: Cured at a year}
estimands:
  effect:
    {population: all, outcome: cured, compare: new, reference: usual, summary: risk_difference,
     effect: marginal, target: participant_average, intercurrent_events: []}
analyses:
  primary:
    label: Everyone at once
    purpose: primary
    reason: specified_in_sap
    estimand: effect
    study: {kind: cluster_trial, cluster: unit, arm: arm}
    method: {kind: gee, variance: {kind: cr2}, df: {kind: satterthwaite}}
  by_sex:
    {based_on: primary, label: By sex, purpose: exploratory, reason: data_driven, study: {subgroup: sex}}
  by_region:
    {based_on: primary, label: By region, purpose: secondary, study: {subgroup: region},
     method: {kind: linear_mixed}}
multiplicity: {family: [primary], procedure: none}
disclosure: {policy: POLICY}
outputs: [results, forest]
"""
SCHEMA = """
name: people
title: People of a synthetic trial
fields:
  - {name: unit, type: string, description: The cluster.}
  - {name: arm, type: string, description: The arm.}
  - {name: sex, type: string, constraints: {enum: [women, men]}, description: Sex.}
  - {name: region, type: string, description: The region of the cluster.}
  - {name: cured, type: integer, description: Cured.}
"""


def people(men: float) -> pd.DataFrame:
    """Twenty clusters; a share of ``men`` in each."""
    rng = np.random.default_rng(11)
    unit = np.repeat(np.arange(20), rng.integers(20, 50, 20))
    man = rng.random(len(unit)) < men
    new = unit % 2 == 1
    return pd.DataFrame(
        {
            "unit": [f"U{k:02d}" for k in unit],
            "arm": np.where(new, "new", "usual"),
            "sex": np.where(man, "men", "women"),
            "region": np.array(["East", "North", "West"])[unit // 2 % 3],
            "cured": rng.binomial(1, 0.35 + 0.1 * new + 0.1 * new * man + rng.normal(0, 0.05, 20)[unit]),
        }
    )


def report_of(folder: Path, policy: str, men: float):
    schemas = folder / "data_schemas"
    schemas.mkdir()
    plan = folder / "plan.yaml"
    plan.write_text(PLAN.replace("POLICY", policy), encoding="utf-8")
    (schemas / "people.yaml").write_text(SCHEMA, encoding="utf-8")
    loaded = ps.read_plan(plan)
    results = ps.run(loaded, {"people": people(men)})
    return results, ps.story(loaded, results)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    return report_of(tmp_path_factory.mktemp("shown"), "none", 0.4)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    return report_of(tmp_path_factory.mktemp("guarded"), "nhs_counts_v1", 0.02)


def block(report, kind: type, name: str):
    return next((one for one in report.blocks if isinstance(one, kind) and one.id == name), None)


def test_each_level_stands_under_everyone(shown) -> None:
    results, report = shown
    figure = block(report, Figure, "subgroups")
    (panel,) = figure.data.panels
    assert [line.label for line in panel.lines] == ["Everyone", "women", "men"]
    assert [line.primary for line in panel.lines] == [True, False, False]
    effects = {
        row.group("subgroup"): row.stat
        for row in results["by_sex"].rows
        if row.context == "subgroup" and row.stat_name == "estimate"
    }
    drawn = [line.mark.value for line in panel.lines]
    expected = [results["primary"].estimate.value, effects["women"], effects["men"]]
    assert drawn == pytest.approx([100 * one for one in expected])
    assert draw(figure.data, narrow=True).startswith("<svg")
    assert any(isinstance(one, Heading) and one.text == "Effect by subgroup" for one in report.blocks)


def test_the_caption_has_the_only_p_value(shown) -> None:
    results, report = shown
    sex, region = block(report, Figure, "subgroups"), block(report, Figure, "subgroups-by_region")
    assert f"p = {results['by_sex'].estimate.p_value:.3f}" in sex.caption
    joint = {r.stat_name: r.stat for r in results["by_region"].rows if r.context == "joint_test"}
    assert f"p = {joint['p_value']:.3f}" in region.caption
    assert "3 levels at once" in region.caption
    for figure in (sex, region):
        assert all("p" not in column.label.split() for column in figure.behind.columns)
    assert [line.label for line in region.data.panels[0].lines] == ["Everyone", "East", "North", "West"]


def test_people_and_clusters_stand_beside_each_effect(shown) -> None:
    _, report = shown
    table, data = block(report, Figure, "subgroups").behind, people(0.4)
    counts = data.groupby(["sex", "arm"]).size()
    assert table.rows[1].cells[2] == f"{counts['women', 'new']}, {counts['women', 'usual']}"
    assert table.rows[1].cells[1] == "10, 10"


def test_results_call_it_what_it_is(shown) -> None:
    _, report = shown
    table = block(report, Table, "results")
    titles = [row.cells[0] for row in table.rows if row.kind == "group"]
    assert any("difference of risk differences, percentage points" in title for title in titles)
    assert any("sex: men minus women" in title for title in titles)


def test_an_interaction_has_no_number_needed_to_treat(shown) -> None:
    results, _ = shown
    assert {row.analysis for row in results.rows if row.context == "number_needed"} == {"primary"}


def test_a_subgroup_found_in_the_data_is_called_so(shown) -> None:
    results, _ = shown
    texts = [row.stat for row in results["by_sex"].rows if row.context == "deviation"]
    assert texts == ["not prespecified: data driven"]


def test_few_people_in_a_subgroup_hide_all_effects_of_its_analysis(guarded) -> None:
    results, report = guarded
    gated = gate(results.rows, "nhs_counts_v1")
    assert gate(gated, "nhs_counts_v1") == gated
    counts = [r for r in gated if r.context == "subgroup" and r.stat_name == "n" and r.analysis == "by_sex"]
    assert any(row.status == "suppressed" for row in counts)
    assert all(row.stat % 5 == 0 for row in counts if row.stat is not None)
    effects = [
        r for r in gated if r.context == "subgroup" and r.stat_name in ("estimate", "conf_low", "std_error")
    ]
    assert {row.analysis: row.stat is None for row in effects} == {"by_sex": True, "by_region": False}
    lines = {line.label: line for line in block(report, Figure, "subgroups").data.panels[0].lines}
    assert {label: line.mark is None for label, line in lines.items()} == {
        "Everyone": False,
        "women": True,
        "men": True,
    }
    assert lines["men"].text == "not shown: an arm of a subgroup has 1 to 7"


def test_a_plan_says_in_words_what_it_answers() -> None:
    loaded = read_plan_text(PLAN.replace("POLICY", "none"), "plan.yaml")
    text = " ".join(explain(loaded, "by_sex").split())
    assert "The answer is the interaction: the risk difference in the last level of sex minus that" in text
    assert "intercept[arm, sex]" in text
    assert "mean[arm, region]" in " ".join(explain(loaded, "by_region").split())


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("label: By sex, purpose: exploratory", "label: By sex, purpose: sensitivity", "PL-0211"),
        ("study: {subgroup: sex}", "study: {subgroup: cured}", "PL-0212"),
        (
            "purpose: primary\n",
            "purpose: primary\n    on_failure: [{if: not_estimable, use: by_sex}]\n",
            "PL-0211",
        ),
        ("method: {kind: linear_mixed}", "method: {kind: cluster_summaries}", "PL-0153"),
    ],
)
def test_plans_that_ask_for_what_cannot_be_are_refused(old: str, new: str, rule: str) -> None:
    with pytest.raises(PlanError) as caught:
        read_plan_text(PLAN.replace("POLICY", "none").replace(old, new), "plan.yaml")
    assert rule in str(caught.value)


def test_a_subgroup_alone_is_noted() -> None:
    alone = (
        PLAN.replace("POLICY", "none")
        .replace("adjust: []", "")
        .replace(
            "by_sex:\n    {based_on: primary,",
            "by_sex:\n    {estimand: effect, method: {kind: gee},",
        )
        .replace(
            "study: {subgroup: sex}", "study: {kind: cluster_trial, cluster: unit, arm: arm, subgroup: sex}"
        )
    )
    loaded = read_plan_text(alone, "plan.yaml")
    assert [f.pointer for f in loaded.findings if f.id == "PL-0213"] == ["/analyses/by_sex"]
