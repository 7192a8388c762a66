"""L5: tables made up from schemas keep every rule, are marked synthetic, and carry the plan to its end."""

from __future__ import annotations

from dataclasses import dataclass
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

PLANS = sorted(path.stem for path in shipped("analysis_plans").glob("*.yaml"))
OF_AREAS = [name for name in PLANS if not read_plan(shipped("analysis_plans") / f"{name}.yaml").plan.analyses]


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


QUICK = ("achievement_awards", "share", "cict_stepped_wedge", "npp_before_after")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in PLANS
        if name not in OF_AREAS
    ],
)
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


@dataclass
class Opened:
    """As much of a bundle as running its plan needs."""

    loaded: LoadedPlan


@pytest.mark.parametrize("name", OF_AREAS)
def test_every_disparity_gives_a_result_on_made_up_areas(name: str) -> None:
    plan = loaded(name)
    found = execution(Opened(plan), None)  # type: ignore[arg-type]
    assert {check.outcome for check in found} == {"passed"}
    assert [check.name for check in found[2:]] == [
        f"Disparity {one} on synthetic data gives a result" for one in plan.plan.disparities
    ]


AREAS = """\
precept_plan: "1"
id: areas
version: 1.0.0
title: Areas
design: regional_disparity
prespecification: {data_state: results_seen, statement: Made for a test.}
data: {people: {schema: people}, estimates: {schema: estimates}, other: {schema: people}}
populations:
  well: {of: people, where: [{column: year, in: [2019, 2021]}, {column: sex, equals: F}]}
  all: {of: people}
  estimated: {of: estimates, where: [{column: weeks, below: 30}]}
outcomes:
  ill: {column: ill, type: binary, event: ["yes"], non_event: ["no"], direction: lower_better}
  mean: {column: mean, type: continuous, direction: higher_better}
disparities:
  women: {population: well, outcome: ill, study: {kind: regions, area: county, period: year, scale: per_cent}}
  everybody: {population: all, outcome: ill, study: {kind: regions, area: county, scale: per_1000}}
  estimates:
    population: estimated
    outcome: mean
    study: {kind: regions, area: county, std_error: error, people: people, rank: rank, within: country,
            scale: own, reference: {kind: named, area: Kent}}
    funnel: {}
multiplicity: {family: [], procedure: none, level: 0.95}
disclosure: {policy: none}
seed: 1
"""
SCHEMA = """\
$schema: https://datapackage.org/profiles/2.0/tableschema.json
name: %s
fields:
%s
x-precept: {level: individual}
"""


def column(name: str, kind: str, limits: str = "required: true") -> str:
    noted = "{role: other, level: individual, sensitivity: safe}"
    return f"  - {{name: {name}, type: {kind}, constraints: {{{limits}}}, x-precept: {noted}}}"


def areas(folder: Path) -> LoadedPlan:
    """Areas of people, and areas with estimates, ranks and groups."""
    (folder / "data_schemas").mkdir()
    people = (
        column("county", "string"),
        column("year", "integer"),
        column("sex", "string", "enum: [F, M]"),
        column("ill", "string", 'required: true, enum: ["yes", "no", "unknown"]'),
    )
    estimates = (
        column("county", "string"),
        column("country", "string"),
        column("weeks", "integer", "minimum: 20, maximum: 45"),
        column("rank", "integer"),
        column("people", "integer", "minimum: 1"),
        column("mean", "number", "required: true, minimum: 0, maximum: 50"),
        column("error", "number", "required: true, exclusiveMinimum: 0"),
    )
    for name, columns in {"people": people, "estimates": estimates}.items():
        (folder / "data_schemas" / f"{name}.yaml").write_text(SCHEMA % (name, "\n".join(columns)))
    (folder / "plan.yaml").write_text(AREAS)
    return read_plan(folder / "plan.yaml")


def test_areas_of_people_and_of_estimates_are_made_up_as_the_plan_asks(tmp_path: Path) -> None:
    plan = areas(tmp_path)
    tables = {name: table.frame for name, table in synthetic_tables(plan, 3).items()}
    assert list(tables) == ["people", "estimates", "other"]
    people, estimates = tables["people"], tables["estimates"]
    assert set(people["sex"]) == {"F"}
    assert set(people["year"]) == {2019, 2021}
    assert people.groupby(["county", "year"]).size().min() >= 20
    assert set(people["ill"]) == {"yes", "no"}
    assert "Kent" in set(estimates["county"])
    assert len(estimates) == estimates["county"].nunique() == 24
    assert estimates["weeks"].max() < 30
    assert estimates["country"].nunique() == 6
    found = execution(Opened(plan), None)  # type: ignore[arg-type]
    assert {check.outcome for check in found} == {"passed"}, [check.found for check in found]


def test_a_comparison_of_areas_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    plan = areas(tmp_path)
    spoilt = plan.text.replace("funnel: {}", "shrinkage: {}")
    (tmp_path / "plan.yaml").write_text(spoilt)
    checks = execution(Opened(read_plan(tmp_path / "plan.yaml")), None)  # type: ignore[arg-type]
    (told,) = [check for check in checks if check.outcome == "differs"]
    assert told.name == "Disparity estimates on synthetic data"
    assert "are not drawn together in groups" in told.found[0]


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
