"""Running a plan: failures are data, nothing switches silently, and the caller's data stay as they were."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.cli import main
from precept_stats.errors import DataError, FitError, PlanError
from precept_stats.inference.seeds import Seed
from precept_stats.plan.reader import read_plan_text
from precept_stats.values import Failure, Result

PLAN = """
precept_plan: "1"
id: small
version: 1.0.0
title: A small trial
design: parallel_cluster_trial
prespecification: {data_state: results_seen, statement: Made for a test.}
data: {people: {schema: people, file: people.csv}}
populations: {all: {of: people}}
outcomes: {well: {column: well, type: binary, direction: higher_better}}
estimands:
  ratio: {population: all, outcome: well, compare: new, reference: old, summary: risk_ratio,
          effect: marginal, target: cluster_average, intercurrent_events: []}
  difference: {population: all, outcome: well, compare: new, reference: old, summary: risk_difference,
               effect: marginal, target: cluster_average, intercurrent_events: []}
analyses:
  primary:
    purpose: primary
    reason: specified_in_sap
    estimand: ratio
    study: {kind: cluster_trial, cluster: village, arm: arm}
    method: {kind: cluster_summaries, ratio: {kind: geometric, zero_clusters: error}}
    on_failure: [{if: not_estimable, use: difference}]
  difference:
    based_on: primary
    purpose: sensitivity
    estimand: difference
    method: {kind: cluster_summaries}
  looked_first:
    based_on: difference
    purpose: exploratory
    reason: data_driven
    method: {kind: cluster_regression}
multiplicity: {family: [primary], procedure: none, level: 0.9}
disclosure: {policy: none}
"""
SCHEMA = """
name: people
fields:
  - {name: village, type: string, constraints: {required: true}}
  - {name: arm, type: string, constraints: {required: true}}
  - {name: well, type: integer}
x-precept: {level: individual}
"""


def people(seed: int = 3) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    village = np.repeat(np.arange(10), rng.integers(12, 30, 10))
    risk = rng.beta(6, 6, 10)[village]
    return pd.DataFrame(
        {
            "village": [f"v{k}" for k in village],
            "arm": np.where(village % 2, "new", "old"),
            "well": rng.binomial(1, risk),
        }
    )


@pytest.fixture
def plan(tmp_path: Path):
    (tmp_path / "data_schemas").mkdir()
    (tmp_path / "data_schemas" / "people.yaml").write_text(SCHEMA)
    (tmp_path / "plan.yaml").write_text(PLAN)
    return ps.read_plan(tmp_path / "plan.yaml")


def without_events(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(well=frame["well"].where(frame["village"] != "v2", 0))


def test_every_analysis_answers_at_the_level_of_the_plan(plan):
    results = ps.run(plan, {"people": people()})
    assert [entry.analysis for entry in results] == ["primary", "difference", "looked_first"]
    assert all(entry.estimate.interval.level == 0.9 for entry in results)
    assert results["difference"].estimate.value == pytest.approx(
        results["looked_first"].estimate.value, rel=1e-12
    )


def test_a_failure_is_data_and_names_the_fallback_without_taking_it(plan):
    results = ps.run(plan, {"people": without_events(people())})
    (failure,) = results.failed
    assert isinstance(failure, Failure)
    assert failure.analysis == "primary"
    assert "v2" in failure.found
    assert [row.stat for row in failure.rows if row.context == "deviation"] == [
        f"not estimable ({failure.problem}); the prespecified fallback is analysis 'difference'"
    ]
    assert not [row for row in failure.rows if row.context == "estimate"]
    assert [row.status for row in failure.rows if row.context == "failure"] == ["failed"]
    assert isinstance(results["difference"], Result)


def test_an_analysis_that_was_not_prespecified_says_so(plan):
    results = ps.run(plan, {"people": people()})
    texts = [row.stat for row in results["looked_first"].rows if row.context == "deviation"]
    assert texts == ["not prespecified: data driven"]
    assert not [row for row in results["difference"].rows if row.context == "deviation"]


def test_the_caller_s_data_are_not_changed_and_row_order_changes_nothing(plan):
    data = people()
    before = data.copy(deep=True)
    rows = ps.run(plan, {"people": data}).rows
    pd.testing.assert_frame_equal(data, before)
    shuffled = ps.run(plan, {"people": data.sample(frac=1, random_state=1)})
    assert shuffled.rows == rows
    assert shuffled.provenance.data_digests == ps.run(plan, {"people": data}).provenance.data_digests


def test_progress_counts_every_analysis(plan):
    seen = []
    ps.run(plan, {"people": people()}, progress=lambda done, total, label: seen.append((done, total, label)))
    assert seen == [(0, 3, "primary"), (1, 3, "difference"), (2, 3, "looked_first"), (3, 3, "done")]


def test_tables_are_named_by_the_plan(plan):
    with pytest.raises(PlanError, match="does not have"):
        ps.run(plan, {"persons": people()})
    with pytest.raises(DataError, match="people"):
        ps.run(plan, {})
    loaded = read_plan_text(PLAN.replace(", file: people.csv", ""), "plan")
    with pytest.raises(DataError, match="people"):
        ps.run(replace(loaded, path=plan.path))


def test_bad_data_stop_the_run_before_anything_is_fitted(plan):
    data = people()
    data.loc[data["village"] == "v4", "arm"] = ["new", *["old"] * (sum(data["village"] == "v4") - 1)]
    seen = []
    with pytest.raises(DataError, match="v4") as problem:
        ps.run(plan, {"people": data}, progress=lambda *step: seen.append(step))
    assert problem.value.where.startswith("analysis 'primary'")
    assert seen == []


LONE_STRATUM = """
  by_region:
    based_on: difference
    purpose: sensitivity
    study: {kind: cluster_trial, cluster: village, arm: arm, strata: [region]}
    on_failure: [{if: not_estimable, use: difference}]
