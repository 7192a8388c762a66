"""The fits of expected.json and differences.json as flat tables of named numbers, theirs and ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

import numpy as np

from precept_stats.inference.joint import joint_test
from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.inference.likelihood import LinearMaximum, likelihood_ratio_test, profile_interval
from precept_stats.inference.satterthwaite import satterthwaite
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.numerics.mixed.fit import MixedFit, fit_mixed

from .models import HERE, MODELS, expected, sleepstudy, table, twelve
from .models import intercept as random_intercept
from .numbers import Numbers, triangle

JOINT = {"ndf": "df1", "ddf": "df2", "Fstat": "statistic", "F.scaling": "scaling", "p.value": "p_value"}


@cache
def differences() -> dict:
    return json.loads((HERE / "differences.json").read_text(encoding="utf-8"))


def theirs_expected(name: str) -> Numbers:
    case = expected()[name]
    names = np.atleast_1d(case["names"]).tolist()
    found = {"criterion": case["criterion"], "sigma2": case["sigma2"]}
    found |= {f"theta.theta[{k}]": v for k, v in enumerate(_sizes(case["theta"]))}
    found |= _by_name("estimate", names, case["params"])
    found |= dict(triangle("vcov", names, np.atleast_2d(case["vcov"])))
    found |= _by_name("satterthwaite.df", names, case["df_satterthwaite"])
    if "df_kenward_roger" in case:
        found |= _by_name("kenward_roger.df", names, case["df_kenward_roger"])
        found |= dict(triangle("kenward_roger.vcov", names, np.atleast_2d(case["vcov_kenward_roger"])))
    if "joint" in case:
        for rule in ("kenward_roger", "satterthwaite"):
            found |= {f"joint.{rule}.{JOINT[what]}": v for what, v in case["joint"][rule].items()}
    if "likelihood" in case:
        test = case["likelihood"]
        found |= {"likelihood_ratio.chisq": test["chisq"], "likelihood_ratio.p_value": test["p.value"]}
        one = names[test["coefficient"] - 1]
        found |= {
            f"ml.profile_{end}[{one}]": v for end, v in zip(("low", "high"), test["profile"], strict=True)
        }
    return found


def ours_expected(name: str) -> Numbers:
    case = expected()[name]
    names = np.atleast_1d(case["names"]).tolist()
    model = MODELS[name](table(case["data"]))
    fit = fit_mixed(model, "reml" if case["reml"] else "ml")
    found = {"criterion": fit.deviance, "sigma2": fit.sigma2}
    found |= {f"theta.theta[{k}]": v for k, v in enumerate(_sizes(fit.theta))}
    found |= _by_name("estimate", names, fit.params)
    found |= dict(triangle("vcov", names, fit.covariance))
    found |= _by_name("std_error", names, np.sqrt(np.diag(fit.covariance)))
    found |= {f"variance[{part.factor}]": part.value for part in fit.components if part.row == "(Intercept)"}
    rows = np.eye(len(names))
    rule = satterthwaite(fit)
    found |= _by_name("satterthwaite.df", names, [rule(row) for row in rows])
    if case["reml"]:
        adjusted = kenward_roger(fit)
        found |= _by_name("kenward_roger.df", names, [adjusted.df(row) for row in rows])
        found |= dict(triangle("kenward_roger.vcov", names, adjusted.covariance))
    if "joint" in case:
        found |= dict(_joint(fit, np.array(case["joint"]["L"])))
    if "likelihood" in case:
        ml = LinearMaximum(fit_mixed(model, "ml"))
        test = likelihood_ratio_test(ml, np.array(case["joint"]["L"]))
        found |= {
            "likelihood_ratio.chisq": test.statistic * test.df1,
            "likelihood_ratio.p_value": test.p_value,
        }
        k = case["likelihood"]["coefficient"] - 1
        ends = profile_interval(ml, rows[k])
        found |= {f"ml.profile_low[{names[k]}]": ends.lower, f"ml.profile_high[{names[k]}]": ends.upper}
    return found


def _joint(fit: MixedFit, L: np.ndarray) -> Iterator[tuple[str, float]]:
    adjusted = kenward_roger(fit)
    rules = {
        "kenward_roger": Asymptotic(fit.names, fit.params, adjusted.covariance, adjusted.df),
        "satterthwaite": Asymptotic(fit.names, fit.params, fit.covariance, satterthwaite(fit)),
    }
    for rule, asymptotic in rules.items():
        test = joint_test(asymptotic, L)
        yield from ((f"joint.{rule}.{what}", float(getattr(test, what))) for what in JOINT.values())


def theirs_different(name: str) -> Numbers:
    return _adjusted(differences()["cases"][name], "theirs")


def by_formula(name: str) -> Numbers:
    """The same by Kenward and Roger's formulas with n by n matrices, in R."""
    return _adjusted(differences()["cases"][name], "by_formula")


def _adjusted(case: dict, who: str) -> Numbers:
    found = _by_name("kenward_roger.df", case["names"], case[who]["df"])
    return found | dict(triangle("kenward_roger.vcov", case["names"], np.array(case[who]["vcov"])))


def ours_different(name: str) -> Numbers:
    d = table(differences()["cases"][name]["data"])
    if name == "sleepstudy_years":
        model = sleepstudy(d.assign(Days=d["Days"] / 365))
    else:
        model = twelve(d, random_intercept, "w")
    adjusted = kenward_roger(fit_mixed(model))
    names = differences()["cases"][name]["names"]
    found = _by_name("kenward_roger.df", names, [adjusted.df(row) for row in np.eye(len(names))])
    return found | dict(triangle("kenward_roger.vcov", names, adjusted.covariance))


def _by_name(what: str, names: list[str], values: object) -> Numbers:
    return {f"{what}[{n}]": float(v) for n, v in zip(names, np.atleast_1d(values), strict=True)}


def _sizes(theta: object) -> list[float]:
    """Sizes in order: lme4 orders its terms by their numbers of levels."""
    return np.sort(np.abs(np.atleast_1d(theta))).tolist()
