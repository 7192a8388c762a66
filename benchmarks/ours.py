"""One task by this library, in a process of its own: python benchmarks/ours.py task table.parquet."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from tasks import TASKS, Task
from timing import measure, report

from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.numerics.glmm.families import BinomialLogit
from precept_stats.numerics.glmm.fit import GlmmRows, fit_glmm
from precept_stats.numerics.mixed.fit import fit_mixed
from precept_stats.numerics.mixed.model import (
    Category,
    Fixed,
    Grouping,
    MixedModel,
    Numeric,
    Random,
    Rows,
)


def grouping(column: pd.Series, name: str) -> Grouping:
    codes, levels = pd.factorize(column)
    return Grouping(name, codes.astype(np.intp), len(levels))


def period_model(d: pd.DataFrame) -> MixedModel:
    """y ~ trt + per + x1 + x2 + (1 | cl)."""
    codes, levels = pd.factorize(d["per"])
    numeric = {name: Numeric(name, d[name].to_numpy()) for name in ("trt", "x1", "x2")}
    period = Category(tuple(f"per{level}" for level in levels), codes.astype(np.intp))
    fixed = Fixed((numeric["trt"], period, numeric["x1"], numeric["x2"]))
    return MixedModel(Rows(d["y"].to_numpy()), fixed, (Random(grouping(d["cl"], "cl")),))


def crossed_model(d: pd.DataFrame) -> MixedModel:
    """y ~ service + (1 | s) + (1 | d)."""
    fixed = Fixed((Numeric("service", d["service"].to_numpy(float)),))
    random = Random(grouping(d["s"], "s")), Random(grouping(d["d"], "d"))
    return MixedModel(Rows(d["y"].to_numpy(float)), fixed, random)


def linear(d: pd.DataFrame, task: Task) -> dict[str, float]:
    fit = fit_mixed(crossed_model(d) if task.data == "inst" else period_model(d))
    answer = {"log_likelihood": fit.log_likelihood, "effect": float(fit.params[1])}
    if task.kind == "kr":
        adjusted = kenward_roger(fit)
        df = adjusted.df(np.eye(len(fit.params))[1])
        return {**answer, "std_error": math.sqrt(adjusted.covariance[1, 1]), "df": df}
    return {**answer, "std_error": math.sqrt(fit.covariance[1, 1])}


def columns(d: pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    """The constant, numbers, and periods against the first."""
    period, levels = pd.factorize(d["per"], sort=True)
    X = np.zeros((len(d), len(names) + len(levels)))
    X[:, 0] = 1.0
    for j, name in enumerate(names):
        X[:, 1 + j] = d[name]
    later = np.flatnonzero(period > 0)
    X[later, len(names) + period[later]] = 1.0
    return X


def logistic(d: pd.DataFrame, task: Task) -> dict[str, float]:
    counted = task.data.endswith("cells")
    X = columns(d, ("trt", "x1") if counted else ("trt", "x1", "x2"))
    y = d["s" if counted else "yb"].to_numpy(float)
    size = d["n"].to_numpy(float) if counted else np.ones(len(d))
    if "cp" in task.formula:
        from precept_stats.numerics.glmm.effects import StructuredRows
        from precept_stats.numerics.glmm.joint_fit import fit_joint

        random = Random(grouping(d["cl"], "cl")), Random(grouping(d["cp"], "cp"))
        fit = fit_joint(StructuredRows(X, y, size, random), BinomialLogit())
    else:
        fit = fit_glmm(GlmmRows(X, y, size, grouping(d["cl"], "cl").codes), BinomialLogit(), task.nodes)
    error = math.sqrt(fit.covariance[1, 1])
    return {"log_likelihood": fit.log_likelihood, "effect": float(fit.params[1]), "std_error": error}


def main() -> None:
    task = next(task for task in TASKS if task.name == sys.argv[1])
    frame = pd.read_parquet(Path(sys.argv[2]))
    work = logistic if task.kind == "glmm" else linear
    found = measure(lambda: work(frame, task))
    report({**found, "frame_mb": frame.memory_usage(deep=True).sum() / 1e6})


if __name__ == "__main__":
    main()
