"""Synthetic data with a known truth: the contents page, plain trials for tests, and the writer.

A trial like PReCePT (`trial_tables`, `trial_truth`) and a national programme (`programme_tables`,
`programme_truth`). The model, its assumptions and every constant are in docs/synthetic.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from precept_stats.data.synthetic_constants import constants_table
from precept_stats.data.synthetic_draws import ORIGIN
from precept_stats.data.synthetic_programme import (
    ProgrammeScenario,
    ProgrammeTruth,
    programme_tables,
    programme_truth,
)
from precept_stats.data.synthetic_trial import (
    ArmTruth,
    ArmUptake,
    TrialScenario,
    TrialTruth,
    declared_effect,
    published_percentages,
    trial_truth,
)
from precept_stats.data.synthetic_trial_tables import trial_tables
from precept_stats.errors import DataError

__all__ = [
    "ORIGIN",
    "SHIPPED_SEED",
    "ArmTruth",
    "ArmUptake",
    "ProgrammeScenario",
    "ProgrammeTruth",
    "TrialScenario",
    "TrialTruth",
    "constants_table",
    "declared_effect",
    "programme_tables",
    "programme_truth",
    "published_percentages",
    "simple_trial",
    "trial_tables",
    "trial_truth",
    "write_tables",
]

SHIPPED_SEED = 20180501
"""The seed of the shipped trial: a date, fixed before any result was seen."""


def simple_trial(
    clusters: tuple[int, int],
    mean_size: float,
    size_cv: float,
    icc: float,
    risks: tuple[float, float],
    rng: np.random.Generator,
) -> pd.DataFrame:
    """A parallel trial of one period: columns cluster, arm (0 reference, 1 compared) and y (0 or 1).

    ``clusters`` and ``risks`` are those of the reference and of the compared arm. Cluster
    probabilities are beta, so the ICC is exactly ``icc`` and the risks exactly as given; sizes are
    rounded gamma, at least 1 (rounding shifts the mean and CV a little when clusters are small),
    and all equal when ``size_cv`` is 0.
    """
    if not 0 <= icc < 1 or not all(0 < risk < 1 for risk in risks) or min(clusters) < 1:
        raise DataError(
            "a simple trial cannot be drawn from these settings",
            found=f"icc {icc}, risks {risks}, clusters {clusters}",
            allowed="0 <= icc < 1, risks between 0 and 1, at least one cluster an arm",
        )
    arm = np.repeat([0, 1], clusters)
    sizes = np.full(arm.size, mean_size)
    if size_cv > 0:
        sizes = rng.gamma(1 / size_cv**2, mean_size * size_cv**2, arm.size)
    sizes = np.maximum(np.rint(sizes).astype(int), 1)
    risk = np.array(risks)[arm]
    if icc > 0:
        risk = rng.beta(risk * (1 - icc) / icc, (1 - risk) * (1 - icc) / icc)
    cluster = np.repeat(np.arange(arm.size), sizes)
    y = (rng.random(cluster.size) < risk[cluster]).astype(int)
    return pd.DataFrame({"cluster": cluster, "arm": arm[cluster], "y": y})


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> tuple[Path, ...]:
    """Write each table to ``<name>.csv`` in a folder that exists; refuse a table not marked synthetic."""
    unmarked = [
        name for name, frame in tables.items() if not (frame.get("data_origin", pd.Series()) == ORIGIN).all()
    ]
    if unmarked:
        raise DataError(
            "tables to be written as synthetic do not say so",
            found=", ".join(unmarked),
            allowed=f"data_origin is {ORIGIN!r} in every row",
        )
    paths = []
    for name, frame in tables.items():
        path = folder / f"{name}.csv"
        frame.to_csv(path, index=False, lineterminator="\n")
        paths.append(path)
    return tuple(paths)
