"""What must hold among the numbers of a bundle, whatever the data were."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

from scipy import stats

from precept_stats.evidence.verify.answers import rows_tell_estimates
from precept_stats.values import Result, Results, Row

LEAVING = (
    "outcome_missing",
    "outcome_excluded",
    "covariate_missing",
    "incomplete_pair",
    "subgroup_missing",
    "received_missing",
    "outside_windows",
    "outside",
    "excluded",
    "baseline_window",
    "transition",
)
"""Steps of the flow at which rows leave, after eligibility."""
NEAR = 1e-7
"""Relative: limits and p-values are found again from estimates that are stored to the last digit."""
CONTEXTS = ("estimate", "average", "change")
"""Where the degrees of freedom stand beside an interval; without any it is normal."""


def _logit(share: float) -> float:
    return math.log(share / (1.0 - share))


SHAPE: dict[str, Callable[[float], float]] = {"identity": float, "log": math.log, "logit": _logit}


def numbers_hold(results: Results) -> Iterator[str]:
    """People: those analysed by the flow are those of the fit, and arms add up to all.

    Of counts at full precision: those that a policy has rounded one by one need not add up.
    """
    for entry in results:
        if not isinstance(entry, Result):
            continue
        flow, fit = _people(entry.rows, "flow", "analysed"), _people(entry.rows, "fit", "")
        arms, whole = {key: value for key, value in flow.items() if key}, flow.get(())
        if whole is not None and arms and sum(arms.values()) != whole:
            yield f"{entry.analysis}: {sum(arms.values())} people in the arms, {whole} in all"
        yield from _as_fitted(entry, arms, fit)
        yield from _steps(entry)


def _as_fitted(entry: Result, flow: ByArm, fit: ByArm) -> Iterator[str]:
    """By arm; over periods in all, since people are then under a condition, which an arm comes to have."""
    if any(row.context == "fit" and row.stat_name == "n_periods" for row in entry.rows):
        total, fitted = sum(flow.values()), sum(fit.values())
        if fit and flow and total != fitted:
            yield f"{entry.analysis}: {total} people by the flow, {fitted} by the fit"
        return
    for key, value in flow.items():
        said = fit.get(key, value)
        if said != value:
            yield f"{entry.analysis}, {_of(key)}: {value} people by the flow, {said} by the fit"


def _steps(entry: Result) -> Iterator[str]:
    """Those who are eligible less those who leave are those analysed."""
    for arm in {row.groups for row in entry.rows if row.context == "flow"}:
        told = {
            row.variable: row.stat
            for row in entry.rows
            if row.context == "flow" and row.groups == arm and row.stat_name == "n"
        }
        start, end = told.get("eligible"), told.get("analysed")
        if not isinstance(start, int) or not isinstance(end, int):
            continue
        gone = [told[step] for step in LEAVING if step in told]
        if any(not isinstance(value, int) for value in gone):
            continue
        left = start - sum(value for value in gone if isinstance(value, int))
        if left != end:
            yield f"{entry.analysis}, {_of(arm)}: {start} eligible less those who left are {left}, not {end}"


def _of(groups: tuple[tuple[str, str], ...]) -> str:
    return " ".join(level for _, level in groups) or "all"


ByArm = dict[tuple[tuple[str, str], ...], int]


def _people(rows: tuple[Row, ...], context: str, step: str) -> ByArm:
    return {
        row.groups: row.stat
        for row in rows
        if row.context == context
        and isinstance(row.stat, int)
        and row.stat_name == "n"
        and (not step or row.variable == step)
        and all(name == "arm" for name, _ in row.groups)
    }


def estimates_hold(results: Results) -> Iterator[str]:
    """Statistics, p-values and limits of t and normal intervals, found again from estimate and error."""
    for entry in results:
        if isinstance(entry, Result):
            yield from rows_tell_estimates(entry)
            for key, rows in groupby(entry.rows, key=_subject):
                told = {row.stat_name: row.stat for row in rows}
                if key[0] in CONTEXTS and not any(row == "conf_method" for row in told):
                    scale = str(key[-1]) or "identity"
                    yield from (
                        f"{entry.analysis}: {key[0]} {key[4]}: {what}" for what in _wrong(told, scale)
                    )


def _subject(row: Row) -> tuple[object, ...]:
    return (row.context, row.groups, row.variable, row.variable_level, row.term, row.measure, row.scale)


def _wrong(told: dict[str, float | int | str | None], scale: str) -> Iterator[str]:
    value, error, level = told.get("estimate"), told.get("std_error"), told.get("conf_level")
    if not (isinstance(value, float) and isinstance(error, float) and isinstance(level, float)):
        return
    if scale not in SHAPE or not error > 0.0:
        return
    try:
        centre = SHAPE[scale](value)
        law = _law(told.get("df"))
        reach = float(law.ppf(0.5 + 0.5 * level)) * error
        limits = {"conf_low": centre - reach, "conf_high": centre + reach}
        for name, wanted in limits.items():
            limit = told.get(name)
            if isinstance(limit, float) and not _same(SHAPE[scale](limit), wanted, abs(centre) + reach):
                yield f"{name} is {limit:g}, and does not follow from estimate, standard error and df"
        yield from _wrong_test(told, centre, scale)
    except (ValueError, ZeroDivisionError):
        return


def _wrong_test(told: dict[str, float | int | str | None], centre: float, scale: str) -> Iterator[str]:
    null, statistic, p = (told.get(name) for name in ("null", "statistic", "p_value"))
    error = told["std_error"]
    if not (isinstance(null, float) and isinstance(statistic, float) and isinstance(error, float)):
        return
    wanted = (centre - SHAPE[scale](null)) / error
    if not _same(statistic, wanted, max(1.0, abs(wanted))):
        yield f"the statistic is {statistic:g}, and not estimate over standard error ({wanted:g})"
    again = 2.0 * float(_law(told.get("df")).sf(abs(statistic)))
    if isinstance(p, float) and not _same(p, again, max(abs(again), 1e-12)):
        yield f"p is {p:g}, and the statistic gives {again:g}"


def _law(df: float | int | str | None) -> Any:
    return stats.t(float(df)) if isinstance(df, float | int) else stats.norm()


def _same(a: float, b: float, size: float) -> bool:
    return abs(a - b) <= NEAR * size
