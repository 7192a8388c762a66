"""L3: every number made again from the data, and compared within the tolerance of its class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from precept_stats.ard import Tolerance, compare
from precept_stats.data.dataset import Source, Table
from precept_stats.errors import PreceptError
from precept_stats.evidence import names
from precept_stats.evidence.environment import packages
from precept_stats.evidence.verify.check import Check, Compared, checked
from precept_stats.evidence.verify.completeness import MOST_SHOWN, Contents, document, named
from precept_stats.evidence.verify.tolerances import Sampling, agreeing, kind_of, within
from precept_stats.report.disclosure import gate_results
from precept_stats.runner import Progress, load_tables, run
from precept_stats.values import Result, Results, Row

EVERYTHING = Tolerance(relative=float("inf"), absolute=float("inf"))
"""Two numbers are the same row whatever they are: how far apart is judged by their class."""

TOLD = ("estimand", "purpose", "method", "status", "problem", "warnings", "synthetic")
"""What an entry says of itself beside its rows."""


def rerun(
    bundle: Contents, data: Mapping[str, Source], progress: Progress | None
) -> tuple[list[Check], tuple[Compared, ...]]:
    """Data first, then numbers. Without the data the level is not run, and the check says what is missing."""
    missing = sorted(set(bundle.loaded.plan.data) - set(data))
    if missing:
        needed = ", ".join(f"--data {name}=FILE" for name in missing)
        return [Check("L3", "Numbers made again from the data", "not run", (f"needs {needed}",))], ()
    try:
        tables = load_tables(bundle.loaded, data)
    except PreceptError as problem:
        return [Check("L3", "The data can be read", "failed", (str(problem),))], ()
    first = [_data(bundle, tables), _software(bundle)]
    if first[0].outcome == "failed":
        return [*first, Check("L3", "Numbers made again from the data", "not run", ("the data differ",))], ()
    try:
        again = run(bundle.loaded, data, progress=progress)
    except PreceptError as problem:
        return [*first, Check("L3", "Numbers made again from the data", "failed", (str(problem),))], ()
    ours = (
        again if bundle.sensitive is not None else gate_results(again, bundle.loaded.plan.disclosure.policy)
    )
    compared = tuple(_compared(bundle.full, ours))
    told = checked("L3", "Analyses end as they are said to", list(_endings(bundle.full, ours)))
    return [*first, told, _rows(bundle.full, ours), _numbers(compared)], compared


def _data(bundle: Contents, tables: Mapping[str, Table]) -> Check:
    """By what the tables say, whatever the order of rows or the format; then by their bytes."""
    name = "The data are those that were analysed"
    made = dict(bundle.shown.provenance.data_digests)
    wrong = [
        f"{table}: says something else" for table, given in tables.items() if given.digest != made.get(table)
    ]
    if wrong:
        return Check("L3", name, "failed", tuple(wrong))
    files = dict(bundle.shown.provenance.file_digests)
    moved = [table for table, given in tables.items() if given.file_digest != files.get(table, "")]
    if moved:
        said = f"{', '.join(moved)}: the same contents in another file, format or order of rows"
        return Check("L3", name, "differs", (said,))
    return checked("L3", name, [])


def _software(bundle: Contents) -> Check:
    name = "The software is the one that was used"
    recorded = document(bundle.folder / names.ENVIRONMENT)
    theirs = recorded.get("packages", {}) if isinstance(recorded, dict) else {}
    ours = packages()
    apart = [
        f"{one} {theirs[one]}, here {ours.get(one, 'none')}" for one in theirs if theirs[one] != ours.get(one)
    ]
    if not apart:
        return checked("L3", name, [])
    more = [f"and {len(apart) - MOST_SHOWN} more"] if len(apart) > MOST_SHOWN else []
    return Check("L3", name, "differs", (*apart[:MOST_SHOWN], *more))


def _endings(theirs: Results, ours: Results) -> Iterator[str]:
    """What results and failures say of themselves beside their rows, and what data were called."""
    if theirs.provenance.synthetic != ours.provenance.synthetic:
        said = {True: "synthetic", False: "real"}
        yield f"data called {said[theirs.provenance.synthetic]} are {said[ours.provenance.synthetic]}"
    if theirs.warnings != ours.warnings:
        yield "warnings about the plan are others"
    mine = {entry.analysis: entry for entry in ours}
    for entry in theirs:
        again = mine.get(entry.analysis)
        if again is None:
            yield f"{entry.analysis}: not made again"
            continue
        for name in TOLD:
            one, other = getattr(entry, name, None), getattr(again, name, None)
            if one != other:
                yield f"{entry.analysis}: {name} {one!r}, made again {other!r}"


def _rows(theirs: Results, ours: Results) -> Check:
    """That the same rows are there, with the same words, counts and states."""
    found = compare(_numeric_aside(theirs.rows), _numeric_aside(ours.rows), EVERYTHING)
    said = [f"{named(one.row)}: {one.kind.replace('_', ' ')}, {one.a} and {one.b}" for one in found]
    more = [f"and {len(said) - MOST_SHOWN} more"] if len(said) > MOST_SHOWN else []
    return checked("L3", "Rows, counts, words and states are the same", [*said[:MOST_SHOWN], *more])


def _numeric_aside(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Rows without those of draws' bins, and of time, which no second run repeats."""
    return tuple(row for row in rows if row.context not in ("posterior", "lock"))


