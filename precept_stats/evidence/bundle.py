"""The bundle of a run: a folder that stands alone, from which a stranger can check every number.

docs/bundle.md says what each file is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from precept_stats.ard import write_json, write_parquet
from precept_stats.evidence import names
from precept_stats.evidence.crate import crate
from precept_stats.evidence.draw_files import write_draws
from precept_stats.evidence.environment import environment
from precept_stats.evidence.figure_files import write_figures
from precept_stats.evidence.keys import Signer
from precept_stats.evidence.manifest import LockNamed, PlanNamed, write_manifest
from precept_stats.inference.seeds import Seed
from precept_stats.plan.lock_chain import locks_folder, read_chain
from precept_stats.plan.provenance import now
from precept_stats.plan.reader import LoadedPlan
from precept_stats.plan.schemas import planned_schemas
from precept_stats.report.disclosure import gate_results
from precept_stats.report.render_html import drawing, render_html
from precept_stats.report.story import story
from precept_stats.values import Failure, Results

WARNING = """These files hold every count at full precision. They have not passed the disclosure
policy of the plan. Keep them where the data are kept; share the files of the folder above.
A copy of that folder without this one is complete, and can still be verified.
"""


@dataclass(frozen=True, slots=True)
class Journal:
    """When a run began, and what happened in it: lines of JSON, which hold no value of the data."""

    started: str
    lines: tuple[str, ...] = ()


def write_bundle(
    loaded: LoadedPlan, results: Results, folder: Path, journal: Journal, signers: Sequence[Signer] = ()
) -> None:
    """Fill an empty folder with the bundle of these results."""
    shown = gate_results(results, loaded.plan.disclosure.policy)
    report = story(loaded, results)
    drawings = {figure.id: drawing(figure) for figure in report.figures}
    (folder / names.REPORT).write_text(render_html(report, drawings), encoding="utf-8")
    write_figures(report, drawings, folder / names.FIGURES)
    _write_rows(shown, folder)
    _write_documents(loaded, folder)
    made = results.provenance
    _write(folder / names.STATUS, status(loaded, shown))
    _write(folder / names.ENVIRONMENT, environment())
    _write(folder / names.DATA, data_record(loaded, results))
    _write(folder / names.SEEDS, seeds(loaded))
    (folder / names.LOG).write_text("".join(f"{line}\n" for line in journal.lines), encoding="utf-8")
    _write_sensitive(results, folder / names.SENSITIVE)
    paths = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    open_paths = [path for path in paths if not path.startswith(f"{names.SENSITIVE}/")]
    described = crate_of(loaded, shown, open_paths, journal.started)
    _write(folder / names.CRATE, described)
    plan = PlanNamed(id=made.plan_id, version=made.plan_version, digest=made.plan_digest)
    write_manifest(folder, now(), plan, LockNamed(state=made.lock_state, digest=made.lock), signers)


def crate_of(loaded: LoadedPlan, shown: Results, paths: Sequence[str], started: str) -> dict[str, Any]:
    """The RO-Crate metadata of a bundle with these files, but for the manifest and the crate itself."""
    made = shown.provenance
    failed = ", ".join(failed_analyses(loaded, shown))
    title = f"{loaded.plan.title} ({'synthetic data' if made.synthetic else 'results'})"
    return crate(title, made, (started, made.created), [*paths, names.MANIFEST], failed)


def status(loaded: LoadedPlan, shown: Results) -> dict[str, Any]:
    """How a run ended, for a program: each analysis, what failed, what departs, and the exit code."""
    made = shown.provenance
    unplanned = _unplanned(shown)
    fallbacks = {
        rule.use: name
        for name, analysis in loaded.plan.analyses.items()
        for rule in analysis.on_failure
        if isinstance(shown[name], Failure)
    }
    failed = failed_analyses(loaded, shown)
    departures = {row.groups for row in shown.shared if row.context == "lock" and row.group("departure")}
    return {
        "precept_status": "1",
        "state": "complete",
        "plan": {"id": made.plan_id, "version": made.plan_version, "digest": made.plan_digest},
        "lock": {"state": made.lock_state, "digest": made.lock},
        "synthetic": made.synthetic,
        "policy": loaded.plan.disclosure.policy,
        "analyses": {
            entry.analysis: {
                "outcome": "failure" if isinstance(entry, Failure) else "result",
                "status": entry.status,
                "purpose": entry.purpose,
                "planned": entry.analysis not in unplanned,
                "stands_in_for": fallbacks.get(entry.analysis, ""),
            }
            for entry in shown
        },
        "failed": failed,
        "unplanned": unplanned,
        "departures": len(departures),
        "warnings": len(shown.warnings) + sum(len(getattr(entry, "warnings", ())) for entry in shown),
        "exit_code": 1 if failed else 0,
    }


def failed_analyses(loaded: LoadedPlan, results: Results) -> list[str]:
    """What gave no number: analyses, and in a plan that compares areas anything that is asked of them."""
    failed = [entry.analysis for entry in results.failed]
    if loaded.plan.of_areas:
        failed += [row.analysis for row in results.shared if row.context == "failure"]
    return list(dict.fromkeys(failed))


def _unplanned(results: Results) -> list[str]:
    rows = (row for row in results.rows if (row.context, row.stat_name) == ("deviation", "unplanned"))
    return list(dict.fromkeys(row.analysis for row in rows))


def seeds(loaded: LoadedPlan) -> dict[str, Any]:
    """The root seed and the address of every analysis below it."""
    root = loaded.plan.seed
    streams = {} if root is None else {name: list(Seed(root).at(name).path) for name in loaded.plan.analyses}
    return {
        "precept_seeds": "1",
        "root": root,
        "bit_generator": "PCG64",
        "rule": "numpy.random.default_rng(numpy.random.SeedSequence(root, spawn_key=stream)); a stream "
        "within an analysis has further words after those given here",
        "streams": streams,
    }


def data_record(loaded: LoadedPlan, results: Results) -> dict[str, Any]:
    """Which tables were read, and the digests of what they say, of their bytes and of their schemas."""
    made = results.provenance
    files, schemas = dict(made.file_digests), dict(made.schema_digests)
    return {
        "precept_data": "1",
        "tables": {
            name: {
                "schema": loaded.plan.data[name].schema_id,
                "schema_sha256": schemas.get(loaded.plan.data[name].schema_id, ""),
                "content_sha256": digest,
                "bytes_sha256": files.get(name, ""),
            }
            for name, digest in made.data_digests
        },
    }


def _write_documents(loaded: LoadedPlan, folder: Path) -> None:
    """The plan, its schemas and its locks, as they were read."""
    (folder / names.PLAN).write_bytes(loaded.text.encode("utf-8"))
    inner = folder / names.SCHEMAS
    inner.mkdir()
    for name, planned in planned_schemas(loaded).items():
        (inner / f"{name}.yaml").write_bytes(planned.text.encode("utf-8"))
    chain = read_chain(locks_folder(loaded.path)) if loaded.path is not None else ()
    if chain:
        locks = folder / names.LOCKS
        locks.mkdir()
        for file in chain:
            (locks / file.name).write_bytes(file.lock.content())


def _write_sensitive(results: Results, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    (folder / names.WARNING_FILE).write_text(WARNING, encoding="utf-8")
    _write_rows(results, folder)
    write_draws(results, folder)


def _write_rows(results: Results, folder: Path) -> None:
    write_json(results, folder / names.ROWS)
    write_parquet(results.rows, folder / names.PARQUET)


def _write(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(f"{text}\n", encoding="utf-8")
