"""Keys to sign with: Ed25519, made and used offline, kept in files that only their owner may read."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from precept_stats.errors import OutputError, PlanError
from precept_stats.plan.lock_document import Signature

LARGEST_KEY = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Signer:
    """A key and the name that its signatures carry. The key is never shown."""

    name: str
    key: Ed25519PrivateKey = field(repr=False)

    def sign(self, message: bytes) -> Signature:
        """The signature of these bytes."""
        public = self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return Signature(name=self.name, public_key=_text(public), signature=_text(self.key.sign(message)))


def keygen(target: Path, passphrase: str = "") -> Path:
    """Make a key: ``target`` holds it (mode 0600, PKCS 8), ``target.pub`` the public half, which is returned.

    Raises OutputError where either file exists: a key is never replaced.
    """
    public_file = target.with_name(f"{target.name}.pub")
    key = Ed25519PrivateKey.generate()
    protection = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if public_file.exists():
        raise OutputError("the key exists already; nothing was changed", found=str(public_file))
    _write_new(target, private, 0o600)
    _write_new(public_file, public, 0o644)
    return public_file


def read_signers(keys: Sequence[Path], names: Sequence[str], passphrase: str = "") -> tuple[Signer, ...]:
    """The signers with these key files, in the same order as their names. Raises PlanError."""
    if len(names) != len(keys):
        found = f"{len(keys)} keys and {len(names)} names"
        raise PlanError("every key needs the name of who signs with it", found=found, allowed="as many names")
    return tuple(Signer(name, _private_key(path, passphrase)) for path, name in zip(keys, names, strict=True))


def is_protected(path: Path) -> bool:
    """Whether a key file has a passphrase; a file that cannot be read has none."""
    try:
        with path.open("rb") as stream:
            return b"ENCRYPTED" in stream.read(LARGEST_KEY)
    except OSError:
        return False


def key_fingerprint(public: Path) -> str:
    """The short name of a key from its public half: SHA-256 of its 32 bytes, in hex. Raises PlanError."""
    try:
        with public.open("rb") as stream:
            key = load_pem_public_key(stream.read(LARGEST_KEY))
    except (OSError, ValueError, UnsupportedAlgorithm):
        raise PlanError(
            "this is not a public key", allowed="a .pub file of `precept keygen`", where=str(public)
        ) from None
    if not isinstance(key, Ed25519PublicKey):
        raise PlanError("the key is not of Ed25519", found=type(key).__name__, where=str(public))
    return hashlib.sha256(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()


def _private_key(path: Path, passphrase: str) -> Ed25519PrivateKey:
    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST_KEY)
    except OSError as problem:
        raise PlanError("the key cannot be read", found=problem.strerror or "", where=str(path)) from None
    try:
        key = load_pem_private_key(content, passphrase.encode() or None)
    except TypeError:
        said = "needs its passphrase" if not passphrase else "has no passphrase, and one was given"
        raise PlanError(f"the key {said}", where=str(path)) from None
    except (ValueError, UnsupportedAlgorithm):
        raise PlanError(
            "this is not a private key, or not its passphrase",
            allowed="a file that `precept keygen` made",
            where=str(path),
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise PlanError("the key is not of Ed25519", found=type(key).__name__, where=str(path))
    return key


def _write_new(path: Path, content: bytes, mode: int) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
    except FileExistsError:
        raise OutputError("the key exists already; nothing was changed", found=str(path)) from None
    except OSError as problem:
        raise OutputError(
            "the key cannot be written", found=problem.strerror or "", where=str(path)
        ) from None


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
