"""Every rule: kept by a table that conforms, and named, counted and located when it is broken."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from precept_stats.data.dataset import build_dataset, check_references, load_table
from precept_stats.data.schema import DataSchema, find_schema
from precept_stats.data.violations import WITHHELD, InvalidDataError, Violation
from precept_stats.errors import DataError

Spoil = Callable[[pd.DataFrame], pd.DataFrame]


def put(column: str, row: int, value: object) -> Spoil:
    """The frame with one cell changed; ``row`` counts from 1, as the errors do."""

    def spoil(frame: pd.DataFrame) -> pd.DataFrame:
        values = frame[column].tolist()
        values[row - 1] = value
        return frame.assign(**{column: values})

    return spoil


def violations(frame: pd.DataFrame, schema: DataSchema) -> dict[str, Violation]:
    with pytest.raises(InvalidDataError) as caught:
        load_table(frame, schema, "trial")
    found = {violation.rule: violation for violation in caught.value.violations}
    assert len(found) == len(caught.value.violations)
    assert all(rule in str(caught.value) for rule in found)
    return found


def test_a_conforming_table_passes(frame: pd.DataFrame, schema: DataSchema) -> None:
    assert load_table(frame, schema, "trial").frame.shape == (6, 11)


@pytest.mark.parametrize(
    ("rule", "spoil", "rows", "value"),
    [
        ("cluster.required", put("cluster", 2, None), [2], "missing"),
        ("cluster.maxLength", put("cluster", 2, "ABCD"), [2], "'ABCD'"),
        ("person.required", put("person", 3, None), [3], "missing"),
        ("person.pattern", put("person", 3, "P1"), [3], WITHHELD),
        ("person.pattern", put("person", 3, "P01\n"), [3], WITHHELD),
        ("primaryKey.person", put("person", 4, "P01"), [4], WITHHELD),
        ("uniqueKeys.cluster+seat", put("seat", 2, 1), [2], "cluster 'A', seat 1"),
        ("arm.enum", put("arm", 1, "2"), [1], "'2'"),
        ("seat.minimum", put("seat", 1, 0), [1], "0"),
        ("seat.maximum", put("seat", 6, 21), [6], "21"),
        ("seat.type", put("seat", 6, 2.5), [6], "2.5"),
        ("seat.type", put("seat", 6, "six"), [6], "'six'"),
        ("month.minimum", put("month", 4, "2017-12"), [4], "'2017-12'"),
        ("month.type", put("month", 4, "2018-13"), [4], "'2018-13'"),
        ("born.exclusiveMaximum", put("born", 1, pd.Timestamp("2020-01-01")), [1], "2020-01-01"),
        ("score.finite", put("score", 5, float("-inf")), [5], "-inf"),
        ("treated.type", put("treated", 5, "perhaps"), [5], "'perhaps'"),
        ("one_arm", put("arm", 5, "0"), [5], "cluster 'B', arm '0'"),
        ("within_best", put("score", 6, 4.5), [6], "score 4.5, best 4.0"),
        ("all_allocated", put("arm", 6, None), [6], "cluster 'B', arm missing"),
        ("both_scores", put("best", 2, None), [2], "score 2.0, best missing"),
        ("people_above_zero", put("people", 4, 0), [4], "0"),
        ("every_month", put("month", 2, "2018-11"), [3], "cluster 'A', month '2019-01'"),
    ],
)
def test_each_rule_says_which_rows_break_it(
    frame: pd.DataFrame, schema: DataSchema, rule: str, spoil: Spoil, rows: list[int], value: str
) -> None:
    found = violations(spoil(frame), schema)
    assert rule in found
    violation = found[rule]
    assert violation.count == len(rows) <= violation.checked <= 6
    assert [offence.row for offence in violation.first] == rows
    assert violation.first[0].value == value


def test_only_the_broken_rules_are_named(frame: pd.DataFrame, schema: DataSchema) -> None:
    assert set(violations(put("people", 4, 0)(frame), schema)) == {"people_above_zero"}


def test_a_cell_that_cannot_be_read_is_reported_once(frame: pd.DataFrame, schema: DataSchema) -> None:
    assert set(violations(put("score", 5, float("inf"))(frame), schema)) == {"score.finite"}


def test_a_rule_that_implies(frame: pd.DataFrame, schema: DataSchema) -> None:
    spoilt = put("best", 3, None)(put("score", 3, None)(frame))
    found = violations(spoilt, schema)
    assert set(found) == {"treated_have_scores"}
    assert found["treated_have_scores"].checked == 3
    untreated = put("treated", 3, False)(spoilt)
    assert load_table(untreated, schema, "trial").frame["score"].isna().sum() == 1


def test_one_row_per_combination(frame: pd.DataFrame, schema: DataSchema) -> None:
    spoilt = put("month", 2, "2018-11")(put("seat", 2, 1)(frame))
    found = violations(spoilt, schema)
    assert found["one_row"].count == 1
    assert found["one_row"].first[0].row == 2


def test_all_faults_come_in_one_error(frame: pd.DataFrame, schema: DataSchema) -> None:
    spoilt = frame.drop(columns="events").rename(columns={"treated": "treted"})
    for spoil in (put("arm", 1, "9"), put("people", 1, 0), put("people", 2, -1), put("seat", 3, "x")):
        spoilt = spoil(spoilt)
    found = violations(spoilt, schema)
    assert set(found) == {
        "events.present",
        "treated.present",
        "treted.unexpected",
        "arm.enum",
        "one_arm",
        "people_above_zero",
        "seat.type",
    }
    assert found["people_above_zero"].count == 2
    assert "did you mean 'treted'?" in found["treated.present"].says
    assert "did you mean 'treated'?" in found["treted.unexpected"].says


def test_many_failures_are_counted_and_the_first_shown(schema: DataSchema) -> None:
    months = find_schema("unit_months")
    rows = 1_000
    frame = pd.DataFrame(
        {
            "unit": [f"U{i}" for i in range(rows)],
            "month": "2018-01",
            "numerator": 3,
            "denominator": 2,
            "missing": 0,
        }
    )
    found = violations(frame, months)
    assert set(found) == {"numerator_within_denominator"}
    assert found["numerator_within_denominator"].count == rows
    assert [offence.row for offence in found["numerator_within_denominator"].first] == [1, 2, 3, 4, 5]


def test_rules_on_absent_optional_columns_are_not_judged() -> None:
    units = find_schema("units")
    frame = pd.DataFrame(
        {"unit": ["A"], "region": ["R"], "nation": ["England"], "level": ["SCU"], "start_month": ["2018-05"]}
    )
    assert list(load_table(frame, units, "units").frame["unit"]) == ["A"]


@pytest.mark.parametrize(
    ("match", "change", "rules"),
    [
        ("exact", {"drop": "data_origin"}, {"data_origin.present"}),
        ("exact", {"swap": True}, {"fieldsMatch"}),
        ("equal", {"swap": True}, set()),
        ("equal", {"drop": "data_origin"}, set()),
        ("equal", {"drop": "b"}, {"b.present"}),
        ("equal", {"add": "zeta"}, {"zeta.unexpected"}),
        ("superset", {"add": "zeta"}, {"zeta.unexpected"}),
        ("superset", {"drop": "b"}, {"b.present"}),
        ("subset", {"add": "zeta"}, set()),
        ("subset", {"drop": "b"}, {"b.present"}),
        ("subset", {"drop": "data_origin", "add": "data_orign"}, {"data_orign.unexpected"}),
    ],
)
def test_fields_match(match: str, change: dict[str, object], rules: set[str]) -> None:
    names = ["a", "b", "data_origin"]
    document = {
        "name": "t",
        "fieldsMatch": match,
        "fields": [
            {"name": name, "type": "string", "x-precept": {"optional": name == "data_origin"}}
            for name in names
        ],
    }
    frame = pd.DataFrame({name: ["x", "y"] for name in names})
    if "drop" in change:
        frame = frame.drop(columns=change["drop"])
    if "add" in change:
        frame = frame.assign(**{str(change["add"]): ["1", "2"]})
    if "swap" in change:
        frame = frame[["b", "a", "data_origin"]]
    declared = DataSchema.model_validate(document)
    if rules:
        assert set(violations(frame, declared)) == rules
    else:
        assert set(load_table(frame, declared, "t").frame.columns) == set(frame.columns)


def test_foreign_keys_between_tables(frame: pd.DataFrame, schema: DataSchema) -> None:
    clusters = pd.DataFrame({"cluster": ["A", "B"], "size": [3, 3]})
    whole = build_dataset({"trial": frame, "clusters": clusters}, {"trial": schema})
    assert set(whole) == {"trial", "clusters"}
    with pytest.raises(InvalidDataError) as caught:
        build_dataset({"trial": frame, "clusters": clusters[:1]}, {"trial": schema})
    (violation,) = caught.value.violations
    assert (violation.rule, violation.count, violation.checked) == ("foreignKeys.cluster", 3, 6)
    assert [(offence.row, offence.value) for offence in violation.first] == [
        (4, "'B'"),
        (5, "'B'"),
        (6, "'B'"),
    ]
    with pytest.raises(DataError, match="does not have"):
        build_dataset({"trial": frame, "clusters": clusters[["size"]]}, {"trial": schema})
    check_references({"trial": whole["trial"]})


def test_an_unallocated_unit_is_found() -> None:
    frame = pd.DataFrame({"unit": ["A", "B", "C"], "stratum": "1", "arm": ["ESP", None, "SSP"]})
    found = violations(frame, find_schema("allocation"))
    assert set(found) == {"every_unit_allocated"}
    assert found["every_unit_allocated"].first[0].row == 2


def test_units_are_held_to_the_allocation_list() -> None:
    units = pd.DataFrame(
        {
            "unit": ["A", "B", "C"],
            "region": "R",
            "nation": "England",
            "level": "LNU",
            "start_month": "2018-05",
            "arm": ["ESP", "SSP", None],
            "stratum": ["1", "1", None],
        }
    )
    allocation = pd.DataFrame({"unit": ["A", "B"], "stratum": "1", "arm": ["ESP", "ESP"]})
    schemas = {name: find_schema(name) for name in ("units", "allocation")}
    with pytest.raises(InvalidDataError) as caught:
        build_dataset({"units": units, "allocation": allocation}, schemas)
    (violation,) = caught.value.violations
    assert violation.rule == "foreignKeys.unit+arm"
    assert (violation.count, violation.checked) == (1, 2)
    assert violation.first[0].value == "'B', 'SSP'"
    right = allocation.assign(arm=["ESP", "SSP"])
    assert set(build_dataset({"units": units, "allocation": right}, schemas)) == {"units", "allocation"}
