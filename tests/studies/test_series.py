"""Tables into series: what becomes of rows, how time is coded, and what is refused with its reason."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from precept_stats.data.selection import Condition
from precept_stats.errors import DataError, PlanError
from precept_stats.studies.interrupted_series import InterruptedSeries
from precept_stats.studies.prepare import describe
from precept_stats.studies.programme import Programme
from precept_stats.studies.series_design import LEFT

from .series import STEP, months, prepared, question, series, table


def test_time_is_zero_in_the_interrupted_period_and_rows_come_in_any_order() -> None:
    frame = table()
    design = prepared(frame).design
    assert design.time.tolist() == list(range(-18, 18))
    assert design.after.tolist() == [time >= 0 for time in design.time]
    shuffled = prepared(frame.sample(frac=1.0, random_state=3)).design
    for name in ("period", "time", "y", "size", "events", "left"):
        assert np.array_equal(getattr(design, name), getattr(shuffled, name))


@pytest.mark.parametrize(
    ("every", "at", "written"),
    [
        ("month", "2018-07", lambda m: m),
        ("month", "2018-07-19", lambda m: f"{m}-14"),
        ("month", "2018-07", lambda m: pd.Timestamp(f"{m}-03")),
        ("month", "2018-07", lambda m: pd.Period(m, "M")),
    ],
)
def test_a_month_is_the_same_however_it_is_written(every: str, at: str, written: Any) -> None:
    frame = table(month=[written(month) for month in months()])
    study = series(interruptions={"law": {"at": at} | STEP}, time={"column": "month", "every": every})
    assert prepared(frame, study).design.period.tolist() == prepared(table()).design.period.tolist()


@pytest.mark.parametrize(
    ("every", "labels", "at"),
    [
        ("year", [str(year) for year in range(1970, 2001)], 1989),
        ("quarter", [f"{year}-Q{q}" for year in range(2010, 2018) for q in (1, 2, 3, 4)], "2014-Q2"),
        ("week", [str(d.date()) for d in pd.date_range("2018-01-01", periods=40, freq="7D")], "2018-06-06"),
        ("day", [str(d.date()) for d in pd.date_range("2018-01-01", periods=40)], "2018-01-20"),
        ("index", list(range(1, 41)), 20),
    ],
)
def test_calendars_count_one_more_for_each_next_period(every: str, labels: list[Any], at: Any) -> None:
    frame = pd.DataFrame({"month": labels, "events": 3, "n": 9})
    frame.loc[5, "events"] = 4
    study = series(time={"column": "month", "every": every}, interruptions={"law": {"at": at} | STEP})
    design = prepared(frame, study).design
    assert np.diff(design.period).tolist() == [1] * (len(labels) - 1)
    assert [design.label(int(number)) for number in design.period] == [str(label) for label in labels]


def test_people_are_counted_and_covariates_are_their_means() -> None:
    months_of = np.repeat(months(6), 10)
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"month": months_of, "given": rng.integers(0, 2, 60), "age": rng.normal(30, 3, 60)})
    study = series(interruptions={"law": {"at": "2017-04"} | STEP}, adjust=("age",))
    outcome = {"column": "given", "type": "binary", "direction": "higher_better"}
    design = prepared(frame, study, question(outcome=outcome)).design
    by_month = frame.groupby("month")
    assert design.size.tolist() == [10.0] * 6
    assert design.y == pytest.approx(by_month["given"].mean().to_numpy())
    assert design.covariates[0].values[:, 0] == pytest.approx(by_month["age"].mean().to_numpy())


def test_what_is_left_out_is_said_and_counted() -> None:
    study = series(
        interruptions={
            "law": {
                "at": "2018-07",
                "effects": [{"kind": "step"}],
                "transition": {"kind": "excluded", "before": 1, "after": 2},
            }
        }
    )
    found = prepared(table(), study)
    design = found.design
    assert design.time[~design.used].tolist() == [-1, 0, 1]
    assert {LEFT[code] for code in design.left} == {"", "transition"}
    counts = {row.variable: row.stat for row in found.flow if row.stat_name == "n"}
    assert (counts["analysed"], counts["transition"]) == (33 * 50, 3 * 50)
    said = [row for row in describe(found, "a") if row.context == "series" and row.stat_name == "left"]
    assert [row.group("period") for row in said] == ["2018-06", "2018-07", "2018-08"]


def test_the_interrupted_period_can_be_before_or_left_out() -> None:
    before = prepared(table(), series(coding={"interrupted_period": "before", "ramp_from": 0})).design
    assert before.after.sum() == 17
    out = prepared(table(), series(coding={"interrupted_period": "excluded", "ramp_from": 0})).design
    assert out.time[~out.used].tolist() == [0]


def test_the_coding_is_written_in_the_rows() -> None:
    rows = [row for row in describe(prepared(table()), "a") if row.context == "interruption"]
    said = {row.stat_name: row.stat for row in rows if not row.variable}
    assert said["coding"] == (
        "time is 0 in the interrupted period; the interrupted period is the first after; a ramp counts from 0"
    )
    assert said["seasonality"] == "no seasonal terms: made up without seasons"
    about = {row.stat_name: row.stat for row in rows if row.variable == "law"}
    assert (about["first"], about["effects"], about["transition"]) == (
        "2018-07",
        "step, ramp",
        "no transition",
    )


LONG = table(36)
REFUSED: dict[str, tuple[Any, Any, str, str]] = {
    "before the data": (
        LONG,
        series(interruptions={"law": {"at": "2016-07"} | STEP}),
        "no data before",
        "2016-07",
    ),
    "after the data": (
        LONG,
        series(interruptions={"law": {"at": "2030-01"} | STEP}),
        "no data after",
        "2030-01",
    ),
    "in the first period": (
        LONG,
        series(interruptions={"law": {"at": "2017-01"} | STEP}),
        "no data before",
        "2017-01",
    ),
    "one point after": (
        LONG,
        series(interruptions={"law": {"at": "2019-12"} | STEP}),
        "too few periods after",
        "1 ",
    ),
    "one point before": (
        LONG,
        series(interruptions={"law": {"at": "2017-02"} | STEP}),
        "too few periods before",
        "1 ",
    ),
    "a gap": (LONG.drop(index=7), series(), "gaps", "2017-08"),
    "a month twice": (pd.concat([LONG, LONG.iloc[[4]]]), series(), "more than one row", "2017-05"),
    "seasons of a short series": (
        table(20),
        series(seasonality={"kind": "month_dummies"}, interruptions={"law": {"at": "2017-10"} | STEP}),
        "cycle is longer",
        "20 periods",
    ),
    "a control series that ends before": (
        pd.concat([LONG.assign(area="E"), LONG.iloc[:15].assign(area="W")]),
        series(series="area", controls={"series": ["W"], "levels": "pooled"}),
        "after the interruption 'law' in the control series",
        "0 ",
    ),
    "all left out after": (
        LONG,
        series(
            interruptions={
                "law": {"at": "2018-07"} | STEP | {"transition": {"kind": "excluded", "after": 18}}
            }
        ),
        "too few periods after",
        "0 ",
    ),
    "a zero denominator": (LONG.assign(n=[0] + [50] * 35), series(), "denominator is 0", "0 (1 row)"),
    "mixed frequencies": (
        LONG.assign(month=["2017-Q1", *months(35, "2017-02")]),
        series(),
        "mixed",
        "2017-Q1",
    ),
    "coarse dates": (LONG.assign(month=[str(y) for y in range(1980, 2016)]), series(), "coarser", "1980"),
    "monthly dates every week": (
        LONG.assign(month=[f"{m}-01" for m in months()]),
        series(time={"column": "month", "every": "week"}, interruptions={"law": {"at": "2018-07-01"} | STEP}),
        "gaps",
        "2017-01-02",
    ),
    "time zones": (
        LONG.assign(month=pd.date_range("2017-01-01", periods=36, freq="MS", tz="Europe/London")),
        series(),
        "time zone",
        "Europe/London",
    ),
    "time zones in text": (
        LONG.assign(month=["2017-01-01T00:00:00+01:00", *months(35, "2017-02")]),
        series(),
        "time zone",
        "+01:00",
    ),
    "no date": (LONG.assign(month=[None, *months(35, "2017-02")]), series(), "no date", "1 empty"),
    "no readable date": (
        LONG.assign(month=["Jan 17", *months(35, "2017-02")]),
        series(),
        "cannot be read",
        "Jan 17",
    ),
    "no outcome in a month": (
        LONG.assign(events=[None, *range(1, 36)]).iloc[::-1],
        series(interruptions={"law": {"at": "2017-01"} | STEP}),
        "no data before",
        "2017-01",
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_series_that_cannot_tell_is_refused_with_its_reason(fault: str) -> None:
    frame, study, problem, found = REFUSED[fault]
    with pytest.raises(DataError) as refused:
        prepared(frame, study)
    assert problem in refused.value.problem
    assert found in refused.value.found
    assert refused.value.allowed
    assert refused.value.where


def test_several_rows_of_a_period_add_up_where_the_plan_says_so() -> None:
    twice = pd.concat([LONG, LONG])
    design = prepared(twice, series(several_rows="sum")).design
    assert design.size.tolist() == [100.0] * 36
    assert design.y == pytest.approx(prepared(LONG).design.y)


@pytest.mark.parametrize(
    ("changed", "change", "said"),
    [
        ({"several_rows": "sum"}, "over_window", "values of several rows do not add up"),
        ({}, "cumulative", "values do not add up to events"),
    ],
)
def test_values_are_not_added_up(changed: Any, change: str, said: str) -> None:
    value = {"column": "events", "type": "continuous", "direction": "higher_better"}
    times = {"kind": change, "interruption": "law", "from": 0, "to": 3}
    with pytest.raises(PlanError, match=said):
        prepared(LONG, series(**changed), question(outcome=value, change=times))


def test_gaps_are_allowed_where_the_plan_says_so() -> None:
    assert len(prepared(LONG.drop(index=7), series(gaps="allow")).design.y) == 35


def test_controls_are_named_and_there() -> None:
    both = pd.concat([LONG.assign(nation="England"), LONG.assign(nation="Wales")])
    controls = {"series": ["Wales"], "levels": "pooled"}
    design = prepared(both, series(series="nation", controls=controls)).design
    assert design.treated.tolist() == [True, False]
    with pytest.raises(DataError, match="control series"):
        prepared(both, series(series="nation", controls={"series": ["Walse"], "levels": "pooled"}))


def window(kind: str = "over_window", first: int = 0, last: int = 3) -> Any:
    return question(change={"kind": kind, "interruption": "law", "from": first, "to": last})


LEFT_OUT = {"law": {"at": "2018-07"} | STEP | {"transition": {"kind": "excluded", "after": 6}}}


def test_months_that_are_asked_for_and_left_out_are_named() -> None:
    study = series(interruptions=LEFT_OUT)
    (said,) = prepared(LONG, study, window()).warnings
    assert "left out of the model: periods 0 to 3 (2018-07 to 2018-10) after law" in said
    (said,) = prepared(LONG, study, window(last=11)).warnings
    assert "periods 0 to 5 (2018-07 to 2018-12)" in said
    at = question(change={"kind": "at_time", "interruption": "law", "time": 2})
    assert "period 2 (2018-09)" in prepared(LONG, study, at).warnings[0]
    assert prepared(LONG, study, window(first=6, last=11)).warnings == ()
    assert prepared(LONG, series(), window()).warnings == ()
    staggered = programme(exclude={"from": -1, "to": 1})
    (said,) = prepared(units(), staggered, window()).warnings
    assert "periods 0 to 1 after law; there" in said


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (slice(0, 18), "without a point after the interruption: Wales; the effect"),
        (slice(18, 36), "without a point before the interruption: Wales"),
        (slice(0, 21), "before period 3 after law, the last that is asked for: Wales (its last is 2 months"),
        (slice(0, 22), ""),
    ],
)
def test_a_control_that_does_not_reach_what_is_asked_for_is_named(rows: slice, said: str) -> None:
    names = ("England", "Scotland", "Wales")
    three = [LONG.assign(nation=name) for name in names]
    three[2] = three[2].iloc[rows]
    study = series(series="nation", controls={"series": ["Scotland", "Wales"], "levels": "own"})
    warnings = prepared(pd.concat(three), study, window()).warnings
    assert len(warnings) == (1 if said else 0)
    assert all(said in one for one in warnings)


def units(**changed: Any) -> pd.DataFrame:
    parts = [
        table(24).assign(unit=unit, start=start, region=region)
        for unit, start, region in (("A", "2018-01", "N"), ("B", "2018-03", "N"), ("C", "2018-05", "S"))
    ]
    return pd.concat(parts, ignore_index=True).assign(**changed)


def programme(**changed: Any) -> Programme:
    return Programme.model_validate(
        series(interruptions={"law": {"column": "start"} | STEP}, series="unit").model_dump(
            exclude={"kind", "series", "controls", "several_rows", "gaps"}
        )
        | {"kind": "programme", "unit": "unit", "cluster": "region", "region": "region"}
        | changed
    )


def test_each_unit_has_its_own_start_and_windows() -> None:
    study = programme(
        before={"from": -6, "to": -1}, after={"from": 0, "to": 5}, exclude={"from": -1, "to": 0}
    )
    design = prepared(units(), study).design
    for unit, offset in enumerate((12, 14, 16)):
        mine = design.row_unit == unit
        assert design.time[mine].tolist() == list(range(-offset, 24 - offset))
    assert sorted(set(design.time[design.used].tolist())) == [-6, -5, -4, -3, -2, 1, 2, 3, 4, 5]
    assert design.cluster.tolist() == [0, 0, 1]
    names = [
        (row.group("region"), row.group("period"), row.stat)
        for row in describe(prepared(units(), study), "a")
        if row.stat_name == "n_units"
    ]
    assert names == [("N", "2018-01", 1), ("N", "2018-03", 1), ("S", "2018-05", 1)]


@pytest.mark.parametrize(
    ("changed", "problem", "found"),
    [
        ({"start": ["2016-06"] * 24 + ["2018-03"] * 48}, "no data before", "2016-06"),
        ({"start": ["2016-06"] * 48 + ["2018-03"] * 24}, "no data before", "so it is with B"),
        ({"start": ["2018-01"] * 24 + [None] * 24 + ["2018-05"] * 24}, "no start", "B"),
        ({"start": ["2018-01"] * 71 + ["2018-06"]}, "more than one start", "C"),
        ({"region": ["N"] * 71 + ["S"]}, "more than one region", "C"),
        ({"unit": ["A"] * 24 + ["a"] * 24 + ["C"] * 24}, "two ways", "'a'"),
    ],
)
def test_units_of_a_programme_are_refused_with_their_reason(changed: Any, problem: str, found: str) -> None:
    with pytest.raises(DataError) as refused:
        prepared(units(**changed), programme())
    assert problem in refused.value.problem + refused.value.found
    assert found in refused.value.found


@pytest.mark.parametrize(
    "changed",
    [
        {"interruptions": {}},
        {"interruptions": {"law": STEP}},
        {"interruptions": {"law": {"at": "2018-07", "column": "start"} | STEP}},
        {"interruptions": {"law": {"at": "2018-07", "effects": [], "transition": {"kind": "none"}}}},
        {"interruptions": {"law": {"column": "start"} | STEP}},
        {"controls": {"series": ["Wales"], "levels": "pooled"}},
        {"interruptions": {"law": {"at": "July 2018"} | STEP}},
        {"interruptions": {"law": {"at": "2018"} | STEP}},
        {"time": {"column": "month", "every": "index"}, "seasonality": {"kind": "fourier", "pairs": 1}},
        {"time": {"column": "month", "every": "year"}, "seasonality": {"kind": "month_dummies"}},
        {
            "interruptions": {
                "law": {
                    "at": "2018-07",
                    "effects": [{"kind": "ramp"}],
                    "transition": {"kind": "phased", "periods": 3},
                }
            }
        },
    ],
)
def test_a_study_that_contradicts_itself_is_refused_before_there_are_data(changed: Any) -> None:
    with pytest.raises(ValidationError):
        series(**changed)


@pytest.mark.parametrize("silent", ["interruptions", "coding", "seasonality", "time"])
def test_silence_is_refused(silent: str) -> None:
    said = series().model_dump(mode="json")
    said.pop(silent)
    with pytest.raises(ValidationError, match=silent):
        InterruptedSeries.model_validate(said)


def test_an_estimand_without_a_change_or_of_another_interruption_is_refused() -> None:
    with pytest.raises(PlanError, match="which change"):
        prepared(LONG, None, question(change=None))
    with pytest.raises(PlanError, match="has not"):
        prepared(LONG, None, question(change={"kind": "slope_change", "interruption": "tax"}))


def test_the_flow_counts_units_that_the_population_leaves_out() -> None:
    frame = pd.concat([table().assign(place=name, trial=name in "AB") for name in "ABCDE"])
    about = question((Condition(column="trial", equals=False),), target="cluster_average")
    flow = prepared(frame, series(series="place"), about).flow
    found = {(row.variable, row.stat_name): row.stat for row in flow}
    assert (found["recorded", "n"], found["recorded", "n_clusters"]) == (5 * 36 * 50, 5)
    assert (found["excluded_1", "n"], found["excluded_1", "n_clusters"]) == (2 * 36 * 50, 2)
    assert (found["eligible", "n"], found["eligible", "n_clusters"]) == (3 * 36 * 50, 3)
    assert (found["analysed", "n"], found["analysed", "n_clusters"]) == (3 * 36 * 50, 3)
