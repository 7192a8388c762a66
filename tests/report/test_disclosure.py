"""The gate: nothing from 1 to 7 passes, nothing can be worked back to it, and no page goes round it."""

import base64
import dataclasses
import html
import math
import re

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from precept_stats.data.policies import read_policy
from precept_stats.errors import DisclosureError
from precept_stats.report.disclosure import Released, gate, release
from precept_stats.report.material import Material
from precept_stats.report.render_html import render_html
from precept_stats.report.story import SECTIONS, story
from precept_stats.values import Row

from .builder import VILLAGES, Village, plan, results

NHS = "nhs_counts_v1"
round_count = read_policy(NHS).policy.counts.rounded
COUNTS = ("individuals", "events")


def a_count(value, unit="individuals", **more):
    return Row("primary", "fit", "n", value, "Individuals", unit, **more)


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, 0), (8, 10), (9, 10), (12, 10), (13, 15), (17, 15), (18, 20), (100, 100), (1003, 1005)],
)
def test_counts_are_rounded_to_the_nearest_five_and_zero_is_kept(count, shown):
    (row,) = gate((a_count(count),), NHS)
    assert (row.stat, row.status) == (shown, "ok")


@pytest.mark.parametrize("count", range(1, 8))
@pytest.mark.parametrize("unit", COUNTS)
def test_counts_from_one_to_seven_are_suppressed(count, unit):
    (row,) = gate((a_count(count, unit),), NHS)
    assert (row.stat, row.status, row.warning) == (None, "suppressed", "1 to 7")


def test_counts_of_clusters_and_model_estimates_pass():
    rows = (
        Row("a", "fit", "n_clusters", 3, unit="clusters"),
        Row("a", "estimate", "estimate", 0.0312345, unit="proportion"),
        Row("a", "estimate", "df", 4.0),
        Row("a", "arm_summary", "estimate", 3.0, unit="events"),
    )
    assert gate(rows, NHS) == rows


def test_policy_none_changes_nothing_and_unknown_policies_are_refused():
    rows = results().rows
    assert gate(rows, "none") == rows
    with pytest.raises(DisclosureError, match="unknown"):
        gate(rows, "nhs")


def described(n, total, context="cluster_outcome"):
    groups = (("arm", "new"), ("cluster", "Ashby"))
    return (
        Row("a", context, "n", n, unit="events", groups=groups, variable="well"),
        Row("a", context, "N", total, unit="individuals", groups=groups, variable="well"),
        Row("a", context, "p", n / total, unit="proportion", groups=groups, variable="well"),
        Row("a", context, "mean", 2.5, unit="kg", groups=groups, variable="well"),
    )


@given(total=st.integers(1, 400), share=st.floats(0, 1))
def test_a_proportion_is_made_again_from_what_is_shown(total, share):
    n = round(share * total)
    shown_n, shown_total, p, mean = gate(described(n, total), NHS)
    if shown_n.stat is None or shown_total.stat is None:
        assert (p.stat, p.status) == (None, "suppressed")
    else:
        assert p.stat == round_count(n) / round_count(total)
        assert 0 <= p.stat <= 1
    assert (mean.stat is None) == (total < 8)


def test_extremes_of_people_are_not_shown_and_orphans_neither():
    low = Row("", "data_quality", "min", 14.0, unit="years", groups=(("table", "t"),), variable="age")
    orphan = Row("", "missingness", "p_missing", 0.25, unit="proportion", variable="well")
    assert [row.stat for row in gate((low, orphan), NHS)] == [None, None]


@given(numbers=st.lists(st.tuples(*[st.integers(0, 60)] * 4), min_size=2, max_size=6))
def test_gating_twice_changes_nothing_and_keeps_order(numbers):
    rows = results(villages=villages_of(numbers)).rows
    once = gate(rows, NHS)
    assert gate(once, NHS) == once
    assert [row.context for row in once] == [row.context for row in rows]
    assert sorted(row.stat_name for row in once) == sorted(row.stat_name for row in rows)


