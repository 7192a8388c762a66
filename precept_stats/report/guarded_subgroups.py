"""Effects within subgroups: those of an analysis in which some subgroup has few people in an arm are gone.

One effect hidden alone could be told from the others and the interaction. Others have three digits: an exact
difference of two proportions tells the counts that it is made of, and of events in a subgroup, which may be
few, nothing else is known here. Every rule gives the same when it is put to its own output.
"""

from __future__ import annotations

from dataclasses import replace

from precept_stats.data.policies import CountRule
from precept_stats.report.guarded import Key, counts_people, key_of, number, suppressed
from precept_stats.report.guarded_answers import coarse
from precept_stats.values import Row

EFFECTS = ("estimate", "std_error", "conf_low", "conf_high")


def of_subgroups(rows: list[Row], rule: CountRule) -> dict[Key, Row]:
    """New rows, by key and statistic."""
    few = {
        row.analysis
        for row in rows
        if row.context == "subgroup"
        and counts_people(row)
        and (row.status == "suppressed" or rule.is_small(number(row)))
    }
    return {
        (*key_of(row), row.stat_name): suppressed(row, f"an arm of a subgroup has {rule.words}")
        if row.analysis in few
        else _coarse(row)
        for row in rows
        if row.context == "subgroup" and row.stat_name in EFFECTS
    }


def _coarse(row: Row) -> Row:
    value = number(row)
    return row if value is None else replace(row, stat=coarse(value, row.unit))
