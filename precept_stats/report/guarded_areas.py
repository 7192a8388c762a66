"""What is left of areas, and of indices made of them: nothing that gives a count of 1 to 7 away.

An area with 1 to 7 people, with the outcome or without it, keeps only how many people it has. Of others,
counts are rounded as everywhere, estimates are made again from the rounded counts, and errors and limits are
coarse. All that is made of several areas goes in a period in which some area is small, for it is a function
of that area's count: indices, tests, models and what they say of other areas. In other periods it stands on
a grid of half its standard error. Each rule gives the same when it is put to its own output.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from precept_stats.data.policies import CountRule
from precept_stats.report.guarded import number, significant, suppressed
from precept_stats.report.guarded_clusters import GRID, on_grid
from precept_stats.values import Context, Row

CONTEXTS: tuple[Context, ...] = ("area", "disparity", "shrinkage", "funnel", "chart", "joint_test")
FACTORS = {"proportion": 1.0, "per cent": 100.0, "per 1,000": 1_000.0, "per 100,000": 100_000.0}
KEPT = ("N", "conf_level", "rank", "person_time", "n_useful")
LIMITS = ("conf_low", "conf_high")
RANKS = ("mean_rank", "rank_low", "rank_high")
HALVES = ("z",)
NO_COUNTS = "its counts are not in the results"

Cell = tuple[str, str, str]
"""A disparity, a period and an area."""


@dataclass(frozen=True, slots=True)
class AreaFacts:
    """What is known of areas: counts by cell, the cells that are small, and standard errors to round by."""

    counts: dict[Cell, tuple[float | None, float | None]]
    small: frozenset[Cell]
    errors: dict[tuple[str, ...], float]
    analyses: frozenset[str]
    rule: CountRule

    @property
    def of_area(self) -> str:
        return f"a count of the area is {self.rule.words}"

    @property
    def of_some(self) -> str:
        return f"a count of some area is {self.rule.words}"

    def is_small(self, analysis: str, area: str) -> bool:
        """Whether an area is small in any period."""
        return any(cell[0] == analysis and cell[2] == area for cell in self.small)

    def some_small(self, row: Row) -> bool:
        """Whether some area is small in the period of a row, or in that which it is compared with."""
        periods = {row.group("period"), row.group("compared_with")}
        return any(cell[0] == row.analysis and cell[1] in periods for cell in self.small)


def facts_of_areas(rows: Iterable[Row], rule: CountRule) -> AreaFacts:
    """Read the counts and the standard errors of all areas from the rows."""
    events: dict[Cell, float | None] = {}
    sizes: dict[Cell, float | None] = {}
    small: set[Cell] = set()
    errors: dict[tuple[str, ...], float] = {}
    analyses: set[str] = set()
    for row in rows:
        if row.context not in ("area", "disparity"):
            continue
        value = number(row)
        if row.stat_name == "std_error" and value is not None:
            errors[_error_key(row)] = value
        if row.context != "area":
            continue
        analyses.add(row.analysis)
        few = rule.is_small(value) or row.status == "suppressed"
        if few and row.stat_name in ("n", "N", "n_missed"):
            small.add(_cell(row))
        if row.stat_name == "n":
            events[_cell(row)] = value
        if row.stat_name in ("N", "person_time"):
            sizes[_cell(row)] = value
    counts = {cell: (count, sizes.get(cell)) for cell, count in events.items()}
    return AreaFacts(counts, frozenset(small), errors, frozenset(analyses), rule)


def _cell(row: Row) -> Cell:
    return row.analysis, row.group("period"), row.group("area")


def _error_key(row: Row) -> tuple[str, ...]:
    groups = (f"{name}={level}" for name, level in row.groups)
    return (row.analysis, row.context, row.measure if row.context == "disparity" else "", *groups)


def gate_area(row: Row, facts: AreaFacts) -> Row:
    """The row, or what is left of it, where it is about areas that are compared."""
    if row.context not in CONTEXTS or row.analysis not in facts.analyses:
        return row
    if number(row) is None or row.stat_name in KEPT:
        told = row.status == "warning" and row.context != "area" and facts.some_small(row)
        return replace(row, warning="", status="ok") if told else row
    if row.context == "chart":
        return _chart(row, facts)
    return _of_one(row, facts) if row.group("area") else _of_all(row, facts)


def _of_one(row: Row, facts: AreaFacts) -> Row:
    """A number about one area."""
    cell, value = _cell(row), number(row) or 0.0
    if cell not in facts.counts:
        return suppressed(row, NO_COUNTS)
    if cell in facts.small:
        return suppressed(row, facts.of_area)
    if facts.some_small(row) and (row.context != "area" or row.stat_name == "share"):
        return suppressed(row, facts.of_some)
    if row.stat_name in ("n", "n_missed"):
        return row
    if row.context == "area" and row.stat_name == "estimate":
        return _again(row, facts.counts[cell], facts.rule)
    if row.stat_name in ("estimate", *LIMITS):
        error = facts.errors.get((row.analysis, "area", "", *_groups(row)))
        grid = GRID * significant(error, 1) if error else 0.0
        return replace(row, stat=on_grid(value, grid, log=False)) if grid else suppressed(row, NO_COUNTS)
    return replace(row, stat=_coarse(row, value))


def _groups(row: Row) -> tuple[str, ...]:
    """The groups of an area's own rows."""
    return tuple(f"{name}={level}" for name, level in row.groups if name in ("area", "period"))


def _coarse(row: Row, value: float) -> float:
    """Errors to a digit, ranks to whole numbers, z scores to halves, shares to two decimals."""
    if row.stat_name == "std_error":
        return significant(value, 1)
    if row.stat_name in RANKS:
        return float(round(value))
    if row.stat_name in HALVES:
        return GRID * round(value / GRID)
    return round(value, 2)


def _again(row: Row, counts: tuple[float | None, float | None], rule: CountRule) -> Row:
    """The estimate made again from rounded counts."""
    events, size = counts
    factor = FACTORS.get(row.unit, 1.0)
    if events is None or size is None or size <= 0:
        return suppressed(row, NO_COUNTS)
    below = rule.rounded(size) if row.measure == "proportion" else significant(size, 3)
    return replace(row, stat=significant(factor * rule.rounded(events) / below, 10))


def _chart(row: Row, facts: AreaFacts) -> Row:
    """A chart goes with any small month: its middle and limits are made of all months."""
    if facts.is_small(row.analysis, row.group("area")):
        return suppressed(row, facts.of_area)
    value = number(row) or 0.0
    whole = row.unit == "periods" or row.stat_name == "outside"
    return row if whole else replace(row, stat=significant(value, 2))


def _of_all(row: Row, facts: AreaFacts) -> Row:
    """A number about all areas of a period, or of two."""
    value = number(row) or 0.0
    if facts.some_small(row):
        return suppressed(row, facts.of_some)
    if not facts.counts:
        return suppressed(row, NO_COUNTS)
    if row.context == "funnel" and row.group("grid"):
        return row
    error = facts.errors.get(_error_key(row))
    if row.stat_name in ("estimate", *LIMITS) and error:
        grid = GRID * significant(error, 1)
        return replace(row, stat=on_grid(value, grid, log=row.scale == "log"))
    return replace(row, stat=significant(value, 1 if row.stat_name == "std_error" else 2))
