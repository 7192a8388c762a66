"""Answers that go: the effect of an analysis, with all that it could be worked back from.

Some effects are another one times the share of an arm that a few people make up, so that the two side by
side give the few away. Where few outcomes of an arm are missing, answers have few digits: an exact proportion
is that of one number of people only, of those answered in one analysis and of everyone in another. Every
rule gives the same when it is put to its own output.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from precept_stats.methods.settings_missing import ArmShift
from precept_stats.report.guarded import (
    SMALL,
    counts_people,
    is_small,
    number,
    significant,
    suppressed,
)
from precept_stats.report.guarded_first_stage import few_received
from precept_stats.report.guarded_missing import few_missing
from precept_stats.values import Context, Estimate, Row

ANSWERS: tuple[Context, ...] = (
    "arm_summary",
    "estimate",
    "average",
    "subgroup",
    "number_needed",
    "size_dependence",
    "icc",
    "joint_test",
    "multiplicity",
    "prediction",
    "influence",
    "reference",
    "imputation",
    "fit",
    "prior_grid",
    "power_scaling",
    "new_cluster",
    "unit",
    "predictive_check",
    "probability",
    "posterior",
)
LEFT = ("conf_level", "null", "weight", "local_alpha", "rejected", "order")
SHIFT = "missing_outcomes.delta"
DIGITS = 3


@dataclass(frozen=True, slots=True)
class Guarded:
    """Analyses whose answers go, each with the reason, and those whose answers have few digits."""

    gone: dict[str, str]
    coarse: frozenset[str]


def guarded_answers(rows: Iterable[Row]) -> Guarded:
    """The analyses concerned."""
    found = list(rows)
    return Guarded(_gone(found), with_few_missing(found))


def with_few_missing(rows: Iterable[Row]) -> frozenset[str]:
    """Analyses of an outcome that 1 to 7 people of an arm lack, whether they were left out or filled in."""
    found = list(rows)
    left_out = {
        row.analysis
        for row in found
        if (row.context, row.variable, row.stat_name) == ("flow", "outcome_missing", "n")
        and (row.status == "suppressed" or is_small(number(row)))
    }
    return few_missing(found) | left_out


def coarse_estimate(answer: Estimate) -> Estimate:
    """An estimate with as few digits as its rows have."""
    low, high = (coarse(end, answer.unit) for end in (answer.interval.lower, answer.interval.upper))
    return replace(
        answer,
        value=coarse(answer.value, answer.unit),
        std_error=coarse(answer.std_error, ""),
        statistic=coarse(answer.statistic, ""),
        df=None if answer.df is None else coarse(answer.df, ""),
        p_value=None if answer.p_value is None else coarse(answer.p_value, ""),
        interval=replace(answer.interval, lower=low, upper=high),
    )


def coarse(value: float, unit: str) -> float:
    """A proportion to three decimals, another number to three digits."""
    return round(value, DIGITS) if unit == "proportion" else significant(value, DIGITS)


def _gone(found: list[Row]) -> dict[str, str]:
    """Analyses whose effect is another one times a share of few people, each with the reason.

    Effects among those moved, or by dose: the effect as allocated is such an effect times the difference
    in what was received. Effects under a shift of imputed outcomes: less the effect under another one they
    are the share that is missing times the difference of the shifts.
    """
    few = few_missing(found)
    shifted = {
        row.analysis
        for row in found
        if row.context == "setting" and row.variable == SHIFT and row.stat != str(ArmShift())
    }
    return {
        **dict.fromkeys(shifted & few, f"an arm has {SMALL} with or without an outcome"),
        **dict.fromkeys(few_received(found), f"an arm has {SMALL} who received it, or did not"),
    }


def without_answer(row: Row, guarded: Guarded) -> Row:
    """The row, or what is left of it where the answer of its analysis goes or has few digits."""
    value = number(row)
    told = row.context in ANSWERS and row.stat_name not in LEFT
    if not told or value is None or counts_people(row) or row.unit == "clusters":
        return row
    if row.analysis in guarded.gone:
        return suppressed(row, guarded.gone[row.analysis])
    if row.analysis in guarded.coarse and not isinstance(row.stat, int):
        return replace(row, stat=coarse(value, row.unit))
    return row
