"""Fits by lme4, lmerTest and pbkrtest and ours as flat tables of named numbers, to be held side by side."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache

import numpy as np
import pandas as pd
from scipy import special

from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.inference.likelihood import LinearMaximum, profile_interval
from precept_stats.inference.satterthwaite import satterthwaite
from precept_stats.numerics.mixed.fit import MixedFit, fit_mixed
from precept_stats.numerics.mixed.prediction import predict_random

from .models import HERE, MODELS, table

SAME_MODEL = {
    "sleepstudy_ri": "sleepstudy_intercept",
    "sleepstudy_rs": "sleepstudy_slopes",
    "sleepstudy_rs_uncorr": "sleepstudy_uncorrelated",
    "share_unadj": "share",
    "share_adj": "share_adjusted",
    "share_10schools": "share_ten_schools",
    "simsw_hh": "swcrt_intercept",
    "simsw_hg": "swcrt",
    "reglab_sw_hh": "contact_tracing",
}
"""The names of lmm_kr.json, and those of the same models among MODELS."""
FACTORS = {"cp": "id:period", "Subject.1": "Subject"}
"""Grouping factors that R names otherwise."""
Numbers = dict[str, float]


@cache
def recorded(file: str = "lmm_kr") -> dict:
    return json.loads((HERE / f"{file}.json").read_text(encoding="utf-8"))


def theirs(numbers: dict) -> Numbers:
    """The tree of one fit as name -> number; matrices by their lower triangle."""
    names = list(numbers["reml"]["fixef"])
    found = {f"reml.{what}": numbers["reml"][what] for what in ("criterion", "logLik", "sigma")}
    found |= {f"reml.theta[{_renamed(name, '.')}]": v for name, v in numbers["reml"]["theta"].items()}
    found |= {f"reml.variance[{_renamed(name, ' ')}]": v for name, v in numbers["reml"]["variance"].items()}
    found |= {f"reml.estimate[{name}]": v for name, v in numbers["reml"]["fixef"].items()}
    found |= dict(triangle("reml.vcov", names, np.array(numbers["reml"]["vcov"])))
    for factor, levels in numbers["reml"]["ranef"].items():
        for level, values in levels.items():
            for term, value in values.items():
                found[f"reml.random[{FACTORS.get(factor, factor)} {level} {term}]"] = value
    for rule in ("satterthwaite", "kenward_roger"):
        for name, values in numbers[rule].items():
            found |= {f"{rule}.{what}[{name}]": v for what, v in values.items()}
    found |= dict(triangle("kenward_roger.vcov", names, np.array(numbers["kr_vcov"])))
    found |= {f"ml.{what}": numbers["ml"][what] for what in ("deviance", "logLik", "sigma")}
    found |= {f"ml.theta[{_renamed(name, '.')}]": v for name, v in numbers["ml"]["theta"].items()}
    found |= {f"ml.estimate[{name}]": v for name, v in numbers["ml"]["fixef"].items()}
    for name, ends in numbers["profile"].items():
        found |= {f"ml.profile_{end}[{name}]": v for end, v in ends.items()}
    return found


def _renamed(name: str, mark: str) -> str:
    factor, _, rest = name.partition(mark)
    if name.startswith("Subject.1"):
        factor, rest = "Subject", name.removeprefix("Subject.1").lstrip(mark)
    return f"{FACTORS.get(factor, factor)} {rest}".strip()


def triangle(what: str, names: list[str], matrix: np.ndarray) -> Iterator[tuple[str, float]]:
    for i, row in enumerate(names):
        for j, column in enumerate(names[: i + 1]):
            yield f"{what}[{row}, {column}]", float(matrix[i, j])


def ours(name: str) -> Numbers:
    """The same numbers from our fits of a case of lmm_kr.json."""
    case = recorded()["cases"][name]
    d = table(case["data"])
    model = MODELS[SAME_MODEL[name]](d)
    fit = fit_mixed(model)
    names = list(case["numbers"]["reml"]["fixef"])
    found = {"reml.criterion": fit.deviance, "reml.logLik": fit.log_likelihood}
    found |= {"reml.sigma": float(np.sqrt(fit.sigma2)), "reml.variance[Residual]": fit.sigma2}
    found |= {f"reml.theta[{n}]": v for n, v in _thetas(fit).items()}
    for part in fit.components:
        where = part.row if part.row == part.column else f"{part.column} {part.row}"
        found[f"reml.variance[{part.factor} {where}]"] = part.value
    found |= {f"reml.estimate[{n}]": float(v) for n, v in zip(names, fit.params, strict=True)}
    found |= dict(triangle("reml.vcov", names, fit.covariance))
    found |= dict(_random(fit, model, d))
    adjusted = kenward_roger(fit)
    found |= dict(_tests("satterthwaite", names, fit, fit.covariance, satterthwaite(fit)))
    found |= dict(_tests("kenward_roger", names, fit, adjusted.covariance, adjusted.df))
    found |= dict(triangle("kenward_roger.vcov", names, adjusted.covariance))
    return found | _by_ml(fit_mixed(model, "ml"), names)


def _by_ml(fit: MixedFit, names: list[str]) -> Numbers:
    found = {"ml.deviance": fit.deviance, "ml.logLik": fit.log_likelihood, "ml.sigma": fit.sigma2**0.5}
    found |= {f"ml.theta[{n}]": v for n, v in _thetas(fit).items()}
    for k, name in enumerate(names):
        found[f"ml.estimate[{name}]"] = float(fit.params[k])
        interval = profile_interval(LinearMaximum(fit), np.eye(len(names))[k])
        found |= {f"ml.profile_low[{name}]": interval.lower, f"ml.profile_high[{name}]": interval.upper}
    return found


def _thetas(fit: MixedFit) -> Numbers:
    """By lme4's names: factor, then row and column of the relative Cholesky factor."""
    found = {}
    for part, value in zip(fit.components, fit.theta, strict=True):
        where = part.row if part.row == part.column else f"{part.row}.{part.column}"
        found[f"{part.factor} {where}"] = float(value)
    return found


def _tests(rule: str, names: list[str], fit: MixedFit, covariance, df) -> Iterator[tuple[str, float]]:
    for k, name in enumerate(names):
        row = np.eye(len(names))[k]
        error, freedom = float(covariance[k, k]) ** 0.5, float(df(row))
        t = float(fit.params[k]) / error
        p = 2 * float(special.stdtr(freedom, -abs(t)))
        values = {"estimate": float(fit.params[k]), "se": error, "df": freedom, "t": t, "p": p}
        yield from ((f"{rule}.{what}[{name}]", value) for what, value in values.items())


def _random(fit: MixedFit, model, d: pd.DataFrame) -> Iterator[tuple[str, float]]:
    """Predictions by grouping factor, level and term; terms of one factor are gathered by the engine."""
    names: dict[str, list[str]] = {}
    for term in model.random:
        names.setdefault(term.grouping.name, []).extend(term.names)
    for (factor, terms), found in zip(names.items(), predict_random(fit), strict=True):
        levels = d[factor.split(":")].astype(str).agg(".".join, axis=1)
        codes = next(t.grouping.codes for t in model.random if t.grouping.name == factor)
        label = dict(zip(codes.tolist(), levels, strict=True))
        for code, values in enumerate(found.values):
            for term, value in zip(terms, values, strict=True):
                yield f"reml.random[{factor} {label[code]} {term}]", float(value)
