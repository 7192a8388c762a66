"""Every fit of expected.json: nlme, glmmTMB and lme4 with pbkrtest."""

from __future__ import annotations

import numpy as np
import pytest

from precept_stats.inference.joint import joint_test
from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.numerics.cells.fit import CellFit, fit_cells
from precept_stats.numerics.cells.prediction import predict_cells

from .models import MODELS, expected, model

CASES = sorted(expected())
WITH_RULES = [name for name in CASES if "kenward_roger" in expected()[name]]


def fitted(name: str) -> tuple[dict, CellFit]:
    case = expected()[name]
    return case, fit_cells(model(name), "reml" if case["reml"] else "ml")


def test_every_model_has_its_case() -> None:
    assert {name.removesuffix("_reml").removesuffix("_ml") for name in CASES} == set(MODELS)


@pytest.mark.parametrize("name", CASES)
def test_estimates_are_those_of_r(name: str) -> None:
    case, fit = fitted(name)
    assert fit.converged
    assert fit.gradient < 1e-6
    assert fit.smallest_curvature > 0.0
    assert fit.log_likelihood == pytest.approx(case["log_likelihood"], rel=1e-10)
    assert fit.params == pytest.approx(case["params"], rel=1e-6)
    ours, theirs = (np.sqrt(np.diag(V)) for V in (fit.covariance, np.array(case["vcov"])))
    assert ours == pytest.approx(theirs, rel=1e-6)
    assert fit.covariance == pytest.approx(np.array(case["vcov"]), rel=1e-5, abs=1e-6 * ours.max() ** 2)
    # the likelihood is flat to second order in the variances, where the peers stop at about its square root
    assert fit.psi == pytest.approx(tuple(np.atleast_1d(case["psi"])), rel=1e-5)
    assert fit.sigma2 == pytest.approx(tuple(np.atleast_1d(case["sigma2"])), rel=2e-6)


@pytest.mark.parametrize("name", WITH_RULES)
def test_kenward_roger_is_that_of_pbkrtest(name: str) -> None:
    case, fit = fitted(name)
    theirs, adjusted = case["kenward_roger"], kenward_roger(fit)
    expected_vcov = np.array(theirs["vcov"])
    assert adjusted.covariance == pytest.approx(
        expected_vcov, rel=1e-6, abs=1e-6 * np.abs(expected_vcov).max()
    )
    ours = [adjusted.df(row) for row in np.eye(len(fit.params))]
    assert ours == pytest.approx(theirs["df"], rel=1e-4)
    asymptotic = Asymptotic(fit.names, fit.params, adjusted.covariance, adjusted.df)
    found = joint_test(asymptotic, np.array(theirs["L"]))
    assert found.df1 == theirs["joint"]["ndf"]
    assert found.df2 == pytest.approx(theirs["joint"]["ddf"], rel=1e-4)
    assert found.statistic == pytest.approx(theirs["joint"]["Fstat"], rel=2e-6)
    assert found.p_value == pytest.approx(theirs["joint"]["p.value"], rel=1e-4)


@pytest.mark.parametrize("name", WITH_RULES)
def test_predicted_clusters_are_those_of_lme4(name: str) -> None:
    case, fit = fitted(name)
    # clusters are numbered in the order of their names as text, as lme4 does after sorting
    order = np.argsort(np.array(case["random"]["names"], dtype=str))
    theirs = np.array(case["random"]["values"])[order]
    ours = predict_cells(fit).clusters[:, 0]
    assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-7)
