"""Answers that go: the effect of an analysis, with all that it could be worked back from.

Some effects are another one times the share of an arm that a few people make up, so that the two side by
side give the few away. Where few outcomes of an arm are missing, answers have few digits: an exact proportion
is that of one number of people only, of those answered in one analysis and of everyone in another. So have
they where few had the event, or did not: an exact difference of two proportions tells both. Every rule
gives the same when it is put to its own output.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    """Analyses whose answers go, each with the reason, and those whose answers have few digits."""

    gone: dict[str, str]
    coarse: frozenset[str]


def guarded_answers(rows: Iterable[Row], rule: CountRule, refused: Mapping[str, str]) -> Guarded:
    """The analyses concerned; ``refused`` are others whose answers go, each with the reason."""
    found = list(rows)
    outcomes = outcomes_with_few(found, rule)
    with_few = {row.analysis for row in found if row.context in ANSWERS and row.variable in outcomes}
    return Guarded({**refused, **_gone(found, rule)}, _with_few_missing(found, rule) | with_few)


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
    shown = next((row for row in rows if (row.context, row.stat_name) == ("estimate", "estimate")), None)
    value = None if shown is None else number(shown)
    exact = value is None or not answers or answers[0].value == value
    if exact:
        return answers
    return tuple(_coarse_estimate(one, OF_ARMS if place else DIGITS) for place, one in enumerate(answers))


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
    if row.analysis in guarded.coarse and not isinstance(row.stat, int):
        decimals = OF_ARMS if row.context == "arm_summary" else DIGITS
        return replace(row, stat=coarse(value, row.unit, decimals))
    return row
