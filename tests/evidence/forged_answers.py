"""Answers changed, and every file of a bundle made again from them: only arithmetic and the data tell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Literal

from precept_stats.evidence.verify.check import Level
from precept_stats.values import Estimate, Result, Results, Row
from tests.evidence.forger import made_again
from tests.evidence.mutation import Mutation

NUMBERS = ("estimate", "average", "arm_summary", "number_needed", "joint_test", "icc", "fit")
"""Contexts whose numbers are changed one by one."""


def numbers(results: Results) -> Iterator[Mutation]:
    """A number changed in its fourth digit, and every file made again from it by the library."""
    for place, row in enumerate(results.rows):
        if row.context in NUMBERS and isinstance(row.stat, float) and row.stat not in (0.0, 1.0):
            words = "/".join(
                filter(None, (row.analysis, row.context, *(v for _, v in row.groups), row.stat_name))
            )
            yield Mutation(
                "a number changed, bundle made again",
                f"{words}, row {place}",
                "the data",
                "L3",
                partial(made_again, change=partial(with_number, place, row.stat)),
            )


def with_number(place: int, old: float, results: Results) -> Results:
    """The row at this place, and the estimate that it tells, if it is one."""
    row = results.rows[place]
    new = old * 1.001
    return _with_entries(results, lambda entry: _entry_with(entry, row, new))


def _entry_with(entry: Result, row: Row, new: float) -> Result:
    if row not in entry.rows:
        return entry
    rows = tuple(replace(one, stat=new) if one is row else one for one in entry.rows)
    estimates = tuple(_estimate_with(one, row, new) for one in entry.estimates)
    return replace(entry, rows=rows, estimates=estimates)


def _estimate_with(estimate: Estimate, row: Row, new: float) -> Estimate:
    if row.context != "estimate" or row.measure != estimate.measure:
        return estimate
    fields = {"estimate": "value", "std_error": "std_error", "statistic": "statistic", "p_value": "p_value"}
    if row.stat_name in fields:
        return replace(estimate, **{fields[row.stat_name]: new})  # type: ignore[arg-type]
    limits = {"conf_low": "lower", "conf_high": "upper"}
    if row.stat_name in limits:
        interval = replace(estimate.interval, **{limits[row.stat_name]: new})  # type: ignore[arg-type]
        return replace(estimate, interval=interval)
    return estimate


def _with_entries(results: Results, change: Callable[[Result], Result]) -> Results:
    entries = tuple(change(entry) if isinstance(entry, Result) else entry for entry in results.analyses)
    return replace(results, analyses=entries)


def answers() -> Iterator[Mutation]:
    """Answers exchanged, hidden or made up, and every file made again from them."""
    changes: dict[str, tuple[Level, Callable[[Results], Results]]] = {
        "an analysis left out": ("L1", lambda r: replace(r, analyses=r.analyses[:-1])),
        "analyses in another order": ("L1", lambda r: replace(r, analyses=r.analyses[::-1])),
        "an analysis twice": ("L1", lambda r: replace(r, analyses=(*r.analyses, r.analyses[0]))),
        "an analysis that was not planned": ("L1", _renamed),
        "the answer of the sensitivity analysis": ("L3", _exchanged_answers),
        "a sensitivity analysis called primary": ("L1", partial(_purpose, "primary")),
        "arms exchanged": ("L3", _arms),
        "a status": ("L3", lambda r: _with_entries(r, lambda entry: replace(entry, status="warning"))),
        "a warning": ("L3", lambda r: _with_entries(r, lambda entry: replace(entry, warnings=("x",)))),
        "the flow left out": ("L3", _no_rows_of("flow")),
        "clusters left out": ("L3", _no_rows_of("fit")),
        "one person fewer in an arm": ("L1", partial(_people, "analysed", -1)),
        "ten people fewer throughout": ("L1", partial(_people, "", -10)),
        "an estimate beside its rows: p and limits": ("L1", _estimates(0, p_value=0.001, std_error=0.001)),
        "an estimate beside its rows: statistic of an arm": ("L3", _estimates(1, statistic=99.0)),
        "an estimate beside its rows: the value of an arm": ("L1", _estimates(1, value=0.99)),
        "an estimate beside its rows: called another": ("L3", _estimates(0, contrast="old - new")),
        "an estimate left out": ("L3", _fewer_estimates),
        "labels": ("L3", _rows_said(stat_label="Deaths prevented")),
        "warnings of rows": ("L3", _rows_said(warning="The board approved this.")),
        "reasons of rows": ("L3", _rows_said(error="nothing")),
        "rows in another order": ("L3", _reversed_rows),
        "the software that is named": ("L1", lambda r: _made(r, software=(("SAS", "9.4"),))),
        "the policy that is named": ("L1", lambda r: _made(r, policy="none")),
        "the digest of the schema": ("L3", lambda r: _made(r, schema_digests=(("people", "0" * 64),))),
        "another day": ("L1", lambda r: _made(r, created="2020-01-01T00:00:00Z")),
        "another seed": ("L1", lambda r: _made(r, seed=1)),
        "other data": ("L3", lambda r: _made(r, data_digests=(("people", "0" * 64),))),
        "not called synthetic": ("L3", lambda r: _made(r, synthetic=False)),
        "called not locked": ("L1", lambda r: _made(r, lock_state="unlocked", lock="")),
        "rows of the lock left out": ("L1", lambda r: replace(r, shared=_without(r.shared, "lock"))),
    }
    for what, (level, change) in changes.items():
        then = partial(made_again, change=change)
        yield Mutation("an answer changed, bundle made again", what, "the data", level, then)


def _estimates(place: int, **said: float | str) -> Callable[[Results], Results]:
    """An estimate of each result that has so many, and no row."""

    def change(entry: Result) -> Result:
        forged = (
            replace(one, **said) if number == place else one  # type: ignore[arg-type]
            for number, one in enumerate(entry.estimates)
        )
        return replace(entry, estimates=tuple(forged))

    return lambda results: _with_entries(results, change)


def _fewer_estimates(results: Results) -> Results:
    return _with_entries(results, lambda entry: replace(entry, estimates=entry.estimates[:-1]))


def _rows_said(**said: str) -> Callable[[Results], Results]:
    """What the rows of estimates say in words, beside their statistic."""

    def change(entry: Result) -> Result:
        rows = (
            replace(row, **said) if row.context == "estimate" else row  # type: ignore[arg-type]
            for row in entry.rows
        )
        return replace(entry, rows=tuple(rows))

    return lambda results: _with_entries(results, change)


def _reversed_rows(results: Results) -> Results:
    return _with_entries(results, lambda entry: replace(entry, rows=entry.rows[::-1]))


def _renamed(results: Results) -> Results:
    last = results.analyses[-1]
    rows = tuple(replace(row, analysis="subgroup") for row in last.rows)
    return replace(results, analyses=(*results.analyses, replace(last, analysis="subgroup", rows=rows)))


def _exchanged_answers(results: Results) -> Results:
    first, second, *rest = results.analyses
    assert isinstance(first, Result)
    assert isinstance(second, Result)
    rows = tuple(replace(row, analysis=first.analysis) for row in second.rows)
    taken = replace(second, analysis=first.analysis, purpose=first.purpose, rows=rows)
    return replace(results, analyses=(taken, second, *rest))


def _purpose(said: Literal["primary"], results: Results) -> Results:
    return _with_entries(results, lambda entry: replace(entry, purpose=said))


def _arms(results: Results) -> Results:
    other = {"new": "old", "old": "new"}

    def exchanged(row: Row) -> Row:
        return replace(row, groups=tuple((name, other.get(level, level)) for name, level in row.groups))

    return _with_entries(results, lambda entry: replace(entry, rows=tuple(map(exchanged, entry.rows))))


def _without(rows: tuple[Row, ...], context: str) -> tuple[Row, ...]:
    return tuple(row for row in rows if row.context != context)


def _no_rows_of(context: str) -> Callable[[Results], Results]:
    return lambda results: _with_entries(
        results, lambda entry: replace(entry, rows=_without(entry.rows, context))
    )


def _people(step: str, more: int, results: Results) -> Results:
    def fewer(row: Row) -> Row:
        counted = row.stat_name == "n" and isinstance(row.stat, int) and ("arm", "new") in row.groups
        if not counted or (step and row.variable != step):
            return row
        return replace(row, stat=int(row.stat or 0) + more)

    return _with_entries(results, lambda entry: replace(entry, rows=tuple(map(fewer, entry.rows))))


def _made(results: Results, **said: object) -> Results:
    return replace(results, provenance=replace(results.provenance, **said))  # type: ignore[arg-type]
