"""What is left of a first stage where an arm has few who received, or few who did not.

The difference between two shares gives a small count away where the other share is known.
"""

from __future__ import annotations

from collections.abc import Iterable

from precept_stats.data.policies import CountRule
from precept_stats.report.guarded import Key, key_of, number, suppressed
from precept_stats.values import Row

COUNTS = ("n", "N")


def of_first_stages(rows: Iterable[Row], rule: CountRule) -> dict[Key, Row]:
    """New rows, by key and statistic, for first stages that would tell of few people."""
    stages = [row for row in rows if row.context == "first_stage"]
    few = few_received(stages, rule)
    reason = f"an arm has {rule.words} who received it, or did not"
    return {
        (*key_of(row), row.stat_name): suppressed(row, reason)
        for row in stages
        if row.analysis in few
        and row.stat is not None
        and (row.stat_name not in COUNTS or row.stat_name == "n")
    }


def few_received(rows: Iterable[Row], rule: CountRule) -> frozenset[str]:
    """Analyses in which an arm has 1 to 7 people who received it, or who did not."""
    stages = [row for row in rows if row.context == "first_stage"]
    return frozenset(row.analysis for row in stages if row.stat_name == "n" and _few(row, stages, rule))


def _few(row: Row, stages: list[Row], rule: CountRule) -> bool:
    """Whether so few of an arm received it, or did not, or it was hidden for that."""
    if row.status == "suppressed":
        return True
    part = number(row)
    whole = next((number(other) for other in stages if _same_arm(row, other)), None)
    return part is None or whole is None or rule.is_small(part) or rule.is_small(whole - part)


def _same_arm(row: Row, other: Row) -> bool:
    return key_of(row) == key_of(other) and other.stat_name == "N"