def test_labels_of_clusters_become_numbers_that_do_not_follow_the_alphabet():
    rows = gate(results().rows, NHS)
    shown = {row.group("cluster") for row in rows} - {""}
    assert shown == {f"Cluster\u00a0{place}" for place in range(1, len(VILLAGES) + 1)}
    renamed = [
        Village("Z" + v.name if v.name == "Ashby" else v.name, v.arm, v.before, v.after) for v in VILLAGES
    ]
    again = gate(results(villages=renamed).rows, NHS)
    assert again == rows


def test_free_text_loses_small_numbers_and_labels():
    rows = gate(results().rows, NHS)
    (warning,) = {
        row.warning
        for row in rows
        if row.analysis == "weighted" and row.warning and row.status != "suppressed"
    }
    assert re.fullmatch("\\[a small number\\] of 3 clusters in \\[cluster\\] <b>", warning)


def test_a_section_can_be_given_nothing_but_released_rows():
    rows = results().rows
    with pytest.raises(DisclosureError):
        Released(rows, NHS)
    annotations = {field.name: field.type for field in dataclasses.fields(Material)}
    assert annotations == {"loaded": "LoadedPlan", "released": "Released", "provenance": "Provenance"}
    for _, section in SECTIONS:
        assert section.__annotations__["material"] == "Material"


PEOPLE = re.compile(r"(?<![\d.,\u202f\u2212])(\d+)(?: people| of (\d+)\b(?! cluster))")


def texts_in(value):
    """Every text and every number that a value holds, however deep."""
    if dataclasses.is_dataclass(value):
        value = tuple(getattr(value, field.name) for field in dataclasses.fields(value))
    if isinstance(value, tuple):
        return [found for item in value for found in texts_in(item)]
    return [] if value is None else [str(value)]


def refuse_exact_counts(text):
    for found in PEOPLE.finditer(re.sub(r"\d+ of \d+ analyses", "", text.replace("1 to 7", "few"))):
        for shown in filter(None, found.groups()):
            assert int(shown) % 5 == 0, found[0]


def words(page: str) -> str:
    """All that a page tells: its text, alternative texts, and the text inside its figures."""
    inside = [
        base64.b64decode(found).decode()
        for found in re.findall(r"data:image/svg\+xml;base64,([\w+/=]+)", page)
    ]
    texts = re.findall(r'(?:alt|data-label)="([^"]*)"', page)
    body = re.sub(r"<[^>]+>", "\n", re.sub(r"(?s)<style>.*?</style>", "", page))
    drawn = [text for svg in inside for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg)]
    comments = [text for svg in inside for text in re.findall(r"<!--(.*?)-->", svg)]
    return html.unescape("\n".join([body, *texts, *drawn, *comments]))


people = st.one_of(st.integers(0, 40), st.integers(76, 130))
counts = st.lists(st.tuples(*[people] * 4), min_size=4, max_size=8)


def villages_of(numbers):
    return tuple(
        Village(
            f"Village{place}", "new" if place % 2 else "old", (min(a, b), max(a, b)), (min(c, d), max(c, d))
        )
        for place, (a, b, c, d) in enumerate(numbers)
    )


@given(numbers=counts)
def test_no_small_count_label_or_exact_count_is_in_any_block(numbers):
    made = villages_of(numbers)
    report = story(plan(NHS), results(villages=made))
    text = "\n".join(texts_in(report.blocks))
    refuse_exact_counts(text)
    assert not [village.name for village in made if village.name in text]
    for figure in report.figures:
        if figure.id == "clusters":
            rounded = {100 * n / total for n in range(0, 135, 5) for total in range(80, 135, 5)}
            marks = [
                mark for arm in figure.data.arms for line in arm.lines for mark in (line.before, line.after)
            ]
            assert {mark.value for mark in marks if mark} <= rounded


@given(numbers=counts)
@settings(max_examples=4, phases=[Phase.generate])
def test_no_small_count_label_or_exact_count_reaches_the_page(numbers):
    made = villages_of(numbers)
    page = words(render_html(story(plan(NHS), results(villages=made))))
    refuse_exact_counts(page)
    assert not [village.name for village in made if village.name in page]


