"""The manifest of a bundle: every file with its SHA-256, and what a folder that is read has against it.

Files of the folder ``sensitive`` have a manifest of their own in there, with a random salt. The main one
holds only the digest of that: it fixes every byte, and who has not the folder cannot test guesses at what
was suppressed.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, ValidationError

from precept_stats.data.declared import Declared
from precept_stats.data.digest import file_digest
from precept_stats.data.strict_json import load_json
from precept_stats.errors import DataError, PreceptError
from precept_stats.evidence.keys import Signer
from precept_stats.evidence.names import MANIFEST, SENSITIVE, SIGNATURE, UNLISTED
from precept_stats.plan.lock_document import MOST_SIGNATURES, Digest, Signature
from precept_stats.plan.signatures import signature_holds

LARGEST_MANIFEST = 20_000_000
MOST_FILES = 100_000
LARGEST_BUNDLE = 20_000_000_000
"""Bytes that the files of a folder may have together before none is read."""
INNER = f"{SENSITIVE}/{MANIFEST}"

FilePath = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f\\]+$", max_length=500)]


class _Part(Declared):
    model_config = ConfigDict(frozen=True, extra="forbid", str_max_length=LARGEST_MANIFEST)


class FileEntry(_Part):
    """One file: its path from the folder of the manifest, with / between the parts."""

    path: FilePath
    sha256: Digest
    bytes: int = Field(ge=0)


class PlanNamed(_Part):
    """The plan that the bundle answers; ``digest`` is of its canonical JSON."""

    id: str
    version: str
    digest: Digest


class LockNamed(_Part):
    """The last lock of the plan, and how the plan that ran stands to it."""

    state: Literal["unlocked", "locked", "departs"]
    digest: Digest | Literal[""]


class SensitiveNamed(_Part):
    """The digest of the manifest of the sensitive folder, which a released copy does not have."""

    manifest: Literal["sensitive/manifest.json"] = "sensitive/manifest.json"
    sha256: Digest


class Manifest(_Part):
    """What a bundle holds."""

    precept_bundle: Literal["1"] = "1"
    created: str
    software: dict[str, str]
    plan: PlanNamed
    lock: LockNamed
    files: tuple[FileEntry, ...] = Field(max_length=MOST_FILES)
    sensitive: SensitiveNamed


class SensitiveManifest(_Part):
    """What the sensitive folder holds. The salt has no other use than to be unknown outside."""

    precept_sensitive: Literal["1"] = "1"
    salt: Digest
    files: tuple[FileEntry, ...] = Field(max_length=MOST_FILES)


class ManifestSignature(_Part):
    """Signatures over the bytes of the manifest."""

    signed: Literal["manifest.json"] = "manifest.json"
    sha256: Digest
    signatures: tuple[Signature, ...] = Field(min_length=1, max_length=MOST_SIGNATURES)


def write_manifest(
    folder: Path, created: str, plan: PlanNamed, lock: LockNamed, signers: Sequence[Signer] = ()
) -> None:
    """Write the manifests of a folder that is complete but for them, and sign the main one."""
    inner = SensitiveManifest(salt=secrets.token_hex(32), files=tuple(_entries(folder / SENSITIVE)))
    inner_content = _pretty(inner)
    (folder / INNER).write_bytes(inner_content)
    outer = Manifest(
        created=created,
        software={"precept_stats": version("precept_stats")},
        plan=plan,
        lock=lock,
        files=tuple(entry for entry in _entries(folder) if not entry.path.startswith(f"{SENSITIVE}/")),
        sensitive=SensitiveNamed(sha256=hashlib.sha256(inner_content).hexdigest()),
    )
    content = _pretty(outer)
    (folder / MANIFEST).write_bytes(content)
    if signers:
        signatures = tuple(signer.sign(content) for signer in signers)
        signed = ManifestSignature(sha256=hashlib.sha256(content).hexdigest(), signatures=signatures)
        (folder / SIGNATURE).write_bytes(_pretty(signed))


def _pretty(part: _Part) -> bytes:
    return (json.dumps(part.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n").encode("utf-8")


def _entries(folder: Path) -> Iterator[FileEntry]:
    """Every file below a folder, in the order of their paths, but for manifests at its top."""
    files = (path for path in folder.rglob("*") if path.is_file())
    named = sorted((path.relative_to(folder).as_posix(), path) for path in files)
    for name, path in named:
        if name not in UNLISTED:
            yield FileEntry(path=name, sha256=file_digest(path), bytes=path.stat().st_size)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a bundle. Raises DataError when there is none, or it is something else."""
    try:
        return Manifest.model_validate(load_json(_content(folder / MANIFEST), MANIFEST))
    except ValidationError as problem:
        found = problem.errors(include_url=False)[0]["msg"]
        raise DataError("this is not a manifest", found=found, where=MANIFEST) from None


