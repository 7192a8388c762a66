"""The linear mixed model over periods and with named random effects: algebra, rules, refusals, words."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from precept_stats.errors import FitError
from precept_stats.inference.rows import Header, further_rows
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods import LinearMixed
from precept_stats.studies.period_design import PeriodDesign
from precept_stats.studies.question import Outcome
from precept_stats.studies.stepped_wedge import SteppedWedge

from .generated import trial
from .test_refusals import question
from .wedges import ask, wedge, with_rows

STRUCTURES = {
    "exchangeable": {"kind": "exchangeable"},
    "nested": {"kind": "nested_exchangeable"},
    "intervention": {"kind": "random_intervention"},
    "decay": {"kind": "discrete_time_decay"},
    "slopes": {"kind": "terms", "terms": [{"by": "cluster", "slopes": ["x"]}, {"by": "cluster_period"}]},
}
RULES = ("kenward_roger", "satterthwaite", "clusters_minus_parameters", "normal")
EXPOSURE = {"kind": "exposure_time"}
WEDGE = SteppedWedge(cluster="c", arm="a", period="t")
COHORT = SteppedWedge(cluster="c", arm="a", period="t", participant="id")


def facts_of(method: LinearMixed, design: PeriodDesign, context: str) -> dict[tuple, float]:
    fit = method.fit(design)
    return {(fact.name, *fact.groups): fact.stat for fact in fit.facts if fact.context == context}


def further(method: LinearMixed, design: PeriodDesign) -> dict[tuple[str, str], object]:
    fit = method.fit(design)
    return {(q.measure, q.contrast): (q, fit.uncertainty) for q in fit.further}


# ---- algebra ---


def least_squares(design: PeriodDesign, V: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means of the periods under control, then the effect, with their covariance, by n by n matrices."""
    periods = (design.row_period[:, None] == np.arange(design.n_periods)).astype(float)
    X = np.column_stack([periods, design.row_treated])
    C = np.linalg.inv(X.T @ np.linalg.solve(V, X))
    return C @ X.T @ np.linalg.solve(V, design.y), C


