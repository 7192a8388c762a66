"""How time and memory grow: 10^3 to 10^7 rows in 100 clusters, and 10 to 10^4 clusters of 10^6 rows.

    python benchmarks/growth.py [--record docs/growth.json] [--largest 7]

Synthetic trials with an arm, a covariate of people and a baseline of four categories; a process for each
point, one BLAS thread, from a DataFrame to estimates.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from mixed import ONE_THREAD, machine
from ours import grouping
from timing import measure, report

from precept_stats.inference.kenward_roger import kenward_roger
from precept_stats.numerics.glmm.families import BinomialLogit
from precept_stats.numerics.glmm.fit import GlmmRows, fit_glmm
from precept_stats.numerics.mixed.fit import fit_mixed
from precept_stats.numerics.mixed.model import Category, Fixed, MixedModel, Numeric, Random, Rows

FIXED_CLUSTERS, FIXED_ROWS = 100, 10**6
KINDS = {
    "linear": "linear mixed model, REML",
    "kenward_roger": "the same with Kenward-Roger",
    "logistic": "logistic mixed model, Laplace",
    "counts": "logistic, no covariate of people",
}


def table(rows: int, clusters: int) -> pd.DataFrame:
    """A parallel trial: cluster of a row at random, arms in turn."""
    rng = np.random.default_rng([rows, clusters])
    cl = rng.integers(0, clusters, rows)
    cl[:clusters] = np.arange(clusters)
    arm, band, x = cl % 2, rng.integers(0, 4, rows), rng.normal(size=rows)
    eta = -1.0 + 0.3 * arm + 0.2 * band + 0.4 * x + rng.normal(0, 0.5, clusters)[cl]
    y = eta + rng.normal(size=rows)
    yb = (rng.random(rows) < 1 / (1 + np.exp(-eta))).astype(np.int8)
    return pd.DataFrame({"y": y, "yb": yb, "arm": arm.astype(np.int8), "band": band, "x": x, "cl": cl})


def fit(kind: str, d: pd.DataFrame) -> dict[str, float]:
    group = grouping(d["cl"], "cl")
    if kind in ("logistic", "counts"):
        people = [d["x"].to_numpy()] if kind == "logistic" else []
        bands = [(d["band"] == k).to_numpy(float) for k in (1, 2, 3)]
        X = np.column_stack([np.ones(len(d)), d["arm"], *bands, *people])
        rows = GlmmRows(X, d["yb"].to_numpy(float), np.ones(len(d)), group.codes)
        return {"log_likelihood": fit_glmm(rows, BinomialLogit()).log_likelihood}
    band = Category(("1", "2", "3", "4"), d["band"].to_numpy(np.intp))
    fixed = Fixed((Numeric("arm", d["arm"].to_numpy(float)), band, Numeric("x", d["x"].to_numpy())))
    found = fit_mixed(MixedModel(Rows(d["y"].to_numpy()), fixed, (Random(group),)))
    if kind == "kenward_roger":
        kenward_roger(found).df(np.eye(len(found.params))[1])
    return {"log_likelihood": found.log_likelihood}


def points(largest: int) -> list[tuple[int, int]]:
    """Rows and clusters: along the rows, then along the clusters."""
    along_rows = [(10**k, FIXED_CLUSTERS) for k in range(3, largest + 1)]
    along_clusters = [(min(FIXED_ROWS, 10**largest), 10**k) for k in (1, 2, 3, 4)]
    return list(dict.fromkeys([*along_rows, *along_clusters]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=3, metavar=("KIND", "ROWS", "CLUSTERS"))
    parser.add_argument("--largest", type=int, default=7, help="the power of ten of the most rows")
    parser.add_argument("--record", type=Path)
    arguments = parser.parse_args()
    if arguments.one:
        kind, rows, clusters = arguments.one[0], int(arguments.one[1]), int(arguments.one[2])
        frame = table(rows, clusters)
        found = measure(lambda: fit(kind, frame))
        report({**found, "frame_mb": frame.memory_usage(deep=True).sum() / 2**20})
        return
    record = {"machine": machine(), "kinds": KINDS, "points": []}
    for kind in KINDS:
        for rows, clusters in points(arguments.largest):
            line = [sys.executable, __file__, "--one", kind, str(rows), str(clusters)]
            done = subprocess.run(
                line, capture_output=True, text=True, check=True, env=os.environ | ONE_THREAD
            )
            found = json.loads(done.stdout.strip().splitlines()[-1])
            record["points"].append({"kind": kind, "rows": rows, "clusters": clusters, **found})
            print(f"{kind:14} {rows:9} {clusters:6} {found['seconds']:9.4f} s {found['memory_mb']:8.0f} MB")
    if arguments.record:
        arguments.record.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
