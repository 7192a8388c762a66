"""How often intervals of indices of disparity hold the truth: ``make disparity-study`` records it.

    python -m tests.calibration.disparity_coverage [--folder results/disparity]

A set of data has its own addressed seed. What is done is kept in the folder, a file a world, and a later run
goes on from there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import special

import precept_stats as ps
from precept_stats.errors import FitError
from precept_stats.inference.fit import Fit
from precept_stats.inference.quantities import Quantity
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods.disparity_areas import period_of
from precept_stats.methods.disparity_changes import corrected_of, decomposed
from precept_stats.methods.disparity_indices import DisparityIndices, quantity_of
from precept_stats.numerics.inequality.catalogue import MEASURES
from precept_stats.numerics.inequality.heterogeneity import heterogeneity
from precept_stats.studies.region_design import RegionDesign
from tests.calibration.disparity_worlds import (
    PER_CENT,
    WORLDS,
    Floats,
    World,
    design_of,
    ordered,
    true_design,
)
from tests.calibration.tables import DOCS

SEED = 20261125
LEVEL, DRAWS = 0.95, 999
SETS = {"7 regions": 300, "15 regions": 300, "122 trusts": 200}
OF_ORDER = tuple(name for name, measure in MEASURES.items() if "ranks" in measure.needs)
INDICES = tuple(name for name in MEASURES if name not in OF_ORDER)
INTERVALS = {
    "delta": DisparityIndices(),
    "basic bootstrap": DisparityIndices.model_validate(
        {"intervals": {"kind": "bootstrap", "replicates": DRAWS}}
    ),
    "percentile bootstrap": DisparityIndices.model_validate(
        {"intervals": {"kind": "bootstrap", "replicates": DRAWS, "limits": "percentile"}}
    ),
    "posterior": DisparityIndices.model_validate({"intervals": {"kind": "bayesian", "draws": DRAWS}}),
}
TOGETHER = {
    "likelihood": ps.RegionalShrinkage(draws=999),
    "posterior": ps.RegionalShrinkage.model_validate({"estimation": {"kind": "bayesian"}, "draws": 999}),
}
LATER = ("same spread, other areas", "one odds ratio", "half the spread")
SHIFT = 0.7
Found = tuple[str, str, float, float, float, float]
"""What is estimated, how, then estimate, lower and upper limit, and the truth."""


def of_indices(world: World, replicate: int) -> Iterator[Found]:
    """Every index by every kind of interval, the variance without noise, and the areas together."""
    seed = Seed(SEED).at(world.name, f"{world.spread:g}", replicate)
    design = design_of(world, seed.generator())
    truth = true_design(design, world)
    yield from _by_each_interval(design, truth, INDICES, seed)
    yield from _by_each_interval(ordered(design), ordered(truth), OF_ORDER, seed)
    of_truth = period_of(truth, 0)
    variance = float(MEASURES["bgv"].value(truth.y[0], of_truth.areas))
    found = corrected_of(design, 0, LEVEL)
    yield "bgv_corrected", "inversion", found.value, found.lower, found.upper, variance
    spread = heterogeneity(design.y[0], design.std_error[0] ** 2, LEVEL)
    whole = float(np.var(truth.y[0]))
    yield "tau2", "profile of Q", spread.tau2_reml, spread.lower, spread.upper, whole
    yield from _areas(world, design, seed)


def _by_each_interval(
    design: RegionDesign, truth: RegionDesign, names: tuple[str, ...], seed: Seed
) -> Iterator[Found]:
    period, of_truth = period_of(design, 0), period_of(truth, 0)
    for how, method in INTERVALS.items():
        fit = method.fit(design, seed.at(how))
        for name in names:
            quantity = quantity_of(MEASURES[name], design, 0, period)
            value = float(MEASURES[name].value(truth.y[0], of_truth.areas))
            yield (name, how, *_limits(fit, quantity), value)


def _limits(fit: Fit, quantity: Quantity) -> tuple[float, float, float]:
    try:
        found = estimate(fit.uncertainty, quantity, LEVEL)
    except FitError:
        return np.nan, np.nan, np.nan
    return found.value, found.interval.lower, found.interval.upper


def _areas(world: World, design: RegionDesign, seed: Seed) -> Iterator[Found]:
    """The share of areas whose interval holds their true value, as a number from 0 to 1."""
    for how, method in TOGETHER.items():
        found = method.together(design, 0, LEVEL, seed.at("together", how))
        true = PER_CENT * world.truth
        inside = float(np.mean((found.lower <= true) & (true <= found.upper)))
        yield "areas", how, inside, np.nan, np.nan, np.nan


def of_changes(world: World, replicate: int) -> Iterator[Found]:
    """Two periods: another order of the same areas, one odds ratio for all, or half the spread."""
    seed = Seed(SEED).at("changes", world.name, f"{world.spread:g}", replicate)
    for name, later in zip(LATER, _later(world), strict=True):
        design = design_of(world, seed.at(name).generator(), later)
        exact = replace(
            design, y=PER_CENT * np.array([world.truth, later]), std_error=design.std_error * 1e-6
        )
        found, truth = decomposed(design, (1, 0)), decomposed(exact, (1, 0))
        for part in ("total", "from_mean", "from_spread"):
            ours, true = getattr(found, part), getattr(truth, part)
            half = 1.959963984540054 * ours.std_error
            yield f"{part}, {name}", "delta", ours.value, ours.value - half, ours.value + half, true.value


def _later(world: World) -> tuple[Floats, ...]:
    odds = special.logit(world.truth)
    middle = float(odds.mean())
    return (
        world.truth[::-1],
        np.asarray(special.expit(odds + SHIFT)),
        np.asarray(special.expit(middle + 0.5 * (odds - middle))),
    )


def cells_of(world: World, sets: int) -> list[dict[str, object]]:
    """What was found in all sets of data of a world, added up."""
    found: dict[tuple[str, str], list[tuple[float, float, float, float]]] = {}
    for replicate in range(sets):
        for name, how, *numbers in (*of_indices(world, replicate), *of_changes(world, replicate)):
            value, low, high, truth = numbers
            found.setdefault((name, how), []).append((value, low, high, truth))
    return [_cell(world, about, np.array(values)) for about, values in found.items()]


def _cell(world: World, about: tuple[str, str], values: Floats) -> dict[str, object]:
    value, low, high, truth = values.T
    had = ~np.isnan(low)
    slack = 1e-9 * (1.0 + np.abs(truth))
    covered = (low - slack <= truth) & (truth <= high + slack)
    if about[0] == "areas":
        had, covered = ~np.isnan(value), value
    kept = ~np.isnan(value)
    count = int(kept.sum())
    return {
        "world": world.name,
        "spread": world.spread,
        "estimand": about[0],
        "interval": about[1],
        "had": int(had.sum()),
        "covered": float(np.sum(covered[had])),
        "truth": _rounded(float(np.mean(truth[kept]))) if count else None,
        "mean": _rounded(float(np.mean(value[kept]))) if count else None,
        "sd": _rounded(float(np.std(value[kept]))) if count else None,
        "width": _rounded(float(np.mean((high - low)[had]))) if had.any() else None,
        "first": _rounded(float(value[0])),
    }


def _rounded(value: float) -> float | None:
    return float(f"{value:.8g}") if np.isfinite(value) else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("results/disparity"))
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    cells = []
    for world in WORLDS:
        sets = SETS[world.name]
        kept = asked.folder / f"{world.name.replace(' ', '_')}_{world.spread:g}_{sets}.json"
        if not kept.exists():
            kept.write_text(json.dumps(cells_of(world, sets)), encoding="utf-8")
        cells += json.loads(kept.read_text(encoding="utf-8"))
        sys.stdout.write(f"{world.name}, spread {world.spread:g}: done\n")
    record = {"level": LEVEL, "sets": SETS, "draws": DRAWS, "cells": cells}
    text = json.dumps(record, indent=1) + "\n"
    (DOCS / "disparity_calibration.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
