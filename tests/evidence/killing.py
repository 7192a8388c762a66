"""Kill a run at random moments, resume it, and compare its rows with those of a run left alone.

    python -m tests.evidence.killing [--moments 50] [--record docs/kill_study.json]

Half of the runs write to a new place; the other half replace an older bundle. The moments are spread
evenly over the processor time of a run, since time on the clock depends on what else a machine does. A
run that had ended before its moment came is not counted, and is tried again with another.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import precept_stats.evidence.publish
import precept_stats.report.figures  # noqa: F401  (loaded before the processes are forked)
from precept_stats.ard import read_json
from precept_stats.cli import main as main_of_the_command_line
from precept_stats.evidence.manifest import manifest_problems
from tests.evidence.trial import write_trial

DOCS = Path(__file__).resolve().parents[2] / "docs"
RECORD, PAGE = DOCS / "kill_study.json", DOCS / "bundle.md"
OPENING, CLOSING = "<!-- kill study -->\n", "<!-- /kill study -->"


@dataclass(frozen=True)
class Killed:
    """What was found after one kill and one resumed run."""

    phase: str
    kept: int
    resumed: int
    half: bool
    identical: bool
    left_over: bool


def start(plan: Path, out: Path) -> int:
    """Start ``precept run`` in a process of its own, forked so that nothing has to be loaded; its number."""
    number = os.fork()
    if number:
        return number
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    sys.argv = ["precept", "run", str(plan), "--out", str(out), "--force"]
    code = 1
    try:
        main_of_the_command_line()
    except SystemExit as ending:
        code = int(ending.code or 0)
    finally:
        os._exit(code)


def seconds_of(number: int) -> float:
    """The processor time that a process has used so far (Linux)."""
    parts = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def finished(plan: Path, out: Path) -> float:
    """Run to the end, and tell the processor time that it took."""
    _, status, used = os.wait4(start(plan, out), 0)
    if status:
        raise RuntimeError(f"the run ended with {os.waitstatus_to_exitcode(status)}")
    return used.ru_utime + used.ru_stime


def rows_text(out: Path) -> str:
    """Everything in rows.json but the moment at which it was made."""
    text = (out / "rows.json").read_text()
    return text.replace(read_json(out / "rows.json").provenance.created, "")


def whole(out: Path) -> bool:
    """A folder that is not there, or is a complete bundle."""
    return not out.exists() or not manifest_problems(out)


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


def kill_once(plan: Path, out: Path, moment: float) -> Killed | None:
    """Kill a run when it has used so many seconds, then resume it; None where it ended before that."""
    shop = out.parent / f".{out.name}.unfinished"
    running = start(plan, out)
    while os.waitid(os.P_PID, running, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if seconds_of(running) >= moment:
            os.kill(running, signal.SIGKILL)
            break
        time.sleep(0.002)
    if not os.WIFSIGNALED(os.waitpid(running, 0)[1]):
        return None
    kept = len(list((shop / "analyses").glob("*.json"))) - 1 if (shop / "analyses").exists() else 0
    phase = _phase(shop, out, kept)
    half = not whole(out)
    finished(plan, out)
    events = [json.loads(line)["event"] for line in (out / "log.jsonl").read_text().splitlines()]
    return Killed(phase, max(kept, 0), events.count("resumed"), half, False, shop.exists())


def _phase(shop: Path, out: Path, kept: int) -> str:
    if (shop / "new").exists() or (shop / "old").exists() or (out.exists() and not shop.exists()):
        return "while it wrote"
    return "after some analyses had finished" if kept > 0 else "before an analysis had finished"


def study(moments: int, seed: int, folder: Path) -> Iterator[Killed]:
    """One entry a kill."""
    plan = long_plan(folder)
    length = finished(plan, folder / "alone")
    expected = rows_text(folder / "alone")
    draw = random.Random(seed)  # noqa: S311
    done = 0
    while done < moments:
        out = folder / f"run{done}"
        if done % 2:
            shutil.copytree(folder / "alone", out)
        found = kill_once(plan, out, draw.uniform(0, length))
        if found is not None:
            identical = rows_text(out) == expected and whole(out)
            yield Killed(found.phase, found.kept, found.resumed, found.half, identical, found.left_over)
            done += 1
        shutil.rmtree(out)


def kill_words(record: dict[str, Any]) -> str:
    """The record as the page tells it."""
    phases = ", ".join(f"{count} {phase}" for phase, count in sorted(record["killed"].items()))
    same, taken = record["identical_rows_after_resuming"], record["analyses_resumed"]
    half = record["half_written_bundles"]
    return (
        f"Measured: `kill -9` at {record['moments']} random moments of runs of a synthetic trial with 11\n"
        f"analyses, every second one replacing an older bundle ({phases}).\n"
        f"Half-written bundles: {half}. Resumed runs with rows identical to those of a run left alone:\n"
        f"{same} of {record['moments']}. Of {record['analyses_found_finished']} analyses "
        f"that had finished when the kill came, {taken} were taken over. `make kill-study` does it again.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=50)
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--record", type=Path, default=RECORD)
    given = parser.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as folder:
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
    if given.record == RECORD:
        before, _, rest = PAGE.read_text().partition(OPENING)
        PAGE.write_text(f"{before}{OPENING}{kill_words(record)}{CLOSING}{rest.partition(CLOSING)[2]}")
    sys.stdout.write(json.dumps(record, indent=1) + "\n")
    if record["half_written_bundles"] or record["identical_rows_after_resuming"] != len(found):
        sys.exit(1)


if __name__ == "__main__":
    main()
