"""Both averages, numbers needed to treat and outcome against size, as a reader sees them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.report.blocks import Figure, Table
from precept_stats.report.figures import draw
from precept_stats.report.sections.numbers_needed import number_needed_text
from precept_stats.values import Row

PLAN = """
precept_plan: "1"
id: sizes
version: 1.0.0
title: Both averages of a synthetic trial
design: parallel_cluster_trial
prespecification: {data_state: no_data_yet, statement: A synthetic trial for a test.}
data: {people: {schema: people}}
populations: {all: {of: people}}
outcomes:
  cured: {column: cured, type: binary, direction: higher_better}
estimands:
  effect:
    {population: all, outcome: cured, compare: new, reference: usual, summary: risk_difference,
     effect: marginal, target: cluster_average, intercurrent_events: []}
analyses:
  primary:
    label: Cluster summaries
    purpose: primary
    reason: specified_in_sap
    estimand: effect
    study: {kind: cluster_trial, cluster: unit, arm: arm}
    method: {kind: cluster_summaries}
    on_failure: [{if: not_estimable, use: both}]
  both:
    based_on: primary
    label: Both averages
    purpose: sensitivity
    method: {kind: model_robust}
    on_failure: []
multiplicity: {family: [primary], procedure: none}
disclosure: {policy: POLICY}
outputs: [results, clusters]
"""
SCHEMA = """
name: people
title: People of a synthetic trial
fields:
  - {name: unit, type: string, description: The cluster.}
  - {name: arm, type: string, description: The arm.}
  - {name: cured, type: integer, description: Cured.}
"""


def people(smallest: int) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    sizes = np.rint(smallest * 1.25 ** np.arange(16)).astype(int)
    unit = np.repeat(np.arange(16), sizes)
    new = unit % 2 == 1
    risk = 0.3 + 0.02 * unit * new
    return pd.DataFrame(
        {
            "unit": [f"U{k:02d}" for k in unit],
            "arm": np.where(new, "new", "usual"),
            "cured": rng.binomial(1, risk),
        }
    )


def report_of(folder: Path, policy: str, smallest: int):
    schemas = folder / "data_schemas"
    schemas.mkdir()
    plan = folder / "plan.yaml"
    plan.write_text(PLAN.replace("POLICY", policy), encoding="utf-8")
    (schemas / "people.yaml").write_text(SCHEMA, encoding="utf-8")
    loaded = ps.read_plan(plan)
    results = ps.run(loaded, {"people": people(smallest)})
    return results, ps.story(loaded, results)


def block(report, kind: type, name: str):
    return next((one for one in report.blocks if isinstance(one, kind) and one.id == name), None)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    return report_of(tmp_path_factory.mktemp("shown"), "none", 20)


def test_both_averages_stand_side_by_side_with_the_test(shown) -> None:
    results, report = shown
    table = block(report, Table, "averages")
    assert [row.cells[0] for row in table.rows] == ["Both averages"]
    rows = {(r.group("average"), r.stat_name): r.stat for r in results.rows if r.context == "average"}
    assert f"{100 * rows['cluster_average', 'estimate']:.1f}" in table.rows[0].cells[1]
    assert f"{100 * rows['participant_average', 'estimate']:.1f}" in table.rows[0].cells[2]
    assert table.rows[0].cells[4] == f"{rows['comparison', 'p_value']:.3f}"
    gap = rows["participant_average", "estimate"] - rows["cluster_average", "estimate"]
    assert rows["comparison", "estimate"] == pytest.approx(gap)


def test_every_risk_difference_has_a_number_needed_to_treat(shown) -> None:
    results, report = shown
    table = block(report, Table, "numbers-needed")
    assert [row.cells[0] for row in table.rows] == [
        "Cluster summaries"
    ]  # the other is a sensitivity analysis
    for entry in results:
        (number,) = [r.stat for r in entry.rows if (r.context, r.stat_name) == ("number_needed", "estimate")]
        assert number == pytest.approx(1 / entry.estimate.value)


def test_the_picture_has_a_mark_for_each_cluster(shown) -> None:
    _, report = shown
    figure = block(report, Figure, "cluster-size")
    table = people(20).groupby("unit")["cured"]
    drawn = {point for arm in figure.data.arms for point in arm.points}
    expected = {(float(n), 100 * m) for n, m in zip(table.size(), table.mean(), strict=True)}
    assert np.array(sorted(drawn)) == pytest.approx(np.array(sorted(expected)))
    assert [row.cells[0] for row in figure.behind.rows] == ["usual", "new", "new minus usual"]
    for narrow in (False, True):
        assert draw(figure.data, narrow=narrow).startswith("<svg")


def test_slopes_are_those_of_least_squares(shown) -> None:
    results, _ = shown
    table = people(20).groupby("unit").agg(arm=("arm", "first"), mean=("cured", "mean"), n=("cured", "size"))
    rows = {(r.group("arm"), r.stat_name): r.stat for r in results.rows if r.context == "size_dependence"}
    slopes = {}
    for arm, mine in table.groupby("arm"):
        slopes[arm] = np.polyfit(np.log2(mine["n"]), mine["mean"], 1)[0]
        assert rows[arm, "estimate"] == pytest.approx(slopes[arm])
        assert rows[arm, "df"] == len(mine) - 2
    assert rows["", "estimate"] == pytest.approx(slopes["new"] - slopes["usual"])
    assert rows["", "df"] == len(table) - 4


def test_small_clusters_are_not_drawn_under_a_policy(tmp_path: Path) -> None:
    _, report = report_of(tmp_path, "nhs_counts_v1", 10)
    assert block(report, Figure, "cluster-size") is None
    assert block(report, Table, "cluster-size-data") is not None


def test_large_clusters_are_drawn_from_rounded_counts(tmp_path: Path) -> None:
    _, report = report_of(tmp_path, "nhs_counts_v1", 90)
    points = [point for arm in block(report, Figure, "cluster-size").data.arms for point in arm.points]
    assert len(points) == 16
    assert all(size % 5 == 0 for size, _ in points)


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((10.0, 1 / 0.15, 20.0, ""), "NNTB 10 (6.7 to 20)"),
        ((10.0, 4.0, -20.0, "; through infinity"), "NNTB 10 (NNTB 4.0 to infinity to NNTH 20)"),
        ((-12.6, -250.0, -6.28, ""), "NNTH 13 (6.3 to 250)"),
        ((math.inf, 10.0, -10.0, "; through infinity"), "infinity (NNTB 10 to infinity to NNTH 10)"),
        ((20.0, 10.0, math.inf, ""), "NNTB 20 (10 to infinity)"),
    ],
)
def test_a_number_needed_is_read_as_altman_writes_it(numbers: tuple, text: str) -> None:
    value, start, end, method = numbers
    stats = {"estimate": value, "conf_low": start, "conf_high": end, "conf_method": f"reciprocal{method}"}
    found = {
        name: Row("a", "number_needed", name, stat)
        for name, stat in stats.items()
        if isinstance(stat, str) or math.isfinite(stat)
    }
    assert number_needed_text(found) == text
