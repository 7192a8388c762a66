"""How often intervals of complier effects cover: ``make compliers-study`` records docs/compliers.json.

    python -m tests.calibration.compliers [--trials 1000] [--folder results/compliers]

People receive the treatment where a willingness, which goes with their outcome, is above a threshold that
their arm and cluster move. Receiving it adds ``EFFECT`` to the outcome of everyone, so that this is the truth
whoever complies. Each trial has its own addressed seed. What is done is kept in the folder, a file
a hundred trials, and a later run goes on from there.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from scipy import special

from precept_stats.errors import FitError
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods import InstrumentalVariables
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign, Received
from tests.calibration.batches import Batches
from tests.calibration.trials import OUTCOMES

SEED, BATCH, FIRST = 20261126, 100, 20
EFFECT, SIZES = 0.5, (12, 28)
"""What receiving the treatment adds; people in a cluster are uniform between these, ends included."""
BELOW, SPREAD, LEVEL = 0.1, 0.4, 0.3
"""The share treated in the reference arm; standard deviations between clusters of threshold and outcome."""


@dataclass(frozen=True)
class Scenario:
    """Clusters in all, and how many more of a cluster receive the treatment where it is offered.

    ``confounded`` is the correlation of willingness with the outcome, of people and of clusters.
    """

    clusters: int
    moved: float
    confounded: float

    @property
    def name(self) -> str:
        return f"{self.clusters} clusters, {100 * self.moved:g} % moved, confounded {self.confounded:g}"


SCENARIOS = tuple(
    Scenario(k, moved, confounded)
    for (moved, confounded), k in product(((0.5, 0.5), (0.12, 0.5), (0.12, 0.95)), (10, 20, 40))
)
ANALYSES = {
    "cluster means, Wald": InstrumentalVariables(),
    "cluster means, Anderson-Rubin": InstrumentalVariables(interval={"kind": "anderson_rubin"}),
    "individuals, Wald": InstrumentalVariables(level={"kind": "individual"}),
    "individuals, Anderson-Rubin": InstrumentalVariables(
        level={"kind": "individual"}, interval={"kind": "anderson_rubin"}
    ),
}


def simulate(scenario: Scenario, rng: np.random.Generator) -> ClusterTrialDesign:
    """A synthetic trial with the truth ``EFFECT``."""
    K = scenario.clusters
    arm = rng.permutation(np.repeat([0, 1], K // 2)).astype(np.intp)
    cluster = np.repeat(np.arange(K), rng.integers(SIZES[0], SIZES[1] + 1, K)).astype(np.intp)
    together = [[1.0, scenario.confounded], [scenario.confounded, 1.0]]
    of_cluster, of_person = (
        rng.multivariate_normal([0.0, 0.0], together, size) for size in (K, len(cluster))
    )
    share = np.array([BELOW, BELOW + scenario.moved])[arm[cluster]]
    threshold = special.ndtri(share) * np.hypot(1.0, SPREAD)
    received = (of_person[:, 0] + SPREAD * of_cluster[cluster, 0] < threshold).astype(float)
    y = EFFECT * received + of_person[:, 1] + LEVEL * of_cluster[cluster, 1]
    return ClusterTrialDesign(
        clusters=tuple(f"{k:03d}" for k in range(K)),
        arm_names=("control", "intervention"),
        arm=arm,
        row_cluster=cluster,
        y=y,
        size=np.ones(len(y)),
        stratum=None,
        stratum_names=(),
        pair=None,
        covariates=(),
        baseline=None,
        outcome=OUTCOMES["continuous"],
        summary="mean_difference",
        received=Received("received", received),
    )


def one_trial(cell: int, replicate: int) -> np.ndarray:
    """A row an analysis: covered, width, error, F; NaN where the analysis refused."""
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(cell, replicate)))
    design = simulate(SCENARIOS[cell], rng)
    found = np.full((len(ANALYSES), 4), np.nan)
    for number, method in enumerate(ANALYSES.values()):
        try:
            fit = method.fit(design)
            answered = estimate(fit.uncertainty, method.targets(design)[0], 0.95)
        except FitError:
            continue
        low, high = answered.interval.lower, answered.interval.upper
        stage = fit.first_stage
        moved = estimate(stage.uncertainty, stage.difference, 0.95)
        strength = (moved.value / moved.std_error) ** 2
        found[number] = low <= EFFECT <= high, high - low, answered.value - EFFECT, strength
    return found


def outcomes(cell: int, trials: int, folder: Path) -> np.ndarray:
    """All trials of a cell (trials, analyses, 4), taken from the folder where they are there."""
    return Batches(folder, BATCH).found(cell, trials, lambda replicate: one_trial(cell, replicate))


def study(trials: int, folder: Path) -> dict[str, object]:
    """The whole study as a record."""
    cells = []
    for number, scenario in enumerate(SCENARIOS):
        found = outcomes(number, trials, folder)
        cells += [_record(scenario, name, found[:, k]) for k, name in enumerate(ANALYSES)]
    return {
        "seed": SEED,
        "trials": trials,
        "level": 0.95,
        "effect": EFFECT,
        "sizes": list(SIZES),
        "below": BELOW,
        "cells": cells,
    }


def _record(scenario: Scenario, analysis: str, found: np.ndarray) -> dict[str, object]:
    covered, width, error, strength = found[~np.isnan(found[:, 0])].T
    bounded = width[np.isfinite(width)]
    return {
        "clusters": scenario.clusters,
        "moved": scenario.moved,
        "confounded": scenario.confounded,
        "analysis": analysis,
        "estimated": int(covered.size),
        "covered": int(covered.sum()),
        "without_end": int(np.sum(np.isinf(width))),
        "covered_of_first": int(np.nansum(found[:FIRST, 0])),
        "median_width": float(np.median(bounded)) if bounded.size else None,
        "median_error": float(np.median(error)),
        "median_f": float(np.median(strength)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--folder", type=Path, default=Path("results/compliers"))
    parser.add_argument("--out", type=Path, default=Path("docs/compliers.json"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    record = study(arguments.trials, arguments.folder)
    arguments.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
