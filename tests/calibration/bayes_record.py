"""docs/bayes_calibration.json from what the two studies have left: python -m tests.calibration.bayes_record.

It may be made at any time: what is not done yet is not in it, and how much is done is said.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.calibration import bayes_operating as operating
from tests.calibration import bayes_sbc as sbc
from tests.calibration.bayes_sbc_structures import STRUCTURES, Structure
from tests.calibration.tables import DOCS

FIRST = 3
"""So many trials of each cell are recorded apart, for a test to run again."""

FEWEST = 50
"""Trials of each cell below which nothing is recorded of repeated trials."""


def of_structure(structure: Structure, folder: Path) -> dict[str, Any] | None:
    """The ranks of every quantity, those that a rising function of another one repeats left out."""
    found = sbc.results(structure, folder)[: structure.wanted]
    done = [one for one in found if "ranks" in one]
    if not done:
        return None
    ranks: dict[str, list[int]] = {}
    for name in done[0]["ranks"]:
        of_name = [one["ranks"][name] for one in done]
        if of_name not in ranks.values():
            ranks[name] = of_name
    return {
        "name": structure.name,
        "words": structure.words,
        "wanted": structure.wanted,
        "data_sets": len(found),
        "failed": len(found) - len(done),
        "again_with_more_draws": sum(one["draws"] > sbc.LADDER[0] for one in done),
        "with_divergences": sum(one["divergences"] > 0 for one in done),
        "least_effective": min(one["ess"] for one in done),
        "ranks": ranks,
    }


def of_cell(cell: operating.Cell, folder: Path, trials: int) -> dict[str, Any]:
    """Bias, coverage, and how often benefit is declared, over the first ``trials``."""
    found = operating.results(cell, folder)[:trials]
    done = [one for one in found if "estimate" in one]
    effect, icc = (np.array([one[name] for one in done]) for name in ("estimate", "icc"))
    benefit = np.array([one["benefit"] for one in done])
    return {
        "icc": cell.icc,
        "effect": cell.effect,
        "estimated": len(done),
        **_against(effect, cell.effect),
        "spread": float(effect[:, 0].std(ddof=1)),
        "median_width": float(np.median(effect[:, 2] - effect[:, 1])),
        "declared": int(np.count_nonzero(benefit > operating.THRESHOLD)),
        "declared_harm": int(np.count_nonzero(benefit < 1.0 - operating.THRESHOLD)),
        "of_icc": _against(icc, cell.icc),
        "first": [[*one["estimate"], one["benefit"]] for one in found[:FIRST]],
    }


def _against(found: NDArray[np.float64], truth: float) -> dict[str, float | int]:
    error = found[:, 0] - truth
    return {
        "bias": float(error.mean()),
        "bias_mcse": float(error.std(ddof=1) / np.sqrt(len(error))),
        "covered": int(np.count_nonzero((found[:, 1] <= truth) & (truth <= found[:, 2]))),
        "below": int(np.count_nonzero(found[:, 2] < truth)),
        "above": int(np.count_nonzero(found[:, 1] > truth)),
    }


def record(of_sbc: Path, of_operating: Path) -> dict[str, Any]:
    """What is done of both studies; trials of the second as many as every cell has."""
    structures = [one for one in (of_structure(each, of_sbc) for each in STRUCTURES) if one is not None]
    trials = min(len(operating.results(cell, of_operating)) for cell in operating.CELLS)
    return {
        "sbc": {"seed": sbc.SEED, "n_ranks": sbc.RANKS, "level": 0.95, "structures": structures},
        "operating": {
            "seed": operating.SEED,
            "trials": trials,
            "level": 0.95,
            "threshold": operating.THRESHOLD,
            "baseline": operating.BASELINE,
            "sizes": list(operating.SIZES),
            "cells": [of_cell(cell, of_operating, trials) for cell in operating.CELLS]
            if trials >= FEWEST
            else [],
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sbc", type=Path, default=Path("results/bayes_sbc"))
    parser.add_argument("--operating", type=Path, default=Path("results/bayes_operating"))
    parser.add_argument("--out", type=Path, default=DOCS / "bayes_calibration.json")
    arguments = parser.parse_args()
    made = json.dumps(record(arguments.sbc, arguments.operating), indent=1)
    arguments.out.write_text(_lists_on_one_line(made) + "\n", encoding="utf-8")


def _lists_on_one_line(text: str) -> str:
    """Lists of numbers without a line each, for what is hundreds of ranks."""
    lines: list[str] = []
    inside = False
    for line in text.splitlines():
        stripped = line.strip()
        if inside:
            lines[-1] += ("" if stripped.startswith("]") else " ") + stripped
            inside = not stripped.startswith("]")
            continue
        lines.append(line)
        inside = stripped.endswith("[") and not stripped.startswith(('"structures"', '"cells"', '"first"'))
    return "\n".join(lines).replace("[ ", "[")


if __name__ == "__main__":
    main()
