"""Who recovers the truth when rare events are missing at random given a covariate: not recorded yet.

    python -m tests.calibration.missing_events [--trials 200] [--folder results/missing_events]

Each trial has its own addressed seed. What is done is kept in the folder, a file ten trials, and a later
run goes on from there; the summary goes to standard output.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import optimize, special

from precept_stats.errors import FitError
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods import Gee
from precept_stats.methods.missing_outcomes import answer
from precept_stats.methods.settings_missing import (
    COMPLETE_CASE,
    ArmShift,
    DoublyRobust,
    InverseProbability,
    MultipleImputation,
)
from precept_stats.studies.incomplete import Incomplete
from tests.calibration.missing import complete
from tests.calibration.missing_trials import Mechanism, simulate
from tests.calibration.trials import OUTCOMES

SEED, BATCH, CLUSTERS = 20261125, 10, 20
RISKS = (0.15, 0.25)
"""The chance of an event in everyone, by arm."""
SLOPE, LEVEL = 1.0, 0.4
"""Log odds ratio of the covariate, and the standard deviation between clusters on the log odds scale."""
MECHANISM = Mechanism("at random given the covariate", (-1.6, -0.6), (0.0, 1.2))
ANALYSES = {
    "complete case": COMPLETE_CASE,
    "inverse probability": InverseProbability(),
    "doubly robust": DoublyRobust(),
    "multiple imputation": MultipleImputation(),
    "multiple imputation, shifted": MultipleImputation(delta=ArmShift(compare=-1.0)),
}
TRUTH = RISKS[1] - RISKS[0]


def intercept(risk: float) -> float:
    """The log odds at x = 0 in an average cluster with which so many have an event."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(61)
    spread = float(np.hypot(SLOPE, LEVEL))

    def excess(at: float) -> float:
        return float(weights @ special.expit(at + spread * nodes) / weights.sum()) - risk

    return float(optimize.brentq(excess, -10.0, 10.0))


def events(rng: np.random.Generator, clusters: int = CLUSTERS) -> Incomplete:
    """A synthetic trial with x as auxiliary column, outcomes of unanswered rows being NaN."""
    whole = simulate(MECHANISM, rng, clusters)
    design, x = whole.design, whole.auxiliary[0].values[:, 0]
    level = LEVEL * rng.standard_normal(clusters)
    base = np.array([intercept(risk) for risk in RISKS])[design.arm[design.row_cluster]]
    chance = special.expit(base + SLOPE * x + level[design.row_cluster])
    y = np.where(whole.answered, rng.random(len(x)) < chance, np.nan)
    design = replace(design, y=y, outcome=OUTCOMES["binary"], summary="risk_difference")
    return Incomplete(design, whole.answered, whole.auxiliary)


def one_trial(replicate: int) -> np.ndarray:
    """A row an analysis: covered, width, error; NaN where there is no interval."""
    incomplete = events(np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(replicate,))))
    seed = Seed(SEED).at("analysis", replicate)
    found = np.full((len(ANALYSES), 3), np.nan)
    for number, missing in enumerate(ANALYSES.values()):
        try:
            got = answer(Gee(), complete(incomplete, False), incomplete, missing, seed)
            answered = estimate(got.completed.fit.uncertainty, got.completed.targets[0], 0.95)
        except FitError:
            continue
        low, high = answered.interval.lower, answered.interval.upper
        found[number] = low <= TRUTH <= high, high - low, answered.value - TRUTH
    return found


def outcomes(trials: int, folder: Path) -> np.ndarray:
    """All trials (trials, analyses, 3), taken from the folder where they are there."""
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for start in range(0, trials, BATCH):
        path = folder / f"{start:05d}.npy"
        if not path.exists():
            unfinished = path.with_suffix(".part")
            with unfinished.open("wb") as file:
                np.save(file, np.array([one_trial(start + k) for k in range(BATCH)]))
            unfinished.rename(path)
        parts.append(np.load(path))
    return np.concatenate(parts)[:trials]


def summary(found: np.ndarray) -> dict[str, dict[str, float]]:
    """Trials with an interval, bias with its Monte Carlo error, and coverage, of each analysis."""
    rows = {}
    for number, name in enumerate(ANALYSES):
        covered, width, error = found[~np.isnan(found[:, number, 0]), number].T
        rows[name] = {
            "estimated": float(covered.size),
            "bias": float(error.mean()),
            "bias_mcse": float(error.std(ddof=1) / np.sqrt(error.size)),
            "coverage": float(covered.mean()),
            "median_width": float(np.median(width)),
        }
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--folder", type=Path, default=Path("results/missing_events"))
    arguments = parser.parse_args()
    found = summary(outcomes(arguments.trials, arguments.folder))
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
