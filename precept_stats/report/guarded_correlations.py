"""What is left of intracluster correlations: several of one data set could be solved for its counts.

Every rule gives the same when it is put to its own output.
"""

from __future__ import annotations

from dataclasses import replace

from precept_stats.data.policies import CountRule
from precept_stats.report.guarded import number, suppressed
from precept_stats.values import Row

PLACES, AT_BOUND = 3, 2
LIMITS = ("conf_low", "conf_high")
LEFT = ("conf_level",)


def gate_correlation(row: Row, few: frozenset[str], rule: CountRule) -> Row:
    """A correlation to three decimals; that of an arm with 1 to 7 events or non-events is gone.

    The least possible correlation, at which an interval may end, is that of the size of the largest cluster:
    a negative limit has two decimals.
    """
    value = number(row)
    if row.context != "icc" or not row.group("estimator") or value is None or row.stat_name in LEFT:
        return row
    if row.group("arm") and row.variable in few:
        return suppressed(row, f"an arm has {rule.words} with or without the event")
    if not row.measure:
        return row
    places = AT_BOUND if row.stat_name in LIMITS and value < 0.0 else PLACES
    return replace(row, stat=round(value, places))
