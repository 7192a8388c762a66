"""Fits of generalised linear mixed models by other programs and ours as flat tables of named numbers.

recorded.json holds fits by glmmTMB (Laplace), lme4 (Laplace and 25 nodes, its log-likelihood with the
saturated term that it leaves out) and exact 75-node quadrature, as they were recorded in R; expected.json
and rspl.json are made by the scripts beside them.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.numerics.glmm.effects import StructuredRows
from precept_stats.numerics.glmm.families import BinomialLogit
from precept_stats.numerics.glmm.fit import GlmmFit, GlmmRows, fit_glmm
from precept_stats.numerics.glmm.joint_fit import fit_joint
from precept_stats.numerics.glmm.pseudo import fit_pseudo
from precept_stats.numerics.mixed.model import Grouping, Numeric, Random

from .problems import ELSEWHERE, EXPECTED, HERE, coded, family, rows

Numbers = dict[str, float]
RSPL = json.loads((HERE / "rspl.json").read_text(encoding="utf-8"))
SAME = {"cbpp": "cbpp_logit", "mkv_unadj": "mkv_unadjusted", "mkv_adj": "mkv_adjusted"}
NODES = {"glmmTMB": 1, "lme4": 1, "lme4_25_nodes": 25, "exact": 75}
"""With how many nodes ours is fitted beside each program."""


@cache
def recorded() -> dict:
    return json.loads((HERE / "recorded.json").read_text(encoding="utf-8"))


def recorded_rows(name: str) -> GlmmRows:
    if name == "awards_girls":
        folder = HERE.parents[2] / "analysis_plans/data/achievement_awards"
        d = pd.read_csv(folder / "achievement_awards_girls2001.csv")
        return coded(d, "Bagrut_status", "school_id", ["treated"])
    if name == "simsw_bin":
        d = pd.read_csv(Path(ELSEWHERE) / "sim_swcrt_small.csv")
        return coded(d, "y_bin", "id", ["treatment", "C(period)"])
    return rows(SAME.get(name, name))


def theirs_recorded(name: str) -> Numbers:
    case = recorded()["cases"][name]
    terms = [*case["glmmTMB"]["estimate"], "log sigma"]
    found: Numbers = {}
    for program in NODES:
        if program not in case:
            continue
        numbers = case[program]
        found[f"{program}.logLik"] = numbers["logLik"]
        found |= {f"{program}.estimate[{term}]": v for term, v in numbers["estimate"].items()}
        found |= {f"{program}.se[{term}]": v for term, v in numbers.get("se", {}).items()}
        found |= _spread(program, numbers)
    if "exact" in case:
        found["exact.se[log sigma]"] = case["exact"]["se_log_sd"]
        found |= _triangle("exact.vcov", terms, np.array(case["exact"]["vcov"]))
    return found


def _spread(program: str, numbers: dict) -> Numbers:
    """Log sigma, or with a random slope two standard deviations and their correlation."""
    if program == "exact":
        return {"exact.estimate[log sigma]": numbers["log_sd"]}
    theta = list(numbers["theta"].values() if program == "lme4" else numbers["theta"])
    if len(numbers["theta"]) == 1:
        log_sigma = theta[0] if program == "glmmTMB" else math.log(*numbers["theta"].values())
        return {f"{program}.estimate[log sigma]": log_sigma}
    if program == "glmmTMB":
        sds, tangent = np.exp(theta[:2]), theta[2]
        correlation = tangent / math.hypot(1.0, tangent)
    else:
        sds = (theta[0], math.hypot(*theta[1:]))
        correlation = theta[1] / sds[1]
    return _spread_named(program, (*sds, correlation))


def _spread_named(program: str, values: tuple[float, ...]) -> Numbers:
    names = ("sd of intercepts", "sd of slopes", "correlation")
    return {f"{program}.estimate[{name}]": float(v) for name, v in zip(names, values, strict=True)}


def ours_recorded(name: str) -> Numbers:
    case = recorded()["cases"][name]
    terms = [*case["glmmTMB"]["estimate"], "log sigma"]
    if name == "contraception_rs":
        return _with_slopes(terms[:-1])
    given, found = recorded_rows(name), {}
    for program, nodes in NODES.items():
        if program in case:
            found |= _fitted(program, terms, fit_glmm(given, BinomialLogit(), nodes))
    return found


def _with_slopes(terms: list[str]) -> Numbers:
    """Contraception with a slope of urban residence by district, Laplace."""
    given = rows("contraception")
    urban = Numeric("urb", given.X[:, 1])
    group = Grouping("district", given.cluster, int(given.cluster.max()) + 1)
    fit = fit_joint(StructuredRows(given.X, given.y, given.size, (Random(group, (urban,)),)), BinomialLogit())
    (covariance,) = fit.covariances
    sds = np.sqrt(np.diag(covariance))
    errors = np.sqrt(np.diag(fit.covariance))
    found: Numbers = {}
    for program in ("glmmTMB", "lme4"):
        found[f"{program}.logLik"] = fit.log_likelihood
        found |= {f"{program}.estimate[{t}]": float(v) for t, v in zip(terms, fit.params, strict=True)}
        found |= {f"{program}.se[{t}]": float(v) for t, v in zip(terms, errors, strict=False)}
        found |= _spread_named(program, (*sds, covariance[1, 0] / sds.prod()))
    return found


def _fitted(program: str, terms: list[str], fit: GlmmFit) -> Numbers:
    params = np.append(fit.params, fit.log_sigma)
    found = {f"{program}.logLik": fit.log_likelihood}
    found |= {f"{program}.estimate[{term}]": float(v) for term, v in zip(terms, params, strict=True)}
    errors = np.sqrt(np.diag(fit.covariance))
    found |= {f"{program}.se[{term}]": float(v) for term, v in zip(terms, errors, strict=True)}
    return found | _triangle(f"{program}.vcov", terms, fit.covariance)


def _triangle(what: str, names: list[str], matrix: np.ndarray) -> Numbers:
    return {
        f"{what}[{row}, {column}]": float(matrix[i, j])
        for i, row in enumerate(names)
        for j, column in enumerate(names[: i + 1])
    }


PROGRAMS = {"laplace": ("glmmTMB", 1), "lme4_agq25": ("lme4_25_nodes", 25), "exact": ("exact", 75)}
"""How expected.json calls them, what they are called here, and our nodes."""


def theirs_expected(name: str) -> Numbers:
    found: Numbers = {}
    for how, (program, _) in PROGRAMS.items():
        numbers = EXPECTED[name].get(how)
        if numbers is None:
            continue
        found[f"{program}.logLik"] = numbers["log_likelihood"]
        values = [*numbers["params"], numbers["log_sigma"]]
        found |= {f"{program}.estimate[{term}]": v for term, v in zip(_terms(name), values, strict=True)}
        errors = numbers.get("se", [])
        found |= {f"{program}.se[{term}]": v for term, v in zip(_terms(name), errors, strict=False)}
    return found


def ours_expected(name: str) -> Numbers:
    found: Numbers = {}
    for how, (program, nodes) in PROGRAMS.items():
        if how in EXPECTED[name]:
            found |= _fitted(program, _terms(name), fit_glmm(rows(name), family(name), nodes))
    return found


def _terms(name: str) -> list[str]:
    return [*map(str, range(1, rows_wide(name) + 1)), "log sigma"]


def rows_wide(name: str) -> int:
    """How many fixed effects a problem of expected.json has."""
    return len(EXPECTED[name]["laplace"]["params"])


def theirs_pseudo(name: str) -> Numbers:
    case = RSPL[name]
    found = {"variance": case["variance"]}
    for what in ("params", "se", "kr_se", "kr_df"):
        found |= {f"rspl.{what}[{k}]": v for k, v in enumerate(case[what], 1)}
    return found


def ours_pseudo(name: str) -> Numbers:
    given, law = rows(name), family(name)
    fit = fit_pseudo(given, law, fit_glmm(given, law))
    adjusted = kenward_roger(fit.linear)
    values = {
        "params": fit.params,
        "se": np.sqrt(np.diag(fit.linear.covariance)),
        "kr_se": np.sqrt(np.diag(adjusted.covariance)),
        "kr_df": [adjusted.df(row) for row in np.eye(len(fit.params))],
    }
    found = {"variance": fit.variance}
    for what, numbers in values.items():
        found |= {f"rspl.{what}[{k}]": float(v) for k, v in enumerate(numbers, 1)}
    return found
