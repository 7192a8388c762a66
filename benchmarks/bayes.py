"""Effective draws a second of hierarchical models of counts, beside the same models written in PyMC.

`python benchmarks/bayes.py --record docs/benchmarks_bayes.json` runs every task in a process of its own and
writes docs/benchmarks_bayes.md; `--tasks trial` only those whose name has that in it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LIMIT = 900
OURS = "precept_stats"
TASKS = {
    f"{data}_{cells}_{program}": (data, cells, program)
    for data in ("trial", "national")
    for cells in ("normal", "beta_binomial")
    for program in (OURS, "nutpie")
}
EXTRA = {
    "trial_normal_pymc": ("trial", "normal", "pymc"),
    "trial_grid_precept_stats": ("trial", "normal", "grid"),
    "trial_short_grid_precept_stats": ("trial", "normal", "short_grid"),
    "trial_compiling_precept_stats": ("trial", "normal", OURS),
}
ALL = {**TASKS, **EXTRA}
WORDS = {"trial": "40 clusters x 9 periods x 20", "national": "137 clusters x 48 periods x 12"}


def run(name: str) -> dict[str, Any]:
    """One task in a fresh process; the reason where it gave no answer."""
    data, cells, program = ALL[name]
    child = "bayes_ours.py" if program in (OURS, "grid", "short_grid") else "bayes_peer.py"
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as empty:
        if "compiling" in name:
            environment["NUMBA_CACHE_DIR"] = empty
        command = [sys.executable, str(HERE / child), data, cells, program]
        load = os.getloadavg()[0]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=LIMIT, check=False, env=environment
            )
        except subprocess.TimeoutExpired:
            return {"reason": f"no answer in {LIMIT} s", "load": load}
    if done.returncode:
        return {"reason": (done.stderr.strip().splitlines() or ["no reason given"])[-1], "load": load}
    return {**json.loads(done.stdout.strip().splitlines()[-1]), "load": load}


def row(name: str, found: dict[str, Any]) -> str:
    """A line of the table."""
    data, cells, program = ALL[name]
    fresh = ", nothing compiled before" if "compiling" in name else ""
    lead = f"| {WORDS[data]} | {cells.replace('_', '-')} | {program}{fresh} |"
    if "reason" in found:
        return f"{lead} {found['reason']} |" + " |" * 8
    per_second, per_cpu = (found["ess"] / found[key] for key in ("seconds", "cpu"))
    return (
        f"{lead} {per_second:.0f} | {per_cpu:.0f} | {found['ess']:.0f} | {found['rhat']:.4f} "
        f"| {found['seconds']:.1f} | {found['cpu']:.1f} | {found['compile']:.1f} | {found['dimension']} "
        f"| {found['load']:.1f} |"
    )


def answers(record: dict[str, Any]) -> list[str]:
    """How long an answer takes from a cold start, and further ones."""
    tasks, lines = record["tasks"], []
    for name, title in (
        ("trial_normal_precept_stats", "compiled before"),
        ("trial_compiling_precept_stats", "nothing compiled before"),
    ):
        found = tasks.get(name, {})
        if "first" in found:
            lines.append(
                f"- Trial, {title}: {found['first']:.1f} s from starting Python to the first answer that "
                f"passes the gate ({found['first_cpu']:.1f} s of one processor); the next, under other "
                f"priors, {found['further']:.1f} s ({found['further_cpu']:.1f})."
            )
    for name in ("trial_grid_precept_stats", "trial_short_grid_precept_stats"):
        grid = tasks.get(name, {})
        if "grid" in grid:
            lines.append(
                f"- Trial, one analysis under eight sets of priors, {grid['draws']} draws a chain after "
                f"{grid['warmup']} to tune, {grid['passed']} of them past the gate: {grid['grid']:.1f} s "
                f"({grid['grid_cpu']:.1f} s of one processor; load {grid['load']:.1f})."
            )
    return lines


def page(record: dict[str, Any]) -> str:
    """docs/benchmarks_bayes.md."""
    head = (
        "| synthetic data | cells | program | ESS/s | ESS/s of one processor | least bulk ESS | R-hat | s "
        "| s of one processor | compiling, s | sampled dimensions | load |\n"
        "|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    rows = [row(name, found) for name, found in record["tasks"].items() if name in ALL and "grid" not in name]
    return "\n".join(
        [
            "# How fast posteriors are sampled",
            "",
            f"Measured {record['date']} on {record['cores']} processors ({record['machine']}), Python "
            f"{record['python']}, nutpie {record['nutpie']}, PyMC {record['pymc']}, by `make bench-bayes`. "
            "Stepped wedges of synthetic counts with effects of clusters and of their periods; four chains; "
            "the least bulk effective sample size (ESS) over fixed effects and standard deviations. Seconds "
            "are of tuning and sampling; of ours also of finding the mode. "
            "`load` is how many processes wanted a processor when a task began: where it is above the "
            "number of processors, seconds of the clock are too long and those of a processor (all threads "
            "added up) tell more.",
            "",
            head,
            *rows,
            "",
            *answers(record),
            "",
            "Programs beside ours sample the same model and priors with every random effect in it (with "
            "beta-binomial cells, every cluster's): what a user writes by hand. Not finished tasks say so.",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", type=Path)
    parser.add_argument("--tasks", default="")
    asked = parser.parse_args()
    kept = {}
    if asked.record and asked.record.is_file():
        kept = json.loads(asked.record.read_text(encoding="utf-8"))["tasks"]
    tasks = {**kept}
    for name in ALL:
        if asked.tasks in name:
            tasks[name] = run(name)
            print(name, tasks[name], flush=True)
    record = {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "nutpie": version("nutpie"),
        "pymc": version("pymc"),
        "tasks": {name: tasks[name] for name in ALL if name in tasks},
    }
    if asked.record:
        asked.record.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        asked.record.with_suffix(".md").write_text(page(record), encoding="utf-8")


if __name__ == "__main__":
    main()
