"""Which statistics give a small count away although they are none, and what is left of them.

Every rule is a function of rows as they came and as gated so far, and suppresses or coarsens. Each
gives the same when it is put to its own output.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from precept_stats.data.policies import CountRule
from precept_stats.values import Row

_COUNTED = (
    "individuals, events, rows, admissions, babies, births, cases, children, deaths, infants, mothers, "
)
_COUNTED += "participants, patients, people, persons, pregnancies, pupils, students, women"
_MEASURED = "proportion, ratio, percent, per cent, %, percentage points, percentile, decile, points, score, "
_MEASURED += (
    "scale, levels, standard deviations, date, yearmonth, minutes, hours, days, weeks, month, months, "
)
_MEASURED += "years, g, grams, kg, cm, metres, km, kilometres, degrees"
_OPPORTUNITIES = ("opportunities", "opportunities per cluster")
PEOPLE = frozenset((*_COUNTED.split(", "), "individuals per cluster", *_OPPORTUNITIES))
MEASURES = frozenset(_MEASURED.split(", "))
"""Units that do not count people. An unknown unit in a table of clusters or periods is guarded."""
CENTRES = ("mean", "p25", "median", "p75")
TWO_VALUES = "a column of two values"
EFFECTS = ("design_effect", "design_effect_least_variance")
SUMMARIES = (*CENTRES, "sd", "min", "max")
WITHHELD = "withheld, so that a suppressed count cannot be worked out"
"""The reason of a count that goes because it would tell another one."""
Key = tuple[str, ...]


def suppressed(row: Row, why: str) -> Row:
    """The row without its number, with the reason; one that is withheld beside another stays so."""
    if row.warning == WITHHELD and row.stat is None:
        return row
    return replace(row, stat=None, status="suppressed", warning=why)


def key_of(row: Row) -> Key:
    """What the row is about, without the name of its statistic."""
    groups = [f"{name}={level}" for name, level in row.groups]
    return (row.analysis, row.context, *groups, row.variable, row.variable_level)


def number(row: Row | None) -> float | None:
    """The number in a row; None when there is none."""
    return None if row is None or row.stat is None or isinstance(row.stat, str) else float(row.stat)


def counts_people(row: Row) -> bool:
    """Whether the unit of a row is a count of people or of events."""
    return row.unit.casefold() in PEOPLE


def counted_columns(rows: Iterable[Row]) -> frozenset[Key]:
    """Described columns that may count people although their unit does not say so.

    In tables of clusters and of periods, and in Table 1 over clusters: numbers in no known unit of
    measurement whose quartiles (or extremes and median) are those of whole numbers.
    """
    tables = {row.group("table"): row.unit for row in rows if row.stat_name == "n_rows"}
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        of_clusters = row.context == "baseline" and row.group("level") == "cluster"
        of_table = row.context == "data_quality" and tables.get(row.group("table"), "") != "individuals"
        if (of_clusters or of_table) and row.stat_name in SUMMARIES and row.unit.casefold() not in MEASURES:
            groups.setdefault(key_of(row), []).append(row)
    return frozenset(key for key, found in groups.items() if _whole(found))


def _whole(rows: list[Row]) -> bool:
    values = [number(row) for row in rows if row.stat_name not in ("mean", "sd")]
    known = [value for value in values if value is not None]
    return bool(known) and all((4 * value).is_integer() for value in known)


@dataclass(frozen=True, slots=True)
class Column:
    """The statistics of one numeric column in one arm of Table 1, by name."""

    key: Key
    found: Mapping[str, Row]

    def __getitem__(self, name: str) -> float | None:
        return number(self.found.get(name))

    @property
    def over_clusters(self) -> bool:
        return "level=cluster" in self.key

    def reason_to_hide(self) -> str:
        """Why nothing of a column may be shown, or its mean and SD; empty when there is no reason."""
        low, middle, high = (self[name] for name in ("p25", "median", "p75"))
        if low is not None and low == middle == high:
            return "almost all have one value"
        mean, sd, n = self["mean"], self["sd"], self["N"]
        if mean is None or sd is None or n is None:
            return ""
        variance = sd * sd * (n - 1) / n
        two = sd > 0 and any(_two_valued(n, mean, variance, end) for end in (low, middle, high))
        return TWO_VALUES if two else ""


def _two_valued(n: float, mean: float, variance: float, end: float | None) -> bool:
    """Whether ``end`` and one other value, each a whole number of times, give this mean and variance."""
    if end is None or end == mean:
        return False
    other = mean - variance / (end - mean)
    times = n * (mean - other) / (end - other)
    return 0.5 < times < n - 0.5 and abs(times - round(times)) < 1e-6


def coarse_columns(rows: list[Row], counted: frozenset[Key]) -> dict[Key, Row]:
    """New rows, by key and statistic, for the numeric columns of Table 1 that count nobody."""
    groups: dict[Key, dict[str, Row]] = {}
    for row in rows:
        if row.context == "baseline" and not row.variable_level:
            groups.setdefault(key_of(row), {})[row.stat_name] = row
    changed: dict[Key, Row] = {}
    for key, found in groups.items():
        people = any(counts_people(found[name]) for name in SUMMARIES if name in found)
        if not people and key not in counted:
            for row in _coarsened(Column(key, found)):
                changed[(*key, row.stat_name)] = row
    return changed


def _coarsened(column: Column) -> Iterator[Row]:
    """Mean and SD to two digits of the SD, or gone; over clusters the quartiles too."""
    reason, sd = column.reason_to_hide(), column["sd"]
    wide = sd is not None and sd > 0
    two_values = reason == "a column of two values"
    two_values, alone = reason == TWO_VALUES, column.over_clusters and "sd" not in column.found
    for name in (*CENTRES, "sd"):
        row = column.found.get(name)
        if row is None or row.stat is None:
            continue
        moment = name in ("mean", "sd")
        if two_values or alone or (reason and moment):
            yield suppressed(row, "of a single cluster" if alone else reason)
        elif sd is not None and wide and (moment or column.over_clusters):
            place = _place(significant(sd, 2))
            place = min(place, 2) if row.unit == "proportion" and column.over_clusters else place
            yield replace(row, stat=round(float(row.stat), place))


def significant(value: float, digits: int) -> float:
    """A number to so many significant digits."""
    return float(f"{value:.{digits - 1}e}")


def _place(sd: float) -> int:
    """Decimals at which a standard deviation shows two digits."""
    return 1 - math.floor(math.log10(sd))


def analyses_with_small_clusters(rows: Iterable[Row], rule: CountRule) -> frozenset[str]:
    """Analyses in which some cluster has 1 to 7 individuals, as flow or counts by cluster show."""

    def tells(row: Row) -> bool:
        by_cluster = row.stat_name == "N" and bool(row.group("cluster")) and counts_people(row)
        return by_cluster or (row.context == "flow" and row.stat_name == "size_min")

    return frozenset(
        row.analysis
        for row in rows
        if tells(row) and (row.status == "suppressed" or rule.is_small(number(row)))
    )


def gate_sizes(row: Row, counted: frozenset[Key], small: frozenset[str], rule: CountRule) -> Row:
    """The spread of cluster sizes: two digits, or nothing where a cluster is small.

    A median proportion of a table of clusters, which is that of one cluster, has two decimals.
    """
    spread = row.stat_name == "sd" and (counts_people(row) or key_of(row) in counted)
    value = number(row)
    if row.context == "data_quality" and row.stat_name == "median" and row.unit == "proportion":
        return row if value is None else replace(row, stat=round(value, 2))
    if value is None or not (spread or row.stat_name in ("cv_size", *EFFECTS)):
        return row
    if row.analysis in small and row.stat_name not in EFFECTS:
        return suppressed(row, f"some clusters have {rule.words} individuals")
    return replace(row, stat=significant(value, 2))


def outcomes_with_few(rows: list[Row], rule: CountRule) -> frozenset[str]:
    """Outcomes for which an arm has 1 to 7 events or non-events.

    From the counts by cluster, for every analysis from the proportion of an arm times its size, and from the
    events of correlations, whose outcome no analysis need have.
    """
    return frozenset(
        (
            *_few_by_cluster(rows, rule),
            *_few_by_period(rows, rule),
            *_few_by_share(rows, rule),
            *_few_by_correlation(rows, rule),
        )
    )


def _few_by_cluster(rows: list[Row], rule: CountRule) -> Iterator[str]:
    sums: dict[Key, dict[str, list[float | None]]] = {}
    for row in rows:
        if row.context == "cluster_outcome" and row.group("period") != "baseline":
            arm = sums.setdefault((row.variable, row.group("arm")), {})
            arm.setdefault(row.stat_name, []).append(number(row))
    for (variable, _), counts in sums.items():
        if _few(_sum(counts.get("n", [None])), _sum(counts.get("N", [None])), rule):
            yield variable


def _few_by_period(rows: list[Row], rule: CountRule) -> Iterator[str]:
    """The same from the sizes and proportions of clusters by period, for each condition."""
    cells: dict[Key, dict[str, Row]] = {}
    for row in rows:
        if row.context == "schedule" and row.group("cluster"):
            cells.setdefault(key_of(row), {})[row.stat_name] = row
    sums: dict[Key, list[tuple[float, float] | None]] = {}
    for found in cells.values():
        mean, size, treated = (found.get(name) for name in ("mean", "n", "treated"))
        if mean is not None and mean.unit == "proportion" and treated is not None:
            value, n = number(mean), number(size)
            known = None if value is None or n is None else (value * n, n)
            sums.setdefault((mean.variable, str(treated.stat)), []).append(known)
    for (variable, _), counts in sums.items():
        shown = [count for count in counts if count is not None]
        if len(shown) == len(counts) and _few(
            sum(count[0] for count in shown), sum(count[1] for count in shown), rule
        ):
            yield variable


def _few_by_share(rows: list[Row], rule: CountRule) -> Iterator[str]:
    sizes = {
        (row.analysis, row.group("arm")): number(row)
        for row in rows
        if row.context == "fit" and row.stat_name == "n"
    }
    for row in rows:
        if row.context == "arm_summary" and row.stat_name == "estimate" and row.unit == "proportion":
            share, size = number(row), sizes.get((row.analysis, row.group("arm")))
            if share is not None and size is not None and _few(share * size, size, rule):
                yield row.variable


def _few_by_correlation(rows: list[Row], rule: CountRule) -> Iterator[str]:
    counts = {
        (key_of(row), row.stat_name): row
        for row in rows
        if row.context == "icc" and not row.group("estimator") and row.stat_name in ("n", "n_events")
    }
    for (key, name), row in counts.items():
        if name == "n_events" and (
            row.status == "suppressed" or _few(number(row), number(counts.get((key, "n"))), rule)
        ):
            yield row.variable


def _few(events: float | None, total: float | None, rule: CountRule) -> bool:
    if events is None or total is None:
        return False
    return any(0.5 <= round(part, 6) < rule.suppress_below - 0.5 for part in (events, total - events))


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
