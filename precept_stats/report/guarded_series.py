"""What is left of the points of a series: values are those of rounded counts, or gone with small ones.

A point is a number of events among so many people. Both counts are rounded or suppressed like any other; the
value is then computed anew from what is shown, and goes where one of them is not. How many were without the
event cannot be worked back from two rounded counts, each of which stands for five.
"""

from __future__ import annotations

from dataclasses import replace

from precept_stats.data.policies import CountRule
from precept_stats.report.guarded import (
    WITHHELD,
    Key,
    counts_people,
    key_of,
    number,
    suppressed,
)
from precept_stats.values import Row


def of_points(rows: list[Row], rule: CountRule) -> dict[Key, Row]:
    """New rows, by key and statistic, for the points of series that count people."""
    points: dict[Key, dict[str, Row]] = {}
    for row in rows:
        if row.context == "series":
            points.setdefault(key_of(row), {})[row.stat_name] = row
    changed: dict[Key, Row] = {}
    for key, found in points.items():
        below = found.get("N")
        if below is None or not counts_people(below) or "value" not in found:
            continue
        for row in _gated(found, rule):
            changed[(*key, row.stat_name)] = row
    return changed


def _gated(found: dict[str, Row], rule: CountRule) -> list[Row]:
    if WITHHELD in (found["N"].warning, found["n"].warning if "n" in found else ""):
        return [suppressed(found["value"], WITHHELD)]
    total, events, value = number(found["N"]), number(found.get("n")), found["value"]
    if total is None or rule.is_small(total):
        gone = [found[name] for name in ("n", "N", "value") if name in found]
        return [suppressed(row, f"of {rule.words} individuals") for row in gone]
    if events is None or rule.is_small(events):
        gone = [found[name] for name in ("n", "value") if name in found]
        return [suppressed(row, f"from a count of {rule.words}") for row in gone]
    if total == 0:
        return []
    return [replace(value, stat=min(rule.rounded(events) / rule.rounded(total), 1.0))]
