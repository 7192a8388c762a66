"""How often intervals of mixed models cover: ``make coverage-mixed`` records docs/coverage_mixed.json.

    python -m tests.calibration.mixed_coverage [--trials 1000] [--folder results/coverage_mixed]

A trial has its own addressed seed, so the numbers depend on nothing but its cell and number. What is done
is kept in the folder, a file a hundred trials, and a later run goes on from there.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods import AnyMethod, GeneralisedLinearMixed, LinearMixed
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from precept_stats.studies.question import Effect, Summary
from tests.calibration.batches import Batches
from tests.calibration.mixed_trials import RISK_COMPARE, RISK_REFERENCE, Scenario, coefficients, simulate

SEED = 20261124
ICCS = (0.05,)
SCENARIOS = tuple(
    Scenario(clusters, unequal, icc, effect)
    for icc, clusters, unequal, effect in product(ICCS, (6, 10, 20, 40), (False, True), (False, True))
)
FIRST = 10
"""So many trials of each cell are recorded apart, for a test to run again."""
BATCH = 100
Asked = tuple[Summary, Effect]
RISK: Asked = ("risk_difference", "marginal")
ODDS: Asked = ("odds_ratio", "conditional")


@dataclass(frozen=True)
class Analysis:
    """One fit and what is asked of it: a variant for each measure."""

    name: str
    method: AnyMethod
    outcome: str
    asked: tuple[Asked, ...]

    @property
    def variants(self) -> tuple[str, ...]:
        if len(self.asked) == 1:
            return (self.name,)
        return tuple(f"{self.name}, {summary.replace('_', ' ')}" for summary, _ in self.asked)


def _linear(outcome: str, measure: Summary, words: str) -> tuple[Analysis, ...]:
    rules = {
        "Kenward-Roger": "kenward_roger",
        "Satterthwaite": "satterthwaite",
        "between-within": "between_within",
        "clusters minus parameters": "clusters_minus_parameters",
        "normal": "normal",
    }
    return tuple(
        Analysis(
            f"linear, {words}, {name}",
            LinearMixed.model_validate({"df": {"kind": rule}}),
            outcome,
            ((measure, "marginal"),),
        )
        for name, rule in rules.items()
    )


def _logistic(name: str, approximation: str, rule: str) -> Analysis:
    settings = {"approximation": {"kind": approximation}, "df": {"kind": rule}}
    method = GeneralisedLinearMixed.model_validate(settings)
    return Analysis(f"logistic, {name}", method, "binary", (ODDS, RISK))


ANALYSES = (
    *_linear("continuous", "mean_difference", "mean difference"),
    *_linear("binary", "risk_difference", "risk difference"),
    _logistic("quadrature, clusters minus parameters", "quadrature", "clusters_minus_parameters"),
    _logistic("quadrature, normal", "quadrature", "normal"),
    _logistic("RSPL, Kenward-Roger", "pseudo_likelihood", "kenward_roger"),
    _logistic("RSPL, clusters minus parameters", "pseudo_likelihood", "clusters_minus_parameters"),
)
VARIANTS = tuple(variant for analysis in ANALYSES for variant in analysis.variants)


def one_trial(cell: int, replicate: int) -> np.ndarray:
    """A row for each variant: covered, width on the scale of inference, error on it, at the boundary.

    All NaN where the method refused or the fit failed.
    """
    scenario = SCENARIOS[cell]
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(cell, replicate)))
    trials, truth = simulate(scenario, rng), scenario.truth
    return np.vstack([_judged(analysis, trials[analysis.outcome], truth) for analysis in ANALYSES])


def _judged(analysis: Analysis, design: ClusterTrialDesign, truth: dict[str, float]) -> np.ndarray:
    found = np.full((len(analysis.asked), 4), np.nan)
    try:
        fit = analysis.method.fit(design)
    except FitError:
        return found
    for k, (summary, effect) in enumerate(analysis.asked):
        asked = replace(design, summary=summary, effect=effect)
        try:
            answer = estimate(fit.uncertainty, analysis.method.targets(asked)[0], 0.95)
        except FitError:
            continue
        scaled = np.log if answer.scale == "log" else float
        low, value, high = (scaled(v) for v in (answer.interval.lower, answer.value, answer.interval.upper))
        target = scaled(truth[summary])
        found[k] = (low <= target <= high, high - low, value - target, fit.status == "boundary")
    return found


def outcomes(cell: int, trials: int, folder: Path) -> np.ndarray:
    """All trials of a cell (trials, variants, 4), taken from the folder where they are there."""
    return Batches(folder, BATCH).found(cell, trials, lambda replicate: one_trial(cell, replicate))


def study(trials: int, folder: Path) -> dict[str, object]:
    """The whole study as a record."""
    cells = []
    for number, scenario in enumerate(SCENARIOS):
        found = outcomes(number, trials, folder)
        cells += [_record(scenario, name, found[:, k]) for k, name in enumerate(VARIANTS)]
    return {
        "seed": SEED,
        "trials": trials,
        "level": 0.95,
        "risks": [RISK_REFERENCE, RISK_COMPARE],
        "sigma": {f"{icc:g}": coefficients(icc)[2] for icc in ICCS},
        "odds_ratio": {f"{s.icc:g}": s.truth["odds_ratio"] for s in SCENARIOS if s.effect},
        "cells": cells,
    }


def _record(scenario: Scenario, variant: str, found: np.ndarray) -> dict[str, object]:
    covered, width, error, boundary = found[~np.isnan(found[:, 0])].T
    return {
        "clusters": scenario.clusters,
        "sizes": scenario.sizes,
        "icc": scenario.icc,
        "effect": scenario.effect,
        "variant": variant,
        "estimated": int(covered.size),
        "covered": int(covered.sum()),
        "covered_of_first": int(np.nansum(found[:FIRST, 0])),
        "at_boundary": int(boundary.sum()),
        "median_width": float(np.median(width)),
        "bias": float(error.mean()),
        "bias_mcse": float(error.std(ddof=1) / np.sqrt(error.size)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--folder", type=Path, default=Path("results/coverage_mixed"))
    parser.add_argument("--out", type=Path, default=Path("docs/coverage_mixed.json"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    record = study(arguments.trials, arguments.folder)
    arguments.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
