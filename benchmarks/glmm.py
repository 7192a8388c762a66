"""Binomial mixed models: from a data frame to estimates with standard errors, beside glmmTMB and lme4.

    python benchmarks/glmm.py [d1 d2 d3] [--peers]

Synthetic stepped-wedge trials of 7,200, 78,912 and 1,000,000 rows, drawn from fixed seeds: by rows with an
individual covariate, and as counts by cluster and period. Medians of warm fits; run with one BLAS thread
(OMP_NUM_THREADS=1). Peers run only with --peers and an Rscript that has them, each within LIMIT seconds.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from precept_stats.numerics.glmm.families import BinomialLogit
from precept_stats.numerics.glmm.fit import GlmmFit, GlmmRows, fit_glmm

REPEATS = 5
LIMIT = 120
TARGETS = {  # seconds, by trial, form and nodes
    ("d2", "rows", 1): 0.33,
    ("d3", "rows", 1): 1.6,
    ("d2", "counts", 1): 0.09,
    ("d3", "counts", 1): 0.12,
    ("d2", "rows", 7): 1.2,
}


@dataclass(frozen=True)
class Size:
    clusters: int
    periods: int
    people: int
    seed: int


SIZES = {"d1": Size(40, 9, 20, 1), "d2": Size(137, 48, 12, 2), "d3": Size(2000, 10, 50, 3)}


def trial(size: Size) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows with an individual covariate x2, and counts by cell without it."""
    rng = np.random.default_rng(size.seed)
    clusters, periods, people = size.clusters, size.periods, size.people
    cluster = np.repeat(np.arange(clusters), periods * people)
    period = np.tile(np.repeat(np.arange(periods), people), clusters)
    sequence = rng.permutation(clusters) % max(periods - 1, 1)
    treated = (period > sequence[cluster]).astype(int)
    x1, x2 = rng.normal(size=clusters)[cluster], rng.normal(size=len(cluster))
    u = rng.normal(0, 0.5, clusters)[cluster]
    v = rng.normal(0, 0.2, clusters * periods)[cluster * periods + period]
    fall = np.linspace(0, 0.4, periods)[period]
    base = -2.2 + 0.35 * treated - fall + 0.2 * x1 + u
    rng.normal(size=len(cluster))
    by_row = (rng.random(len(cluster)) < 1 / (1 + np.exp(-(base + 0.3 * x2)))).astype(int)
    by_cell = (rng.random(len(cluster)) < 1 / (1 + np.exp(-(base + v)))).astype(int)
    rows = pd.DataFrame(
        {
            "y": by_row,
            "n": 1,
            "trt": treated,
            "x1": np.round(x1, 8),
            "x2": np.round(x2, 8),
            "per": np.array([f"p{k:02d}" for k in range(periods)])[period],
            "cl": np.array([f"c{k:04d}" for k in range(clusters)])[cluster],
        }
    )
    keys = ["cl", "per", "trt", "x1"]
    cells = rows.assign(s=by_cell).groupby(keys, as_index=False).agg(y=("s", "sum"), n=("s", "size"))
    return rows, cells


def coded(frame: pd.DataFrame, columns: list[str]) -> GlmmRows:
    """The model's terms as columns: the constant, numbers, and periods against the first."""
    period, levels = pd.factorize(frame["per"], sort=True)
    X = np.zeros((len(frame), 1 + len(columns) + len(levels) - 1))
    X[:, 0] = 1.0
    for j, column in enumerate(columns):
        X[:, 1 + j] = frame[column]
    later = np.flatnonzero(period > 0)
    X[later, len(columns) + period[later]] = 1.0
    cluster = pd.factorize(frame["cl"])[0].astype(np.intp)
    return GlmmRows(X, frame["y"].to_numpy(float), frame["n"].to_numpy(float), cluster)


def timed(frame: pd.DataFrame, columns: list[str], nodes: int) -> tuple[float, GlmmFit]:
    times = []
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        fit = fit_glmm(coded(frame, columns), BinomialLogit(), nodes)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:]), fit


def line(name: str, form: str, program: str, nodes: int, found: tuple[float, ...], target: str = "") -> None:
    seconds, log_likelihood, effect, error, sigma = found
    print(
        f"{name:4} {form:7} {program:14} {nodes:5} {seconds:9.4f} {target:>7} "
        f"{log_likelihood:16.6f} {effect:10.6f} {error:10.6f} {sigma:9.6f}"
    )


PEER = """
suppressPackageStartupMessages({library(lme4); library(glmmTMB)})
options(digits = 12); a <- commandArgs(TRUE); d <- read.csv(a[1]); f <- as.formula(a[2]); how <- a[3]
t <- system.time(m <- suppressWarnings(switch(how, glmmTMB = glmmTMB(f, d, family = binomial),
  lme4 = glmer(f, d, family = binomial))))[["elapsed"]]
V <- as.matrix(if (how == "glmmTMB") vcov(m)$cond else vcov(m))
b <- if (how == "glmmTMB") fixef(m)$cond else fixef(m)
s <- if (how == "glmmTMB") exp(m$fit$par[["theta"]]) else getME(m, "theta")
cat(t, as.numeric(logLik(m)), b[["trt"]], sqrt(V["trt", "trt"]), s)
"""


def peer(frame: pd.DataFrame, columns: list[str], program: str) -> tuple[float, ...] | None:
    """Seconds and numbers of one fit in R; None without R, the package, or an answer in time."""
    rscript = shutil.which("Rscript")
    if rscript is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        table, script = Path(folder) / "d.csv", Path(folder) / "peer.R"
        frame.to_csv(table, index=False)
        script.write_text(PEER, encoding="utf-8")
        formula = f"cbind(y, n - y) ~ {' + '.join([*columns, 'per'])} + (1 | cl)"
        try:
            done = subprocess.run(
                [rscript, script, table, formula, program], capture_output=True, text=True, timeout=LIMIT
            )
        except subprocess.TimeoutExpired:
            return None
    return tuple(map(float, done.stdout.split())) if done.returncode == 0 else None


def main() -> int:
    names = [name for name in sys.argv[1:] if name in SIZES] or list(SIZES)
    print(
        "data form    program        nodes   seconds  target   log-likelihood     effect  std error     sigma"
    )
    over = False
    for name in names:
        rows, cells = trial(SIZES[name])
        for form, frame, columns in (
            ("rows", rows, ["trt", "x1", "x2"]),
            ("counts", cells, ["trt", "x1"]),
        ):
            for nodes in (1, 7):
                seconds, fit = timed(frame, columns, nodes)
                target = TARGETS.get((name, form, nodes))
                over |= target is not None and seconds > target
                error = float(np.sqrt(fit.covariance[1, 1]))
                found = (seconds, fit.log_likelihood, fit.params[1], error, float(np.exp(fit.log_sigma)))
                line(name, form, "precept_stats", nodes, found, "" if target is None else f"{target:g}")
            for program in ("glmmTMB", "lme4") if "--peers" in sys.argv else ():
                answer = peer(frame, columns, program)
                if answer is None:
                    print(f"{name:4} {form:7} {program:14} {1:5} no answer within {LIMIT} s")
                else:
                    line(name, form, program, 1, answer)
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
