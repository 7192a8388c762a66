"""Intervals of indices by bootstrap and posterior, changes with covariance, parts of a change, bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

import precept_stats as ps
from precept_stats.errors import DataError, PlanError

from .areas import of, one, question, study, table

HOW = ps.DisparityHow(seed=7)
TWO = ("2020", "2021")


def indices(frame: pd.DataFrame, fields: dict[str, Any] | None = None, **settings: Any) -> ps.Disparity:
    where = study(**(fields or {}))
    return ps.disparity(where, frame, question(), ps.DisparityIndices.model_validate(settings), HOW)


def width(found: ps.Disparity, measure: str, **groups: str) -> float:
    low, high = (one(found, measure, name, **groups).stat for name in ("conf_low", "conf_high"))
    assert isinstance(low, float)
    assert isinstance(high, float)
    return high - low


@pytest.mark.parametrize("measure", ["mean", "bgsd", "theil", "gini", "ratio", "par"])
def test_the_bootstrap_is_as_wide_as_the_delta_method_where_areas_are_large(measure: str) -> None:
    frame = table(10).assign(events=lambda d: d.events * 40, people=lambda d: d.people * 40)
    delta = indices(frame)
    drawn = indices(frame, intervals={"kind": "bootstrap", "replicates": 4999})
    assert width(drawn, measure) == pytest.approx(width(delta, measure), rel=0.06)
    assert one(drawn, measure).stat == one(delta, measure).stat
    assert one(drawn, measure, "conf_method").stat == "basic bootstrap"


def test_percentiles_have_the_noise_twice_and_basic_limits_take_it_away() -> None:
    frame = table(12).assign(people=40, events=lambda d: np.minimum(d.events % 12 + 6, 40))
    limits = {
        kind: indices(frame, intervals={"kind": "bootstrap", "replicates": 1999, "limits": kind})
        for kind in ("basic", "percentile")
    }
    middle = {
        kind: sum(float(one(found, "bgv", name).stat or 0) for name in ("conf_low", "conf_high")) / 2
        for kind, found in limits.items()
    }
    value = float(one(limits["basic"], "bgv").stat or 0)
    assert middle["basic"] < value < middle["percentile"]


def test_the_posterior_is_drawn_in() -> None:
    frame = table(12).assign(people=40, events=lambda d: np.minimum(d.events % 12 + 6, 40))
    found = indices(frame, intervals={"kind": "bayesian"})
    raw, corrected = float(one(found, "bgsd").stat or 0), float(one(found, "bgsd_corrected").stat or 0)
    observed = float(one(indices(frame), "bgsd").stat or 0)
    assert raw < observed
    assert abs(raw - corrected) < abs(observed - corrected) + 2.0
    assert one(found, "bgsd", "conf_level").stat_label.lower().startswith("credible")


def test_changes_of_correlated_periods_have_smaller_errors() -> None:
    frame, fields = table(10, TWO), {"period": "period"}
    alone = indices(frame, fields)
    shared = indices(frame, fields | {"period_correlation": 0.8})
    groups = {"period": "2021", "compared_with": "2020"}
    for measure in ("change_mean", "change_bgsd", "change_bgv_corrected"):
        assert width(shared, measure, **groups) < width(alone, measure, **groups)
    apart = float(one(alone, "change_mean", "std_error", **groups).stat or 0)
    each = [float(one(alone, "mean", "std_error", period=at, compared_with="").stat or 0) for at in TWO]
    assert apart == pytest.approx(math.hypot(*each))
    with pytest.raises(PlanError, match="correlated"):
        indices(frame, fields | {"period_correlation": 0.8}, intervals={"kind": "bootstrap"})


def test_a_ratio_of_indices_is_the_ratio_of_their_values() -> None:
    found = indices(table(10, TWO), {"period": "period"})
    groups = {"period": "2021", "compared_with": "2020"}
    values = [float(one(found, "bgsd", period=at, compared_with="").stat or 0) for at in TWO]
    assert one(found, "ratio_bgsd", **groups).stat == pytest.approx(values[1] / values[0])
    log_error = float(one(found, "ratio_bgsd", "std_error", **groups).stat or 0)
    errors = [float(one(found, "bgsd", "std_error", period=at, compared_with="").stat or 0) for at in TWO]
    relative = (error / value for error, value in zip(errors, values, strict=True))
    assert log_error == pytest.approx(math.hypot(*relative))


def test_the_parts_of_a_change_add_up_and_are_tested_once() -> None:
    found = indices(table(40, TWO), {"period": "period"})
    groups = {"period": "2021", "compared_with": "2020"}
    names = ("change_bgv_corrected", "change_bgv_from_mean", "change_bgv_from_spread")
    total, mean, spread = (float(one(found, name, **groups).stat or 0) for name in names)
    assert mean + spread == pytest.approx(total)
    share = one(found, "share_from_mean", **groups)
    assert share.stat == pytest.approx(mean / total) if share.stat is not None else share.status == "failed"
    tests = [row for row in of(found, "joint_test", "p_value") if row.group("compared_with")]
    assert len(tests) == 1


def test_measures_with_a_log_refuse_a_zero_and_others_stand() -> None:
    frame = table(6)
    frame.loc[0, "events"] = 0
    found = indices(frame)
    assert one(found, "mld").status == "failed"
    assert "no logarithm" in one(found, "mld").error
    assert one(found, "theil").stat is not None
    drawn = indices(frame, intervals={"kind": "bootstrap", "replicates": 499})
    assert one(drawn, "theil").stat is not None


@pytest.mark.parametrize(
    ("change", "fields", "said"),
    [
        (lambda d: d.iloc[:1], {}, "fewer than two areas"),
        (lambda d: d.assign(people=-5), {}, "denominator"),
        (lambda d: pd.concat([d, d.iloc[:1]]), {}, "more than one row"),
        (lambda d: d, {"reference": {"kind": "named", "area": "A99"}}, "reference area"),
        (lambda d: d.assign(events=d.people + 1), {}, "more events than people"),
    ],
)
def test_tables_that_do_not_hold_areas(change: Any, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        indices(change(table(5)), fields)


def test_an_area_that_is_missing_in_one_period() -> None:
    frame = table(5, TWO).iloc[:-1]
    with pytest.raises(DataError, match="not in every period"):
        indices(frame, {"period": "period"})
    found = indices(frame, {"period": "period", "incomplete": "drop"})
    assert len({row.group("area") for row in of(found, "area")}) == 4
    assert any("left out" in text for text in found.warnings)


def test_estimates_on_the_wrong_scale() -> None:
    frame = pd.DataFrame({"area": list("ABC"), "share": [12.0, 15.0, 9.0], "se": [1.0, 1.0, 1.0]})
    asked = question(column="share", denominator=None, type="continuous")
    with pytest.raises(DataError, match="scale"):
        ps.disparity(study(std_error="se", weights="equal", scale="proportion"), frame, asked)
    shares = frame.assign(share=frame.share / 100.0, se=0.01)
    found = ps.disparity(study(std_error="se", weights="equal", scale="per_cent"), shares, asked)
    assert any("is the `scale` a proportion" in text for text in found.warnings)


def test_replicates_are_enough() -> None:
    with pytest.raises(ValidationError):
        ps.DisparityIndices.model_validate({"intervals": {"kind": "bootstrap", "replicates": 20}})
    method = ps.DisparityIndices.model_validate({"intervals": {"kind": "bootstrap"}})
    with pytest.raises(PlanError, match="seed"):
        ps.disparity(study(), table(5), question(), method)
