"""Bias and coverage of models of one series: ``make its-study`` records docs/its_calibration.json.

    python -m tests.calibration.series [--series 500] [--folder results/its]

A series has its own addressed seed, so the numbers depend on nothing but its cell and number. What is done is
kept in the folder, a file a hundred series, and a later run goes on from there.
"""

from __future__ import annotations

import argparse
import json
from itertools import product
from pathlib import Path

import numpy as np

from tests.calibration.batches import Batches
from tests.calibration.series_trials import ANALYSES, Analysis, Scenario, judged, simulate

SEED = 20261124
SCENARIOS = tuple(Scenario(points, phi) for points, phi in product((8, 12, 24, 48), (0.0, 0.2, 0.5)))
FIRST = 5
"""So many series of each cell are recorded apart, for a test to run again."""
BATCH = 100


def one_series(cell: int, replicate: int) -> np.ndarray:
    """A row an analysis (see ``judged``)."""
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(cell, replicate)))
    drawn = simulate(SCENARIOS[cell], rng)
    return np.array([judged(analysis, drawn[analysis.of]) for analysis in ANALYSES])


def outcomes(cell: int, series: int, folder: Path) -> np.ndarray:
    """All series of a cell (series, analyses, 7), taken from the folder where they are there."""
    return Batches(folder, BATCH).found(cell, series, lambda replicate: one_series(cell, replicate))


def study(series: int, folder: Path) -> dict[str, object]:
    """The whole study as a record."""
    cells = [
        record_of(scenario, analysis, found[:, k])
        for number, scenario in enumerate(SCENARIOS)
        for found in [outcomes(number, series, folder)]
        for k, analysis in enumerate(ANALYSES)
    ]
    return {"seed": SEED, "series": series, "level": 0.95, "cells": cells}


def record_of(scenario: Scenario, analysis: Analysis, found: np.ndarray) -> dict[str, object]:
    """What is recorded of one analysis in one cell: coverage, width, bias and the autocorrelation.

    Without level and slope where the analysis gave no answer to two series.
    """
    known = found[~np.isnan(found[:, 0])]
    record: dict[str, object] = {
        "points": scenario.points,
        "phi": scenario.phi,
        "analysis": analysis.name,
        "of": analysis.of,
        "estimated": len(known),
    }
    for k, name in enumerate(("level", "slope") if len(known) > 1 else ()):
        covered, width, error = known[:, 3 * k : 3 * k + 3].T
        record[name] = {
            "covered": int(covered.sum()),
            "covered_of_first": int(np.nansum(found[:FIRST, 3 * k])),
            "median_width": float(np.median(width)),
            "bias": float(error.mean()),
            "bias_mcse": float(error.std(ddof=1) / np.sqrt(len(error))),
            "rmse": float(np.sqrt(np.mean(error**2))),
        }
    phi = known[:, 6][~np.isnan(known[:, 6])]
    record["mean_phi"] = float(phi.mean()) if len(phi) > 1 else None
    record["phi_mcse"] = float(phi.std(ddof=1) / np.sqrt(len(phi))) if len(phi) > 1 else None
    return record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=500)
    parser.add_argument("--folder", type=Path, default=Path("results/its"))
    parser.add_argument("--out", type=Path, default=Path("docs/its_calibration.json"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    record = study(arguments.series, arguments.folder)
    if arguments.out.exists():
        record |= {"turner": json.loads(arguments.out.read_text(encoding="utf-8")).get("turner")}
    arguments.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
