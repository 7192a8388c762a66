"""Against geepack, clubSandwich, geesmv, geeCRT and statsmodels.

expected.json is made by make.R. others.json holds numbers of packages that are run elsewhere, on data of
which most do not ship; it says which, and where a definition differs.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from precept_stats.inference.sandwich_df import SandwichDf
from precept_stats.numerics.gee import correlation, families, variance
from precept_stats.numerics.gee.cells import GeeRows, individual_rows
from precept_stats.numerics.gee.fit import GeeFit, GeeModel, fit_gee

from . import plain
from .generated import CORRELATIONS, FAMILIES, plain_clusters, rows

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
OTHERS = json.loads((HERE / "others.json").read_text(encoding="utf-8"))
AWARDS = HERE.parents[2] / "analysis_plans" / "data" / "achievement_awards"


def read(*parts: str) -> pd.DataFrame:
    return pd.read_csv(HERE.parent.joinpath(*parts))


def orthodont() -> GeeRows:
    d = read("mixed", "data", "orthodont.csv")
    X = np.column_stack([np.ones(len(d)), np.sqrt(d.age), d.Sex == "Male"]).astype(float)
    return individual_rows(X, d.distance.to_numpy(float), pd.factorize(d.Subject)[0])


def contraception() -> GeeRows:
    d = read("glmm", "data", "contraception.csv")
    X = np.column_stack([np.ones(len(d)), d.urb, d.age, d.livch != "0"]).astype(float)
    return individual_rows(X, d.use01.to_numpy(float), pd.factorize(d.district)[0])


def contraception_weighted() -> GeeRows:
    data = contraception()
    inverse = 1 / np.bincount(data.cluster)
    return replace(data, weight=inverse / inverse.mean())


def counts() -> GeeRows:
    d = read("glmm", "data", "counts.csv")
    X = np.column_stack([np.ones(len(d)), d.arm, *(d.period == p for p in (2, 3, 4))]).astype(float)
    data = individual_rows(X, d.events.to_numpy(float), pd.factorize(d.unit)[0])
    return replace(data, exposure=d.person_years.to_numpy(float))


def cbpp() -> GeeRows:
    """The herds' animals as counts, not one by one: that they collapse is part of the test."""
    d = read("glmm", "data", "cbpp.csv")
    X = np.column_stack([np.ones(len(d)), d.period == 1]).astype(float)
    data = individual_rows(X, d.incidence.to_numpy(float), pd.factorize(d.herd)[0])
    return replace(data, count=d["size"].to_numpy(float), squares=data.total)


FITS = {
    "orthodont": (orthodont, "gaussian"),
    "contraception": (contraception, "logit"),
    "contraception_weighted": (contraception_weighted, "logit"),
    "counts": (counts, "poisson"),
    "cbpp_log": (cbpp, "binomial_log"),
    "cbpp_identity": (cbpp, "binomial_identity"),
    "cbpp_modified_poisson": (cbpp, "poisson"),
}


def corrections(fit: GeeFit) -> dict[str, variance.Corrected]:
    leverage = variance.leverage_of(fit)
    return {
        "LZ": variance.liang_zeger(fit),
        "MD": variance.mancl_derouen(fit, leverage),
        "KC_root": variance.kauermann_carroll(fit, leverage),
        "FG": variance.fay_graubard(fit),
        "MBN": variance.morel_bokossa_neerchal(fit),
        "CR0": variance.liang_zeger(fit),
        "CR2": variance.cr2(fit),
        "CR3": variance.mancl_derouen(fit, leverage),
    }


def errors(found: variance.Corrected) -> np.ndarray:
    return np.sqrt(np.diag(found.covariance))


def hold_degrees_of_freedom(fit: GeeFit, found: variance.Corrected, expected: list[float]) -> None:
    rule = SandwichDf(*found.pieces(), fit.bread)
    assert [rule(c) for c in np.eye(len(fit.params))] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(
    ("name", "working"), [(name, working) for name in FITS for working in EXPECTED[name]]
)
def test_geepack_and_clubsandwich(name: str, working: str) -> None:
    make, family = FITS[name]
    expected = EXPECTED[name][working]
    fit = fit_gee(make(), GeeModel(FAMILIES[family], CORRELATIONS[working]))
    found = corrections(fit)
    assert fit.reason == ""
    assert fit.params == pytest.approx(expected["params"], rel=1e-8)
    assert fit.alpha == pytest.approx(np.atleast_1d(expected["alpha"]), rel=1e-8)
    assert found["LZ"].covariance == pytest.approx(np.array(expected["covariance"]), rel=1e-8)
    if "weighted" not in name:  # geepack divides by the weights, not by the outcomes
        assert fit.scale == pytest.approx(expected["scale"], rel=1e-8)
    for kind, theirs in expected.get("clubSandwich", {}).items():
        assert found[kind].covariance == pytest.approx(np.array(theirs["covariance"]), rel=1e-8)
        hold_degrees_of_freedom(fit, found[kind], theirs["df"])


