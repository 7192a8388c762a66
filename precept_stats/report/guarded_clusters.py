"""What is left of numbers about single clusters: their periods, their predictions, the effect without them.

A prediction of a cluster and the effect without it are functions of the cluster's own counts, from which
these can be worked back, so they follow the counts: gone where a count is, coarse elsewhere. Each rule
gives the same when it is put to its own output.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from precept_stats.data.policies import CountRule
from precept_stats.report.free_text import cluster_of
from precept_stats.report.guarded import (
    Key,
    counts_people,
    key_of,
    number,
    significant,
    suppressed,
)
from precept_stats.values import Row

DERIVED = ("prediction", "influence")
COARSENED = ("prediction", "estimate", "conf_low", "conf_high")
UNTOUCHED = ("conf_level", "null", "df")
GRID = 0.5
"""Predictions and effects without a cluster stand on a grid of this part of their standard error."""
DIGITS = 10
About = tuple[str, str]
"""An outcome and a cluster."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Clusters by outcome: those with a count in the results, and those with a small one."""

    counted: frozenset[About]
    small: frozenset[About]
    rule: CountRule

    def reason_to_hide(self, row: Row) -> str:
        """Why nothing that is derived from this cluster may be shown; empty when there is no reason."""
        about = (row.variable, cluster_of(row))
        if about in self.small:
            return f"a count of the cluster is {self.rule.words}"
        return "" if about in self.counted else "its counts are not in the results"


def by_cluster(rows: list[Row], rule: CountRule) -> dict[Key, Row]:
    """New rows, by key and statistic, for means by period, predictions and effects without a cluster."""
    groups: dict[Key, dict[str, Row]] = {}
    for row in rows:
        if row.context in ("schedule", *DERIVED) and cluster_of(row):
            groups.setdefault(key_of(row), {})[row.stat_name] = row
    counted = _counted(rows, groups, rule)
    changed: dict[Key, Row] = {}
    for key, found in groups.items():
        context = key[1]
        made = _schedule(found, rule) if context == "schedule" else _derived(found, counted)
        changed.update({(*key, row.stat_name): row for row in made})
    return changed


def _counted(rows: Iterable[Row], groups: Mapping[Key, Mapping[str, Row]], rule: CountRule) -> Counted:
    known: set[About] = set()
    small: set[About] = set()
    for row in rows:
        of_outcome = row.context in ("cluster_outcome", "schedule", "missingness")
        if of_outcome and cluster_of(row) and row.stat_name in ("n", "N") and counts_people(row):
            known.add((row.variable, cluster_of(row)))
            if row.status == "suppressed" or rule.is_small(number(row)):
                small.add((row.variable, cluster_of(row)))
    for key, found in groups.items():
        mean = found.get("mean")
        if key[1] == "schedule" and mean is not None and (mean.stat is None or _few_events(found, rule)):
            small.add((mean.variable, cluster_of(mean)))
    return Counted(frozenset(known), frozenset(small), rule)


def _schedule(found: Mapping[str, Row], rule: CountRule) -> Iterator[Row]:
    """The mean of a cluster in a period: made again from rounded counts, or to three digits, or gone."""
    mean, size = found.get("mean"), found.get("n")
    value, n = number(mean), number(size)
    if mean is None or value is None:
        return
    if size is None:
        yield suppressed(mean, "its counts are not in the results")
    elif n is None or n <= 0 or rule.is_small(n) or _few_events(found, rule):
        yield suppressed(mean, f"from a count of {rule.words}")
    elif mean.unit == "proportion":
        yield replace(mean, stat=rule.rounded(round(value * n)) / rule.rounded(n))
    else:
        yield replace(mean, stat=significant(value, 3))


def _few_events(found: Mapping[str, Row], rule: CountRule) -> bool:
    """Whether a proportion or rate is of 1 to 7 events."""
    mean, size = found["mean"], found.get("n")
    value, n = number(mean), number(size)
    if size is None or value is None or n is None:
        return False
    of_events = mean.unit == "proportion" or "event" in mean.unit or not counts_people(size)
    return of_events and 0.5 <= round(value * n, 6) < rule.suppress_below - 0.5


def _derived(found: Mapping[str, Row], counted: Counted) -> Iterator[Row]:
    """What follows from the counts of one cluster, on a grid that hides about as much as rounding does."""
    error = number(found.get("std_error"))
    for name, row in found.items():
        value = number(row)
        if value is None or name in UNTOUCHED:
            continue
        reason = counted.reason_to_hide(row)
        if reason:
            yield suppressed(row, reason)
        elif error is None or not error > 0 or name not in ("std_error", *COARSENED):
            yield suppressed(row, "not shown by cluster")
        elif name == "std_error":
            yield replace(row, stat=significant(value, 1))
        else:
            yield replace(row, stat=on_grid(value, GRID * significant(error, 1), log=row.scale == "log"))


def on_grid(value: float, grid: float, *, log: bool) -> float:
    """The nearest point of a grid; of a ratio the grid is on the log scale."""
    if log and value > 0:
        return significant(math.exp(grid * round(math.log(value) / grid)), DIGITS)
    return significant(grid * round(value / grid), DIGITS)
