"""Columns and effects of segmented models: against predictions made by hand, and differences of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from precept_stats.errors import FitError
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.scales import to_reader
from precept_stats.methods.series_columns import terms
from precept_stats.methods.series_effects import changes, curve, effect
from precept_stats.studies.series_design import SeriesDesign
from tests.studies.series import prepared, question, series, table

LAW = {"effects": [{"kind": "step"}, {"kind": "ramp"}], "transition": {"kind": "none"}}
SECOND = {
    "at": "2019-03",
    "effects": [{"kind": "pulse", "periods": 2}, {"kind": "decay", "half_life": 3.0}],
    "transition": {"kind": "none"},
}


def design(
    change: dict[str, Any] | None = None, frame: pd.DataFrame | None = None, **changed: Any
) -> SeriesDesign:
    asked = dict(change or {"kind": "level_change", "interruption": "law"})
    summary = asked.pop("summary", "risk_difference")
    about = question(change=asked, summary=summary)
    return prepared(table(36) if frame is None else frame, series(**changed), about).design


def both(**law: Any) -> dict[str, Any]:
    return {"interruptions": {"law": {"at": "2018-07"} | LAW | law, "tax": SECOND}}


def test_the_columns_are_those_written_by_hand() -> None:
    found = terms(design(**both()))
    t = np.arange(-18.0, 18.0)
    by_hand = {
        "intercept": np.ones(36),
        "time": t,
        "step[law]": (t >= 0) * 1.0,
        "ramp[law]": np.where(t >= 0, t, 0.0),
        "pulse[tax]": ((t >= 8) & (t < 10)) * 1.0,
        "decay[tax]": np.where(t >= 8, 0.5 ** (np.maximum(t - 8, 0) / 3.0), 0.0),
    }
    assert found.names == tuple(by_hand)
    assert pytest.approx(np.column_stack(list(by_hand.values()))) == found.X
    assert found.belongs == ("", "", "law", "law", "tax", "tax")


def test_other_codings_of_a_ramp_move_the_step_by_one_slope() -> None:
    y = np.linspace(0.2, 0.5, 36) + 0.1 * (np.arange(36) >= 18) * np.arange(36) / 36
    zero, one = (terms(design(coding={"interrupted_period": "after", "ramp_from": k})).X for k in (0, 1))
    at_zero, at_one = (np.linalg.lstsq(X, y, rcond=None)[0] for X in (zero, one))
    assert at_zero[2] == pytest.approx(at_one[2] + at_one[3])
    assert at_zero[[0, 1, 3]] == pytest.approx(at_one[[0, 1, 3]])
    before = terms(design(coding={"interrupted_period": "before", "ramp_from": 0})).X
    assert before[:, 2].sum() == zero[:, 2].sum() - 1


def test_a_phased_transition_rises_evenly_and_dummies_leave_out_the_first_season() -> None:
    phased = terms(design(**both(transition={"kind": "phased", "periods": 3}))).X[:, 2]
    assert phased[17:23] == pytest.approx([0.0, 0.25, 0.5, 0.75, 1.0, 1.0])
    names = terms(design(seasonality={"kind": "month_dummies"})).names
    assert names[-11:] == tuple(f"season[{month}]" for month in range(2, 13))
    assert terms(design(seasonality={"kind": "fourier", "pairs": 6})).names[-11:] == (
        *(f"{wave}[{k}]" for k in range(1, 6) for wave in ("sin", "cos")),
        "cos[6]",
    )


MEAN = {"identity": lambda x: x, "log": np.exp, "logit": lambda x: 1 / (1 + np.exp(-x))}
ASKED = [
    {"kind": "at_time", "interruption": "law", "time": 6},
    {"kind": "at_time", "interruption": "law", "time": 6, "summary": "risk_ratio"},
    {"kind": "at_time", "interruption": "law", "time": 6, "summary": "odds_ratio"},
    {"kind": "over_window", "interruption": "law", "from": 2, "to": 9},
    {"kind": "over_window", "interruption": "law", "from": 2, "to": 9, "summary": "risk_ratio"},
    {"kind": "cumulative", "interruption": "law", "from": 0, "to": 11},
    {"kind": "at_time", "interruption": "tax", "time": 1},
]


def numeric_gradient(quantity: Quantity, params: np.ndarray) -> np.ndarray:
    steps = 1e-6 * np.eye(len(params))
    return np.array([(quantity.value(params + h) - quantity.value(params - h)) / 2e-6 for h in steps])


@pytest.mark.parametrize("link", MEAN)
@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: f"{asked['kind']}-{asked.get('summary', '')}")
def test_an_effect_is_prediction_with_against_prediction_without(asked: dict[str, Any], link: Any) -> None:
    one = design(asked, table(36, n=np.arange(36) + 40), **both())
    found = terms(one)
    params = np.array([0.4, 0.004, 0.05, 0.003, 0.02, 0.01, 0.7])
    quantity = effect(one, found, link)
    start = 0 if asked["interruption"] == "law" else 8
    first, last = asked.get("from", asked.get("time")), asked.get("to", asked.get("time"))
    rows = (one.time - start >= first) & (one.time - start <= last)
    gone = np.array([owner == asked["interruption"] for owner in found.belongs])
    weights = one.size[rows]
    fitted = np.average(MEAN[link](found.X[rows] @ params[:6]), weights=weights)
    without = np.average(MEAN[link](found.X[rows] @ (params[:6] * ~gone)), weights=weights)
    odds = lambda p: p / (1 - p)  # noqa: E731
    expected = {
        "risk_ratio": fitted / without,
        "odds_ratio": odds(fitted) / odds(without) if link != "log" or fitted < 1 else np.nan,
    }.get(
        asked.get("summary", ""), (fitted - without) * (weights.sum() if asked["kind"] == "cumulative" else 1)
    )
    if np.isnan(expected):
        with pytest.raises(FitError, match="counterfactual that is no"):
            quantity.value(params)
        return
    assert to_reader(quantity.scale, quantity.value(params)) == pytest.approx(expected, rel=1e-12)
    assert quantity.gradient(params) == pytest.approx(numeric_gradient(quantity, params), rel=1e-5, abs=1e-7)


def test_level_and_slope_are_coefficients_and_every_change_is_told() -> None:
    params = np.array([0.4, 0.004, 0.05, 0.003, 0.02, 0.01])
    for kind, place in (("level_change", 2), ("slope_change", 3)):
        one = design({"kind": kind, "interruption": "law"}, **both())
        assert effect(one, terms(one), "identity").value(params) == params[place]
        assert effect(one, terms(one), "log").scale == "log"
    one = design(**both())
    told = {(q.measure, q.contrast): q.value(params) for q in changes(one, terms(one), "identity")}
    assert told == {
        ("level_change", "law"): 0.05,
        ("slope_change", "law"): 0.003,
        ("pulse_change", "tax"): 0.02,
        ("decaying_change", "tax"): 0.01,
    }


def test_cases_averted_are_events_over_the_declared_number_needed() -> None:
    asked = {
        "kind": "cumulative",
        "interruption": "law",
        "from": 0,
        "to": 11,
        "number_needed": 37.0,
        "number_needed_source": "declared here",
    }
    one = design(asked)
    found, params = terms(one), np.array([0.4, 0.004, 0.05, 0.003])
    events, cases = effect(one, found, "identity"), changes(one, found, "identity")[-1]
    assert cases.measure == "cases_averted"
    assert cases.value(params) == pytest.approx(events.value(params) / 37.0)


def test_of_controlled_series_only_what_goes_beyond_the_controls_is_an_effect() -> None:
    frame = pd.concat([table(36).assign(nation=name) for name in ("England", "Scotland", "Wales")])
    frame["events"] += (np.arange(108) * 7) % 5
    for levels, names in (("pooled", 8), ("own", 10)):
        controls = {"series": ["Scotland", "Wales"], "levels": levels}
        one = design(None, frame, series="nation", controls=controls)
        found = terms(one)
        assert len(found.names) == names
        assert [n for n, o in zip(found.names, found.belongs, strict=True) if o] == [
            "treated:step[law]",
            "treated:ramp[law]",
        ]
        beta = np.linalg.lstsq(found.X, one.y, rcond=None)[0]
        jump = {}
        for nations in (["England"], ["Scotland", "Wales"]):
            t = np.tile(np.arange(-18.0, 18.0), len(nations))
            y = np.concatenate([one.y[one.row_unit == one.units.index(name)] for name in nations])
            X = np.column_stack([np.ones_like(t), t, t >= 0, np.maximum(t, 0)])
            jump[nations[0]] = np.linalg.lstsq(X, y, rcond=None)[0][2]
        expected = jump["England"] - jump["Scotland"]
        assert effect(one, found, "identity").value(beta) == pytest.approx(expected)


def test_the_counterfactual_curve_is_the_fitted_one_without_the_interruption() -> None:
    one = design()
    found, params = terms(one), np.array([0.4, 0.004, 0.05, 0.003])
    points = curve(one, found, "identity")
    at = {(point.curve, point.label): point.quantity.value(params) for point in points}
    assert at["fitted", "2018-09"] - at["counterfactual", "2018-09"] == pytest.approx(0.05 + 2 * 0.003)
    assert ("counterfactual", "2018-06") not in at


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"kind": "at_time", "interruption": "law", "time": 40}, "does not reach"),
        ({"kind": "over_window", "interruption": "law", "from": 10, "to": 30}, "does not reach"),
        ({"kind": "slope_change", "interruption": "tax"}, "no ramp"),
        ({"kind": "before_after"}, "no mean before and after"),
    ],
)
def test_what_the_series_or_the_model_cannot_tell_is_refused(asked: dict[str, Any], said: str) -> None:
    one = design(asked, **both())
    with pytest.raises(FitError, match=said):
        effect(one, terms(one), "identity")


def test_terms_that_cannot_be_told_apart_are_named() -> None:
    with pytest.raises(FitError) as refused:
        terms(design(interruptions={"law": {"at": "2018-07"} | LAW, "tax": {"at": "2018-07"} | LAW}))
    assert "step[tax], ramp[tax]" in refused.value.found
