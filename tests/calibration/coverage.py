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
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods import AnyMethod, ClusterRegression, ClusterSummaries
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.question import Summary
from tests.calibration.trials import (
    MEAN_DIFFERENCE,
    RATE_COMPARE,
    RATE_REFERENCE,
    RISK_COMPARE,
    RISK_REFERENCE,
    Scenario,
    continuous,
    counts,
    simulate,
)

SEED = 20261123
SCENARIOS = tuple(
    Scenario(clusters, unequal, icc)
    for clusters, unequal, icc in itertools.product((8, 16, 40), (False, True), (0.01, 0.1))
)
FIRST = 25
"""So many trials of each cell are recorded apart, for a test to run again."""


@dataclass(frozen=True)
class Variant:
    """One analysis: its method, the effect asked for, and what of the trial it uses."""

    method: AnyMethod
    summary: Summary = "risk_difference"
    uses: tuple[str, ...] = ()
    outcome: str = "binary"


def summaries(**settings: object) -> AnyMethod:
    return ClusterSummaries.model_validate(settings)


def regression(**settings: object) -> AnyMethod:
    return ClusterRegression.model_validate(settings)


def on_baseline(**settings: object) -> Variant:
    return Variant(regression(**settings), uses=("baseline",))


SIZE, WELCH, ARITHMETIC = {"kind": "size"}, {"kind": "welch"}, {"kind": "arithmetic"}
SATTERTHWAITE = {"kind": "satterthwaite"}
VARIANTS: dict[str, Variant] = {
    "summaries, equal weights": Variant(summaries()),
    "summaries, Welch": Variant(summaries(variance=WELCH)),
    "summaries, size weights": Variant(summaries(weights=SIZE)),
    "summaries, variance weights": Variant(summaries(weights={"kind": "variance"})),
    "summaries, stratified": Variant(summaries(), uses=("stratum",)),
    "summaries, paired": Variant(summaries(), uses=("pair",)),
    "summaries, adjusted": Variant(summaries(), uses=("x",)),
    "summaries, geometric risk ratio": Variant(summaries(), "risk_ratio"),
    "summaries, geometric risk ratio, adjusted": Variant(summaries(), "risk_ratio", ("x",)),
    "summaries, arithmetic risk ratio": Variant(summaries(ratio=ARITHMETIC), "risk_ratio"),
    "summaries, arithmetic risk ratio, adjusted": Variant(summaries(ratio=ARITHMETIC), "risk_ratio", ("x",)),
    "summaries, mean difference": Variant(summaries(), "mean_difference", outcome="continuous"),
    "summaries, rate difference": Variant(summaries(), "rate_difference", outcome="count"),
    "summaries, geometric rate ratio": Variant(summaries(), "rate_ratio", outcome="count"),
    "summaries, arithmetic rate ratio": Variant(summaries(ratio=ARITHMETIC), "rate_ratio", outcome="count"),
    "regression on baseline": on_baseline(),
    "regression on baseline and stratum": Variant(regression(), uses=("baseline", "stratum")),
    "regression on baseline, size weights": on_baseline(weights=SIZE),
    "regression on baseline, HC0": on_baseline(variance={"kind": "hc0"}),
    "regression on baseline, HC1": on_baseline(variance={"kind": "hc1"}),
    "regression on baseline, HC2": on_baseline(variance={"kind": "hc2"}),
    "regression on baseline, HC3": on_baseline(variance={"kind": "hc3"}),
    "regression on baseline, CR2": on_baseline(variance={"kind": "cr2"}),
    "regression on baseline, CR2, Satterthwaite": on_baseline(variance={"kind": "cr2"}, df=SATTERTHWAITE),
    "regression on baseline, size weights, CR2, Satterthwaite": on_baseline(
        weights=SIZE, variance={"kind": "cr2"}, df=SATTERTHWAITE
    ),
    "regression on baseline, size weights, CR2 inverse weights, Satterthwaite": on_baseline(
        weights=SIZE, variance={"kind": "cr2", "working": "inverse_weights"}, df=SATTERTHWAITE
    ),
}
TRUTH: dict[str, float] = {
    "risk_difference": RISK_COMPARE - RISK_REFERENCE,
    "risk_ratio": RISK_COMPARE / RISK_REFERENCE,
    "mean_difference": MEAN_DIFFERENCE,
    "rate_difference": RATE_COMPARE - RATE_REFERENCE,
    "rate_ratio": RATE_COMPARE / RATE_REFERENCE,
}


def reduced(design: ClusterTrialDesign, variant: Variant) -> ClusterTrialDesign:
    """The trial with only what an analysis uses."""
    return replace(
        design,
        stratum=design.stratum if "stratum" in variant.uses else None,
        stratum_names=design.stratum_names if "stratum" in variant.uses else (),
        pair=design.pair if "pair" in variant.uses else None,
        covariates=tuple(covariate for covariate in design.covariates if covariate.name in variant.uses),
        summary=variant.summary,
    )


def one_trial(task: tuple[int, int]) -> list[tuple[float, float, float]]:
    """For each variant: covered (NaN when not estimable), width on the scale of inference, error."""
    cell, replicate = task
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(cell, replicate)))
    binary = simulate(SCENARIOS[cell], rng)
    trials = {
        "binary": binary,
        "continuous": continuous(binary, SCENARIOS[cell], rng),
        "count": counts(binary, SCENARIOS[cell], rng),
    }
    return [_judge(reduced(trials[variant.outcome], variant), variant) for variant in VARIANTS.values()]


def _judge(design: ClusterTrialDesign, variant: Variant) -> tuple[float, float, float]:
    try:
        uncertainty = variant.method.fit(design).uncertainty
        answer = estimate(uncertainty, variant.method.targets(design)[0], 0.95)
    except FitError:
        return (np.nan, np.nan, np.nan)
    truth = TRUTH[variant.summary]
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
        "covered_of_first": int(np.nansum(outcomes[:FIRST, 0])),
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
