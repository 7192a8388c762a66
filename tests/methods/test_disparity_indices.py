"""Indices of disparity from tables to rows: held to R through the whole way, and read as they are meant."""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from scipy import stats

import precept_stats as ps
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods.disparity_areas import period_of
from precept_stats.methods.disparity_indices import DisparityIndices
from precept_stats.studies.region_design import AreaQuestion
from precept_stats.studies.region_tables import prepare_regions
from precept_stats.studies.regions import Regions
from precept_stats.values import Disparity, Row

NUMBERS = Path(__file__).resolve().parents[1] / "numerics" / "inequality"
EXPECTED = json.loads((NUMBERS / "expected.json").read_text(encoding="utf-8"))
OTHER_NAMES = {"ti_x1000": "theil", "mld_x1000": "mld", "range": "difference", "weighted_mean": "mean"}
OTHER_NAMES |= {"gini_weighted": "gini"}
FIVE = (
    "preterm_lt37",
    "breast_milk_first_feed",
    "skin_to_skin_1h_term",
    "apgar_0_6_term",
    "most_deprived_decile",
)

Z = 1.959963984540054


def asked(direction: str = "lower_better", **outcome: Any) -> AreaQuestion:
    told = {"column": "events", "denominator": "births", "type": "binary", "direction": direction} | outcome
    return AreaQuestion(ps.Population(of="areas"), ps.Outcome.model_validate(told))


def study(**fields: Any) -> Regions:
    return Regions.model_validate({"area": "area", "scale": "per_cent"} | fields)


def frame(**changed: Any) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "area": list("ABCDE"),
        "events": [90, 160, 210, 330, 510],
        "births": [900, 1100, 1500, 1800, 2400],
        "rank": [1, 2, 3, 4, 5],
    }
    return pd.DataFrame(columns | changed)


def numbers(found: Disparity, **groups: str) -> dict[tuple[str, str], Any]:
    return {
        (row.measure, row.stat_name): row.stat
        for row in found.rows
        if row.context == "disparity" and dict(row.groups) == groups
    }


def rows_called(found: Disparity, measure: str, stat_name: str = "estimate") -> list[Row]:
    return [row for row in found.rows if (row.measure, row.stat_name) == (measure, stat_name)]


@pytest.mark.parametrize("indicator", ["preterm_lt37", "breast_milk_first_feed"])
def test_maternity_regions_over_three_years_are_those_of_r(indicator: str) -> None:
    if "PRECEPT_DATA" not in os.environ:
        pytest.skip("the maternity data do not ship; PRECEPT_DATA is not set")
    found = _maternity("Region", indicator)
    for name, case in EXPECTED.items():
        if not name.startswith(f"msds_region_{indicator}_"):
            continue
        ours = numbers(found, period=name.rsplit("_", 1)[1])
        for other, value in case["own"].items():
            measure = OTHER_NAMES.get(other, other)
            assert ours[measure, "estimate"] == pytest.approx(value, rel=1e-10)
            if other in case["own_delta_se"]:
                assert ours[measure, "std_error"] == pytest.approx(case["own_delta_se"][other], rel=1e-8)
        assert ours["tau", "estimate"] == pytest.approx(case["metafor"]["tau2_REML"] ** 0.5, rel=1e-4)


def _maternity(level: str, indicator: str, **fields: Any) -> Disparity:
    data = pd.read_csv(Path(os.environ["PRECEPT_DATA"]) / "msds_indicators.csv")
    where = (
        {"column": "Org_Level", "equals": level},
        {"column": "indicator", "equals": indicator},
        {"column": "denominator", "above": 0},
    )
    favourable = indicator in ("breast_milk_first_feed", "skin_to_skin_1h_term")
    outcome = ps.Outcome(
        column="numerator",
        denominator="denominator",
        type="binary",
        direction="higher_better" if favourable else "lower_better",
    )
    question = AreaQuestion(ps.Population.model_validate({"of": "msds", "where": where}), outcome)
    asked_of = Regions.model_validate({"area": "Org_Code", "period": "Period", "scale": "per_cent"} | fields)
    return ps.disparity(asked_of, data, question)


