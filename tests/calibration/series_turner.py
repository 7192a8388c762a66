"""The simulation of Turner et al. (2021) run small: six methods, 6 to 96 points, autocorrelation 0 to 0.8.

    python -m tests.calibration.series_turner [--series 100] [--folder results/its_turner]

Adds its cells to docs/its_calibration.json as ``turner``. As in ``series``, cell and number are an address.
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path

import numpy as np

from tests.calibration.batches import Batches
from tests.calibration.series import record_of
from tests.calibration.series_trials import ANALYSES, SIX, Scenario, judged, simulate

SEED = 20210828
SCENARIOS = tuple(
    Scenario(points, phi) for points, phi in product((6, 8, 12, 24, 48, 96), (0.0, 0.2, 0.4, 0.6, 0.8))
)
COMPARED = tuple(analysis for analysis in ANALYSES if analysis.name in SIX)
BATCH = 50


def one_series(cell: int, replicate: int) -> np.ndarray:
    """A row a method (see ``judged``)."""
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(cell, replicate)))
    drawn = simulate(SCENARIOS[cell], rng)["linear"]
    return np.array([judged(analysis, drawn) for analysis in COMPARED])


def outcomes(cell: int, series: int, folder: Path) -> np.ndarray:
    """All series of a cell (series, methods, 7), taken from the folder where they are there."""
    return Batches(folder, BATCH).found(cell, series, lambda replicate: one_series(cell, replicate))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=100)
    parser.add_argument("--folder", type=Path, default=Path("results/its_turner"))
    parser.add_argument("--into", type=Path, default=Path("docs/its_calibration.json"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    cells = [
        record_of(scenario, analysis, found[:, k])
        for number, scenario in enumerate(SCENARIOS)
        for found in [outcomes(number, arguments.series, arguments.folder)]
        for k, analysis in enumerate(COMPARED)
    ]
    record = json.loads(arguments.into.read_text(encoding="utf-8"))
    record["turner"] = {"seed": SEED, "series": arguments.series, "cells": cells}
    arguments.into.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
