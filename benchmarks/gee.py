"""Binomial GEE, exchangeable: from arrays to estimates with every variance, beside statsmodels and geepack.

    python benchmarks/gee.py [d1 d2] [--alone] [--record]

Synthetic stepped-wedge trials of 7,200 and 78,912 rows with an individual covariate, drawn from fixed seeds
(see mixed_data). Ours gives six variances (the jackknife by refits is apart); statsmodels one or, with
cov_type="bias_reduced", Liang-Zeger's and Mancl-DeRouen's; geepack Liang-Zeger's. All start from data in
memory. Shown are CPU seconds of one core, the median of runs that take turns, since other work on a machine
changes them less than elapsed time. Run with one BLAS thread (OMP_NUM_THREADS=1). ``--record`` writes
docs/benchmarks_gee.json and .md.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from mixed import machine
from mixed_data import SIZES, trial
from page import DOCS, Record, machine_words, times

from precept_stats.numerics.gee import variance
from precept_stats.numerics.gee.cells import individual_rows
from precept_stats.numerics.gee.correlation import Exchangeable
from precept_stats.numerics.gee.families import Binomial, Family, Logit
from precept_stats.numerics.gee.fit import GeeFit, GeeModel, fit_gee

REPEATS, LIMIT = 9, 120.0
"""Runs of each program, and seconds that geepack may take."""
MODEL = GeeModel(Family(Logit(), Binomial()), Exchangeable())
EVERY, REST, REFITS = "ours, all six", "ours, all but CR2", "ours, jackknife by refits"
ROBUST, REDUCED = "statsmodels, robust", "statsmodels, bias_reduced"

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


def design(rows: pd.DataFrame) -> Arrays:
    """Columns (intercept, treatment, periods, x1, x2), outcomes and cluster codes."""
    periods = pd.get_dummies(rows["per"], drop_first=True).to_numpy(float)
    X = np.column_stack([np.ones(len(rows)), rows["trt"], periods, rows["x1"], rows["x2"]])
    return X, rows["yb"].to_numpy(float), pd.factorize(rows["cl"])[0]


def solved(arrays: Arrays) -> GeeFit:
    return fit_gee(individual_rows(*arrays), MODEL)


def ours(arrays: Arrays, *, cr2: bool) -> tuple[GeeFit, dict[str, variance.Corrected]]:
    fit = solved(arrays)
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


def median_seconds(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """The median CPU time of each call, the calls taking turns."""
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(repeats):
        for name, call in calls.items():
            start = time.process_time()
            call()
            taken[name].append(time.process_time() - start)
    return {name: statistics.median(found) for name, found in taken.items()}


def geepack(rows: pd.DataFrame) -> dict[str, object] | None:
    """CPU seconds, effect and standard error of geepack, or why there are none; None without geepack."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        rows.to_csv(path, index=False)
        script = str(Path(__file__).with_name("gee_peer.R"))
        try:
            done = subprocess.run(
                [rscript, script, str(path)], capture_output=True, text=True, timeout=LIMIT, check=True
            )
        except subprocess.TimeoutExpired:
            return {"reason": f"no answer in {LIMIT:g} s"}
        except subprocess.CalledProcessError:
            return None
    seconds, effect, error, version = done.stdout.split()
    return {
        "seconds": float(seconds),
        "effect": float(effect),
        "liang_zeger": float(error),
        "version": version,
    }


def timed(name: str, *, alone: bool) -> dict[str, object]:
    """One trial: seconds by program, and what each makes of the effect."""
    rows = trial(name)
    arrays = design(rows)
    fit, found = ours(arrays, cr2=True)
    calls: dict[str, Callable[[], object]] = {
        EVERY: lambda: ours(arrays, cr2=True),
        REST: lambda: ours(arrays, cr2=False),
    }
    if not alone:
        calls |= {ROBUST: lambda: theirs(arrays, "robust"), REDUCED: lambda: theirs(arrays, "bias_reduced")}
    seconds = median_seconds(calls, REPEATS)
    seconds |= median_seconds({REFITS: lambda: variance.jackknife(solved(arrays))}, 1)
    errors = {kind: float(np.sqrt(one.covariance[1, 1])) for kind, one in found.items()}
    record: dict[str, object] = {
        "rows": len(rows), "columns": arrays[0].shape[1], "clusters": SIZES[name][0],
        "seconds": seconds, "effect": float(fit.params[1]), "std_errors": errors,
    }  # fmt: skip
    if not alone:
        params, reduced = theirs(arrays, "bias_reduced")
        record["statsmodels"] = {
            "effect": float(params[1]),
            "liang_zeger": float(theirs(arrays, "robust")[1][1]),
            "mancl_derouen": float(reduced[1]),
        }
        if (other := geepack(rows)) is not None:
            record["geepack"] = other
    return record


