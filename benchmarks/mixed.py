"""Mixed models beside other programs in one run: a row a fit and program, with the ratio to the best.

    python benchmarks/mixed.py [--only NAME ...] [--alone] [--limit 120] [--record docs/benchmarks.json]

Every fit has a process of its own, one BLAS thread and one at a time: data are read, then timed is all from a
DataFrame and a model to estimates with standard errors, first cold and then the median of warm runs. Python
programs come from `make bench-peers`, those of R from the Rscript there is; what is missing is left out.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

import pandas as pd
from mixed_data import cells, inst_eval, trial
from tasks import TASKS, Task

HERE = Path(__file__).resolve().parent
PEERS = HERE / ".venv-peers" / "bin" / "python"
OF_R = ("lme4", "glmmTMB", "pbkrtest")
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "RAYON", "POLARS", "NUMEXPR")}
OURS = "precept_stats"


def tables(folder: Path, tasks: list[Task]) -> set[str]:
    """The data of the tasks as .parquet and .csv; returns what there is."""
    made = set()
    for name in dict.fromkeys(task.data for task in tasks):
        frame = inst_eval(folder) if name == "inst" else _trial(name)
        if frame is None:
            continue
        frame.to_parquet(folder / f"{name}.parquet")
        frame.to_csv(folder / f"{name}.csv", index=False)
        made.add(name)
    return made


def _trial(name: str) -> pd.DataFrame:
    return cells(trial(name.split()[0])) if name.endswith("cells") else trial(name)


def command(program: str, task: Task, folder: Path) -> list[str] | None:
    """How a program is asked, or None when it is not installed."""
    table = folder / f"{task.data}.parquet"
    if program == OURS:
        return [sys.executable, str(HERE / "ours.py"), task.name, str(table)]
    if program in OF_R:
        rscript = shutil.which("Rscript")
        formula = task.formula
        csv = str(table.with_suffix(".csv"))
        asked = [str(HERE / "peer.R"), program, task.kind, csv, formula, str(task.nodes)]
        return None if rscript is None else [rscript, *asked]
    if not PEERS.exists():
        return None
    return [str(PEERS), str(HERE / "peer.py"), program, task.name, str(table)]


def asked(program: str, task: Task, folder: Path, limit: float) -> dict[str, object] | None:
    """One program's answer to a task, without numbers it could not give; ``reason`` when it has none."""
    line = command(program, task, folder)
    if line is None:
        return None
    try:
        done = subprocess.run(
            line, capture_output=True, text=True, timeout=limit, check=True, env=os.environ | ONE_THREAD
        )
    except subprocess.TimeoutExpired:
        return {"reason": f"no answer in {limit:g} s"}
    except subprocess.CalledProcessError as error:
        said = [text for text in error.stderr.splitlines() if text.strip()]
        return {"reason": f"failed: {said[-1][:120] if said else 'no message'}"}
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return {
        name: value
        for name, value in found.items()
        if value is not None and not (isinstance(value, float) and math.isnan(value))
    }


def shown(task: Task, program: str, found: dict[str, object], best: float | None) -> str:
    head = f"{task.name:14} {program:14}"
    if "reason" in found:
        return f"{head} {found['reason']}"
    ratio = "" if best is None else f"{found['seconds'] / best:8.2f}"
    memory = f"{found['memory_mb']:8.0f}" if "memory_mb" in found else ""
    error = f"{found['std_error']:10.7f}" if "std_error" in found else "none"
    return (
        f"{head} {found['seconds']:9.4f} {found['first']:9.4f} {ratio:>8} {memory:>8} "
        f"{found['log_likelihood']:17.6f} {found['effect']:10.7f} {error:>10}"
    )


def machine() -> dict[str, object]:
    """What the times depend on; no names of the machine or its user."""
    model = platform.processor()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "date": date.today().isoformat(),
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def versions() -> dict[str, str]:
    """Of the programs that are there."""
    names = [line for line in (HERE / "peers.txt").read_text(encoding="utf-8").splitlines() if "==" in line]
    found = dict(line.split("==") for line in names) if PEERS.exists() else {}
    if shutil.which("Rscript"):
        script = "for (p in c('lme4', 'glmmTMB', 'pbkrtest')) if (requireNamespace(p, quietly = TRUE)) "
        script += "cat(p, as.character(packageVersion(p)), '\\n')"
        said = subprocess.run(["Rscript", "-e", script], capture_output=True, text=True, check=False).stdout
        found |= dict(line.split() for line in said.splitlines() if line.strip())
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="beginnings of names of tasks")
    parser.add_argument("--alone", action="store_true", help="without the peers")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds a program may take")
    parser.add_argument("--record", type=Path, help="the file to write")
    arguments = parser.parse_args()
    tasks = [t for t in TASKS if not arguments.only or t.name.startswith(tuple(arguments.only))]
    record: dict[str, object] = {"machine": machine(), "versions": versions(), "limit": arguments.limit}
    record["tasks"] = {}
    print(
        f"{'task':14} {'program':14} {'seconds':>9} {'first':>9} {'to best':>8} {'MB':>8} "
        f"{'log likelihood':>17} {'effect':>10} {'std error':>10}"
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        there = tables(folder, tasks)
        for task in tasks:
            if task.data not in there:
                print(f"{task.name:14} left out: its data come from R's lme4, which is not there")
                continue
            programs = (OURS, *(() if arguments.alone else task.asked))
            found = {p: a for p in programs if (a := asked(p, task, folder, arguments.limit)) is not None}
            others = [a["seconds"] for p, a in found.items() if p != OURS and "seconds" in a]
            best = min(others) if others else None
            for program, answer in found.items():
                print(shown(task, program, answer, best), flush=True)
            rows = len(pd.read_parquet(folder / f"{task.data}.parquet", columns=[]).index)
            record["tasks"][task.name] = {
                "title": task.title,
                "rows": rows,
                "goal": task.goal,
                "programs": found,
            }
    if arguments.record:
        arguments.record.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
