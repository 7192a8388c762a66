"""What is left of what a Bayesian model tells of clusters and groups of them, and of checks that show them.

A shrunken estimate, a rank and a predictive check of a cluster follow from its own counts, and so does how
well it is predicted from the others: they go, or are coarse. Of an arm the extremes are of single clusters.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from precept_stats.data.policies import CountRule
from precept_stats.report.free_text import cluster_of
from precept_stats.report.guarded import (
    Key,
    analyses_with_small_clusters,
    key_of,
    number,
    significant,
    suppressed,
)
from precept_stats.values import Row

ROUNDED = ("estimate", "conf_low", "conf_high")
WHOLE = ("rank", "rank_low", "rank_high")
OF_ONE = ("smallest", "largest")


def of_posteriors(rows: Iterable[Row], few: frozenset[str], rule: CountRule) -> dict[Key, Row]:
    """New rows, by key and statistic; ``few`` are the outcomes of which an arm has few events."""
    found = list(rows)
    small = analyses_with_small_clusters(found, rule)
    changed = {}
    for row in found:
        if row.context in ("unit", "validation", "predictive_check") and number(row) is not None:
            gated = _gated(row, row.analysis in small, row.variable in few, rule)
            changed[(*key_of(row), row.stat_name)] = gated
    return changed


def _gated(row: Row, small: bool, few: bool, rule: CountRule) -> Row:
    if row.context == "unit" and (cluster_of(row) or row.group("group")):
        return _unit(row, small, rule)
    if cluster_of(row):
        return suppressed(row, "not shown by cluster")
    if row.context != "predictive_check":
        return row
    if few:
        return suppressed(row, f"an arm has {rule.words} with or without the event")
    if row.group("statistic") in OF_ONE:
        return suppressed(row, "of a single cluster")
    value = number(row)
    return row if value is None else _to(row, significant(value, 2))


def _unit(row: Row, small: bool, rule: CountRule) -> Row:
    """A cluster's estimate to two digits, its rank to a whole number, its probability to a tenth."""
    value = number(row)
    if value is None:
        return row
    if small:
        return suppressed(row, f"some clusters have {rule.words} individuals")
    if row.stat_name in ROUNDED:
        return _to(row, significant(value, 2))
    if row.stat_name in WHOLE:
        return _to(row, float(round(value)))
    if row.stat_name == "worst":
        return _to(row, round(value, 1))
    return suppressed(row, "not shown by cluster")


def _to(row: Row, value: float) -> Row:
    return replace(row, stat=value)
