"""Areas for tests: a table, a question, and rows by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

import precept_stats as ps
from precept_stats.values import Disparity, Row


def question(direction: str = "lower_better", **outcome: Any) -> ps.AreaQuestion:
    told = {"column": "events", "denominator": "people", "type": "binary", "direction": direction} | outcome
    return ps.AreaQuestion(ps.Population(of="areas"), ps.Outcome.model_validate(told))


def study(**fields: Any) -> ps.Regions:
    return ps.Regions.model_validate({"area": "area", "scale": "per_cent"} | fields)


def table(count: int = 12, periods: tuple[str, ...] = ("2020",), seed: int = 4) -> pd.DataFrame:
    """Areas with shares that differ, in groups of three, over periods in which they come nearer."""
    rng = np.random.default_rng(seed)
    effect = rng.normal(0.0, 0.5, count)
    people = rng.integers(120, 900, count)
    rows = []
    for at, period in enumerate(periods):
        share = 1.0 / (1.0 + np.exp(1.0 - 0.8 * at - effect / (1.0 + at)))
        events = rng.binomial(people, share)
        for k in range(count):
            rows.append((f"A{k:02d}", f"G{k // 3}", period, int(events[k]), int(people[k])))
    return pd.DataFrame(rows, columns=["area", "group", "period", "events", "people"])


def of(found: Disparity, context: str, stat_name: str = "estimate", **groups: str) -> list[Row]:
    """Rows of a context and statistic whose groups hold these."""
    return [
        row
        for row in found.rows
        if row.context == context
        and row.stat_name == stat_name
        and all(row.group(name) == level for name, level in groups.items())
    ]


def one(found: Disparity, measure: str, stat_name: str = "estimate", **groups: str) -> Row:
    """The one row of a measure."""
    mine = [
        row
        for row in found.rows
        if (row.measure, row.stat_name) == (measure, stat_name)
        and not row.group("area")
        and all(row.group(name) == level for name, level in groups.items())
    ]
    assert len(mine) == 1, [row.groups for row in mine]
    return mine[0]
