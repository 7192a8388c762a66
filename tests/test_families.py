"""Families of a plan that has run: whose p-values count, what failures do to them, and what is recorded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.ard import read_json, write_json
from precept_stats.inference import multiplicity as adjust
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.report.disclosure import gate
from precept_stats.values import Result, Results

PLAN = """
precept_plan: "1"
id: several
version: 1.0.0
title: Several outcomes
design: parallel_cluster_trial
prespecification: {data_state: results_seen, statement: Made for a test.}
data: {people: {schema: people, source: synthetic}}
populations: {all: {of: people}}
outcomes:
  well: {column: well, type: binary, direction: higher_better}
  calm: {column: calm, type: binary, direction: higher_better}
  fit: {column: fit, type: binary, direction: higher_better}
estimands:
  well: {population: all, outcome: well, compare: new, reference: old,
    summary: risk_difference, effect: marginal, target: cluster_average, intercurrent_events: []}
  calm: {population: all, outcome: calm, compare: new, reference: old,
    summary: risk_ratio, effect: marginal, target: cluster_average, intercurrent_events: []}
  fit: {population: all, outcome: fit, compare: new, reference: old,
    summary: risk_difference, effect: marginal, target: cluster_average, intercurrent_events: []}
analyses:
  well: {purpose: primary, reason: specified_in_sap, estimand: well,
    study: {kind: cluster_trial, cluster: village, arm: arm}, method: {kind: cluster_summaries}}
  calm: {based_on: well, purpose: secondary, estimand: calm,
    method: {kind: cluster_summaries, ratio: {kind: geometric, zero_clusters: error}},
    on_failure: [{if: not_estimable, use: FALLBACK}]}
  fit: {based_on: well, purpose: secondary, estimand: fit}
  calm_again: {based_on: calm, label: Arithmetic ratio, purpose: sensitivity,
    method: {kind: cluster_summaries, ratio: {kind: arithmetic}}}
  fit_again: {based_on: fit, label: Regression, purpose: sensitivity, method: {kind: cluster_regression}}
multiplicity: {family: [well, calm, fit], procedure: PROCEDURE, level: 0.9}
disclosure: {policy: none}
"""
GRAPH = """{kind: graphical, weights: {well: 1, calm: 0, fit: 0},
  transitions: {well: {calm: 0.5, fit: 0.5}, calm: {fit: 1}, fit: {calm: 1}}}"""
SCHEMA = """
name: people
fields:
  - {name: village, type: string, constraints: {required: true}}
  - {name: arm, type: string, constraints: {required: true}}
  - {name: well, type: integer}
  - {name: calm, type: integer}
  - {name: fit, type: integer}
x-precept: {level: individual}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data_schemas").mkdir()
    (tmp_path / "data_schemas" / "people.yaml").write_text(SCHEMA)
    return tmp_path


def loaded(folder: Path, procedure: str, fallback: str = "calm_again", level: float = 0.9) -> LoadedPlan:
    path = folder / "plan.yaml"
    text = PLAN.replace("PROCEDURE", procedure).replace("FALLBACK", fallback)
    path.write_text(text.replace("level: 0.9", f"level: {level}"))
    return ps.read_plan(path)


def people() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    village = np.repeat(np.arange(12), rng.integers(12, 30, 12))
    new = village % 2
    outcomes = {name: 0.35 + gain * new for name, gain in (("well", 0.3), ("calm", 0.2), ("fit", 0.12))}
    return pd.DataFrame(
        {
            "village": [f"v{k}" for k in village],
            "arm": np.where(new, "new", "old"),
            **{name: rng.binomial(1, risk) for name, risk in outcomes.items()},
        }
    )


def without_calm(frame: pd.DataFrame) -> pd.DataFrame:
    """Nobody calm in one village, so that a geometric mean of risks has no value."""
    return frame.assign(calm=frame["calm"].where(frame["village"] != "v2", 0))


def told(results: Results, stat: str) -> list[object]:
    """A statistic of each member of the family, in order."""
    return [
        row.stat
        for name in ("well", "calm", "fit")
        for row in results[name].rows
        if (row.context, row.stat_name) == ("multiplicity", stat)
    ]


def p_values(results: Results, *names: str) -> list[float]:
    entries = [results[name] for name in names]
    return [entry.estimate.p_value for entry in entries if isinstance(entry, Result)]


