"""What is left of tipping points where few outcomes are missing.

The estimate moves with a shift in proportion to the share of an arm that is missing, so that a grid of shifts
gives a small number of missing outcomes away.
"""

from __future__ import annotations

from collections.abc import Iterable

from precept_stats.report.guarded import SMALL, Key, is_small, key_of, number, suppressed
from precept_stats.values import Row


def of_shifts(rows: Iterable[Row]) -> dict[Key, Row]:
    """New rows, by key and statistic, for the grids of analyses with a small number of missing outcomes."""
    found = list(rows)
    few = {
        row.analysis
        for row in found
        if row.context == "imputation"
        and row.stat_name == "n_missing"
        and (is_small(number(row)) or row.status == "suppressed")
    }
    return {
        (*key_of(row), row.stat_name): suppressed(row, f"an arm has {SMALL} missing outcomes")
        for row in found
        if row.context == "tipping_point" and row.analysis in few and row.stat is not None
    }
