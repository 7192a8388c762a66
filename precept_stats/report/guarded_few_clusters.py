"""What is left of answers where one cluster has few people with or without the event.

The mean of an arm, a standard error or an effect to 15 digits is a function of the counts of its clusters;
with their rounded counts beside it one combination fits, and the suppressed count is told. So answers have
three digits, on a grid of half their standard error in trials of few clusters, and go in trials of fewer
still. How many combinations are left is measured in tests/report/test_enumeration.py and
docs/disclosure.md. Each rule gives the same when it is put to its own output.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from precept_stats.data.policies import CountRule
from precept_stats.report.free_text import cluster_of
from precept_stats.report.guarded import Key, counts_people, key_of, number, significant, suppressed
from precept_stats.report.guarded_clusters import DERIVED, GRID, on_grid
from precept_stats.values import Row

FEWEST, FEW = 3, 6
"""Clusters in the smallest arm below which answers go, and below which they stand on a grid: assumptions."""
MANY = 1_000_000
ON_GRID = ("estimate", "conf_low", "conf_high")
ONE_DIGIT = ("std_error", "statistic", "p_value", "adjusted_p")


@dataclass(frozen=True, slots=True)
class OnGrid:
    """Analyses whose answers stand on a grid, each with its standard error, or None where it has none."""

    errors: Mapping[str, float | None]
    reason: str

    def shown(self, row: Row) -> Row:
        """The effect, its limits, and its test, to what a grid leaves; nothing else of the answer."""
        value, error = number(row) or 0.0, self.errors[row.analysis]
        if row.context in DERIVED or isinstance(row.stat, int):
            return row
        if row.stat_name in ONE_DIGIT and row.context in ("estimate", "multiplicity"):
            return replace(row, stat=significant(value, 1))
        if row.context != "estimate" or not error or row.stat_name not in (*ON_GRID, "df"):
            return suppressed(row, self.reason)
        if row.stat_name == "df":
            return replace(row, stat=float(round(value)))
        return replace(row, stat=on_grid(value, GRID * significant(error, 1), log=row.scale == "log"))


def on_a_grid(rows: Iterable[Row], analyses: frozenset[str], rule: CountRule) -> OnGrid:
    """Those analyses, with the standard errors that their grids are made of."""
    errors: dict[str, float | None] = dict.fromkeys(analyses)
    for row in rows:
        if row.analysis in errors and (row.context, row.stat_name) == ("estimate", "std_error"):
            errors[row.analysis] = number(row)
    return OnGrid(errors, reason_of(rule))


def reason_of(rule: CountRule) -> str:
    """Why an answer of few clusters is not shown, in words."""
    return f"an arm has few clusters, one of them {rule.words} with or without the event"


def few_clusters(rows: Iterable[Row], rule: CountRule) -> dict[str, int]:
    """Outcomes with a small count in a cluster, each with the clusters of its smallest arm.

    A count is small if 1 to 7 people of a cluster have the event, or do not, or are there at all. Over
    periods there are many counts a cluster, and the number of clusters is not looked at.
    """
    cells: dict[Key, dict[str, Row]] = {}
    for row in rows:
        if row.context in ("cluster_outcome", "schedule") and cluster_of(row):
            cells.setdefault(key_of(row), {})[row.stat_name] = row
    small: set[str] = set()
    clusters: dict[str, dict[str, set[str]]] = {}
    for found in cells.values():
        one = next(iter(found.values()))
        if _is_small(found, rule):
            small.add(_outcome(found))
        if one.context == "cluster_outcome" and one.group("arm"):
            arms = clusters.setdefault(one.variable, {})
            arms.setdefault(one.group("arm"), set()).add(cluster_of(one))
    return {name: min(map(len, clusters.get(name, {}).values()), default=MANY) for name in small - {""}}


def _outcome(found: Mapping[str, Row]) -> str:
    return found["mean"].variable if "mean" in found else next(iter(found.values())).variable


def _is_small(found: Mapping[str, Row], rule: CountRule) -> bool:
    """Whether a cluster, or its period, has so few with the event, without it, or in all."""
    if "mean" in found and found["mean"].context == "schedule":
        return _small_share(found, rule)
    part, whole = found.get("n"), found.get("N")
    if part is None or not counts_people(part):
        return False
    if "suppressed" in (part.status, whole.status if whole else ""):
        return True
    events, people = number(part), number(whole)
    apart = None if events is None or people is None else people - events
    return any(rule.is_small(count) for count in (events, people, apart))


def _small_share(found: Mapping[str, Row], rule: CountRule) -> bool:
    mean, size = found["mean"], found.get("n")
    if mean.unit != "proportion" and "event" not in mean.unit:
        return False
    value, n = number(mean), number(size)
    if value is None or n is None:
        return "suppressed" in (mean.status, size.status if size else "")
    counts = (value * n, n - value * n if mean.unit == "proportion" else 0.0)
    return any(0.5 <= round(count, 6) < rule.suppress_below - 0.5 for count in counts)
