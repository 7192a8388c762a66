"""Bias and coverage of panel regressions under staggered starts: ``make panel-study`` records the numbers.

    python -m tests.calibration.panels [--panels 1000] [--folder results/panels]

A panel has its own addressed seed, so the numbers depend on nothing but its cell and number. What is done is
kept in the folder, a file a hundred panels, and a later run goes on from there.
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path

import numpy as np

from tests.calibration.batches import Batches
from tests.calibration.panel_trials import ANALYSES, LEVEL, Scenario, judged, simulate

SEED = 20261127
SCENARIOS = (
    *(Scenario(units, phi, differ) for differ, phi, units in product((False, True), (0.0, 0.6), (15, 40))),
    Scenario(160, 0.0, True),
)
FIRST = 3
"""So many panels of each cell are recorded apart, for a test to run again."""
BATCH = 100


def one_panel(cell: int, number: int) -> np.ndarray:
    """A row an analysis (see ``judged``), and the truth in a last column."""
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(cell, number)))
    drawn = simulate(SCENARIOS[cell], rng)
    return np.array([(*judged(method, drawn), drawn.truth) for method in ANALYSES.values()])


def outcomes(cell: int, panels: int, folder: Path) -> np.ndarray:
    """All panels of a cell (panels, analyses, 4), taken from the folder where they are there."""
    return Batches(folder, BATCH).found(cell, panels, lambda number: one_panel(cell, number))


def study(panels: int, folder: Path) -> dict[str, object]:
    """The whole study as a record."""
    cells = [
        record_of(scenario, name, found[:, k])
        for number, scenario in enumerate(SCENARIOS)
        for found in [outcomes(number, panels, folder)]
        for k, name in enumerate(ANALYSES)
    ]
    return {"seed": SEED, "panels": panels, "level": LEVEL, "cells": cells}


def record_of(scenario: Scenario, name: str, found: np.ndarray) -> dict[str, object]:
    """What is recorded of one analysis in one cell: coverage, width and bias."""
    known = found[~np.isnan(found[:, 0])]
    covered, width, error, truth = known.T
    return {
        "units": scenario.units,
        "phi": scenario.phi,
        "differ": scenario.differ,
        "analysis": name,
        "estimated": len(known),
        "covered": int(covered.sum()),
        "covered_of_first": int(np.nansum(found[:FIRST, 0])),
        "error_of_first": float(np.nansum(found[:FIRST, 2])),
        "median_width": float(np.median(width)),
        "mean_truth": float(truth.mean()),
        "bias": float(error.mean()),
        "bias_mcse": float(error.std(ddof=1) / np.sqrt(len(error))),
        "sd": float(error.std(ddof=1)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--panels", type=int, default=1000)
    parser.add_argument("--folder", type=Path, default=Path("results/panels"))
    parser.add_argument("--out", type=Path, default=Path("docs/panel_calibration.json"))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    record = study(given.panels, given.folder)
    given.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