def test_the_same_counts_do_reach_the_page_without_a_policy():
    page = words(render_html(story(plan("none"), results())))
    assert "3 of 29" in page
    assert "Ashby" in page
    assert "outcome missing: 4 people" in page.lower()


def test_release_keeps_count_of_what_it_hid():
    released = release(results().rows, NHS)
    assert released.suppressed == sum(row.stat is None for row in released.rows) > 0


def column(values, unit="", level="individual", analysis="a"):
    """The rows of Table 1 for one numeric column in one arm."""
    values = np.asarray(values, dtype=float)
    lower, median, upper = np.quantile(values, (0.25, 0.5, 0.75))
    stats = {
        "N": len(values),
        "mean": float(values.mean()),
        "sd": float(values.std(ddof=1)),
        "p25": float(lower),
        "median": float(median),
        "p75": float(upper),
    }
    counted = "clusters" if level == "cluster" else "individuals"
    groups = (("arm", "new"), ("level", level))
    return tuple(
        Row(analysis, "baseline", s, v, s, counted if s == "N" else unit, groups=groups, variable="column")
        for s, v in stats.items()
    )


def shown(rows):
    return {row.stat_name: row.stat for row in rows}


@given(low=st.integers(-2, 3), step=st.integers(1, 9), n=st.integers(8, 300), share=st.floats(0, 1))
def test_no_mean_or_sd_of_a_column_of_two_values_is_shown(low, step, n, share):
    ones = min(max(round(share * n), 1), n - 1)
    gated = shown(gate(column([low] * (n - ones) + [low + step] * ones), NHS))
    assert gated["mean"] is None
    assert gated["sd"] is None


def test_a_rare_condition_coded_0_and_1_cannot_be_counted():
    gated = shown(gate(column([1] * 3 + [0] * 163), NHS))
    assert gated == {"N": 165, "mean": None, "sd": None, "p25": 0, "median": 0, "p75": 0}


@given(values=st.lists(st.integers(0, 90), min_size=10, max_size=80))
def test_means_of_individuals_keep_two_digits_of_the_sd(values):
    rows = column(values, "years")
    gated, exact = shown(gate(rows, NHS)), shown(rows)
    assert gate(gate(rows, NHS), NHS) == gate(rows, NHS)
    if gated["mean"] is not None and gated["sd"]:
        assert gated["sd"] == float(f"{exact['sd']:.1e}")
        assert abs(gated["mean"] - exact["mean"]) <= 0.06 * gated["sd"]
        place = 1 - math.floor(math.log10(gated["sd"]))
        assert gated["mean"] == round(gated["mean"], place)


def sizes(values, smallest):
    flow = Row("a", "flow", "size_min", smallest, "", "individuals", variable="analysed")
    icc = (Row("a", "icc", "cv_size", 0.7015843), Row("a", "icc", "design_effect", 1.18089))
    return (*column(values, "individuals per cluster", "cluster"), flow, *icc)


def test_the_spread_of_sizes_goes_where_a_cluster_is_small_and_is_coarse_elsewhere():
    hidden = gate(sizes([5, 40, 80, 9], 5), NHS)
    assert shown(hidden) == {
        "N": 4,
        "mean": 35,
        "sd": None,
        "p25": 10,
        "median": 25,
        "p75": 50,
        "size_min": None,
        "cv_size": None,
        "design_effect": 1.2,
    }
    coarse = shown(gate(sizes([12, 40, 80, 9], 9), NHS))
    assert (coarse["sd"], coarse["cv_size"], coarse["design_effect"]) == (33, 0.70, 1.2)


def test_quartiles_over_clusters_are_not_the_exact_share_of_a_cluster():
    gated = shown(gate(column([3 / 7, 0.51, 0.39, 3 / 7, 0.62], "proportion", "cluster"), NHS))
    assert gated["median"] == 0.43
    assert gated["N"] == 5


def test_the_one_cluster_of_an_arm_is_not_described():
    rows = tuple(row for row in column([0.4, 0.4], "proportion", "cluster") if row.stat_name != "sd")
    assert [row.stat for row in gate(rows, NHS) if row.stat_name != "N"] == [None] * 4


