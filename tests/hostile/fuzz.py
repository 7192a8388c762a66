"""Fuzzing of every reader, led by coverage: atheris (libFuzzer) under ``make fuzz``.

``python -m tests.hostile.fuzz plan 60`` feeds the reader of plans for a minute; ``all 900`` shares a quarter
of an hour among all, and records what came of it in docs/fuzzing.json. What a reader raises that is no
PreceptError is kept in results/fuzz, once for each place in the code; libFuzzer itself ends at an input
that takes more than 25 seconds or 2 GB.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import atheris  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["precept_stats"]):
    from tests.hostile.readers import READERS, STRUCTURED, edited, refused, seed, spoilt

ROOT = Path(__file__).resolve().parents[2]
FOUND, RECORD = ROOT / "results" / "fuzz", ROOT / "docs" / "fuzzing.json"
LIMITS = ("-timeout=25", "-rss_limit_mb=2048", "-max_len=4096", "-print_final_stats=1")
DONE = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
COVERED = re.compile(r"cov: (\d+)")


def fuzz(reader: str, seconds: int) -> None:
    """Feed one reader. The first byte of an input says how the rest becomes a document."""
    seen: set[str] = set()

    def one(data: bytes) -> None:
        content = document(reader, data)
        try:
            refused(reader, content)
        except Exception as problem:
            frame = traceback.extract_tb(problem.__traceback__)[-1]
            place = f"{type(problem).__name__} {Path(frame.filename).name}:{frame.lineno}"
            if place not in seen:
                seen.add(place)
                keep(reader, place, content)

    corpus = FOUND / reader
    corpus.mkdir(parents=True, exist_ok=True)
    (corpus / "seed").write_bytes(b"\x00" + seed(reader))
    (corpus / "edit").write_bytes(b"\x01" + bytes(range(64)))
    (corpus / "spoil").write_bytes(b"\x02" + bytes(range(64)))
    atheris.Setup([sys.argv[0], *LIMITS, f"-max_total_time={seconds}", str(corpus)], one)
    atheris.Fuzz()


def document(reader: str, data: bytes) -> bytes:
    """The bytes themselves, or the valid document edited as they say."""
    if not data or data[0] % 3 == 0:
        return data[1:]
    choices = atheris.FuzzedDataProvider(data[1:])

    def choose(below: int) -> int:
        return int(choices.ConsumeIntInRange(0, below - 1))

    return edited(reader, choose) if data[0] % 3 == 1 and reader in STRUCTURED else spoilt(reader, choose)


def keep(reader: str, place: str, content: bytes) -> None:
    """Write down an input that broke a reader."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", place)
    (FOUND / f"{reader}-{name}.bin").write_bytes(content)
    sys.stderr.write(f"BROKEN {place}\n")


def share(seconds: int) -> None:
    """Feed all readers, as many at once as there are processors; record executions and what broke."""
    each = seconds // len(READERS)
    with ThreadPoolExecutor(os.cpu_count() or 1) as workers:
        entries = dict(zip(READERS, workers.map(lambda reader: fed(reader, each), READERS), strict=True))
    record = {"date": datetime.now(UTC).date().isoformat(), "atheris": "3.1.0", "readers": entries}
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def fed(reader: str, seconds: int) -> dict[str, object]:
    """What came of feeding one reader in a process of its own."""
    command = [sys.executable, "-m", "tests.hostile.fuzz", reader, str(seconds)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    said = ended.stderr + ended.stdout
    found = {
        "seconds": seconds,
        "executions": sum(map(int, DONE.findall(said))),
        "coverage": max(map(int, COVERED.findall(said)), default=0),
        "broken": sorted(set(re.findall(r"BROKEN (.*)", said))),
        "ended": "in time" if ended.returncode == 0 else said.strip().splitlines()[-1][:200],
    }
    sys.stdout.write(f"{reader} {found}\n")
    return found


if __name__ == "__main__":
    if sys.argv[1] == "all":
        share(int(sys.argv[2]))
    else:
        fuzz(sys.argv[1], int(sys.argv[2]))
