"""Answers that go: the effect of an analysis, with all that it could be worked back from.

Some effects are another one times the share of an arm that a few people make up, so that the two side by
side give the few away. Where few outcomes of an arm are missing, answers have few digits: an exact proportion
is that of one number of people only, of those answered in one analysis and of everyone in another. So have
they where few had the event, or did not: an exact difference of two proportions tells both. Every rule
gives the same when it is put to its own output.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from precept_stats.data.policies import CountRule
from precept_stats.methods.settings_missing import ArmShift
from precept_stats.report.guarded import (
    counts_people,
    number,
    outcomes_with_few,
    significant,
    suppressed,
)
from precept_stats.report.guarded_few_clusters import FEW, FEWEST, OnGrid, few_clusters, on_a_grid, reason_of
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
DIGITS, OF_ARMS = 3, 2


@dataclass(frozen=True, slots=True)
class Guarded:
    """Analyses whose answers go, each with the reason, that stand on a grid, or that have few digits."""

    gone: dict[str, str]
    grid: OnGrid
    coarse: frozenset[str]


def guarded_answers(rows: Iterable[Row], rule: CountRule, refused: Mapping[str, str]) -> Guarded:
    """The analyses concerned; ``refused`` are others whose answers go, each with the reason."""
    found = list(rows)
    outcomes = outcomes_with_few(found, rule)
    clusters = few_clusters(found, rule)
    with_few = _about(found, outcomes | clusters.keys())
    few = _about(found, {name for name, size in clusters.items() if size < FEW})
    fewest = _about(found, {name for name, size in clusters.items() if size < FEWEST})
    gone = {**dict.fromkeys(fewest, reason_of(rule)), **refused, **_gone(found, rule)}
    return Guarded(gone, on_a_grid(found, few, rule), _with_few_missing(found, rule) | with_few)


def _about(rows: Iterable[Row], outcomes: AbstractSet[str]) -> frozenset[str]:
    """The analyses of these outcomes."""
    return frozenset(row.analysis for row in rows if row.context in ANSWERS and row.variable in outcomes)


def _with_few_missing(rows: Iterable[Row], rule: CountRule) -> frozenset[str]:
    """Analyses of an outcome that 1 to 7 people of an arm lack, whether they were left out or filled in."""
    found = list(rows)
    left_out = {
        row.analysis
        for row in found
        if (row.context, row.variable, row.stat_name) == ("flow", "outcome_missing", "n")
        and (row.status == "suppressed" or rule.is_small(number(row)))
    }
    return few_missing(found, rule) | left_out


def as_shown(answers: tuple[Estimate, ...], rows: Iterable[Row]) -> tuple[Estimate, ...]:
    """Estimates of an analysis with as few digits as its rows have."""
    told = {row.stat_name: number(row) for row in rows if row.context == "estimate"}
    if not answers or told.get("estimate") is None:
        return answers
    first = _as_told(answers[0], told)
    if first == answers[0]:
        return answers
    return (first, *(_coarse_estimate(one, OF_ARMS) for one in answers[1:]))


def _as_told(answer: Estimate, told: Mapping[str, float | None]) -> Estimate:
    """The estimate with the numbers of its rows; those that no row tells are coarse."""

    def shown(name: str, value: float, unit: str = "") -> float:
        stat = told.get(name, value)
        return coarse(value, unit) if stat is None else stat

    ends = answer.interval
    lower, upper = shown("conf_low", ends.lower, answer.unit), shown("conf_high", ends.upper, answer.unit)
    return replace(
        answer,
        value=shown("estimate", answer.value, answer.unit),
        std_error=shown("std_error", answer.std_error),
        statistic=shown("statistic", answer.statistic),
        df=None if answer.df is None else shown("df", answer.df),
        p_value=None if answer.p_value is None else shown("p_value", answer.p_value),
        interval=replace(ends, lower=lower, upper=upper),
    )


def _coarse_estimate(answer: Estimate, decimals: int) -> Estimate:
    ends = (answer.interval.lower, answer.interval.upper)
    low, high = (coarse(end, answer.unit, decimals) for end in ends)
    return replace(
        answer,
        value=coarse(answer.value, answer.unit, decimals),
        std_error=coarse(answer.std_error, ""),
        statistic=coarse(answer.statistic, ""),
        df=None if answer.df is None else coarse(answer.df, ""),
        p_value=None if answer.p_value is None else coarse(answer.p_value, ""),
        interval=replace(answer.interval, lower=low, upper=high),
    )


def coarse(value: float, unit: str, decimals: int = DIGITS) -> float:
    """A proportion to so many decimals, another number to three digits."""
    return round(value, decimals) if unit == "proportion" else significant(value, DIGITS)


def _gone(found: list[Row], rule: CountRule) -> dict[str, str]:
    """Analyses whose effect is another one times a share of few people, each with the reason.

    Effects among those moved, or by dose: the effect as allocated is such an effect times the difference
    in what was received. Effects under a shift of imputed outcomes: less the effect under another one they
    are the share that is missing times the difference of the shifts.
    """
    few = few_missing(found, rule)
    shifted = {
        row.analysis
        for row in found
        if row.context == "setting" and row.variable == SHIFT and row.stat != str(ArmShift())
    }
    return {
        **dict.fromkeys(shifted & few, f"an arm has {rule.words} with or without an outcome"),
        **dict.fromkeys(few_received(found, rule), f"an arm has {rule.words} who received it, or did not"),
    }


def without_answer(row: Row, guarded: Guarded) -> Row:
    """The row, or what is left of it where the answer of its analysis goes or has few digits."""
    value = number(row)
    told = row.context in ANSWERS and row.stat_name not in LEFT
    if not told or value is None or counts_people(row) or row.unit == "clusters":
        return row
    if row.analysis in guarded.gone:
        return suppressed(row, guarded.gone[row.analysis])
    if row.analysis in guarded.grid.errors and row.context != "reference":
        return guarded.grid.shown(row)
    if row.analysis in guarded.coarse and not isinstance(row.stat, int):
        decimals = OF_ARMS if row.context == "arm_summary" else DIGITS
        if row.context == "number_needed":
            return replace(row, stat=significant(value, OF_ARMS))
        return replace(row, stat=coarse(value, row.unit, decimals))
    return row
