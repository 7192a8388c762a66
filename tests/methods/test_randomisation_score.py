"""The randomisation test by a GEE score: what must not matter, what it refuses, what it says."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from precept_stats.errors import FitError
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods import Gee, RandomisationTest

from .generated import SEEDS, ask, effect, relabelled, swapped, trial, with_rows
from .test_refusals import question, study

SIZE = {"kind": "size"}


def score(weights: str = "equal", **fields: object) -> RandomisationTest:
    return RandomisationTest(
        weights={"kind": weights},
        statistic={"kind": "gee_score", **fields},
        allocations={"kind": "monte_carlo", "draws": 499},
    )


FORMS = {
    "difference": (score(), {}),
    "odds": (score("size"), {"outcome": "binary", "summary": "odds_ratio", "covariates": True}),
    "risks": (
        score("size", studentised=True),
        {"outcome": "binary", "summary": "risk_ratio", "blocks": "strata"},
    ),
    "pairs": (score("size"), {"blocks": "pairs"}),
    "rates": (score("equal"), {"outcome": "count", "summary": "rate_ratio", "covariates": True}),
    "rate_difference": (score("size"), {"outcome": "count", "summary": "rate_difference"}),
}
few = settings(max_examples=3, deadline=None)


def numbers(method, design) -> list[float]:
    fit = method.fit(design, Seed(1))
    found = estimate(fit.uncertainty, method.targets(design)[0], 0.9)
    return [found.value, found.std_error, found.p_value, found.interval.lower, found.interval.upper]


@pytest.mark.parametrize("form", FORMS)
@few
@given(seed=SEEDS)
def test_the_order_of_rows_does_not_matter(form: str, seed: int) -> None:
    method, shape = FORMS[form]
    design, rng = trial(seed, **shape), np.random.default_rng(seed)
    shuffled = with_rows(design, rng.permutation(len(design.y)))
    assert numbers(method, shuffled) == pytest.approx(numbers(method, design), rel=1e-5)


@few
@given(seed=SEEDS)
def test_over_all_allocations_numbering_and_the_name_of_the_arm_do_not_matter(seed: int) -> None:
    method = RandomisationTest(weights=SIZE, statistic={"kind": "gee_score"})
    design = trial(seed, outcome="binary", summary="odds_ratio", blocks="pairs", equal_sizes=True)
    design = replace(design, pair=None, stratum=(np.arange(design.n_clusters) // 4).astype(np.intp))
    design = replace(design, stratum_names=tuple("abcdefgh"))
    one = effect(method, design)
    other = effect(method, relabelled(design, np.random.default_rng(seed).permutation(design.n_clusters)))
    assert (other.value, other.p_value) == pytest.approx((one.value, one.p_value), rel=1e-7)
    back = effect(method, swapped(design))
    assert back.value == pytest.approx(1.0 / one.value, rel=1e-7)
    assert back.p_value == pytest.approx(one.p_value, abs=1e-12)
    assert back.interval.lower == pytest.approx(1.0 / one.interval.upper, rel=1e-5)


@pytest.mark.parametrize("summary", ["odds_ratio", "risk_difference"])
def test_the_estimate_is_that_of_the_same_estimating_equations(summary: str) -> None:
    design = trial(4, outcome="binary", summary=summary)
    link = {"odds_ratio": "logit", "risk_difference": "identity"}[summary]
    family = {"odds_ratio": "binomial", "risk_difference": "gaussian"}[summary]
    gee = ask(Gee(link={"kind": link}, family={"kind": family}), design)[0]
    method = score("size")
    fit = method.fit(design, Seed(1))
    found = estimate(fit.uncertainty, method.targets(design)[0], 0.95)
    assert found.value == pytest.approx(gee.value, rel=1e-8)
    assert found.scale == ("log" if summary == "odds_ratio" else "identity")
    assert found.null == (1.0 if summary == "odds_ratio" else 0.0)
    assert found.interval.lower < found.value < found.interval.upper
    assert found.interval.kind == "randomisation"


def test_too_few_allocations_have_an_interval_without_end_on_the_scale_of_ratios() -> None:
    design = trial(6, outcome="binary", summary="odds_ratio", blocks="strata")
    few_clusters = design.n_clusters > 8
    kept = np.flatnonzero(design.row_cluster < 6) if few_clusters else np.arange(len(design.y))
    small = replace(
        with_rows(design, kept),
        clusters=design.clusters[:6], arm=design.arm[:6], stratum=None, stratum_names=(),
    )  # fmt: skip
    found = effect(RandomisationTest(weights=SIZE, statistic={"kind": "gee_score"}), small)
    assert (found.interval.lower, found.interval.upper) == (0.0, math.inf)
    assert found.interval.method.endswith("unbounded below and above")


def test_separation_is_said() -> None:
    design = trial(3, outcome="binary", summary="odds_ratio")
    quiet = replace(design, y=np.where(design.arm[design.row_cluster] == 0, 0.0, design.y))
    with pytest.raises(FitError, match="separated"):
        score("size").fit(quiet, Seed(1))


@pytest.mark.parametrize(
    ("method", "asked", "shape", "reason"),
    [
        (score("equal", correlation={"kind": "exchangeable"}), question(), "plain", "use independence"),
        (
            score("size", correlation={"kind": "exchangeable", "estimator": "maee"}),
            question(), "plain", "use estimator moments",
        ),
        (score("size", studentised=True), question(), "pairs", "leave studentised false"),
        (score(), question("rate_ratio"), "plain", "has no rate ratio"),
        (score(), question("odds_ratio", effect="conditional"), "plain", "give marginal effects"),
        (RandomisationTest(), question("odds_ratio"), "plain", "gee_score"),
    ],
)  # fmt: skip
def test_what_is_refused(method, asked, shape: str, reason: str) -> None:
    assert any(reason in found for found in method.objections(study(shape), asked))


def test_what_is_allowed_and_what_it_says_of_the_estimand() -> None:
    for summary in ("odds_ratio", "risk_ratio", "risk_difference"):
        assert score().objections(study("adjusted"), question(summary)) == ()
    assert score().estimand_gap(study(), question("odds_ratio")) == ""
    assert "weights by participants" in score("size").estimand_gap(study(), question("odds_ratio"))
    assert "odds ratio given these" in score().estimand_gap(study("adjusted"), question("odds_ratio"))
    assert score().estimand_gap(study("adjusted"), question("risk_ratio")) == ""


def test_the_words_name_model_and_statistic() -> None:
    words = score("size", studentised=True).words(study("strata"), question("odds_ratio"))
    assert words.estimator == (
        "Stratified randomisation test by the studentised score of a binomial GEE, logit link, independence"
    )
    assert "logit(risk) = intercept[arm]" in words.equation
    assert "allocations within stratum" in words.equation
    listed = {name: value for name, value, _ in words.defaults}
    assert listed["statistic"] == "gee_score"
    assert listed["statistic.correlation"] == "independence"
    assert listed["statistic.studentised"] == "true"


def test_the_facts_tell_draws_and_the_distribution_is_of_the_score() -> None:
    design = trial(5, outcome="binary", summary="odds_ratio")
    fit = score("size").fit(design, Seed(1))
    facts = {fact.name: fact.stat for fact in fit.facts}
    assert facts["n_draws"] == 499
    assert facts["smallest_p"] == pytest.approx(1 / 500)
    reference = fit.uncertainty.test.reference()
    assert (reference.name, len(reference.statistics)) == ("score", 500)
    assert reference.observed == fit.uncertainty.test.statistic(0.0)
