"""Binomial GEE, exchangeable: from arrays to estimates with every variance, beside statsmodels.

    python benchmarks/gee.py [d1 d2] [--peers]

Synthetic stepped-wedge trials of 7,200 and 78,912 rows with an individual covariate, drawn from fixed seeds
(see mixed_data). Ours gives seven variances and the pieces of Satterthwaite's
df; statsmodels one variance or, with cov_type="bias_reduced", Liang-Zeger's and Mancl-DeRouen's. Both start
from the same arrays, run in turn, and medians are shown. Run with one BLAS thread (OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from mixed_data import SIZES, trial

from precept_stats.numerics.gee import variance
from precept_stats.numerics.gee.cells import individual_rows
from precept_stats.numerics.gee.correlation import Exchangeable
from precept_stats.numerics.gee.families import Binomial, Family, Logit
from precept_stats.numerics.gee.fit import GeeFit, GeeModel, fit_gee

REPEATS = 5
TARGET = 5.0
"""How many times faster than statsmodels the fit with every variance should be."""
MODEL = GeeModel(Family(Logit(), Binomial()), Exchangeable())


def design(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns (intercept, treatment, periods, x1, x2), outcomes and cluster codes."""
    periods = pd.get_dummies(rows["per"], drop_first=True).to_numpy(float)
    X = np.column_stack([np.ones(len(rows)), rows["trt"], periods, rows["x1"], rows["x2"]])
    return X, rows["yb"].to_numpy(float), pd.factorize(rows["cl"])[0]


Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


def ours(arrays: Arrays, *, cr2: bool) -> tuple[GeeFit, dict[str, variance.Corrected]]:
    X, y, cluster = arrays
    fit = fit_gee(individual_rows(X, y, cluster), MODEL)
    leverage = variance.leverage_of(fit)
    found = {
        "liang_zeger": variance.liang_zeger(fit),
        "kauermann_carroll": variance.kauermann_carroll(fit, leverage),
        "mancl_derouen": variance.mancl_derouen(fit, leverage),
        "fay_graubard": variance.fay_graubard(fit),
        "morel_bokossa_neerchal": variance.morel_bokossa_neerchal(fit),
    }
    if cr2:
        found["cr2"] = variance.cr2(fit)
    return fit, found


def theirs(arrays: Arrays, cov_type: str) -> tuple[np.ndarray, np.ndarray]:
    import statsmodels.api as sm

    X, y, cluster = arrays
    model = sm.GEE(y, X, cluster, family=sm.families.Binomial(), cov_struct=sm.cov_struct.Exchangeable())
    found = model.fit(cov_type=cov_type)
    return found.params, found.bse


def median_seconds(*calls: Callable[[], object]) -> list[float]:
    """The median time of each call, the calls taking turns."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(REPEATS):
        for taken, call in zip(times, calls, strict=True):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


def main(arguments: list[str]) -> None:
    names = [name for name in arguments if name in SIZES] or ["d1", "d2"]
    for name in names:
        arrays = design(trial(name))
        fit, found = ours(arrays, cr2=True)
        error = float(np.sqrt(found["liang_zeger"].covariance[1, 1]))
        print(f"{name}: {len(arrays[1]):,} rows; effect {fit.params[1]:.6f} ({error:.6f})")
        calls = [lambda arrays=arrays: ours(arrays, cr2=True), lambda arrays=arrays: ours(arrays, cr2=False)]
        if "--peers" not in arguments:
            every, rest = median_seconds(*calls)
            print(f"  ours: {every:.3f} s with every variance, {rest:.3f} s without CR2")
            continue
        calls += [
            lambda arrays=arrays: theirs(arrays, "robust"),
            lambda arrays=arrays: theirs(arrays, "bias_reduced"),
        ]
        every, rest, robust, reduced = median_seconds(*calls)
        params, errors = theirs(arrays, "bias_reduced")
        print(f"  statsmodels: effect {params[1]:.6f} (Mancl-DeRouen {errors[1]:.6f})")
        print(f"  ours, every variance {every:8.3f} s; without CR2 {rest:8.3f} s")
        print(f"  statsmodels, robust  {robust:8.3f} s; bias_reduced {reduced:7.3f} s")
        print(
            f"  times as fast, every variance: {robust / every:.1f} and {reduced / every:.1f}; "
            f"without CR2: {robust / rest:.1f} and {reduced / rest:.1f} (target {TARGET:g})"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
