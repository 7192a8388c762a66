"""Seeded synthetic stepped-wedge trials of three sizes, for timing: one row a person."""

from __future__ import annotations

import numpy as np
import pandas as pd

SIZES = {"d1": (40, 9, 20, 1), "d2": (137, 48, 12, 2), "d3": (2000, 10, 50, 3)}
"""Clusters, periods, people a cell and seed."""


def trial(name: str) -> pd.DataFrame:
    """One row a person: y, trt, per (text), x1 of the cluster, x2 of the person, cl (text)."""
    clusters, periods, people, seed = SIZES[name]
    rng = np.random.default_rng(seed)
    cl = np.repeat(np.arange(clusters), periods * people)
    t = np.tile(np.repeat(np.arange(periods), people), clusters)
    switch = rng.permutation(clusters) % max(periods - 1, 1)
    trt = (t > switch[cl]).astype(int)
    x1, x2 = rng.normal(size=clusters)[cl], rng.normal(size=len(cl))
    u = rng.normal(0, 0.5, clusters)[cl]
    rng.normal(0, 0.2, clusters * periods)
    trend = np.linspace(0, 0.4, periods)[t]
    y = 1.0 + 0.3 * trt + trend + 0.2 * x1 + 0.5 * x2 + u + rng.normal(size=len(cl))
    return pd.DataFrame(
        {
            "y": np.round(y, 8),
            "trt": trt,
            "per": [f"p{k:02d}" for k in t],
            "x1": np.round(x1, 8),
            "x2": np.round(x2, 8),
            "cl": [f"c{k:04d}" for k in cl],
        }
    )
