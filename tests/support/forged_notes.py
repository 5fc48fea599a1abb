"""Checkpoints under Ed25519 keys under which anyone can sign: a signature that was made without any secret."""

from __future__ import annotations

import itertools
from base64 import b64encode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from events.domain.decision_log.notes import Checkpoint
from verify.omnify_verify import key_id

NAME = "example.org/events/7/log"
FORGED = bytes([1]) + bytes(63)


def forged_text(key: bytes, shown: str = "{}") -> str:
    """A checkpoint whose signature `cryptography` takes, in the way in which `shown` has it signed."""
    texts = (Checkpoint(NAME, size, bytes(32)).text for size in itertools.count(1))
    return next(text for text in itertools.islice(texts, 200) if _passes(key, shown.format(text)))


def forged_note(key: bytes) -> str:
    """The same as a signed note."""
    return f"{forged_text(key)}\n\u2014 {NAME} {b64encode(key_id(NAME, key) + FORGED).decode()}\n"


def _passes(key: bytes, text: str) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(FORGED, text.encode())
    except InvalidSignature:
        return False
    return True