def elsewhere(name: str) -> tuple[GeeRows, dict]:
    """Rows of a data set that is named in others.json, where it can be read."""
    described = OTHERS["fits"][name]
    folder = AWARDS if name == "awards" else Path(os.environ.get("PRECEPT_DATA", "absent"))
    path = folder / f"{described['file']}.csv"
    if not path.exists():
        pytest.skip("the data do not ship; PRECEPT_DATA is not set")
    d = pd.read_csv(path)
    d["1"], d["sg2"], d["sg3"] = 1.0, d.get("stratum") == 2, d.get("stratum") == 3
    d = d[d[described["outcome"]].notna()]
    X = d[described["columns"]].to_numpy(float)
    return (
        individual_rows(X, d[described["outcome"]].to_numpy(float), pd.factorize(d[described["cluster"]])[0]),
        described,
    )


@pytest.mark.parametrize("working", ["independence", "exchangeable"])
@pytest.mark.parametrize("name", OTHERS["fits"])
def test_packages_that_were_run_elsewhere(name: str, working: str) -> None:
    data, described = elsewhere(name)
    expected = described[working]
    fit = fit_gee(data, GeeModel(FAMILIES[described["family"]], CORRELATIONS[working]))
    found = corrections(fit)
    assert fit.params == pytest.approx(expected["params"], rel=1e-8)
    assert fit.scale == pytest.approx(expected["scale"], rel=1e-8)
    if working == "exchangeable":
        assert fit.alpha[0] == pytest.approx(expected["alpha"], rel=1e-8)
    for kind in ("LZ", "MD", "KC_root", "FG", "MBN"):
        assert errors(found[kind]) == pytest.approx(expected["se"][kind], rel=1e-8), kind
    assert half_corrected(fit) == pytest.approx(expected["se"]["KC_half"], rel=1e-8)
    for kind, theirs in expected["clubSandwich"].items():
        assert errors(found[kind]) == pytest.approx(theirs["se"], rel=1e-8)
        hold_degrees_of_freedom(fit, found[kind], theirs["df"])


def half_corrected(fit: GeeFit) -> np.ndarray:
    """The other variance by the name of Kauermann and Carroll: one residual of each two corrected."""
    lifted = variance.leverage_of(fit).lifted(-1.0, fit.clusters.score[:, :, None])[:, :, 0] @ fit.bread
    plain_half = fit.clusters.score @ fit.bread
    return np.sqrt(np.diag(0.5 * (lifted.T @ plain_half + plain_half.T @ lifted)))


@pytest.mark.parametrize("equations", ["geeCRT_uee", "geeCRT_maee"])
@pytest.mark.parametrize("name", ["simsw_bin", "simsw_con", "share_10schools", "awards"])
def test_geecrt_at_its_own_correlation(name: str, equations: str) -> None:
    """geeCRT stops when a step is below 0.001, so that estimates agree to about that."""
    data, described = elsewhere(name)
    expected = described[equations]
    held = GeeModel(FAMILIES[described["family"]], correlation.Exchangeable(), held=(expected["alpha"],))
    fit = fit_gee(data, held)
    found = corrections(fit)
    assert fit.params == pytest.approx(expected["params"], abs=1e-3)
    assert errors(found["LZ"]) == pytest.approx(expected["BC0"], rel=1e-3)
    assert errors(found["MD"]) == pytest.approx(expected["BC2_MD"], rel=1e-3)
    assert errors(found["FG"]) == pytest.approx(expected["BC3_FG"], rel=1e-3)
    assert half_corrected(fit) == pytest.approx(expected["BC1_KC"], rel=1e-3)


