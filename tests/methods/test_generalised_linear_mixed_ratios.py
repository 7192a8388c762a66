"""Likelihood ratios in the generalised mixed model: what is profiled, what is not, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from precept_stats.errors import FitError
from precept_stats.inference.profiled import PROFILE, WALD
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods.generalised_linear_mixed import GeneralisedLinearMixed
from precept_stats.numerics.glmm.effects import StructuredRows
from precept_stats.numerics.glmm.joint_fit import fit_joint
from precept_stats.studies.cluster_trial import ClusterTrial

from .generated import ask, effect, trial
from .test_generalised_linear_mixed import numbers, question
from .test_generalised_linear_mixed_structures import NESTED, design_of

RATIO = {"kind": "likelihood_ratio"}
LAPLACE = GeneralisedLinearMixed(approximation={"kind": "laplace"}, df=RATIO)
SEVEN = GeneralisedLinearMixed(df=RATIO)
SLOPE = {"kind": "random_intervention"}
STUDY = ClusterTrial(cluster="c", arm="a")
SAID = "a marginal effect, whose p-value and interval could then contradict"


def held(method: GeneralisedLinearMixed, design, value: float) -> float:
    """The log likelihood without the column of the arm, value * column in the offset."""
    model = method._model(design)
    X, offset = np.delete(model.X, 1, axis=1), value * model.X[:, 1]
    rows = StructuredRows(X, design.y, design.size, model.random.terms, offset)
    return fit_joint(rows, model.family, method.approximation.points).log_likelihood


@pytest.mark.parametrize("method", [LAPLACE, SEVEN], ids=["1", "7"])
@pytest.mark.parametrize("shape", [("binary", "odds_ratio"), ("count", "rate_ratio")])
def test_p_and_limits_are_falls_of_the_likelihood(method: GeneralisedLinearMixed, shape: tuple) -> None:
    """With the kernel for one intercept at the maximum and the general one, without the column, elsewhere."""
    outcome, summary = shape
    made = trial(11, outcome=outcome, summary=summary, covariates=True)
    design = replace(made, effect="conditional")
    found, fit = effect(method, design), method.fit(design)
    full = float(dict(fit.evidence)["log_likelihood"])
    fall = 2.0 * (full - held(method, design, 0.0))
    assert found.statistic == pytest.approx(np.sign(np.log(found.value)) * np.sqrt(fall), rel=1e-6)
    assert found.p_value == pytest.approx(stats.chi2(1).sf(fall), rel=1e-6)
    assert (found.interval.method, found.df) == (PROFILE, None)
    for limit in (found.interval.lower, found.interval.upper):
        ratio = 2.0 * (full - held(method, design, float(np.log(limit))))
        assert ratio == pytest.approx(stats.chi2(1).ppf(0.95), rel=1e-5)


def test_means_and_correlations_keep_estimate_and_standard_error() -> None:
    design = replace(trial(11, outcome="binary", summary="odds_ratio"), effect="conditional")
    normal = GeneralisedLinearMixed(approximation={"kind": "laplace"}, df={"kind": "normal"})
    found, expected = ask(LAPLACE, design)[1:], ask(normal, design)[1:]
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.interval.method == WALD
        assert numbers(ours) == pytest.approx(numbers(theirs), rel=1e-12)


def test_exposure_times_are_averaged_and_tested_together() -> None:
    """The average of logarithms has a profile; the joint tests are likelihood ratios."""
    design = replace(design_of("exposure"), summary="odds_ratio", effect="conditional")
    method = GeneralisedLinearMixed(
        approximation={"kind": "laplace"}, random=NESTED, df=RATIO, effect_over_time={"kind": "exposure_time"}
    )
    fit = method.fit(design)
    found = estimate(fit.uncertainty, method.targets(design)[0], 0.95)
    assert found.interval.method == PROFILE
    assert found.interval.lower < found.value < found.interval.upper
    model = method._model(design)
    without = np.delete(model.X, list(model.fixed.effects), axis=1)
    rows = StructuredRows(without, design.y, design.size, model.random.terms)
    full = float(dict(fit.evidence)["log_likelihood"])
    fall = 2.0 * (full - fit_joint(rows, model.family).log_likelihood)
    tests = [
        f for f in fit.facts if f.context == "joint_test" and dict(f.groups)["test"].endswith("all zero")
    ]
    told = {fact.name: fact.stat for fact in tests}
    assert told["df1"] == len(model.fixed.effects)
    assert told["statistic"] * told["df1"] == pytest.approx(fall, rel=1e-6)
    assert told["p_value"] == pytest.approx(stats.chi2(told["df1"]).sf(fall), rel=1e-6)


def test_a_random_effect_of_the_arm_makes_the_rate_ratio_marginal() -> None:
    by_arm = LAPLACE.model_copy(update={"random": GeneralisedLinearMixed(random=SLOPE).random})
    asked = question("rate_ratio", kind="count")
    assert LAPLACE.objections(STUDY, asked) == ()
    assert any(SAID in said for said in by_arm.objections(STUDY, asked))


@pytest.mark.parametrize("summary", ["risk_difference", "risk_ratio", "odds_ratio"])
def test_marginal_effects_are_refused(summary: str) -> None:
    assert any(SAID in said for said in SEVEN.objections(STUDY, question(summary)))
    assert SEVEN.objections(STUDY, question("odds_ratio", "conditional")) == ()


def test_pseudo_likelihood_is_refused() -> None:
    method = GeneralisedLinearMixed(approximation={"kind": "pseudo_likelihood"}, df=RATIO)
    objections = method.objections(STUDY, question("odds_ratio", "conditional"))
    assert any("restricted pseudo-likelihood has none" in said for said in objections)
    with pytest.raises(FitError, match="no likelihood to compare"):
        method.fit(trial(11, outcome="binary"))