def test_trusts_with_rounded_counts_over_three_years() -> None:
    if "PRECEPT_DATA" not in os.environ:
        pytest.skip("the maternity data do not ship; PRECEPT_DATA is not set")
    start = time.perf_counter()
    every = [_maternity("Provider", name, rounded_to=5, incomplete="drop") for name in FIVE]
    taken = time.perf_counter() - start
    assert taken < 10.0, f"{taken:.1f} s with reading and all rows; about 1 s on one core that is free"
    for found in every:
        ours = numbers(found, period="2022-23")
        assert 0.0 < ours["bgv_corrected", "estimate"] < ours["bgv", "estimate"]
        assert ours["bgv_corrected", "conf_low"] < ours["bgv_corrected", "estimate"]
        change = numbers(found, period="2022-23", compared_with="2020-21")
        assert {"change_bgv_corrected", "change_gini"} <= {measure for measure, _ in change}
        assert all(math.isfinite(row.stat) for row in found.rows if isinstance(row.stat, float))


def test_counties_with_no_deaths() -> None:
    counties = pd.read_csv(NUMBERS / "nc_sids.csv")
    question = asked(column="SID74", denominator="BIR74", type="count")
    found = ps.disparity(study(area="county", scale="per_1000"), counties, question)
    ours, theirs = numbers(found), EXPECTED["nc_sids_74"]
    for other, value in theirs["own"].items():
        if value is not None:
            assert ours[OTHER_NAMES.get(other, other), "estimate"] == pytest.approx(value, rel=1e-10)
    assert ours["tau", "estimate"] == pytest.approx(theirs["metafor"]["tau2_REML"] ** 0.5, rel=1e-4)
    (mld,) = rows_called(found, "mld")
    assert (mld.stat, mld.status) == (None, "failed")
    assert "13 areas have an estimate of 0" in mld.error
    (theil,) = rows_called(found, "theil")
    assert theil.status == "warning"
    assert ("theil", "std_error") not in ours
    assert "wagstaff" not in {row.measure for row in found.rows}


def test_what_is_compared_by_each_reference() -> None:
    def compared(**fields: Any) -> tuple[str, float]:
        (row,) = rows_called(ps.disparity(study(**fields), frame(), asked()), "difference")
        assert isinstance(row.stat, float)
        return row.term, row.stat

    share = 100 * np.array([90, 160, 210, 330, 510]) / np.array([900, 1100, 1500, 1800, 2400])
    assert compared() == ("E - A", pytest.approx(share[4] - share[0]))
    assert compared(reference={"kind": "worst"}) == ("E - A", pytest.approx(share[4] - share[0]))
    assert compared(reference={"kind": "named", "area": "C"}) == ("E - C", pytest.approx(share[4] - share[2]))
    assert compared(reference={"kind": "largest"}) == ("D - E", pytest.approx(share[3] - share[4]))
    national = compared(reference={"kind": "national"})
    assert national == ("E - mean of all", pytest.approx(share[4] - 100 * 1300 / 7700))
    assert compared(rank="rank") == ("A - E", pytest.approx(share[0] - share[4]))
    turned = ps.disparity(study(), frame(), asked("higher_better"))
    assert rows_called(turned, "difference")[0].term == "E - A"
    ordered = ps.disparity(study(rank="rank"), frame(), asked("higher_better"))
    assert rows_called(ordered, "difference")[0].term == "E - A"
    assert rows_called(ordered, "difference")[0].warning == ""
    assert "chosen by their estimates" in rows_called(turned, "difference")[0].warning


