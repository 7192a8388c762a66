"""The machine and the software that numbers were made on: no host name, no user, no path."""

from __future__ import annotations

import locale
import os
import platform
import time
from functools import lru_cache
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

from precept_stats.data.canonical import canonical_digest

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "OPENBLAS_CORETYPE",
    "MKL_NUM_THREADS",
    "MKL_CBWR",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
BLAS_FIELDS = ("user_api", "internal_api", "version", "architecture", "threading_layer", "num_threads")
PACKAGE = Path(__file__).resolve().parents[1]


def environment() -> dict[str, Any]:
    """Python, packages, BLAS with its threads, and the processor."""
    return {
        "precept_environment": "1",
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "blas": _blas(),
        "threads": {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ},
        "locale": locale.setlocale(locale.LC_CTYPE),
        "timezone": time.tzname[0],
        "packages": packages(),
    }


def fingerprint() -> str:
    """A digest of all that could change a digit: software, its source, BLAS, threads and processor."""
    sources = sorted(PACKAGE.rglob("*.py"))
    stamps = [[path.relative_to(PACKAGE).as_posix(), path.stat().st_size] for path in sources]
    times = [str(path.stat().st_mtime_ns) for path in sources]
    return canonical_digest([environment(), stamps, times])


@lru_cache(maxsize=1)
def packages() -> dict[str, str]:
    """Every installed distribution and its version, by name."""
    found = {item.name: item.version for item in distributions() if item.name}
    return {name: found[name] for name in sorted(found, key=str.lower)}


def _blas() -> list[dict[str, Any]]:
    """The libraries for linear algebra that are loaded, without the paths of their files."""
    found = [{name: pool.get(name) for name in BLAS_FIELDS if name in pool} for pool in threadpool_info()]
    return sorted(found, key=lambda pool: [str(pool.get(name)) for name in BLAS_FIELDS])


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())
