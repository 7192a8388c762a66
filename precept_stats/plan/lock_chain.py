"""The chain of locks of a plan: numbered files beside it, each naming the digest of the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import get_args

from precept_stats.data.canonical import canonical_digest, canonical_json
from precept_stats.errors import PlanError, PreceptError
from precept_stats.plan.document import DataState
from precept_stats.plan.lock_differences import changes_between, stated
from precept_stats.plan.lock_document import (
    LARGEST_LOCK,
    Change,
    Lock,
    LockedPlan,
    LockedSchema,
    LockFile,
    read_lock,
)
from precept_stats.plan.signatures import signature_holds

SUFFIX = ".locks"
MOST_LOCKS = 1000
LARGEST_CHAIN = 32_000_000
"""Bytes that the locks of a plan may have together."""
ORDER = {
    "no_data_yet": 0,
    "before_recruitment": 0,
    "collecting_blinded": 1,
    "locked_blinded": 2,
    "unblinded": 3,
    "results_seen": 4,
}
"""How much had been seen; it can only grow along a chain."""
SEEN_BY_ARM = ("unblinded", "results_seen")
if set(ORDER) != set(get_args(DataState)):
    raise AssertionError("a state of the data has no place in the order")


class LockError(PlanError):
    """A chain of locks that does not hold; ``problems`` are all that were found."""

    def __init__(self, folder: Path, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(
            "the locks of this plan do not hold together, so something was changed after it was locked",
            found="\n           ".join(problems),
            allowed="the lock files as they were written; without them the plan runs as not locked",
            where=str(folder),
        )


def locks_folder(plan: Path) -> Path:
    """Where the locks of a plan lie: ``trial.yaml`` has ``trial.locks``."""
    return plan.with_suffix(SUFFIX)


def lock_name(sequence: int) -> str:
    """The file name of a lock by its place in the chain."""
    return f"{sequence:04d}.json"


def read_chain(folder: Path) -> tuple[LockFile, ...]:
    """The locks in a folder, first to last; none where there is no folder. Raises LockError."""
    if not folder.exists() and not folder.is_symlink():
        return ()
    problems: list[str] = []
    files: list[LockFile] = []
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as problem:
        raise LockError(folder, [f"the folder cannot be read: {problem.strerror}"]) from None
    if not names:
        raise LockError(folder, ["the folder is empty"])
    if len(names) > MOST_LOCKS:
        raise LockError(folder, [f"{len(names)} files, more than {MOST_LOCKS}"])
    if sum((folder / name).lstat().st_size for name in names) > LARGEST_CHAIN:
        raise LockError(folder, [f"the locks are larger than {LARGEST_CHAIN:,} bytes together"])
    for sequence, name in enumerate(names):
        if name != lock_name(sequence):
            problems.append(f"{name} stands where {lock_name(sequence)} belongs")
        try:
            files.append(read_lock(_content(folder / name), name))
        except PreceptError as problem:
            problems.append(f"{name}: {problem.problem}{f' ({problem.found})' if problem.found else ''}")
    problems += chain_problems(files) if not problems else ()
    if problems:
        raise LockError(folder, problems)
    return tuple(files)


def _content(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise PlanError("not an ordinary file")
    with path.open("rb") as stream:
        return stream.read(LARGEST_LOCK + 1)


def chain_problems(files: Sequence[LockFile]) -> tuple[str, ...]:
    """Everything that is wrong with a chain, each with the name of the file; empty when it holds."""
    found = []
    for place, file in enumerate(files):
        lock = file.lock
        first = place == 0
        if lock.sequence != place or (lock.kind == "lock") != first or (lock.parent is None) != first:
            found.append(f"{file.name}: it does not stand in its place in the chain")
        if (lock.amendment is None) != first:
            found.append(f"{file.name}: a first lock amends nothing, and every other one does")
        found += [f"{file.name}: {problem}" for problem in _own_problems(lock)]
    for before, after in pairwise(files):
        found += [f"{after.name}: {problem}" for problem in _step_problems(before, after)]
    return tuple(found)


def _own_problems(lock: Lock) -> Iterator[str]:
    """What a lock says of itself that is not so."""
    documents: list[tuple[str, LockedPlan | LockedSchema]] = [("plan", lock.plan)]
    documents += [(f"schema {name}", one) for name, one in lock.schemas.items()]
    for name, locked in documents:
        if hashlib.sha256(locked.text.encode("utf-8")).hexdigest() != locked.raw_sha256:
            yield f"the digest of the text of the {name} is another"
        try:
            says = stated(name, locked.text)
        except PreceptError as problem:
            yield f"the text of the {name} cannot be read: {problem.problem}"
            continue
        try:
            if canonical_digest(says) != locked.canonical_sha256:
                yield f"the digest of what the {name} states is another"
            if name == "plan":
                yield from _plan_problems(lock, says)
        except PreceptError as problem:
            yield f"the {name} has no canonical form: {problem.problem}"
    message = lock.signed_bytes() if lock.signatures else b""
    for signature in lock.signatures:
        if not signature_holds(signature, message):
            yield f"the signature of {signature.name!r} does not hold"


def _plan_problems(lock: Lock, says: object) -> Iterator[str]:
    if not isinstance(says, dict) or canonical_json(says) != canonical_json(lock.plan.stated):
        yield "what the plan is said to state is not what its text states"
        return
    if (says.get("id"), says.get("version")) != (lock.plan.id, lock.plan.version):
        yield "the plan has another id or version than the lock says"
    declared = says.get("prespecification")
    given = lock.prespecification.model_dump(mode="json", exclude_defaults=True)
    if not isinstance(declared, dict) or {k: v for k, v in declared.items() if v != ""} != given:
        yield "the prespecification is not that of the plan"


def _step_problems(before: LockFile, after: LockFile) -> Iterator[str]:
    """What does not follow from the lock before."""
    old, new = before.lock, after.lock
    if new.parent != before.digest:
        yield f"its parent is not {before.name} as it is"
    if new.created < old.created:
        yield "it was made before the one it amends"
    if old.signatures and not new.signatures:
        yield "it is not signed, and the one it amends is"
    yield from sequence_problems(old, new.plan.id, new.plan.version, new.prespecification.data_state)
    amendment = new.amendment
    if amendment is None:
        return
    if contradiction := timing_problem(old, new.prespecification.data_state, amendment.timing):
        yield contradiction
    try:
        changes = changes_between(old.documents(), new.documents())
    except PreceptError:
        return
    if canonical_json(_plain(changes)) != canonical_json(_plain(amendment.changes)):
        yield "the changes that it lists are not those between the two plans"


def _plain(changes: Sequence[Change]) -> list[object]:
    return [change.model_dump(mode="json") for change in changes]


def sequence_problems(before: Lock, plan_id: str, version: str, data_state: str) -> Iterator[str]:
    """Why a plan cannot follow a locked one: another id, no higher version, less seen than before."""
    if plan_id != before.plan.id:
        yield f"the plan has another id, {plan_id} after {before.plan.id}"
    if _parts(version) <= _parts(before.plan.version):
        yield f"the version does not go up, {version} after {before.plan.version}"
    known = before.prespecification.data_state
    if ORDER[data_state] < ORDER[known]:
        yield f"data_state says that less has been seen than before, {data_state} after {known}"


def timing_problem(before: Lock, data_state: str, timing: str) -> str:
    """Why an amendment cannot have the timing that it claims; empty when it can."""
    known = before.amendment.timing if before.amendment is not None else ""
    if timing == "before_data_access" and data_state in SEEN_BY_ARM:
        return f"it is said to be before data access, and the plan says {data_state}"
    if timing == "before_data_access" and known == "after_data_access":
        return "it is said to be before data access, and the one before it was after"
    return ""


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