def read_signature(folder: Path) -> ManifestSignature | None:
    """The signatures of a bundle's manifest; None where it is not signed. Raises DataError."""
    if not (folder / SIGNATURE).exists():
        return None
    try:
        return ManifestSignature.model_validate(load_json(_content(folder / SIGNATURE), SIGNATURE))
    except ValidationError as problem:
        found = problem.errors(include_url=False)[0]["msg"]
        raise DataError("this is not a signature", found=found, where=SIGNATURE) from None


def _content(path: Path) -> bytes:
    if path.is_symlink() or not path.is_file():
        raise DataError("an ordinary file is missing", found=path.name, where=str(path.parent.name))
    with path.open("rb") as stream:
        content = stream.read(LARGEST_MANIFEST + 1)
    if len(content) > LARGEST_MANIFEST:
        raise DataError("the file is too large", allowed=f"{LARGEST_MANIFEST:,} bytes", where=path.name)
    return content


def manifest_problems(folder: Path) -> tuple[str, ...]:
    """Everything in which a folder is not what its manifest says: absent, changed, unlisted, a link.

    A copy without the whole of ``sensitive`` is complete. Empty when all holds. Where there is a link or a
    device nothing else is looked at.
    """
    if strange := strange_files(folder):
        return strange
    try:
        manifest, signed = read_manifest(folder), read_signature(folder)
    except PreceptError as problem:
        return (f"{problem.where}: {problem.problem}{f' ({problem.found})' if problem.found else ''}",)
    content = _content(folder / MANIFEST)
    found = [*_against(folder, manifest.files, "")]
    inside = {entry.path for entry in manifest.files}
    if (folder / SENSITIVE).exists():
        problems, listed = _inner_problems(folder, manifest)
        found += problems
        inside |= listed
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    found += [f"{name}: not listed in the manifest" for name in sorted(there - inside - {*UNLISTED, INNER})]
    if _pretty(manifest) != content:
        found.append(f"{MANIFEST}: not written as this library writes it, so it was changed")
    if signed is not None:
        found += _signature_problems(folder, signed, content)
    return tuple(found)


def _inner_problems(folder: Path, manifest: Manifest) -> tuple[list[str], set[str]]:
    """What the sensitive folder has against its manifest, and the files that this lists."""
    try:
        content = _content(folder / INNER)
        inner = SensitiveManifest.model_validate(load_json(content, INNER))
    except (DataError, ValidationError):
        return [f"{INNER}: absent, or not a manifest"], set()
    found = []
    if hashlib.sha256(content).hexdigest() != manifest.sensitive.sha256:
        found.append(f"{INNER}: changed")
    found += _against(folder / SENSITIVE, inner.files, f"{SENSITIVE}/")
    return found, {f"{SENSITIVE}/{entry.path}" for entry in inner.files}


def _against(folder: Path, files: Sequence[FileEntry], prefix: str) -> Iterator[str]:
    told: set[str] = set()
    for entry in files:
        name = f"{prefix}{entry.path}"
        parts = PurePosixPath(entry.path).parts
        if entry.path.startswith("/") or ".." in parts or ":" in entry.path:
            yield f"{name}: a path that leaves the folder"
            continue
        if name in told:
            yield f"{name}: listed twice"
        told.add(name)
        path = folder / entry.path
        if path.is_symlink() or not path.is_file():
            yield f"{name}: absent"
        elif path.stat().st_size != entry.bytes or file_digest(path) != entry.sha256:
            yield f"{name}: changed"


def strange_files(folder: Path) -> tuple[str, ...]:
    """Why nothing of a folder may be read: links and devices in it, far too many bytes. Or nothing."""
    found, size = [], 0
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            found.append(f"{path.relative_to(folder).as_posix()}: a link or a device, not a file")
        else:
            size += path.stat().st_size
    if size > LARGEST_BUNDLE:
        found.append(f"the folder holds {size:,} bytes, more than {LARGEST_BUNDLE:,}")
    return tuple(found[:MOST_FILES])


def _signature_problems(folder: Path, signed: ManifestSignature, content: bytes) -> Iterator[str]:
    if _pretty(signed) != _content(folder / SIGNATURE):
        yield f"{SIGNATURE}: not written as this library writes it, so it was changed"
    if hashlib.sha256(content).hexdigest() != signed.sha256:
        yield f"{SIGNATURE}: made for another manifest"
    for one in signed.signatures:
        if not signature_holds(one, content):
            yield f"{SIGNATURE}: the signature of {one.name!r} does not hold"
