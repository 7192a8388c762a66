"""Reference fits over periods (numerics.cells) and with several random effects (numerics.glmm, jointly)."""

from __future__ import annotations

import json
from functools import partial

import numpy as np

from precept_stats.inference.joint import joint_test
from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.inference.uncertainty import Asymptotic
from precept_stats.numerics.cells.fit import fit_cells
from precept_stats.numerics.glmm.joint_fit import fit_joint
from precept_stats.numerics.glmm.variances import log_spreads
from tests.numerics.cells import models as cells
from tests.numerics.glmm import joint_problems as joint
from tests.numerics.mixed.numbers import triangle

from .kernel_glmm import METHOD as GLMM
from .kernel_mixed import METHOD as MIXED
from .kernels import KernelCase, Numbers, numbers_of

OVER_PERIODS = {
    "": 1e-6,
    "loglik": 1e-8,
    "psi": 1e-5,
    "sigma2": 2e-6,
    "vcov": 1e-5,
    "kenward_roger.df": 1e-4,
    "joint.kenward_roger": 1e-4,
    "joint.kenward_roger.statistic": 2e-6,
}
"""The likelihood is flat to second order in the variances: the other programs stop at about its root."""
SEVERAL = {"": 1e-5, "laplace.logLik": 1e-6}


def further_cases() -> tuple[KernelCase, ...]:
    made = json.loads((cells.HERE / "expected.json").read_text(encoding="utf-8"))["meta"]
    over = [_over_periods(name, made) for name in cells.expected()]
    return (*over, *map(_several, joint.NAMES))


def _over_periods(name: str, made: dict[str, str]) -> KernelCase:
    case = cells.expected()[name]
    theirs: Numbers = {"loglik": case["log_likelihood"]}
    theirs |= {f"estimate[{n}]": v for n, v in zip(case["names"], case["params"], strict=True)}
    theirs |= dict(triangle("vcov", case["names"], np.array(case["vcov"])))
    theirs |= {
        f"{what}[{k}]": v for what in ("psi", "sigma2") for k, v in enumerate(np.atleast_1d(case[what]), 1)
    }
    if "kenward_roger" in case:
        rule = case["kenward_roger"]
        theirs |= dict(triangle("kenward_roger.vcov", case["names"], np.array(rule["vcov"])))
        theirs |= {f"kenward_roger.df[{n}]": v for n, v in zip(case["names"], rule["df"], strict=True)}
        found = rule["joint"]
        theirs |= {f"joint.kenward_roger.{ours}": found[r] for ours, r in JOINT.items()}
    reference = f"{name.replace('_', ' ')}, by {case['program']}; {case['data']}"
    software = ", ".join(f"{program} {version}" for program, version in made.items() if program != "R")
    numbers = numbers_of(f"{name}_over_periods", theirs, OVER_PERIODS)
    return KernelCase(
        MIXED,
        f"{name}_over_periods",
        reference,
        f"R 4.2.2, {software}",
        False,
        numbers,
        partial(_cells, name),
    )


JOINT = {"df1": "ndf", "df2": "ddf", "statistic": "Fstat", "p_value": "p.value"}


def _cells(name: str) -> Numbers:
    case = cells.expected()[name]
    fit = fit_cells(cells.model(name), "reml" if case["reml"] else "ml")
    names = case["names"]
    found: Numbers = {"loglik": fit.log_likelihood}
    found |= {f"estimate[{n}]": float(v) for n, v in zip(names, fit.params, strict=True)}
    found |= dict(triangle("vcov", names, fit.covariance))
    found |= {f"psi[{k}]": v for k, v in enumerate(fit.psi, 1)}
    found |= {f"sigma2[{k}]": v for k, v in enumerate(fit.sigma2, 1)}
    if "kenward_roger" in case:
        adjusted = kenward_roger(fit)
        found |= dict(triangle("kenward_roger.vcov", names, adjusted.covariance))
        dfs = [adjusted.df(row) for row in np.eye(len(names))]
        found |= {f"kenward_roger.df[{n}]": v for n, v in zip(names, dfs, strict=True)}
        asymptotic = Asymptotic(fit.names, fit.params, adjusted.covariance, adjusted.df)
        test = joint_test(asymptotic, np.array(case["kenward_roger"]["L"]))
        found |= {f"joint.kenward_roger.{what}": float(getattr(test, what)) for what in JOINT}
    return found


def _several(name: str) -> KernelCase:
    case = joint.EXPECTED[name]
    theirs: Numbers = {"laplace.logLik": case["log_likelihood"]}
    for what, values in (("estimate", "params"), ("se", "se"), ("log_spread", "theta")):
        theirs |= {f"{what}[{k}]": v for k, v in enumerate(np.atleast_1d(case[values]), 1)}
    theirs |= {f"se_of_log_spread[{k}]": v for k, v in enumerate(np.atleast_1d(case["se_theta"]), 1)}
    if np.size(case["log_shape"]):
        theirs["log_shape"] = float(np.squeeze(case["log_shape"]))
    reference = f"{case['formula']}; {case['family']}, {case['link']} link, Laplace"
    numbers = numbers_of(f"{name}_several", theirs, SEVERAL)
    software = joint.EXPECTED["software"]
    return KernelCase(GLMM, f"{name}_several", reference, software, False, numbers, partial(_joint, name))


def _joint(name: str) -> Numbers:
    fit = fit_joint(joint.rows(name), joint.law(name))
    errors, spread = np.sqrt(np.diag(fit.covariance)), log_spreads(fit)
    found: Numbers = {"laplace.logLik": fit.log_likelihood}
    found |= {f"estimate[{k}]": float(v) for k, v in enumerate(fit.params, 1)}
    found |= {f"se[{k}]": float(v) for k, v in enumerate(errors[: len(fit.params)], 1)}
    found |= {f"log_spread[{k}]": float(v) for k, v in enumerate(spread.values, 1)}
    found |= {f"se_of_log_spread[{k}]": float(v) for k, v in enumerate(spread.std_errors, 1)}
    if fit.log_shape is not None:
        found["log_shape"] = fit.log_shape
    return found
