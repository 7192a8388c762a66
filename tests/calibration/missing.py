"""Who recovers the truth when outcomes are missing: ``make missing-study`` records docs/missing.json.

    python -m tests.calibration.missing [--trials 300] [--folder results/missing]

A trial has its own addressed seed, so the numbers depend on nothing but its cell and number. What is done
is kept in the folder, a file fifty trials, and a later run goes on from there.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

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
    MissingOutcomes,
    MultipleImputation,
    OwnArm,
)
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.incomplete import Incomplete
from tests.calibration.batches import Batches
from tests.calibration.missing_trials import CLUSTERS, MECHANISMS, SHIFT, SIZES, simulate

SEED = 20261124
FIRST = 3
"""So many trials of each cell are recorded apart, for a test to run again."""
BATCH = 50
GIVEN, BY_ARM, NOT_AT_RANDOM = (one.name for one in MECHANISMS)


@dataclass(frozen=True)
class Analysis:
    """One way with missing outcomes, whether the covariate is in the model, and when it should do."""

    name: str
    missing: MissingOutcomes
    should_do_for: tuple[str, ...]
    adjusted: bool = False


ANALYSES = (
    Analysis("complete case", COMPLETE_CASE, ()),
    Analysis("complete case, adjusted for the covariate", COMPLETE_CASE, (GIVEN,), adjusted=True),
    Analysis("inverse probability", InverseProbability(), (GIVEN, BY_ARM)),
    Analysis("doubly robust, own arm", DoublyRobust(augmentation=OwnArm()), (GIVEN, BY_ARM)),
    Analysis("multiple imputation", MultipleImputation(), (GIVEN, BY_ARM)),
    Analysis(
        "multiple imputation, shifted",
        MultipleImputation(delta=ArmShift(compare=SHIFT)),
        (NOT_AT_RANDOM,),
    ),
)


def one_trial(cell: int, replicate: int) -> np.ndarray:
    """A row an analysis: covered, width, error; NaN where there is no interval."""
    mechanism = MECHANISMS[cell]
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(cell, replicate)))
    incomplete = simulate(mechanism, rng)
    seed = Seed(SEED).at("analysis", cell, replicate)
    found = np.full((len(ANALYSES), 3), np.nan)
    for number, analysis in enumerate(ANALYSES):
        try:
            got = answer(Gee(), complete(incomplete, analysis.adjusted), incomplete, analysis.missing, seed)
            answered = estimate(got.completed.fit.uncertainty, got.completed.targets[0], 0.95)
        except FitError:
            continue
        low, high = answered.interval.lower, answered.interval.upper
        found[number] = low <= mechanism.truth <= high, high - low, answered.value - mechanism.truth
    return found


def complete(incomplete: Incomplete, adjusted: bool) -> ClusterTrialDesign:
    """The answered rows, with the covariate where it is adjusted for. Every cluster has some."""
    design, there = incomplete.design, incomplete.answered
    covariates = tuple(replace(one, values=one.values[there]) for one in incomplete.auxiliary)
    return replace(
        design,
        row_cluster=design.row_cluster[there],
        y=design.y[there],
        size=design.size[there],
        covariates=covariates if adjusted else (),
    )


def outcomes(cell: int, trials: int, folder: Path) -> np.ndarray:
    """All trials of a cell (trials, analyses, 3), taken from the folder where they are there."""
    return Batches(folder, BATCH).found(cell, trials, lambda replicate: one_trial(cell, replicate))


def study(trials: int, folder: Path) -> dict[str, object]:
    """The whole study as a record."""
    cells = []
    for number, mechanism in enumerate(MECHANISMS):
        found = outcomes(number, trials, folder)
        cells += [of_cell(mechanism.name, one, found[:, k]) for k, one in enumerate(ANALYSES)]
    return {
        "seed": SEED,
        "trials": trials,
        "level": 0.95,
        "clusters": CLUSTERS,
        "sizes": list(SIZES),
        "shift": SHIFT,
        "imputations": MultipleImputation().imputations,
        "mechanisms": [
            {
                "name": one.name,
                "intercepts": one.intercepts,
                "slopes": one.slopes,
                "interaction": one.interaction,
                "missing": one.missing,
                "truth": one.truth,
            }
            for one in MECHANISMS
        ],
        "cells": cells,
    }


def of_cell(mechanism: str, analysis: Analysis, found: np.ndarray) -> dict[str, object]:
    """The record of one analysis (trials, 3) under one mechanism."""
    covered, width, error = found[~np.isnan(found[:, 0])].T
    return {
        "mechanism": mechanism,
        "analysis": analysis.name,
        "should": mechanism in analysis.should_do_for,
        "estimated": int(covered.size),
        "covered": int(covered.sum()),
        "covered_of_first": int(np.nansum(found[:FIRST, 0])),
        "error_of_first": [round(float(one), 9) for one in found[:FIRST, 2]],
        "median_width": float(np.median(width)),
        "bias": float(error.mean()),
        "bias_mcse": float(error.std(ddof=1) / np.sqrt(error.size)),
        "spread": float(error.std(ddof=1)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--folder", type=Path, default=Path("results/missing"))
    parser.add_argument("--out", type=Path, default=Path("docs/missing.json"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    record = study(arguments.trials, arguments.folder)
    arguments.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