@pytest.mark.parametrize("cohort", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_effect_is_generalised_least_squares_at_its_variances(cohort: bool, seed: int) -> None:
    design = wedge(seed, cohort=cohort)
    method = LinearMixed(random=STRUCTURES["nested"], df={"kind": "normal"})
    facts, found = facts_of(method, design, "fit"), ask(method, design)[0]
    cluster = np.equal.outer(design.row_cluster, design.row_cluster)
    period = cluster & np.equal.outer(design.row_period, design.row_period)
    V = facts[("variance_between",)] * cluster + facts[("variance_within",)] * np.eye(len(design.y))
    V = V + facts[("variance", ("term", "cluster_period"))] * period
    if cohort:
        same = np.equal.outer(design.participant, design.participant)
        V = V + facts[("variance", ("term", "participant"))] * same
    b, C = least_squares(design, V)
    assert (found.value, found.std_error) == pytest.approx((b[-1], math.sqrt(C[-1, -1])), rel=1e-7)


@pytest.mark.parametrize("name", STRUCTURES)
def test_what_must_not_matter(name: str) -> None:
    design = wedge(11, covariates=True)
    method = LinearMixed(random=STRUCTURES[name])
    here = ask(method, design)
    shuffled = ask(method, with_rows(design, np.random.default_rng(0).permutation(len(design.y))))
    higher = ask(method, replace(design, y=design.y * 10 + 4))
    for one, two, ten in zip(here, shuffled, higher, strict=True):
        assert [two.value, two.std_error] == pytest.approx([one.value, one.std_error], rel=1e-6)
        assert two.df == pytest.approx(one.df, rel=1e-4)
        assert ten.std_error == pytest.approx(10 * one.std_error, rel=1e-5)
    assert higher[0].value == pytest.approx(10 * here[0].value, rel=1e-5)
    assert here[2].value - here[1].value == pytest.approx(here[0].value, rel=1e-9)


def test_weights_count_by_their_ratios_and_offsets_are_taken_off() -> None:
    design = wedge(4)
    rng = np.random.default_rng(5)
    weights, offset = rng.choice([1.0, 2.0, 4.0], len(design.y)), rng.normal(size=len(design.y))
    plain = ask(LinearMixed(), design)
    moved = ask(LinearMixed(), replace(design, y=design.y + offset, offset=offset))
    late = design.row_period >= 1
    assert moved[0].value == pytest.approx(plain[0].value, rel=1e-9)
    assert moved[1].value == pytest.approx(plain[1].value + offset[late].mean(), rel=1e-9)
    one, three = replace(design, weights=weights), replace(design, weights=3 * weights)
    assert ask(LinearMixed(), three)[0].std_error == pytest.approx(
        ask(LinearMixed(), one)[0].std_error, rel=1e-6
    )
    within = [facts_of(LinearMixed(), each, "fit")[("variance_within",)] for each in (one, three)]
    assert within[1] == pytest.approx(3 * within[0], rel=1e-6)


def test_arm_means_are_averages_over_the_people_from_the_first_switch_on() -> None:
    design = wedge(6)
    facts = facts_of(LinearMixed(), design, "fit")
    cluster = np.equal.outer(design.row_cluster, design.row_cluster)
    V = facts[("variance_between",)] * cluster + facts[("variance_within",)] * np.eye(len(design.y))
    b, _ = least_squares(design, V)
    mean = b[design.row_period[design.row_period >= 1]].mean()
    _, control, treated = ask(LinearMixed(), design)
    assert (control.value, treated.value) == pytest.approx((mean, mean + b[-1]), rel=1e-7)


# ---- exposure times ---


@pytest.mark.parametrize("rule", RULES)
def test_the_answer_by_exposure_time_is_the_plain_average(rule: str) -> None:
    design = wedge(7)
    method = LinearMixed(effect_over_time=EXPOSURE, df={"kind": rule})
    fit = method.fit(design)
    steps = [estimate(fit.uncertainty, q, 0.95) for q in fit.further if "exposure time" in q.contrast]
    assert len(steps) == 4
    assert ask(method, design)[0].value == pytest.approx(np.mean([step.value for step in steps]), rel=1e-9)
    tests = {fact.groups for fact in fit.facts if fact.context == "joint_test"}
    assert tests == {(("test", "exposure times all equal"),), (("test", "exposure times all zero"),)}


def test_joint_tests_of_several_columns_follow_the_rule() -> None:
    design = wedge(8, covariates=True)
    likelihood = {"criterion": {"kind": "ml"}, "df": {"kind": "likelihood_ratio"}}
    for settings in ({}, {"df": {"kind": "between_within"}}, likelihood):
        facts = facts_of(LinearMixed(**settings), design, "joint_test")
        assert facts[("df1", ("test", "stage"))] == 2
        assert (("df2", ("test", "stage")) in facts) == ("criterion" not in settings)
        assert 0.0 < facts[("p_value", ("test", "stage"))] < 1.0
        assert not any("z" in name for _, (_, name) in facts), "one column needs no joint test"


# ---- degrees of freedom ---


@pytest.mark.parametrize("over_time", [{}, {"effect_over_time": EXPOSURE}])
def test_clusters_minus_parameters_counts_the_intervention_once_and_no_period(over_time: dict) -> None:
    design = wedge(9, covariates=True)
    found = ask(LinearMixed(df={"kind": "clusters_minus_parameters"}, **over_time), design)
    assert {one.df for one in found} == {design.n_clusters - 3.0}, "intercept, intervention, z"


def test_between_within_counts_at_the_level_of_the_random_effects() -> None:
    design = wedge(10, covariates=True)
    K, cells, n = design.n_clusters, design.n_clusters * 5, len(design.y)
    plain = LinearMixed(df={"kind": "between_within"})
    nested = LinearMixed(df={"kind": "between_within"}, random=STRUCTURES["nested"])
    assert ask(plain, design)[0].df == n - K - 8  # periods, effect, x, stage vary within clusters
    assert ask(nested, design)[0].df == cells - K - 5  # periods and effect vary between cells
    assert ask(nested, design)[1].df == K - 2  # intercept and z


def test_between_within_needs_nested_groupings() -> None:
    crossed = LinearMixed(df={"kind": "between_within"}, random=STRUCTURES["nested"])
    with pytest.raises(FitError, match="nested"):
        crossed.fit(wedge(3, cohort=True))


# ---- boundary ---


def without_cluster_periods(seed: int) -> PeriodDesign:
    """A wedge in which periods of a cluster differ less than chance would have it."""
    design = wedge(seed)
    cell = design.row_cluster * 5 + design.row_period
    mean = np.bincount(cell, design.y) / np.maximum(np.bincount(cell), 1)
    own = np.random.default_rng(seed).normal(0, 0.6, design.n_clusters)[design.row_cluster]
    return replace(design, y=design.y - mean[cell] + own)


@pytest.mark.parametrize("rule", RULES)
def test_a_variance_at_zero_is_recorded_with_what_the_rule_does_there(rule: str) -> None:
    method = LinearMixed(random=STRUCTURES["nested"], df={"kind": rule})
    fit = method.fit(without_cluster_periods(5))
    said = {fact.groups: fact.stat for fact in fit.facts if fact.name == "boundary"}
    assert said == {(("term", "variance of cluster_period"),): method.df.on_boundary}
    assert fit.status == "boundary"
    assert "between the periods of a cluster is estimated as 0" in fit.warnings[0]
    assert ("as if it were not in the model" in fit.warnings[0]) == (rule == "satterthwaite")
    header = Header("a", "e", "primary", "y", fit.status)
    rows = {(row.measure, row.term, row.stat_name): row for row in further_rows(header, fit, 0.95)}
    whole = rows[("cluster_autocorrelation", "", "estimate")]
    assert whole.stat == 1.0
    assert whole.warning
    assert ("cluster_autocorrelation", "", "conf_low") not in rows
    assert rows[("icc_within_period", "", "conf_low")].stat > 0.0, (
        "what is not on the boundary keeps its limits"
    )


# ---- correlations and shares ---


def test_shares_of_variance_add_up_and_have_limits_between_0_and_1() -> None:
    design = wedge(12, cohort=True)
    found = further(LinearMixed(random=STRUCTURES["nested"]), design)
    shares = [
        estimate(fit, q, 0.95) for (measure, _), (q, fit) in found.items() if measure == "variance_share"
    ]
    assert len(shares) == 4
    assert sum(share.value for share in shares) == pytest.approx(1.0)
    assert all(0.0 < one.interval.lower < one.value < one.interval.upper < 1.0 for one in shares)


@pytest.mark.parametrize("name", STRUCTURES)
def test_gradients_of_correlations_are_those_of_differences(name: str) -> None:
    for quantity, fit in further(LinearMixed(random=STRUCTURES[name]), wedge(13, covariates=True)).values():
        gradient = quantity.gradient(fit.params)
        for place in np.flatnonzero(gradient):
            step = 1e-5 * abs(fit.params[place])
            up, down = fit.params.copy(), fit.params.copy()
            up[place] += step
            down[place] -= step
            slope = (quantity.value(up) - quantity.value(down)) / (2 * step)
            assert slope == pytest.approx(gradient[place], rel=1e-4, abs=1e-6)


def test_a_random_effect_of_the_arm_gives_correlations_by_arm() -> None:
    found = further(LinearMixed(random=STRUCTURES["intervention"]), wedge(14))
    assert set(found) == {("icc", "control"), ("icc", "treated")}


def test_a_group_that_holds_clusters_is_shared_by_people_of_a_cluster() -> None:
    terms = {"kind": "terms", "terms": [{"by": "region"}, {"by": "cluster"}]}
    design = wedge(15)
    facts = facts_of(LinearMixed(random=terms, df={"kind": "normal"}), design, "fit")
    shared = facts[("variance", ("term", "region"))] + facts[("variance_between",)]
    icc = facts_of(LinearMixed(random=terms, df={"kind": "normal"}), design, "icc")[("icc_model",)]
    assert icc == pytest.approx(shared / (shared + facts[("variance_within",)]))


def test_every_cluster_has_its_predicted_effect() -> None:
    design = wedge(16)
    facts = facts_of(LinearMixed(), design, "prediction")
    values = np.array([facts[("prediction", ("cluster", name))] for name in design.clusters])
    errors = [facts[("std_error", ("cluster", name))] for name in design.clusters]
    assert min(errors) > 0.0
    assert abs(values.mean()) < 0.1 * values.std(), "they are about 0"
    slopes = facts_of(LinearMixed(random=STRUCTURES["intervention"]), design, "prediction")
    assert ("prediction", ("cluster", "c0"), ("term", "arm")) in slopes


def test_a_cohort_adds_its_participants_and_named_terms_do_not() -> None:
    design = wedge(17, cohort=True)
    name = ("variance", ("term", "participant"))
    assert name in facts_of(LinearMixed(), design, "fit")
    alone = {"kind": "terms", "terms": [{"by": "cluster"}]}
    assert name not in facts_of(LinearMixed(random=alone), design, "fit")


# ---- likelihood ratio and bootstrap ---


def test_profile_limits_are_where_the_likelihood_ratio_says() -> None:
    design = wedge(18)
    method = LinearMixed(
        criterion={"kind": "ml"}, df={"kind": "likelihood_ratio"}, random=STRUCTURES["decay"]
    )
    found = ask(method, design)[0]
    shifted = replace(design, y=design.y - found.interval.upper * design.row_treated)
    assert ask(method, shifted)[0].p_value == pytest.approx(0.05, rel=1e-4)


def test_the_bootstrap_is_the_same_from_the_same_seed() -> None:
    design = wedge(19)
    method = LinearMixed(df={"kind": "parametric_bootstrap", "replicates": 199})
    assert method.needs_seed
    one, again, other = (ask(method, design, Seed(seed))[0] for seed in (1, 1, 2))
    assert one == again
    assert one.interval != other.interval
    plain = ask(LinearMixed(df={"kind": "normal"}), design)[0]
    assert one.value == pytest.approx(plain.value)
    width = (one.interval.upper - one.interval.lower) / (plain.interval.upper - plain.interval.lower)
    assert 0.8 < width < 1.4
    fit = method.fit(design, Seed(1))
    assert {fact.name: fact.stat for fact in fit.facts}["replicates"] == 199
    with pytest.raises(FitError, match="nothing to draw"):
        method.fit(design)


# ---- refusals and words ---


@pytest.mark.parametrize("name", STRUCTURES)
@pytest.mark.parametrize("residual", ["common", "by_arm"])
def test_the_settings_explained_are_the_settings_used(name: str, residual: str) -> None:
    if residual == "by_arm" and name == "slopes":
        return
    method = LinearMixed(random=STRUCTURES[name], residual={"kind": residual})
    study = SteppedWedge(cluster="c", arm="a", period="t", adjust=("x", "stage", "z"))
    asked = question("mean_difference", kind="continuous")
    assert method.objections(study, asked) == ()
    words, fit = method.words(study, asked), method.fit(wedge(23, covariates=True))
    assert tuple((name, value) for name, value, _ in words.defaults) == fit.settings
    assert all(meaning for _, _, meaning in words.defaults)
    facts = {fact.name: fact.stat for fact in fit.facts}
    assert (words.estimator, words.df_rule) == (facts["estimator"], facts["df_rule"])
    assert "period[t]" in words.equation


def test_the_equation_says_what_is_random() -> None:
    study = SteppedWedge(cluster="c", arm="a", period="t", participant="id", weights="w", offset="o")
    asked = question("mean_difference", kind="continuous")
    text = LinearMixed(random=STRUCTURES["nested"], effect_over_time=EXPOSURE).words(study, asked).equation
    assert text == (
        "outcome = mean + period[t] + effect[exposure] * treated + o + u[cluster] + v[cluster, period] + "
        "w[participant] + e, u ~ N(0, sigma2_u), v ~ N(0, sigma2_v), w ~ N(0, sigma2_w), "
        "e ~ N(0, sigma2 / weight)"
    )


def test_residual_variances_by_arm_in_a_parallel_trial() -> None:
    design = trial(24)
    method = LinearMixed(residual={"kind": "by_arm"}, df={"kind": "normal"})
    fit = method.fit(design)
    found = {fact.groups: fact.stat for fact in fit.facts if fact.name == "variance"}
    assert set(found) == {(("term", "residual: control"),), (("term", "residual: treated"),)}
    common = LinearMixed(df={"kind": "normal"}).fit(design)
    assert dict(fit.evidence)["log_likelihood"] >= dict(common.evidence)["log_likelihood"] - 1e-9


@pytest.mark.parametrize(
    "settings",
    [
        {"random": STRUCTURES["nested"]},
        {"random": STRUCTURES["decay"]},
        {"random": STRUCTURES["nested"], "residual": {"kind": "by_arm"}},
        {"random": STRUCTURES["intervention"], "effect_over_time": EXPOSURE},
    ],
)
def test_grouped_rows_are_the_people_they_stand_for(settings: dict) -> None:
    people = wedge(25)
    people = replace(people, y=(people.y > np.median(people.y)).astype(float))
    cell = people.row_cluster * 5 + people.row_period
    _, first, size = np.unique(cell, return_index=True, return_counts=True)
    events = np.bincount(cell, people.y)[np.unique(cell)]
    grouped = replace(with_rows(people, first), y=events, size=size.astype(float))
    outcome = Outcome(column="y", type="binary", direction="higher_better")
    here, there = (
        ask(LinearMixed(**settings), replace(one, outcome=outcome, summary="risk_difference"))
        for one in (grouped, people)
    )
    for one, two in zip(here, there, strict=True):
        assert [one.value, one.std_error] == pytest.approx([two.value, two.std_error], rel=1e-6)
        assert one.df == pytest.approx(two.df, rel=1e-4)
