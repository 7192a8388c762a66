"""What is left of shifts and weights where few outcomes are missing, or few are there.

The estimate moves with a shift in proportion to the share of an arm that is missing, so that a grid of shifts
gives a small number of missing outcomes away. So do the exact weights of those who answered: without
covariates the weight is one over the share of an arm that answered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from precept_stats.data.policies import CountRule
from precept_stats.report.guarded import Key, key_of, number, significant, suppressed
from precept_stats.values import Row

WEIGHTS = ("largest_weight", "largest_weight_uncut", "share_cut", "effective_share")
DIGITS = 2


def _reason(rule: CountRule) -> str:
    return f"an arm has {rule.words} with or without an outcome"


def few_missing(rows: Iterable[Row], rule: CountRule) -> frozenset[str]:
    """Analyses in which an arm has 1 to 7 people without an outcome, or with one."""
    found = [row for row in rows if row.context == "imputation"]
    totals = {key_of(row): number(row) for row in found if row.stat_name == "N"}
    return frozenset(
        row.analysis
        for row in found
        if row.stat_name == "n_missing"
        and (row.status == "suppressed" or _few(row, totals.get(key_of(row)), rule))
    )


def _few(row: Row, total: float | None, rule: CountRule) -> bool:
    missing = number(row)
    return rule.is_small(missing) or (
        missing is not None and total is not None and rule.is_small(total - missing)
    )


def of_shifts(rows: Iterable[Row], rule: CountRule) -> dict[Key, Row]:
    """New rows, by key and statistic, for the grids of analyses with a small number of missing outcomes."""
    found = list(rows)
    few = few_missing(found, rule)
    return {
        (*key_of(row), row.stat_name): suppressed(row, _reason(rule))
        for row in found
        if row.context == "tipping_point" and row.analysis in few and row.stat is not None
    }


def of_weights(rows: Iterable[Row], rule: CountRule) -> dict[Key, Row]:
    """New rows, by key and statistic, for what is told of weights: two digits, or nothing."""
    found = list(rows)
    few = few_missing(found, rule)
    changed = {}
    for row in found:
        value = number(row)
        if row.context == "fit" and row.stat_name in WEIGHTS and value is not None:
            hidden = row.analysis in few
            coarse = replace(row, stat=significant(value, DIGITS))
            changed[(*key_of(row), row.stat_name)] = suppressed(row, _reason(rule)) if hidden else coarse
    return changed
