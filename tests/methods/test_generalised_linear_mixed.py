"""The mixed model as a method: what must not matter does not, and what it cannot answer is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from precept_stats.data.selection import Population
from precept_stats.errors import FitError
from precept_stats.methods.generalised_linear_mixed import GeneralisedLinearMixed
from precept_stats.numerics.glmm.families import BinomialLogit
from precept_stats.studies.cluster_trial import ClusterTrial
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Covariate
from precept_stats.studies.question import Estimand, Outcome, Question

from .generated import SEEDS, ask, effect, relabelled, swapped, trial, with_rows

LAPLACE = GeneralisedLinearMixed(approximation={"kind": "laplace"})
SEVEN = GeneralisedLinearMixed()
PSEUDO = GeneralisedLinearMixed(approximation={"kind": "pseudo_likelihood"})
ROGER = GeneralisedLinearMixed(approximation={"kind": "pseudo_likelihood"}, df={"kind": "kenward_roger"})
FORMS = {
    "difference": (SEVEN, {"outcome": "binary", "blocks": "strata", "covariates": True}),
    "ratio": (LAPLACE, {"outcome": "binary", "summary": "risk_ratio", "covariates": True}),
    "odds": (LAPLACE, {"outcome": "binary", "summary": "odds_ratio"}),
    "probit": (
        GeneralisedLinearMixed(link={"kind": "probit"}, df={"kind": "normal"}),
        {"outcome": "binary", "summary": "odds_ratio", "covariates": True},
    ),
    "pseudo": (PSEUDO, {"outcome": "binary", "blocks": "strata", "covariates": True}),
    "kenward_roger": (ROGER, {"outcome": "binary", "summary": "odds_ratio", "covariates": True}),
    "rates": (SEVEN, {"outcome": "count", "summary": "rate_difference", "covariates": True}),
    "rate_ratio": (LAPLACE, {"outcome": "count", "summary": "rate_ratio", "blocks": "strata"}),
}
forms = pytest.mark.parametrize("form", FORMS)
targets = pytest.mark.parametrize("target", ["participant_average", "cluster_average"])
few = settings(max_examples=5)


def numbers(estimate) -> list[float]:
    interval = estimate.interval
    return [estimate.value, estimate.std_error, estimate.df or 0.0, interval.lower, interval.upper]


def same(found, expected, tolerance: float = 1e-7) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        assert numbers(ours) == pytest.approx(numbers(theirs), rel=tolerance, abs=1e-9)


@forms
@targets
@few
@given(seed=SEEDS)
def test_order_numbering_and_side_do_not_matter(form: str, target: str, seed: int) -> None:
    method, shape = FORMS[form]
    design = replace(trial(seed, **shape), target=target)
    rng = np.random.default_rng(seed)
    expected = ask(method, design)
    same(ask(method, with_rows(design, rng.permutation(len(design.y)))), expected)
    same(ask(method, relabelled(design, rng.permutation(design.n_clusters))), expected)
    there, back = expected[0], effect(method, swapped(design))
    turned = (lambda v: 1 / v) if there.scale == "log" else (lambda v: -v)
    assert back.value == pytest.approx(turned(there.value), rel=1e-7, abs=1e-9)
    assert back.interval.lower == pytest.approx(turned(there.interval.upper), rel=1e-7, abs=1e-9)


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
    same(ask(SEVEN, grouped), ask(SEVEN, design), 1e-9)


def test_the_two_averages_differ_when_covariates_go_with_size() -> None:
    design = trial(3, outcome="binary", covariates=True)
    size = design.cluster_size[design.row_cluster]
    tilted = replace(
        design, covariates=(Covariate("x", "individual", ("x",), (size / size.mean())[:, None] ** 3),)
    )
    means = [
        ask(SEVEN, replace(tilted, target=t))[1].value for t in ("participant_average", "cluster_average")
    ]
    assert abs(means[0] - means[1]) > 1e-4


def test_without_covariates_the_marginal_risk_is_the_integral() -> None:
    """Against a million draws of the random effect, within six Monte Carlo standard errors."""
    design = trial(8, outcome="binary")
    fit = SEVEN.fit(design).uncertainty
    z = np.random.default_rng(0).standard_normal(1_000_000)
    for arm, mean in enumerate(SEVEN.targets(design)[1:]):
        risks = BinomialLogit().mean(fit.params[0] + arm * fit.params[1] + np.sqrt(fit.params[-2]) * z)
        assert mean.value(fit.params) == pytest.approx(risks.mean(), abs=6 * risks.std() / 1000)


@forms
def test_gradients_are_those_of_the_values(form: str) -> None:
    method, shape = FORMS[form]
    design = trial(5, **shape)
    params = method.fit(design).uncertainty.params.copy()
    params[-2] = max(params[-2], 0.1)
    for asked in method.targets(design):
        slope = asked.gradient(params)
        for j, e in enumerate(1e-4 * np.eye(len(params))):
            near = asked.value(params + e) - asked.value(params - e)
            far = asked.value(params + 2 * e) - asked.value(params - 2 * e)
            assert slope[j] == pytest.approx((8 * near - far) / 12e-4, abs=1e-9)


def test_conditional_and_marginal_odds_ratios_are_two_quantities() -> None:
    design = trial(11, outcome="binary", summary="odds_ratio", covariates=True)
    marginal, conditional = (effect(SEVEN, replace(design, effect=e)) for e in ("marginal", "conditional"))
    fit = SEVEN.fit(design).uncertainty
    assert conditional.value == pytest.approx(np.exp(fit.params[1]))
    assert abs(np.log(marginal.value)) < abs(np.log(conditional.value))


def facts(design: ClusterTrialDesign) -> dict:
    return {fact.name: fact.stat for fact in SEVEN.fit(design).facts}


def test_clusters_alike_are_a_boundary_that_keeps_its_degrees_of_freedom() -> None:
    design = trial(2, outcome="binary", equal_sizes=True)
    y = np.tile(np.arange(15) % 3 == 0, design.n_clusters).astype(float)
    y[(design.arm[design.row_cluster] == 1) & (np.arange(len(y)) % 15 == 1)] = 1.0
    alike = replace(design, y=y)
    fit = SEVEN.fit(alike)
    assert fit.status == "boundary"
    assert any("estimated as 0" in warning for warning in fit.warnings)
    assert dict(fit.evidence)["score_of_variance_at_zero"] <= 0
    assert facts(alike)["sd_between_clusters"] == 0
    assert facts(alike)["icc_proportion"] == pytest.approx(0, abs=1e-15)
    found = ask(SEVEN, alike)
    assert [e.value for e in found] == pytest.approx([1 / 15, 5 / 15, 6 / 15])
    assert found[0].df == design.n_clusters - 2


@pytest.mark.parametrize("method", [PSEUDO, ROGER], ids=["clusters", "kenward_roger"])
def test_the_boundary_by_pseudo_likelihood(method: GeneralisedLinearMixed) -> None:
    design = trial(2, outcome="binary", equal_sizes=True)
    alike = replace(design, y=np.tile(np.arange(15) % 3 == 0, design.n_clusters).astype(float))
    fit = method.fit(alike)
    assert fit.status == "boundary"
    found = ask(method, alike)
    assert [e.value for e in found] == pytest.approx([0, 1 / 3, 1 / 3], abs=1e-9)
    assert found[0].df == pytest.approx(design.n_clusters - 2, rel=1e-6 if method is PSEUDO else 0.5)


@pytest.mark.parametrize("method", [SEVEN, ROGER], ids=["likelihood", "pseudo"])
def test_an_arm_without_events_is_refused_by_name(method: GeneralisedLinearMixed) -> None:
    design = trial(4, outcome="binary", covariates=True)
    none = replace(design, y=np.where(design.arm[design.row_cluster] == 1, 0.0, design.y))
    with pytest.raises(FitError, match="separated") as raised:
        method.fit(none)
    assert "effect of treated" in raised.value.found


def test_terms_that_repeat_others_are_named() -> None:
    design = trial(4, outcome="binary")
    arm = design.arm[design.row_cluster].astype(float)[:, None]
    repeated = replace(design, covariates=(Covariate("again", "cluster", ("again",), arm),))
    with pytest.raises(FitError, match="told apart") as raised:
        SEVEN.fit(repeated)
    assert "again" in raised.value.found


def test_an_outcome_that_does_not_vary() -> None:
    design = trial(4, outcome="binary")
    with pytest.raises(FitError, match="does not vary"):
        SEVEN.fit(replace(design, y=np.ones_like(design.y)))


def question(summary: str, effect: str = "marginal", kind: str = "binary") -> Question:
    estimand = Estimand(
        population="p", outcome="o", compare="1", reference="0", summary=summary, effect=effect,
        target="cluster_average", intercurrent_events=(),
    )  # fmt: skip
    outcome = Outcome(
        column="y", type=kind, direction="higher_better", denominator="t" if kind == "count" else None
    )
    return Question("e", estimand, Population(of="rows"), outcome)


@pytest.mark.parametrize(
    ("method", "asked", "said"),
    [
        (SEVEN, question("mean_difference", kind="continuous"), "binary outcomes and counts"),
        (SEVEN, question("risk_difference", "conditional"), "not one number"),
        (GeneralisedLinearMixed(link={"kind": "log"}), question("risk_ratio"), "no model of a binary"),
        (GeneralisedLinearMixed(link={"kind": "logit"}), question("rate_ratio", kind="count"), "no model"),
        (
            GeneralisedLinearMixed(link={"kind": "probit"}),
            question("odds_ratio", "conditional"),
            "logit link",
        ),
        (SEVEN, question("rate_ratio"), "has no rate ratio"),
        (
            GeneralisedLinearMixed(df={"kind": "kenward_roger"}),
            question("odds_ratio"),
            "restricted likelihood",
        ),
    ],
)
def test_questions_that_it_cannot_answer(method: GeneralisedLinearMixed, asked: Question, said: str) -> None:
    found = method.objections(ClusterTrial(cluster="c", arm="a"), asked)
    assert any(said in objection for objection in found), found


def test_questions_that_it_can_answer_and_what_may_be_missed() -> None:
    study = ClusterTrial(cluster="c", arm="a")
    assert SEVEN.objections(study, question("odds_ratio", "conditional")) == ()
    assert SEVEN.objections(study, question("rate_difference", kind="count")) == ()
    assert "depends on cluster size" in SEVEN.estimand_gap(study, question("risk_ratio"))
    paired = ClusterTrial(cluster="c", arm="a", pairs="p")
    assert "pair" in SEVEN.objections(paired, question("risk_ratio"))[0]


@pytest.mark.parametrize("nodes", [0, 1, 4, 103])
def test_nodes_are_odd_and_not_too_many(nodes: int) -> None:
    with pytest.raises(ValueError, match="odd number"):
        GeneralisedLinearMixed(approximation={"kind": "quadrature", "nodes": nodes})
