"""Table 1 and missingness, counted by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from precept_stats.data.schema import DataSchema
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_tables import PreparedTrial, describe, prepare
from precept_stats.studies.question import Outcome

from .trials import Given, ask, made, plain

STUDY = ClusterTrial(cluster="unit", arm="arm", characteristics=("age", "sex", "level"))
AGES = [20, 30, 40, 25, 35, 21, 22, 23, np.nan, 50]
SCHEMA = DataSchema.model_validate(
    {
        "name": "births",
        "fieldsMatch": "subset",
        "fields": [
            {"name": "age", "type": "number", "title": "Maternal age", "x-precept": {"unit": "years"}},
            {"name": "level", "type": "string", "constraints": {"enum": ["NICU", "LNU"]}},
        ],
    }
)


def described() -> PreparedTrial:
    frame = plain().assign(
        age=AGES,
        sex=["f", "m", "f", "m", None, "f", "f", "f", "m", "f"],
        level=["NICU"] * 3 + ["LNU"] * 2 + ["LNU"] * 4 + ["LNU"],
        y=[1, 1, None, 0, 0, 1, 0, None, None, 1],
    )
    return prepare(STUDY, {"births": Given("births", frame, SCHEMA)}, ask())


def stats(prepared: PreparedTrial, context: str, variable: str) -> dict[tuple[str, str, str], object]:
    return {
        (row.group("arm"), row.variable_level, row.stat_name): row.stat
        for row in describe(prepared, "main")
        if row.context == context and row.variable == variable and not row.group("cluster")
    }


def test_individuals_are_described_whether_or_not_their_outcome_is_known() -> None:
    found = stats(described(), "baseline", "age")
    mine = np.array([20, 30, 40, 21, 22, 23])
    assert found["ESP", "", "N"] == 6
    assert found["ESP", "", "n_missing"] == 1
    assert found["ESP", "", "mean"] == pytest.approx(mine.mean())
    assert found["ESP", "", "sd"] == pytest.approx(mine.std(ddof=1))
    assert found["ESP", "", "median"] == 22.5
    assert (found["ESP", "", "p25"], found["ESP", "", "p75"]) == (21.25, 28.25)


def test_categories_have_counts_of_those_with_a_value() -> None:
    found = stats(described(), "baseline", "sex")
    assert (found["SSP", "f", "n"], found["SSP", "f", "N"], found["SSP", "f", "p"]) == (1, 2, 0.5)
    assert found["SSP", "", "n_missing"] == 1
    assert (found["ESP", "f", "n"], found["ESP", "m", "n"]) == (5, 2)


def test_what_is_constant_in_clusters_is_counted_in_clusters() -> None:
    rows = [row for row in describe(described(), "main") if row.variable == "level"]
    assert {row.group("level") for row in rows} == {"cluster"}
    assert {row.unit for row in rows if row.stat_name in ("n", "N", "n_missing")} == {"clusters"}
    found = stats(described(), "baseline", "level")
    assert (found["ESP", "NICU", "n"], found["ESP", "LNU", "n"], found["SSP", "NICU", "n"]) == (1, 1, 0)
    assert [row.variable_level for row in rows if row.group("arm") == "ESP" and row.stat_name == "n"] == [
        "NICU", "LNU"
    ]  # fmt: skip


def test_cluster_sizes_are_part_of_table_one() -> None:
    found = stats(described(), "baseline", "cluster_size")
    assert (found["ESP", "", "N"], found["ESP", "", "mean"]) == (2, 3.5)
    assert (found["SSP", "", "mean"], found["SSP", "", "median"]) == (1.5, 1.5)


def test_labels_and_units_come_from_the_schema_and_there_is_no_p_value() -> None:
    rows = describe(described(), "main")
    assert {row.term for row in rows if row.variable == "age"} == {"Maternal age"}
    assert {row.unit for row in rows if row.variable == "age" and row.stat_name == "mean"} == {"years"}
    assert {row.term for row in rows if row.variable == "sex"} == {"sex"}
    assert {row.analysis for row in rows} == {"main"}
    assert not [row for row in rows if row.stat_name.startswith("p_v")]
    assert all(row.stat is not None and row.stat == row.stat for row in rows)


def test_missing_outcomes_are_counted_by_arm_and_by_cluster() -> None:
    rows = [row for row in describe(described(), "main") if row.context == "missingness"]
    found = {(row.group("arm"), row.group("cluster"), row.stat_name): row.stat for row in rows}
    assert (found["ESP", "", "n_missing"], found["ESP", "", "N"]) == (3, 7)
    assert found["ESP", "", "p_missing"] == pytest.approx(3 / 7)
    assert (found["SSP", "", "n_missing"], found["ESP", "C", "n_missing"]) == (0, 2)
    assert (found["ESP", "A", "n_missing"], found["SSP", "D", "N"]) == (1, 1)


def test_missing_outcomes_are_counted_by_month_where_windows_are_of_months() -> None:
    windows = {
        "month": "when",
        "start": "began",
        "baseline": {"from": -3, "to": -1},
        "follow_up": {"from": 0, "to": 2},
    }
    study = ClusterTrial(cluster="unit", arm="arm", periods=windows)  # type: ignore[arg-type]
    when = ["2020-01", "2020-02", "2020-02", "2020-01", "2020-03", "2020-01", "2020-02", "2020-03"]
    frame = plain().assign(
        when=[*when, "2020-03", "2020-01"], began="2020-01", y=[1, None, None, 0, 1, 1, 0, None, 0, 1]
    )
    rows = [row for row in describe(made(frame, study), "main") if row.context == "missingness"]
    found = {
        (row.group("arm"), row.group("period"), row.stat_name): row.stat
        for row in rows
        if row.group("period")
    }
    assert (found["ESP", "2020-02", "n_missing"], found["ESP", "2020-02", "N"]) == (2, 3)
    assert (found["ESP", "2020-03", "n_missing"], found["SSP", "2020-01", "N"]) == (1, 2)
    assert ("SSP", "2020-02", "N") not in found


def test_a_continuous_outcome_has_means_by_cluster() -> None:
    outcome = Outcome(column="age", type="continuous", direction="higher_better", unit="years")
    prepared = made(plain().assign(age=AGES), question=ask(outcome))
    rows = [row for row in describe(prepared, "main") if row.context == "cluster_outcome"]
    found = {(row.group("cluster"), row.stat_name): (row.stat, row.unit) for row in rows}
    assert found["A", "mean"] == (30.0, "years")
    assert found["C", "N"] == (3, "individuals")
    assert {row.group("period") for row in rows} == {"follow_up"}


def test_grouped_rows_are_described_as_the_people_they_stand_for() -> None:
    people = plain().assign(sex=["f", "m", "f", "m", "m", "f", "f", "f", "m", "f"])
    grouped = people.groupby(["unit", "arm", "sex"], as_index=False).agg(y=("y", "sum"), n=("y", "size"))
    study = ClusterTrial(cluster="unit", arm="arm", characteristics=("sex",))
    outcome = ask().outcome.model_copy(update={"denominator": "n"})
    assert describe(made(grouped, study, ask(outcome)), "a") == describe(made(people, study), "a")


def test_a_trial_of_units_alone_can_be_described() -> None:
    frame = pd.DataFrame(
        {"unit": list("ABCD"), "arm": ["ESP", "SSP"] * 2, "y": [1, 2, 3, 4], "n": [5, 5, 5, 5]}
    )
    outcome = ask().outcome.model_copy(update={"denominator": "n"})
    rows = describe(made(frame, question=ask(outcome)), "a")
    found = {
        (row.group("cluster"), row.stat_name): row.stat for row in rows if row.context == "cluster_outcome"
    }
    assert (found["D", "n"], found["D", "N"], found["D", "p"]) == (4, 5, 0.8)
