"""The wild cluster bootstrap as a method: what must not matter, what it refuses, what it says."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from precept_stats.errors import FitError
from precept_stats.inference.rows import Header, estimate_rows
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods import ClusterSummaries, Gee, WildClusterBootstrap
from precept_stats.report.format import interval_text
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate
from tests.numerics.wild.plain import Rows, held_at, linear_t

from .generated import SEEDS, effect, relabelled, swapped, trial, with_rows
from .test_refusals import question, study

SCORE, CLUSTERS, CR3 = {"kind": "score"}, {"kind": "clusters"}, {"kind": "cr3"}
MEANS = {"outcome": "continuous", "blocks": "strata", "covariates": True}
FORMS = {
    "means": (WildClusterBootstrap(), MEANS),
    "risks": (WildClusterBootstrap(weights=CLUSTERS, variance=CR3), {"outcome": "binary"}),
    "rates": (WildClusterBootstrap(), {"outcome": "count", "blocks": "strata"}),
    "odds": (
        WildClusterBootstrap(model=SCORE),
        {"outcome": "binary", "summary": "odds_ratio", "covariates": True},
    ),
    "risk_ratio": (
        WildClusterBootstrap(model=SCORE, variance=CR3),
        {"outcome": "binary", "summary": "risk_ratio"},
    ),
    "rate_ratio": (
        WildClusterBootstrap(model=SCORE, weights=CLUSTERS),
        {"outcome": "count", "summary": "rate_ratio", "blocks": "strata"},
    ),
}
forms = pytest.mark.parametrize("form", FORMS)
few = settings(max_examples=3, deadline=None)


def small(seed: int, **shape: object) -> ClusterTrialDesign:
    """The first eight clusters of a generated trial: 256 vectors of signs."""
    return first_clusters(trial(seed, **shape), 8)


def first_clusters(design: ClusterTrialDesign, count: int) -> ClusterTrialDesign:
    """In strata the first and the last clusters, so that both strata stay."""
    K = design.n_clusters
    kept = np.r_[0 : count // 2, K - count // 2 : K] if design.stratum is not None else np.arange(count)
    if design.stratum is not None and design.arm[kept].sum() * 2 != count:
        kept = np.r_[0 : count // 2, K - count // 2 - 1 : K - 1]
    rows = np.flatnonzero(np.isin(design.row_cluster, kept))
    chosen = with_rows(design, rows)
    return replace(
        chosen,
        clusters=tuple(design.clusters[k] for k in kept),
        arm=design.arm[kept],
        row_cluster=np.searchsorted(kept, chosen.row_cluster).astype(np.intp),
        stratum=None if design.stratum is None else design.stratum[kept],
    )


def numbers(found) -> list[float]:
    interval = found.interval
    return [found.value, found.std_error, found.statistic, found.p_value, interval.lower, interval.upper]


@forms
@few
@given(seed=SEEDS)
def test_order_numbering_and_side_do_not_matter(form: str, seed: int) -> None:
    method, shape = FORMS[form]
    design, rng = small(seed, **shape), np.random.default_rng(seed)
    here = effect(method, design)
    for other in (
        with_rows(design, rng.permutation(len(design.y))),
        relabelled(design, rng.permutation(design.n_clusters)),
    ):
        assert numbers(effect(method, other)) == pytest.approx(numbers(here), rel=1e-6, abs=1e-9)
    back = effect(method, swapped(design))
    turned = (lambda v: 1 / v) if here.scale == "log" else (lambda v: -v)
    assert back.p_value == here.p_value
    assert back.value == pytest.approx(turned(here.value), rel=1e-6, abs=1e-9)
    assert back.interval.lower == pytest.approx(turned(here.interval.upper), rel=1e-5, abs=1e-8)


@few
@given(seed=SEEDS)
def test_units_and_origin_of_the_outcome_change_only_the_units(seed: int) -> None:
    design = small(seed, **MEANS)
    here = effect(WildClusterBootstrap(), design)
    moved = effect(WildClusterBootstrap(), replace(design, y=1e4 * design.y + 1e6))
    assert moved.p_value == here.p_value
    assert moved.statistic == pytest.approx(here.statistic, rel=1e-6)
    assert moved.interval.lower == pytest.approx(1e4 * here.interval.lower, rel=1e-5)
    scaled = tuple(replace(c, values=1e3 * c.values - 5e3) for c in design.covariates)
    assert effect(WildClusterBootstrap(), replace(design, covariates=scaled)).p_value == here.p_value


@few
@given(seed=SEEDS)
def test_people_and_counts_of_people_give_the_same(seed: int) -> None:
    for form in ("risks", "risk_ratio"):
        method, shape = FORMS[form]
        design = small(seed, **shape)
        codes = 2 * design.row_cluster + (np.arange(len(design.y)) % 2)
        first = np.unique(codes)
        grouped = replace(
            design,
            row_cluster=(first // 2).astype(np.intp),
            y=np.bincount(codes, weights=design.y)[first],
            size=np.bincount(codes, weights=design.size)[first],
        )
        expected = numbers(effect(method, design))
        assert numbers(effect(method, grouped)) == pytest.approx(expected, rel=1e-7, abs=1e-9)


TWINS = {
    "means": "usual",
    "risks": "gaussian",
    "odds": "usual",
    "risk_ratio": "poisson",
    "rate_ratio": "usual",
}


@pytest.mark.parametrize("form", TWINS)
@few
@given(seed=SEEDS)
def test_the_estimate_is_that_of_estimating_equations(form: str, seed: int) -> None:
    """Without covariates the coefficient is what they standardise to; CR1 is the sandwich with a factor."""
    method, shape = FORMS[form]
    design = small(seed, **{**shape, "covariates": False})
    variance = {"kind": "cr3" if method.variance.kind == "cr3" else "liang_zeger"}
    gee = Gee(weights=method.weights, family={"kind": TWINS[form]}, variance=variance)
    ours, theirs = effect(method, design), effect(gee, design)
    assert ours.value == pytest.approx(theirs.value, rel=1e-7, abs=1e-10)
    N, p = len(design.y), 3 if design.stratum is not None else 2
    factor = 8 / 7 * ((N - 1) / (N - p) if form == "means" else 1.0) if variance["kind"] != "cr3" else 1.0
    assert ours.std_error == pytest.approx(theirs.std_error * math.sqrt(factor), rel=1e-7)


@few
@given(seed=SEEDS)
def test_rates_are_least_squares_weighted_by_person_time(seed: int) -> None:
    design = small(seed, outcome="count")
    found = effect(WildClusterBootstrap(), design)
    X = np.column_stack([np.ones(len(design.y)), design.arm[design.row_cluster]])
    rate = design.y / design.size
    beta = np.linalg.lstsq(np.sqrt(design.size)[:, None] * X, np.sqrt(design.size) * rate, rcond=None)[0]
    assert found.value == pytest.approx(beta[1])
    bread = np.linalg.inv(X.T @ (design.size[:, None] * X))
    score = (design.size * (rate - X @ beta))[:, None] * X
    by_cluster = np.array([score[design.row_cluster == k].sum(axis=0) for k in range(8)])
    N = len(rate)
    factor = 8 / 7 * (N - 1) / (N - 2)
    covariance = factor * bread @ by_cluster.T @ by_cluster @ bread
    assert found.std_error == pytest.approx(math.sqrt(covariance[1, 1]))
    assert found.statistic == pytest.approx(beta[1] / found.std_error)


@few
@given(seed=SEEDS)
def test_strata_and_covariates_are_columns_of_the_regression(seed: int) -> None:
    design = small(seed, **MEANS)
    found = effect(WildClusterBootstrap(), design)
    arm, stratum = design.arm[design.row_cluster], design.stratum[design.row_cluster]
    others = np.column_stack([c.values for c in design.covariates])
    X = np.column_stack([np.ones(len(arm)), arm, stratum, others])
    rows = Rows(X, design.y, design.row_cluster, np.ones(8))
    residuals, fitted = held_at(rows, 0.0)
    vectors = [2.0 * np.array(list(f"{k:08b}"), float) - 1.0 for k in range(256)]
    t = [linear_t(rows, fitted + v[rows.cluster] * residuals, 0.0, "cr1") for v in vectors]
    own = linear_t(rows, rows.y, 0.0, "cr1")
    assert found.p_value == np.mean(np.abs(t) >= abs(own) * (1 - 1e-9))


def test_without_covariates_the_averages_are_those_of_summaries() -> None:
    design = small(4)
    for weights, of_summaries in (("participants", "size"), ("clusters", "equal")):
        ours = effect(WildClusterBootstrap(weights={"kind": weights}), design)
        theirs = effect(ClusterSummaries(weights={"kind": of_summaries}), design)
        assert ours.value == pytest.approx(theirs.value, rel=1e-9)


def test_it_is_a_confidence_interval_and_says_how_it_was_found() -> None:
    found = effect(WildClusterBootstrap(), small(5))
    assert (found.interval.kind, found.df) == ("confidence", None)
    assert found.interval.method == "inversion of the wild cluster bootstrap test"
    assert found.statistic == pytest.approx(found.value / found.std_error)
    rows = {row.stat_name: row for row in estimate_rows(Header("a", "e", "primary", "y"), found)}
    assert rows["conf_low"].stat_label == "Lower confidence limit"


def test_a_ratio_is_tested_at_one_and_unbounded_on_its_own_scale() -> None:
    method, shape = FORMS["odds"]
    design = small(6, outcome="binary", summary="odds_ratio")
    found = effect(method, design)
    assert (found.scale, found.null) == ("log", 1.0)
    assert found.interval.lower < found.value < found.interval.upper
    five = first_clusters(trial(6, **{**shape, "covariates": False}), 5)
    unbounded = effect(method, five)
    assert (unbounded.interval.lower, unbounded.interval.upper) == (0.0, math.inf)
    assert unbounded.interval.method.endswith("; unbounded below and above")
    assert interval_text(unbounded) == "unbounded"
    names = {row.stat_name for row in estimate_rows(Header("a", "e", "primary", "y"), unbounded)}
    assert not names & {"conf_low", "conf_high"}


def test_a_cluster_that_decides_the_effect_is_warned_of() -> None:
    design = first_clusters(trial(7, equal_sizes=True), 12)
    sizes = np.bincount(design.row_cluster)
    assert not any("decide the effect" in text for text in WildClusterBootstrap().fit(design).warnings)
    mine = np.flatnonzero(design.row_cluster == 0)
    rows = np.sort(np.concatenate([np.arange(len(design.y)), np.tile(mine, 40)]))
    large = with_rows(design, rows)
    plain = WildClusterBootstrap()
    model = plain._model(large)
    X, cluster = model.columns.values, large.row_cluster
    pulled = X @ np.linalg.inv(X.T @ X)[:, 1]
    influence = np.bincount(cluster, weights=pulled) ** 2
    effective = len(sizes) / (1.0 + np.var(influence) / np.mean(influence) ** 2)
    assert effective < 6
    (found,) = [text for text in plain.fit(large).warnings if "decide the effect" in text]
    assert f"as {effective:.1f} alike" in found


def test_very_few_clusters_are_said_to_bear_no_interval() -> None:
    design = first_clusters(trial(7), 4)
    fit = WildClusterBootstrap().fit(design)
    assert fit.status == "warning"
    assert "no p-value below 0.12 is possible" in fit.warnings[0]
    assert "has 2 clusters" in fit.warnings[1]
    found = effect(WildClusterBootstrap(), design)
    assert math.isinf(found.interval.lower)
    assert found.p_value >= 2 / 16
    assert type(found.p_value) is float
    six_points = WildClusterBootstrap(signs={"kind": "webb"})
    assert effect(six_points, design).p_value >= 6 / 6**4
    assert len(six_points.fit(design).warnings) == 1


def test_what_is_counted_is_said() -> None:
    fit = WildClusterBootstrap(signs={"kind": "webb"}).fit(first_clusters(trial(8), 6))
    facts = {fact.name: fact.stat for fact in fit.facts}
    assert facts["n_vectors"] == 6**6
    assert facts["smallest_p"] == pytest.approx(6**-5)
    assert facts["df_rule"] == "all vectors of Webb's six points"
    assert dict(fit.settings)["signs"] == "webb"
    words = WildClusterBootstrap(signs={"kind": "webb"}).words(study(), question())
    assert words.df_rule == facts["df_rule"]
    assert words.estimator.startswith("Wild cluster bootstrap, linear model")
    assert all(meaning for _, _, meaning in words.defaults)
    logistic = WildClusterBootstrap(model=SCORE).words(study("adjusted"), question("odds_ratio"))
    assert "logit(risk)" in logistic.equation


@pytest.mark.parametrize("kind", ["rademacher", "webb", "mammen"])
def test_draws_need_a_seed_and_come_from_it(kind: str) -> None:
    design = small(9)
    drawn = WildClusterBootstrap(signs={"kind": kind}, replicates={"kind": "monte_carlo", "draws": 1999})
    assert drawn.needs_seed
    assert not WildClusterBootstrap().needs_seed
    with pytest.raises(FitError, match="no seed"):
        drawn.fit(design)
    one, same, other = (drawn.fit(design, Seed(root)) for root in (1, 1, 2))
    target = drawn.targets(design)[0]
    shown = [estimate(fit.uncertainty, target, 0.9) for fit in (one, same, other)]
    assert shown[0] == shown[1]
    assert shown[0] != shown[2]
    facts = {fact.name: fact.stat for fact in one.facts}
    p = shown[0].p_value
    assert facts["mc_error"] == pytest.approx(math.sqrt(p * (1 - p) / 1999))
    if kind != "mammen":
        exact = effect(WildClusterBootstrap(), design).p_value
        assert abs(p - exact) < 5 * facts["mc_error"] + (0.05 if kind == "webb" else 0.0)


def test_too_many_vectors_to_enumerate_says_what_to_do() -> None:
    design = next(d for d in map(trial, range(100)) if d.n_clusters >= 20)
    with pytest.raises(FitError, match="too many vectors") as problem:
        WildClusterBootstrap().fit(design)
    assert "monte_carlo" in problem.value.allowed


@forms
def test_what_cannot_be_fitted_is_refused(form: str) -> None:
    method, shape = FORMS[form]
    design = small(10, **shape)
    with pytest.raises(FitError, match="does not vary"):
        method.fit(replace(design, y=0.5 * design.size if form == "means" else design.size))
    copy = Covariate("again", "cluster", ("again",), 2.0 * design.arm[design.row_cluster][:, None] - 5.0)
    with pytest.raises(FitError, match="cannot be told apart") as problem:
        method.fit(replace(design, covariates=(copy,)))
    assert "again" in problem.value.found
    lonely = first_clusters(trial(10, **{**shape, "blocks": ""}), 3)
    with pytest.raises(FitError, match="fewer than two clusters"):
        method.fit(lonely)


@pytest.mark.parametrize("form", ["odds", "risk_ratio", "rate_ratio"])
def test_an_arm_without_events_has_no_ratio(form: str) -> None:
    method, shape = FORMS[form]
    design = small(11, **shape)
    none = replace(design, y=np.where(design.arm[design.row_cluster] == 1, 0.0, design.y))
    with pytest.raises(FitError, match="separated"):
        method.fit(none)


def test_clusters_that_do_not_differ_have_no_standard_error() -> None:
    design = first_clusters(trial(2, equal_sizes=True), 8)
    within = np.tile(np.linspace(-1, 1, 15), 8)
    flat = replace(design, y=5.0 + within + 0.3 * design.arm[design.row_cluster])
    with pytest.raises(FitError, match="do not differ"):
        WildClusterBootstrap().fit(flat)


def test_a_cluster_that_fixes_a_parameter_has_no_cr3() -> None:
    design = small(12)
    lone = Covariate("lone", "cluster", ("lone",), (design.row_cluster == 2).astype(float)[:, None])
    with pytest.raises(FitError, match="leverage of 1") as problem:
        WildClusterBootstrap(variance=CR3).fit(replace(design, covariates=(lone,)))
    assert "c2" in problem.value.found
    assert effect(WildClusterBootstrap(), replace(design, covariates=(lone,))).std_error > 0


def test_what_it_cannot_do_is_refused_before_data_are_read() -> None:
    linear, score = WildClusterBootstrap(), WildClusterBootstrap(model=SCORE)
    assert linear.objections(study(), question()) == ()
    assert score.objections(study("adjusted"), question("odds_ratio")) == ()
    assert "model: {kind: score}" in linear.objections(study(), question("risk_ratio"))[0]
    assert "model: {kind: linear}" in score.objections(study(), question())[0]
    assert "no mean difference" in linear.objections(study(), question("mean_difference"))[0]
    assert "mirror each other" in linear.objections(study("pairs"), question())[0]
    given_cluster = question("odds_ratio", effect="conditional")
    assert "generalised_linear_mixed" in score.objections(study(), given_cluster)[0]
    mammen = WildClusterBootstrap(signs={"kind": "mammen"})
    assert "monte_carlo" in mammen.objections(study(), question())[0]


def test_the_gap_between_estimate_and_estimand_is_said() -> None:
    linear, score = WildClusterBootstrap(), WildClusterBootstrap(model=SCORE)
    people = question(target="participant_average")
    assert linear.estimand_gap(study("adjusted"), people) == ""
    assert "participant-average" in linear.estimand_gap(study(), question())
    assert WildClusterBootstrap(weights=CLUSTERS).estimand_gap(study(), question()) == ""
    odds = question("odds_ratio", target="participant_average")
    assert score.estimand_gap(study(), odds) == ""
    for shape in ("adjusted", "strata"):
        assert "odds ratio given these" in score.estimand_gap(study(shape), odds)
    ratio = question("risk_ratio", target="participant_average")
    assert score.estimand_gap(study("adjusted"), ratio) == ""
