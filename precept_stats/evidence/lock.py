"""Locking a plan and amending it: what is refused, what is written, and never anything written over."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from precept_stats.errors import OutputError, PlanError
from precept_stats.evidence.keys import Signer
from precept_stats.plan.amendment_classes import AmendmentClass, Timing
from precept_stats.plan.findings import pointer
from precept_stats.plan.lock_chain import (
    SEEN_BY_ARM,
    lock_name,
    locks_folder,
    read_chain,
    sequence_problems,
    timing_problem,
)
from precept_stats.plan.lock_differences import changes_between, stated
from precept_stats.plan.lock_document import (
    Amendment,
    Lock,
    LockedPlan,
    LockedSchema,
    LockFile,
    read_lock,
)
from precept_stats.plan.reader import LoadedPlan, read_plan
from precept_stats.plan.rules.wording import undecided
from precept_stats.plan.schemas import planned_schemas


@dataclass(frozen=True, slots=True)
class Why:
    """What an amendment has to say for itself: its class, its reason, and who had seen what by then."""

    kind: AmendmentClass
    reason: str
    timing: Timing
    seen: str
    decided_by: str = ""
    impact: str = ""


def lock(plan: Path | str, signers: Sequence[Signer] = ()) -> LockFile:
    """Lock the plan in a file: write ``<plan>.locks/0000.json`` beside it, signed by each signer.

    Refused, with every reason at once: a plan with errors, with something undecided (TBD and the like),
    with a schema that it does not pin by ``schema_sha256``, or whose primary analysis names no fallback;
    and one that is locked already. Raises PlanError or OutputError.
    """
    loaded = read_plan(plan)
    folder = locks_folder(Path(plan))
    if read_chain(folder):
        raise PlanError(
            "the plan is locked already", found=str(folder), allowed="precept amend, to change a locked plan"
        )
    _refuse("the plan cannot be locked yet", tuple(refusals(loaded)), loaded)
    return _write(loaded, folder, None, None, signers)


def amend(plan: Path | str, why: Why, signers: Sequence[Signer] = ()) -> LockFile:
    """Amend a locked plan: the file as it is now, its differences from the last lock, and why.

    The version has to go up, and ``data_state`` may not say that less had been seen than before. What
    keeps a plan from being locked keeps it from being amended. Raises PlanError or OutputError.
    """
    loaded = read_plan(plan)
    folder = locks_folder(Path(plan))
    chain = read_chain(folder)
    if not chain:
        raise PlanError("the plan is not locked", found=f"no {folder.name}", allowed="precept lock")
    last, new = chain[-1].lock, loaded.plan
    changes = changes_between(last.documents(), _documents(loaded))
    if not changes:
        raise PlanError("nothing differs from the locked plan", allowed="a plan with something to amend")
    problems = [*refusals(loaded)]
    problems += sequence_problems(last, new.id, new.version, new.prespecification.data_state)
    problems += filter(None, [timing_problem(last, new.prespecification.data_state, why.timing)])
    problems += [
        f"the amendment does not say {what}"
        for what, text in (("its reason", why.reason), ("who had seen what", why.seen))
        if not text.strip()
    ]
    if last.signatures and not signers:
        problems.append("the plan was signed when it was locked, and this amendment is not: give --key")
    _refuse("the plan cannot be amended so", tuple(problems), loaded)
    amendment = Amendment.model_validate(
        {
            "class": why.kind,
            "reason": why.reason,
            "timing": why.timing,
            "seen": why.seen,
            "decided_by": why.decided_by,
            "impact": why.impact,
            "changes": [change.model_dump() for change in changes],
        }
    )
    return _write(loaded, folder, chain[-1], amendment, signers)


def refusals(loaded: LoadedPlan) -> Iterator[str]:
    """Why a valid plan cannot be locked, each with its place in the plan and what would mend it."""
    for remark in undecided(loaded):
        yield f"{pointer(remark.location)} is not decided: {remark.found}"
    schemas = planned_schemas(loaded)
    for table, source in loaded.plan.data.items():
        if not source.schema_sha256:
            digest = schemas[source.schema_id].digest
            yield f"/data/{table} does not pin its schema: add `schema_sha256: {digest}`"
    for name, analysis in loaded.plan.analyses.items():
        if analysis.purpose == "primary" and not analysis.on_failure:
            yield (
                f"/analyses/{name}, a primary analysis, has no fallback rule: add "
                "`on_failure: [{if: not_estimable, use: <another analysis>}]`"
            )
    if loaded.plan.prespecification.data_state in SEEN_BY_ARM and not _says_so(loaded):
        yield "/prespecification/statement is empty, and data had been seen"


def _says_so(loaded: LoadedPlan) -> bool:
    return bool(loaded.plan.prespecification.statement.strip())


def _refuse(problem: str, reasons: tuple[str, ...], loaded: LoadedPlan) -> None:
    if reasons:
        found = "\n           ".join(reasons)
        raise PlanError(problem, found=found, where=str(loaded.path))


def _documents(loaded: LoadedPlan) -> dict[str, str]:
    schemas = planned_schemas(loaded)
    return {"plan": loaded.text, **{f"schema {name}": one.text for name, one in sorted(schemas.items())}}


def _write(
    loaded: LoadedPlan,
    folder: Path,
    parent: LockFile | None,
    amendment: Amendment | None,
    signers: Sequence[Signer],
) -> LockFile:
    sequence = 0 if parent is None else parent.lock.sequence + 1
    made = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if parent is not None and made < parent.lock.created:
        raise PlanError("the clock stands before the last lock", found=made, allowed=parent.lock.created)
    unsigned = Lock(
        sequence=sequence,
        parent=None if parent is None else parent.digest,
        kind="lock" if parent is None else "amendment",
        created=made,
        software={"precept_stats": version("precept_stats")},
        plan=_locked_plan(loaded),
        schemas={
            name: LockedSchema(raw_sha256=_sha256(one.text), canonical_sha256=one.digest, text=one.text)
            for name, one in sorted(planned_schemas(loaded).items())
        },
        prespecification=loaded.plan.prespecification,
        amendment=amendment,
    )
    message = unsigned.signed_bytes()
    signed = unsigned.model_copy(update={"signatures": tuple(signer.sign(message) for signer in signers)})
    content = signed.content()
    file = read_lock(content, lock_name(sequence))
    write_new(folder / lock_name(sequence), content)
    return file


def _locked_plan(loaded: LoadedPlan) -> LockedPlan:
    says = stated("plan", loaded.text)
    return LockedPlan(
        id=loaded.plan.id,
        version=loaded.plan.version,
        file=loaded.path.name if loaded.path is not None else "",
        raw_sha256=_sha256(loaded.text),
        canonical_sha256=loaded.digest,
        text=loaded.text,
        stated=says if isinstance(says, dict) else {},
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def write_new(path: Path, content: bytes) -> None:
    """Write a file whole, or not at all, and never over another. Raises OutputError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent.parent, prefix=f".{path.name}.", delete=False
        ) as stream:
            fresh = Path(stream.name)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            fresh.chmod(0o644)
            _place(fresh, path)
        finally:
            fresh.unlink(missing_ok=True)
    except FileExistsError:
        raise OutputError("the lock exists already; nothing was changed", found=str(path)) from None
    except OSError as problem:
        raise OutputError(
            "the lock cannot be written", found=problem.strerror or str(problem), where=str(path)
        ) from None


def _place(fresh: Path, path: Path) -> None:
    """Give a file its name, which must be free: by a link where the file system has them."""
    try:
        os.link(fresh, path)
    except FileExistsError:
        raise
    except OSError:
        if path.exists():
            raise FileExistsError(path) from None
        fresh.rename(path)
