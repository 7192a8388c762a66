"""Fuzzing of every reader, led by coverage: atheris (libFuzzer) under ``make fuzz``.

``python -m tests.hostile.fuzz 900`` feeds the readers for a quarter of an hour, each as long as the others
and in a process of its own, and records in docs/fuzzing.json what came of it. The first byte of an input
says how the rest becomes a document. What a reader raises that is no PreceptError is kept in results/fuzz,
once for each place in the code; libFuzzer itself ends at an input that takes more than 25 seconds or 2 GB.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import FunctionType, ModuleType

ROOT = Path(__file__).resolve().parents[2]
FOUND, RECORD = ROOT / "results" / "fuzz", ROOT / "docs" / "fuzzing.json"
LIMITS = ("-timeout=25", "-rss_limit_mb=2048", "-max_len=4096", "-print_final_stats=1")
LED_BY = (
    *(
        "data.strict_yaml",
        "data.strict_json",
        "data.parquet",
        "data.readers",
        "data.schema",
        "data.canonical",
    ),
    *(
        "plan.reader",
        "plan.expand",
        "plan.validation",
        "plan.findings",
        "plan.lock_document",
        "plan.lock_chain",
    ),
    *("evidence.manifest", "evidence.verify.opened", "studies.formula", "studies.formula_text", "ard"),
)
"""Modules whose branches lead the search."""
EVERY = 20


def feed(reader: str, seconds: int) -> None:
    """Feed one reader in this process, and keep count in a file; libFuzzer ends the process."""
    import atheris  # type: ignore[import-not-found]

    from tests.hostile.readers import STRUCTURED, edited, refused, seed, spoilt

    for name in LED_BY:
        for inside in _functions(import_module(f"precept_stats.{name}")):
            atheris.instrument_func(inside)
    counts: Counter[str] = Counter()
    broken: list[str] = []

    def document(data: bytes) -> bytes:
        """The bytes themselves, or the valid document edited as they say."""
        way = data[0] % 3 if data else 0
        if way == 0:
            return data[1:]
        choices = atheris.FuzzedDataProvider(data[1:])

        def choose(below: int) -> int:
            return int(choices.ConsumeIntInRange(0, below - 1))

        return edited(reader, choose) if way == 1 and reader in STRUCTURED else spoilt(reader, choose)

    def one(data: bytes) -> None:
        content = document(data)
        counts["fed"] += 1
        try:
            counts["refused"] += refused(reader, content) is not None
        except Exception as problem:
            frame = traceback.extract_tb(problem.__traceback__)[-1]
            place = f"{type(problem).__name__} at {Path(frame.filename).name}:{frame.lineno}"
            if place not in broken:
                broken.append(place)
                (FOUND / f"{reader}-{re.sub('[^A-Za-z0-9]+', '-', place)}.bin").write_bytes(content)
        if counts["fed"] % EVERY == 1 or broken:
            said = {"executions": counts["fed"], "refused": counts["refused"], "broken": broken}
            (FOUND / f"{reader}.json").write_text(json.dumps(said), encoding="utf-8")

    corpus = FOUND / "corpus" / reader
    corpus.mkdir(parents=True, exist_ok=True)
    (corpus / "seed").write_bytes(bytes([0]) + seed(reader))
    for way in (1, 2):
        (corpus / f"way-{way}").write_bytes(bytes([way, *range(64)]))
    atheris.Setup([sys.argv[0], *LIMITS, f"-max_total_time={seconds}", str(corpus)], one)
    atheris.Fuzz()


def _functions(module: ModuleType) -> Iterator[FunctionType]:
    """The functions and methods that a module defines itself."""
    for one in vars(module).values():
        inside = vars(one).values() if isinstance(one, type) else (one,)
        yield from (
            each for each in inside if isinstance(each, FunctionType) and each.__module__ == module.__name__
        )


def record(seconds: int) -> None:
    """Feed every reader in a process of its own, and write what came of it to docs/fuzzing.json."""
    from tests.hostile.readers import READERS

    shutil.rmtree(FOUND, ignore_errors=True)
    FOUND.mkdir(parents=True)
    began, each = datetime.now(UTC), max(1, seconds // len(READERS))
    readers = {reader: _fed(reader, each) for reader in READERS}
    used = os.times().children_user + os.times().children_system
    document = {
        "date": began.date().isoformat(),
        "atheris": version("atheris"),
        "seconds": each * len(READERS),
        "processor_seconds": round(used),
        "readers": readers,
    }
    RECORD.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def _fed(reader: str, seconds: int) -> dict[str, object]:
    """What one reader was fed, and how that ended."""
    command = [sys.executable, "-m", "tests.hostile.fuzz", "feed", reader, str(seconds)]
    path = FOUND / f"{reader}.log"
    with path.open("wb") as log:
        ended = subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, check=False)
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    said = json.loads((FOUND / f"{reader}.json").read_text(encoding="utf-8"))
    return {**said, **_stated(lines), "ended": "in time" if ended.returncode == 0 else lines[-1][:200]}


def _stated(lines: list[str]) -> dict[str, int]:
    """What libFuzzer says at its end: the slowest input in whole seconds, the most memory in MB."""
    wanted = {
        "stat::slowest_unit_time_sec:": "slowest_seconds",
        "stat::peak_rss_mb:": "most_megabytes",
    }
    found = (line.split() for line in lines if line.startswith("stat::"))
    return {wanted[name]: int(value) for name, value in found if name in wanted}


if __name__ == "__main__":
    if sys.argv[1] == "feed":
        feed(sys.argv[2], int(sys.argv[3]))
    else:
        record(int(sys.argv[1]))
