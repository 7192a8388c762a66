"""Linear mixed models: seconds from a DataFrame to estimates, beside lme4 where Rscript has it. A row a fit.

One BLAS thread, medians of warm runs. `python benchmarks/mixed.py [folder of further data]`; with inst.csv
there (lme4's InstEval, columns y, s, d, service) the crossed fit is timed too.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from mixed_data import SIZES, trial

from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.numerics.mixed.fit import MixedFit, fit_mixed
from precept_stats.numerics.mixed.model import (
    Category,
    Fixed,
    Grouping,
    MixedModel,
    Numeric,
    Random,
    Rows,
)

REPEATS = 7
TARGETS = {("reml", "d1"): 0.005, ("reml", "d2"): 0.026, ("reml", "d3"): 0.19, ("crossed", "inst"): 0.77}
TARGETS |= {("reml_kenward_roger", "d2"): 0.5, ("reml_kenward_roger", "quarter_of_d2"): 0.1}


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


def timed(work: Callable[[], MixedFit]) -> tuple[float, float, MixedFit]:
    """Median seconds, peak megabytes beyond what stood before, and the result."""
    tracemalloc.start()
    fit = work()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        fit = work()
        times.append(time.perf_counter() - start)
    return statistics.median(times), peak, fit


def with_kenward_roger(d: pd.DataFrame) -> MixedFit:
    fit = fit_mixed(period_model(d))
    kenward_roger(fit).df(np.eye(len(fit.params))[1])
    return fit


def ours(frames: dict[str, pd.DataFrame]) -> dict[tuple[str, str], tuple[float, float, MixedFit]]:
    found = {}
    for name, d in frames.items():
        if name == "inst":
            found["crossed", name] = timed(lambda d=d: fit_mixed(crossed_model(d)))
            continue
        found["reml", name] = timed(lambda d=d: fit_mixed(period_model(d)))
        found["reml_kenward_roger", name] = timed(lambda d=d: with_kenward_roger(d))
    return found


def peers(frames: dict[str, pd.DataFrame]) -> dict[tuple[str, str], list[float]]:
    """Seconds, log likelihood, estimate and SE of lme4 by task and data; empty without R."""
    if shutil.which("Rscript") is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        for name, d in frames.items():
            d.to_csv(Path(folder) / f"{name}.csv", index=False)
        script = Path(__file__).with_name("mixed_peers.R")
        done = subprocess.run(
            ["Rscript", str(script), folder, *frames],
            capture_output=True,
            text=True,
            check=False,
            timeout=1200,
        )
    if done.returncode:
        print(f"lme4 was not timed: {done.stderr.strip().splitlines()[-1]}")
    rows = [line.split(",") for line in done.stdout.splitlines() if line.count(",") == 5]
    return {(task, name): [float(value) for value in values] for task, name, *values in rows}


def main() -> int:
    frames = {name: trial(name) for name in SIZES}
    frames["quarter_of_d2"] = frames["d2"].iloc[::4].reset_index(drop=True)
    further = Path(sys.argv[1]) / "inst.csv" if len(sys.argv) > 1 else None
    if further is not None and further.exists():
        frames["inst"] = pd.read_csv(further)
    found, theirs = ours(frames), peers(frames)
    print(f"{'task':20} {'data':14} {'rows':>8} {'seconds':>8} {'reach':>6} {'lme4':>8} {'times':>6} "
          f"{'MB':>7} {'frame':>6}  log likelihood less lme4's")  # fmt: skip
    for (task, name), (seconds, peak, fit) in found.items():
        lme4 = theirs.get((task, name))
        size = frames[name].memory_usage(deep=True).sum() / 1e6
        target = TARGETS.get((task, name))
        print(
            f"{task:20} {name:14} {len(frames[name]):8d} {seconds:8.4f} "
            f"{target if target is not None else '':>6} {lme4[0] if lme4 else float('nan'):8.3f} "
            f"{lme4[0] / seconds if lme4 else float('nan'):6.0f} {peak:7.1f} {size:6.1f}  "
            f"{fit.log_likelihood - lme4[1] if lme4 else float('nan'):+.1e}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
