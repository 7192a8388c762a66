"""Whether a signature holds: Ed25519 (RFC 8032), offline, from the public key that it carries."""

from __future__ import annotations

import base64
import binascii
import hashlib

from precept_stats.plan.lock_document import Signature


def signature_holds(signature: Signature, message: bytes) -> bool:
    """Whether the holder of the signature's key signed these bytes.

    It proves that one key signed, not whose key it is: compare the fingerprint with one you were given.
    """
    from cryptography.exceptions import InvalidSignature  # lazy: only a signed lock needs it
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(_bytes(signature.public_key))
        key.verify(_bytes(signature.signature), message)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def fingerprint(signature: Signature) -> str:
    """The short name of a key: SHA-256 of its 32 bytes, in hex."""
    return hashlib.sha256(base64.b64decode(signature.public_key)).hexdigest()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
