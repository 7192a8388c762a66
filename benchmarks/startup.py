"""How long `import precept_stats` takes, beside a bare interpreter and beside pandas: a row each."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

REPEATS = 7
BUDGET_SECONDS = 0.5
STATEMENTS = (
    "pass",
    "import precept_stats",
    "from precept_stats import run",
    "import precept_stats.cli",
    "import pandas",
    "import statsmodels.api",
)


def seconds(statement: str) -> float:
    """Median wall time of a fresh interpreter that runs the statement, file cache warm."""
    times = []
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def main() -> int:
    bare = seconds("pass")
    print(f"{'statement':32} {'seconds':>8} {'less bare':>10} {'budget':>8}")
    over = False
    for statement in STATEMENTS:
        taken = bare if statement == "pass" else seconds(statement)
        ours = statement == "import precept_stats"
        over |= ours and taken - bare > BUDGET_SECONDS
        budget = f"{BUDGET_SECONDS:8.1f}" if ours else ""
        print(f"{statement:32} {taken:8.3f} {taken - bare:10.3f} {budget}")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
