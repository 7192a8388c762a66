"""Models of one series by the public way in: what they refuse, flag, simulate, and ask of placebo dates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from precept_stats.errors import DataError, FitError
from precept_stats.inference.asymptotic import Asymptotic
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods.segmented_regression import SegmentedRegression
from precept_stats.methods.series_placebo import before_only, moved_to
from precept_stats.methods.series_rows import points_of, unit_root_warning
from precept_stats.methods.six_methods import LABELS, SixMethods
from precept_stats.studies.series_design import SeriesDesign
from tests.studies.series import STEP, prepared, question, series, table

LEVEL = {"kind": "level_change", "interruption": "law"}
REML = {"kind": "reml_ar1", "df": {"kind": "satterthwaite"}}
LEAST = {"kind": "independent"}


def noisy(count: int = 36, seed: int = 4, phi: float = 0.3) -> pd.DataFrame:
    """Shares that rise a little, with autocorrelated errors and no change at the law."""
    rng = np.random.default_rng(seed)
    errors = np.zeros(count)
    for t in range(1, count):
        errors[t] = phi * errors[t - 1] + rng.normal(0, 1.5)
    return table(count, n=np.full(count, 200), events=np.round(60 + 0.3 * np.arange(count) + errors))


def design(frame: pd.DataFrame | None = None, change: dict[str, Any] = LEVEL, **changed: Any) -> SeriesDesign:
    summary = changed.pop("summary", "risk_difference")
    about = question(change=change, summary=summary)
    return prepared(noisy() if frame is None else frame, series(**changed), about).design


def method(model: dict[str, Any], **settings: Any) -> SegmentedRegression:
    return SegmentedRegression.model_validate({"autocorrelation": model} | settings)


def objections(model: dict[str, Any], change: dict[str, Any], summary: str, **settings: Any) -> str:
    study, about = series(), question(change=change, summary=summary)
    return " ".join(method(model, **settings).objections(study, about))


POISSON = {"kind": "quasi_poisson", "residuals": {"kind": "independent"}}
BINOMIAL = {"kind": "quasi_binomial", "residuals": {"kind": "independent"}}
AT = {"kind": "at_time", "interruption": "law", "time": 3}
WINDOW = {"kind": "over_window", "interruption": "law"}
DIFFERENCED = {"kind": "arima", "order": [0, 1, 1]}


@pytest.mark.parametrize(
    ("model", "change", "summary", "words"),
    [
        (LEAST, {"kind": "before_after"}, "risk_difference", "for before against after use before_after"),
        (LEAST, LEVEL, "risk_ratio", "a level_change of a linear model is a difference"),
        (POISSON, LEVEL, "risk_difference", "a level_change on the log scale is a ratio"),
        (BINOMIAL, LEVEL, "risk_ratio", "on the logit scale is an odds ratio"),
        (POISSON, LEVEL, "odds_ratio", "a ratio of rates or risks, not of odds"),
        (DIFFERENCED, AT, "risk_ratio", "differenced errors have no level"),
    ],
)
def test_what_a_model_cannot_answer_is_said_beforehand(
    model: dict[str, Any], change: dict[str, Any], summary: str, words: str
) -> None:
    assert words in objections(model, change, summary)


PASSING = [{"kind": "step"}, {"kind": "decay", "half_life": 3.0}]
PULSE = [{"kind": "step"}, {"kind": "ramp"}, {"kind": "pulse", "periods": 2}]
PHASED = {"transition": {"kind": "phased", "periods": 6}}


@pytest.mark.parametrize(
    ("law", "words", "told"),
    [
        ({"effects": PASSING}, "with a decay the step is not", "law, what stays"),
        ({"effects": PULSE}, "with a pulse the step is not", "law, what stays"),
        (PHASED, "with a step that is phased in the step is not", "law, once phased in"),
    ],
)
def test_a_step_that_is_not_the_level_of_the_first_period_is_no_change_of_level(
    law: dict[str, Any], words: str, told: str
) -> None:
    interruptions = {"law": {"at": "2018-07"} | STEP | law}
    study, least = series(interruptions=interruptions), method(LEAST)
    (said,) = least.objections(study, question())
    assert words in said
    assert "`at_time: 0`" in said
    first = AT | {"time": 0}
    assert least.objections(study, question(change=first)) == ()
    one = design(change=first, interruptions=interruptions)
    fit = least.fit(one)
    steps = [change for change in fit.changes if change.measure == "level_change"]
    assert [step.contrast for step in steps] == [told]
    assert isinstance(fit.uncertainty, Asymptotic)
    params = fit.uncertainty.params
    (at_first,) = least.targets(one)
    assert abs(at_first.value(params) - steps[0].value(params)) > 1e-4


@pytest.mark.parametrize("side", ["before", "excluded"])
@pytest.mark.parametrize("change", [AT | {"time": 0}, WINDOW | {"from": 0, "to": 5}])
def test_a_time_without_an_effect_by_the_coding_is_refused(side: str, change: dict[str, Any]) -> None:
    study = series(coding={"interrupted_period": side, "ramp_from": 0})
    (said,) = method(LEAST).objections(study, question(change=change))
    assert "no effect in period 0 as time is coded" in said
    assert (
        method(LEAST).objections(study, question(change=change | {"time": 1} if "time" in change else LEVEL))
        == ()
    )


def test_the_treated_series_is_judged_by_its_own_points() -> None:
    england = noisy().iloc[:19].assign(nation="England")
    others = [noisy(seed=seed).assign(nation=name) for seed, name in ((5, "Scotland"), (6, "Wales"))]
    frame = pd.concat([england, *others])
    controls = {"series": ["Scotland", "Wales"], "levels": "own"}
    law = {"at": "2018-07", "effects": [{"kind": "step"}], "transition": {"kind": "none"}}
    one = design(frame, series="nation", controls=controls, interruptions={"law": law})
    fit = method(LEAST).fit(one)
    assert fit.status == "warning"
    assert "1 point after the interruption: fewer than the three that EPOC asks for" in fit.warnings


def test_the_first_period_with_the_change_is_asked_for_as_time_is_coded() -> None:
    study = series(
        interruptions={"law": {"at": "2018-07"} | STEP | PHASED},
        coding={"interrupted_period": "before", "ramp_from": 0},
    )
    assert "`at_time: 1`" in method(LEAST).objections(study, question())[0]


def test_what_it_can_answer_is_not_objected_to() -> None:
    for model, change, summary in (
        (LEAST, LEVEL, "risk_difference"),
        (LEAST, AT, "odds_ratio"),
        (POISSON, LEVEL, "risk_ratio"),
        (BINOMIAL, AT, "risk_difference"),
        (DIFFERENCED, AT, "risk_difference"),
    ):
        assert objections(model, change, summary) == ""
    boot = {"interval": {"kind": "bootstrap"}}
    assert "order [1, 0, 0]" in objections(DIFFERENCED, LEVEL, "risk_difference", **boot)


def test_autocorrelation_has_to_be_named() -> None:
    with pytest.raises(ValueError, match="autocorrelation"):
        SegmentedRegression.model_validate({"kind": "segmented_regression"})
    with pytest.raises(ValueError, match="answer"):
        SixMethods.model_validate({"autocorrelation": {"kind": "first_order"}})


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"order": [1, 0, 0], "seasonal": [1, 0, 0]}, "go together"),
        ({"order": [-1, 0, 0]}, "0 or more"),
        ({"order": [4, 0, 3]}, "more than 6"),
    ],
)
def test_impossible_orders_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        method({"kind": "arima"} | settings)


def test_one_point_after_cannot_tell_level_from_slope() -> None:
    with pytest.raises(DataError, match="too few periods after the interruption"):
        design(noisy(19))
    late = moved_to(design(), 17)
    with pytest.raises(FitError, match="cannot be told apart") as caught:
        method(LEAST).fit(late)
    assert "ramp[law]" in caught.value.found


@pytest.mark.parametrize(
    "model", [LEAST, {"kind": "reml_ar1"}, {"kind": "quasi_binomial", "residuals": {"kind": "independent"}}]
)
@pytest.mark.parametrize(
    ("events", "problem"), [(20, "the same in every period"), (range(4, 40), "without error")]
)
def test_an_outcome_that_leaves_no_error_is_no_answer(model: dict, events: object, problem: str) -> None:
    """A constant would otherwise be estimated as 0 within rounding, with an interval."""
    if model["kind"] == "quasi_binomial" and not isinstance(events, int):
        pytest.skip("a straight line of shares is none of log odds")
    frame = noisy(36)
    frame = frame.assign(events=list(events) if isinstance(events, range) else events, n=50)
    with pytest.raises(FitError, match=problem):
        method(model).fit(design(frame))


def test_short_series_are_flagged() -> None:
    frame = noisy(36).iloc[10:20]
    fit = method(LEAST).fit(design(frame))
    assert fit.status == "warning"
    said = " ".join(fit.warnings)
    assert "10 points is too short" in said
    assert "2 points after the interruption" in said


def test_too_few_points_for_the_terms_are_refused() -> None:
    frame = noisy(36).iloc[16:20]
    with pytest.raises(FitError, match="too few points"):
        method(LEAST).fit(design(frame))


def test_a_random_walk_is_flagged_as_a_unit_root() -> None:
    steps = np.random.default_rng(2).normal(0, 1.5, 60)
    smooth = np.convolve(steps, [1.0, 0.8, 0.5], mode="same")
    walk = table(60, n=np.full(60, 500), events=np.round(250 + np.cumsum(smooth)))
    fit = method(REML).fit(design(walk))
    assert fit.status == "boundary"
    assert "unit root" in " ".join(fit.warnings)
    assert "near a unit root" in " ".join(unit_root_warning(0.95))
    assert unit_root_warning(0.85) == ()


def test_differenced_errors_give_changes_and_no_curve() -> None:
    fit = method(DIFFERENCED).fit(design())
    assert fit.curve == ()
    assert len(fit.changes) == 2
    assert method(LEAST).fit(design()).curve


def test_weights_of_a_linear_model_are_those_of_weighted_least_squares() -> None:
    plain = design()
    weights = np.linspace(0.5, 2.0, len(plain.y))
    weighted = replace(plain, weights=weights)
    found = method(LEAST).fit(weighted).uncertainty
    X = points_of(plain, "unit").X
    by_hand = np.linalg.solve(X.T @ (weights[:, None] * X), X.T @ (weights * plain.y))
    assert found.params == pytest.approx(by_hand, rel=1e-9)


@pytest.mark.parametrize(
    "model",
    [
        {"kind": "newey_west", "lag": {"kind": "fixed", "periods": 2}},
        {"kind": "prais_winsten"},
        {"kind": "negative_binomial", "residuals": {"kind": "independent"}},
        BINOMIAL,
    ],
)
def test_simulated_series_give_intervals_near_those_of_the_delta_method(model: dict[str, Any]) -> None:
    """The bootstrap allows for the autocorrelation being estimated: it is somewhat wider, never wild."""
    change = {"kind": "over_window", "interruption": "law", "from": 0, "to": 5}
    d = design(change=change)
    delta, boot = method(model), method(model, interval={"kind": "bootstrap", "replicates": 299})
    one, other = delta.fit(d), boot.fit(d, Seed(1))
    asked = delta.targets(d)[0]
    plain, drawn = (estimate(fit.uncertainty, asked, 0.95) for fit in (one, other))
    assert drawn.value == pytest.approx(plain.value)
    widths = [answer.interval.upper - answer.interval.lower for answer in (plain, drawn)]
    assert 0.8 < widths[1] / widths[0] < 1.8
    again = boot.fit(d, Seed(1))
    assert estimate(again.uncertainty, asked, 0.95) == drawn


def test_the_bootstrap_needs_a_seed() -> None:
    boot = method(LEAST, interval={"kind": "bootstrap"})
    assert boot.needs_seed
    assert not method(LEAST).needs_seed
    with pytest.raises(FitError, match="seed"):
        boot.fit(design())


def test_placebo_dates_are_the_same_model_on_the_points_before() -> None:
    d = design()
    fit = method(LEAST, placebo={"kind": "dates", "margin": 5}).fit(d)
    rows = [fact for fact in fit.facts if fact.context == "placebo"]
    dates = {dict(fact.groups)["period"] for fact in rows if fact.groups}
    told = {fact.name: fact.stat for fact in rows if not fact.groups}
    assert told["dates"] == len(dates) == 18 - 2 * 5 + 1
    before = before_only(d)
    assert len(before.y) == 18
    moved = moved_to(before, -8)
    assert list(moved.time) == list(range(-10, 8))
    alone = estimate(method(LEAST).fit(moved).uncertainty, method(LEAST).targets(moved)[0], 0.95)
    shown = {fact.name: fact.stat for fact in rows if dict(fact.groups).get("period") == "2017-11"}
    assert shown["estimate"] == pytest.approx(alone.value)
    assert shown["p_value"] == pytest.approx(alone.p_value)
    p_values = [fact.stat for fact in rows if fact.name == "p_value"]
    assert told["share_below"] == pytest.approx(np.mean(np.array(p_values) < 0.05))


def test_six_methods_stand_side_by_side_and_one_is_the_answer() -> None:
    d = design()
    for answer in LABELS:
        six = SixMethods.model_validate({"autocorrelation": {"kind": "first_order", "answer": answer}})
        fit = six.fit(d)
        own = estimate(fit.uncertainty, six.targets(d)[0], 0.95)
        beside = {one.kind: estimate(one.uncertainty, one.quantity, 0.95) for one in fit.beside}
        assert set(beside) == set(LABELS)
        assert beside[answer] == own
    by_hand = {
        "ols": method(LEAST),
        "newey_west": method({"kind": "newey_west", "lag": {"kind": "rule_of_thumb"}}),
        "prais_winsten": method({"kind": "prais_winsten"}),
        "reml": method({"kind": "reml_ar1", "df": {"kind": "residual"}}),
        "reml_satterthwaite": method(REML),
        "arima": method({"kind": "arima", "order": [1, 0, 0]}),
    }
    for name, one in by_hand.items():
        assert estimate(one.fit(d).uncertainty, one.targets(d)[0], 0.95) == beside[name]


def test_six_methods_say_which_of_them_failed() -> None:
    """A series of 6 points and 4 terms has too few for an autocorrelation beside a regression of five."""
    d = design(noisy(36).iloc[15:21])
    fit = SixMethods.model_validate({"autocorrelation": {"kind": "first_order", "answer": "ols"}}).fit(d)
    problems = [fact for fact in fit.facts if fact.name == "problem"]
    given = {one.label for one in fit.beside}
    assert given | {dict(fact.groups)["method"] for fact in problems} == set(LABELS.values())
    assert problems


def test_diagnostics_count_every_point_and_lag() -> None:
    fit = method(REML).fit(design())
    rows = [fact for fact in fit.facts if fact.context == "diagnostic"]
    names = [fact.name for fact in rows]
    assert names.count("residual") == 36
    assert names.count("acf") == names.count("pacf") == 9
    assert {"phi", "acf_bound", "durbin_watson", "durbin_watson_p", "ljung_box", "breusch_godfrey"} <= set(
        names
    )


def test_several_series_have_levels_of_their_own_and_one_autocorrelation() -> None:
    two = pd.concat([noisy(seed=1).assign(area="a"), noisy(seed=2).assign(area="b")], ignore_index=True)
    d = design(two, series="area")
    own, common = method(LEAST).fit(d), method(LEAST, levels="common").fit(d)
    assert {"level[a]", "level[b]"} <= set(own.uncertainty.names)
    assert "intercept" in common.uncertainty.names
    fit = method(REML).fit(d)
    phi = [fact.stat for fact in fit.facts if fact.name == "phi"]
    assert len(phi) == 1
