"""Estimating equations as a method: what must not matter does not, and what they cannot answer is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from pydantic import ValidationError

from precept_stats.data.selection import Population
from precept_stats.errors import FitError
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods.cluster_summaries import ClusterSummaries
from precept_stats.methods.gee import Gee
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate
from precept_stats.studies.design import AnyDesign
from precept_stats.studies.question import Estimand, Outcome, Question
from precept_stats.values import Estimate

from .generated import SEEDS, ask, effect, relabelled, swapped, trial, with_rows

VARIANCES = (
    "liang_zeger",
    "kauermann_carroll",
    "mancl_derouen",
    "fay_graubard",
    "morel_bokossa_neerchal",
    "cr2",
    "cr3",
)
EXCHANGEABLE = {"kind": "exchangeable"}
MAEE = {"kind": "exchangeable", "estimator": "maee"}
SATTERTHWAITE = {"kind": "satterthwaite"}


def gee(variance: str = "kauermann_carroll", **settings: dict) -> Gee:
    return Gee(variance={"kind": variance}, **settings)


FORMS = {
    "difference": (gee(), {"outcome": "binary", "blocks": "strata", "covariates": True}),
    "ratio": (
        gee("cr2", df=SATTERTHWAITE, correlation=EXCHANGEABLE),
        {"outcome": "binary", "summary": "risk_ratio", "covariates": True},
    ),
    "odds": (gee("mancl_derouen", correlation=MAEE), {"outcome": "binary", "summary": "odds_ratio"}),
    "modified_poisson": (
        gee("morel_bokossa_neerchal", family={"kind": "poisson"}),
        {"outcome": "binary", "summary": "risk_ratio", "covariates": True},
    ),
    "linear_probability": (
        gee("liang_zeger", family={"kind": "gaussian"}, df={"kind": "normal"}),
        {"outcome": "binary", "blocks": "strata"},
    ),
    "means": (
        gee("cr3", correlation=EXCHANGEABLE, df=SATTERTHWAITE),
        {"outcome": "continuous", "covariates": True},
    ),
    "rates": (gee("cr2"), {"outcome": "count", "summary": "rate_difference", "covariates": True}),
    "rate_ratio": (
        gee(correlation=EXCHANGEABLE),
        {"outcome": "count", "summary": "rate_ratio", "blocks": "strata"},
    ),
}
forms = pytest.mark.parametrize("form", FORMS)
few = settings(max_examples=4)


def numbers(estimate) -> list[float]:
    interval = estimate.interval
    return [estimate.value, estimate.std_error, estimate.df or 0.0, interval.lower, interval.upper]


def same(found, expected, tolerance: float = 1e-7) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        assert numbers(ours) == pytest.approx(numbers(theirs), rel=tolerance, abs=1e-9)


def solvable(method: Gee, design: ClusterTrialDesign) -> bool:
    """Not where small clusters differ so little that their correlation cannot be one."""
    try:
        method.fit(design)
    except FitError as error:
        if "positive definite" not in str(error):
            raise
        return False
    return True


@forms
@few
@given(seed=SEEDS)
def test_order_numbering_and_side_do_not_matter(form: str, seed: int) -> None:
    method, shape = FORMS[form]
    design = trial(seed, **shape)
    rng = np.random.default_rng(seed)
    assume(solvable(method, design))
    expected = ask(method, design)
    same(ask(method, with_rows(design, rng.permutation(len(design.y)))), expected)
    same(ask(method, relabelled(design, rng.permutation(design.n_clusters))), expected)
    there, back = expected[0], effect(method, swapped(design))
    turned = (lambda v: 1 / v) if there.scale == "log" else (lambda v: -v)
    assert back.value == pytest.approx(turned(there.value), rel=1e-7, abs=1e-9)
    assert back.interval.lower == pytest.approx(turned(there.interval.upper), rel=1e-6, abs=1e-9)


@few
@given(seed=SEEDS)
def test_fay_graubard_has_a_side(seed: int) -> None:
    """It is for an intercept and a 0/1 column of the compared arm, and no other variance depends on that."""
    design = trial(seed, outcome="binary", summary="odds_ratio", covariates=True)
    for variance in VARIANCES:
        there, back = (effect(gee(variance), d).std_error for d in (design, swapped(design)))
        assert (abs(back / there - 1) > 1e-6) == (variance == "fay_graubard"), variance


@forms
@few
@given(seed=SEEDS)
def test_units_of_covariates_do_not_matter(form: str, seed: int) -> None:
    method, shape = FORMS[form]
    design = trial(seed, **shape)
    scaled = tuple(replace(c, values=1e4 * c.values - 3e4) for c in design.covariates)
    assume(solvable(method, design))
    same(ask(method, replace(design, covariates=scaled)), ask(method, design), 1e-6)


@few
@given(seed=SEEDS)
def test_counts_and_people_give_the_same_answer(seed: int) -> None:
    design = trial(seed, outcome="binary", summary="risk_ratio")
    codes = 2 * design.row_cluster
    first = np.unique(codes)
    grouped = replace(
        design,
        row_cluster=(first // 2).astype(np.intp),
        y=np.bincount(codes, weights=design.y)[first],
        size=np.bincount(codes, weights=design.size)[first],
    )
    for method in (gee(), gee("cr2", correlation=MAEE, df=SATTERTHWAITE), gee("morel_bokossa_neerchal")):
        same(ask(method, grouped), ask(method, design), 1e-9)


@pytest.mark.parametrize("outcome", ["binary", "continuous"])
@few
@given(seed=SEEDS)
def test_the_two_averages_without_covariates_are_those_of_summaries(outcome: str, seed: int) -> None:
    """Inverse-size weights: the mean of cluster means; equal weights: the mean of people."""
    design = trial(seed, outcome=outcome)
    for weights, of_summaries in (("clusters", "equal"), ("participants", "size")):
        ours = ask(gee(weights={"kind": weights}), design)
        theirs = ask(ClusterSummaries(weights={"kind": of_summaries}), design)
        assert [e.value for e in ours] == pytest.approx([e.value for e in theirs], rel=1e-8)


@few
@given(seed=SEEDS)
def test_clusters_that_weigh_the_same_give_the_t_test(seed: int) -> None:
    """CR2 under inverse-size weights is the Welch variance of cluster means, whatever their sizes."""
    design = trial(seed, outcome="continuous")
    ours = effect(gee("cr2", weights={"kind": "clusters"}), design)
    welch = effect(ClusterSummaries(variance={"kind": "welch"}), design)
    assert ours.std_error == pytest.approx(welch.std_error, rel=1e-8)


@forms
def test_gradients_are_those_of_the_values(form: str) -> None:
    method, shape = FORMS[form]
    design = trial(5, **shape)
    params = method.fit(design).uncertainty.params
    for asked in method.targets(design):
        slope = asked.gradient(params)
        for j, e in enumerate(1e-4 * np.eye(len(params))):
            near = asked.value(params + e) - asked.value(params - e)
            far = asked.value(params + 2 * e) - asked.value(params - 2 * e)
            assert slope[j] == pytest.approx((8 * near - far) / 12e-4, abs=1e-8)


def test_corrections_are_in_their_order_and_cr3_is_mancl_derouen() -> None:
    design = trial(12, outcome="binary", blocks="strata")
    found = {variance: effect(gee(variance), design).std_error for variance in VARIANCES}
    assert found["liang_zeger"] < found["kauermann_carroll"] < found["mancl_derouen"] == found["cr3"]


def test_degrees_of_freedom_as_asked_for() -> None:
    design = trial(3, outcome="binary", covariates=True, blocks="strata")
    parameters = 2 + len(set(design.stratum)) - 1 + sum(len(c.columns) for c in design.covariates)
    cluster_level = parameters - sum(len(c.columns) for c in design.covariates if c.level == "individual")
    assert effect(gee(), design).df == design.n_clusters - cluster_level
    every = gee(df={"kind": "clusters_minus_parameters"})
    assert effect(every, design).df == design.n_clusters - parameters
    assert effect(gee(df={"kind": "normal"}), design).df is None
    assert 1 < effect(gee(df=SATTERTHWAITE), design).df < design.n_clusters


def facts(method: Gee, design: ClusterTrialDesign) -> dict:
    return {fact.name: fact.stat for fact in method.fit(design).facts}


def further(method: Gee, design: AnyDesign) -> dict[str, Estimate]:
    """The quantities beside the effect and the means, by measure."""
    fit = method.fit(design)
    return {quantity.measure: estimate(fit.uncertainty, quantity, 0.95) for quantity in fit.further}


def test_the_working_correlation_is_reported_with_its_error() -> None:
    design = trial(6, outcome="binary")
    moments, maee = (further(gee(correlation=c), design) for c in (EXCHANGEABLE, MAEE))
    assert maee["icc_proportion"].value > moments["icc_proportion"].value
    assert moments["icc_proportion"].std_error > 0
    assert moments["icc_proportion"].df is None
    assert further(gee(), design) == {}
    means, rates = (trial(6, outcome=kind) for kind in ("continuous", "count"))
    assert list(further(gee(correlation=EXCHANGEABLE), means)) == ["icc"]
    assert list(further(gee(correlation=EXCHANGEABLE), rates)) == ["working_correlation"]
    assert abs(dict(gee().fit(design).evidence)["score_length"]) < 1e-6


def test_an_arm_without_events_is_refused_by_name() -> None:
    design = trial(4, outcome="binary", covariates=True)
    none = replace(design, y=np.where(design.arm[design.row_cluster] == 1, 0.0, design.y))
    with pytest.raises(FitError, match="separated") as raised:
        gee().fit(none)
    assert "intercept[treated]" in raised.value.found


def test_terms_that_repeat_others_are_named() -> None:
    design = trial(4, outcome="binary")
    arm = design.arm[design.row_cluster].astype(float)[:, None]
    repeated = replace(design, covariates=(Covariate("again", "cluster", ("again",), arm),))
    with pytest.raises(FitError, match="told apart") as raised:
        gee().fit(repeated)
    assert "again" in raised.value.found


def test_an_outcome_that_does_not_vary() -> None:
    design = trial(4, outcome="binary")
    with pytest.raises(FitError, match="does not vary"):
        gee().fit(replace(design, y=np.ones_like(design.y)))


def test_clusters_that_do_not_differ() -> None:
    design = trial(2, outcome="binary", equal_sizes=True)
    alike = replace(design, y=np.tile(np.arange(15) % 3 == 0, design.n_clusters).astype(float))
    with pytest.raises(FitError, match="do not differ"):
        gee().fit(alike)


def test_clusters_that_differ_less_than_chance_can() -> None:
    """Pairs of people who always differ: a correlation of -1."""
    design = trial(2, outcome="binary", equal_sizes=True)
    two = np.concatenate([np.flatnonzero(design.row_cluster == k)[:2] for k in range(design.n_clusters)])
    pairs = replace(with_rows(design, two), y=np.tile([0.0, 1.0], design.n_clusters))
    with pytest.raises(FitError, match="not positive definite") as raised:
        gee(correlation=EXCHANGEABLE).fit(pairs)
    assert "independence" in raised.value.allowed


def test_one_cluster_in_an_arm() -> None:
    design = trial(4, outcome="binary")
    kept = np.append(np.flatnonzero(design.arm == 0), np.flatnonzero(design.arm == 1)[0])
    rows = np.flatnonzero(np.isin(design.row_cluster, kept))
    few_left = replace(
        with_rows(design, rows),
        row_cluster=np.searchsorted(kept, design.row_cluster[rows]).astype(np.intp),
        clusters=tuple(design.clusters[k] for k in kept),
        arm=design.arm[kept],
    )
    with pytest.raises(FitError, match="fewer than two clusters"):
        gee().fit(few_left)


def test_a_leverage_of_one_is_named_unless_the_variance_stands() -> None:
    design = trial(4, outcome="continuous")
    own = (design.row_cluster == 3).astype(float)[:, None]
    alone = replace(design, covariates=(Covariate("own", "cluster", ("own",), own),))
    for variance in ("kauermann_carroll", "mancl_derouen", "cr3"):
        with pytest.raises(FitError, match="leverage of 1") as raised:
            gee(variance).fit(alone)
        assert design.clusters[3] in raised.value.found
    assert effect(gee("cr2", df=SATTERTHWAITE), alone).std_error > 0


def steep() -> ClusterTrialDesign:
    """Risks that a log-binomial model takes past 1 at the far end of a covariate."""
    design = trial(4, outcome="binary", summary="risk_ratio")
    x = np.random.default_rng(5).uniform(-1, 1, len(design.y))
    y = (np.random.default_rng(6).random(len(x)) < np.minimum(1, np.exp(1.2 * x - 0.3))).astype(float)
    return replace(design, y=y, covariates=(Covariate("x", "individual", ("x",), x[:, None]),))


def test_no_convergence_is_an_error_or_what_the_plan_says() -> None:
    design = steep()
    with pytest.raises(FitError, match="not solved"):
        gee(link={"kind": "log"}).fit(design)
    fallback = gee(link={"kind": "log"}, on_nonconvergence={"kind": "modified_poisson"})
    fit = fallback.fit(design)
    assert fit.status == "warning"
    assert "modified Poisson" in fit.warnings[0]
    assert str(facts(fallback, design)["estimator"]).startswith("Poisson GEE, log link")
    poisson = gee(family={"kind": "poisson"})
    assert numbers(effect(fallback, design)) == numbers(effect(poisson, design))


def question(summary: str, effect: str = "marginal", kind: str = "binary", target="participant_average"):
    estimand = Estimand(
        population="p", outcome="o", compare="1", reference="0", summary=summary, effect=effect,
        target=target, intercurrent_events=(),
    )  # fmt: skip
    outcome = Outcome(
        column="y", type=kind, direction="higher_better", denominator="t" if kind == "count" else None
    )
    return Question("e", estimand, Population(of="rows"), outcome)


PLAIN = ClusterTrial(cluster="c", arm="a")


@pytest.mark.parametrize(
    ("method", "asked", "said"),
    [
        (gee(), question("rate_ratio"), "has no rate ratio"),
        (gee(), question("odds_ratio", "conditional"), "marginal effects"),
        (gee(), question("risk_difference", "conditional"), "marginal effects"),
        (gee(link={"kind": "logit"}), question("rate_ratio", kind="count"), "has no logit link"),
        (
            gee(family={"kind": "gaussian"}),
            question("rate_ratio", kind="count"),
            "no gaussian variance",
        ),
        (gee("morel_bokossa_neerchal", df=SATTERTHWAITE), question("risk_ratio"), "Satterthwaite"),
    ],
)
def test_questions_that_it_cannot_answer(method: Gee, asked: Question, said: str) -> None:
    found = method.objections(PLAIN, asked)
    assert any(said in objection for objection in found), found


def test_questions_that_it_can_answer_and_what_may_be_missed() -> None:
    for asked in (question("risk_difference"), question("rate_ratio", "conditional", "count")):
        assert gee().objections(PLAIN, asked) == ()
    safe = {"participant_average": "participants", "cluster_average": "clusters"}
    for target, weights in safe.items():
        asked = question("risk_ratio", target=target)
        other = next(w for w in safe.values() if w != weights)
        assert gee(weights={"kind": weights}).estimand_gap(PLAIN, asked) == ""
        assert "varies with cluster size" in gee(weights={"kind": other}).estimand_gap(PLAIN, asked)
        assert "neither" in gee(correlation=EXCHANGEABLE).estimand_gap(PLAIN, asked)
    twice = gee(weights={"kind": "clusters"}, correlation=EXCHANGEABLE)
    assert "count for less" in twice.objections(PLAIN, question("risk_ratio"))[0]
    paired = ClusterTrial(cluster="c", arm="a", pairs="p")
    assert "pair" in gee().objections(paired, question("risk_ratio"))[0]


def test_words_name_every_setting() -> None:
    words = gee().words(PLAIN, question("risk_ratio"))
    assert words.equation.startswith("logit(risk) = intercept[arm]")
    assert [name for name, _, _ in words.defaults] == list(gee().choices())


def test_a_variance_that_there_is_not() -> None:
    with pytest.raises(ValidationError):
        gee("pan")


def test_uneven_sizes_are_warned_of_where_the_correction_is_known_to_be_too_small() -> None:
    design = trial(3, outcome="binary")
    sizes = np.where(np.arange(design.n_clusters) < 3, 40.0, 1.0)[design.row_cluster]
    uneven = replace(design, y=design.y * sizes, size=sizes)
    (warning,) = Gee().fit(uneven).warnings
    assert "kauermann" in warning.casefold()
    assert "mancl_derouen" in warning
    assert Gee(variance={"kind": "mancl_derouen"}).fit(uneven).warnings == ()
    assert Gee(weights={"kind": "clusters"}).fit(uneven).warnings == ()
    assert Gee().fit(design).warnings == ()
