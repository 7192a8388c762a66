"""Which estimator targets which average: ``make estimands-study`` records docs/estimands.json.

    python -m tests.calibration.estimands [--trials 500] [--folder results/estimands]

A trial has its own addressed seed, so the numbers depend on nothing but its cell and number. What is done
is kept in the folder, a file fifty trials, and a later run goes on from there.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.uncertainty import Asymptotic, estimate
from precept_stats.methods import (
    AnyMethod,
    ClusterSummaries,
    Gee,
    GeneralisedLinearMixed,
    LinearMixed,
    ModelRobust,
)
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.question import Target
from tests.calibration.batches import Batches
from tests.calibration.estimand_trials import ICC, LARGE, RISKS, SMALL, Scenario, simulate

SEED = 20261123
TARGETS: tuple[Target, ...] = ("cluster_average", "participant_average")
SCENARIOS = tuple(
    Scenario(clusters, informative) for informative, clusters in product((False, True), (10, 20, 40, 60))
)
FIRST = 5
"""So many trials of each cell are recorded apart, for a test to run again."""
BATCH = 50
EXCHANGEABLE = {"kind": "exchangeable"}


@dataclass(frozen=True)
class Analysis:
    """One estimator, the averages it is meant for, and whether it is adjusted for the covariate."""

    name: str
    method: AnyMethod
    meant_for: tuple[Target, ...] = ()
    adjusted: bool = True


CLUSTERS, PEOPLE = (("cluster_average",), ("participant_average",))
ANALYSES = (
    Analysis("cluster summaries, equal weights", ClusterSummaries(), CLUSTERS, adjusted=False),
    Analysis(
        "cluster summaries, size weights", ClusterSummaries(weights={"kind": "size"}), PEOPLE, adjusted=False
    ),
    Analysis("GEE, independence, weights by clusters", Gee(weights={"kind": "clusters"}), CLUSTERS),
    Analysis("GEE, independence, weights by participants", Gee(), PEOPLE),
    Analysis("GEE, exchangeable", Gee(correlation=EXCHANGEABLE)),
    Analysis("linear mixed model", LinearMixed()),
    Analysis("logistic mixed model, marginal", GeneralisedLinearMixed()),
    Analysis("model-robust, cluster means", ModelRobust(), TARGETS),
    Analysis("model-robust, GEE", ModelRobust(working={"kind": "gee"}), TARGETS),
)
TESTED = tuple(analysis.name for analysis in ANALYSES if isinstance(analysis.method, ModelRobust))
"""Those with a test of informative cluster size."""


def one_trial(cell: int, replicate: int) -> np.ndarray:
    """A row an analysis and target: covered, width, error, and p of the test of informative size.

    All NaN where the method refused or the fit failed; the last NaN where there is no such test.
    """
    scenario = SCENARIOS[cell]
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(cell, replicate)))
    design, truth = simulate(scenario, rng), scenario.truth
    return np.vstack([_judged(analysis, design, truth) for analysis in ANALYSES])


def _judged(analysis: Analysis, design: ClusterTrialDesign, truth: dict[str, float]) -> np.ndarray:
    found = np.full((len(TARGETS), 4), np.nan)
    design = design if analysis.adjusted else replace(design, covariates=())
    try:
        fit = analysis.method.fit(design)
        for k, target in enumerate(TARGETS):
            asked = analysis.method.targets(replace(design, target=target))[0]
            answer = estimate(fit.uncertainty, asked, 0.95)
            low, high = answer.interval.lower, answer.interval.upper
            found[k, :3] = low <= truth[target] <= high, high - low, answer.value - truth[target]
        comparison = dict(fit.averages).get("comparison")
        if comparison is not None and isinstance(fit.uncertainty, Asymptotic):
            found[:, 3] = estimate(fit.uncertainty, comparison, 0.95).p_value
    except FitError:
        found[:] = np.nan
    return found


def outcomes(cell: int, trials: int, folder: Path) -> np.ndarray:
    """All trials of a cell (trials, analyses * targets, 4), taken from the folder where they are there."""
    return Batches(folder, BATCH).found(cell, trials, lambda replicate: one_trial(cell, replicate))


def study(trials: int, folder: Path) -> dict[str, object]:
    """The whole study as a record."""
    cells, tests = [], []
    for number, scenario in enumerate(SCENARIOS):
        found = outcomes(number, trials, folder)
        for k, (analysis, target) in enumerate(product(ANALYSES, TARGETS)):
            cells.append(_record(scenario, (analysis, target), found[:, k]))
            if analysis.name in TESTED and target == TARGETS[0]:
                p_values = found[:, k, 3]
                known = p_values[~np.isnan(p_values)]
                tests.append(
                    {
                        "clusters": scenario.clusters,
                        "informative": scenario.informative,
                        "analysis": analysis.name,
                        "tested": int(known.size),
                        "rejected": int(np.sum(known < 0.05)),
                    }
                )
    return {
        "seed": SEED,
        "trials": trials,
        "level": 0.95,
        "icc": ICC,
        "sizes": [list(SMALL), list(LARGE)],
        "risks": {"informative": RISKS[True], "uninformative": RISKS[False]},
        "truth": {"informative": Scenario(2, True).truth, "uninformative": Scenario(2, False).truth},
        "cells": cells,
        "tests": tests,
    }


def _record(scenario: Scenario, of: tuple[Analysis, Target], found: np.ndarray) -> dict[str, object]:
    analysis, target = of
    covered, width, error, _ = found[~np.isnan(found[:, 0])].T
    return {
        "clusters": scenario.clusters,
        "informative": scenario.informative,
        "analysis": analysis.name,
        "target": target,
        "meant": target in analysis.meant_for,
        "estimated": int(covered.size),
        "covered": int(covered.sum()),
        "covered_of_first": int(np.nansum(found[:FIRST, 0])),
        "median_width": float(np.median(width)),
        "bias": float(error.mean()),
        "bias_mcse": float(error.std(ddof=1) / np.sqrt(error.size)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--folder", type=Path, default=Path("results/estimands"))
    parser.add_argument("--out", type=Path, default=Path("docs/estimands.json"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    record = study(arguments.trials, arguments.folder)
    arguments.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
