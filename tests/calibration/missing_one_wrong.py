"""Whether doubly robust answers are right while one of their two models is: docs/missing_one_wrong.json.

    python -m tests.calibration.missing_one_wrong [--trials 300] [--folder results/missing_one_wrong]

Models are linear in x (the log odds of an answer, and the outcome); a wrong one leaves out x^2. As in
``missing``, a trial has its own addressed seed, and a later run goes on where an earlier one stopped.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods import Gee
from precept_stats.methods.missing_outcomes import answer
from precept_stats.methods.settings_missing import COMPLETE_CASE, DoublyRobust, InverseProbability, OwnArm
from tests.calibration.batches import Batches
from tests.calibration.missing import BATCH, Analysis, complete, of_cell
from tests.calibration.missing_trials import CLUSTERS, SIZES, Mechanism, simulate

SEED = 20261125
ANSWERS = {"intercepts": (-1.6, -0.6), "slopes": (0.0, 1.0)}
MECHANISMS = (
    Mechanism("both models hold", **ANSWERS),
    Mechanism("the outcome's is wrong", **ANSWERS, curve=0.6),
    Mechanism("that of answers is wrong", **ANSWERS, bend=0.5),
    Mechanism("both are wrong", **ANSWERS, curve=0.6, bend=0.5),
)
BOTH, OUTCOME, ANSWER, NEITHER = (one.name for one in MECHANISMS)
ANALYSES = (
    Analysis("complete case", COMPLETE_CASE, ()),
    Analysis("inverse probability", InverseProbability(), (BOTH, OUTCOME)),
    Analysis("doubly robust, own arm", DoublyRobust(augmentation=OwnArm()), (BOTH, OUTCOME, ANSWER)),
    Analysis("doubly robust, both arms", DoublyRobust(), (BOTH, OUTCOME, ANSWER)),
)


def one_trial(cell: int, replicate: int) -> np.ndarray:
    """A row an analysis: covered, width, error; NaN where there is no interval."""
    mechanism = MECHANISMS[cell]
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(cell, replicate)))
    incomplete = simulate(mechanism, rng)
    found = np.full((len(ANALYSES), 3), np.nan)
    for number, analysis in enumerate(ANALYSES):
        try:
            got = answer(Gee(), complete(incomplete, analysis.adjusted), incomplete, analysis.missing, None)
            answered = estimate(got.completed.fit.uncertainty, got.completed.targets[0], 0.95)
        except FitError:
            continue
        low, high = answered.interval.lower, answered.interval.upper
        found[number] = low <= mechanism.truth <= high, high - low, answered.value - mechanism.truth
    return found


def study(trials: int, folder: Path) -> dict[str, object]:
    """The whole study as a record."""
    cells = []
    for number, mechanism in enumerate(MECHANISMS):
        batches = Batches(folder, BATCH)
        found = batches.found(number, trials, lambda replicate, cell=number: one_trial(cell, replicate))
        cells += [of_cell(mechanism.name, one, found[:, k]) for k, one in enumerate(ANALYSES)]
    return {
        "seed": SEED,
        "trials": trials,
        "level": 0.95,
        "clusters": CLUSTERS,
        "sizes": list(SIZES),
        "mechanisms": [
            {
                "name": one.name,
                "intercepts": one.intercepts,
                "slopes": one.slopes,
                "curve": one.curve,
                "bend": one.bend,
                "missing": one.missing,
                "truth": one.truth,
            }
            for one in MECHANISMS
        ],
        "cells": cells,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--folder", type=Path, default=Path("results/missing_one_wrong"))
    parser.add_argument("--out", type=Path, default=Path("docs/missing_one_wrong.json"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    record = study(arguments.trials, arguments.folder)
    arguments.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
