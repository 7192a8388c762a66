"""Synthetic data with a known truth: the contents page, plain trials for tests, and the writer.

A trial like PReCePT (`trial_tables`, `trial_truth`), a national programme (`programme_tables`,
`programme_truth`), a trial of a care bundle (`bundle_tables`, `bundle_truth`) and three nations of which one
had the programme (`nations_tables`, `nations_truth`). The models, their
assumptions and every constant are in docs/synthetic.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from precept_stats.data.declared import Declared
from precept_stats.data.synthetic_bundle import BundleScenario, BundleTruth, bundle_tables, bundle_truth
from precept_stats.data.synthetic_constants import constants_table
from precept_stats.data.synthetic_draws import ORIGIN
from precept_stats.data.synthetic_nations import (
    NATIONS_SEED,
    NationsScenario,
    NationsTruth,
    nations_tables,
    nations_truth,
)
from precept_stats.data.synthetic_npp import NPP_SEED, npp_tables
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
    "BUNDLE_SEED",
    "NATIONS_SEED",
    "NPP_SEED",
    "ORIGIN",
    "SHIPPED_SEED",
    "ArmTruth",
    "ArmUptake",
    "BundleScenario",
    "BundleTruth",
    "NationsScenario",
    "NationsTruth",
    "ProgrammeScenario",
    "ProgrammeTruth",
    "Scenario",
    "SimpleTrial",
    "TrialScenario",
    "TrialTruth",
    "bundle_tables",
    "bundle_truth",
    "constants_table",
    "declared_effect",
    "nations_tables",
    "nations_truth",
    "npp_tables",
    "programme_tables",
    "programme_truth",
    "published_percentages",
    "scenario_tables",
    "simple_trial",
    "trial_tables",
    "trial_truth",
    "write_tables",
]

Scenario = TrialScenario | ProgrammeScenario | BundleScenario | NationsScenario
"""Settings from which tables can be drawn."""
BUNDLE_SEED = 20190411
"""The seed of the shipped trial of a care bundle: no more than a number that was written down first."""
SHIPPED_SEED = 40938673
"""The seed of the shipped trial: the trial's registration number (docs/synthetic.md says why)."""


def scenario_tables(scenario: Scenario, seed: int) -> dict[str, pd.DataFrame]:
    """The tables of a scenario of any kind, by name."""
    match scenario:
        case TrialScenario():
            return trial_tables(scenario, seed)
        case ProgrammeScenario():
            return programme_tables(scenario, seed)
        case BundleScenario():
            return bundle_tables(scenario, seed)
        case NationsScenario():
            return nations_tables(scenario, seed)


class SimpleTrial(Declared):
    """A parallel trial of one period, for tests and coverage studies.

    ``clusters`` and ``risks`` are those of the reference and of the compared arm. Cluster
    probabilities are beta, so the ICC and the risks are exact; sizes are rounded gamma, at least 1
    (which shifts their mean and CV a little when clusters are small), all equal when ``size_cv`` is 0.
    """

    clusters: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
    mean_size: float = Field(ge=1)
    size_cv: float = Field(0.0, ge=0, le=3)
    icc: float = Field(ge=0, lt=1)
    risks: tuple[Annotated[float, Field(gt=0, lt=1)], Annotated[float, Field(gt=0, lt=1)]]


def simple_trial(trial: SimpleTrial, rng: np.random.Generator) -> pd.DataFrame:
    """Draw a simple trial: columns cluster, arm (0 reference, 1 compared) and y (0 or 1), a row a person."""
    arm = np.repeat([0, 1], trial.clusters)
    sizes = np.full(arm.size, trial.mean_size)
    if trial.size_cv > 0:
        shape = 1 / trial.size_cv**2
        sizes = rng.gamma(shape, trial.mean_size / shape, arm.size)
    sizes = np.maximum(np.rint(sizes).astype(int), 1)
    risk = np.array(trial.risks)[arm]
    if trial.icc > 0:
        precision = (1 - trial.icc) / trial.icc
        risk = rng.beta(risk * precision, (1 - risk) * precision)
    cluster = np.repeat(np.arange(arm.size), sizes)
    y = (rng.random(cluster.size) < risk[cluster]).astype(int)
    return pd.DataFrame({"cluster": cluster, "arm": arm[cluster], "y": y})


def write_tables(tables: Mapping[str, pd.DataFrame], folder: Path) -> tuple[Path, ...]:
    """Write each table to ``<name>.csv`` in a folder that exists; refuse a table not marked synthetic."""
    unmarked = [
        name
        for name, frame in tables.items()
        if "data_origin" not in frame.columns or not (frame["data_origin"] == ORIGIN).all()
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
