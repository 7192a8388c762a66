"""Simulation-based calibration of Bayesian hierarchical models: ``make sbc-study``.

    python -m tests.calibration.bayes_sbc [--trials N] [--only NAME ...] [--folder results/bayes_sbc]

Parameters are drawn from the priors and data given them; over data sets the rank of what was drawn among
draws of its posterior is uniform if the sampler, the likelihood and the priors are what they say (Talts et
al. 2018, arXiv:1804.06788). Every data set has its own addressed seed and leaves one small file, so that
the study goes on where it was stopped and may be spread over days or processes.
``tests.calibration.bayes_record`` makes the record of what is there.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from precept_stats.inference.posterior_facts import values_of
from precept_stats.inference.seeds import Seed
from precept_stats.methods.bayes_fit import Sampled
from precept_stats.methods.bayes_series_facts import SampledSeries
from precept_stats.methods.settings_bayes import ConvergenceGate
from tests.calibration.bayes_sbc_structures import BY_NAME, STRUCTURES, Structure

Floats = NDArray[np.float64]

SEED = 20261125
RANKS = 200
"""How many ranks there are: one more than the draws that are kept of each posterior."""
LADDER = (200, 800, 3200)
"""Draws and warm-up steps a chain; more are taken where chains fail, so that no data set is left out."""
GATE = ConvergenceGate(rhat=1.03, ess=300, divergences=1_000_000, ebfmi=0)


def one_data_set(structure: Structure, number: int) -> dict[str, object]:
    """The rank of every parameter and answer, and how the posterior was come by."""
    seed = Seed(SEED).at("sbc", structure.name, number)
    simulated = structure.simulate(seed.at("data").generator())
    failures: tuple[str, ...] = ()
    for place, draws in enumerate(LADDER):
        sampler = {"kind": "nuts", "draws": draws, "warmup": draws, "target_accept": 0.8}
        method = structure.method.model_validate({**structure.settings, "sampler": sampler})
        sampled = method.sampled(simulated.design, seed.at("fit", place))
        found = sampled.convergence()
        failures = GATE.failures(found)
        if not failures:
            ranks = {name: rank(_drawn(name, sampled), at) for name, at in simulated.truth.items()}
            size = round(min(found.bulk, found.tail))
            return {"ranks": ranks, "draws": draws, "ess": size, "divergences": found.divergences}
    return {"failed": "; ".join(failures)}


def _drawn(name: str, sampled: Sampled | SampledSeries) -> Floats:
    """Draws of a coordinate, or of an answer named by its measure (and what it is of)."""
    if name in sampled.names:
        return sampled.monitored[..., sampled.names.index(name)].ravel()
    measure, _, contrast = name.partition(": ")
    asked = (sampled.model.effect(), *sampled.model.further())
    found = [q for q in asked if q.measure == measure and contrast in ("", q.contrast)]
    assert len(found) == 1, f"{name} names {len(found)} quantities"
    return values_of(found[0], sampled.parameters)


def rank(draws: Floats, truth: float) -> int:
    """How many of ``RANKS`` - 1 evenly spaced draws are below the truth."""
    kept = draws[np.linspace(0, len(draws) - 1, RANKS - 1).astype(np.intp)]
    return int(np.count_nonzero(kept < truth))


def path_of(folder: Path, structure: Structure, number: int) -> Path:
    return folder / structure.name / f"{number:05d}.json"


def study(structure: Structure, trials: int, folder: Path) -> None:
    """Do what is not there yet. A file is whole or not there at all."""
    (folder / structure.name).mkdir(parents=True, exist_ok=True)
    for number in range(trials):
        path = path_of(folder, structure, number)
        if path.exists():
            continue
        unfinished = path.with_suffix(f".part{os.getpid()}")
        unfinished.write_text(json.dumps(one_data_set(structure, number)), encoding="utf-8")
        unfinished.rename(path)
        if (number + 1) % 10 == 0:
            sys.stderr.write(f"{structure.name}: {number + 1} of {trials}\n")


def results(structure: Structure, folder: Path) -> list[Mapping[str, object]]:
    """What is there, in order, as far as there is no gap."""
    found = []
    while (path := path_of(folder, structure, len(found))).exists():
        found.append(json.loads(path.read_text(encoding="utf-8")))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--trials", type=int, help="data sets a structure; as many as are recorded if not given"
    )
    parser.add_argument("--only", nargs="*", choices=list(BY_NAME), default=list(BY_NAME))
    parser.add_argument("--folder", type=Path, default=Path("results/bayes_sbc"))
    arguments = parser.parse_args()
    for structure in STRUCTURES:
        if structure.name in arguments.only:
            study(structure, arguments.trials or structure.wanted, arguments.folder)


if __name__ == "__main__":
    main()
