"""One task by another Python program, run in its own environment: peer.py program task table.parquet."""

from __future__ import annotations

import re
import sys
import warnings

import numpy as np
import pandas as pd
from tasks import TASKS, Task
from timing import measure, report

warnings.simplefilter("ignore")


def by_glmm(d: pd.DataFrame, task: Task) -> dict[str, float]:
    import glmm

    family = "binomial" if task.kind == "glmm" else "gaussian"
    fit = glmm.fit(d, task.formula, family=family, nagq=task.nodes, satterthwaite=False)
    k = fit.names.index("service" if task.data == "inst" else "trt")
    return {"log_likelihood": fit.loglik, "effect": float(fit.beta[k]), "std_error": float(fit.se[k])}


def by_lme_python(d: pd.DataFrame, task: Task) -> dict[str, float]:
    import lme_python

    fit = lme_python.lmer(task.formula, d, True)
    k = fit.fixed_names.index("trt")
    found = {"log_likelihood": fit.log_likelihood, "effect": float(fit.coefficients[k])}
    if task.kind == "kr":
        fit.with_kenward_roger(d)
        found["df"] = float(fit.kenward_roger_dfs[k])
    return {**found, "std_error": float(fit.std_errors[k])}


def by_gpboost(d: pd.DataFrame, task: Task) -> dict[str, float]:
    """By ML: with REML its likelihood is no other program's. Its defaults stop early; these do not."""
    import gpboost

    fixed = [term for term in task.formula.split("~")[1].split(" + ") if "|" not in term]
    numbers = [term.strip() for term in fixed if term.strip() != "per"]
    X = np.column_stack([np.ones(len(d)), *(d[name].to_numpy(float) for name in numbers)])
    if "per" in (term.strip() for term in fixed):
        X = np.hstack([X, pd.get_dummies(d["per"], drop_first=True).to_numpy(float)])
    groups = d[re.findall(r"\| (\w+)\)", task.formula)].astype(str).to_numpy()
    settings: dict[str, object] = {"likelihood": "gaussian"}
    y = d["y"] if task.kind == "lmm" else None
    if task.data.endswith("cells"):
        settings = {"likelihood": "binomial_logit", "weights": d["n"].to_numpy(float)}
        y = d["s"] / d["n"]
    elif task.kind == "glmm":
        settings["likelihood"] = "bernoulli_logit"
        y = d["yb"]
    model = gpboost.GPModel(group_data=groups, num_parallel_threads=1, **settings)
    model.fit(y=np.asarray(y, float), X=X, params={"delta_rel_conv": 1e-10, "maxit": 5000})
    coefficients = np.asarray(model.get_coef(std_err=True, format_pandas=False))
    return {
        "log_likelihood": -float(model.get_current_neg_log_likelihood()),
        "effect": float(coefficients[0, 1]),
        "std_error": float(coefficients[1, 1]),
    }


def by_statsmodels(d: pd.DataFrame, task: Task) -> dict[str, float]:
    import statsmodels.formula.api as smf

    fixed = task.formula.replace(" + (1 | cl)", "")
    fit = smf.mixedlm(fixed, d, groups=d["cl"]).fit(reml=True)
    return {"log_likelihood": fit.llf, "effect": fit.fe_params["trt"], "std_error": fit.bse_fe["trt"]}


PROGRAMS = {
    "glmm": by_glmm,
    "lme-python": by_lme_python,
    "gpboost": by_gpboost,
    "statsmodels": by_statsmodels,
}


def main() -> None:
    program, name, table = sys.argv[1:4]
    task = next(task for task in TASKS if task.name == name)
    frame = pd.read_parquet(table)
    report(measure(lambda: PROGRAMS[program](frame, task)))


if __name__ == "__main__":
    main()
