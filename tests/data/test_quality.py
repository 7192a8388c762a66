"""The quality rows: what was checked, what is missing, what the values look like, and no one's identity."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from precept_stats.data.dataset import Table, load_table
from precept_stats.data.quality import quality_rows
from precept_stats.data.schema import DataSchema, find_schema
from precept_stats.values import Row


@pytest.fixture
def table(frame: pd.DataFrame, schema: DataSchema) -> Table:
    holed = frame.assign(score=[1.5, None, 0.1, 3.25, 1e-3, None], best=[2.0, None, 2.0, 4.0, 4.0, None])
    return load_table(holed, schema, "trial")


def chosen(rows: tuple[Row, ...], dimension: str, variable: str) -> dict[str, Row]:
    return {
        row.stat_name: row for row in rows if row.group("dimension") == dimension and row.variable == variable
    }


def test_every_row_has_its_context(table: Table) -> None:
    rows = quality_rows(table)
    assert {row.context for row in rows} == {"data_quality"}
    assert {row.group("table") for row in rows} == {"trial"}
    assert {row.group("dimension") for row in rows} == {"conformance", "completeness", "plausibility"}
    keys = [(row.groups, row.variable, row.stat_name) for row in rows]
    assert len(keys) == len(set(keys))
    assert rows[0].stat_name == "n_rows"
    assert rows[0].stat == 6


def test_conformance_counts_the_rows_that_a_rule_judges(table: Table) -> None:
    rows = quality_rows(table)
    within = chosen(rows, "conformance", "within_best")
    assert (within["N"].stat, within["n_failed"].stat) == (4, 0)
    assert within["N"].unit == "individuals"
    assert within["N"].term == "score, best: score at most best"
    assert chosen(rows, "conformance", "treated_have_scores")["N"].stat == 3
    assert chosen(rows, "conformance", "seat.minimum")["N"].stat == 6


def test_completeness_counts_what_is_missing(table: Table) -> None:
    score = chosen(quality_rows(table), "completeness", "score")
    assert (score["N"].stat, score["n_missing"].stat, score["n_missing"].unit) == (6, 2, "individuals")
    assert score["p_missing"].stat == pytest.approx(1 / 3, abs=1e-15)
    assert score["p_missing"].unit == "proportion"


def test_plausibility_of_numbers_and_categories(table: Table) -> None:
    rows = quality_rows(table)
    score = chosen(rows, "plausibility", "score")
    recorded = np.array([1.5, 0.1, 3.25, 1e-3])
    assert [score[name].stat for name in ("min", "median", "max")] == [
        recorded.min(),
        np.median(recorded),
        recorded.max(),
    ]
    assert {row.unit for row in score.values()} == {"points"}
    assert chosen(rows, "plausibility", "cluster")["levels"].stat == 2
    assert chosen(rows, "plausibility", "month")["min"].stat == "2018-05"
    assert chosen(rows, "plausibility", "born")["max"].stat == "2019-01-04"


def test_no_row_tells_an_identifier(table: Table) -> None:
    rows = quality_rows(table)
    assert not chosen(rows, "plausibility", "person")
    told = " ".join(f"{row.stat} {row.term} {row.variable_level} {row.warning}" for row in rows)
    assert not [person for person in table.frame["person"] if person in told]


def test_an_inferred_identifier_is_not_told_either(frame: pd.DataFrame) -> None:
    numbered = frame.assign(person=range(70_001, 70_007))
    rows = quality_rows(load_table(numbered, None, "trial"))
    assert not [row for row in rows if isinstance(row.stat, int | float) and row.stat > 70_000]


def test_a_wholly_missing_column_has_no_summary(frame: pd.DataFrame, schema: DataSchema) -> None:
    rows = quality_rows(load_table(frame.assign(score=None, best=None, treated=None), schema, "trial"))
    assert not chosen(rows, "plausibility", "score")
    assert chosen(rows, "completeness", "score")["p_missing"].stat == 1.0


def test_rows_that_are_units_are_not_counted_as_people() -> None:
    frame = pd.DataFrame({"unit": ["A", "B"], "stratum": "1", "arm": ["ESP", "SSP"]})
    rows = quality_rows(load_table(frame, find_schema("allocation"), "allocation"))
    assert {row.unit for row in rows if row.stat_name in ("N", "n_missing", "n_failed")} == {"clusters"}
