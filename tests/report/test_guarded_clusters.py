"""Numbers about single clusters under the gate: periods, predictions, the effect without a cluster."""

import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from precept_stats.ard import to_json
from precept_stats.data.policies import read_policy
from precept_stats.report.disclosure import gate, gate_results
from precept_stats.report.render_html import render_html
from precept_stats.report.story import story
from precept_stats.values import Row

from .test_disclosure import refuse_exact_counts, words
from .wedge import PERIODS, WARDS, Ward, influence_rows, prediction_rows, wedge_plan, wedge_results

NHS = "nhs_counts_v1"
round_count = read_policy(NHS).policy.counts.rounded


def in_context(rows, context):
    return [row for row in rows if row.context == context]


counts = st.tuples(st.integers(0, 40), st.integers(0, 130)).map(lambda pair: (min(pair), max(pair)))
wards = st.lists(st.tuples(*[counts] * len(PERIODS)), min_size=3, max_size=6).map(
    lambda given: tuple(
        Ward(f"Ward{place}", 1 + place % len(PERIODS), of_periods) for place, of_periods in enumerate(given)
    )
)


@given(made=wards)
def test_no_mean_of_a_period_tells_an_exact_or_small_count(made):
    gated = in_context(gate(wedge_results(made).rows, NHS), "schedule")
    shown = {}
    for row in gated:
        shown.setdefault((row.group("cluster"), row.group("period")), {})[row.stat_name] = row
    rounded = {0.0} | {
        round_count(n) / round_count(total) for total in range(8, 131) for n in range(total + 1)
    }
    for found in shown.values():
        if "n" not in found:
            continue
        size = found["n"].stat
        assert size is None or size == 0 or size % 5 == 0
        if size is None and "mean" in found:
            assert found["mean"].stat is None
        if "mean" in found and found["mean"].stat is not None:
            assert found["mean"].stat in rounded
            assert round(found["mean"].stat * size) != 5


@given(made=wards)
def test_gating_a_wedge_twice_changes_nothing_and_no_label_is_left(made):
    results = wedge_results(made)
    gated = gate_results(results, NHS)
    assert gate_results(gated, NHS) == gated
    told = json.dumps(json.loads(to_json(gated)), ensure_ascii=False)
    assert not [ward.name for ward in made if ward.name in told]


def test_what_is_derived_from_a_cluster_goes_with_its_counts():
    before, after = (in_context(rows, "prediction") for rows in (wedge_results().rows, _gated()))
    small = {"Barton", "Eton"}  # 3 events in a period; 5 and 6 people
    hidden = sum(row.stat is None for row in after)
    assert hidden == 2 * len(small)
    assert {row.warning for row in after if row.stat is None} == {"a count of the cluster is 1 to 7"}
    assert len(before) == len(after)
    without = in_context(_gated(), "influence")
    assert sum(row.stat is None for row in without) == 4 * len(small)


def _gated():
    return gate(wedge_results().rows, NHS)


def test_names_of_clusters_left_out_become_the_numbers_that_they_have_elsewhere():
    gated = _gated()
    numbers = {row.group("cluster") for row in gated} - {""}
    assert numbers == {f"Cluster\u00a0{place}" for place in range(1, len(WARDS) + 1)}
    assert {row.group("left_out") for row in gated} - {""} == numbers
    known = {row.group("cluster") for row in gated if row.context == "prediction" and row.stat is not None}
    assert known == {row.group("left_out") for row in gated if row.context == "influence" and row.stat}


def test_the_order_of_rows_does_not_tell_the_names():
    backwards = wedge_results(WARDS[::-1])
    schedule = [row for row in gate(backwards.rows, NHS) if row.context == "schedule"]
    assert schedule == [row for row in _gated() if row.context == "schedule"]
    left_out = [row.group("left_out") for row in in_context(_gated(), "influence")]
    places = [int(name.split("\u00a0")[1]) for name in left_out]
    assert places == sorted(places)


@given(value=st.floats(-3, 3), error=st.floats(0.001, 2))
def test_predictions_stand_on_a_grid_of_half_their_standard_error(value, error):
    known = Row("a", "cluster_outcome", "N", 40, unit="individuals", groups=(("cluster", "A"),), variable="y")
    rows = (
        known,
        *(_about("prediction", name, x) for name, x in (("prediction", value), ("std_error", error))),
    )
    gated = gate(rows, NHS)
    shown = {row.stat_name: row.stat for row in gated if row.context == "prediction"}
    assert shown["std_error"] == float(f"{error:.0e}")
    assert abs(shown["prediction"] - value) <= 0.25 * shown["std_error"] * (1 + 1e-6) + 1e-9
    steps = shown["prediction"] / (0.5 * shown["std_error"])
    assert math.isclose(steps, round(steps), abs_tol=1e-6)
    assert gate(gated, NHS) == gated


def _about(context, stat, value, **more):
    return Row("a", context, stat, value, groups=(("cluster", "A"),), variable="y", **more)


