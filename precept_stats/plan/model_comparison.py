"""How much better one model of a plan predicts left-out clusters than another: rows of the one that asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from precept_stats.errors import FitError
from precept_stats.inference.left_out import compared
from precept_stats.inference.rows import Header
from precept_stats.plan.document import Plan
from precept_stats.values import Failure, Result, Row

AGAINST = "compared_with"


def comparison_rows(plan: Plan, entries: Mapping[str, Result | Failure]) -> dict[str, tuple[Row, ...]]:
    """By analysis, the difference in log predictive density to the one it is compared with, and its error.

    Where one of the two gave none, or the clusters differ, there is a reason in place of a number.
    """
    return {
        name: tuple(_rows(entries[name], analysis.compared_with, entries))
        for name, analysis in plan.analyses.items()
        if analysis.compared_with is not None
    }


def _rows(entry: Result | Failure, other: str, entries: Mapping[str, Result | Failure]) -> Iterator[Row]:
    header = Header(entry.analysis, entry.estimand, entry.purpose, "")
    groups = ((AGAINST, other),)
    label = "Log predictive density of left-out clusters, less that of the other analysis"
    own, theirs = _by_cluster(entry), _by_cluster(entries[other])
    try:
        if not (own and theirs):
            missing = other if own else entry.analysis
            raise FitError("there is no prediction of left-out clusters", found=f"none of {missing!r}")
        found = compared(own, theirs)
    except FitError as problem:
        reason = "; ".join(part for part in (problem.problem, problem.found) if part)
        row = header.row("validation", "elpd_difference", None, label)
        yield replace(row, groups=groups, error=reason, status="failed")
        return
    for name, words, stat in (
        ("elpd_difference", label, found.difference),
        ("elpd_difference_se", "Its standard error", found.std_error),
    ):
        yield replace(header.row("validation", name, stat, words), groups=groups)


def _by_cluster(entry: Result | Failure) -> dict[str, float]:
    return {
        row.group("left_out"): float(row.stat)
        for row in entry.rows
        if row.context == "validation"
        and row.stat_name == "elpd"
        and row.group("left_out")
        and isinstance(row.stat, float)
    }
