"""The correlations of a plan from the plan to the report: run, read back, shown, and gated."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pandas as pd
import pytest
from plan.plans import Document, good, read

import precept_stats as ps
from precept_stats.ard import from_json, to_json
from precept_stats.plan.explain import explain
from precept_stats.plan.intracluster import correlations_of
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.report.blocks import Prose
from precept_stats.report.disclosure import gate
from precept_stats.report.story import story
from precept_stats.values import Results, Row

STUDY = {
    "kind": "cluster_trial",
    "cluster": "unit",
    "arm": "arm",
    "strata": ["stratum"],
    "periods": {
        "month": "birth_month",
        "start": "start_month",
        "baseline": {"from": -12, "to": -1},
        "follow_up": {"from": 0, "to": 8},
    },
}
ESTIMATORS = [
    {"kind": "anova"},
    {"kind": "reml"},
    {"kind": "fleiss_cuzick"},
    {"kind": "mak", "interval": {"kind": "percentile_bootstrap", "replicates": 199}},
    {"kind": "linearised"},
    {"kind": "latent"},
]


def with_correlations(policy: str = "none") -> Document:
    document = good()
    document["analyses"].pop("crude")
    document["analyses"]["primary"] |= {
        "study": {**STUDY},
        "method": {"kind": "cluster_summaries"},
        "on_failure": [],
    }
    document |= {"disclosure": {"policy": policy}, "seed": 7}
    document["correlations"] = {
        "likeness": {
            "label": "Likeness of mothers of a unit",
            "estimand": "effect",
            "study": STUDY,
            "by_arm": True,
            "estimators": ESTIMATORS,
        },
        "within_strata": {
            "estimand": "effect",
            "study": STUDY,
            "removed": "arm_and_strata",
            "estimators": [{"kind": "anova"}],
        },
    }
    return document


def tables() -> dict[str, pd.DataFrame]:
    drawn = ps.trial_tables(ps.TrialScenario(), 7)
    return {name: drawn[name] for name in ("births", "units")}


@cache
def made(policy: str = "none") -> tuple[LoadedPlan, Results]:
    plan = read(with_correlations(policy))
    return plan, ps.run(plan, tables())


def of(results: Results, name: str) -> tuple[Row, ...]:
    return tuple(row for row in results.shared if row.analysis == name)


def test_a_run_brings_the_rows_of_every_correlation_after_the_analyses() -> None:
    _, results = made()
    for name in ("likeness", "within_strata"):
        rows = of(results, name)
        assert {row.context for row in rows} == {"flow", "icc", "setting"}
        assert {row.purpose for row in rows} == {""}
    estimates = [row for row in of(results, "likeness") if row.stat_name == "estimate"]
    assert len(estimates) == 3 * len(ESTIMATORS)
    assert [row.group("estimator") for row in estimates if row.status == "failed"] == ["Logistic, linearised"]


def test_within_arms_it_is_the_icc_that_stands_in_the_table_of_results() -> None:
    _, results = made()
    (summary,) = [row for row in results["primary"].rows if row.stat_name == "icc"]
    (anova,) = [
        row
        for row in of(results, "likeness")
        if row.groups == (("estimator", "Analysis of variance"),) and row.stat_name == "estimate"
    ]
    assert anova.stat == pytest.approx(summary.stat, rel=1e-10)


def test_rows_survive_being_written_and_read() -> None:
    _, results = made()
    assert from_json(to_json(results)).shared == results.shared


def test_arms_are_named_as_the_data_name_them() -> None:
    plan, results = made()
    lower = {("arm", "SSP"): ("arm", "c"), ("arm", "ESP"): ("arm", "t")}
    rows = tuple(
        replace(row, groups=tuple(lower.get(one, one) for one in row.groups)) for row in results.shared
    )
    table = story(plan, replace(results, shared=rows)).table("correlations-likeness")
    groups = [row.cells[0].split(":")[0] for row in table.rows if row.kind == "group"]
    assert groups == ["All clusters, within arms", "c", "t"]


def test_the_report_has_a_table_and_a_picture_of_each() -> None:
    plan, results = made()
    report = story(plan, results)
    table = report.table("correlations-likeness")
    assert table.caption == "Likeness of mothers of a unit"
    assert table.tag == "Synthetic data"
    groups = [row.cells[0].split(":")[0] for row in table.rows if row.kind == "group"]
    assert groups == ["All clusters, within arms", "SSP", "ESP"]
    scales = {row.cells[0]: row.cells[1] for row in table.rows if row.kind == "plain"}
    assert scales["Analysis of variance"] == "proportions"
    assert scales["Logistic, latent scale"] == "log odds (latent)"
    figure = report.figure("correlations-likeness-figure")
    latent = [panel for panel in figure.data.panels if "latent" in panel.title]  # type: ignore[union-attr]
    assert {line.label for panel in latent for line in panel.lines} == {"Logistic, latent scale"}
    assert figure.svg().startswith("<svg")
    assert (
        report.table("correlations-within_strata").rows[0].cells[0].startswith("All clusters, within strata")
    )


def test_explain_tells_of_what_within_what_and_how() -> None:
    plan, _ = made()
    text = explain(plan)
    block = text[text.index("likeness: Likeness of mothers of a unit") :]
    assert "Compared      clusters within their arm, whose mean is removed; each arm alone as well" in block
    assert "percentile_bootstrap (replicates 199)" in block
    assert max(map(len, text.splitlines())) <= 100
    alone = explain(plan, "likeness")
    assert "Likeness of mothers" in alone
    assert "within_strata" not in alone


def test_under_the_policy_correlations_have_three_decimals_and_bounds_two() -> None:
    _, results = made()
    gated = {row.analysis: [] for row in results.shared}
    for row in gate(results.rows, "nhs_counts_v1"):
        gated.setdefault(row.analysis, []).append(row)
    shown = [row for row in gated["likeness"] if row.measure and isinstance(row.stat, float)]
    assert shown
    for row in shown:
        negative_limit = row.stat_name in ("conf_low", "conf_high") and row.stat < 0
        if row.stat_name != "conf_level":
            assert row.stat == round(row.stat, 2 if negative_limit else 3)
    effects = [row for row in gated["likeness"] if row.stat_name.startswith("design_effect")]
    assert all(row.stat is None or row.stat == float(f"{row.stat:.1e}") for row in effects)
    people = [row for row in gated["likeness"] if row.unit == "individuals" and isinstance(row.stat, int)]
    assert people
    assert all(row.stat % 5 == 0 for row in people)  # type: ignore[operator]


def test_under_the_policy_an_arm_with_few_events_has_no_correlation() -> None:
    _, results = made()
    few = [
        Row("primary", "cluster_outcome", name, count, unit="individuals" if name == "N" else "events",
            groups=(("arm", "ESP"), ("cluster", "U1"), ("period", "follow_up")), variable="mgso4")
        for name, count in (("n", 3), ("N", 50))
    ]  # fmt: skip
    rows = (*few, *of(results, "likeness"))
    gated = gate(rows, "nhs_counts_v1")
    arm = [row for row in gated if row.group("arm") == "ESP" and row.group("estimator") and row.measure]
    told = [row for row in arm if row.stat_name not in ("conf_level", "conf_method")]
    assert {row.status for row in told} == {"suppressed"}
    pooled = [row for row in gated if row.groups == (("estimator", "Mak"),)]
    assert not [row for row in pooled if row.status == "suppressed"]


@pytest.mark.parametrize(
    ("field", "column", "context", "told"),
    [("cluster", "baby_id", "icc", "size 1"), ("arm", "nation", "failure", "arm")],
)
def test_data_that_hold_no_correlation_stop_nothing(field: str, column: str, context: str, told: str) -> None:
    document = with_correlations()
    document["correlations"]["within_strata"]["study"] = {**STUDY, field: column}
    plan = read(document)
    results = ps.run(plan, tables())
    (failed,) = [row for row in of(results, "within_strata") if row.status == "failed"]
    assert failed.context == context
    assert told in failed.error
    assert results["primary"].status == "ok"
    report = story(plan, results)
    assert report.table("correlations-likeness")
    text = " ".join(block.text for block in report.blocks if isinstance(block, Prose))
    assert ("could not be had" in text) == (context == "failure")


def test_a_plan_without_correlations_has_no_such_section() -> None:
    document = with_correlations()
    del document["correlations"]
    plan = read(document)
    results = ps.run(plan, tables())
    assert correlations_of(plan.plan, {}) == ()
    assert not [block for block in story(plan, results).tables if block.id.startswith("correlations")]


def test_over_periods_three_correlations_stand_in_the_table() -> None:
    document = with_correlations()
    document["correlations"] = {
        "over_time": {
            "estimand": "effect",
            "study": {
                "kind": "cluster_trial_with_baseline",
                "cluster": "unit",
                "arm": "arm",
                "periods": STUDY["periods"],
            },
            "estimators": [{"kind": "reml"}, {"kind": "pairwise", "interval": {"kind": "none"}}],
        }
    }
    plan = read(document)
    table = story(plan, ps.run(plan, tables())).table("correlations-over_time")
    assert table.rows[0].cells[0].startswith("All clusters, within periods of a condition: ")
    assert [row.cells[0] for row in table.rows if "Pairwise" in row.cells[0]] == [
        "Pairwise (interval none), same period",
        "Pairwise (interval none), different periods",
        "Pairwise (interval none), cluster autocorrelation",
    ]
    document["correlations"]["over_time"]["by_arm"] = True
    plan = read(document)
    table = story(plan, ps.run(plan, tables())).table("correlations-over_time")
    titles = [row.cells[0].partition(":")[0] for row in table.rows if row.kind == "group"]
    assert titles[0] == "All clusters, within periods of a condition"
    assert len(titles) == 3
    assert all(title.startswith("Periods under ") for title in titles[1:])


def test_an_estimator_is_told_in_words() -> None:
    (told,) = ps.IccSettings(
        estimators=({"kind": "pairwise", "interval": {"kind": "percentile_bootstrap"}},)
    ).estimators
    assert told.text == "Pairwise (interval percentile bootstrap)"
