"""How a plan stands to its lock when it runs: locked, not locked, or another than was locked.

Three things are kept apart. An amendment changes the plan, with a reason, before it runs. A departure
is what ran differing from the lock. An unplanned analysis is one that no lock had before data were seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from precept_stats.data.canonical import canonical_json
from precept_stats.errors import PreceptError
from precept_stats.plan.loaded import LoadedPlan
from precept_stats.plan.lock_chain import LockError, locks_folder, read_chain
from precept_stats.plan.lock_differences import changes_between
from precept_stats.plan.lock_document import Change, LockFile
from precept_stats.plan.schemas import planned_schemas
from precept_stats.plan.signatures import fingerprint
from precept_stats.values import Row

LockState = Literal["unlocked", "locked", "departs"]
NOT_PRESPECIFIED = ("data_driven", "requested_by_reviewer")


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """A plan beside its chain of locks. ``departures`` are the fields that differ from the last lock.

    ``unplanned`` says of each analysis that was not planned before data were seen why it counts as such.
    """

    chain: tuple[LockFile, ...]
    departures: tuple[Change, ...]
    unplanned: Mapping[str, str]

    @property
    def state(self) -> LockState:
        if not self.chain:
            return "unlocked"
        return "departs" if self.departures else "locked"

    @property
    def digest(self) -> str:
        """The digest of the last lock; empty when there is none."""
        return self.chain[-1].digest if self.chain else ""

    def rows(self) -> tuple[Row, ...]:
        """The chain and the departures as rows of context ``lock``; none for a plan that is not locked."""
        found = [Row("", "lock", "state", self.state, "State")] if self.chain else []
        for file in self.chain:
            found += _lock_rows(file)
        for number, change in enumerate(self.departures, 1):
            found += _change_rows((("departure", str(number)),), change)
        return tuple(found)


def standing(loaded: LoadedPlan) -> Standing:
    """How a plan that was read stands to the locks beside it. Raises LockError when these do not hold."""
    chain = read_chain(locks_folder(loaded.path)) if loaded.path is not None else ()
    if not chain:
        return Standing((), (), _said_unplanned(loaded))
    if chain[-1].lock.plan.id != loaded.plan.id and loaded.path is not None:
        found = f"locks of the plan {chain[-1].lock.plan.id!r}, and a plan {loaded.plan.id!r}"
        raise LockError(locks_folder(loaded.path), [found])
    changes = changes_between(chain[-1].lock.documents(), documents_of(loaded))
    return Standing(chain, changes, _said_unplanned(loaded) | _not_in_locks(loaded, chain))


def documents_of(loaded: LoadedPlan) -> dict[str, str]:
    """The texts of a plan and of its schemas, as a lock names them, without a schema that is not found."""
    try:
        schemas = planned_schemas(loaded)
    except PreceptError:
        schemas = {}
    return {"plan": loaded.text, **{f"schema {name}": schemas[name].text for name in sorted(schemas)}}


def _said_unplanned(loaded: LoadedPlan) -> dict[str, str]:
    return {
        name: f"not prespecified: {analysis.reason.replace('_', ' ')}"
        for name, analysis in loaded.plan.analyses.items()
        if analysis.reason in NOT_PRESPECIFIED
    }


def _not_in_locks(loaded: LoadedPlan, chain: tuple[LockFile, ...]) -> dict[str, str]:
    """Analyses that no lock has, or that were added by an amendment after data access."""
    first: dict[str, LockFile] = {}
    for file in chain:
        stated: dict[str, Any] = file.lock.plan.stated.get("analyses", {})
        for name in stated:
            first.setdefault(name, file)
    found = {}
    for name in loaded.plan.analyses:
        if name not in first or name not in chain[-1].lock.plan.stated.get("analyses", {}):
            found[name] = "not prespecified: it is not in the locked plan"
        elif (amendment := first[name].lock.amendment) and amendment.timing == "after_data_access":
            found[name] = (
                f"not prespecified: amendment {first[name].lock.sequence} added it after data access"
            )
    return found


def _lock_rows(file: LockFile) -> Iterator[Row]:
    lock, groups = file.lock, (("lock", str(file.lock.sequence)),)

    def row(name: str, value: str, label: str) -> Row:
        return Row("", "lock", name, value, label, groups=groups)

    yield row("kind", lock.kind, "Kind")
    yield row("created", lock.created, "Made")
    yield row("version", lock.plan.version, "Version of the plan")
    yield row("digest", file.digest, "SHA-256 of the lock")
    yield row("data_state", lock.prespecification.data_state, "State of the data")
    for signature in lock.signatures:
        yield row("signer", f"{signature.name} (key {fingerprint(signature)[:16]})", "Signed by")
    amendment = lock.amendment
    if amendment is None:
        return
    for name, value, label in (
        ("class", amendment.kind, "What it is about"),
        ("reason", amendment.reason, "Reason"),
        ("timing", amendment.timing, "Timing"),
        ("seen", amendment.seen, "Who had seen what"),
        ("decided_by", amendment.decided_by, "Decided by"),
        ("impact", amendment.impact, "Expected impact"),
    ):
        if value:
            yield row(name, value, label)
    for number, change in enumerate(amendment.changes, 1):
        yield from _change_rows((*groups, ("change", str(number))), change)


def _change_rows(groups: tuple[tuple[str, str], ...], change: Change) -> Iterator[Row]:
    """``variable`` is the document and ``variable_level`` the place in it; values are JSON."""
    for name, value, absent in (("old", change.old, "added"), ("new", change.new, "removed")):
        if change.change != absent:
            text = canonical_json(value).decode("utf-8")
            yield Row(
                "",
                "lock",
                name,
                text,
                "Locked" if name == "old" else "As it is",
                groups=groups,
                variable=change.document,
                variable_level=change.pointer,
            )
