"""Seconds and peak memory of a fit in this process.

Standard library only: the environment of the peers runs it too.
"""

from __future__ import annotations

import contextlib
import json
import re
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

MOST, LONG_ENOUGH = 7, 10.0
"""Warm runs at most, and seconds of them after which no more are made."""


def megabytes(field: str) -> float | None:
    """VmRSS (now) or VmHWM (the peak) of this process; None where the system does not tell."""
    try:
        found = re.search(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    except OSError:
        return None
    return int(found[1]) / 1024 if found else None


def forget_peak() -> None:
    """Let the peak begin anew at what is used now."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def measure(work: Callable[[], dict[str, float]]) -> dict[str, object]:
    """The first (cold) and the median warm time, memory beyond what stood before, and the answer.

    When the first takes very long it is the only one, and ``runs`` is 0.
    """
    forget_peak()
    before = megabytes("VmRSS")
    begin = time.perf_counter()
    answer = work()
    first, times = time.perf_counter() - begin, []
    peak = megabytes("VmHWM")
    while first < LONG_ENOUGH and len(times) < MOST and sum(times) < LONG_ENOUGH:
        begin = time.perf_counter()
        answer = work()
        times.append(time.perf_counter() - begin)
    return {
        "first": first,
        "seconds": statistics.median(times) if times else first,
        "runs": len(times),
        "memory_mb": None if before is None or peak is None else max(0.0, peak - before),
        **answer,
    }


def report(found: dict[str, object]) -> None:
    """The last line of output, for the program that asked."""
    sys.stdout.write("\n" + json.dumps(found) + "\n")