@pytest.mark.parametrize("name", OTHERS["swcrt_nested"])
def test_a_nested_correlation_in_geecrt(name: str) -> None:
    """A stepped wedge at the two correlations that geeCRT finds, and the correlations beside ours."""
    described, expected = OTHERS["fits"][name], OTHERS["swcrt_nested"][name]
    data, _ = elsewhere(name)
    d = pd.read_csv(Path(os.environ["PRECEPT_DATA"]) / f"{described['file']}.csv")
    X = d[["treatment", "period1", "period2", "period3", "period4"]].to_numpy(float)
    data = replace(data, X=X, period=d["period"].to_numpy(np.intp) - 1)
    nested = correlation.NestedExchangeable()
    family = FAMILIES[described["family"]]
    fit = fit_gee(data, GeeModel(family, nested, bias_corrected=True, held=tuple(expected["alpha"])))
    found = corrections(fit)
    assert fit.params[0] == pytest.approx(expected["effect"], abs=1e-3)
    for ours, theirs in (("LZ", "BC0"), ("MD", "BC2_MD"), ("FG", "BC3_FG")):
        assert errors(found[ours])[0] == pytest.approx(expected[theirs], rel=1e-3), ours
    assert half_corrected(fit)[0] == pytest.approx(expected["BC1_KC"], rel=1e-3)
    if "MB" in expected:
        scale = fit.scale * 373 / (373 - 5)  # geeCRT takes parameters off
        assert np.sqrt(scale * fit.bread[0, 0]) == pytest.approx(expected["MB"], rel=1e-3)
    estimated = fit_gee(data, GeeModel(family, nested, bias_corrected=True))
    assert estimated.alpha == pytest.approx(expected["alpha"], rel=0.07)


@pytest.mark.parametrize("name", ["simsw_bin", "awards"])
def test_correlations_of_geecrt_by_its_definition_and_by_ours(name: str) -> None:
    """Its correlation has scale 1 and corrects the earlier row of a pair; ours has neither property."""
    data, described = elsewhere(name)
    expected = described["geeCRT_maee"]
    order = np.argsort(data.cluster, kind="stable")
    data = replace(data, **{f: getattr(data, f)[order] for f in ("X", "total", "squares", "cluster")})
    model = GeeModel(FAMILIES["logit"], correlation.Exchangeable(), held=(expected["alpha"],))
    fit = fit_gee(data, model)
    clusters = plain_clusters(data)
    parts = plain.dense(clusters, model, fit.params, fit.alpha)
    products, pairs, _ = plain.pair_products(parts, clusters, corrected=True, half=False)
    assert products.sum() / pairs.sum() == pytest.approx(expected["alpha"], rel=2e-3)
    ours = fit_gee(data, replace(model, held=None, bias_corrected=True))
    moments = fit_gee(data, replace(model, held=None))
    assert ours.alpha[0] > moments.alpha[0]
    assert abs(ours.alpha[0] - expected["alpha"]) > 1e-4


def test_published_standard_errors_of_the_dental_data() -> None:
    expected = OTHERS["dental"]
    data = orthodont()
    X = data.X.copy()
    X[:, 2] += 1
    model = GeeModel(FAMILIES["gaussian"], correlation.Exchangeable(), held=(expected["alpha"],))
    fit = fit_gee(replace(data, X=X), model)
    assert fit.params == pytest.approx(expected["params"], rel=1e-8)
    for kind in ("LZ", "MD", "KC_root", "FG"):
        assert errors(corrections(fit)[kind]) == pytest.approx(expected[kind], rel=1e-6), kind


@pytest.mark.parametrize("working", ["independence", "exchangeable"])
@pytest.mark.parametrize("family", ["logit", "poisson", "gaussian"])
def test_statsmodels_at_the_same_correlation(family: str, working: str) -> None:
    """statsmodels takes parameters off the denominators of the correlation: its value is held here."""
    data = rows(21, family, alike=0.8)
    theirs = {
        "logit": sm.families.Binomial(),
        "poisson": sm.families.Poisson(),
        "gaussian": sm.families.Gaussian(),
    }[family]
    structure = {
        "independence": sm.cov_struct.Independence(),
        "exchangeable": sm.cov_struct.Exchangeable(),
    }[working]
    found = sm.GEE(
        data.total, data.X, data.cluster, family=theirs, cov_struct=structure, exposure=data.exposure
        if family == "poisson" else None,
    ).fit(maxiter=500, ctol=1e-12, cov_type="bias_reduced")  # fmt: skip
    held = None if working == "independence" else (float(structure.dep_params),)
    fit = fit_gee(data, GeeModel(FAMILIES[family], CORRELATIONS[working], held=held))
    assert fit.params == pytest.approx(found.params, rel=1e-6, abs=1e-8)
    ours = corrections(fit)
    assert ours["LZ"].covariance == pytest.approx(found.cov_robust, rel=1e-5, abs=1e-9)
    assert ours["MD"].covariance == pytest.approx(found.cov_robust_bc, rel=1e-5, abs=1e-9)


def test_links_and_variances_are_what_they_say() -> None:
    eta = np.linspace(-2, -0.1, 7)
    for link in (families.Logit(), families.Log(), families.Identity()):
        slope = (link.mean(eta + 1e-6) - link.mean(eta - 1e-6)) / 2e-6
        assert link.mean_slope(eta) == pytest.approx(slope, rel=1e-8)
        assert link.linear(float(link.mean(eta)[3])) == pytest.approx(eta[3])
