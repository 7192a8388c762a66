"""What default priors do over repeated trials of 13 + 27 units: ``make bayes-operating``.

    python -m tests.calibration.bayes_operating [--trials 500] [--folder results/bayes_operating]

Calibration over the prior says nothing of one fixed truth. Trials like PReCePT's are drawn with the risks
and the intracluster correlation fixed (their values here are assumptions), and analysed with the priors that
a plan has when it names none. Every trial has its own addressed seed and leaves one small file, so that the
study goes on where it was stopped. ``tests.calibration.bayes_record`` makes the record of what is there.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy import optimize, special

from precept_stats.inference.draws import Draws, draws_estimate
from precept_stats.inference.seeds import Seed
from precept_stats.methods.bayes_fit import Sampled
from precept_stats.methods.bayesian_hierarchical import BayesianHierarchical
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from tests.calibration.bayes_sbc_models import NODES, WEIGHTS, parallel, proportion_icc, totals

SEED = 20261126
BASELINE = 0.70
SIZES = (10, 60)
"""Births a unit are uniform between these, ends included."""
THRESHOLD = 0.975
"""Benefit is declared where its probability is above this."""
LADDER = ({"draws": 300, "warmup": 200}, {"draws": 1200, "warmup": 800})


@dataclass(frozen=True)
class Cell:
    """The correlation of two people of a unit of the reference arm, and the risk difference."""

    icc: float
    effect: float

    @property
    def name(self) -> str:
        return f"icc{1000 * self.icc:03.0f}_effect{100 * self.effect:02.0f}"


CELLS = tuple(Cell(icc, effect) for icc in (0.02, 0.05) for effect in (0.0, 0.05, 0.10))


def averaged(eta: float, sd: float) -> float:
    """E expit(eta + sd z) for a standard normal z."""
    return float(WEIGHTS @ special.expit(eta + sd * NODES) / WEIGHTS.sum())


@cache
def coefficients(cell: Cell) -> tuple[float, float, float]:
    """Log odds of both arms in an average unit and the SD between units, giving exactly what is set."""

    def level(risk: float, sd: float) -> float:
        return float(optimize.brentq(lambda eta: averaged(eta, sd) - risk, -10, 10, xtol=1e-13))

    def excess(sd: float) -> float:
        return proportion_icc(level(BASELINE, sd), sd) - cell.icc

    sd = float(optimize.brentq(excess, 1e-3, 3.0, xtol=1e-13))
    return level(BASELINE, sd), level(BASELINE + cell.effect, sd), sd


def simulate(cell: Cell, rng: np.random.Generator) -> ClusterTrialDesign:
    """A trial at one time: 13 units under the intervention, 27 not, log odds of units normal."""
    cells = parallel(rng, SIZES)
    reference, compare, sd = coefficients(cell)
    level = np.where(cells.treated == 1, compare, reference)
    risk = special.expit(level + sd * rng.standard_normal(cells.clusters))
    design = totals(cells, rng.binomial(cells.size, risk), "binary")
    assert isinstance(design, ClusterTrialDesign)
    return design


def one_trial(cell: Cell, number: int) -> dict[str, object]:
    """The answer of the default priors."""
    seed = Seed(SEED).at("operating", cell.name, number)
    design, failures = simulate(cell, seed.at("data").generator()), ("not tried",)
    for place, draws in enumerate(LADDER):
        method = BayesianHierarchical.model_validate({"sampler": {"kind": "nuts", **draws}})
        sampled = method.sampled(design, seed.at("fit", place))
        failures = method.gate.failures(sampled.convergence())
        if not failures:
            return _told(sampled)
    return {"failed": "; ".join(failures)}


def _told(sampled: Sampled) -> dict[str, object]:
    """Median and limits of the effect and of the correlation, and the probability of benefit."""
    params = sampled.parameters
    names = tuple(str(place) for place in range(params.shape[1]))
    draws = Draws(names, params.mean(axis=0), params, "posterior")
    of = {(q.measure, q.contrast): q for q in sampled.model.further()}
    effect, icc = (
        draws_estimate(draws, quantity, 0.95)
        for quantity in (sampled.model.effect(), of["icc_proportion", "control"])
    )
    return {
        "estimate": [effect.value, effect.interval.lower, effect.interval.upper],
        "icc": [icc.value, icc.interval.lower, icc.interval.upper],
        "benefit": float(np.mean(sampled.effects > 0.0)),
    }


def path_of(folder: Path, cell: Cell, number: int) -> Path:
    return folder / cell.name / f"{number:05d}.json"


def study(trials: int, folder: Path) -> None:
    """Do what is not there yet, a trial of every cell in turn. A file is whole or not there at all."""
    for cell in CELLS:
        (folder / cell.name).mkdir(parents=True, exist_ok=True)
    for number in range(trials):
        for cell in CELLS:
            path = path_of(folder, cell, number)
            if path.exists():
                continue
            unfinished = path.with_suffix(f".part{os.getpid()}")
            unfinished.write_text(json.dumps(one_trial(cell, number)), encoding="utf-8")
            unfinished.rename(path)
        if (number + 1) % 10 == 0:
            sys.stderr.write(f"operating: {number + 1} of {trials}\n")


def results(cell: Cell, folder: Path) -> list[Mapping[str, object]]:
    """What is there, in order, as far as there is no gap."""
    found = []
    while (path := path_of(folder, cell, len(found))).exists():
        found.append(json.loads(path.read_text(encoding="utf-8")))
    return found


def latent_icc(cell: Cell) -> float:
    """The correlation on the scale of the logit that goes with the cell."""
    variance = coefficients(cell)[2] ** 2
    return variance / (variance + math.pi**2 / 3)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--folder", type=Path, default=Path("results/bayes_operating"))
    arguments = parser.parse_args()
    study(arguments.trials, arguments.folder)


if __name__ == "__main__":
    main()
