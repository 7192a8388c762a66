"""Panels by the public way in: what is recovered, what is refused, what must not matter, what is exported."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import precept_stats as ps
from precept_stats.errors import FitError, PlanError
from precept_stats.inference.uncertainty import point_value
from precept_stats.methods.panel_regression import PanelRegression
from precept_stats.methods.panel_rows import asked_of, panel_rows
from precept_stats.numerics.panel.imputation import impute
from precept_stats.runner import analyse
from precept_stats.values import Result
from tests.studies.series import question, series

from .test_before_after import Small, small, study
from .true_course import SCENARIO, design_of, loaded, on_its_true_course, without_noise

WITHIN = {"kind": "within_clusters"}
WINDOW = {"kind": "over_window", "interruption": "start", "from": 0, "to": 2}
IMPUTE = {"kind": "imputation", "unidentified": "leave_out"}
PLAN = "npp_panel"


def method(**changed: Any) -> PanelRegression:
    return PanelRegression.model_validate({"autocorrelation": WITHIN} | changed)


def asked(**changed: Any) -> ps.Question:
    outcome = {"column": "given", "denominator": "n", "type": "binary", "direction": "higher_better"}
    return question(outcome=outcome, **({"change": WINDOW} | changed))


def answered(data: Small, about: PanelRegression, of: dict[str, Any] | None = None, **changed: Any) -> Result:
    whole = {"before": None, "after": None, "cluster": "unit"} | changed
    return analyse(study(**whole), about, {"rows": data.frame}, asked(**(of or {})))


def panel_stat(result: Result, name: str) -> float:
    (row,) = [r for r in result.rows if r.context == "panel" and r.stat_name == name and not r.groups]
    assert isinstance(row.stat, float | int)
    return float(row.stat)


@pytest.mark.parametrize("analysis", ["imputation", "event_study", "two_way"])
def test_the_plan_says_what_is_true_and_what_is_expected_of_the_true_course(analysis: str) -> None:
    design, declared = design_of(PLAN, analysis), loaded(PLAN).plan.analyses[analysis].known_truth
    rows = panel_rows(design, True)
    inside = asked_of(design).rows(rows)
    if analysis == "imputation":
        found = impute(rows.panel, rows.treated, rows.covariates)
        inside[rows.treated] &= found.known
    effect = SCENARIO.effect * np.clip((rows.since + 1) / SCENARIO.ramp_months, 0, 1)
    assert declared is not None
    assert declared.value == pytest.approx(np.average(effect[inside], weights=rows.size[inside]), rel=1e-12)
    assert declared.expected == pytest.approx(without_noise(PLAN, analysis), rel=1e-8)


@pytest.mark.parametrize(
    "model", ["model_1", "model_2", "model_4", "model_5", "model_6", "model_7", "model_8"]
)
def test_the_ladder_says_what_is_expected_of_the_true_course(model: str) -> None:
    declared = loaded("npp_before_after").plan.analyses[model].known_truth
    assert declared is not None
    assert declared.expected == pytest.approx(without_noise("npp_before_after", model), rel=1e-8)


def test_with_parallel_trends_imputation_finds_the_truth_and_one_coefficient_does_not() -> None:
    for analysis in ("imputation", "event_study"):
        declared = loaded(PLAN).plan.analyses[analysis].known_truth
        assert declared is not None
        exact = without_noise(PLAN, analysis, regions_apart=False)
        assert exact == pytest.approx(declared.value, rel=1e-9)
    assert without_noise(PLAN, "two_way", regions_apart=False) < 0.6 * 0.0317


def test_a_cumulative_effect_is_the_average_times_the_denominators() -> None:
    data, average = small(), answered(small(), method())
    cumulative = {"kind": "cumulative", "interruption": "start", "from": 0, "to": 2}
    needed = {"number_needed": 37.0, "number_needed_source": "made up"}
    total = answered(data, method(), {"change": cumulative | needed})
    since = data.frame["period"] - data.frame["start_period"]
    people = data.frame["n"][(since >= 0) & (since <= 2)].sum()
    assert total.estimate.value == pytest.approx(average.estimate.value * people, rel=1e-12)
    (averted,) = [r for r in total.rows if r.measure == "cases_averted" and r.stat_name == "estimate"]
    assert averted.stat == pytest.approx(average.estimate.value * people / 37.0, rel=1e-12)


def test_forbidden_comparisons_are_named_and_imputation_has_none() -> None:
    data = small()
    one, other = answered(data, method()), answered(data, method(estimator=IMPUTE))
    assert [text for text in one.warnings if "forbidden comparisons" in text]
    assert one.status == "warning"
    assert panel_stat(one, "n_negative") > 0
    assert panel_stat(other, "n_negative") == panel_stat(other, "weight_elsewhere") == 0
    assert not [text for text in other.warnings if "forbidden" in text]


def test_comparisons_of_a_complete_panel_add_up_to_the_coefficient() -> None:
    result = answered(small(), method(weights={"kind": "equal"}))
    rows = [row for row in result.rows if row.group("compared_with")]
    told = {(row.group("compared_with"), row.stat_name): row.stat for row in rows}
    kinds = {kind for kind, _ in told}
    assert kinds == {"units not yet treated", "units already treated"}
    total = sum(told[kind, "weight"] * told[kind, "estimate"] for kind in kinds)
    assert total == pytest.approx(result.estimate.value, rel=1e-9)


def test_two_groups_and_two_periods_are_the_difference_of_differences() -> None:
    """The smallest panel: one date, series that it did not reach, one period on each side."""
    months = ["2018-06", "2018-07"] * 4
    frame = pd.DataFrame(
        {
            "unit": list("AABBCCDD"),
            "month": months,
            "events": [10, 20, 12, 26, 10, 12, 8, 9],
            "n": [40] * 8,
        }
    )
    about = series(
        series="unit",
        controls={"series": ["C", "D"], "levels": "pooled"},
        interruptions={
            "law": {"at": "2018-07", "effects": [{"kind": "step"}], "transition": {"kind": "none"}}
        },
    )
    with pytest.raises(ps.DataError, match="too few periods before"):
        analyse(about, method(), {"rows": frame}, question())
    early = frame[frame["month"] == "2018-06"].assign(month="2018-05")
    result = analyse(about, method(), {"rows": pd.concat([frame, early])}, question())
    assert result.estimate.value == pytest.approx(((10 + 14) - (2 + 1)) / 2 / 40, rel=1e-12)
    assert result.status == "ok"


@pytest.mark.parametrize("estimator", [{"kind": "two_way"}, {"kind": "event_study"}, IMPUTE])
def test_order_names_and_levels_of_units_and_months_do_not_matter(estimator: dict[str, Any]) -> None:
    """Rows shuffled and units renamed change nothing; nor does a level added to a unit or a month."""
    data, about = small(), method(estimator=estimator)
    one = answered(data, about)
    names = {f"U{k}": f"Z{99 - k}" for k in range(12)}
    moved = data.frame.sample(frac=1.0, random_state=3).assign(unit=lambda f: f["unit"].map(names))
    other = answered(Small(moved), about)
    assert other.estimate.value == pytest.approx(one.estimate.value, rel=1e-9)
    assert other.estimate.std_error == pytest.approx(one.estimate.std_error, rel=1e-9)


def test_effects_of_units_and_months_are_taken_out_whatever_they_are() -> None:
    design = design_of(PLAN, "imputation")
    flat = on_its_true_course(design, regions_apart=False)
    shift = np.sin(np.arange(len(design.units)))[design.row_unit] + np.cos(design.period.astype(float))
    moved = replace(flat, y=flat.y + shift, events=(flat.y + shift) * flat.size)
    for name in ("two_way", "imputation"):
        one = loaded(PLAN).plan.analyses[name].method
        assert isinstance(one, PanelRegression)
        values = [point_value(one.fit(d).uncertainty, one.targets(d)[0]) for d in (flat, moved)]
        assert values[1] == pytest.approx(values[0], abs=1e-9)


@pytest.mark.parametrize(
    ("settings", "of", "changed", "said"),
    [
        ({}, {"change": {"kind": "before_after"}}, {}, "use before_after"),
        ({}, {"change": {"kind": "slope_change", "interruption": "start"}}, {}, "it has no slope"),
        ({}, {"summary": "risk_ratio"}, {}, "no ratios"),
        ({"autocorrelation": {"kind": "up_to_lag"}}, {}, {}, "autocorrelation is said to be up_to_lag"),
        ({"reference": {"kind": "satterthwaite"}}, {}, {}, "those of the cr2 variance"),
        ({"reference": {"kind": "periods_minus_one"}}, {}, {}, "for driscoll_kraay"),
        (
            {"variance": {"kind": "driscoll_kraay"}, "autocorrelation": {"kind": "up_to_lag"}},
            {},
            {},
            "has no clusters",
        ),
        ({"estimator": IMPUTE, "variance": {"kind": "cr2"}}, {}, {}, "variance of imputation is clustered"),
        ({"estimator": IMPUTE, "beside": {"kind": "cr2"}}, {}, {}, "imputation has no CR2"),
        ({}, {}, {"weights": "n"}, "does not use the study's weights"),
    ],
)
def test_contradictions_are_refused_before_any_data_are_read(
    settings: dict[str, Any], of: dict[str, Any], changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(PlanError) as refused:
        answered(small(), method(**settings), of, **changed)
    assert said in refused.value.found


LATE = {"change": {"kind": "at_time", "interruption": "start", "time": 11}}


@pytest.mark.parametrize(
    ("settings", "of", "changed", "said"),
    [
        ({}, LATE, {}, "does not reach every period"),
        ({"estimator": {"kind": "imputation"}}, {}, {}, "no counterfactual"),
        ({"estimator": {"kind": "event_study"}, "event_window": {"lags": 2}}, {}, {}, "lies in the bin"),
        ({"estimator": {"kind": "event_study"}, "event_window": {"lags": 1}}, {}, {}, "lies"),
        ({}, {}, {"adjust": ["fixed"]}, "cannot be told from the effects"),
        ({}, {}, {"cluster": "whole"}, "one cluster"),
        (
            {"estimator": {"kind": "event_study"}, "event_window": {"leads": 20, "lags": 20}},
            {},
            {"before": {"from": -3, "to": -1}, "after": {"from": 0, "to": 3}},
            "straight line in time",
        ),
    ],
)
def test_what_cannot_be_estimated_is_refused(
    settings: dict[str, Any], of: dict[str, Any], changed: dict[str, Any], said: str
) -> None:
    data = Small(small().frame.assign(fixed=lambda f: f["start_period"] * 1.0, whole="one"))
    with pytest.raises(FitError, match=said):
        answered(data, method(**settings), of, **changed)


@pytest.mark.parametrize("estimator", [{"kind": "two_way"}, {"kind": "event_study"}, IMPUTE])
def test_an_outcome_that_does_not_vary_is_refused(estimator: dict[str, Any]) -> None:
    frame = small().frame
    for given, said in ((5, "the same in every period"), (10, "the same in every period")):
        with pytest.raises(FitError, match=said):
            answered(Small(frame.assign(n=10, given=given)), method(estimator=estimator))
    levels = frame.assign(n=100, given=lambda f: 20 + 5 * f["unit"].astype("category").cat.codes.astype(int))
    with pytest.raises(FitError, match="effects of units and periods fit the outcome without error"):
        answered(Small(levels), method(estimator=estimator))


def test_the_panel_is_exported_as_plain_columns_and_gives_the_same_answer() -> None:
    data = small()
    table = ps.panel_table(study(before=None, after=None, cluster="region"), {"rows": data.frame}, asked())
    assert len(table) == len(data.frame)
    assert table["y"].to_numpy() == pytest.approx((table["events"] / table["weight"]).to_numpy())
    since = table["period_number"] - table["first_treated"]
    assert (table["treated"] == (since >= 0)).all()
    assert (table["time_from_start"] == since).all()
    dummies = pd.get_dummies(table[["unit", "period"]].astype(str), dtype=float).to_numpy()
    X = np.column_stack([table["treated"].to_numpy(float), dummies])
    root = np.sqrt(table["weight"].to_numpy())
    by_hand = np.linalg.lstsq(root[:, None] * X, root * table["y"].to_numpy(), rcond=None)[0][0]
    assert answered(data, method()).estimate.value == pytest.approx(by_hand, rel=1e-9)


def test_silence_about_autocorrelation_is_refused() -> None:
    with pytest.raises(ValueError, match="autocorrelation"):
        PanelRegression.model_validate({"kind": "panel_regression"})
