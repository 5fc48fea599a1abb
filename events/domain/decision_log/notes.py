"""Signed notes and checkpoints: https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint.

A checkpoint names a log, its size and its root; a note is such a text with Ed25519 signatures below it. The **verifier
key** is what a reader needs: `<name>+<8 hexadecimal digits of the key's id>+<base64 of 0x01 and the public key>`.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from events.domain.decision_log.public_keys import read_public_key

_ED25519 = b"\x01"
_ID_BYTES = 4
_DASH = "\u2014"


class BadNote(Exception):
    """The note is malformed, or no signature of this key is below it."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's state."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


def read_checkpoint(text: str) -> Checkpoint:
    """Reads the text of a checkpoint; lines behind the third are left unread. Raises BadNote."""
    try:
        origin, size, root, *_ = text.split("\n")
        checkpoint = Checkpoint(origin, int(size), b64decode(root, validate=True))
    except (ValueError, Error) as problem:
        raise BadNote("not a checkpoint") from problem
    if not origin or str(checkpoint.size) != size or checkpoint.size < 0 or len(checkpoint.root) != 32:
        raise BadNote("not a checkpoint")
    return checkpoint


def handover(checkpoint: Checkpoint, new_key: bytes) -> str:
    """Returns what a key signs that hands a log on to another: a checkpoint with a line more."""
    return f"{checkpoint.text}key {b64encode(_ED25519 + new_key).decode()}\n"


def public_key(seed: bytes) -> bytes:
    """Returns the public key to 32 secret bytes."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


class NoteSigner:
    """Signs notes under a name with an Ed25519 key. `seed` is its 32 secret bytes."""

    __slots__ = ("_id", "_key", "name")

    def __init__(self, name: str, seed: bytes) -> None:
        self.name, self._key = name, Ed25519PrivateKey.from_private_bytes(seed)
        self._id = _key_id(name, self._public)

    @property
    def _public(self) -> bytes:
        return self._key.public_key().public_bytes_raw()

    def signature(self, text: str) -> bytes:
        """Returns the bare signature below a text."""
        return self._key.sign(text.encode())

    @property
    def verifier_key(self) -> str:
        """What verifies its notes."""
        return f"{self.name}+{self._id.hex()}+{b64encode(_ED25519 + self._public).decode()}"

    def sign(self, text: str) -> str:
        """Returns the note. The same text always gives the same note (RFC 8032)."""
        signature = b64encode(self._id + self._key.sign(text.encode())).decode()
        return f"{text}\n{_DASH} {self.name} {signature}\n"


class NoteVerifier:
    """Verifies notes with a verifier key. Raises BadNote for what is no such key."""

    __slots__ = ("_id", "_key", "name")

    def __init__(self, verifier_key: str) -> None:
        try:
            self.name, found, text = verifier_key.split("+", 2)
            key = b64decode(text, validate=True)
            self._id, self._key = bytes.fromhex(found), read_public_key(key[1:])
        except (ValueError, Error) as problem:
            raise BadNote("not a verifier key") from problem
        if not key.startswith(_ED25519) or self._id != _key_id(self.name, key[1:]):
            raise BadNote("not a verifier key")

    def open(self, note: str) -> str:
        """Returns the text of a note that this key has signed. Raises BadNote."""
        text, blank, signatures = note.rpartition("\n\n")
        if not blank or not signatures.endswith("\n"):
            raise BadNote("not a signed note")
        for line in signatures.splitlines():
            if self._signed(f"{text}\n", line):
                return f"{text}\n"
        raise BadNote("not signed by this key")

    def _signed(self, text: str, line: str) -> bool:
        try:
            dash, name, found = line.split(" ")
            signature = b64decode(found, validate=True)
            if (dash, name, signature[:_ID_BYTES]) != (_DASH, self.name, self._id):
                return False
            self._key.verify(signature[_ID_BYTES:], text.encode())
        except (ValueError, Error, InvalidSignature):
            return False
        return True


def _key_id(name: str, public: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:_ID_BYTES]
