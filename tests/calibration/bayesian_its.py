"""Coverage of the Bayesian twin of many series: ``python -m tests.calibration.bayesian_its``.

    python -m tests.calibration.bayesian_its [--programmes 100] [--folder FOLDER]

The programmes are those of ``tests.calibration.multilevel_its`` (40 units, staggered starts, 5 to 25 births a
month), with the same seeds, so that the fit by likelihood stands beside the posterior of the same data. What
is done is kept in the folder, a file a programme, and a later run goes on there. All data are synthetic.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.methods.bayesian_its import BayesianIts
from precept_stats.methods.multilevel_its import MultilevelIts
from precept_stats.studies.series_design import SeriesDesign
from precept_stats.values import Estimate
from tests.calibration.multilevel_its import FIXED, METHODS, NONE, SCENARIOS, SEED, drawn
from tests.calibration.tables import DOCS, with_section

PAGE = DOCS / "methods" / "bayesian_its.md"

UNITS = 40
CELLS = (SCENARIOS.index((24, 0.0)), SCENARIOS.index((24, 0.2)))
LADDER = (500, 2000)
"""Draws a chain; more are taken where chains fail the gate, so that no programme is left out."""
TWIN, LIKELIHOOD = "posterior", "likelihood"


def by_posterior(design: SeriesDesign, seed: Seed) -> Estimate | None:
    """The change of level with its interval; None where no chains pass."""
    for place, draws in enumerate(LADDER):
        sampler = {"kind": "nuts", "chains": 2, "draws": draws}
        method = BayesianIts.model_validate(
            {"distribution": {"kind": "binomial"}, "autocorrelation": NONE, "sampler": sampler}
        )
        try:
            fit = method.fit(design, seed.at("fit", place))
        except FitError:
            continue
        return estimate(fit.uncertainty, method.targets(design)[0], 0.95)
    return None


def by_likelihood(design: SeriesDesign) -> Estimate | None:
    """The same by maximum likelihood."""
    method = METHODS["multilevel, random changes"]
    assert isinstance(method, MultilevelIts)
    try:
        return estimate(method.fit(design).uncertainty, method.targets(design)[0], 0.95)
    except FitError:
        return None


def one_programme(cell: int, number: int) -> dict[str, object]:
    """Covered, width and error of the log odds ratio of both, and the seconds that the posterior took."""
    design = drawn(cell, number, UNITS)
    begun = time.process_time()
    found = {TWIN: by_posterior(design, Seed(SEED).at("twin", cell, number))}
    seconds = time.process_time() - begun
    found[LIKELIHOOD] = by_likelihood(design)
    told: dict[str, object] = {"seconds": round(seconds, 1)}
    for name, answer in found.items():
        if answer is not None:
            low, high = np.log(answer.interval.lower), np.log(answer.interval.upper)
            error = float(np.log(answer.value) - FIXED[2])
            told[name] = [bool(low <= FIXED[2] <= high), float(high - low), error]
    return told


def study(programmes: int, folder: Path) -> None:
    """Do what is not there yet. A file is whole or not there at all."""
    for cell in CELLS:
        (folder / f"{cell:02d}").mkdir(parents=True, exist_ok=True)
        for number in range(programmes):
            path = folder / f"{cell:02d}" / f"{number:04d}.json"
            if not path.exists():
                unfinished = path.with_suffix(f".part{os.getpid()}")
                unfinished.write_text(json.dumps(one_programme(cell, number)), encoding="utf-8")
                unfinished.rename(path)


def results(cell: int, folder: Path) -> list[Mapping[str, object]]:
    """What is there, in order, as far as there is no gap."""
    found: list[Mapping[str, object]] = []
    while (path := folder / f"{cell:02d}" / f"{len(found):04d}.json").exists():
        found.append(json.loads(path.read_text(encoding="utf-8")))
    return found


def record(folder: Path) -> dict[str, object]:
    """Coverage, width and bias, with Monte Carlo standard errors, of what is there."""
    cells = []
    for cell in CELLS:
        done = results(cell, folder)
        for name in (TWIN, LIKELIHOOD) if done else ():
            known = np.array([one[name] for one in done if name in one], dtype=np.float64)
            share = float(known[:, 0].mean())
            months, phi = SCENARIOS[cell]
            cells.append(
                {
                    "months": months,
                    "phi": phi,
                    "by": name,
                    "programmes": len(done),
                    "estimated": len(known),
                    "covered": int(known[:, 0].sum()),
                    "coverage_mcse": float(np.sqrt(share * (1 - share) / len(known))),
                    "median_width": float(np.median(known[:, 1])),
                    "bias": float(known[:, 2].mean()),
                    "bias_mcse": float(known[:, 2].std(ddof=1) / np.sqrt(len(known))),
                }
            )
    return {"seed": SEED, "units": UNITS, "odds_ratio": float(np.exp(FIXED[2])), "cells": cells}


def words(of: Mapping[str, Any]) -> str:
    """What was found, as docs/methods/bayesian_its.md says it."""
    lines = [
        f"Synthetic programmes of {of['units']} units as for "
        "[multilevel_its](../multilevel_its_calibration.md), "
        f"the true odds ratio of the change of level {of['odds_ratio']:.2f}, default priors "
        "(`make bayesian-its-study`, [record](../bayesian_its_calibration.json)):",
        "",
        "| months | autocorrelation | by | programmes | covered, % | median width of the log "
        "| bias of the log |",
        "|--:|--:|---|--:|--:|--:|--:|",
    ]
    for cell in of["cells"]:
        n, bias = cell["estimated"], f"{cell['bias']:+.3f} ({cell['bias_mcse']:.3f})"
        covered = f"{100 * cell['covered'] / n:.1f} ({100 * cell['coverage_mcse']:.1f})"
        lines.append(
            f"| {cell['months']} | {cell['phi']:g} | {cell['by']} | {n} | {covered} "
            f"| {cell['median_width']:.2f} | {bias} |"
        )
    return "\n".join([*lines, "", "In parentheses: Monte Carlo standard errors.", ""])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--programmes", type=int, default=100)
    parser.add_argument("--folder", type=Path, default=Path("results/bayesian_its"))
    parser.add_argument("--out", type=Path, default=Path("docs/bayesian_its_calibration.json"))
    parser.add_argument("--record-only", action="store_true", help="record what is there, simulate nothing")
    given = parser.parse_args()
    if not given.record_only:
        study(given.programmes, given.folder)
    made = record(given.folder)
    given.out.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(with_section(PAGE.read_text(encoding="utf-8"), words(made)), encoding="utf-8")


if __name__ == "__main__":
    main()
