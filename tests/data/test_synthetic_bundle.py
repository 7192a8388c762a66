"""The synthetic care bundle: what is drawn has the truth that is declared, and is the table that ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from precept_stats.data.dataset import load_table
from precept_stats.data.schema import find_schema
from precept_stats.data.shipped import shipped
from precept_stats.data.synthetic import (
    BUNDLE_SEED,
    BundleScenario,
    bundle_tables,
    bundle_truth,
    write_tables,
)
from precept_stats.data.synthetic_bundle import BUNDLE_ARMS, ELEMENTS
from precept_stats.numerics.one_factor import given_score

SHIPPED = shipped("analysis_plans") / "data" / "periprem_bundle"


@pytest.fixture(scope="module")
def many() -> pd.DataFrame:
    return bundle_tables(BundleScenario(units_per_arm=200, unknown=0.0), 3)["bundle_births"]


def test_the_shipped_table_is_what_the_generator_writes(tmp_path: Path) -> None:
    (path,) = write_tables(bundle_tables(BundleScenario(), BUNDLE_SEED), tmp_path)
    assert path.read_bytes() == (SHIPPED / path.name).read_bytes()


def test_every_row_says_synthetic_and_fits_the_schema() -> None:
    table = load_table(SHIPPED / "bundle_births.csv", find_schema("bundle_births", None), "bundle_births")
    assert table.synthetic
    assert len(ELEMENTS) == 11


@pytest.mark.parametrize("arm", BUNDLE_ARMS)
def test_what_is_drawn_has_the_declared_truth(many: pd.DataFrame, arm: str) -> None:
    truth = bundle_truth(BundleScenario(), arm)
    mine = many[many["arm"] == arm]
    values = mine[list(ELEMENTS)]
    full = values.isin(["yes", "not_applicable"]).all(axis=1)
    by_unit = full.groupby(mine["unit"]).mean()
    assert full.mean() == pytest.approx(truth.all_or_none, abs=4 * by_unit.std() / np.sqrt(len(by_unit)))
    given, applied = (values == "yes").sum(axis=1), (values != "not_applicable").sum(axis=1)
    assert given.sum() / applied.sum() == pytest.approx(truth.opportunities, abs=0.01)
    for name, share in truth.elements:
        known = mine.loc[mine[name] != "not_applicable", name]
        assert (known == "yes").mean() == pytest.approx(share, abs=0.03), name


def test_elements_apply_as_the_constants_say(many: pd.DataFrame) -> None:
    for name, below in (("mgso4", 30), ("place", 27), ("hydrocortisone", 28)):
        applies = many[name] != "not_applicable"
        assert (applies == (many["gestation_weeks"] < below)).all(), name
    assert (many["steroids"] != "not_applicable").all()


def test_coaching_raises_everything_and_without_gain_nothing() -> None:
    usual, coached = (bundle_truth(BundleScenario(), arm) for arm in BUNDLE_ARMS)
    assert coached.all_or_none > usual.all_or_none
    assert coached.opportunities > usual.opportunities
    none = [bundle_truth(BundleScenario(gain=0), arm) for arm in BUNDLE_ARMS]
    assert none[0].all_or_none == pytest.approx(none[1].all_or_none, rel=1e-12)


def test_each_level_of_care_is_halved_and_another_unit_changes_no_baby() -> None:
    few, more = (bundle_tables(BundleScenario(units_per_arm=n, gain=0), 9)["bundle_births"] for n in (4, 6))
    arms = few.drop_duplicates("unit").groupby(["level", "arm"]).size()
    assert arms.tolist() == [2, 2, 2, 2]
    again = more[more["unit"].isin(few["unit"].unique())].reset_index(drop=True)
    pd.testing.assert_frame_equal(few.drop(columns="arm"), again.drop(columns="arm"))


def test_a_score_changes_no_probability_on_average() -> None:
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    for probability in (0.05, 0.5, 0.93):
        mean = given_score(probability, nodes, 0.3) @ weights / weights.sum()
        assert mean == pytest.approx(probability, abs=1e-9)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"units_per_arm": 5}, "half of"),
        ({"babies_per_unit": 8}, "cannot average"),
        ({"gain": 1}, "less than 1"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused(fields: dict[str, float], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        BundleScenario.model_validate(fields)
