"""L0: every file is the one that was written, every signature holds, nothing was put beside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from precept_stats.errors import PreceptError
from precept_stats.evidence.manifest import manifest_problems, read_signature
from precept_stats.evidence.names import LOCKS, SENSITIVE
from precept_stats.evidence.verify.check import Check, checked
from precept_stats.plan.lock_chain import LockError, read_chain
from precept_stats.plan.lock_document import LockFile, Signature
from precept_stats.plan.signatures import fingerprint


def integrity(folder: Path, keys: Sequence[str], against: Path | None) -> list[Check]:
    """``keys`` are fingerprints that must have signed; ``against`` is a copy of the locks kept elsewhere."""
    found = [checked("L0", "Files are those of the manifest", manifest_problems(folder)), _whole(folder)]
    try:
        chain = read_chain(folder / LOCKS)
    except LockError as problem:
        found.append(checked("L0", "The chain of locks holds", list(problem.problems)))
        return found
    found.append(_chain(chain))
    found.append(_signed(folder, chain, keys))
    if against is not None:
        found.append(_same_chain(chain, against))
    return found


def _whole(folder: Path) -> Check:
    name = "The sensitive part is there"
    if (folder / SENSITIVE).exists():
        return checked("L0", name, [])
    return Check("L0", name, "differs", ("a released copy: rows at full precision are not in it",))


def _chain(chain: tuple[LockFile, ...]) -> Check:
    name = "The chain of locks holds"
    if chain:
        return checked("L0", name, [])
    return Check("L0", name, "differs", ("the plan was not locked: nothing shows when it was fixed",))


def _signed(folder: Path, chain: tuple[LockFile, ...], keys: Sequence[str]) -> Check:
    """Signatures that do not hold are told by the manifest and the chain; this is about whose they are."""
    name = "Signed by whom it should be"
    try:
        signature = read_signature(folder)
    except PreceptError:
        return Check("L0", name, "failed", ("the signature of the manifest cannot be read",))
    parts: list[tuple[str, Sequence[Signature]]] = [
        (f"lock {file.name}", file.lock.signatures) for file in chain
    ]
    parts.append(("the manifest", signature.signatures if signature is not None else ()))
    if keys:
        wrong = [f"{what} {_whose(signed)}" for what, signed in parts if not _among(signed, keys)]
        return checked("L0", name, wrong)
    told = tuple(f"{what} {_whose(signed)}" for what, signed in parts)
    return Check("L0", name, "differs", (*told, "no key was given to compare with (--signer)"))


def _among(signed: Sequence[Signature], keys: Sequence[str]) -> bool:
    """Every key that was asked for has signed; others may have too."""
    return set(keys) <= {fingerprint(one) for one in signed}


def _whose(signed: Sequence[Signature]) -> str:
    if not signed:
        return "is not signed"
    named = "; ".join(f"{one.name!r}, key {fingerprint(one)[:16]}..." for one in signed)
    return f"is signed by {named}"


def _same_chain(chain: tuple[LockFile, ...], against: Path) -> Check:
    """That the locks begin with those that the reviewer has from elsewhere."""
    name = "The locks are those that were kept elsewhere"
    try:
        kept = read_chain(against)
    except LockError as problem:
        return Check("L0", name, "failed", tuple(problem.problems))
    ours, theirs = [file.digest for file in chain], [file.digest for file in kept]
    if not theirs:
        return Check("L0", name, "failed", (f"no locks in {against.name}",))
    if ours == theirs:
        return checked("L0", name, [])
    if ours[: len(theirs)] == theirs:
        return Check("L0", name, "differs", (f"{len(ours) - len(theirs)} amendments followed",))
    return Check("L0", name, "failed", ("the first lock or an amendment is another one",))
