"""The estimates of a result beside its rows: that rows tell the same, and rows to compare them by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from precept_stats.values import Estimate, Result, Results, Row

Told = dict[str, float | int | str | None]


def with_estimates(results: Results) -> tuple[Row, ...]:
    """All rows, and after them each estimate of each result as rows of its own, grouped by its place."""
    return (
        *results.rows,
        *(row for entry in results if isinstance(entry, Result) for row in _as_rows(entry)),
    )


def _as_rows(entry: Result) -> Iterator[Row]:
    for place, one in enumerate(entry.estimates, 1):
        about = Row(
            entry.analysis,
            "estimate",
            "estimate",
            one.value,
            groups=(("answer", str(place)),),
            term=one.contrast,
            measure=one.measure,
            scale=one.scale,
        )
        words: Told = {"unit": one.unit, "kind": one.interval.kind, "method": one.interval.method}
        for name, stat in (_numbers(one) | words).items():
            yield replace(about, stat_name=name, stat=stat)


def _numbers(one: Estimate) -> Told:
    return {
        "estimate": one.value,
        "std_error": one.std_error,
        "df": one.df,
        "statistic": one.statistic,
        "p_value": one.p_value,
        "null": one.null,
        "conf_low": one.interval.lower,
        "conf_high": one.interval.upper,
        "conf_level": one.interval.level,
    }


def rows_tell_estimates(entry: Result) -> Iterator[str]:
    """Each estimate of a result is told by rows of the same measure and contrast, digit by digit."""
    told: dict[tuple[object, ...], dict[tuple[object, ...], Told]] = {}
    for row in entry.rows:
        where = (row.context, row.groups, row.variable, row.variable_level)
        told.setdefault((row.measure, row.term, row.scale), {}).setdefault(where, {})[row.stat_name] = (
            row.stat
        )
    for place, one in enumerate(entry.estimates, 1):
        candidates = [
            rows
            for rows in told.get((one.measure, one.contrast, one.scale), {}).values()
            if "estimate" in rows
        ]
        apart = [_apart(_numbers(one), rows) for rows in candidates]
        if apart and all(apart):
            said = min(apart, key=len)
            yield f"{entry.analysis}: estimate {place} ({one.measure} {one.contrast}): {', '.join(said)}"


def _apart(said: Told, rows: Told) -> list[str]:
    """Where an estimate and its rows give two numbers; what a row withholds is no difference."""
    return [
        f"{name} is {said[name]}, its row says {rows[name]}"
        for name in said.keys() & rows.keys()
        if isinstance(rows[name], float | int) and rows[name] != said[name]
    ]
