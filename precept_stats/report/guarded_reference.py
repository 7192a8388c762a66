"""What is left of the distribution of a test over allocations.

Its values are sums of the outcomes of clusters: a few of them at full precision, with the sizes of the
clusters, give their counts back. It is shown where more than ``FEWEST`` values are told apart and no cluster
is small, and then in whole per cent between ends of three digits; the observed statistic is the estimate's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from precept_stats.data.policies import CountRule
from precept_stats.report.guarded import (
    Key,
    analyses_with_small_clusters,
    key_of,
    number,
    significant,
    suppressed,
)
from precept_stats.values import Row

FEWEST = 1000
"""An assumption: fewer distinct values than these are too close to the outcomes of single clusters."""
PLAIN = ("observed", "test", "n_replicates", "n_distinct", "share_extreme")


def of_distributions(rows: Iterable[Row], rule: CountRule) -> dict[Key, Row]:
    """New rows, by key and statistic, for the bins of distributions."""
    found = list(rows)
    small = analyses_with_small_clusters(found, rule)
    many = {
        row.analysis
        for row in found
        if row.context == "reference" and row.stat_name == "n_distinct" and (number(row) or 0.0) >= FEWEST
    }
    changed = {}
    for row in found:
        if row.context == "reference" and row.stat_name not in PLAIN and row.stat is not None:
            changed[(*key_of(row), row.stat_name)] = _coarse(row, small, many, rule)
    return changed


def _coarse(row: Row, small: frozenset[str], many: set[str], rule: CountRule) -> Row:
    if row.analysis in small:
        return suppressed(row, f"some clusters have {rule.words} individuals")
    if row.analysis not in many:
        return suppressed(row, "so few values would give the outcomes of clusters away")
    value = number(row)
    if value is None or row.stat_name not in ("lower", "upper", "share"):
        return suppressed(row, "not shown of a distribution")
    return replace(row, stat=round(value, 2) if row.stat_name == "share" else significant(value, 3))
