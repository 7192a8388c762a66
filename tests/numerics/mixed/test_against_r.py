"""Every fit of expected.json: lme4's criterion and estimates, lmerTest's and pbkrtest's inference."""

from __future__ import annotations

import numpy as np
import pytest

from precept_stats.errors import FitError
from precept_stats.inference.between_within import BetweenWithinDf
from precept_stats.inference.joint import joint_test
from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.inference.likelihood import LinearMaximum, likelihood_ratio_test, profile_interval
from precept_stats.inference.satterthwaite import satterthwaite
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.numerics.mixed.fit import MixedFit, fit_mixed
from precept_stats.numerics.mixed.prediction import predict_random

from .models import MODELS, expected, has_data, table

CASES = sorted(expected())


def fitted(name: str) -> tuple[dict, MixedFit]:
    case = expected()[name]
    if not has_data(case["data"]):
        pytest.skip("the data of this case do not ship; PRECEPT_DATA is not set")
    model = MODELS[name](table(case["data"]))
    return case, fit_mixed(model, "reml" if case["reml"] else "ml")


def test_every_case_has_its_model() -> None:
    assert set(CASES) == set(MODELS)


@pytest.mark.parametrize("name", CASES)
def test_estimates_are_those_of_lme4(name: str) -> None:
    case, fit = fitted(name)
    assert fit.converged
    assert fit.deviance == pytest.approx(case["criterion"], rel=1e-8)
    assert fit.params == pytest.approx(case["params"], rel=1e-6, abs=1e-8)
    assert fit.sigma2 == pytest.approx(case["sigma2"], rel=1e-6)
    # lme4 orders its terms by their numbers of levels; near 0 the criterion is flat in theta
    ours, theirs = np.sort(np.abs(fit.theta)), np.sort(np.abs(np.atleast_1d(case["theta"])))
    assert ours == pytest.approx(theirs, rel=2e-6, abs=1e-5)
    scale = np.abs(np.array(case["vcov"])).max()
    assert fit.covariance == pytest.approx(np.atleast_2d(case["vcov"]), rel=1e-6, abs=1e-7 * scale)


@pytest.mark.parametrize("name", CASES)
def test_satterthwaite_is_that_of_lmertest(name: str) -> None:
    case, fit = fitted(name)
    rule = satterthwaite(fit)
    ours = [rule(row) for row in np.eye(len(fit.params))]
    assert ours == pytest.approx(np.atleast_1d(case["df_satterthwaite"]), rel=1e-4)


@pytest.mark.parametrize("name", [name for name in CASES if "df_kenward_roger" in expected()[name]])
def test_kenward_roger_is_that_of_pbkrtest(name: str) -> None:
    case, fit = fitted(name)
    adjusted = kenward_roger(fit)
    theirs = np.atleast_2d(case["vcov_kenward_roger"])
    assert adjusted.covariance == pytest.approx(theirs, rel=1e-6, abs=1e-6 * np.abs(theirs).max())
    ours = [adjusted.df(row) for row in np.eye(len(fit.params))]
    assert ours == pytest.approx(np.atleast_1d(case["df_kenward_roger"]), rel=1e-4)


@pytest.mark.parametrize("name", [name for name in CASES if "joint" in expected()[name]])
def test_joint_tests_are_those_of_pbkrtest_and_lmertest(name: str) -> None:
    case, fit = fitted(name)
    adjusted = kenward_roger(fit)
    rules = {
        "kenward_roger": Asymptotic(fit.names, fit.params, adjusted.covariance, adjusted.df),
        "satterthwaite": Asymptotic(fit.names, fit.params, fit.covariance, satterthwaite(fit)),
    }
    for rule, asymptotic in rules.items():
        theirs = case["joint"][rule]
        found = joint_test(asymptotic, np.array(case["joint"]["L"]))
        assert found.df1 == theirs["ndf"]
        assert found.df2 == pytest.approx(theirs["ddf"], rel=1e-4)
        assert found.statistic == pytest.approx(theirs["Fstat"], rel=2e-6)
        assert found.p_value == pytest.approx(theirs["p.value"], rel=1e-4)
        assert found.scaling == pytest.approx(theirs.get("F.scaling", 1.0), rel=1e-6)


@pytest.mark.parametrize("name", [name for name in CASES if "likelihood" in expected()[name]])
def test_likelihood_ratios_and_profiles_are_those_of_lme4(name: str) -> None:
    """lme4 interpolates profiles, so intervals are held to 5e-5 of their width only."""
    case = expected()[name]
    theirs = case["likelihood"]
    fit = LinearMaximum(fit_mixed(MODELS[name](table(case["data"])), "ml"))
    found = likelihood_ratio_test(fit, np.array(case["joint"]["L"]))
    assert found.df1 == theirs["df"]
    assert found.statistic * found.df1 == pytest.approx(theirs["chisq"], rel=1e-6)
    assert found.p_value == pytest.approx(theirs["p.value"], rel=1e-5)
    interval = profile_interval(fit, np.eye(len(fit.params))[theirs["coefficient"] - 1])
    lower, upper = theirs["profile"]
    assert [interval.lower, interval.upper] == pytest.approx([lower, upper], abs=5e-5 * (upper - lower))


def test_predictions_are_those_of_lme4() -> None:
    case, fit = fitted("penicillin")
    for name, found in zip(("plate", "sample"), predict_random(fit), strict=True):
        assert found.values == pytest.approx(np.array(case["random"][name]), rel=1e-5, abs=1e-6)


def test_likelihoods_of_reml_do_not_compare() -> None:
    _, fit = fitted("orthodont_intercept")
    with pytest.raises(FitError, match="maximum likelihood"):
        likelihood_ratio_test(LinearMaximum(fit), np.eye(len(fit.params))[1])


def test_between_within_is_that_of_nlme() -> None:
    """nlme counts the intercept as within; all else agrees."""
    case, fit = fitted("orthodont_intercept")
    n, K = 108, 27
    rule = BetweenWithinDf(np.array([0, 1, 0, 1]), (float(K), float(n)))
    ours = [rule(row) for row in np.eye(len(fit.params))]
    assert ours[1:] == case["df_nlme"][1:] == [79, 25, 79]
    assert (ours[0], case["df_nlme"][0]) == (25, 79)


def test_the_boundary_is_found_and_said() -> None:
    for name, count in (("twelve_zero", 1), ("twelve_singular", 1), ("twelve_intercept", 0)):
        _, fit = fitted(name)
        assert sum(fit.at_zero) == count
        assert fit.boundary == bool(count)
