"""A lock: what a plan and its schemas stated on a day, what had been seen of the data, and who signed.

A lock file is canonical JSON (RFC 8785), so its digest is that of its content. docs/locking.md
tells the fields.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints, ValidationError

from precept_stats.data.canonical import canonical_json
from precept_stats.data.declared import Declared
from precept_stats.data.strict_json import load_json
from precept_stats.errors import DataError, PlanError
from precept_stats.plan.amendment_classes import AmendmentClass, Timing
from precept_stats.plan.document import Prespecification, Version
from precept_stats.plan.findings import quoted
from precept_stats.plan.multiplicity import Identifier

LARGEST_LOCK = 8_000_000
MOST_VALUES = 100_000
"""Values that a lock may have: a plan and its schemas have some thousands."""
MOST_SIGNATURES = 100
LOCK_FORMAT: Literal["1"] = "1"

Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Moment = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]


class Whole(Declared):
    """A part of a lock. Texts may be as long as the file they are the text of."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=LARGEST_LOCK)


class LockedPlan(Whole):
    """The plan as it was: ``stated`` is what it says with ``based_on`` expanded, ``text`` the file itself."""

    id: Identifier
    version: Version
    file: str
    raw_sha256: Digest
    canonical_sha256: Digest
    text: str
    stated: dict[str, Any]


class LockedSchema(Whole):
    """A schema as it was."""

    raw_sha256: Digest
    canonical_sha256: Digest
    text: str


class Change(Whole):
    """One field that an amendment changed: ``old`` is absent where it was added, ``new`` where removed."""

    document: str
    pointer: str
    change: Literal["added", "removed", "changed"]
    old: Any = None
    new: Any = None

    def __str__(self) -> str:
        place = f"{self.document} {self.pointer or '/'}"
        return {
            "added": f"{place}: added {quoted(self.new)}",
            "removed": f"{place}: removed {quoted(self.old)}",
            "changed": f"{place}: {quoted(self.old)} -> {quoted(self.new)}",
        }[self.change]


class Amendment(Whole):
    """Why a locked plan was changed, what kind of change it is, and who had seen what by then."""

    kind: AmendmentClass = Field(alias="class")
    reason: str = Field(min_length=1)
    timing: Timing
    seen: str = Field(min_length=1)
    decided_by: str = ""
    impact: str = ""
    changes: tuple[Change, ...] = Field(min_length=1)


class Signature(Whole):
    """An Ed25519 signature (RFC 8032), with the raw public key, both in base64."""

    algorithm: Literal["ed25519"] = "ed25519"
    name: str
    public_key: str = Field(pattern=r"^[A-Za-z0-9+/]{43}=$")
    signature: str = Field(pattern=r"^[A-Za-z0-9+/]{86}==$")


class Lock(Whole):
    """One link of a chain: the lock of a plan, or an amendment of it."""

    precept_lock: Literal["1"] = LOCK_FORMAT
    sequence: int = Field(ge=0)
    parent: Digest | None
    kind: Literal["lock", "amendment"]
    created: Moment
    software: dict[str, str]
    plan: LockedPlan
    schemas: dict[Identifier, LockedSchema]
    prespecification: Prespecification
    amendment: Amendment | None = None
    signatures: tuple[Signature, ...] = Field(default=(), max_length=MOST_SIGNATURES)

    def signed_bytes(self) -> bytes:
        """What signatures are over: the canonical form of everything but the signatures."""
        return canonical_json(self.model_dump(mode="json", by_alias=True, exclude={"signatures"}))

    def content(self) -> bytes:
        """The bytes of the lock's file."""
        return canonical_json(self.model_dump(mode="json", by_alias=True))

    def documents(self) -> dict[str, str]:
        """The text of every document that is locked, by the name that changes give it."""
        schemas = {f"schema {name}": schema.text for name, schema in sorted(self.schemas.items())}
        return {"plan": self.plan.text, **schemas}


@dataclass(frozen=True, slots=True, eq=False)
class LockFile:
    """A lock as it was read: ``digest`` is the SHA-256 of its bytes, which the next lock names."""

    name: str
    lock: Lock
    digest: str


def read_lock(content: bytes, name: str) -> LockFile:
    """The lock in a file's bytes. Raises PlanError when they are none, or not in canonical form."""
    if len(content) > LARGEST_LOCK:
        raise PlanError("the lock is too large", allowed=f"{LARGEST_LOCK:,} bytes", where=name)
    try:
        said = load_json(content, name, MOST_VALUES)
        if canonical_json(said) != content:
            raise PlanError("the lock is not canonical JSON (RFC 8785), so it was changed", where=name)
        lock = Lock.model_validate(said, by_alias=True, by_name=False)
    except DataError as problem:
        raise PlanError(f"this is not a lock: {problem.problem}", found=problem.found, where=name) from None
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        found = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        raise PlanError("this is not a lock", found=found, where=name) from None
    if lock.content() != content:
        raise PlanError("the lock does not say every field in full", where=name)
    return LockFile(name, lock, hashlib.sha256(content).hexdigest())
