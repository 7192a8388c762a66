"""Rows survive JSON and Parquet to the last bit; compare finds what differs and nothing else."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from precept_stats.ard import (
    Tolerance,
    compare,
    flatten,
    from_json,
    read_parquet,
    to_frame,
    to_json,
    unflatten,
    write_parquet,
)
from precept_stats.errors import DataError
from precept_stats.values import Estimate, Failure, Interval, Provenance, Result, Results, Row

words = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=12)
stats = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**53), 2**53), words, st.none()
)
rows = st.builds(
    Row,
    analysis=words,
    context=st.sampled_from(["estimate", "flow", "baseline", "setting"]),
    stat_name=words,
    stat=stats,
    groups=st.lists(st.tuples(words.filter(bool), words), max_size=3).map(tuple),
    variable=words,
    warning=words,
    status=st.sampled_from(["ok", "boundary", "suppressed"]),
)


def same(a: Row, b: Row) -> bool:
    return a == b and type(a.stat) is type(b.stat)


@given(rows)
def test_a_row_survives_flattening(row):
    assert same(unflatten(json.loads(json.dumps(flatten(row)))), row)


@given(st.lists(rows, max_size=6))
def test_rows_survive_parquet(tmp_path_factory, many):
    path = tmp_path_factory.mktemp("rows") / "rows.parquet"
    write_parquet(many, path)
    back = read_parquet(path)
    assert len(back) == len(many)
    assert all(same(a, b) for a, b in zip(many, back, strict=True))


def results(value: float = 0.1234567890123456789) -> Results:
    interval = Interval(value - 0.1, value + 0.1, 0.95)
    answer = Estimate(
        "risk_difference", "ESP - SSP", "identity", "proportion", value, 0.05, 18.0, 2.4, 0.02, 0.0, interval
    )
    row = Row("main", "estimate", "estimate", value, "Estimate", groups=(("arm", "ESP"),))
    good = Result(
        "main",
        "e1",
        "primary",
        "cluster_summaries",
        "ok",
        (answer,),
        (row, replace(row, stat_name="n", stat=12)),
    )
    bad = Failure("other", "e1", "sensitivity", "cluster_regression", "aliased", "x", "full rank", ())
    made = Provenance(
        "p",
        "1.0.0",
        "ab" * 32,
        (("births", "cd" * 32),),
        True,
        (("python", "3.12"),),
        None,
        "2026-01-01T00:00:00Z",
    )
    return Results((good, bad), (Row("", "data_quality", "n_rows", 12),), made, ("careful",))


def test_results_survive_json():
    before = results()
    after = from_json(to_json(before))
    assert after == before
    assert isinstance(after["other"], Failure)
    assert after["main"].estimate.value.hex() == before["main"].estimate.value.hex()


@pytest.mark.parametrize("ends", [(-math.inf, 2.0), (1.0, math.inf), (-math.inf, math.inf)])
def test_intervals_without_end_survive_json(ends):
    first = results().analyses[0]
    interval = replace(first.estimate.interval, lower=ends[0], upper=ends[1])
    estimate = replace(first.estimate, interval=interval)
    endless = replace(first, estimates=(estimate, *first.estimates[1:]))
    made = replace(results(), analyses=(endless, *results().analyses[1:]))
    written = json.loads(to_json(made))["analyses"][0]["estimates"][0]["interval"]
    assert [written["lower"], written["upper"]] == [end if math.isfinite(end) else None for end in ends]
    assert from_json(to_json(made)) == made


def test_json_refuses_nan():
    with pytest.raises(ValueError, match="JSON compliant"):
        to_json(results(math.nan))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"precept_results": "9"}', '{"precept_results": "1"}'])
def test_what_is_not_a_results_file_is_said(text):
    with pytest.raises(DataError):
        from_json(text)


def test_frame_is_tidy():
    frame = to_frame(results().rows)
    assert list(frame["stat_name"]) == ["n_rows", "estimate", "n"]
    assert frame.loc[1, "group1"] == "arm"
    assert frame.loc[1, "group1_level"] == "ESP"
    assert isinstance(frame.loc[2, "stat"], int)


def test_compare_is_empty_for_equal_rows_in_any_order():
    assert compare(results().rows, tuple(reversed(results().rows))) == ()


def test_compare_holds_floats_to_the_tolerance_and_counts_exactly():
    one, other = results(0.1), results(0.1 * (1 + 1e-10))
    assert compare(one.rows, other.rows) == ()
    (found,) = compare(one.rows, other.rows, Tolerance(relative=1e-12))
    assert (found.kind, found.row.stat_name) == ("value", "estimate")
    changed = [replace(row, stat=13) if row.stat_name == "n" else row for row in one.rows]
    assert [difference.b for difference in compare(one.rows, changed)] == [13]


def test_compare_names_rows_that_only_one_side_has_and_status():
    left = results().rows
    assert [d.kind for d in compare(left, left[1:])] == ["only_in_a"]
    assert [d.kind for d in compare(left[1:], left)] == ["only_in_b"]
    worse = [replace(row, status="boundary") for row in left[:1]]
    assert [d.kind for d in compare(left[:1], worse)] == ["status"]


def test_compare_holds_tiny_numbers_and_units_too():
    row = results().rows[1]
    tiny, other = replace(row, stat=7.8e-16), replace(row, stat=2.3e-15)
    assert [d.kind for d in compare([tiny], [other])] == ["value"]
    assert compare([tiny], [other], Tolerance(absolute=1e-12)) == ()
    for change in ({"unit": "points"}, {"scale": "log"}, {"purpose": "secondary"}):
        assert {d.kind for d in compare([row], [replace(row, **change)])} == {"only_in_a", "only_in_b"}