@pytest.mark.parametrize("kind", ["bonferroni", "holm", "hochberg", "fixed_sequence"])
def test_a_family_is_judged_on_the_p_values_of_its_members(folder: Path, kind: str) -> None:
    results = ps.run(loaded(folder, f"{{kind: {kind}}}"), {"people": people()})
    own = p_values(results, "well", "calm", "fit")
    adjusted = getattr(adjust, kind)(own)
    assert told(results, "p_value") == own
    assert told(results, "adjusted_p") == list(adjusted)
    assert told(results, "rejected") == [int(p <= 0.1) for p in adjusted]
    family = {row.stat_name: row.stat for row in results.shared if row.context == "multiplicity"}
    assert family == {"procedure": kind, "alpha": 0.1, "n_members": 3}


def test_simultaneous_intervals_are_those_at_the_level_of_the_family(folder: Path) -> None:
    results = ps.run(loaded(folder, "{kind: bonferroni, alpha: 0.06}"), {"people": people()})
    assert told(results, "conf_level") == pytest.approx([0.98] * 3)
    alone = ps.run(loaded(folder, "none", level=0.98), {"people": people()})
    members = [entry for entry in alone if entry.analysis in ("well", "calm", "fit")]
    intervals = [entry.estimate.interval for entry in members if isinstance(entry, Result)]
    assert len(intervals) == 3
    assert told(results, "conf_low") == pytest.approx([interval.lower for interval in intervals], rel=1e-9)
    assert told(results, "conf_high") == pytest.approx([interval.upper for interval in intervals], rel=1e-9)


def test_stepwise_procedures_give_no_intervals(folder: Path) -> None:
    results = ps.run(loaded(folder, "{kind: holm}"), {"people": people()})
    assert told(results, "conf_low") == []


def test_without_a_procedure_nothing_is_said(folder: Path) -> None:
    results = ps.run(loaded(folder, "none"), {"people": people()})
    assert not [row for row in results.rows if row.context == "multiplicity"]


def test_a_graph_records_its_course(folder: Path) -> None:
    results = ps.run(loaded(folder, GRAPH), {"people": people()})
    own = p_values(results, "well", "calm", "fit")
    assert max(own[:2]) < 0.04, "this test needs two clear effects"
    edges = {
        (row.group("from"), row.group("to")): row.stat
        for row in results.shared
        if row.stat_name == "transition"
    }
    assert edges == {("well", "calm"): 0.5, ("well", "fit"): 0.5, ("calm", "fit"): 1, ("fit", "calm"): 1}
    assert told(results, "weight") == [1, 0, 0]
    assert told(results, "order")[:2] == [1, 2]
    assert told(results, "local_alpha") == pytest.approx([0.1, 0.05, 0.1])


def test_a_failed_member_counts_with_its_fallback_where_that_answers_the_same_question(folder: Path) -> None:
    results = ps.run(loaded(folder, "{kind: holm}"), {"people": without_calm(people())})
    own = p_values(results, "well", "calm_again", "fit")
    assert told(results, "p_value") == own
    warnings = {row.warning for row in results["calm"].rows if row.context == "multiplicity"}
    assert warnings == {"not estimable; the p-value is that of its fallback 'calm_again'"}


def test_a_failed_member_without_such_a_fallback_counts_with_one(folder: Path) -> None:
    results = ps.run(loaded(folder, "{kind: holm}", "fit_again"), {"people": without_calm(people())})
    well, fit = p_values(results, "well", "fit")
    assert told(results, "p_value") == [well, 1.0, fit]
    assert told(results, "adjusted_p") == list(adjust.holm([well, 1.0, fit]))
    assert told(results, "rejected")[1] == 0
    warnings = {row.warning for row in results["calm"].rows if row.context == "multiplicity"}
    assert warnings == {"not estimable; counted with p = 1"}


def test_the_rows_survive_the_file_and_the_gate(folder: Path, tmp_path: Path) -> None:
    results = ps.run(loaded(folder, GRAPH), {"people": people()})
    write_json(results, tmp_path / "rows.json")
    assert read_json(tmp_path / "rows.json").rows == results.rows
    mine = [row for row in results.rows if row.context == "multiplicity"]
    assert [row for row in gate(results.rows, "none") if row.context == "multiplicity"] == mine
    gated = [row for row in gate(results.rows, "nhs_counts_v1") if row.context == "multiplicity"]
    for shown, own in zip(gated, mine, strict=True):
        assert replace(shown, stat=None) == replace(own, stat=None)
        assert shown.stat == (pytest.approx(own.stat, rel=0.005) if isinstance(own.stat, float) else own.stat)
