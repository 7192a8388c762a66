"""Effects within subgroups: those of an analysis in which some subgroup has few people in an arm are gone.

One effect hidden alone could be told from the others and the interaction. Every rule gives the same when it
is put to its own output.
"""

from __future__ import annotations

from precept_stats.report.guarded import SMALL, Key, counts_people, is_small, key_of, number, suppressed
from precept_stats.values import Row

EFFECTS = ("estimate", "std_error", "conf_low", "conf_high")


def of_subgroups(rows: list[Row]) -> dict[Key, Row]:
    """New rows, by key and statistic."""
    few = {
        row.analysis
        for row in rows
        if row.context == "subgroup"
        and counts_people(row)
        and (row.status == "suppressed" or is_small(number(row)))
    }
    return {
        (*key_of(row), row.stat_name): suppressed(row, f"an arm of a subgroup has {SMALL}")
        for row in rows
        if row.context == "subgroup" and row.analysis in few and row.stat_name in EFFECTS
    }
