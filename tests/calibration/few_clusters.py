"""Type I error and coverage with few clusters: ``make few-clusters-study`` records docs/few_clusters.json.

    python -m tests.calibration.few_clusters [--trials 1000] [--processes 2] [--folder results/few_clusters]
    python -m tests.calibration.few_clusters --trials 0     (only record what the folder holds)

A trial has its own addressed seed, so the numbers depend on nothing but its cell, its number and the
analysis. What is done is kept in the folder, a file a hundred trials of a cell; a later run goes on from
there, with trials, cells or analyses that were added too, and the record says how many trials stand.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from precept_stats.errors import FitError
from precept_stats.inference.seeds import Seed
from precept_stats.inference.uncertainty import estimate
from precept_stats.studies.cluster_trial_design import ClusterTrialDesign
from tests.calibration.few_cluster_analyses import ANALYSES, Analysis
from tests.calibration.few_cluster_trials import RISKS, Scenario, simulate

SEED = 20261126
LEVEL = 0.95
FIRST = 20
"""So many trials of each cell are recorded apart, for a test to run again."""
BATCH = 100
SOME = 300
"""So many trials of every cell are carried out before any cell gets more."""
CLUSTERS = (6, 8, 12, 20, 40)


def _cells(iccs: tuple[float, ...], rare: bool, effect: bool) -> tuple[Scenario, ...]:
    return tuple(
        Scenario(clusters, unequal, icc, rare, effect)
        for icc, unequal, clusters in product(iccs, (False, True), CLUSTERS)
    )


ROUNDS = (
    _cells((0.0, 0.05, 0.2), rare=False, effect=False),
    _cells((0.0, 0.05, 0.2), rare=True, effect=False),
    _cells((0.05,), rare=False, effect=True) + _cells((0.05,), rare=True, effect=True),
)
"""Cells in the order of their importance."""
SCENARIOS = tuple(scenario for cells in ROUNDS for scenario in cells)
FIELDS = ("rejected", "covered", "error", "width", "boundary")
"""What is kept of an answer: p at most 0.05, the interval holds the truth, error and width on the scale of
inference, variance between clusters estimated as 0. All NaN where the method refused or the fit failed."""


@dataclass(frozen=True)
class Part:
    """Some trials of a cell."""

    scenario: Scenario
    start: int
    stop: int
    folder: Path

    @property
    def path(self) -> Path:
        address = "-".join(str(number) for number in self.scenario.address)
        return self.folder / f"{address}-{self.start:05d}-{self.stop:05d}.npz"

    def done(self) -> dict[str, np.ndarray]:
        """By analysis values (trials, measures, fields); under "why <analysis>" refusals (trials,)."""
        if not self.path.exists():
            return {}
        with np.load(self.path) as stored:
            return dict(stored)

    def keep(self, found: dict[str, np.ndarray]) -> None:
        """Write whole or not at all."""
        unfinished = self.path.with_suffix(".part")
        with unfinished.open("wb") as file:
            np.savez_compressed(file, **found)
        unfinished.replace(self.path)


def drawn(scenario: Scenario, replicate: int) -> ClusterTrialDesign:
    """A trial by its number."""
    address = (*scenario.address, replicate)
    return simulate(scenario, np.random.default_rng(np.random.SeedSequence(SEED, spawn_key=address)))


def judged(analysis: Analysis, scenario: Scenario, replicate: int) -> tuple[np.ndarray, str]:
    """What is kept (measures, fields), and why there is no answer where there is none."""
    design = drawn(scenario, replicate)
    method = analysis.of(scenario.clusters)
    seed = Seed(SEED).at("analysis", *scenario.address, replicate)
    found, why = np.full((len(analysis.asked), len(FIELDS)), np.nan), ""
    try:
        fit = method.fit(design, seed)
    except FitError as error:
        return found, error.problem
    for k, (summary, effect) in enumerate(analysis.asked):
        asked = replace(design, summary=summary, effect=effect)
        try:
            answer = estimate(fit.uncertainty, method.targets(asked)[0], LEVEL)
        except FitError as error:
            why = why or error.problem
            continue
        if answer.p_value is None or np.isnan(answer.p_value):
            why = why or "no p-value"
            continue
        scaled = np.log if answer.scale == "log" else float
        low, value, high = (scaled(v) for v in (answer.interval.lower, answer.value, answer.interval.upper))
        truth = scaled(scenario.truth[summary]) if effect == "marginal" or not scenario.effect else np.nan
        covered = np.nan if np.isnan(truth) else low <= truth <= high
        rejected = answer.p_value <= 1 - LEVEL + 1e-12
        found[k] = (rejected, covered, value - truth, high - low, fit.status == "boundary")
    return found, why


def work(part: Part, dear: bool) -> str:
    """Do what a part lacks, without the dear analyses or with them."""
    found = part.done()
    lacking = [a for a in ANALYSES if a.name not in found and (dear or not a.dear)]
    if not lacking:
        return ""
    for analysis in lacking:
        trials = [judged(analysis, part.scenario, replicate) for replicate in range(part.start, part.stop)]
        found[analysis.name] = np.array([values for values, _ in trials])
        found[f"why {analysis.name}"] = np.array([why for _, why in trials])
    part.keep(found)
    return f"{part.scenario.name}: {part.stop}, {len(lacking)} analyses"


def parts(cells: tuple[Scenario, ...], trials: int, folder: Path) -> Iterator[Part]:
    """All cells get their first trials before any gets more."""
    for start in range(0, trials, BATCH):
        for scenario in cells:
            yield Part(scenario, start, min(start + BATCH, trials), folder)


def carry_out(trials: int, processes: int, folder: Path) -> None:
    """What is lacking: some trials of everything first, and of these the quick analyses."""
    for most, dear, cells in product((min(trials, SOME), trials), (False, True), ROUNDS):
        asked = list(parts(cells, most, folder))
        if processes == 1:
            for part in asked:
                _say(work(part, dear))
            continue
        with ProcessPoolExecutor(processes) as pool:
            for done in pool.map(work, asked, [dear] * len(asked)):
                _say(done)


def _say(line: str) -> None:
    if line:
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def stored(scenario: Scenario, folder: Path) -> list[dict[str, np.ndarray]]:
    """The parts of a cell in the folder, as far as they go without a gap."""
    address, found, reached = "-".join(str(number) for number in scenario.address), [], 0
    for path in sorted(folder.glob(f"{address}-?????-?????.npz")):
        start, stop = (int(number) for number in path.stem.split("-")[-2:])
        if start != reached:
            break
        found.append(Part(scenario, start, stop, folder).done())
        reached = stop
    return found


def study(folder: Path) -> dict[str, object]:
    """All that the folder holds as a record."""
    cells, refusals = [], {}
    for scenario in SCENARIOS:
        held, results = stored(scenario, folder), {}
        for analysis in ANALYSES:
            mine = [part for part in held if analysis.name in part]
            if not mine:
                continue
            values = np.concatenate([part[analysis.name] for part in mine])
            for k, variant in enumerate(analysis.variants):
                results[variant] = _record(values[:, k])
            why = Counter(str(text) for part in mine for text in part[f"why {analysis.name}"] if text)
            refusals.setdefault(analysis.name, Counter()).update(why)
        cells.append({"scenario": _facts(scenario), "results": results})
    return {
        "seed": SEED,
        "level": LEVEL,
        "first": FIRST,
        "risks": {"common": list(RISKS[False]), "rare": list(RISKS[True])},
        "fields": list(RECORDED),
        "refusals": {name: dict(why) for name, why in refusals.items() if why},
        "cells": cells,
    }


def _facts(scenario: Scenario) -> dict[str, object]:
    return {
        "clusters": scenario.clusters,
        "sizes": scenario.sizes,
        "icc": scenario.icc,
        "outcome": scenario.outcome,
        "effect": scenario.effect,
    }


RECORDED = (
    "trials",
    "answered",
    "rejected",
    "covered",
    "rejected_of_first",
    "covered_of_first",
    "boundary",
    "unbounded",
    "median_width",
    "bias",
    "bias_mcse",
)
"""What is recorded of a variant in a cell. Of the measure without a known truth, ``covered`` is None."""


def _record(found: np.ndarray) -> list[float | int | None]:
    given = found[~np.isnan(found[:, 0])]
    if not len(given):
        return [len(found), 0, 0, None, 0, None, 0, 0, None, None, None]
    rejected, covered, error, width, boundary = given.T
    known = not np.isnan(covered).any()
    return [
        len(found),
        len(given),
        int(rejected.sum()),
        int(covered.sum()) if known else None,
        *first_counts(found),
        int(boundary.sum()),
        int(np.isinf(width).sum()),
        _rounded(np.median(width)),
        _rounded(error.mean()),
        _rounded(error.std(ddof=1) / np.sqrt(error.size)) if error.size > 1 else None,
    ]


def first_counts(found: np.ndarray) -> tuple[int, int | None]:
    """Rejections and intervals that cover among the first trials (trials, fields)."""
    rejected, covered = found[:FIRST, 0], found[:FIRST, 1]
    known = not np.isnan(covered[~np.isnan(rejected)]).any()
    return int(np.nansum(rejected)), int(np.nansum(covered)) if known else None


def _rounded(value: float) -> float | None:
    return float(f"{value:.5g}") if np.isfinite(value) else None


def written(record: dict[str, object]) -> str:
    """JSON with one line a variant of a cell."""
    cells = record["cells"]
    head = json.dumps({key: value for key, value in record.items() if key != "cells"}, indent=1)
    lines = []
    for cell in cells:
        results = [f"   {json.dumps(name)}: {json.dumps(row)}" for name, row in cell["results"].items()]
        inside = ",\n".join(results)
        lines.append(f'  {{"scenario": {json.dumps(cell["scenario"])},\n   "results": {{\n{inside}\n  }}}}')
    return head[:-2] + ',\n "cells": [\n' + ",\n".join(lines) + "\n ]\n}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path("results/few_clusters"))
    parser.add_argument("--out", type=Path, default=Path("docs/few_clusters.json"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    carry_out(arguments.trials, arguments.processes, arguments.folder)
    arguments.out.write_text(written(study(arguments.folder)), encoding="utf-8")


if __name__ == "__main__":
    main()
