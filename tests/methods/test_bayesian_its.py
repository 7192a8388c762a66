"""The Bayesian twin of many series: its density, its answers beside those by likelihood, refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from precept_stats.errors import FitError
from precept_stats.inference.fit import Fit
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods.bayes_series_model import SeriesModel
from precept_stats.methods.bayesian_its import BayesianIts
from precept_stats.methods.multilevel_its import MultilevelIts
from precept_stats.methods.multilevel_model import multilevel_model
from precept_stats.methods.settings_bayes_series import SeriesPriors
from precept_stats.studies.series_design import SeriesDesign
from tests.methods.test_multilevel_its import LEVEL, NONE, WINDOW, design, programme, units
from tests.studies.series import prepared, question

pytest.importorskip("nutpie")

SHORT = {"kind": "nuts", "chains": 2, "draws": 400, "warmup": 200}
LOOSE = {"kind": "thresholds", "rhat": 1.1, "ess": 100, "divergences": 100}
BINOMIAL = {"distribution": {"kind": "binomial"}, "autocorrelation": NONE}
NORMAL = {"distribution": {"kind": "normal"}, "autocorrelation": NONE}
STEPS = {"units": {"kind": "levels_and_changes", "of": ["step"]}}
REGIONS = {"regions": {"kind": "levels"}}
PER_TIME = {"column": "events", "denominator": "n", "type": "count", "direction": "lower_better"}
CONDITIONAL = {"change": LEVEL, "summary": "odds_ratio", "effect": "conditional"}
WIDE = {
    "kind": "weakly_informative",
    "level": {"kind": "mean", "median": 0.5, "upper": 100},
    "trend": {"kind": "difference", "upper": 100},
    "change_of_level": {"kind": "difference", "upper": 100},
    "change_of_slope": {"kind": "difference", "upper": 100},
    "units_level": {"kind": "half_normal", "scale": 10},
    "units_change": {"kind": "half_normal", "scale": 10},
    "residual": {"kind": "half_normal", "scale": 100},
    "correlation_shape": 1,
}


def method(**settings: Any) -> BayesianIts:
    return BayesianIts.model_validate({"sampler": SHORT, "gate": LOOSE, **settings})


def model_of(settings: dict[str, Any], of: SeriesDesign) -> SeriesModel:
    one = method(**settings)
    return SeriesModel(multilevel_model(of, one.between), one.distribution)


def density(settings: dict[str, Any], of: SeriesDesign) -> tuple[float, np.ndarray]:
    """The log density at one and the same place, and the parameters there."""
    model = model_of(settings, of)
    posterior = model.posterior(SeriesPriors())
    place = 0.3 + 0.1 * np.sin(np.arange(len(posterior.laws)))
    return posterior.evaluator()(place)[0], model.parameters(place[None])[0]


@pytest.mark.parametrize("settings", [BINOMIAL, NORMAL, BINOMIAL | STEPS])
def test_neither_order_of_rows_nor_names_of_units_matter(settings: dict[str, Any]) -> None:
    frame = units()
    renamed = frame.assign(unit=frame["unit"].map(lambda name: f"Z{99 - int(name[1:])}"))
    first = density(settings, design(frame))[0]
    assert density(settings, design(frame.sample(frac=1.0, random_state=1)))[0] == pytest.approx(first)
    assert density(settings, design(renamed))[0] == pytest.approx(first)


@pytest.mark.parametrize("settings", [BINOMIAL | REGIONS, NORMAL | STEPS | REGIONS])
def test_slopes_of_the_density_are_those_of_its_value(settings: dict[str, Any]) -> None:
    posterior = model_of(settings, design(units())).posterior(SeriesPriors())
    place = 0.3 + 0.1 * np.sin(np.arange(len(posterior.laws)))
    evaluate, steps = posterior.evaluator(), 1e-5 * np.eye(len(place))
    differences = [(evaluate(place + step)[0] - evaluate(place - step)[0]) / 2e-5 for step in steps]
    assert evaluate(place)[1] == pytest.approx(differences, rel=2e-3, abs=2e-2)


def test_coordinates_are_told_over_a_year_and_parameters_by_the_month() -> None:
    model = model_of(BINOMIAL, design(units()))
    assert model.names[-6:-3] == ("sd[unit: level]", "sd[unit: step]", "sd[unit: ramp, a year]")
    rng = np.random.default_rng(1)
    prior = model.posterior(SeriesPriors()).draw_prior(rng, 40_000)
    params = dict(zip(model.parameter_names, model.parameters(prior).T, strict=True))
    inside = np.mean(np.abs(params["ramp[start]"]) < math.log(3) / 12)
    assert inside == pytest.approx(0.95, abs=0.005)
    assert np.mean(np.sqrt(params["variance[unit: ramp]"]) < 1 / 12) == pytest.approx(0.95, abs=0.005)
    assert np.mean(np.sqrt(params["variance[unit: step]"]) < 1.0) == pytest.approx(0.95, abs=0.005)
    correlation = params["variance[unit: level, step]"] / np.sqrt(
        params["variance[unit: level]"] * params["variance[unit: step]"]
    )
    assert np.var(correlation) == pytest.approx(1 / (2 * 2.5 + 1), abs=0.004)


def test_means_of_many_draws_are_those_of_each() -> None:
    model = model_of(BINOMIAL | REGIONS, design(units()))
    _, params = density(BINOMIAL | REGIONS, design(units()))
    quantity = model.effect()
    assert quantity.of_many is not None
    assert quantity.of_many(np.array([params, 0.9 * params])) == pytest.approx(
        [quantity.value(params), quantity.value(0.9 * params)], rel=1e-6
    )


def test_with_nearly_flat_priors_it_is_reml_with_the_variances_not_known() -> None:
    """The same mean; more spread, as no variance is taken as known."""
    frame, asked = units(40, seed=3), {"change": LEVEL, "summary": "risk_difference", "effect": "conditional"}
    of, settings = design(frame, **asked), NORMAL | STEPS
    bayes = method(**settings, priors=WIDE, sampler=SHORT | {"draws": 1500})
    fit, other = bayes.fit(of, Seed(4)), MultilevelIts.model_validate(settings)
    ours = estimate(fit.uncertainty, bayes.targets(of)[0], 0.95)
    theirs = estimate(other.fit(of).uncertainty, other.targets(of)[0], 0.95)
    assert ours.value == pytest.approx(theirs.value, abs=0.1 * theirs.std_error)
    assert 0.97 < ours.std_error / theirs.std_error < 1.1
    assert ours.p_value is None


@pytest.fixture(scope="module")
def fitted() -> Fit:
    return method(**BINOMIAL, **STEPS, **REGIONS, smallest_worthwhile=0.02).fit(design(units()), Seed(1))


def facts(fit: Fit, context: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for fact in fit.facts:
        if fact.context == context:
            found.setdefault(fact.name, []).append(fact.stat)
    return found


def test_probabilities_add_up_and_go_with_the_draws(fitted: Fit) -> None:
    chances = facts(fitted, "probability")
    assert sum(chances[name][0] for name in ("worthwhile", "equivalence", "harm")) == pytest.approx(1.0)
    assert chances["benefit"][0] > chances["worthwhile"][0]


def test_units_are_drawn_towards_the_average(fitted: Fit) -> None:
    frame = units()
    frame = frame[frame["month"] < frame["start"]]
    raw = frame.groupby("unit")[["events", "n"]].sum()
    crude = np.log((raw["events"] / (raw["n"] - raw["events"])).to_numpy())
    drawn = np.array(facts(fitted, "prediction")["prediction"])[: len(crude)]
    assert stats.spearmanr(crude, drawn).statistic > 0.8
    assert np.std(drawn) < np.std(crude)


def test_everything_is_told_that_a_report_needs(fitted: Fit) -> None:
    prior = facts(fitted, "prior")
    assert len(prior["estimate"]) == 2
    assert any("logit of beta(2, 2)" in one for one in prior["prior"])
    assert {one.contrast for one in fitted.further} >= {"unit: level", "unit: level, step", "region: level"}
    assert fitted.posterior is not None
    assert fitted.posterior.stored is not None
    assert fitted.posterior.stored.log_likelihood.shape == (2, 400, 12)
    assert {point.quantity.contrast for point in fitted.curve} == {"fitted", "counterfactual"}


def test_the_same_seed_gives_the_same_draws_and_another_does_not() -> None:
    of, one = design(units(), **CONDITIONAL), method(**BINOMIAL, units={"kind": "levels"})
    first, again, other = (one.fit(of, Seed(k)).uncertainty.draws for k in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_side_without_events_has_an_answer_by_the_prior() -> None:
    frame = units()
    frame.loc[frame["month"] < frame["start"], "events"] = 0
    of = design(frame, **CONDITIONAL)
    with pytest.raises(FitError):
        MultilevelIts.model_validate(BINOMIAL).fit(of)
    one = method(**BINOMIAL, units={"kind": "levels"})
    answer = estimate(one.fit(of, Seed(1)).uncertainty, one.targets(of)[0], 0.95)
    assert 5 < answer.value < math.inf


def test_counts_in_person_time() -> None:
    frame = units().assign(n=lambda one: one["n"] * 10.0)
    asked = question(change=LEVEL, summary="rate_ratio", effect="conditional", outcome=PER_TIME)
    of = prepared(frame, programme(), asked).design
    one = method(distribution={"kind": "poisson"}, autocorrelation=NONE, units={"kind": "levels"})
    ours = estimate(one.fit(of, Seed(1)).uncertainty, one.targets(of)[0], 0.95)
    other = MultilevelIts.model_validate(
        {"distribution": {"kind": "poisson"}, "autocorrelation": NONE, "units": {"kind": "levels"}}
    )
    theirs = estimate(other.fit(of).uncertainty, other.targets(of)[0], 0.95)
    assert math.log(ours.value) == pytest.approx(math.log(theirs.value), abs=0.25 * theirs.std_error)


@pytest.mark.parametrize(
    ("settings", "asked", "told"),
    [
        (
            BINOMIAL | {"regions": {"kind": "levels_and_changes"}},
            {"change": WINDOW},
            "say correlated: false",
        ),
        (BINOMIAL, {"change": LEVEL, "summary": "odds_ratio"}, "effect: conditional"),
        (BINOMIAL, {"change": LEVEL, "effect": "conditional"}, "is a ratio"),
        (BINOMIAL | {"units": {"kind": "levels_and_changes", "of": ["pulse"]}}, {"change": WINDOW}, "pulse"),
        (
            NORMAL
            | {
                "priors": {"kind": "weakly_informative", "level": {"kind": "risk", "median": 40, "upper": 80}}
            },
            {"change": WINDOW},
            "has no meaning for a continuous outcome",
        ),
        (BINOMIAL | {"smallest_worthwhile": 5.0}, {"change": WINDOW}, "is a proportion"),
    ],
)
def test_what_it_cannot_answer_is_refused(settings: dict[str, Any], asked: dict[str, Any], told: str) -> None:
    found = method(**settings).objections(programme(), question(**asked))
    assert any(told in one for one in found), found


def test_a_seed_is_needed_and_units_enough() -> None:
    of = design(units())
    with pytest.raises(FitError, match="nothing to draw with"):
        method(**BINOMIAL).fit(of)
    with pytest.raises(FitError, match="too few units"):
        method(**BINOMIAL).fit(of.of_units(np.arange(12) < 2), Seed(1))
    two = design(units().assign(region=lambda one: np.where(one["region"] == "R0", "A", "B")))
    with pytest.raises(FitError, match="too few levels"):
        method(**BINOMIAL, **REGIONS).fit(two, Seed(1))
    strict = method(**BINOMIAL, units={"kind": "levels"}, gate={"kind": "thresholds", "ess": 1e6})
    with pytest.raises(FitError, match="cannot be trusted"):
        strict.fit(of, Seed(1))


@pytest.mark.parametrize(
    "priors",
    [
        {"units_change": {"kind": "icc", "upper": 0.2}},
        {"trend": {"kind": "ratio", "upper": 0.5}},
        {"correlation_shape": 0.5},
        {"kind": "flat"},
    ],
)
def test_priors_that_are_none_are_refused(priors: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="priors"):
        method(**BINOMIAL, priors={"kind": "weakly_informative"} | priors)
