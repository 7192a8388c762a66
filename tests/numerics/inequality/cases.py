"""Areas that tests measure: regions of maternity data, counties of North Carolina, and made-up ones."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from precept_stats.numerics.inequality.areas import Areas, Vector, indicator, midpoints

HERE = Path(__file__).parent
EXPECTED = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
CASES = [name for name in EXPECTED if name != "meta"]


@dataclass(frozen=True)
class Given:
    """Estimates, their standard errors and the areas that they are of."""

    y: Vector
    std_error: Vector
    areas: Areas


def areas_of(y: Vector, people: Vector, *, favourable: bool, top: float, rank: Vector | None = None) -> Areas:
    """The best area is the reference; the two at the ends are compared."""
    share = people / people.sum()
    best = int(np.argmax(y) if favourable else np.argmin(y))
    ridit = np.full(len(y), np.nan) if rank is None else midpoints(rank, share)
    sign = 1.0 if favourable else -1.0
    low, high = (indicator(int(place), len(y)) for place in (np.argmin(y), np.argmax(y)))
    one = indicator(best, len(y))
    return Areas(share, one, one, low, high, ridit, (0.0, top), sign)


def given(name: str) -> Given:
    """A case of ``expected.json``: from the shipped counties, or from data that do not ship."""
    case = EXPECTED[name]
    counts = _counties(name) if name.startswith("nc_sids") else _regions(name)
    events, people = counts
    scale = float(case["scale"])
    y = scale * events / people
    if name.startswith("nc_sids"):
        std_error = scale * np.sqrt(np.maximum(events, 0.5)) / people
    else:
        share = events / people
        std_error = scale * np.sqrt(share * (1.0 - share) / people)
    return Given(y, std_error, areas_of(y, people, favourable=bool(case["favourable"]), top=scale))


def _counties(name: str) -> tuple[Vector, Vector]:
    year = name.removeprefix("nc_sids_")
    with (HERE / "nc_sids.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return np.array([float(row[f"SID{year}"]) for row in rows]), np.array(
        [float(row[f"BIR{year}"]) for row in rows]
    )


def _regions(name: str) -> tuple[Vector, Vector]:
    if "PRECEPT_DATA" not in os.environ:
        pytest.skip("the maternity data do not ship; PRECEPT_DATA is not set")
    indicator_name, period = name.removeprefix("msds_region_").rsplit("_", 1)
    with (Path(os.environ["PRECEPT_DATA"]) / "msds_indicators.csv").open(encoding="utf-8") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if (row["Period"], row["indicator"], row["Org_Level"]) == (period, indicator_name, "Region")
        ]
    rows.sort(key=lambda row: row["Org_Code"])
    return np.array([float(row["numerator"]) for row in rows]), np.array(
        [float(row["denominator"]) for row in rows]
    )


def made_up(count: int) -> Given:
    """Ordered areas far apart for their standard errors, of sizes as unequal as those of trusts."""
    place = np.arange(count)
    y = 20.0 + 60.0 * ((place * 37) % count + 0.31 * np.sin(place)) / count
    people = 400.0 + 9000.0 * ((place * 29) % count / count) ** 2
    std_error = (0.6 / count) * (0.5 + (place % 3) / 2.0)
    return Given(
        y, std_error, areas_of(y, people, favourable=False, top=100.0, rank=(place // 2).astype(float))
    )
