"""Seeded synthetic stepped-wedge trials for timing: one row a person, or counts by cluster and period."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pandas as pd

SIZES = {"d1": (40, 9, 20, 1), "d2": (137, 48, 12, 2), "d3": (2000, 10, 50, 3)}
"""Clusters, periods, people a cell and seed."""


def stepped_wedge(clusters: int, periods: int, people: int, seed: int) -> pd.DataFrame:
    """One row a person.

    y is normal and yb 0/1, both with clusters of their own levels; yc is 0/1 with cluster-periods beside
    them and no covariate of people, so that it can be counted. trt switches on by the cluster's sequence;
    per and cl are text, cp numbers the cluster-periods, x1 is of the cluster and x2 of the person.
    """
    rng = np.random.default_rng(seed)
    n = clusters * periods * people
    cl = np.repeat(np.arange(clusters), periods * people)
    t = np.tile(np.repeat(np.arange(periods), people), clusters)
    sequence = rng.permutation(clusters) % max(periods - 1, 1)
    trt = (t > sequence[cl]).astype(int)
    x1, x2 = rng.normal(size=clusters)[cl], rng.normal(size=n)
    u = rng.normal(0, 0.5, clusters)[cl]
    v = rng.normal(0, 0.2, clusters * periods)[cl * periods + t]
    trend = np.linspace(0, 0.4, periods)[t]
    y = 1.0 + 0.3 * trt + trend + 0.2 * x1 + 0.5 * x2 + u + rng.normal(size=n)
    base = -2.2 + 0.35 * trt - trend + 0.2 * x1 + u
    yb = (rng.random(n) < 1 / (1 + np.exp(-(base + 0.3 * x2)))).astype(int)
    yc = (rng.random(n) < 1 / (1 + np.exp(-(base + v)))).astype(int)
    return pd.DataFrame(
        {
            "y": np.round(y, 8),
            "yb": yb,
            "yc": yc,
            "trt": trt,
            "per": np.array([f"p{k:02d}" for k in range(periods)])[t],
            "x1": np.round(x1, 8),
            "x2": np.round(x2, 8),
            "cl": np.array([f"c{k:05d}" for k in range(clusters)])[cl],
            "cp": cl * periods + t,
        }
    )


def trial(name: str) -> pd.DataFrame:
    """One of SIZES; ``quarter`` is every fourth row of d2."""
    if name == "quarter":
        return trial("d2").iloc[::4].reset_index(drop=True)
    return stepped_wedge(*SIZES[name])


def cells(rows: pd.DataFrame) -> pd.DataFrame:
    """Counts by cluster and period: s events of n, f = n - s."""
    keys = ["cl", "per", "cp", "trt", "x1"]
    found = rows.groupby(keys, as_index=False).agg(s=("yc", "sum"), n=("yc", "size"))
    return found.assign(f=found["n"] - found["s"])


def inst_eval(folder: Path) -> pd.DataFrame | None:
    """lme4's InstEval (columns y, s, d, service), or None without R and lme4."""
    path = folder / "inst_from_r.csv"
    script = f'write.csv(lme4::InstEval[c("y", "s", "d", "service")], "{path}", row.names = FALSE)'
    try:
        subprocess.run(["Rscript", "-e", script], capture_output=True, check=True, timeout=120)
    except (OSError, subprocess.SubprocessError):
        return None
    found = pd.read_csv(path)
    return found.assign(s=found["s"].map("s{}".format), d=found["d"].map("d{}".format))