def test_areas_that_share_the_highest_rank_are_compared_together() -> None:
    found = ps.disparity(study(rank="rank"), frame(rank=[1, 1, 2, 3, 3]), asked("higher_better"))
    (row,) = rows_called(found, "difference")
    assert row.term == "rank 3 - rank 1"
    assert row.stat == pytest.approx(100 * (840 / 4200 - 250 / 2000))


def test_an_interval_comes_from_the_estimate_and_its_error() -> None:
    ours = numbers(ps.disparity(study(), frame(), asked()))
    for name in ("difference", "bgv", "gini", "par"):
        value, error = ours[name, "estimate"], ours[name, "std_error"]
        assert ours[name, "conf_low"] == pytest.approx(value - Z * error)
        assert ours[name, "conf_high"] == pytest.approx(value + Z * error)
    value, error = ours["ratio", "estimate"], ours["ratio", "std_error"]
    assert ours["ratio", "conf_high"] == pytest.approx(value * math.exp(Z * error))
    assert not [row for row in ps.disparity(study(), frame(), asked()).rows if row.stat_name == "df"]


def test_changes_are_of_the_same_areas_and_their_errors_add_up() -> None:
    later = frame(events=[95, 150, 220, 300, 430])
    both = pd.concat([frame().assign(year=2021), later.assign(year=2022), frame().assign(year=2023)])
    found = ps.disparity(study(period="year"), both, asked())
    first, second = (numbers(found, period=year) for year in ("2021", "2022"))
    change = numbers(found, period="2022", compared_with="2021")
    for name in ("bgv", "theil", "difference"):
        assert change[f"change_{name}", "estimate"] == pytest.approx(
            second[name, "estimate"] - first[name, "estimate"]
        )
        assert change[f"change_{name}", "std_error"] == pytest.approx(
            math.hypot(second[name, "std_error"], first[name, "std_error"])
        )
    ratio = change["change_ratio", "estimate"]
    assert ratio == pytest.approx(second["ratio", "estimate"] / first["ratio", "estimate"])
    nothing = numbers(found, period="2023", compared_with="2021")
    assert nothing["change_bgv", "estimate"] == pytest.approx(0.0, abs=1e-12)
    step = ps.disparity(study(period="year"), both, asked(), DisparityIndices(changes="consecutive"))
    assert numbers(step, period="2023", compared_with="2022")
    none = ps.disparity(study(period="year"), both, asked(), DisparityIndices(changes="none"))
    assert not [row for row in none.rows if row.group("compared_with")]


def test_measures_that_are_named_and_no_others() -> None:
    method = DisparityIndices(measures=("gini", "aci"), corrected=False)
    found = ps.disparity(study(), frame(), asked(), method)
    assert {row.measure for row in found.rows if row.context == "disparity"} == {
        "gini", "aci", "tau", "i2", "expected_range"
    }  # fmt: skip
    assert "no order" in rows_called(found, "aci")[0].error
    with pytest.raises(ValidationError):
        DisparityIndices(measures=("gini", "gini"))
    with pytest.raises(ValidationError):
        DisparityIndices.model_validate({"measures": ["bgw"]})


def test_the_method_is_a_fit_and_its_targets() -> None:
    both = pd.concat([frame().assign(year=2021), frame(events=[95, 150, 220, 300, 430]).assign(year=2022)])
    table = ps.load_table(both, None, "areas")
    design = prepare_regions(study(period="year", rank="rank"), {"areas": table}, asked()).design
    method = DisparityIndices()
    fit, targets = method.fit(design), method.targets(design)
    assert len(targets) == 2 * len(method.chosen(design))
    for quantity in targets:
        params, step = fit.uncertainty.params, 1e-6
        moved = np.array(
            [
                (quantity.value(params + step * one) - quantity.value(params - step * one)) / (2 * step)
                for one in np.eye(len(params))
            ]
        )
        size = np.abs(moved).max()
        assert quantity.gradient(params) == pytest.approx(moved, rel=1e-5, abs=1e-6 * size), quantity.measure
        assert estimate(fit.uncertainty, quantity, 0.95).df is None