def lines(trials: Record) -> list[str]:
    """The two tables of the page: seconds, and what the programs make of the effect."""
    out = ["| trial | program | CPU, s | all six of ours are times faster |", "|---|---|--:|--:|"]
    for name, one in trials.items():
        every = one["seconds"][EVERY]
        told = f"{name}: {one['rows']:,} rows, {one['columns']} columns, {one['clusters']} clusters"
        for program, seconds in one["seconds"].items():
            ratio = times(seconds / every) if program.startswith("statsmodels") else ""
            out.append(f"| {told} | {program} | {seconds:.4f} | {ratio} |")
        if (other := one.get("geepack")) is not None:
            taken = other.get("seconds")
            said = other["reason"] if taken is None else f"{taken:.2f}"
            out.append(f"| {told} | geepack | {said} | {'' if taken is None else times(taken / every)} |")
    out += ["", "| trial | program | effect | Liang-Zeger | Mancl-DeRouen |", "|---|---|--:|--:|--:|"]
    for name, one in trials.items():
        found = {"ours": {"effect": one["effect"], **one["std_errors"]}}
        found |= {program: one[program] for program in ("statsmodels", "geepack") if program in one}
        for program, numbers in found.items():
            cells = [
                f"{numbers[key]:.7f}" if key in numbers else ""
                for key in ("effect", "liang_zeger", "mancl_derouen")
            ]
            out.append(f"| {name} | {program} | {' | '.join(cells)} |")
    return out


def page(record: Record) -> str:
    """The whole of docs/benchmarks_gee.md."""
    programs = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    return "\n".join(
        [
            "# Speed of estimating equations",
            "",
            "Made by `python benchmarks/gee.py --record` (`make bench-few` shows the same and records "
            "nothing); the record is `benchmarks_gee.json`. The trials are synthetic stepped wedges from "
            "fixed seeds; the model is binomial, logit, exchangeable, with periods as columns and a "
            "covariate that differs between any two people.",
            "",
            f"Machine: {machine_words(record)}. Other programs: {programs}.",
            "",
            "Seconds are of one core's CPU, with one BLAS thread, from arrays in memory to estimates with "
            "standard errors: the median of nine runs that take turns (geepack and the jackknife: one). "
            "One fit of ours gives Liang-Zeger, Kauermann-Carroll, Mancl-DeRouen, Fay-Graubard, "
            "Morel-Bokossa-Neerchal and CR2; statsmodels gives one (robust) or two (bias_reduced), geepack "
            "one. What Satterthwaite's degrees of freedom need is made on request and not timed. "
            "The correlation has other denominators in statsmodels, so that effects differ in the "
            "fourth digit or later.",
            "",
            *lines(record["trials"]),
            "",
        ]
    )


def main(arguments: list[str]) -> None:
    import statsmodels

    names = [name for name in arguments if name in SIZES] or ["d1", "d2"]
    start = machine()
    trials = {name: timed(name, alone="--alone" in arguments) for name in names}
    seen = [v for one in trials.values() if (v := one.get("geepack", {}).get("version"))]
    versions = {"statsmodels": statsmodels.__version__, **({"geepack": seen[0]} if seen else {})}
    record = {"machine": start, "versions": versions, "trials": trials}
    sys.stdout.write("\n".join(lines(trials)) + "\n")
    if "--record" in arguments:
        text = json.dumps(record, indent=1, allow_nan=False) + "\n"
        (DOCS / "benchmarks_gee.json").write_text(text, encoding="utf-8")
        (DOCS / "benchmarks_gee.md").write_text(page(record), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
