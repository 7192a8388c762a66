"""Bias and coverage of models of many interrupted series: ``make multilevel-study`` records the numbers.

    python -m tests.calibration.multilevel_its [--programmes 200] [--units 40] [--folder FOLDER]

A programme is of units with staggered starts and a few births a month; births of a unit have a normal
autocorrelation from month to month that leaves every binomial distribution of a month as it is. Each has
a seed of its own address. What is done is kept in the folder, a file ten programmes, and a later run goes on
there. All data are synthetic.
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
from precept_stats.methods.multilevel_its import MultilevelIts
from precept_stats.methods.two_stage_its import TwoStageIts
from precept_stats.numerics.series.ar1 import autoregressive
from precept_stats.numerics.series.count_simulation import events_from
from precept_stats.studies.series_design import SeriesDesign
from tests.methods.test_multilevel_its import LEVEL, programme, units
from tests.studies.series import prepared, question

SEED, BATCH = 20261125, 10
FIRST = 1
"""So many programmes of each cell are recorded apart, for a test to run again."""
FIXED = np.array([0.0, 0.01, 0.4, 0.005])
SDS = np.array([0.5, 0.25, 0.01])
"""Level, trend, step and ramp on the logit scale, and the SDs of level, step and ramp between units."""
NONE = {"kind": "none", "reason": "made with what the study varies"}
SCENARIOS = tuple(product((12, 24, 48), (0.0, 0.2, 0.5)))
METHODS: dict[str, MultilevelIts | TwoStageIts] = {
    "multilevel, random changes": MultilevelIts.model_validate(
        {"distribution": {"kind": "binomial"}, "autocorrelation": NONE}
    ),
    "multilevel, random levels": MultilevelIts.model_validate(
        {"distribution": {"kind": "binomial"}, "autocorrelation": NONE, "units": {"kind": "levels"}}
    ),
    "two stages": TwoStageIts.model_validate(
        {
            "autocorrelation": {"kind": "quasi_binomial", "residuals": {"kind": "independent"}},
            "without_estimate": "leave_out",
        }
    ),
}


@dataclass(frozen=True)
class Size:
    """How many programmes a cell, and units a programme."""

    programmes: int
    units: int


def drawn(cell: int, number: int, count: int) -> SeriesDesign:
    """A programme: a design whose denominators and events are drawn anew."""
    months, phi = SCENARIOS[cell]
    rng = np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=(cell, number)))
    of = prepared(
        units(count, 48), programme(), question(change=LEVEL, summary="odds_ratio", effect="conditional")
    )
    whole = of.design
    start = months // 2 + rng.integers(-2, 3, count)
    since = whole.period - whole.period.min() - start[whole.row_unit]
    kept = whole.period - whole.period.min() < months
    shifted = replace(whole.interruptions[0], start=(start + whole.period.min()).astype(np.intp))
    design = replace(whole, time=since.astype(np.float64), interruptions=(shifted,)).cells(kept)
    u = rng.standard_normal((count, 3)) * SDS
    step, ramp = (design.time >= 0).astype(float), np.maximum(design.time, 0)
    b = FIXED + np.column_stack([u[:, 0], np.zeros(count), u[:, 1:]])
    eta = np.sum(b[design.row_unit] * np.column_stack([np.ones_like(step), design.time, step, ramp]), axis=1)
    size = rng.integers(5, 26, len(eta)).astype(np.float64)
    gaps = np.ones(months - 1, dtype=np.intp)
    z = np.concatenate([autoregressive(rng.standard_normal(months), phi, gaps) for _ in range(count)])
    events = events_from(z, 1 / (1 + np.exp(-eta)), size, 1.0)
    return replace(design, size=size, events=events, y=events / size)


def judged(design: SeriesDesign) -> np.ndarray:
    """Of each method: covered, width, error of the log odds ratio; NaN where it gives no estimate."""
    found = np.full((len(METHODS), 3), np.nan)
    for place, method in enumerate(METHODS.values()):
        try:
            fit = method.fit(design)
            answer = estimate(fit.uncertainty, method.targets(design)[0], 0.95)
        except FitError:
            continue
        low, high = np.log(answer.interval.lower), np.log(answer.interval.upper)
        found[place] = low <= FIXED[2] <= high, high - low, np.log(answer.value) - FIXED[2]
    return found


def outcomes(cell: int, size: Size, folder: Path) -> np.ndarray:
    """All programmes of a cell (programmes, methods, 3), taken from the folder where they are there."""
    parts = []
    for first in range(0, size.programmes, BATCH):
        numbers = range(first, min(first + BATCH, size.programmes))
        path = folder / f"{cell:02d}-{size.units}-{numbers[0]:04d}-{numbers[-1]:04d}.npy"
        if not path.exists():
            part = np.array([judged(drawn(cell, number, size.units)) for number in numbers])
            unfinished = path.with_suffix(".part")
            with unfinished.open("wb") as file:
                np.save(file, part)
            unfinished.rename(path)
        parts.append(np.load(path))
    return np.concatenate(parts)


def study(size: Size, folder: Path) -> dict[str, object]:
    """The whole study as a record."""
    cells = []
    for cell, (months, phi) in enumerate(SCENARIOS):
        found = outcomes(cell, size, folder)
        for place, name in enumerate(METHODS):
            known = found[~np.isnan(found[:, place, 0]), place]
            share = float(known[:, 0].mean())
            cells.append(
                {
                    "months": months,
                    "phi": phi,
                    "method": name,
                    "estimated": len(known),
                    "covered": int(known[:, 0].sum()),
                    "error_of_first": found[:FIRST, place, 2].tolist(),
                    "coverage_mcse": float(np.sqrt(share * (1 - share) / len(known))),
                    "median_width": float(np.median(known[:, 1])),
                    "bias": float(known[:, 2].mean()),
                    "bias_mcse": float(known[:, 2].std(ddof=1) / np.sqrt(len(known))),
                    "sd": float(known[:, 2].std(ddof=1)),
                }
            )
    return {"seed": SEED, "programmes": size.programmes, "units": size.units, "cells": cells}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programmes", type=int, default=200)
    parser.add_argument("--units", type=int, default=40)
    parser.add_argument("--folder", type=Path, default=Path("results/multilevel_its"))
    parser.add_argument("--out", type=Path, default=Path("docs/multilevel_its_calibration.json"))
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    record = study(Size(given.programmes, given.units), given.folder)
    given.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