def test_the_highest_rank_as_reference_of_the_attributable_risk() -> None:
    found = ps.disparity(study(rank="rank", reference={"kind": "highest_rank"}), frame(), asked())
    (par,) = rows_called(found, "par")
    assert par.term == "from E"
    assert par.stat == pytest.approx(100 * (510 / 2400 - 1300 / 7700))
    (none,) = rows_called(ps.disparity(study(reference={"kind": "national"}), frame(), asked()), "par")
    assert "0 by definition" in none.error


def test_what_is_measured_from_an_area_chosen_by_its_estimate_says_so() -> None:
    best = ps.disparity(study(), frame(), asked())
    named = ps.disparity(study(reference={"kind": "named", "area": "B"}), frame(), asked())
    for measure in ("mdbu", "mdbw", "mdru", "mdrw", "par", "paf"):
        assert "chosen by its estimate" in rows_called(best, measure)[0].warning
        assert ("chosen" in rows_called(named, measure)[0].warning) == measure.startswith("mdb")
    assert not rows_called(best, "mdmw")[0].warning


def test_equal_areas_have_a_warning_in_place_of_a_number() -> None:
    even = frame(events=[90, 110, 150, 180, 240])
    found = ps.disparity(study(), even, asked())
    (spread,) = rows_called(found, "bgsd")
    assert "no usable standard error" in spread.warning
    (corrected,) = rows_called(found, "bgv_corrected")
    assert isinstance(corrected.stat, float)
    assert corrected.stat < 0.0
    assert "less than their sampling error" in corrected.warning
    (sd,) = rows_called(found, "bgsd_corrected")
    assert sd.stat == 0.0


def test_areas_have_intervals_of_their_own_and_counts_that_the_gate_knows() -> None:
    found = ps.disparity(study(), frame(), asked())
    mine = {row.stat_name: row for row in found.rows if row.context == "area" and row.group("area") == "A"}
    assert mine["estimate"].stat == pytest.approx(10.0)
    assert (mine["n"].stat, mine["N"].stat) == (90, 900)
    assert {mine["n"].unit, mine["N"].unit} == {"individuals"}
    for name in ("conf_low", "conf_high"):
        limit = mine[name].stat / 100
        assert (0.1 - limit) ** 2 == pytest.approx(Z**2 * limit * (1 - limit) / 900)
    rounded = ps.disparity(study(rounded_to=5), frame(), asked())
    wider = {row.stat_name: row.stat for row in rounded.rows if row.group("area") == "A"}
    assert wider["conf_low"] < mine["conf_low"].stat
    rates = ps.disparity(study(scale="per_1000"), frame(), asked(type="count"))
    rate = {row.stat_name: row.stat for row in rates.rows if row.group("area") == "A"}
    assert stats.poisson.sf(89, 0.9 * rate["conf_low"]) == pytest.approx(0.025)
    assert stats.poisson.cdf(90, 0.9 * rate["conf_high"]) == pytest.approx(0.025)
    assert rate["conf_method"] == "exact Poisson interval"


def test_a_result_shows_itself() -> None:
    found = ps.disparity(study(), frame().assign(data_origin="synthetic"), asked())
    assert found.synthetic
    page = found._repr_html_()
    assert "Not disclosure-checked" in page
    assert "Synthetic data." in page
    assert "gini" in repr(found)
    none = ps.disparity(study(), frame(events=[0, 110, 150, 180, 240]), asked())
    assert "warning: 1 of 5 areas have no events" in repr(none)


def test_best_and_worst_hold_the_ends_of_the_order() -> None:
    table = ps.load_table(frame(), None, "areas")
    design = prepare_regions(study(), {"areas": table}, asked()).design
    period = period_of(design, 0)
    assert (period.reference, period.contrast, period.chosen) == ("A", ("E", "A"), True)
