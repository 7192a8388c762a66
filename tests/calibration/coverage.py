"""How often 95 % intervals cover: ``make coverage-study`` runs this and records docs/coverage.json.

    python -m tests.calibration.coverage [--trials 1000] [--out docs/coverage.json]

Every trial has its own addressed seed, so the numbers do not depend on the order or the number
of processes. docs/coverage.md is made from the record by ``python -m tests.calibration.tables``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods import AnyMethod, ClusterRegression, ClusterSummaries
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from tests.calibration.trials import RISK_COMPARE, RISK_REFERENCE, Scenario, simulate

SEED = 20261123
SCENARIOS = tuple(
    Scenario(clusters, unequal, icc)
    for clusters, unequal, icc in itertools.product((8, 16, 40), (False, True), (0.01, 0.1))
)
NOTHING: Mapping[str, object] = {"stratum": None, "pair": None, "covariates": ()}


def summaries(**settings: object) -> AnyMethod:
    return ClusterSummaries.model_validate(settings)


def regression(**settings: object) -> AnyMethod:
    return ClusterRegression.model_validate(settings)


VARIANTS: dict[str, tuple[AnyMethod, str, tuple[str, ...]]] = {
    # name: method, summary, what of the design it uses
    "summaries, equal weights": (summaries(), "risk_difference", ()),
    "summaries, Welch": (summaries(variance={"kind": "welch"}), "risk_difference", ()),
    "summaries, size weights": (summaries(weights={"kind": "size"}), "risk_difference", ()),
    "summaries, variance weights": (summaries(weights={"kind": "variance"}), "risk_difference", ()),
    "summaries, stratified": (summaries(), "risk_difference", ("stratum",)),
    "summaries, paired": (summaries(), "risk_difference", ("pair",)),
    "summaries, adjusted": (summaries(), "risk_difference", ("x",)),
    "summaries, geometric ratio": (summaries(), "risk_ratio", ()),
    "summaries, geometric ratio, adjusted": (summaries(), "risk_ratio", ("x",)),
    "summaries, arithmetic ratio": (summaries(ratio={"kind": "arithmetic"}), "risk_ratio", ()),
    "regression on baseline": (regression(), "risk_difference", ("baseline",)),
    "regression on baseline and stratum": (regression(), "risk_difference", ("baseline", "stratum")),
    "regression on baseline, size weights": (
        regression(weights={"kind": "size"}),
        "risk_difference",
        ("baseline",),
    ),
    **{
        f"regression on baseline, {kind.upper()}": (
            regression(variance={"kind": kind}),
            "risk_difference",
            ("baseline",),
        )
        for kind in ("hc0", "hc1", "hc2", "hc3")
    },
    "regression on baseline, CR2 with Satterthwaite": (
        regression(variance={"kind": "cr2"}, df={"kind": "satterthwaite"}),
        "risk_difference",
        ("baseline",),
    ),
    "regression on baseline, size weights, CR2 with Satterthwaite": (
        regression(weights={"kind": "size"}, variance={"kind": "cr2"}, df={"kind": "satterthwaite"}),
        "risk_difference",
        ("baseline",),
    ),
}
TRUTH = {"risk_difference": RISK_COMPARE - RISK_REFERENCE, "risk_ratio": RISK_COMPARE / RISK_REFERENCE}


def reduced(design: ClusterTrialDesign, uses: tuple[str, ...], summary: str) -> ClusterTrialDesign:
    """The trial with only what an analysis uses."""
    return replace(
        design,
        stratum=design.stratum if "stratum" in uses else None,
        stratum_names=design.stratum_names if "stratum" in uses else (),
        pair=design.pair if "pair" in uses else None,
        covariates=tuple(covariate for covariate in design.covariates if covariate.name in uses),
        summary=summary,
    )


def one_trial(task: tuple[int, int]) -> list[tuple[float, float, float]]:
    """For each variant: covered (NaN when not estimable), width on the scale of inference, error."""
    cell, replicate = task
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(cell, replicate)))
    trial = simulate(SCENARIOS[cell], rng)
    return [_judge(trial, method, summary, uses) for method, summary, uses in VARIANTS.values()]


def _judge(
    trial: ClusterTrialDesign, method: AnyMethod, summary: str, uses: tuple[str, ...]
) -> tuple[float, float, float]:
    design = reduced(trial, uses, summary)
    try:
        answer = estimate(method.fit(design).uncertainty, method.targets(design)[0], 0.95)
    except FitError:
        return (np.nan, np.nan, np.nan)
    truth = TRUTH[summary]
    low, high = answer.interval.lower, answer.interval.upper
    width = high - low if answer.scale == "identity" else np.log(high / low)
    return (float(low <= truth <= high), float(width), float(answer.value - truth))


def study(trials: int, processes: int) -> dict[str, object]:
    """The whole study as a record; the same whatever the number of processes."""
    cells = []
    with ProcessPoolExecutor(processes) as pool:
        for number, scenario in enumerate(SCENARIOS):
            tasks = [(number, replicate) for replicate in range(trials)]
            outcomes = np.array(list(pool.map(one_trial, tasks, chunksize=25)))
            cells += [_record(scenario, name, outcomes[:, k]) for k, name in enumerate(VARIANTS)]
            sys.stderr.write(f"{scenario.name}\n")
    return {"seed": SEED, "trials": trials, "level": 0.95, "truth": TRUTH, "cells": cells}


def _record(scenario: Scenario, variant: str, outcomes: np.ndarray) -> dict[str, object]:
    covered, width, error = outcomes[~np.isnan(outcomes[:, 0])].T
    coverage = float(covered.mean())
    return {
        "clusters": scenario.clusters,
        "sizes": "unequal" if scenario.unequal else "equal",
        "icc": scenario.icc,
        "variant": variant,
        "estimated": int(covered.size),
        "coverage": coverage,
        "mcse": float(np.sqrt(coverage * (1 - coverage) / covered.size)),
        "median_width": float(np.median(width)),
        "bias": float(error.mean()),
        "bias_mcse": float(error.std(ddof=1) / np.sqrt(error.size)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs/coverage.json"))
    arguments = parser.parse_args()
    record = study(arguments.trials, arguments.processes)
    arguments.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
