"""Values and standard errors held to R: of regions and counties, and of ordered groups."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from numerics.inequality.cases import CASES, EXPECTED, HERE, areas_of, given
from precept_stats.numerics.inequality.catalogue import MEASURES
from precept_stats.numerics.inequality.heterogeneity import heterogeneity
from precept_stats.numerics.inequality.measure import standard_error

OTHER_NAMES = {
    "ti_x1000": "theil",
    "mld_x1000": "mld",
    "range": "difference",
    "weighted_mean": "mean",
    "gini_weighted": "gini",
}
ORDERED = json.loads((HERE / "ordered.json").read_text(encoding="utf-8"))
KNOWN_DIFFERENCES = json.loads((HERE / "known_differences.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", CASES)
def test_summary_measures_and_their_errors(name: str) -> None:
    found, expected = given(name), EXPECTED[name]
    for other, value in expected["own"].items():
        measure = MEASURES[OTHER_NAMES.get(other, other)]
        if value is None:
            with np.errstate(divide="ignore"):
                assert not np.isfinite(measure.value(found.y, found.areas)), other
            continue
        assert float(measure.value(found.y, found.areas)) == pytest.approx(value, rel=1e-10), other
        error = expected["own_delta_se"].get(other)
        if error is not None:
            ours = standard_error(measure, found.y, found.areas, np.diag(found.std_error**2))
            assert ours == pytest.approx(error, rel=1e-8), other


@pytest.mark.parametrize("name", CASES)
def test_unweighted_indices(name: str) -> None:
    found, expected = given(name), EXPECTED[name]["unweighted_ineq"]
    equal = replace(found.areas, share=np.full(found.areas.count, 1.0 / found.areas.count))
    for other, ours in (("Gini", "gini"), ("Atkinson05", "atkinson_05")):
        assert float(MEASURES[ours].value(found.y, equal)) == pytest.approx(expected[other], rel=1e-12)
    theil = float(MEASURES["theil"].value(found.y, equal)) / 1000.0
    if f"{name}/ineq_theil" in KNOWN_DIFFERENCES:
        some = found.y > 0
        assert theil != pytest.approx(expected["Theil"], rel=1e-3)
        left = replace(equal, share=np.full(int(some.sum()), 1.0 / some.sum()))
        assert float(MEASURES["theil"].value(found.y[some], left)) / 1000.0 == pytest.approx(
            expected["Theil"], rel=1e-12
        )
    else:
        assert theil == pytest.approx(expected["Theil"], rel=1e-11)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("msds")])
def test_what_the_world_health_organisations_package_gives_otherwise(name: str) -> None:
    """Its errors of Theil and MLD are of the index before it is multiplied; the reasons are recorded."""
    found, theirs = given(name), EXPECTED[name]["healthequal"]
    covariance = np.diag(found.std_error**2)
    for other, ours, factor in (("ti", "theil", 1000.0), ("mld", "mld", 1000.0)):
        assert f"healthequal/{other}" in KNOWN_DIFFERENCES
        error = standard_error(MEASURES[ours], found.y, found.areas, covariance)
        assert error == pytest.approx(factor * theirs[other]["se"], rel=1e-6)
        half = (theirs[other]["upperci"] - theirs[other]["lowerci"]) / 2
        assert 1.96 * error > 900.0 * half
    assert "healthequal/bgv" in KNOWN_DIFFERENCES
    centred = np.diag(found.areas.share) - np.outer(found.areas.share, found.areas.share)
    product = centred @ covariance
    first = standard_error(MEASURES["bgv"], found.y, found.areas, covariance) ** 2
    second = 2.0 * float(np.sum(product * product.T))
    assert theirs["bgv"]["se"] == pytest.approx((first + second) ** 0.5, rel=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_heterogeneity(name: str) -> None:
    found, theirs = given(name), EXPECTED[name]["metafor"]
    ours = heterogeneity(found.y, found.std_error**2, 0.95)
    assert ours.q == pytest.approx(theirs["Q"], rel=1e-10)
    assert ours.df == theirs["df"]
    assert ours.p_value == pytest.approx(theirs["Qp"], rel=1e-7)
    assert ours.tau2_dl == pytest.approx(theirs["tau2_DL"], rel=1e-10)
    assert ours.tau2_reml == pytest.approx(theirs["tau2_REML"], rel=1e-4)
    assert ours.mean == pytest.approx(theirs["mu_REML"], rel=1e-5)
    assert 100.0 * ours.i2 == pytest.approx(theirs["I2_REML"], rel=1e-4)


@pytest.mark.parametrize("name", [name for name in ORDERED if name != "meta"])
def test_indices_of_ordered_groups(name: str) -> None:
    case = ORDERED[name]
    y, people = np.array(case["y"]), np.array(case["n"], dtype=float)
    variance = y * (100.0 - y) / people
    areas = areas_of(y, people, favourable=True, top=100.0, rank=np.array(case["rank"], dtype=float))
    for other, value in case["value"].items():
        ours = float(MEASURES[other].value(y, areas))
        assert ours == pytest.approx(value, rel=1e-10), other
        error = standard_error(MEASURES[other], y, areas, np.diag(variance))
        assert error == pytest.approx(case["std_error"][other], rel=1e-8), other
    profiled = heterogeneity(y, variance, 0.95)
    assert profiled.q == pytest.approx(case["profile"]["q"], rel=1e-12)
    assert profiled.lower == pytest.approx(case["profile"]["lower"], rel=1e-7)
    assert profiled.upper == pytest.approx(case["profile"]["upper"], rel=1e-7)
