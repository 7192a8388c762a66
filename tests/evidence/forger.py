"""What somebody does who tampers with a bundle: change a file, and hide the change as well as they can.

A forger has this library and its source, so a bundle that was changed can be made to agree with itself.
They do not have the key of whoever signed, nor the reviewer's data and notes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from precept_stats.ard import read_json
from precept_stats.data.canonical import canonical_json
from precept_stats.evidence import names
from precept_stats.evidence.bundle import Journal, write_bundle
from precept_stats.evidence.keys import Signer, keygen, read_signers
from precept_stats.evidence.lock import Why, amend, lock
from precept_stats.evidence.manifest import read_manifest, read_signature, write_manifest
from precept_stats.evidence.publish import Writing, run_bundle
from precept_stats.plan.lock_document import read_lock
from precept_stats.plan.reader import read_plan
from precept_stats.plan.signatures import fingerprint
from precept_stats.plan.standing import standing
from precept_stats.values import Results
from tests.evidence.trial import edited, write_trial

NAME = "A Statistician"
WHY = Why("analysis", "The registry asked for it.", "before_data_access", "Nobody had seen outcomes by arm.")


@dataclass(frozen=True)
class Honest:
    """A bundle as it was handed over, and what its reviewer has from elsewhere."""

    bundle: Path
    fingerprint: str
    locks: Path
    data: Path
    stranger: Signer


def honest(folder: Path) -> Honest:
    """A synthetic trial under the policy for small numbers: locked, amended twice, run and signed."""
    plan = write_trial(folder, "nhs_counts_v1")
    signers = [_key(folder, "key")]
    lock(plan, signers)
    for number, (old, new) in enumerate([("draws: 999", "draws: 1999"), ("A small trial", "A trial")], 1):
        edited(plan, f"version: 1.{number - 1}.0", f"version: 1.{number}.0")
        edited(plan, old, new)
        amend(plan, WHY, signers)
    run_bundle(read_plan(plan), None, folder / "out", Writing(signers=tuple(signers)))
    shutil.copytree(folder / "out" / names.LOCKS, folder / "noted.locks")
    noted, data = folder / "noted.locks", folder / "people.csv"
    return Honest(folder / "out", _fingerprint(folder / "out"), noted, data, _key(folder, "other"))


def _key(folder: Path, file: str) -> Signer:
    keygen(folder / file)
    return read_signers([folder / file], [NAME])[0]


def _fingerprint(bundle: Path) -> str:
    signed = read_signature(bundle)
    assert signed is not None
    return fingerprint(signed.signatures[0])


def changed_byte(path: Path, share: float) -> None:
    """One bit of the byte at this share of a file's length."""
    content = bytearray(path.read_bytes())
    content[min(int(share * len(content)), len(content) - 1)] ^= 1
    path.write_bytes(bytes(content))


def changed_text(path: Path, old: str, new: str) -> None:
    """The first place where a text stands, which must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text, (path.name, old)
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def changed_document(path: Path, change: Callable[[Any], object]) -> None:
    """A JSON document, changed in place and written as it was."""
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def with_manifest(bundle: Path, signer: Signer | None = None) -> None:
    """Make the manifests again, so that they list what is there; the signature goes, or is another's."""
    said = read_manifest(bundle)
    for old in (bundle / names.MANIFEST, bundle / names.SIGNATURE, bundle / names.SENSITIVE / names.MANIFEST):
        old.unlink(missing_ok=True)
    write_manifest(bundle, said.created, said.plan, said.lock, () if signer is None else (signer,))


def made_again(bundle: Path, change: Callable[[Results], Results], signer: Signer | None = None) -> None:
    """Every file made again by the library itself, from rows that were changed."""
    results = change(read_json(bundle / names.SENSITIVE / names.ROWS))
    lines = tuple((bundle / names.LOG).read_text(encoding="utf-8").splitlines())
    loaded = read_plan(bundle / names.PLAN)
    fresh = bundle.with_name("fresh")
    fresh.mkdir()
    journal = Journal(results.provenance.created, lines)
    write_bundle(loaded, results, fresh, journal, () if signer is None else (signer,))
    shutil.rmtree(bundle)
    fresh.rename(bundle)


def resigned(bundle: Path, signer: Signer, change: Callable[[int, dict[str, Any]], None]) -> None:
    """Locks that were changed, chained and signed again with another key, and a bundle that agrees."""
    parent: str | None = None
    for number, path in enumerate(sorted((bundle / names.LOCKS).glob("*.json"))):
        document = json.loads(path.read_bytes())
        change(number, document)
        document["parent"] = parent
        document["signatures"] = []
        unsigned = read_lock(canonical_json(document), path.name).lock
        signed = unsigned.model_copy(update={"signatures": (signer.sign(unsigned.signed_bytes()),)})
        path.write_bytes(signed.content())
        parent = read_lock(signed.content(), path.name).digest
    made_again(bundle, lambda results: _told(bundle, results), signer)


def forgotten(bundle: Path, first: int) -> None:
    """Locks from a number on taken away as if they had never been, and a bundle that agrees, unsigned."""
    for path in sorted((bundle / names.LOCKS).glob("*.json"))[first:]:
        path.unlink()
    if first == 0:
        (bundle / names.LOCKS).rmdir()
    made_again(bundle, lambda results: _told(bundle, results))


def _told(bundle: Path, results: Results) -> Results:
    """Rows that tell the locks as they are now."""
    stands = standing(read_plan(bundle / names.PLAN))
    shared = tuple(row for row in results.shared if row.context != "lock")
    made = replace(results.provenance, lock=stands.digest, lock_state=stands.state)
    return replace(results, shared=(*stands.rows(), *shared), provenance=made)