@pytest.mark.parametrize("unit", ["deaths", "Births", "mothers", ""])
def test_columns_that_count_people_are_guarded_by_unit_or_by_their_whole_numbers(unit):
    gated = shown(gate(column([3, 2, 25, 3, 28, 41], unit, "cluster"), NHS))
    assert gated == {"N": 6, "mean": 15, "sd": 17, "p25": None, "median": 15, "p75": 25}
    table = (("table", "units"), ("dimension", "plausibility"))
    middle = Row("", "data_quality", "median", 3.5, unit=unit, groups=table, variable="e")
    rows = (Row("", "data_quality", "n_rows", 10, unit="clusters", groups=table[:1]), middle)
    assert [row.stat for row in gate(rows, NHS)] == [10, None]


def test_the_median_share_of_a_table_of_units_has_two_decimals():
    row = Row("", "data_quality", "median", 3 / 7, unit="proportion", variable="uptake")
    assert [found.stat for found in gate((row,), NHS)] == [0.43]


def test_measurements_are_no_counts():
    assert shown(gate(column([3, 2, 25, 3, 28, 41], "per cent", "cluster"), NHS))["median"] == 14
    table = (("table", "births"), ("dimension", "plausibility"))
    rows = (
        Row("", "data_quality", "n_rows", 100, unit="individuals", groups=table[:1]),
        Row("", "data_quality", "median", 3.0, groups=table, variable="birth_order"),
    )
    assert gate(rows, NHS) == rows


def arms(events, people=166, period="follow_up", analysis="sized"):
    """One arm of two clusters with these events, and the arm's crude risk in another analysis."""
    rows = []
    for place, n in enumerate((events // 2, events - events // 2)):
        groups = (("arm", "new"), ("cluster", f"C-{place}"), ("period", period))
        for stat, value, unit in (("n", n, "events"), ("N", people // 2, "individuals")):
            rows.append(
                Row("primary", "cluster_outcome", stat, value, unit=unit, groups=groups, variable="y")
            )
    for arm, risk in (("new", events / people), ("old", 0.3)):
        for stat in ("estimate", "conf_low", "conf_level"):
            more = {"unit": "proportion", "groups": (("arm", arm),), "variable": "y"}
            rows.append(Row(analysis, "arm_summary", stat, risk, **more))
    rows.append(Row(analysis, "estimate", "estimate", 0.1, unit="proportion", variable="y"))
    return tuple(rows)


@pytest.mark.parametrize(("events", "hidden"), [(0, False), (1, True), (7, True), (8, False), (83, False)])
def test_arm_means_go_when_an_arm_has_few_events_or_non_events(events, hidden, however_few_clusters):
    for n in (events, 166 - events):
        gated = [row for row in gate(arms(n), NHS) if row.context == "arm_summary"]
        told = [row.stat is None for row in gated if row.stat_name != "conf_level"]
        assert told == [hidden] * 4
        assert all(row.stat is not None for row in gated if row.stat_name == "conf_level")
        assert next(row.stat for row in gate(arms(n), NHS) if row.context == "estimate") == 0.1


def test_arm_means_go_also_where_no_cluster_is_described():
    fit = Row("sized", "fit", "n", 166, unit="individuals", groups=(("arm", "new"),), variable="y")
    rows = (fit, *(row for row in arms(4) if row.context != "cluster_outcome"))
    gated = gate(rows, NHS)
    assert {row.stat for row in gated if row.context == "arm_summary" and row.stat_name == "estimate"} == {
        None
    }


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("rows missing: 3.", "rows missing: [a small number]."),
        ("of sizes 2-5", "of sizes [a small number]-[a small number]"),
        ("n=4,6", "n=[a small number],[a small number]"),
        ("0.5 was added, 3.5 in all, 3,000 rows, CR-2", "0.5 was added, 3.5 in all, 3,000 rows, CR-2"),
    ],
)
def test_small_numbers_go_wherever_they_stand_alone(text, masked):
    (row,) = gate((Row("a", "deviation", "text", text),), NHS)
    assert row.stat == masked
