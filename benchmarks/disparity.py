"""All indices of disparity with intervals: 124 areas, 3 periods, 5 indicators; a row a kind of interval.

Tables are synthetic, of the size of England's maternity data by trust; reading them is not timed. The delta
method has a budget of 1 second, 2,000 bootstrap replicates one of 5.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

import precept_stats as ps
from precept_stats.data.dataset import Table, load_table

AREAS, PERIODS, INDICATORS, REPEATS = 124, 3, 5, 3
BUDGETS = {"delta": 1.0, "bootstrap": 5.0, "bayesian": 5.0}
SETTINGS = {
    "delta": {"kind": "delta"},
    "bootstrap": {"kind": "bootstrap", "replicates": 1999},
    "bayesian": {"kind": "bayesian", "draws": 2000},
}
QUESTION = ps.AreaQuestion(
    ps.Population(of="areas"),
    ps.Outcome(column="events", denominator="people", type="binary", direction="lower_better"),
)
STUDY = ps.Regions(area="area", period="period", scale="per_cent", rounded_to=5)


def table(seed: int) -> pd.DataFrame:
    """Counts of 124 areas in three periods."""
    rng = np.random.default_rng(seed)
    people = np.round(rng.lognormal(8.3, 0.5, AREAS) / 5) * 5 + 100
    share = 1 / (1 + np.exp(2.4 - rng.normal(0, 0.15, (PERIODS, AREAS))))
    events = np.round(rng.binomial(people.astype(int), share) / 5) * 5
    periods, areas = np.meshgrid(range(PERIODS), range(AREAS), indexing="ij")
    return pd.DataFrame(
        {
            "area": [f"Area {k:03d}" for k in areas.ravel()],
            "period": [f"Year {t}" for t in periods.ravel()],
            "events": events.ravel().astype(int),
            "people": np.tile(people, PERIODS).astype(int),
        }
    )


def seconds(kind: str, tables: list[Table]) -> float:
    """The least processor time of a few runs over all indicators, rows included."""
    method = ps.DisparityIndices.model_validate({"intervals": SETTINGS[kind]})
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        for one in tables:
            ps.disparity(STUDY, {"areas": one}, QUESTION, method, ps.DisparityHow(seed=1))
        times.append(time.process_time() - start)
    return min(times)


def main() -> int:
    tables = [load_table(table(seed), None, "areas") for seed in range(INDICATORS)]
    print(f"{'intervals':12} {'seconds':>8} {'budget':>8}")
    over = False
    for kind, budget in BUDGETS.items():
        taken = seconds(kind, tables)
        over |= taken > budget
        print(f"{kind:12} {taken:8.2f} {budget:8.1f}")
    return int(over)


if __name__ == "__main__":
    sys.exit(main())
