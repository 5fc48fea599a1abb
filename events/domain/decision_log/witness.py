"""Witnesses of a log, after https://c2sp.org/tlog-witness and https://c2sp.org/tlog-cosignature.

A witness cosigns a checkpoint if the log continues the last one that it has seen, so two histories need a witness who
lies, too. Its verifier key has type 4, and its signature the time (u64, in seconds) in front.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature

from events.domain.decision_log.notes import BadNote
from events.domain.decision_log.public_keys import read_public_key

_COSIGNATURE = b"\x04"
_ID_BYTES, _TIME_BYTES = 4, 8


@dataclass(frozen=True, slots=True)
class Witness:
    """One witness: its name, its public key, and where `add-checkpoint` is."""

    name: str
    key: bytes
    url: str

    @property
    def key_id(self) -> bytes:
        """What its signatures begin with."""
        return sha256(self.name.encode() + b"\n" + _COSIGNATURE + self.key).digest()[:_ID_BYTES]

    def cosigned(self, text: str, answer: str) -> str:
        """Returns the line of its signature out of an answer. Raises BadNote: none is its own and right."""
        for line in answer.splitlines():
            try:
                _, name, encoded = line.split(" ")
                data = b64decode(encoded, validate=True)
            except (ValueError, Error):
                continue
            if name == self.name and data[:_ID_BYTES] == self.key_id and self._is_right(text, data[_ID_BYTES:]):
                return line
        raise BadNote("not cosigned by this witness")

    def _is_right(self, text: str, data: bytes) -> bool:
        moment, signature = int.from_bytes(data[:_TIME_BYTES]), data[_TIME_BYTES:]
        try:
            told = f"cosignature/v1\ntime {moment}\n{text}".encode()
            read_public_key(self.key).verify(signature, told)
        except (InvalidSignature, ValueError):
            return False
        return True


def read_witness(text: str) -> Witness:
    """Reads `<verifier key> <url>`. Raises BadNote."""
    try:
        verifier_key, url = text.split()
        name, found, encoded = verifier_key.split("+", 2)
        key = b64decode(encoded, validate=True)
        read_public_key(key[1:])
    except (ValueError, Error) as problem:
        raise BadNote("not a witness") from problem
    witness = Witness(name, key[1:], url.rstrip("/"))
    if key[:1] != _COSIGNATURE or witness.key_id.hex() != found or not url.startswith(("https://", "http://")):
        raise BadNote("not a witness")
    return witness


def without_cosignatures(note: str) -> str:
    """Returns a note with the log's own signature alone, which is the first."""
    return note[: note.index("\n", note.rindex("\n\n") + 2) + 1]


def add_checkpoint(*, old: int, proof: Sequence[bytes], note: str) -> bytes:
    """Returns the body of `POST <witness>/add-checkpoint`. `proof`: that the log continues its first `old` entries."""
    lines = [f"old {old}", *(b64encode(node).decode() for node in proof), ""]
    return ("\n".join(lines) + "\n" + note).encode()
