"""What the queue carries for each registration: stream fields t (ticket key), r (requested, ms) and p (payload).

The payload is JSON, `[name, e-mail, e-mail digest, body digest]`, packed at the door and opened by the drain only.
"""

from __future__ import annotations

import msgspec

from events.domain.allocation import Request
from events.domain.attendee import email_key
from events.domain.tickets import KEY_CHARS

_decode = msgspec.json.Decoder(tuple[str, str, str, str]).decode
_encode = msgspec.json.Encoder().encode
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_MS_DIGITS = 14


class Entry(msgspec.Struct, frozen=True):
    """One entry of the queue.

    `request` is None if the payload cannot be read: a poisoned entry. `key` is empty if the entry names no ticket at
    all, so nobody waits for it.
    """

    key: str
    sequence: int
    requested_ms: int
    request: Request | None


def pack(*, name: str, email: str, email_digest: str, body_digest: str) -> str:
    """The payload of a registration. Text, since Lua's msgpack knows no binary."""
    return _encode((name, email, email_digest, body_digest)).decode()


def read_entry(stream_id: bytes, fields: dict[bytes, bytes]) -> Entry:
    """The entry as the drain sees it. Never raises for bad data: that would block everybody behind it."""
    sequence = int(stream_id.split(b"-", 1)[0])
    key = _key(fields.get(b"t", b""))
    requested = fields.get(b"r", b"")
    requested_ms = int(requested) if requested.isdigit() and len(requested) <= _MS_DIGITS else 0
    try:
        name, email, email_digest, body_digest = _decode(fields.get(b"p", b""))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Entry(key, sequence, requested_ms, None)
    if not key:
        return Entry(key, sequence, requested_ms, None)
    request = Request(key, name, email, email_key(email), sequence, requested_ms, email_digest, body_digest)
    return Entry(key, sequence, requested_ms, request)


def _key(raw: bytes) -> str:
    return raw.decode() if len(raw) == KEY_CHARS and not raw.translate(None, _ALPHABET) else ""
