"""L5: tables made up from schemas keep every rule, are marked synthetic, and carry the plan to its end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.data.generated_values import Drawn, drawn, named_alike
from precept_stats.data.schema import FieldSchema, find_schema
from precept_stats.data.selection import Condition
from precept_stats.data.shipped import shipped
from precept_stats.errors import DataError
from precept_stats.evidence.publish import run_bundle
from precept_stats.evidence.verify.execution import execution, synthetic_tables
from precept_stats.plan.reader import LoadedPlan, read_plan
from tests.evidence.trial import edited, write_trial

PLANS = sorted(
    path.stem for path in shipped("analysis_plans").glob("*.yaml") if read_plan(path).plan.analyses
)


def loaded(name: str) -> LoadedPlan:
    return read_plan(shipped("analysis_plans") / f"{name}.yaml")


@pytest.mark.parametrize("name", PLANS)
def test_tables_of_every_shipped_plan_can_be_made_up(name: str) -> None:
    plan = loaded(name)
    tables = synthetic_tables(plan, 7)
    assert list(tables) == list(plan.plan.data)
    assert all(table.synthetic for table in tables.values())
    again = synthetic_tables(plan, 7)
    assert {n: t.digest for n, t in tables.items()} == {n: t.digest for n, t in again.items()}
    other = synthetic_tables(plan, 8)
    assert {n: t.digest for n, t in tables.items()} != {n: t.digest for n, t in other.items()}


@pytest.mark.parametrize("name", ["achievement_awards", "share", "cict_stepped_wedge", "npp_before_after"])
def test_every_analysis_gives_a_result_on_made_up_tables(name: str) -> None:
    plan = loaded(name)
    found = ps.run(plan, synthetic_tables(plan, 1))
    assert found.provenance.synthetic
    assert not found.failed
    assert [entry.analysis for entry in found] == list(plan.plan.analyses)


def test_a_bundle_is_run_without_data_and_each_analysis_is_told(tmp_path: Path) -> None:
    plan = write_trial(tmp_path / "trial")
    run_bundle(read_plan(plan), None, tmp_path / "bundle")
    found = ps.verify(tmp_path / "bundle", ps.Against(level="L5"))
    names = [check.name for check in found.at("L5")]
    assert names[0].endswith("rows; seed 1; all synthetic)")
    assert names[2:] == [
        f"Analysis {one} on synthetic data gives a result" for one in ("primary", "welch", "shuffled")
    ]
    assert {check.outcome for check in found.at("L5")} == {"passed"}
    assert not found.failed


def test_a_failure_on_made_up_tables_is_told_and_is_no_fault(tmp_path: Path) -> None:
    plan = write_trial(tmp_path / "trial")
    edited(
        plan,
        "method: {kind: randomisation_test, allocations: {kind: monte_carlo, draws: 999}}",
        "method: {kind: randomisation_test}",
    )
    run_bundle(read_plan(plan), None, tmp_path / "bundle")
    found = ps.verify(tmp_path / "bundle", ps.Against(level="L5"))
    check = next(check for check in found.at("L5") if "shuffled" in check.name)
    assert check.outcome == "differs"
    assert "ends in a failure that is told" in check.found[0]


def test_a_plan_that_compares_areas_says_that_nothing_is_made_up() -> None:
    class Only:
        loaded = loaded("ahsn_disparity")

    (check,) = execution(Only(), None)  # type: ignore[arg-type]
    assert check.outcome == "not run"


def field(**parts: object) -> FieldSchema:
    return FieldSchema.model_validate({"name": "x", **parts})


def values(one: FieldSchema, *conditions: Condition) -> pd.Series:
    return pd.Series(drawn(Drawn(one, 300, np.random.default_rng(1), conditions, 1.0)), dtype=object)


def test_values_stay_within_what_the_field_allows() -> None:
    whole = values(field(type="integer", constraints={"required": True, "minimum": 3, "maximum": 5}))
    assert set(whole) == {3, 4, 5}
    real = values(field(type="number", constraints={"required": True, "exclusiveMinimum": 0, "maximum": 1}))
    assert real.min() > 0.0
    assert real.max() <= 1.0
    listed = values(field(type="string", constraints={"enum": ["a", "b"]}))
    assert set(listed.dropna()) == {"a", "b"}
    assert 0 < listed.isna().sum() < 60


def test_conditions_of_a_population_are_met() -> None:
    weeks = field(type="integer", constraints={"minimum": 20, "maximum": 45})
    assert values(weeks, Condition(column="x", below=30)).max() < 30
    arms = field(type="string")
    assert set(values(arms, Condition.model_validate({"column": "x", "in": ["ESP", "SSP"]}))) == {
        "ESP",
        "SSP",
    }
    kept = field(type="string", constraints={"enum": ["a", "b", "c"]})
    assert set(values(kept, Condition.model_validate({"column": "x", "not_in": ["c"]}))) == {"a", "b"}


@pytest.mark.parametrize("pattern", ["[0-9]{5}", "E[0-9]{8}", "[a-z][0-9]+"])
def test_names_keep_to_a_pattern(pattern: str) -> None:
    names = named_alike(field(type="string", constraints={"pattern": pattern}), 40)
    assert len(set(names)) == 40
    assert pd.Series(names).str.fullmatch(pattern).all()


def test_a_pattern_beyond_this_is_refused() -> None:
    with pytest.raises(DataError, match="no values could be made up"):
        named_alike(field(type="string", constraints={"pattern": "[A-Z]{3}-[0-9]{4}"}), 3)


def test_the_schema_of_births_is_kept_with_its_rule_between_columns() -> None:
    births = synthetic_tables(loaded("esp_vs_ssp"), 3)["births"].frame
    alone = births["multiple_birth"].eq(False)
    assert alone.any()
    assert births.loc[alone, "birth_order"].eq(1).all()
    assert set(births["data_origin"]) == {"synthetic"}
    assert find_schema("births").primary_key == ("baby_id",)
