"""The linear mixed model as a method: what it refuses, says and keeps, and answers known otherwise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from scipy import stats

from precept_stats.errors import FitError
from precept_stats.methods import LinearMixed
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate

from .generated import SEEDS, ask, effect, relabelled, swapped, trial, with_rows
from .test_refusals import SHAPES, question, study

RULES = ("kenward_roger", "satterthwaite", "between_within", "clusters_minus_parameters", "normal")
few = settings(max_examples=8)


def tied(seed: int, blocks: str = "", covariates: bool = False) -> ClusterTrialDesign:
    """A trial in which the clusters differ less than chance would have it: the variance is estimated as 0."""
    design = trial(seed, blocks=blocks, covariates=covariates)
    means = design.cluster_mean[design.row_cluster]
    return replace(design, y=design.y - means + 0.3 * design.arm[design.row_cluster])


@few
@given(seed=SEEDS)
def test_equal_clusters_are_the_t_test_of_scipy(seed: int) -> None:
    design = trial(seed, equal_sizes=True)
    fit = LinearMixed().fit(design)
    if fit.status == "boundary":
        return
    ours = effect(LinearMixed(), design)
    theirs = stats.ttest_ind(design.cluster_mean[design.arm == 1], design.cluster_mean[design.arm == 0])
    assert [ours.statistic, ours.df, ours.p_value] == pytest.approx(
        [theirs.statistic, theirs.df, theirs.pvalue], rel=1e-6
    )


@few
@given(seed=SEEDS)
def test_estimates_are_those_of_statsmodels(seed: int) -> None:
    design = trial(seed, blocks="strata", covariates=True)
    if LinearMixed().fit(design).status == "boundary":
        return
    cluster = design.row_cluster
    X = np.column_stack(
        [np.ones(len(cluster)), design.arm[cluster], design.stratum[cluster]]
        + [covariate.values[:, 0] for covariate in design.covariates]
    )
    theirs = sm.MixedLM(design.y, X, groups=cluster).fit(reml=True, method="bfgs", gtol=1e-8)
    ours = effect(LinearMixed(df={"kind": "normal"}), design)
    likelihood = dict(LinearMixed().fit(design).evidence)["log_likelihood"]
    assert likelihood >= theirs.llf - 1e-8 * abs(theirs.llf)
    if likelihood <= theirs.llf + 1e-8 * abs(theirs.llf):  # statsmodels can stop early
        assert ours.value == pytest.approx(theirs.params[1], abs=1e-3 * ours.std_error)


@pytest.mark.parametrize("rule", RULES)
@few
@given(seed=SEEDS)
def test_what_must_not_matter(rule: str, seed: int) -> None:
    method, rng = LinearMixed(df={"kind": rule}), np.random.default_rng(seed)
    design = trial(seed, blocks="strata", covariates=True)
    here = ask(method, design)
    shuffled = ask(method, with_rows(design, rng.permutation(len(design.y))))
    numbered = ask(method, relabelled(design, rng.permutation(design.n_clusters)))
    for other in (shuffled, numbered):
        for one, two in zip(here, other, strict=True):
            assert [two.value, two.std_error] == pytest.approx([one.value, one.std_error], rel=1e-6, abs=1e-9)
            assert two.df == (None if one.df is None else pytest.approx(one.df, rel=1e-4))
    turned = effect(method, swapped(design))
    assert turned.value == pytest.approx(-here[0].value, rel=1e-6, abs=1e-9)
    assert turned.std_error == pytest.approx(here[0].std_error, rel=1e-6)


@few
@given(seed=SEEDS)
def test_the_arm_means_differ_by_the_effect(seed: int) -> None:
    found = ask(LinearMixed(), trial(seed, covariates=True, blocks="strata"))
    assert found[2].value - found[1].value == pytest.approx(found[0].value, rel=1e-9)


@few
@given(seed=SEEDS)
def test_grouped_rows_are_the_people_they_stand_for(seed: int) -> None:
    design = trial(seed, outcome="binary")
    kept = np.unique(design.row_cluster, return_index=True)[1]
    grouped = replace(
        with_rows(design, kept),
        y=design.cluster_total,
        size=design.cluster_size,
        row_cluster=np.arange(design.n_clusters),
    )
    for one, other in zip(ask(LinearMixed(), grouped), ask(LinearMixed(), design), strict=True):
        assert [one.value, one.std_error] == pytest.approx([other.value, other.std_error], rel=1e-7)
        assert one.df == pytest.approx(other.df, rel=1e-5)


@pytest.mark.parametrize("rule", RULES)
def test_the_boundary_is_said_and_the_rule_is_kept(rule: str) -> None:
    design = tied(3)
    method = LinearMixed(df={"kind": rule})
    fit = method.fit(design)
    assert fit.status == "boundary"
    assert "estimated as 0" in fit.warnings[0]
    assert ("those of individuals" in fit.warnings[0]) == (rule == "satterthwaite")
    assert dict(fit.evidence)["slope_of_variance_at_zero"] > 0.0
    df = effect(method, design).df
    K, N = design.n_clusters, float(design.size.sum())
    expected = {
        "between_within": K - 2,
        "clusters_minus_parameters": K - 2,
        "satterthwaite": N - 2,
        "normal": None,
    }
    if rule == "kenward_roger":
        assert df < K
    else:
        assert df == (None if expected[rule] is None else pytest.approx(expected[rule], rel=1e-6))


def test_between_within_gives_a_covariate_of_individuals_its_own_df() -> None:
    design = trial(4, covariates=True)
    fit = LinearMixed(df={"kind": "between_within"}).fit(design)
    rule, K = fit.uncertainty.df, design.n_clusters
    e = np.eye(len(fit.uncertainty.names))
    assert fit.uncertainty.names[2:4] == ("x", "z")
    assert [rule(e[j]) for j in (0, 1, 3)] == [K - 3.0] * 3
    assert rule(e[2]) == len(design.y) - K - 1.0
    assert rule(e[1] + e[2]) == min(K - 3.0, rule(e[2]))


def test_aliased_columns_are_named() -> None:
    design = trial(5, blocks="strata")
    copy = Covariate("again", "cluster", ("again",), 2.0 * design.stratum[design.row_cluster][:, None])
    with pytest.raises(FitError) as problem:
        LinearMixed().fit(replace(design, covariates=(copy,)))
    assert problem.value.found.startswith("again")


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_outcome_that_is_the_same_for_everyone(value: float) -> None:
    design = trial(1, outcome="binary")
    with pytest.raises(FitError, match="does not vary"):
        LinearMixed().fit(replace(design, y=np.full_like(design.y, value)))


def test_one_row_a_cluster_is_refused() -> None:
    design = trial(6)
    first = np.unique(design.row_cluster, return_index=True)[1]
    with pytest.raises(FitError, match="as many random effects"):
        LinearMixed().fit(with_rows(design, first))


def test_too_few_clusters() -> None:
    design = trial(4)
    values = np.random.default_rng(4).normal(size=(design.n_clusters, design.n_clusters - 2))
    names = tuple(f"z{i}" for i in range(values.shape[1]))
    crowded = Covariate("z", "cluster", names, values[design.row_cluster])
    with pytest.raises(FitError, match="no degrees of freedom"):
        LinearMixed().fit(replace(design, covariates=(crowded,)))


@pytest.mark.parametrize(
    ("method", "asked", "shape", "words"),
    [
        (LinearMixed(), question("risk_ratio"), "plain", "differences"),
        (LinearMixed(), question("rate_difference", kind="count"), "plain", "not for counts"),
        (LinearMixed(), question("mean_difference"), "plain", "no mean difference"),
        (LinearMixed(criterion={"kind": "ml"}), question(), "plain", "reml"),
        (
            LinearMixed(criterion={"kind": "ml"}, df={"kind": "satterthwaite"}),
            question(),
            "pairs",
            "halves the variance",
        ),
    ],
)
def test_questions_it_cannot_answer(method, asked, shape, words) -> None:
    objections = method.objections(study(shape), asked)
    assert len(objections) == 1
    assert words in objections[0]


@pytest.mark.parametrize("shape", SHAPES)
def test_the_settings_explained_are_the_settings_used(shape: str) -> None:
    blocks = {"strata": "strata", "pairs": "pairs"}.get(shape, "")
    design = trial(12, outcome="binary", blocks=blocks, covariates=shape == "adjusted")
    for rule in RULES:
        method = LinearMixed(df={"kind": rule})
        assert method.objections(study(shape), question()) == ()
        words, fit = method.words(study(shape), question()), method.fit(design)
        assert tuple((name, value) for name, value, _ in words.defaults) == fit.settings
        assert all(meaning for _, _, meaning in words.defaults)
        facts = {fact.name: fact.stat for fact in fit.facts}
        assert (words.estimator, words.df_rule) == (facts["estimator"], facts["df_rule"])
        assert "linear probability" in words.estimator


def test_the_average_it_estimates_is_said() -> None:
    assert "participant-average" in LinearMixed().estimand_gap(
        study(), question(target="participant_average")
    )
    assert "marginal" in LinearMixed().estimand_gap(study(), question(effect="conditional"))
