"""Covariates: their level and their coding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from precept_stats.data.dataset import load_table
from precept_stats.data.schema import DataSchema
from precept_stats.errors import DataError
from precept_stats.studies.cluster_trial_design import Covariate
from precept_stats.studies.cluster_trial_tables import prepare

from .trials import STUDY, Given, ask, plain


def covariate(values: object, schema: DataSchema | None = None) -> Covariate:
    study = STUDY.model_copy(update={"adjust": ("x",)})
    table = Given("births", plain().assign(x=values), schema)
    return prepare(study, {"births": table}, ask()).design.covariates[0]


def schema(**field: object) -> DataSchema:
    return DataSchema.model_validate({"name": "births", "fields": [{"name": "x", **field}]})


def test_a_number_stays_a_number() -> None:
    found = covariate([3, 1, 2, 5, 5, 9, 8, 7, 6, 4])
    assert (found.level, found.columns) == ("individual", ("x",))
    assert sorted(found.values[:3, 0]) == [1, 2, 3]


def test_a_column_that_is_constant_in_every_cluster_is_cluster_level() -> None:
    assert covariate([1, 1, 1, 2, 2, 3, 3, 3, 3, 2]).level == "cluster"
    assert covariate(list("aaabbccccb")).level == "cluster"
    assert covariate([1, 1, 1, 2, 2, 3, 3, 3, 4, 2]).level == "individual"


def test_the_last_digit_of_a_number_does_not_make_it_vary_within_clusters() -> None:
    ulp = np.nextafter(0.7, 1.0)
    assert covariate([0.7, ulp, 0.7, 2, 2, 3, 3, 3, 3, 2]).level == "cluster"
    assert covariate([0.7, ulp, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7]).level == "cluster"
    assert covariate([0.7, 0.7001, 0.7, 2, 2, 3, 3, 3, 3, 2]).level == "individual"
    assert covariate([1e9, 1e9 + 1, 1e9, 1e9, 1e9 + 2, 1e9, 1e9, 1e9, 1e9, 1e9]).level == "individual"


def test_text_is_coded_against_its_first_level() -> None:
    found = covariate(["c", "a", "b", "a", "a", "c", "c", "b", "a", "b"])
    assert found.columns == ("x[b]", "x[c]")
    assert found.values.sum(axis=0).tolist() == [3.0, 3.0]


def test_a_truth_value_has_one_column() -> None:
    found = covariate([True, False] * 5)
    assert found.columns == ("x[True]",)
    assert found.values.sum() == 5


def test_levels_without_a_row_have_no_column() -> None:
    found = covariate(pd.Categorical(["b", "a"] * 5, categories=["b", "z", "a"]))
    assert found.columns == ("x[a]",)


AGES = ["31", "24", "40", "28", "35", "22", "19", "37", "41"]


@pytest.mark.parametrize("stray", ["unknown", " 35", "NULL"])
def test_a_stray_cell_never_makes_categories_of_numbers(stray: str, tmp_path: Path) -> None:
    path = tmp_path / "births.csv"
    plain().assign(x=[*AGES, stray]).to_csv(path, index=False)
    study = STUDY.model_copy(update={"adjust": ("x",)})
    with pytest.raises(DataError, match="nearly all of it is numbers") as raised:
        prepare(study, {"births": load_table(path, None, "births")}, ask())
    assert raised.value.found == f"{stray!r} (1 row)"
    assert "table 'births', column 'x'" in raised.value.where
    with pytest.raises(DataError, match="nearly all of it is numbers"):
        covariate([*AGES, stray])


def test_text_that_is_all_numbers_is_no_covariate_unless_declared() -> None:
    with pytest.raises(DataError, match="nearly all of it is numbers"):
        covariate([*AGES, "50"])
    assert len(covariate([*AGES, "50"], schema(type="string")).columns) == 9
    levels = pd.Series(["1", "2", "3", "1", "2", "3", "1", "2", "3", "1"], dtype="category")
    table = load_table(plain().assign(x=levels), None, "births")
    study = STUDY.model_copy(update={"adjust": ("x",)})
    (found,) = prepare(study, {"births": table}, ask()).design.covariates
    assert found.columns == ("x[2]", "x[3]")


@pytest.mark.parametrize("values", [["0", "1"] * 5, ["1", "2", "3", "unknown", "other"] * 2])
def test_text_with_few_numbers_or_two_values_is_categories(values: list[str]) -> None:
    assert len(covariate(values).columns) == len(set(values)) - 1


@pytest.mark.parametrize(
    ("field", "columns"),
    [
        ({"type": "integer"}, ("x",)),
        ({"type": "integer", "constraints": {"minimum": 1}}, ("x",)),
        ({"type": "integer", "constraints": {"enum": [2, 1, 3]}}, ("x[1]", "x[3]")),
    ],
)
def test_integer_codes_are_categories_when_the_schema_lists_them(
    field: dict[str, object], columns: object
) -> None:
    assert covariate([1, 2, 3, 1, 2, 3, 1, 2, 3, 1], schema(**field)).columns == columns
