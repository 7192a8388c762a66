"""L1: plan, locks, rows and records of a bundle say the same, and nothing was left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from precept_stats.ard import Difference, Tolerance, compare, read_parquet
from precept_stats.data.strict_json import load_json, read_json_file
from precept_stats.errors import DataError, PreceptError
from precept_stats.evidence import names
from precept_stats.evidence.bundle import crate_of, data_record, seeds, status
from precept_stats.evidence.crate import RUN, SOFTWARE
from precept_stats.evidence.manifest import read_manifest
from precept_stats.evidence.verify.arithmetic import estimates_hold, numbers_hold
from precept_stats.evidence.verify.check import Check, checked
from precept_stats.evidence.verify.contents import Contents
from precept_stats.evidence.verify.foreign import foreign_files
from precept_stats.plan.reader import LoadedPlan
from precept_stats.plan.standing import standing
from precept_stats.report.disclosure import gate_results
from precept_stats.values import Failure, Result, Results, Row

MOST_SHOWN = 12
MOST_OF_A_RECORD, MOST_OF_A_LINE = 500_000, 100
LARGEST_LOG = 20_000_000
EXACT = Tolerance(0.0)


def completeness(bundle: Contents) -> list[Check]:
    """Every check that needs no data."""
    return [
        checked("L1", "The rows answer this plan", list(_of_this_plan(bundle))),
        checked("L1", "Every planned analysis has a result or a reason", list(_answered(bundle))),
        checked("L1", "Stand-ins and warnings are disclosed", list(_disclosed(bundle.shown, bundle.loaded))),
        checked("L1", "The lock is told as it is", list(_lock_told(bundle))),
        checked("L1", "Records agree with plan and rows", list(_records(bundle))),
        checked("L1", "The bundle holds nothing but what a run writes", list(foreign_files(bundle))),
        checked("L1", "Rows in Parquet are those in JSON", list(_parquet(bundle))),
        _gated(bundle),
        _counts(bundle),
        _follows(bundle),
    ]


def _of_this_plan(bundle: Contents) -> Iterator[str]:
    manifest, made = read_manifest(bundle.folder), bundle.shown.provenance
    stated = {
        "the plan": (bundle.loaded.plan.id, bundle.loaded.plan.version, bundle.loaded.digest),
        "the rows": (made.plan_id, made.plan_version, made.plan_digest),
        "the manifest": (manifest.plan.id, manifest.plan.version, manifest.plan.digest),
    }
    for what, said in stated.items():
        if said != stated["the plan"]:
            yield f"{what}: {' '.join(said)}, and the plan {' '.join(stated['the plan'])}"
    policy = bundle.loaded.plan.disclosure.policy
    if made.policy != policy:
        yield f"the rows: policy {made.policy!r}, and the plan {policy!r}"
    if bundle.full.provenance != made:
        yield f"{names.SENSITIVE}/{names.ROWS}: says another origin than {names.ROWS}"
    yield from _software_told(bundle)
    if made.seed != bundle.loaded.plan.seed:
        yield f"the seed of the rows is {made.seed}, that of the plan {bundle.loaded.plan.seed}"


def _software_told(bundle: Contents) -> Iterator[str]:
    """The versions that the rows name are those of the record of the environment."""
    said = document(bundle.folder / names.ENVIRONMENT)
    recorded = said if isinstance(said, dict) and isinstance(said.get("packages"), dict) else {"packages": {}}
    versions = {**recorded["packages"], "python": recorded.get("python")}
    for name, version in bundle.shown.provenance.software:
        if versions.get(name) != version:
            yield f"the rows: made with {name} {version}; {names.ENVIRONMENT}: {versions.get(name)}"


def _answered(bundle: Contents) -> Iterator[str]:
    planned, entries = bundle.loaded.plan.analyses, [entry.analysis for entry in bundle.shown]
    if entries != list(planned):
        yield from (
            f"analysis {name}: planned, and not in the rows" for name in planned if name not in entries
        )
        yield from (
            f"analysis {name}: in the rows, and not planned" for name in entries if name not in planned
        )
        yield from (f"analysis {name}: more than once" for name in set(entries) if entries.count(name) > 1)
        if sorted(entries) == sorted(planned):
            yield "analyses stand in another order than in the plan"
    for entry in bundle.shown:
        analysis = planned.get(entry.analysis)
        if analysis is None:
            continue
        said, stated = (entry.purpose, entry.estimand), (analysis.purpose, analysis.estimand)
        if said != stated:
            yield f"analysis {entry.analysis}: {said} in the rows, {stated} in the plan"
        if entry.method != analysis.method.kind:
            yield f"analysis {entry.analysis}: by {entry.method}, planned by {analysis.method.kind}"
        if isinstance(entry, Failure) and not entry.problem:
            yield f"analysis {entry.analysis}: failed without a reason"
        yield from _own_rows(entry)


def _own_rows(entry: Result | Failure) -> Iterator[str]:
    """Rows under an analysis are its own; a result has the rows of its estimates."""
    strange = {row.analysis for row in entry.rows} - {entry.analysis}
    if strange:
        yield f"analysis {entry.analysis}: rows of {', '.join(sorted(strange)) or 'none'} among its own"
    if isinstance(entry, Result) and entry.estimates and not any(r.context == "estimate" for r in entry.rows):
        yield f"analysis {entry.analysis}: an estimate without rows"


def _disclosed(shown: Results, loaded: LoadedPlan) -> Iterator[str]:
    for name, analysis in loaded.plan.analyses.items():
        if not isinstance(_entry(shown, name), Failure):
            continue
        for rule in analysis.on_failure:
            stand_in = _entry(shown, rule.use)
            if stand_in is None or not any(row.context == "deviation" for row in stand_in.rows):
                yield f"analysis {name} failed: nothing says that {rule.use} stands in for it"
    for entry in shown:
        rows = [row for row in entry.rows if row.context in ("estimate", "fit")]
        worst = [row for row in rows if row.status in ("warning", "boundary")]
        if isinstance(entry, Result) and worst and entry.status == "ok":
            yield f"analysis {entry.analysis}: called ok, and rows have a warning"


def _entry(results: Results, name: str) -> Result | Failure | None:
    return next((entry for entry in results if entry.analysis == name), None)


def _lock_told(bundle: Contents) -> Iterator[str]:
    try:
        stands = standing(bundle.loaded)
    except PreceptError as problem:
        yield problem.problem
        return
    made, manifest = bundle.shown.provenance, read_manifest(bundle.folder)
    told = {
        "the rows": (made.lock_state, made.lock),
        "the manifest": (manifest.lock.state, manifest.lock.digest),
    }
    for what, said in told.items():
        if said != (stands.state, stands.digest):
            yield f"{what} say {said[0]} {said[1][:12]}; the locks say {stands.state} {stands.digest[:12]}"
    if stands.chain and made.created < stands.chain[-1].lock.created:
        yield f"the run is dated {made.created}, before its last lock ({stands.chain[-1].lock.created})"
    rows = [row for row in bundle.shown.shared if row.context == "lock"]
    yield from _differences(compare(rows, stands.rows(), EXACT), "rows of the lock")
    said_unplanned = {row.analysis for row in bundle.shown.rows if row.stat_name == "unplanned"}
    if said_unplanned != set(stands.unplanned):
        wrong = sorted(said_unplanned ^ set(stands.unplanned))
        yield f"analyses that were not prespecified are not told as such: {', '.join(wrong)}"


def _records(bundle: Contents) -> Iterator[str]:
    expected = {
        names.STATUS: status(bundle.loaded, bundle.shown),
        names.SEEDS: seeds(bundle.loaded),
        names.DATA: data_record(bundle.loaded, bundle.shown),
    }
    for name, wanted in expected.items():
        found = document(bundle.folder / name)
        if found != json.loads(json.dumps(wanted)):
            yield f"{name}: not what plan and rows say{_where(found, wanted)}"
    yield from _crate(bundle)
    yield from _log(bundle)


def _crate(bundle: Contents) -> Iterator[str]:
    """The metadata are what the files, plan and rows give, whatever the moment at which the run began."""
    found = document(bundle.folder / names.CRATE)
    listed = [entry.path for entry in read_manifest(bundle.folder).files if entry.path != names.CRATE]
    graph = found.get("@graph", []) if isinstance(found, dict) else []
    parts = graph if isinstance(graph, list) else []
    runs = [part for part in parts if isinstance(part, dict) and part.get("@id") == RUN]
    started = str(runs[0].get("startTime", "")) if runs else ""
    wanted = crate_of(bundle.loaded, bundle.shown, listed, started)
    made_by = dict(bundle.shown.provenance.software).get("precept_stats", "")
    for part in wanted["@graph"]:
        if part["@id"] == SOFTWARE:
            part.update(version=made_by, softwareVersion=made_by)
    if found != wanted:
        expected = wanted["@graph"]
        apart = [part["@id"] for part in expected if part not in parts]
        more = [
            str(part.get("@id")) if isinstance(part, dict) else repr(part)[:40]
            for part in parts
            if part not in expected
        ]
        said = ", ".join(dict.fromkeys([*apart, *more])) or "its context, order or number of entities"
        yield f"{names.CRATE}: {said} is not what the bundle gives"
    if started > bundle.shown.provenance.created:
        yield f"{names.CRATE}: the run began at {started} and ended at {bundle.shown.provenance.created}"


def _where(found: object, wanted: dict[str, Any]) -> str:
    if not isinstance(found, dict):
        return ""
    apart = sorted(key for key in {*found, *wanted} if found.get(key) != wanted.get(key))
    return f" ({', '.join(apart)})" if apart else ""


def _log(bundle: Contents) -> Iterator[str]:
    """The log is lines of JSON, and names no analysis that is not planned."""
    try:
        lines = (bundle.folder / names.LOG).read_bytes()[:LARGEST_LOG].splitlines()
    except OSError:
        yield f"{names.LOG}: absent"
        return
    for number, line in enumerate(lines, 1):
        try:
            name = str(load_json(line, names.LOG, MOST_OF_A_LINE).get("analysis", ""))
        except (DataError, AttributeError):
            yield f"{names.LOG}, line {number}: not JSON"
            continue
        if name and name not in bundle.loaded.plan.analyses:
            yield f"{names.LOG}, line {number}: an analysis {name!r} that is not planned"


def document(path: Path) -> Any:
    """A JSON document of the bundle; None where it cannot be read as one."""
    try:
        return read_json_file(path, MOST_OF_A_RECORD)
    except DataError:
        return None


def _parquet(bundle: Contents) -> Iterator[str]:
    pairs = [("", bundle.shown)]
    if bundle.sensitive is not None:
        pairs.append((f"{names.SENSITIVE}/", bundle.sensitive))
    for prefix, results in pairs:
        path = bundle.folder / f"{prefix}{names.PARQUET}"
        try:
            rows = read_parquet(path)
        except PreceptError:
            yield f"{prefix}{names.PARQUET}: cannot be read as rows"
            continue
        if rows != results.rows:
            yield from _differences(compare(rows, results.rows, EXACT), f"{prefix}{names.PARQUET}")
            if not compare(rows, results.rows, EXACT):
                yield f"{prefix}{names.PARQUET}: labels, warnings or the order of rows differ"


def _counts(bundle: Contents) -> Check:
    """At full precision: numbers that were rounded for release need not add up."""
    name = "Numbers of people add up"
    if bundle.sensitive is None and bundle.loaded.plan.disclosure.policy != "none":
        return Check("L1", name, "not run", ("counts at full precision are not there",))
    return checked("L1", name, list(numbers_hold(bundle.full)))


def _follows(bundle: Contents) -> Check:
    """At full precision: a policy may round each number of an answer by itself."""
    name = "Intervals and p-values follow from estimates"
    if bundle.sensitive is None and bundle.loaded.plan.disclosure.policy != "none":
        return Check("L1", name, "not run", ("numbers at full precision are not there",))
    return checked("L1", name, list(estimates_hold(bundle.full)))


def _gated(bundle: Contents) -> Check:
    name = "Released rows are those at full precision, after the disclosure policy"
    if bundle.sensitive is None:
        return Check("L1", name, "not run", ("the sensitive part is not there",))
    policy = bundle.loaded.plan.disclosure.policy
    again = gate_results(bundle.sensitive, policy)
    if again == bundle.shown:
        return checked("L1", name, [])
    found = _differences(compare(again.rows, bundle.shown.rows, EXACT), names.ROWS)
    return Check(
        "L1", name, "failed", tuple(found) or (f"{names.ROWS}: estimates, labels or reasons differ",)
    )


def _differences(found: tuple[Difference, ...], where: str) -> Iterator[str]:
    for one in found[:MOST_SHOWN]:
        yield f"{where}: {named(one.row)}: {one.a} and {one.b}"
    if len(found) > MOST_SHOWN:
        yield f"{where}: and {len(found) - MOST_SHOWN} more"


def named(row: Row) -> str:
    """A row in a few words."""
    groups = ", ".join(level for _, level in row.groups)
    parts = (row.analysis, row.context, groups, row.variable, row.term, row.measure, row.stat_name)
    return " / ".join(part for part in parts if part)
