"""Wall time of `precept run` on every shipped plan, interpreter start and figures included: a row each."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPEATS = 3
BUDGET_SECONDS = 5.0
PLANS = Path(__file__).resolve().parent.parent / "analysis_plans"


def seconds(plan: Path, folder: Path) -> float:
    """Median wall time of the command, after one run that warms the file cache."""
    times = []
    for repeat in range(REPEATS + 1):
        command = [
            sys.executable,
            "-m",
            "precept_stats",
            "run",
            plan,
            "--out",
            folder / f"{plan.stem}{repeat}",
        ]
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def main() -> int:
    print(f"{'plan':32} {'seconds':>8} {'budget':>8}")
    over = False
    with tempfile.TemporaryDirectory() as folder:
        for plan in sorted(PLANS.glob("*.yaml")):
            if "folder: PRECEPT_DATA" in plan.read_text(encoding="utf-8") and not os.environ.get(
                "PRECEPT_DATA"
            ):
                print(f"{plan.stem:32} {'skipped: its data do not ship and PRECEPT_DATA is not set'}")
                continue
            taken = seconds(plan, Path(folder))
            over |= taken > BUDGET_SECONDS
            print(f"{plan.stem:32} {taken:8.2f} {BUDGET_SECONDS:8.1f}")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
