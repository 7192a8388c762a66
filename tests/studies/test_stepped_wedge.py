"""Stepped wedges: what a design holds, what is refused, and what changes no number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from precept_stats.errors import DataError
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.prepare import describe
from precept_stats.studies.question import Outcome
from precept_stats.studies.stepped_wedge import SteppedWedge

from .wedges import WEDGE, Wedge, ask_wedge, prepared_wedge, wedge_design


def grid(schedule: dict[str, str], people: int = 2) -> pd.DataFrame:
    """Rows of a schedule written as ``0011``: 0 control, 1 treated, T transition, . no row."""
    names = {"0": "control", "1": "treated", "T": "moving"}
    rows = [
        (site, t + 1, names[mark], 10.0 * k + t + person)
        for k, (site, marks) in enumerate(schedule.items())
        for t, mark in enumerate(marks)
        if mark != "."
        for person in range(people)
    ]
    return pd.DataFrame(rows, columns=["site", "period", "arm", "y"])


CLASSIC = {"A": "0111", "B": "0011", "C": "0001"}


def fields(design: PeriodDesign) -> list[Any]:
    return [
        design.row_cluster,
        design.row_period,
        design.y,
        design.treated,
        design.exposure,
        design.sequence,
        *(covariate.values for covariate in design.covariates),
    ]


def test_a_classic_wedge_as_arrays() -> None:
    design = prepared_wedge(grid(CLASSIC)).design
    assert design.clusters == ("A", "B", "C")
    assert design.periods == ("1", "2", "3", "4")
    assert design.arm_names == ("control", "treated")
    assert design.treated.tolist() == [[0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1]]
    assert design.exposure.tolist() == [[0, 1, 2, 3], [0, 0, 1, 2], [0, 0, 0, 1]]
    assert design.sequence.tolist() == [0, 1, 2]
    assert design.row_treated.tolist() == [0] * 2 + [1] * 6 + [0] * 4 + [1] * 4 + [0] * 6 + [1] * 2
    assert design.y[:4].tolist() == [0.0, 1.0, 1.0, 2.0]
    assert design.participant is None
    assert not design.y.flags.writeable
    assert not design.treated.flags.writeable


def test_clusters_that_never_switch_come_last_among_the_sequences() -> None:
    design = prepared_wedge(grid({"A": "000", "B": "011", "C": "111", "D": "001"})).design
    assert design.sequence.tolist() == [3, 1, 0, 2]
    assert design.exposure.tolist() == [[0, 0, 0], [0, 1, 2], [1, 2, 3], [0, 0, 1]]


def test_periods_of_transition_are_left_out_and_counted() -> None:
    study = SteppedWedge(cluster="site", period="period", arm="arm", transition=("moving",))
    prepared = prepared_wedge(grid({"A": "0T11", "B": "00T1", "C": "0000"}), study)
    left = {
        row.stat_name: row.stat for row in prepared.flow if row.variable == "transition" and not row.groups
    }
    assert left == {"n_clusters": 0, "n": 4}
    assert prepared.design.exposure.tolist() == [[0, 0, 1, 2], [0, 0, 0, 1], [0, 0, 0, 0]]
    assert len(prepared.design.y) == 20
    marks = [row.groups for row in describe(prepared, "a") if row.stat_name == "transition"]
    assert marks == [(("cluster", "A"), ("period", "2")), (("cluster", "B"), ("period", "3"))]


@pytest.mark.parametrize(
    ("schedule", "problem", "found"),
    [
        ({"A": "0101", "B": "0011"}, "switched back to 'control'", "cluster A from 'treated' in period 2"),
        ({"A": "0110", "B": "0011"}, "switched back to 'control'", "to 'control' in 4"),
        ({"A": "0111", "B": "0111"}, "no period has clusters under both conditions", "2 clusters of 2"),
        ({"A": "0011"}, "fewer than two clusters", "clusters A"),
    ],
)
def test_schedules_that_hold_no_wedge(schedule: dict[str, str], problem: str, found: str) -> None:
    with pytest.raises(DataError, match=problem) as caught:
        prepared_wedge(grid(schedule))
    assert found in caught.value.found


def test_two_conditions_in_one_cell_are_refused() -> None:
    frame = grid(CLASSIC)
    frame.loc[0, "arm"] = "treated"
    with pytest.raises(DataError, match="varies within 1 cluster-period") as caught:
        prepared_wedge(frame)
    assert caught.value.found == "cluster A in period 1"


def test_a_condition_that_the_plan_does_not_name_is_refused() -> None:
    with pytest.raises(DataError, match="does not name") as caught:
        prepared_wedge(grid({"A": "0T11", "B": "0001"}))
    assert caught.value.found == "'moving'"
    assert "transition" in caught.value.allowed


def test_what_a_reader_should_know_is_said() -> None:
    prepared = prepared_wedge(grid({"A": "0.11", "B": "0001", "C": "0000", "D": "0000"}))
    text = "\n".join(prepared.checks)
    assert "In periods 1, 2 every cluster is under control" in text
    assert "2 clusters are under control throughout: C, D." in text
    assert "1 cluster-period without an analysed row: cluster A in period 2." in text
    assert "Cluster A has no row in the period before 3" in text
    rows = [row for row in describe(prepared, "a") if row.context == "schedule" and row.stat_name == "check"]
    assert [row.stat for row in rows] == list(prepared.checks)


def test_the_schedule_has_every_cell() -> None:
    rows = [row for row in describe(prepared_wedge(grid(CLASSIC)), "a") if row.context == "schedule"]
    cell = {row.stat_name: row.stat for row in rows if row.groups == (("cluster", "B"), ("period", "3"))}
    assert cell == {"treated": 1, "n": 2, "mean": 12.5}
    assert sum(row.stat_name == "treated" for row in rows) == 12


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([10, 9, 11, 12], ("9", "10", "11", "12")),
        (["2019-10", "2019-09", "2019-11", "2020-1"], ("2019-09", "2019-10", "2019-11", "2020-1")),
        (["wave 10", "wave 9", "wave 11", "wave 12"], ("wave 9", "wave 10", "wave 11", "wave 12")),
        (list(pd.to_datetime(["2020-02-01", "2020-01-01", "2020-03-01", "2020-04-01"])),
         ("2020-01-01", "2020-02-01", "2020-03-01", "2020-04-01")),
    ],
)  # fmt: skip
def test_periods_are_in_the_order_of_time(names: list[Any], expected: tuple[str, ...]) -> None:
    frame = grid({"A": "0011", "B": "0001", "C": "0000"})
    order = [names[1], names[0], names[2], names[3]]
    frame["period"] = [order[t - 1] for t in frame["period"]]
    design = prepared_wedge(frame).design
    assert design.periods == expected
    assert design.exposure[0].tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize("names", [["Jan", "Feb", "Mar", "Apr"], ["1/2/20", "1/3/20", "1/4/20", "1/5/20"]])
def test_names_without_an_order_are_refused(names: list[str]) -> None:
    frame = grid(CLASSIC)
    frame["period"] = [names[t - 1] for t in frame["period"]]
    with pytest.raises(DataError, match="no order that can be known"):
        prepared_wedge(frame)


def test_an_ordered_category_gives_the_order() -> None:
    frame, months = grid(CLASSIC), ["Jan", "Feb", "Mar", "Apr"]
    frame["period"] = pd.Categorical(
        [months[t - 1] for t in frame["period"]], categories=months, ordered=True
    )
    assert prepared_wedge(frame).design.periods == tuple(months)


def test_uneven_periods_are_said() -> None:
    frame = grid(CLASSIC)
    frame["period"] = frame["period"].replace({4: 9})
    assert any("not equally far apart (1, 2, 3, 9)" in said for said in prepared_wedge(frame).checks)


def test_an_empty_period_is_refused() -> None:
    frame = grid(CLASSIC).astype({"period": "Int64"})
    frame.loc[0, "period"] = pd.NA
    with pytest.raises(DataError, match="1 eligible rows have no period"):
        prepared_wedge(frame)


def test_row_order_changes_nothing() -> None:
    frame = Wedge(never=1).frame(3)
    again = frame.sample(frac=1, random_state=4)
    for one, other in zip(fields(wedge(frame)), fields(wedge(again)), strict=True):
        np.testing.assert_array_equal(one, other)


def wedge(frame: pd.DataFrame) -> PeriodDesign:
    study = SteppedWedge(cluster="site", period="period", arm="arm", adjust=("x", "size"))
    return prepared_wedge(frame, study).design


def test_new_names_of_clusters_and_periods_change_nothing() -> None:
    frame = Wedge(never=1).frame(3)
    names = {name: f"{name} hospital" for name in frame["site"].unique()}
    again = frame.assign(site=frame["site"].map(names), period="week " + frame["period"].astype(str))
    for one, other in zip(fields(wedge(frame)), fields(wedge(again)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_missing_outcomes_and_covariates_leave_in_the_flow() -> None:
    frame = Wedge().frame(1)
    frame.loc[[0, 5], "y"] = np.nan
    frame.loc[[5, 7, 9], "x"] = np.nan
    prepared = prepared_wedge(frame, SteppedWedge(cluster="site", period="period", arm="arm", adjust=("x",)))
    left = {row.variable: row.stat for row in prepared.flow if row.stat_name == "n" and not row.groups}
    assert left["outcome_missing"] == 2
    assert left["covariate_missing"] == 2
    assert left["analysed"] == len(frame) - 4
    missing = [row for row in describe(prepared, "a") if row.context == "missingness" and row.group("period")]
    assert sum(float(row.stat or 0) for row in missing if row.stat_name == "n_missing") == 2


def test_a_closed_cohort_numbers_its_people_within_clusters() -> None:
    frame = grid(CLASSIC)
    frame["person"] = [1, 2] * (len(frame) // 2)
    study = SteppedWedge(
        cluster="site", period="period", arm="arm", participant="person", characteristics=("y",)
    )
    prepared = prepared_wedge(frame, study)
    assert prepared.design.participant is not None
    assert len(np.unique(prepared.design.participant)) == 6
    assert any("several clusters" in warning for warning in prepared.warnings)
    known = {
        row.group("arm"): row.stat
        for row in describe(prepared, "a")
        if row.context == "baseline" and row.variable == "y" and row.stat_name == "N"
    }
    assert known == {"control": 6, "treated": 6}


def test_groups_weights_and_offset_reach_the_design() -> None:
    frame = grid(CLASSIC)
    frame["region"], frame["w"], frame["o"] = ["North", "South"] * (len(frame) // 2), frame["y"] + 1, 0.5
    study = SteppedWedge(
        cluster="site", period="period", arm="arm", groups=("region",), weights="w", offset="o"
    )
    design = prepared_wedge(frame, study).design
    assert [group.levels for group in design.groups] == [("North", "South")]
    assert design.weights is not None
    assert design.offset is not None
    np.testing.assert_array_equal(design.weights, design.y + 1)
    assert set(design.offset) == {0.5}
    for bad, problem in ((0.0, "a weight is 0 or negative"), (np.nan, "a number was needed")):
        frame.loc[3, "w"] = bad
        with pytest.raises(DataError, match=problem):
            prepared_wedge(frame, study)


def test_counts_with_denominators_are_summed_as_people() -> None:
    frame = grid(CLASSIC, people=1).assign(events=3, births=[10 + n for n in range(12)])
    outcome = Outcome(column="events", denominator="births", type="binary", direction="higher_better")
    prepared = prepared_wedge(frame, WEDGE, ask_wedge(outcome))
    assert prepared.design.size.sum() == sum(range(10, 22))
    cells = [
        row.stat for row in describe(prepared, "a") if row.context == "schedule" and row.stat_name == "n"
    ]
    assert cells == list(range(10, 22))


def test_the_synthetic_wedge_is_what_it_says() -> None:
    design = wedge_design(Wedge(clusters=6, periods=4, never=2, binary=True))
    assert design.n_clusters == 6
    assert design.n_periods == 4
    assert design.treated[-2:].sum() == 0
    assert set(design.y) == {0.0, 1.0}


@pytest.mark.parametrize("adjust", ["site", "arm", "period", "baseline_outcome"])
def test_what_is_in_every_model_is_no_covariate(adjust: str) -> None:
    with pytest.raises(ValidationError, match=adjust):
        SteppedWedge(cluster="site", period="period", arm="arm", adjust=(adjust,))
