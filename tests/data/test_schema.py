"""Schemas: those that ship are sound, and a fault in one is shown where it was written."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from precept_stats.data.rules import AnyRule
from precept_stats.data.schema import (
    Constraints,
    DataSchema,
    FieldNotes,
    FieldSchema,
    TableNotes,
    find_schema,
    read_schema,
    schema_from_text,
    schema_text,
    suggest,
)
from precept_stats.data.shipped import shipped
from precept_stats.errors import PlanError, PreceptError

SHIPPED = sorted(path.stem for path in shipped("data_schemas").glob("*.yaml"))


@pytest.mark.parametrize("schema_id", SHIPPED)
def test_shipped_schemas_say_what_every_column_is(schema_id: str) -> None:
    schema = find_schema(schema_id)
    assert schema.name == schema_id
    for column in schema.columns:
        assert column.title
        assert {"role", "sensitivity"} <= column.notes.model_fields_set, column.name


def test_the_schemas_of_the_programme_ship() -> None:
    assert {"births", "units", "unit_months", "allocation", "achievement_awards"} <= set(SHIPPED)


@pytest.mark.parametrize(
    ("was", "becomes", "line", "said"),
    [
        ("fieldsMatch", "fieldMatch", 2, "did you mean 'fieldsMatch'?"),
        ("maxLength: 3", "maxlength: 3", 9, "did you mean 'maxLength'?"),
        ("type: boolean", "type: bool", 18, "Input should be"),
        ("minimum: 1,", "minimum: one,", 11, "not of type integer"),
        ("minimum: 1,", "minimum: 1.5,", 11, "not of type integer"),
        ("minimum: 2018-01", "minimum: 2018-13", 12, "not of type yearmonth"),
        ("exclusiveMaximum: 2020-01-01", "exclusiveMaximum: 2020", 13, "not of type date"),
        ('enum: ["0", "1"]', "enum: [0, 1]", 10, "not of type string"),
        ("type: number}", "type: number, constraints: {pattern: x}}", 15, "pattern"),
        ("type: boolean}", "type: boolean, constraints: {minimum: 1}}", 18, "no meaning"),
        ("type: boolean}", 'type: boolean, trueValues: ["0"]}', 18, "both true and false"),
        ("kind: together", "kind: togther", 27, "togther"),
        ("limit: best", "limit: bst", 1, "did you mean 'best'?"),
        ("limit: best", "limit: arm", 1, "different types"),
        ("above: 0", "above: none", 1, "not of type integer"),
        ("above: 0", "over: 0", 28, "'over'"),
        ("month: month", "month: born", 1, "yearmonth"),
        ("name: best", "name: score", 1, "two fields"),
        ("id: one_row,", "id: one_arm,", 1, "two rules"),
        ("primaryKey: [person]", "primaryKey: [persn]", 1, "did you mean 'person'?"),
        ("name: trial", "nam: trial", 1, "'name' is missing"),
        ("resource: clusters, fields: [cluster]", "resource: clusters, fields: [a, b]", 6, "as many"),
        ("role: cluster", "role: custer", 9, "Input should be"),
    ],
)
def test_a_fault_is_shown_where_it_was_written(
    was: str, becomes: str, line: int, said: str, trial_text: str
) -> None:
    assert trial_text.count(was) >= 1
    with pytest.raises(PlanError) as caught:
        schema_from_text(trial_text.replace(was, becomes, 1), "trial.yaml")
    assert said in caught.value.found
    assert f"trial.yaml:{line}:" in caught.value.found


def test_every_fault_is_listed(trial_text: str) -> None:
    text = trial_text.replace("type: boolean", "type: bool").replace("fieldsMatch", "fieldMatch")
    with pytest.raises(PlanError) as caught:
        schema_from_text(text, "trial.yaml")
    assert caught.value.found.count("trial.yaml:") == 2


def test_nothing_in_a_schema_can_be_changed(trial_text: str) -> None:
    schema = schema_from_text(trial_text, "trial.yaml")
    with pytest.raises(ValidationError):
        schema.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("pattern", ["(", "a{9999}", r"(?=a)b", r"(a)\1"])
def test_patterns_are_linear_time_expressions(pattern: str, trial_text: str) -> None:
    text = trial_text.replace('"P[0-9]{2}"', f"'{pattern}'")
    with pytest.raises(PlanError, match="not valid") as caught:
        schema_from_text(text, "trial.yaml")
    assert "pattern" in caught.value.found


def test_one_primary_key_may_be_written_as_text(trial_text: str) -> None:
    text = trial_text.replace("primaryKey: [person]", "primaryKey: person")
    assert schema_from_text(text, "trial.yaml").primary_key == ("person",)


def test_python_names_are_not_keywords(trial_text: str) -> None:
    with pytest.raises(PlanError):
        schema_from_text(trial_text.replace("fields:", "columns:"), "trial.yaml")


def test_a_schema_beside_the_plan_comes_first(tmp_path: Path, trial_text: str) -> None:
    for folder, title in ((tmp_path / "plans" / "data_schemas", "near"), (tmp_path / "data_schemas", "far")):
        folder.mkdir(parents=True)
        (folder / "births.yaml").write_text(trial_text + f"title: {title}\n", encoding="utf-8")
    assert find_schema("births", beside=tmp_path / "plans").title == "near"
    assert find_schema("births", beside=tmp_path / "other").title == "far"
    assert find_schema("births").title == "Babies born very preterm, one row a baby"


def test_an_unknown_schema_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="did you mean 'births'"):
        find_schema("birth")
    with pytest.raises(PlanError, match="no data schema"):
        find_schema("../data_schemas/births")
    with pytest.raises(PlanError, match="cannot be read"):
        read_schema(tmp_path / "absent.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9")
    with pytest.raises(PlanError, match="UTF-8"):
        read_schema(tmp_path / "latin.yaml")


def test_shipped_text_and_kinds() -> None:
    assert schema_from_text(schema_text("units"), "units.yaml") == find_schema("units")
    with pytest.raises(PreceptError, match="kind of shipped file"):
        shipped("secrets")  # type: ignore[arg-type]


def test_suggestions_ignore_case_and_give_up() -> None:
    assert suggest("MGSO4", ("mgso4", "sex")) == "; did you mean 'mgso4'?"
    assert suggest("weight", ("mgso4", "sex")) == ""


def test_the_documented_example_and_keywords_are_those_of_the_code() -> None:
    document = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
    example = document.split("```yaml\n", 1)[1].split("```", 1)[0]
    assert schema_from_text(example, "docs/data.md").name == "visits"
    kinds = {get_args(rule.model_fields["kind"].annotation)[0] for rule in get_args(get_args(AnyRule)[0])}
    assert not [kind for kind in kinds if f"| `{kind}` |" not in document]
    models = (DataSchema, TableNotes, FieldSchema, FieldNotes, Constraints)
    words = {field.alias or name for model in models for name, field in model.model_fields.items()}
    assert not [word for word in sorted(words) if f"{word}`" not in document and f"`{word}" not in document]
