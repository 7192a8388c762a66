"""Months against the start month, at the edges of the windows."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from precept_stats.errors import DataError
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_tables import describe
from precept_stats.studies.windows import month_numbers

from .trials import flow, made

PERIODS = {
    "month": "month",
    "start": "start",
    "baseline": {"from": -2, "to": -1},
    "follow_up": {"from": 1, "to": 2},
}
STUDY = ClusterTrial.model_validate(
    {"cluster": "unit", "arm": "arm", "periods": PERIODS, "adjust": ["baseline_outcome"]}
)


def monthly() -> pd.DataFrame:
    """Each unit has one row in each of the months -3 to 3 from its own start; y says where it is used."""
    starts = {"A": "2018-05", "B": "2018-05", "C": "2018-12", "D": "2019-01"}
    arms = {"A": "ESP", "B": "SSP", "C": "ESP", "D": "SSP"}
    rows = []
    for unit, start in starts.items():
        for since in range(-3, 4):
            month = pd.Period(start, "M") + since
            y = {-2: 1, -1: 0 if unit in "AB" else 1, 1: 1, 2: 0}.get(since, 1)
            rows.append((unit, arms[unit], start, str(month), y))
    return pd.DataFrame(rows, columns=["unit", "arm", "start", "month", "y"])


def test_both_ends_of_a_window_are_in_it() -> None:
    prepared = made(monthly(), STUDY)
    assert flow(prepared)["outside_windows"][""] == (0, 12)
    assert flow(prepared)["baseline_window"][""] == (0, 8)
    assert flow(prepared)["analysed"][""] == (4, 8)
    assert prepared.design.cluster_mean.tolist() == [0.5] * 4
    assert prepared.design.baseline is not None
    assert prepared.design.baseline.tolist() == [0.5, 0.5, 1.0, 1.0]
    covariate = prepared.design.covariates[0]
    assert (covariate.name, covariate.level, covariate.columns) == (
        "baseline_outcome", "cluster", ("baseline_outcome",)
    )  # fmt: skip
    assert covariate.values[:, 0].tolist() == [0.5] * 4 + [1.0] * 4


@pytest.mark.parametrize(
    "convert",
    [
        lambda text: pd.to_datetime(text + "-28"),
        lambda text: pd.PeriodIndex(text, freq="M"),
        lambda text: [dt.date(int(one[:4]), int(one[5:]), 15) for one in text],
        lambda text: text + "-09",
        lambda text: text.astype("category"),
    ],
)
def test_months_may_be_dates_of_any_day(convert: object) -> None:
    frame = monthly()
    frame["month"] = convert(frame["month"])  # type: ignore[operator]
    design = made(frame, STUDY).design
    np.testing.assert_array_equal(design.y, made(monthly(), STUDY).design.y)


def test_months_are_counted_across_years() -> None:
    months = month_numbers(pd.Series(["2018-12", "2019-01", "2020-01"]), "here")
    assert np.diff(months).tolist() == [1, 12]


@pytest.mark.parametrize("bad", ["2018-13", "May 2018", 201805, None, "2018-5"])
def test_what_is_no_month_is_named(bad: object) -> None:
    frame = monthly()
    frame["month"] = frame["month"].astype(object)
    frame.loc[3, "month"] = bad
    with pytest.raises(DataError, match="month is missing or cannot be read") as raised:
        made(frame, STUDY)
    assert "(1 row)" in raised.value.found
    assert "'month'" in raised.value.where


def test_two_start_months_in_a_cluster_are_named() -> None:
    frame = monthly()
    frame.loc[0, "start"] = "2018-06"
    with pytest.raises(DataError, match="two start months") as raised:
        made(frame, STUDY)
    assert raised.value.found == "clusters A"


def test_an_empty_follow_up_is_named() -> None:
    with pytest.raises(DataError, match="no eligible row is in the follow-up window") as raised:
        made(monthly()[lambda frame: frame["month"] < "2018-04"], STUDY)
    assert "months" in raised.value.found


def test_a_cluster_without_baseline_is_missing_a_covariate_only_when_adjusted_for() -> None:
    frame = monthly()
    extra = frame[frame["unit"] == "B"].assign(unit="E")
    both = pd.concat([frame, extra[extra["month"] > "2018-05"]], ignore_index=True)
    crude = made(both, STUDY.model_copy(update={"adjust": ()}))
    assert crude.design.baseline is not None
    assert np.isnan(crude.design.baseline).tolist() == [False] * 4 + [True]
    assert "no baseline outcome for clusters E" in crude.warnings
    adjusted = made(both, STUDY)
    assert flow(adjusted)["covariate_missing"]["SSP"] == (1, 2)
    assert adjusted.design.dropped_clusters == ("E",)


def test_clusters_are_described_before_and_after() -> None:
    rows = [row for row in describe(made(monthly(), STUDY), "main") if row.context == "cluster_outcome"]
    found = {(row.group("cluster"), row.group("period"), row.stat_name): row.stat for row in rows}
    assert (found["A", "baseline", "n"], found["A", "baseline", "N"], found["A", "baseline", "p"]) == (
        1,
        2,
        0.5,
    )
    assert (found["C", "baseline", "n"], found["C", "follow_up", "p"]) == (2, 0.5)
    assert {row.unit for row in rows if row.stat_name == "n"} == {"events"}
    assert len(found) == 4 * 2 * 3


@pytest.mark.parametrize("named", [(), ("baseline_outcome",)])
def test_table_one_lists_the_baseline_outcome_of_clusters(named: tuple[str, ...]) -> None:
    frame = monthly()
    extra = frame[(frame["unit"] == "B") & (frame["month"] > "2018-05")].assign(unit="E")
    both = pd.concat([frame, extra], ignore_index=True)
    study = STUDY.model_copy(update={"adjust": (), "characteristics": named})
    rows = describe(made(both, study), "main")
    found = [row for row in rows if row.context == "baseline" and row.variable == "baseline_outcome"]
    assert {row.group("level") for row in found} == {"cluster"}
    assert {row.term for row in found} == {"y, baseline"}
    stats = {(row.group("arm"), row.stat_name): row.stat for row in found}
    assert len(stats) == len(found)
    assert (stats["ESP", "N"], stats["ESP", "mean"], stats["ESP", "n_missing"]) == (2, 0.75, 0)
    assert (stats["SSP", "N"], stats["SSP", "mean"], stats["SSP", "n_missing"]) == (2, 0.75, 1)


@pytest.mark.parametrize(
    "text", ["2018-05-99", "2018-02-30", "2018-13", "2018-05-14 noon", "2018-05T10:00", "2018-5", "20180514"]
)
def test_a_day_that_no_calendar_has_is_no_month(text: str) -> None:
    with pytest.raises(DataError, match="a month is missing or cannot be read") as raised:
        month_numbers(pd.Series(["2018-05", text]), "here")
    assert raised.value.found == f"{text!r} (1 row)"


def test_days_and_times_of_day_are_their_month() -> None:
    texts = ["2018-05", "2018-05-14", "2018-05-31T23:59:59Z", "2018-05-01 00:00:00"]
    assert set(month_numbers(pd.Series(texts), "here")) == {2018 * 12 + 4}
