"""Kill a run at random moments, resume it, and compare its rows with those of a run left alone.

    python -m tests.evidence.killing [--moments 50] [--record docs/kill_study.json]

Half of the runs write to a new place; the other half replace an older bundle. A third of the moments
is spread over the whole run, a third over the time from the first finished analysis on, and a third over
the time from when it begins to write.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from precept_stats.ard import read_json
from precept_stats.evidence.manifest import manifest_problems
from tests.evidence.trial import write_trial


@dataclass(frozen=True)
class Killed:
    """What was found after one kill and one resumed run."""

    phase: str
    kept: int
    resumed: int
    half: bool
    identical: bool
    left_over: bool


def command(plan: Path, out: Path) -> list[str]:
    return [sys.executable, "-m", "precept_stats", "run", str(plan), "--out", str(out), "--force"]


def finished(plan: Path, out: Path) -> None:
    done = subprocess.run(command(plan, out), capture_output=True, text=True, env=_quiet())
    if done.returncode:
        raise RuntimeError(done.stderr)


def _quiet() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def rows_text(out: Path) -> str:
    """Everything in rows.json but the moment at which it was made."""
    text = (out / "rows.json").read_text()
    return text.replace(read_json(out / "rows.json").provenance.created, "")


def whole(out: Path) -> bool:
    """A folder that is not there, or is a complete bundle."""
    return not out.exists() or not manifest_problems(out)


STARTS = {"start": "", "first analysis": "analyses/primary.json", "writing": "new"}
"""From when on a moment is counted, and the file of the workshop by which that is seen."""
EXTRA = """  more{number}:
    based_on: primary
    purpose: sensitivity
    method: {{kind: randomisation_test, allocations: {{kind: monte_carlo, draws: {draws}}}}}
"""


def long_plan(folder: Path) -> Path:
    """The small trial with more analyses that draw, so that a run spends some time between them."""
    plan = write_trial(folder)
    more = "".join(EXTRA.format(number=number, draws=60_000 + number) for number in range(8))
    plan.write_text(plan.read_text().replace("multiplicity:", f"{more}multiplicity:", 1))
    return plan


def kill_once(plan: Path, out: Path, moment: float, start: str) -> Killed:
    """Kill a run some seconds after one of ``STARTS``; then resume it."""
    shop = out.parent / f".{out.name}.unfinished"
    running = subprocess.Popen(
        command(plan, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_quiet()
    )
    while not (shop / STARTS[start]).exists() and running.poll() is None and start != "start":
        time.sleep(0.0005)
    deadline = time.monotonic() + moment
    while time.monotonic() < deadline and running.poll() is None:
        time.sleep(0.0005)
    ended = running.poll() is not None
    running.send_signal(signal.SIGKILL)
    running.wait()
    kept = len(list((shop / "analyses").glob("*.json"))) - 1 if (shop / "analyses").exists() else 0
    phase = _phase(shop, ended, kept)
    half = not whole(out)
    finished(plan, out)
    events = [json.loads(line)["event"] for line in (out / "log.jsonl").read_text().splitlines()]
    return Killed(phase, max(kept, 0), events.count("resumed"), half, False, shop.exists())


def _phase(shop: Path, ended: bool, kept: int) -> str:
    if ended:
        return "after it had ended"
    if (shop / "new").exists() or (shop / "old").exists():
        return "while it wrote"
    return "between analyses and writing" if kept > 0 else "before the first analysis had finished"


def study(moments: int, seed: int, folder: Path) -> Iterator[Killed]:
    """One entry a moment."""
    plan = long_plan(folder)
    started = time.monotonic()
    finished(plan, folder / "alone")
    length = time.monotonic() - started
    spans = {"start": length, **_spans(folder / "alone")}
    expected = rows_text(folder / "alone")
    draw = random.Random(seed)  # noqa: S311
    for number in range(moments):
        out = folder / f"run{number}"
        if number % 2:
            shutil.copytree(folder / "alone", out)
        start = list(STARTS)[number % 3]
        found = kill_once(plan, out, draw.uniform(0, spans[start]), start)
        identical = rows_text(out) == expected and whole(out)
        yield Killed(found.phase, found.kept, found.resumed, found.half, identical, found.left_over)
        shutil.rmtree(out)


def _spans(out: Path) -> dict[str, float]:
    """How long a run took from its first finished analysis, and from its last, to its end."""
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    first, last = log[1]["seconds"], log[-1]["seconds"]
    ended = (out / "manifest.json").stat().st_mtime
    writing = max(0.5, ended - datetime.fromisoformat(log[-1]["at"]).timestamp())
    return {"first analysis": last - first + writing, "writing": writing}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--record", type=Path, default=Path("docs/kill_study.json"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for one in study(given.moments, given.seed, Path(folder)):
            found.append(one)
            sys.stdout.write(f"{len(found)}: {one}\n")
            sys.stdout.flush()
    record = {
        "moments": len(found),
        "seed": given.seed,
        "killed": dict(Counter(one.phase for one in found)),
        "half_written_bundles": sum(one.half for one in found),
        "identical_rows_after_resuming": sum(one.identical for one in found),
        "analyses_found_finished": sum(one.kept for one in found),
        "analyses_resumed": sum(one.resumed for one in found),
        "workshops_left_over": sum(one.left_over for one in found),
    }
    given.record.write_text(json.dumps(record, indent=1) + "\n")
    sys.stdout.write(json.dumps(record, indent=1) + "\n")
    if record["half_written_bundles"] or record["identical_rows_after_resuming"] != len(found):
        sys.exit(1)


if __name__ == "__main__":
    main()
