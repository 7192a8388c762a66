"""Wild cluster bootstrap: p, and p with its interval, beside a loop of refits and beside wildboottest.

    python benchmarks/wild_bootstrap.py [--alone]

Synthetic clustered outcomes with 12 columns, drawn from fixed seeds. All start from the same arrays. The loop
is what a user would write in numpy: make a sample, refit it, sum scores by cluster; it is timed on a few
samples, and its time for all is that in proportion. wildboottest (PyPI, `make bench-peers`) runs in an
environment of its own and gives no interval; what numba compiles anew in each of its calls is in its time.
Draws differ between programs, so that p is the same but for Monte Carlo error; it counts |t*| > |t| strictly,
ours counts the observed as one. Run with one BLAS thread (OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from timing import measure

from precept_stats.numerics import signs
from precept_stats.numerics.gee.cells import individual_rows
from precept_stats.numerics.gee.families import Binomial, Family, Gaussian, Identity, Logit
from precept_stats.numerics.gee.fit import GeeModel, fit_gee
from precept_stats.numerics.score_bootstrap import ScoreTest
from precept_stats.numerics.wild_bootstrap import ClusterScores, cr1, wild_test

HERE = Path(__file__).resolve().parent
PEER = HERE / ".venv-peers" / "bin" / "python"
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
LOOP = 100
"""Samples that the loop is timed on."""
COLUMNS = 12


class Task(NamedTuple):
    name: str
    rows: int
    clusters: int
    draws: int | None


TASKS = (
    Task("all 65,536 vectors of 16 clusters", 3_200, 16, None),
    Task("all 524,288 vectors of 19 clusters", 4_100, 19, None),
    Task("9,999 draws, 40 clusters", 8_000, 40, 9_999),
    Task("9,999 draws, 40 clusters", 80_000, 40, 9_999),
    Task("99,999 draws, 100 clusters", 80_000, 100, 99_999),
)
Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


def arrays(task: Task) -> Arrays:
    """Columns (intercept, arm, covariates), outcomes and cluster codes."""
    rng = np.random.default_rng(task.clusters)
    cluster = np.sort(rng.integers(0, task.clusters, task.rows))
    X = np.column_stack([np.ones(task.rows), cluster % 2, rng.normal(size=(task.rows, COLUMNS - 2))])
    effect = rng.normal(0, 0.4, task.clusters)[cluster]
    return X, 0.1 * X[:, 1] + 0.2 * X[:, 2] + effect + rng.normal(size=task.rows), cluster


def vectors(task: Task) -> signs.AnyVectors:
    if task.draws is None:
        return signs.every_vector(signs.RADEMACHER, task.clusters)
    return signs.drawn_vectors(signs.RADEMACHER, task.clusters, task.draws, np.random.default_rng(1))


def linear(task: Task, data: Arrays, *, interval: bool) -> dict[str, float]:
    """From arrays to p, with the interval if asked."""
    fit = fit_gee(individual_rows(*data), GeeModel(Family(Identity(), Gaussian())))
    fitted = ClusterScores(fit.clusters.information, fit.clusters.score, fit.bread, 1)
    test = wild_test(float(fit.params[1]), fitted, cr1(float(len(data[1]))), vectors(task))
    found = {"p": test.p_value(0.0), "t": test.statistic(0.0)}
    if interval:
        found["low"], found["high"] = test.limits(0.05)
    return found


def score(task: Task, data: Arrays) -> dict[str, float]:
    """The same of a logistic model of outcomes above 0, by scores."""
    X, y, cluster = data
    fit = fit_gee(individual_rows(X, (y > 0).astype(float), cluster), GeeModel(Family(Logit(), Binomial())))
    test = ScoreTest(fit, 1, cr1(), vectors(task))
    found = {"p": test.p_value(0.0), "t": test.statistic(0.0)}
    found["low"], found["high"] = test.limits(0.05)
    return found


def loop_seconds(task: Task, data: Arrays) -> float:
    """Of making and refitting samples one by one, for as many as the task has, in proportion."""
    X, y, cluster = data
    others, rng = np.delete(X, 1, axis=1), np.random.default_rng(1)
    began = time.perf_counter()
    fitted = others @ np.linalg.lstsq(others, y, rcond=None)[0]
    bread = np.linalg.inv(X.T @ X)
    setup, began = time.perf_counter() - began, time.perf_counter()
    for _ in range(LOOP):
        v = rng.choice([-1.0, 1.0], task.clusters)
        sample = fitted + v[cluster] * (y - fitted)
        beta = bread @ (X.T @ sample)
        weighted = (X @ bread[:, 1]) * (sample - X @ beta)
        beta[1] / math.sqrt(float(np.sum(np.bincount(cluster, weighted, task.clusters) ** 2)))
    each = (time.perf_counter() - began) / LOOP
    return setup + each * (task.draws or 2**task.clusters)


def by_peer(task: Task, data: Arrays) -> dict[str, float] | None:
    """Seconds and the answer of wildboottest, or None when it is not installed or fails."""
    if not PEER.exists():
        return None
    X, y, cluster = data
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "table.npz"
        np.savez(table, X=X, y=y, cluster=cluster, draws=task.draws or 2**task.clusters + 1)
        command = [str(PEER), str(HERE / "wild_peer.py"), str(table)]
        done = subprocess.run(
            command, capture_output=True, text=True, env=os.environ | ONE_THREAD, check=False
        )
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None


def line(what: str, seconds: float, more: str) -> None:
    print(f"  {what:<28}{seconds:10.4f} s   {more}")


def main(arguments: list[str]) -> None:
    for task in TASKS:
        data = arrays(task)
        print(f"{task.name}; {task.rows:,} rows, {COLUMNS} columns")
        ours = measure(lambda task=task, data=data: linear(task, data, interval=False))
        both = measure(lambda task=task, data=data: linear(task, data, interval=True))
        scores = measure(lambda task=task, data=data: score(task, data))
        line("ours, p", ours["seconds"], f"p = {ours['p']:.4f}, t = {ours['t']:.4f}")
        line("ours, p and interval", both["seconds"], f"{both['low']:.3f} to {both['high']:.3f}")
        line("ours, logistic scores, both", scores["seconds"], f"p = {scores['p']:.4f}")
        loop = loop_seconds(task, data)
        line("loop of refits, p", loop, f"{loop / ours['seconds']:.0f} times ours (in proportion)")
        peer = None if "--alone" in arguments else by_peer(task, data)
        if peer is not None:
            more = f"p = {peer['p']:.4f}, t = {peer['t']:.4f}; first call {peer['first']:.1f} s"
            ratio = peer["seconds"] / ours["seconds"]
            line("wildboottest, p", peer["seconds"], f"{ratio:.1f} times ours; {more}")


if __name__ == "__main__":
    main(sys.argv[1:])
