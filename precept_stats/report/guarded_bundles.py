"""Composites of opportunities: one person has several, so that counts of them can be large of few people.

Each rule gives the same when it is put to its own output.
"""

from __future__ import annotations

from dataclasses import replace

from precept_stats.data.policies import CountRule
from precept_stats.report.guarded import Key, key_of, number, suppressed
from precept_stats.values import Row

FROM_PEOPLE = ("n", "N", "p")
DECIMALS = 2


def of_bundles(rows: list[Row], rule: CountRule) -> dict[Key, Row]:
    """New rows, by key and statistic: opportunities of 1 to 7 people, and proportions of clusters.

    The exact share of a cluster's opportunities would give its counts away, so it has two decimals.
    """
    few = {
        key_of(row)
        for row in rows
        if (row.context, row.stat_name) == ("composite", "n_individuals")
        and (row.status == "suppressed" or rule.is_small(number(row)))
    }
    changed: dict[Key, Row] = {}
    for row in rows:
        key, value = key_of(row), number(row)
        if value is None:
            continue
        if key in few and row.stat_name in FROM_PEOPLE:
            changed[(*key, row.stat_name)] = suppressed(row, f"of {rule.words} individuals")
        elif (row.context, row.stat_name, row.unit) == ("cluster_outcome", "mean", "proportion"):
            changed[(*key, row.stat_name)] = replace(row, stat=round(value, DECIMALS))
    return changed