multiplicity:"""


@pytest.fixture
def stratified(plan):
    text = PLAN.replace("\nmultiplicity:", LONE_STRATUM)
    schema = SCHEMA.replace("x-precept", "  - {name: region, type: string}\nx-precept")
    (plan.path.parent / "data_schemas" / "people.yaml").write_text(schema)
    plan.path.write_text(text)
    return ps.read_plan(plan.path)


def in_one_arm(frame: pd.DataFrame) -> pd.DataFrame:
    """Region s holds two villages of arm old only."""
    return frame.assign(region=np.where(frame["village"].isin(["v2", "v4"]), "s", "r"))


def test_data_that_do_not_hold_a_sensitivity_analysis_fail_it_alone(stratified):
    results = ps.run(stratified, {"people": in_one_arm(people())})
    (failure,) = results.failed
    assert (failure.analysis, failure.method) == ("by_region", "cluster_summaries")
    assert failure.problem == "a stratum has clusters of one arm only"
    assert failure.found == "stratum 's' has only arm 'old'; the analysed clusters"
    assert "both arms" in failure.allowed
    assert [(row.context, row.status) for row in failure.rows] == [("failure", "failed"), ("deviation", "ok")]
    assert failure.found in failure.rows[0].error
    assert "analysis 'difference'" in failure.rows[1].stat
    without = ps.run(stratified, {"people": people().assign(region="r")})
    for name in ("primary", "difference", "looked_first"):
        assert results[name].estimate == without[name].estimate


def test_a_failure_without_a_trial_is_reported_and_tells_no_names(stratified, tmp_path, monkeypatch, capsys):
    text = stratified.path.read_text().replace("{policy: none}", "{policy: nhs_counts_v1}")
    stratified.path.write_text(text)
    in_one_arm(people()).to_csv(tmp_path / "people.csv", index=False)
    out = tmp_path / "results"
    monkeypatch.setattr("sys.argv", ["precept", "run", str(stratified.path), "--out", str(out)])
    with pytest.raises(SystemExit) as ending:
        main()
    assert ending.value.code == 1, capsys.readouterr().err
    report = (out / "report.html").read_text()
    assert "a stratum has clusters of one arm only" in report
    assert "has only arm" not in report


def test_the_same_data_stop_the_run_when_it_is_the_primary_one(stratified):
    text = stratified.path.read_text().replace("arm: arm}", "arm: arm, strata: [region]}", 1)
    stratified.path.write_text(text)
    with pytest.raises(DataError, match="one arm only") as problem:
        ps.run(ps.read_plan(stratified.path), {"people": in_one_arm(people())})
    assert problem.value.where == "analysis 'primary', the analysed clusters"


def test_a_table_that_breaks_its_schema_stops_every_analysis(stratified):
    seen = []
    broken = in_one_arm(people()).assign(village=None)
    with pytest.raises(DataError, match="people"):
        ps.run(stratified, {"people": broken}, progress=lambda *step: seen.append(step))
    assert seen == []


def question(summary: str) -> ps.Question:
    estimand = ps.Estimand(
        population="all",
        outcome="well",
        compare="new",
        reference="old",
        summary=summary,
        effect="marginal",
        target="cluster_average",
        intercurrent_events=(),
    )
    outcome = ps.Outcome(column="well", type="binary", direction="higher_better")
    return ps.Question("main", estimand, ps.Population(of="people"), outcome)


def test_analyse_is_the_same_path_as_a_plan(plan):
    study = ps.ClusterTrial(cluster="village", arm="arm")
    alone = ps.analyse(study, ps.ClusterSummaries(), people(), question("risk_difference"), ps.How(level=0.9))
    assert alone.estimate == ps.run(plan, {"people": people()})["difference"].estimate
    assert {"flow", "baseline", "estimate", "icc", "setting"} <= {row.context for row in alone.rows}
    assert "not" in alone._repr_html_()


def test_synthetic_data_are_called_so_in_a_notebook():
    study = ps.ClusterTrial(cluster="village", arm="arm")
    made = people().assign(data_origin="synthetic")
    result = ps.analyse(study, ps.ClusterSummaries(), made, question("risk_difference"))
    assert "Synthetic" in result._repr_html_()
    real = ps.analyse(study, ps.ClusterSummaries(), people(), question("risk_difference"))
    assert "ynthetic" not in real._repr_html_()


def test_results_print_short(plan):
    results = ps.run(plan, {"people": without_events(people())})
    assert len(repr(results)) < 500
    assert "Failure('primary'" in repr(results)
    assert "risk_difference" in repr(results["difference"])


def test_analyse_raises_what_a_plan_records():
    study = ps.ClusterTrial(cluster="village", arm="arm")
    method = ps.ClusterSummaries.model_validate({"ratio": {"kind": "geometric", "zero_clusters": "error"}})
    with pytest.raises(FitError, match="without events"):
        ps.analyse(study, method, without_events(people()), question("risk_ratio"))
    with pytest.raises(PlanError, match="odds"):
        ps.analyse(study, method, people(), question("odds_ratio"))


def test_a_plan_asks_for_the_influence_of_each_cluster(plan):
    asked = PLAN.replace("    on_failure:", "    influence: leave_one_cluster_out\n    on_failure:")
    (plan.path.parent / "asked.yaml").write_text(asked)
    looked = ps.run(plan.path.parent / "asked.yaml", {"people": people()})
    rows = [row for row in looked["primary"].rows if row.context == "influence"]
    assert {row.group("left_out") for row in rows} == {f"v{k}" for k in range(10)}
    without = ps.run(plan, {"people": people()[lambda frame: frame["village"] != "v3"]})["primary"]
    (row,) = (row for row in rows if row.group("left_out") == "v3" and row.stat_name == "estimate")
    assert row.stat == pytest.approx(without.estimate.value, rel=1e-12)


def test_a_method_that_draws_needs_a_seed_and_each_analysis_has_its_own(plan, monkeypatch):
    given = []
    fit = ps.ClusterSummaries.fit

    def drawing(self, design, seed=None):
        given.append(seed)
        return fit(self, design)

    monkeypatch.setattr(ps.ClusterSummaries, "needs_seed", True)
    monkeypatch.setattr(ps.ClusterSummaries, "fit", drawing)
    study = ps.ClusterTrial(cluster="village", arm="arm")
    with pytest.raises(PlanError, match="seed"):
        ps.analyse(study, ps.ClusterSummaries(), people(), question("risk_difference"))
    with pytest.raises(PlanError):
        read_plan_text(PLAN, "plan.yaml")
    assert given == []
    ps.analyse(study, ps.ClusterSummaries(), people(), question("risk_difference"), ps.How(seed=4))
    seeded = plan.path.parent / "seeded.yaml"
    seeded.write_text(PLAN + "seed: 4\n")
    ps.run(seeded, {"people": people()})
    assert given == [Seed(4).at("analysis"), Seed(4).at("primary"), Seed(4).at("difference")]


def test_an_analysis_without_a_plan_says_where_it_misses_the_declared_estimand() -> None:
    study, asked = ps.ClusterTrial(cluster="village", arm="arm"), question("risk_difference")
    working = ps.Gee(correlation={"kind": "exchangeable"})
    missed = ps.analyse(study, working, people(), asked)
    assert any("not consistent for the declared estimand" in text for text in missed.warnings)
    assert "not consistent" in repr(missed)
    assert "not consistent" in missed._repr_html_()
    reached = ps.analyse(study, ps.Gee(weights={"kind": "clusters"}), people(), asked)
    assert not any("not consistent" in text for text in reached.warnings)
    assert "not consistent" not in repr(reached)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"link": {"kind": "log"}}, True),
        ({"link": {"kind": "log"}, "family": {"kind": "poisson"}}, False),
        ({"link": {"kind": "identity"}}, True),
        ({"link": {"kind": "identity"}, "family": {"kind": "gaussian"}}, False),
        ({}, False),
    ],
)
def test_a_link_that_is_not_that_of_the_variance_needs_the_model_to_be_right(
    settings: dict[str, object], *, said: bool
) -> None:
    method = ps.Gee.model_validate({"weights": {"kind": "clusters"}, **settings})
    asked = question("risk_difference")
    adjusted = ps.ClusterTrial(cluster="village", arm="arm", adjust=("age",))
    assert ("model of the mean" in method.estimand_gap(adjusted, asked)) == said
    assert method.estimand_gap(ps.ClusterTrial(cluster="village", arm="arm"), asked) == ""


def test_the_command_line_says_all_of_why_an_analysis_failed(plan, tmp_path, monkeypatch, capsys):
    without_events(people()).to_csv(tmp_path / "people.csv", index=False)
    monkeypatch.setattr("sys.argv", ["precept", "run", str(plan.path), "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr().out
    failed = next(line for line in said.splitlines() if line.startswith("primary: "))
    assert "found: " in failed
    assert "allowed: " in failed
