"""The synthetic programme and the simple trial against their declared truth, within four MCSE."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from precept_stats.data.synthetic import (
    ProgrammeScenario,
    SimpleTrial,
    programme_tables,
    programme_truth,
    simple_trial,
)
from tests.data.measures import MCSE_BOUND, icc, uptake, within_mcse


def test_the_national_course_meets_the_published_means() -> None:
    truth = programme_truth(ProgrammeScenario())
    annual = dict(truth.annual)
    assert annual[2017] == pytest.approx(0.658, abs=1e-12)
    assert annual[2022] == pytest.approx(0.855, abs=1e-12)
    assert truth.uptake[-1] - truth.without_programme[-1] == pytest.approx(0.058, abs=1e-12)
    before = truth.months.index("2018-05")
    assert truth.uptake[:before] == truth.without_programme[:before]


def test_the_course_rises_to_a_plateau_then_declines_and_the_spread_narrows() -> None:
    truth = programme_truth(ProgrammeScenario())
    plateau = truth.months.index("2020-03")
    assert (np.diff(truth.uptake[: plateau + 1]) > 0).all()
    assert np.diff(truth.uptake[plateau:]) == pytest.approx(-0.005 / 12, abs=1e-12)
    assert truth.regional_sd[0] == 0.10
    assert truth.regional_sd[-1] == 0.015
    assert (np.diff(truth.regional_sd) <= 0).all()


@pytest.fixture(scope="module")
def wide() -> dict[str, pd.DataFrame]:
    """A programme of large, equal units that differ only by region and start, to see both plainly."""
    return programme_tables(ProgrammeScenario(births_per_year=2000, births_cv=0, icc=0), 7)


def test_drawn_national_uptake_is_the_declared_course(wide: dict[str, pd.DataFrame]) -> None:
    annual = dict(programme_truth(ProgrammeScenario(icc=0)).annual)
    for year in (2017, 2022):
        rows = wide["unit_months"][wide["unit_months"]["month"].str.startswith(str(year))]
        found = rows["numerator"].sum() / rows["denominator"].sum()
        mcse = np.sqrt(annual[year] * (1 - annual[year]) / rows["denominator"].sum())
        assert abs(found - annual[year]) < MCSE_BOUND * mcse, (found, annual[year], mcse)


@pytest.mark.parametrize(("year", "spread"), [(2016, 0.10), (2021, 0.015)])
def test_drawn_regions_differ_as_declared(wide: dict[str, pd.DataFrame], year: int, spread: float) -> None:
    counts = wide["unit_months"].merge(wide["units"][["unit", "region"]], on="unit")
    counts = counts[counts["month"].str.startswith(str(year))]
    region = counts.groupby("region")[["numerator", "denominator"]].sum()
    p = region["numerator"] / region["denominator"]
    sampling = float((p * (1 - p) / region["denominator"]).mean())
    found = float(np.sqrt(p.var(ddof=0) - sampling))
    mcse = np.sqrt(sampling / 15)
    assert abs(found - spread) < MCSE_BOUND * mcse, (found, spread, mcse)


def test_drawn_effect_separates_units_that_have_started() -> None:
    """With a step and no regional spread, units that have started lead the others by the effect."""
    scenario = ProgrammeScenario(
        births_per_year=5000, births_cv=0, icc=0, spread_start=0, spread_end=0, ramp_months=1, unknown=0
    )
    tables = programme_tables(scenario, 11)
    counts = tables["unit_months"].merge(tables["units"][["unit", "start_month"]], on="unit")
    month = counts[counts["month"] == "2018-10"]
    started = month["start_month"] <= "2018-10"
    arms = [month[flag][["numerator", "denominator"]].sum() for flag in (started, ~started)]
    p = [arm["numerator"] / arm["denominator"] for arm in arms]
    mcse = np.sqrt(sum(q * (1 - q) / arm["denominator"] for q, arm in zip(p, arms, strict=True)))
    assert abs(p[0] - p[1] - 0.058) < MCSE_BOUND * mcse


def test_programme_starts_and_months_are_in_range() -> None:
    tables = programme_tables(ProgrammeScenario(), 2)
    units, months = tables["units"], tables["unit_months"]
    assert (len(units), units["region"].nunique()) == (150, 15)
    assert units["start_month"].between("2018-05", "2019-03").all()
    assert units["start_month"].nunique() > 5
    assert (months["month"].min(), months["month"].max()) == ("2016-01", "2022-12")
    assert not months.duplicated(["unit", "month"]).any()
    assert (months["numerator"] <= months["denominator"]).all()
    assert (months["denominator"] > 0).all()
    year = months[months["month"].str.startswith("2016")].groupby("unit")[["numerator", "denominator"]].sum()
    wanted = (year["numerator"] / year["denominator"]).reindex(units["unit"]).round(4)
    assert units["baseline_uptake"].to_numpy() == pytest.approx(wanted.to_numpy(), nan_ok=True, abs=1e-12)


def test_another_programme_unit_changes_no_other_row() -> None:
    few, more = (programme_tables(ProgrammeScenario(units=units), 2) for units in (150, 151))
    for name, frame in few.items():
        kept = more[name][more[name]["unit"].isin(few["units"]["unit"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(frame, kept)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"plateau_month": "2018-06"}, "must run in this order"),
        ({"first_start": "2017-05"}, "must be after 2017"),
        ({"last_start": "2020-02", "ramp_months": 30}, "before 2022"),
        ({"units": 10}, "cannot fill"),
        ({"spread_start": 0.2, "uptake_2017": 0.3}, "lower the spread"),
    ],
)
def test_programmes_that_cannot_be_drawn_are_refused(fields: dict[str, object], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        ProgrammeScenario.model_validate(fields)


# ------------------------------------------------------------------ the simple trial


def test_simple_trial_has_its_risks_and_icc() -> None:
    trial = SimpleTrial(clusters=(1500, 1500), mean_size=50, size_cv=0.5, icc=0.08, risks=(0.3, 0.6))
    frame = simple_trial(trial, np.random.default_rng(2))
    counts = frame.groupby(["cluster", "arm"])["y"].agg(["sum", "size"]).reset_index()
    counts.columns = pd.Index(["cluster", "arm", "treated_after", "recorded_after"])
    for arm, risk in enumerate((0.3, 0.6)):
        units = counts[(counts["arm"] == arm) & (counts["recorded_after"] > 1)]
        within_mcse(uptake("after"), units, risk)
        within_mcse(icc("after"), units, 0.08)


def test_simple_trial_sizes_and_independence() -> None:
    equal = simple_trial(
        SimpleTrial(clusters=(3, 2), mean_size=7, icc=0, risks=(0.5, 0.5)), np.random.default_rng(1)
    )
    assert equal.groupby("cluster").size().tolist() == [7] * 5
    assert equal.groupby("cluster")["arm"].first().tolist() == [0, 0, 0, 1, 1]