@given(ratio=st.floats(0.05, 20), error=st.floats(0.01, 1))
def test_ratios_without_a_cluster_stand_on_a_grid_of_their_logarithm(ratio, error):
    known = Row("a", "missingness", "N", 40, unit="individuals", groups=(("cluster", "A"),), variable="y")
    rows = (
        known,
        *(
            Row("a", "influence", stat, x, groups=(("left_out", "A"),), variable="y", scale="log")
            for stat, x in (("estimate", ratio), ("std_error", error))
        ),
    )
    gated = gate(rows, NHS)
    shown = {row.stat_name: row.stat for row in gated if row.context == "influence"}
    assert abs(math.log(shown["estimate"] / ratio)) <= 0.25 * shown["std_error"] + 1e-6
    assert gate(gated, NHS) == gated


@pytest.mark.parametrize("rows", [prediction_rows(), influence_rows()])
def test_nothing_derived_is_shown_of_a_cluster_without_counts_in_the_results(rows):
    assert {row.stat for row in gate(rows, NHS)} == {None}
    other = tuple(dataclasses.replace(row, variable="another") for row in rows)
    gated = gate((*wedge_results().rows, *other), NHS)
    assert {row.stat for row in gated if row.variable == "another"} == {None}


@pytest.mark.parametrize("name", ["p_value", "shrinkage", "conf_width"])
def test_no_other_number_about_a_cluster_slips_by(name):
    known = Row("a", "cluster_outcome", "N", 40, unit="individuals", groups=(("cluster", "A"),), variable="y")
    rows = (known, _about("prediction", "std_error", 0.2), _about("prediction", name, 0.123456))
    assert gate(rows, NHS)[-1].stat is None


def test_a_mean_without_its_size_is_not_shown():
    groups = (("cluster", "A"), ("period", "1"))
    row = Row("a", "schedule", "mean", 0.25, unit="proportion", groups=groups, variable="y")
    assert gate((row,), NHS)[0].stat is None


@pytest.mark.parametrize(
    ("mean", "size", "unit", "shown"),
    [
        (3.4567, 40, "points", 3.46),
        (3 / 40, 40, "proportion", None),
        (9 / 42, 42, "proportion", 10 / 40),
        (0.05, 100, "events per year", None),
        (0.5, 100, "events per year", 0.5),
        (3.4567, 7, "points", None),
    ],
)
def test_means_of_a_period(mean, size, unit, shown):
    groups = (("cluster", "A"), ("period", "1"))
    rows = tuple(
        Row("a", "schedule", stat, value, unit=of, groups=groups, variable="y")
        for stat, value, of in (("n", size, "individuals"), ("mean", mean, unit))
    )
    assert gate(rows, NHS)[-1].stat == shown


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "In periods 1, 2 and 3 every cluster is under care: such periods tell of time.",
            "In periods 1, 2 and 3 every cluster is under care: such periods tell of time.",
        ),
        (
            "2 clusters are under care throughout: Yarm, Ely.",
            "2 clusters are under care throughout: [not shown]",
        ),
        (
            "units without data after their start that are not left out: Unit 13, Ely",
            "units without data after their start that are not left out: [not shown]",
        ),
        (
            "15 clusters and a normal reference; intervals of the cluster sandwich are then too narrow",
            "15 clusters and a normal reference; intervals of the cluster sandwich are then too narrow",
        ),
        ("in periods 1, 3 people died", "in periods [a small number], [a small number] people died"),
        (
            "participants Ann, Bob are named in several clusters and count as different people",
            "participants [not shown] are named in several clusters and count as different people",
        ),
        ("Cluster Ashby in period 2", "Cluster [cluster] in period 2"),
        ("4 rows are of a participant", "[a small number] rows are of a participant"),
    ],
)
def test_sentences_about_the_schedule(text, masked):
    check = Row("a", "schedule", "check", text, variable="y")
    named = Row("a", "schedule", "treated", 1, groups=(("cluster", "Ashby"), ("period", "2")), variable="y")
    assert gate((named, check), NHS)[-1].stat == masked


def test_the_page_of_a_wedge_tells_no_label_and_no_exact_count():
    page = words(render_html(story(wedge_plan(NHS), wedge_results())))
    refuse_exact_counts(page)
    assert not [ward.name for ward in WARDS if ward.name in page]
    assert "Ashby" in words(render_html(story(wedge_plan(), wedge_results())))


@pytest.mark.parametrize(("events", "hidden"), [(0, False), (4, True), (16, False), (76, True), (40, False)])
def test_means_of_conditions_go_when_their_periods_hold_few_events_or_non_events(events, hidden):
    rows = [
        Row("a", "arm_summary", "estimate", 0.4, unit="proportion", groups=(("arm", "new"),), variable="y")
    ]
    for place, n in enumerate((events // 2, events - events // 2)):
        groups = (("cluster", f"C{place}"), ("period", "2"))
        for stat, value, unit in (
            ("treated", 1, ""),
            ("n", 40, "individuals"),
            ("mean", n / 40, "proportion"),
        ):
            rows.append(Row("a", "schedule", stat, value, unit=unit, groups=groups, variable="y"))
    assert (gate(tuple(rows), NHS)[0].stat is None) is hidden
