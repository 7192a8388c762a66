"""L3: every number made again from the data, and compared within the tolerance of its class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from precept_stats.ard import Tolerance, compare
from precept_stats.data.dataset import Source, Table
from precept_stats.data.policies import read_policy
from precept_stats.errors import PreceptError
from precept_stats.evidence import names
from precept_stats.evidence.environment import packages
from precept_stats.evidence.verify.answers import with_estimates
from precept_stats.evidence.verify.check import Check, Compared, checked
from precept_stats.evidence.verify.completeness import MOST_SHOWN, document, named
from precept_stats.evidence.verify.contents import Contents
from precept_stats.evidence.verify.sampling import OwnDraws
from precept_stats.evidence.verify.tolerances import SAMPLED, agreeing, kind_of, within
from precept_stats.report.disclosure import gate_results
from precept_stats.runner import Progress, load_tables, run
from precept_stats.values import Result, Results, Row

EVERYTHING = Tolerance(relative=float("inf"), absolute=float("inf"))
"""Two numbers are the same row whatever they are: how far apart is judged by their class."""

TOLD = ("estimand", "purpose", "method", "status", "problem", "warnings", "synthetic")
"""What an entry says of itself beside its rows."""

ORIGIN = ("data_digests", "schema_digests", "seed", "lock", "lock_state", "policy")
"""What a run says of its origin that another run has to say too, beside the software and the files."""

SAID = ("stat_label", "warning", "error", "estimand", "purpose")
"""What a row says beside its statistic and what that is about."""


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
    compared = tuple(_compared(bundle.full, ours, _own_draws(again)))
    told = checked("L3", "Analyses end as they are said to", list(_endings(bundle.full, ours)))
    judged = [told, _rows(bundle.full, ours), _words(bundle.full, ours), _numbers(compared)]
    return [*first, *judged], compared


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
    policy = bundle.loaded.plan.disclosure.policy
    if bundle.shown.provenance.policy_digest != read_policy(policy).digest:
        apart.insert(0, f"the policy {policy} has another text here")
    if not apart:
        return checked("L3", name, [])
    more = [f"and {len(apart) - MOST_SHOWN} more"] if len(apart) > MOST_SHOWN else []
    return Check("L3", name, "differs", (*apart[:MOST_SHOWN], *more))


def _endings(theirs: Results, ours: Results) -> Iterator[str]:
    """What results and failures say of themselves beside their rows, and what data were called."""
    if theirs.provenance.synthetic != ours.provenance.synthetic:
        said = {True: "synthetic", False: "real"}
        yield f"data called {said[theirs.provenance.synthetic]} are {said[ours.provenance.synthetic]}"
    for name in ORIGIN:
        one, other = getattr(theirs.provenance, name), getattr(ours.provenance, name)
        if one != other:
            yield f"{name.replace('_', ' ')} {one!r}, made again {other!r}"
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
    """That the same rows and estimates are there, with the same counts and states."""
    one, other = (_numeric_aside(with_estimates(results)) for results in (theirs, ours))
    found = compare(one, other, EVERYTHING)
    said = [f"{named(one.row)}: {one.kind.replace('_', ' ')}, {one.a} and {one.b}" for one in found]
    return _listed("Rows, counts, words and states are the same", said)


def _numeric_aside(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Rows without those of draws' bins, and of the lock, which L1 holds against the locks."""
    return tuple(row for row in rows if row.context not in ("posterior", "lock"))


def _words(theirs: Results, ours: Results) -> Check:
    """That rows are called, warned of and explained as they would be, and stand in the same order."""
    left, right = _by_place(theirs.rows), _by_place(ours.rows)
    said = [
        f"{named(row)}: {name} {getattr(row, name)!r}, made again {getattr(right[key], name)!r}"
        for key, row in left.items()
        if key in right
        for name in SAID
        if getattr(row, name) != getattr(right[key], name)
    ]
    if left.keys() == right.keys() and list(left) != list(right):
        said.append("rows stand in another order")
    return _listed("Labels, warnings and the order of rows are the same", said)


def _compared(theirs: Results, ours: Results, drawn: Mapping[str, OwnDraws]) -> Iterator[Compared]:
    """Every pair of numbers, matched as rows are: those of rows, and those of estimates beside them."""
    methods = {entry.analysis: entry.method for entry in theirs}
    left, right = _by_place(with_estimates(theirs)), _by_place(with_estimates(ours))
    laws = _laws(left, right, drawn)
    for key in left:
        row, other = left[key], right.get(key)
        if other is None or not (isinstance(row.stat, float) and isinstance(other.stat, float)):
            continue
        kind = kind_of(row, methods.get(row.analysis, ""))
        same = within(kind, row.stat, other.stat)
        if not same and kind == "sampled" and row.analysis in drawn:
            law = (row.analysis, row.group("law"))
            same = laws[law] if row.context == "posterior" else drawn[row.analysis].same(row, other)
        yield Compared(named(row), kind, row.stat, other.stat, agreeing(row.stat, other.stat), same)


Placed = dict[tuple[object, ...], Row]


def _laws(left: Placed, right: Placed, drawn: Mapping[str, OwnDraws]) -> dict[tuple[str, str], bool]:
    """Of each density in bins, whether the two are of one law."""
    pairs: dict[tuple[str, str], tuple[list[Row], list[Row]]] = {}
    for side, rows in enumerate((left, right)):
        for row in rows.values():
            if row.context == "posterior" and row.analysis in drawn:
                pairs.setdefault((row.analysis, row.group("law")), ([], []))[side].append(row)
    return {law: drawn[law[0]].same_law(*rows) for law, rows in pairs.items()}


def _own_draws(again: Results) -> dict[str, OwnDraws]:
    """Of every posterior that the reviewer drew: how exact its numbers are."""
    return {
        entry.analysis: OwnDraws(entry)
        for entry in again
        if isinstance(entry, Result) and entry.method in SAMPLED
    }


def _by_place(rows: tuple[Row, ...]) -> Placed:
    """Rows by what they are about; those about the same, by their number among these."""
    found: Placed = {}
    times: Counter[tuple[object, ...]] = Counter()
    for row in rows:
        key: tuple[object, ...] = (
            *(row.analysis, row.context, row.groups, row.variable, row.variable_level),
            *(row.term, row.measure, row.scale, row.unit, row.stat_name),
        )
        times[key] += 1
        found[(*key, times[key])] = row
    return found


def _numbers(compared: tuple[Compared, ...]) -> Check:
    said = [
        f"{one.row} ({one.kind}): {one.theirs!r}, made again {one.ours!r}"
        for one in compared
        if not one.within
    ]
    return _listed("Numbers made again agree within their tolerance", said)


def _listed(name: str, said: list[str]) -> Check:
    """A check that fails where anything was said, and shows the first of it."""
    more = [f"and {len(said) - MOST_SHOWN} more"] if len(said) > MOST_SHOWN else []
    return checked("L3", name, [*said[:MOST_SHOWN], *more])