def _compared(theirs: Results, ours: Results) -> Iterator[Compared]:
    """Every pair of numbers, matched as rows are."""
    methods = {entry.analysis: entry.method for entry in theirs}
    precision = _precision(theirs, ours)
    left, right = _by_place(theirs.rows), _by_place(ours.rows)
    for key in left.keys() & right.keys():
        row, other = left[key], right[key]
        if not (isinstance(row.stat, float) and isinstance(other.stat, float)) or row.context == "posterior":
            continue
        kind = kind_of(row, methods.get(row.analysis, ""))
        same = within(kind, row.stat, other.stat, precision.get(row.analysis))
        yield Compared(named(row), kind, row.stat, other.stat, agreeing(row.stat, other.stat), same)


def _by_place(rows: tuple[Row, ...]) -> dict[tuple[object, ...], Row]:
    found: dict[tuple[object, ...], Row] = {}
    for row in rows:
        key: tuple[object, ...] = (
            *(row.analysis, row.context, row.groups, row.variable, row.variable_level),
            *(row.term, row.measure, row.scale, row.unit, row.stat_name),
        )
        while key in found:
            key = (*key, "again")
        found[key] = row
    return found


def _precision(theirs: Results, ours: Results) -> dict[str, Sampling]:
    """Of every posterior that both have: its standard deviation and effective sample sizes."""
    mine = {entry.analysis: entry for entry in ours if isinstance(entry, Result)}
    found = {}
    for entry in theirs:
        again = mine.get(entry.analysis)
        if not isinstance(entry, Result) or again is None or not entry.estimates:
            continue
        sizes = [_effective(one) for one in (entry, again)]
        if all(sizes):
            found[entry.analysis] = Sampling(entry.estimate.std_error, sizes[0], sizes[1])
    return found


def _effective(entry: Result) -> float:
    told = [
        row.stat for row in entry.rows if row.context == "fit" and row.stat_name in ("ess_bulk", "ess_tail")
    ]
    return min((float(stat) for stat in told if isinstance(stat, int | float)), default=0.0)


def _numbers(compared: tuple[Compared, ...]) -> Check:
    wrong = [one for one in compared if not one.within]
    said = [f"{one.row} ({one.kind}): {one.theirs!r}, made again {one.ours!r}" for one in wrong]
    more = [f"and {len(said) - MOST_SHOWN} more of {len(compared)}"] if len(said) > MOST_SHOWN else []
    return checked("L3", "Numbers made again agree within their tolerance", [*said[:MOST_SHOWN], *more])
