"""Who recovers the truth when events are missing: ``make missing-study`` records docs/missing_events.json.

    python -m tests.calibration.missing_events [--trials 200] [--folder results/missing_events]

Each trial has its own addressed seed. What is done is kept in the folder, a file ten trials, and a later
run goes on from there.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from scipy import optimize, special

from precept_stats.errors import FitError
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods import Gee
from precept_stats.methods.missing_outcomes import answer
from precept_stats.studies.incomplete import Incomplete
from tests.calibration.batches import Batches
from tests.calibration.missing import ANALYSES, complete, of_cell
from tests.calibration.missing_trials import MECHANISMS, SHIFT, SIZES, Mechanism, simulate
from tests.calibration.trials import OUTCOMES

SEED, BATCH, CLUSTERS = 20261125, 10, 20
RISKS = (0.15, 0.25)
"""The chance of an event in everyone, by arm, had no outcome been missing or its odds shifted."""
SLOPE, LEVEL = 1.0, 0.4
"""Log odds ratio of the covariate, and the standard deviation between clusters on the log odds scale."""
CELLS = (MECHANISMS[0], MECHANISMS[2])
"""At random given the covariate; and not: the log odds of missing events of the compared arm are shifted."""
COLLAPSIBLE = tuple(one for one in ANALYSES if not one.adjusted)
"""An analysis that adjusts has a risk difference of its own, which is not that of everyone."""


@cache
def intercept(risk: float) -> float:
    """The log odds at x = 0 in an average cluster with which so many have an event."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    spread = float(np.hypot(SLOPE, LEVEL))

    def excess(at: float) -> float:
        return float(weights @ special.expit(at + spread * nodes) / weights.sum()) - risk

    return float(optimize.brentq(excess, -10.0, 10.0))


@cache
def truth(mechanism: Mechanism) -> float:
    """The difference in the chance of an event of everyone, by quadrature over x and clusters."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    weights = weights / weights.sum()
    missing = mechanism.chance(nodes, 1)[:, None]
    log_odds = intercept(RISKS[1]) + SLOPE * nodes[:, None] + LEVEL * nodes
    chance = (1.0 - missing) * special.expit(log_odds) + missing * special.expit(log_odds + mechanism.shift)
    return float(weights @ chance @ weights) - RISKS[0]


def events(mechanism: Mechanism, rng: np.random.Generator, clusters: int = CLUSTERS) -> Incomplete:
    """A synthetic trial with x as auxiliary column, outcomes of unanswered rows being NaN."""
    whole = simulate(mechanism, rng, clusters)
    design, x = whole.design, whole.auxiliary[0].values[:, 0]
    level = LEVEL * rng.standard_normal(clusters)
    base = np.array([intercept(risk) for risk in RISKS])[design.arm[design.row_cluster]]
    gone = ~whole.answered * design.arm[design.row_cluster]
    chance = special.expit(base + SLOPE * x + level[design.row_cluster] + mechanism.shift * gone)
    y = np.where(whole.answered, rng.random(len(x)) < chance, np.nan)
    design = replace(design, y=y, outcome=OUTCOMES["binary"], summary="risk_difference")
    return Incomplete(design, whole.answered, whole.auxiliary)


def one_trial(cell: int, replicate: int) -> np.ndarray:
    """A row an analysis: covered, width, error; NaN where there is no interval."""
    mechanism = CELLS[cell]
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(cell, replicate)))
    incomplete = events(mechanism, rng)
    seed, true = Seed(SEED).at("analysis", cell, replicate), truth(mechanism)
    found = np.full((len(COLLAPSIBLE), 3), np.nan)
    for number, analysis in enumerate(COLLAPSIBLE):
        try:
            got = answer(Gee(), complete(incomplete, False), incomplete, analysis.missing, seed)
            answered = estimate(got.completed.fit.uncertainty, got.completed.targets[0], 0.95)
        except FitError:
            continue
        low, high = answered.interval.lower, answered.interval.upper
        found[number] = low <= true <= high, high - low, answered.value - true
    return found


def outcomes(cell: int, trials: int, folder: Path) -> np.ndarray:
    """All trials of a cell (trials, analyses, 3), taken from the folder where they are there."""
    return Batches(folder, BATCH).found(cell, trials, lambda replicate: one_trial(cell, replicate))


def study(trials: int, folder: Path) -> dict[str, object]:
    """The whole study as a record."""
    cells = []
    for number, mechanism in enumerate(CELLS):
        found = outcomes(number, trials, folder)
        cells += [of_cell(mechanism.name, one, found[:, k]) for k, one in enumerate(COLLAPSIBLE)]
    return {
        "seed": SEED,
        "trials": trials,
        "level": 0.95,
        "clusters": CLUSTERS,
        "sizes": list(SIZES),
        "shift": SHIFT,
        "risks": list(RISKS),
        "mechanisms": [{"name": one.name, "missing": one.missing, "truth": truth(one)} for one in CELLS],
        "cells": cells,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--folder", type=Path, default=Path("results/missing_events"))
    parser.add_argument("--out", type=Path, default=Path("docs/missing_events.json"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    record = study(arguments.trials, arguments.folder)
    arguments.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
