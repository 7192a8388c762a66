"""Bad data give one clear error that names what was found, what is allowed and where."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from precept_stats.errors import DataError, PlanError
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.question import Outcome, Question

from .trials import STUDY, ask, made, plain

STRATIFIED = ClusterTrial(cluster="unit", arm="arm", strata=("block",))
PAIRED = ClusterTrial(cluster="unit", arm="arm", pairs="block")


def with_cell(
    row: int, column: str, value: object, frame: Callable[[], pd.DataFrame] = plain
) -> pd.DataFrame:
    made_frame = frame()
    made_frame[column] = made_frame[column].astype(object)
    made_frame.loc[row, column] = value
    return made_frame


def blocked(*blocks: object) -> pd.DataFrame:
    """The plain trial with one stratum or pair for each of the units A to D."""
    by_unit = dict(zip("ABCD", blocks, strict=True))
    return plain().assign(block=[by_unit[unit] for unit in plain()["unit"]])


Case = tuple[pd.DataFrame, ClusterTrial, Question, str, str]

CASES: dict[str, Case] = {
    "cluster id missing": (
        with_cell(0, "unit", None),
        STUDY,
        ask(),
        "1 eligible rows have no cluster",
        "'unit'",
    ),
    "blank cluster id": (
        with_cell(0, "unit", " "),
        STUDY,
        ask(),
        "1 eligible rows have no cluster",
        "'unit'",
    ),
    "arm missing": (with_cell(3, "arm", np.nan), STUDY, ask(), "1 eligible rows have no arm", "'arm'"),
    "two arms": (
        with_cell(0, "arm", "SSP"),
        STUDY,
        ask(),
        "arm varies within 1 cluster",
        "cluster A in 'ESP' and 'SSP'",
    ),
    "misspelt arm": (
        plain(),
        STUDY,
        ask(compare="ESPP"),
        "no eligible row is in arm 'ESPP'",
        "did you mean 'ESP'?",
    ),
    "arm in two spellings": (
        with_cell(9, "arm", "ssp"),
        STUDY,
        ask(),
        "an arm is written in two ways",
        "'ssp' (1 row) and 'SSP' (2 rows)",
    ),
    "arm with one cluster": (
        plain().iloc[:9],
        STUDY,
        ask(),
        "arm 'SSP' has one analysed cluster",
        "clusters B",
    ),
    "arm with no outcome": (
        plain().assign(y=[1.0, 1, 0, None, None, 1, 0, 0, 0, None]),
        STUDY,
        ask(),
        "arm 'SSP' has no analysed cluster",
        "missing values",
    ),
    "empty population": (
        plain(),
        STUDY,
        ask(where=[{"column": "y", "above": 3}]),
        "the population is empty",
        "Did not meet: y above 3: 10",
    ),
    "text against numbers": (
        plain(),
        STUDY,
        ask(where=[{"column": "y", "equals": "1"}]),
        "cannot be compared with '1'",
        "int64",
    ),
    "numbers against text": (
        plain(),
        STUDY,
        ask(where=[{"column": "unit", "in": [1, 2]}]),
        "cannot be compared with 1",
        "str",
    ),
    "missing column": (
        plain(),
        STUDY.model_copy(update={"cluster": "unti"}),
        ask(),
        "a column that the plan names",
        "'unti' (study.cluster) (did you mean 'unit'?)",
    ),
    "stratum missing": (
        blocked("x", None, "x", "x"),
        STRATIFIED,
        ask(),
        "2 eligible rows have no stratum",
        "'block'",
    ),
    "stratum with one arm": (
        blocked("x", "y", "x", "y"),
        STRATIFIED,
        ask(),
        "a stratum has clusters of one arm only",
        "stratum 'x' has only arm 'ESP'; stratum 'y' has only arm 'SSP'",
    ),
    "stratum varies": (
        with_cell(0, "block", "y", lambda: blocked("x", "x", "x", "x")),
        STRATIFIED,
        ask(),
        "stratum varies within 1 cluster",
        "cluster A in 'x' and 'y'",
    ),
    "pair of one arm": (
        blocked(1, 2, 1, 2),
        PAIRED,
        ask(),
        "both clusters of a pair are in the same arm",
        "pair '1': clusters A, C",
    ),
    "pair of three": (
        blocked(1, 1, 1, 2),
        PAIRED,
        ask(),
        "a pair has 3 clusters",
        "pair '1': clusters A, B, C",
    ),
    "incomplete pairs": (
        blocked(1, 1, 2, 3),
        PAIRED,
        ask(),
        "2 clusters have no partner",
        "cluster C of pair 2, cluster D of pair 3",
    ),
    "pair missing": (
        blocked(1, 1, 2, None),
        PAIRED,
        ask(),
        "2 clusters have no partner",
        "cluster D of pair (missing)",
    ),
    "pair varies": (
        with_cell(0, "block", None, lambda: blocked(1, 1, 2, 2)),
        PAIRED,
        ask(),
        "pair varies",
        "'1' and '(missing)'",
    ),
    "uncoded outcome": (
        with_cell(0, "y", "maybe"),
        STUDY,
        ask(),
        "values that the plan does not code",
        "'maybe' (1 row)",
    ),
    "infinite outcome": (
        with_cell(0, "y", np.inf),
        STUDY,
        ask(Outcome(column="y", type="continuous", direction="higher_better")),
        "a number was needed",
        "inf (1 row)",
    ),
    "text for a number": (
        with_cell(0, "y", "high"),
        STUDY,
        ask(Outcome(column="y", type="continuous", direction="higher_better")),
        "a number was needed",
        "'high' (1 row)",
    ),
    "infinite covariate": (
        plain().assign(age=[np.inf] + [30.0] * 9),
        STUDY.model_copy(update={"adjust": ("age",)}),
        ask(),
        "a number was needed",
        "inf (1 row)",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_data_are_named(name: str) -> None:
    frame, study, question, problem, told = CASES[name]
    with pytest.raises(DataError) as raised:
        made(frame, study, question)
    assert problem in raised.value.problem
    assert told in str(raised.value)
    assert raised.value.found
    assert raised.value.allowed


SPELLINGS = {
    "blank": ("A", "A "),
    "inner blanks": ("St  Mary", "St Mary"),
    "no-break space": ("St Mary", "St\u00a0Mary"),
    "case": ("A", "a"),
    "composed": ("Orl\u00e9ans", "Orle\u0301ans"),
    "full width": ("A1", "\uff21\uff11"),
    "invisible": ("A", "A\u200b"),
}


@pytest.mark.parametrize("role", ["unit", "block", "pair"])
@pytest.mark.parametrize("kind", SPELLINGS)
def test_names_that_a_reader_takes_for_one_are_refused(kind: str, role: str) -> None:
    one, other = SPELLINGS[kind]
    study = {"unit": STUDY, "block": STRATIFIED, "pair": PAIRED}[role]
    frame = blocked(one, one, other, other)
    if role == "unit":
        frame["unit"] = [one, one, other, *frame["unit"][3:]]
    with pytest.raises(DataError, match="is written in two ways") as raised:
        made(frame, study)
    assert repr(one) in raised.value.found
    assert repr(other) in raised.value.found
    assert raised.value.found.count(" row") == 2


def test_names_of_rows_outside_the_population_may_be_spelt_as_they_like() -> None:
    frame = plain().assign(week=20.0)
    extra = frame.iloc[[0]].assign(unit="a ", week=40.0)
    below = ask(where=[{"column": "week", "below": 30}])
    assert made(pd.concat([frame, extra]), question=below).design.clusters == ("A", "B", "C", "D")


def grouped(y: list[float], n: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"unit": list("ABCD"), "arm": ["ESP", "SSP"] * 2, "y": y, "n": n})


GROUPED: dict[str, tuple[list[float], list[float], str]] = {
    "denominator 0": ([1, 1, 1, 0], [5, 5, 5, 0], "a denominator is 0 or negative"),
    "negative denominator": ([1, 1, 1, 0], [5, 5, 5, -2], "a denominator is 0 or negative"),
    "infinite denominator": ([1, 1, 1, 0], [5, 5, 5, np.inf], "a number was needed"),
    "negative events": ([1, 1, 1, -1], [5, 5, 5, 5], "a count of events is negative"),
    "fractional people": ([1, 1, 1, 2], [5, 5, 5, 20.7], "a denominator of a binary outcome is not a whole"),
    "more events than people": ([1, 1, 1, 6], [5, 5, 5, 5], "more events than people"),
    "a proportion for a count": ([1, 1, 1, 0.4], [5, 5, 5, 5], "a count of events is not a whole number"),
}


@pytest.mark.parametrize("name", GROUPED)
def test_bad_counts_are_named(name: str) -> None:
    y, n, problem = GROUPED[name]
    outcome = Outcome(column="y", type="binary", direction="higher_better", denominator="n")
    with pytest.raises(DataError, match=problem) as raised:
        made(grouped(y, n), question=ask(outcome))
    assert "(1 row)" in raised.value.found


def test_more_events_than_person_time_is_no_fault() -> None:
    outcome = Outcome(column="y", type="count", direction="lower_better", denominator="n")
    design = made(grouped([3, 1, 2, 4], [1.5, 2, 2, 0.5]), question=ask(outcome)).design
    assert design.cluster_mean.tolist() == [2.0, 0.5, 1.0, 8.0]


def test_a_row_without_a_partner_is_never_lost() -> None:
    units = pd.DataFrame({"unit": ["A", "B", "D"], "arm": ["ESP", "SSP", "SSP"]})
    question = ask(join=[{"table": "units", "on": "unit"}])
    with pytest.raises(
        DataError, match="4 rows of table 'births' have no partner in table 'units'"
    ) as raised:
        made(plain().drop(columns="arm"), question=question, units=units)
    assert raised.value.found == "'C' (4 rows); keys there: A, B, D"


def test_a_key_that_stands_twice_is_named() -> None:
    units = pd.DataFrame({"unit": ["A", "B", "C", "D", "B"], "arm": ["ESP", "SSP", "ESP", "SSP", "SSP"]})
    with pytest.raises(DataError, match="stands more than once in table 'units'") as raised:
        made(plain().drop(columns="arm"), question=ask(join=[{"table": "units", "on": "unit"}]), units=units)
    assert raised.value.found == "'B' (2 rows)"


def test_tables_that_disagree_are_named() -> None:
    units = pd.DataFrame({"unit": ["A", "B", "C", "D"], "arm": ["ESP", "SSP", "SSP", "SSP"]})
    with pytest.raises(DataError, match="'arm' is in two joined tables") as raised:
        made(plain(), question=ask(join=[{"table": "units", "on": "unit"}]), units=units)
    assert "4 rows differ" in raised.value.found


def test_a_table_that_was_not_given_is_named() -> None:
    with pytest.raises(DataError, match="was not given") as raised:
        made(plain(), question=ask(join=[{"table": "unitz", "on": "unit"}]), units=plain())
    assert "did you mean 'units'?" in raised.value.found


def test_two_columns_of_one_name_are_named() -> None:
    with pytest.raises(DataError, match="two columns of a table have the same name") as raised:
        made(pd.concat([plain(), plain()[["y"]]], axis=1))
    assert raised.value.found == "'y'"


def test_one_value_with_two_meanings_is_a_fault_of_the_plan() -> None:
    outcome = Outcome(column="y", type="binary", direction="higher_better", event=(1,), missing=("1",))
    with pytest.raises(PlanError, match="two meanings"):
        made(plain(), question=ask(outcome))
