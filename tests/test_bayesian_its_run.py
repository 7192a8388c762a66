"""A Bayesian analysis of many series from a plan to its report."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import precept_stats as ps
from precept_stats.report.render_html import render_html
from precept_stats.report.story import story

pytest.importorskip("nutpie")

PLANS = ps.shipped("analysis_plans")
METHOD = """    method:
      kind: bayesian_its
      distribution: {kind: binomial}
      units: {kind: levels_and_changes, of: [step]}
      autocorrelation: {kind: none, reason: births of different months are different people}
      sampler: {kind: nuts, chains: 2, draws: 300, warmup: 200}
      gate: {kind: thresholds, rhat: 1.1, ess: 100, divergences: 10}
      smallest_worthwhile: 0.03
    known_truth:"""


def plan_text(seed: str = "seed: 20261123\n") -> str:
    """The plan of many series with its first analysis alone, in units with intensive care, sampled."""
    text = (PLANS / "npp_its.yaml").read_text(encoding="utf-8")
    head, rest = text.split("    method:\n", 1)
    truth = rest.split("    known_truth:", 1)[1].split("  multilevel_regions:\n", 1)[0]
    head = head.replace("    on_failure: [{if: not_estimable, use: two_stage}]\n", "    on_failure: []\n")
    head = head.replace('equals: "no"}', 'equals: "no"}\n      - {column: level, equals: NICU}')
    family = "multiplicity: {family: [multilevel], procedure: none, level: 0.95}\n"
    return head + METHOD + truth + seed + family + "disclosure: {policy: nhs_counts_v1}\n"


def test_a_plan_is_answered_in_probabilities_and_the_report_says_so(tmp_path: Path) -> None:
    shutil.copytree(PLANS / "data" / "npp", tmp_path / "data" / "npp")
    path = tmp_path / "plan.yaml"
    path.write_text(plan_text(), encoding="utf-8")
    plan = ps.read_plan(path)
    results = ps.run(plan)
    stats = {row.stat_name: row.stat for row in results.rows if row.context == "probability"}
    assert 0.5 < stats["worthwhile"] <= stats["benefit"] <= 1.0
    found = {row.stat_name: row.stat for row in results.rows if row.context == "estimate"}
    assert found["conf_low"] < 0.058 < found["conf_high"]
    assert found["conf_method"] == "percentiles of the posterior"
    report = render_html(story(plan, results))
    assert "How probable is a benefit?" in report
    assert "changes of level 95 % between 1/5 and 5 times the odds" in report


def test_without_a_seed_the_plan_is_refused(tmp_path: Path) -> None:
    shutil.copytree(PLANS / "data" / "npp", tmp_path / "data" / "npp")
    path = tmp_path / "plan.yaml"
    path.write_text(plan_text(seed=""), encoding="utf-8")
    with pytest.raises(ps.PlanError, match="seed"):
        ps.read_plan(path)
