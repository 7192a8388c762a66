"""From a bundle to a verification: read it with care, check it level by level, repair nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from precept_stats.ard import read_json
from precept_stats.data.dataset import Source
from precept_stats.errors import PlanError, PreceptError, legible
from precept_stats.evidence import names
from precept_stats.evidence.manifest import strange_files
from precept_stats.evidence.verify.check import Check, Compared, Level, Verification
from precept_stats.evidence.verify.completeness import completeness
from precept_stats.evidence.verify.contents import Contents
from precept_stats.evidence.verify.execution import execution
from precept_stats.evidence.verify.integrity import integrity
from precept_stats.evidence.verify.opened import opened
from precept_stats.evidence.verify.rendering import rendering
from precept_stats.evidence.verify.rerun import rerun
from precept_stats.evidence.verify.second_engine import Twin, second_engine
from precept_stats.plan.provenance import now
from precept_stats.plan.reader import read_plan
from precept_stats.runner import Progress

LONGEST_REASON = 500
UP_TO: tuple[Level, ...] = ("L0", "L1", "L2", "L3", "L4", "L5")


@dataclass(frozen=True, slots=True)
class Against:
    """What a reviewer brings: data by table, fingerprints of keys, locks kept elsewhere, how far to go.

    ``twin`` is the folder of the second engine, which ``run_r`` lets R be started in.
    """

    data: Mapping[str, Source] = field(default_factory=dict)
    signers: tuple[str, ...] = ()
    locks: Path | None = None
    level: Level = "L3"
    twin: Path | None = None
    run_r: bool = False


def verify(
    bundle: Path | str, against: Against | None = None, *, progress: Progress | None = None
) -> Verification:
    """Check a bundle (a folder, or a zip file of one), up to a level.

    Nothing in it is executed and nothing is changed. What cannot be read is a failed check, and levels
    above are not run. Raises DataError where ``bundle`` is neither a folder nor a zip file that is safe,
    and PlanError for data under a name that its plan has not.
    """
    brought = against or Against()
    with opened(Path(bundle)) as folder:
        checks = integrity(folder, brought.signers, brought.locks)
        compared: tuple[Compared, ...] = ()
        contents, problem = _contents(folder)
        if contents is None:
            checks.append(Check("L1", "Plan and rows can be read", "failed", (problem,)))
        else:
            _refuse_unknown(contents, brought.data)
            more, compared = _further(contents, brought, progress)
            checks += more
        return Verification(
            bundle=Path(bundle).name,
            plan=_plan(contents),
            made=now(),
            digest=_digest(folder / names.MANIFEST),
            checks=tuple(check for check in checks if check.level in _wanted(brought.level)),
            compared=compared,
        )


def _refuse_unknown(contents: Contents, data: Mapping[str, Source]) -> None:
    """A name that the plan has not is a slip that would leave the numbers unchecked. Raises PlanError."""
    planned = contents.loaded.plan.data
    if unknown := sorted(set(data) - set(planned)):
        raise PlanError(
            "the plan has no such table", found=", ".join(unknown), allowed=", ".join(planned) or "no table"
        )


def _wanted(level: Level) -> tuple[Level, ...]:
    return UP_TO[: UP_TO.index(level) + 1]


def _contents(folder: Path) -> tuple[Contents | None, str]:
    """Plan and rows; None, and why, where these cannot be read. With links about, nothing is read."""
    if strange := strange_files(folder):
        return None, strange[0]
    try:
        inner = folder / names.SENSITIVE / names.ROWS
        return Contents(
            folder,
            read_plan(folder / names.PLAN),
            read_json(folder / names.ROWS),
            read_json(inner) if inner.is_file() and not inner.is_symlink() else None,
        ), ""
    except PreceptError as problem:
        return None, str(problem)


def _further(
    contents: Contents, brought: Against, progress: Progress | None
) -> tuple[list[Check], tuple[Compared, ...]]:
    wanted, found = _wanted(brought.level), list[Check]()
    compared: tuple[Compared, ...] = ()
    if "L1" in wanted:
        found += _guarded("L1", lambda: completeness(contents))
    if "L2" in wanted:
        found += _guarded("L2", lambda: rendering(contents))
    if "L3" in wanted:
        more, compared = rerun(contents, brought.data, progress)
        found += more
    if "L4" in wanted:
        twin = None if brought.twin is None else Twin(brought.twin, brought.run_r)
        more, beside = second_engine(contents, brought.data, twin)
        found, compared = [*found, *more], (*compared, *beside)
    if "L5" in wanted:
        found += _guarded("L5", lambda: execution(contents, progress))
    return found, compared


def _guarded(level: Level, look: Callable[[], list[Check]]) -> list[Check]:
    """The checks of a level; rows that no run could have written can stop them, which is a finding too."""
    try:
        return look()
    except Exception as problem:
        said = legible(f"{type(problem).__name__}: {problem}"[:LONGEST_REASON])
        return [Check(level, "Plan, rows and records can be read together", "failed", (said,))]


def _plan(contents: Contents | None) -> str:
    return f"{contents.loaded.plan.id} {contents.loaded.plan.version}" if contents is not None else ""


def _digest(manifest: Path) -> str:
    """SHA-256 of the manifest, which fixes every byte of the bundle; empty where there is none."""
    if manifest.is_symlink() or not manifest.is_file():
        return ""
    return hashlib.sha256(manifest.read_bytes()).hexdigest()
