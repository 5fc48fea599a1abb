"""What the queue carries: stream fields t (ticket key, always the first), r (requested, ms), p (payload), and c (kind)
unless it is a registration.

    registration   t, r, p = JSON [name, e-mail, e-mail digest, mark of the secret that made the ticket's id], with a
                   callback [..., URL, organizer]; packed at the door, opened by the drain
    cancellation   c = "cancel", t = the ticket that is given back, r, and if `cancel_until` does not bind it p = "x",
                   or "o" for the organizer's
    resize         c = "resize", t = key of the command, r, p = JSON [max_capacity or null, waitlist_capacity or null]
    closing        c = "close", t = key of the command, r
"""

from __future__ import annotations

import msgspec

from events.admission.fields import BY_ORGANIZER, ENTRY_KIND, ENTRY_PAYLOAD, ENTRY_REQUESTED, ENTRY_TICKET, EXEMPT
from events.domain.attendee import email_key
from events.domain.commands import Callback, Cancellation, Closing, Command, Request, Resize
from events.domain.keyring import MARK_CHARS
from events.domain.states import Reason
from events.domain.tickets import KEY_CHARS

_decode = msgspec.json.Decoder(list[str]).decode
_decode_sizes = msgspec.json.Decoder(tuple[int | None, int | None]).decode
_encode = msgspec.json.Encoder().encode
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_MS_DIGITS = 14


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One entry of the queue.

    `command` is None if the entry cannot be read: it is poisoned. `key` is empty if it names no ticket at all, so no
    client waits for it. `kind` is empty for a registration, and `email_digest` for everything else.
    """

    key: str
    sequence: int
    requested_ms: int
    command: Command | None
    kind: str = ""
    email_digest: str = ""


def pack(*, name: str, email: str, email_digest: str, mark: str = "", callback: Callback | None = None) -> str:
    """Packs a registration's payload. Text, since Lua's msgpack knows no binary."""
    told = (callback.url, str(callback.organizer_id)) if callback else ()
    return _encode((name, email, email_digest, mark, *told)).decode()


def pack_sizes(*, max_capacity: int | None, waitlist_capacity: int | None) -> str:
    """Packs a resize's payload."""
    return _encode((max_capacity, waitlist_capacity)).decode()


def read_entry(stream_id: bytes, fields: dict[bytes, bytes]) -> Entry:
    """Decodes an entry. Never raises for bad data, which would block all entries behind it."""
    sequence = int(stream_id.split(b"-", 1)[0])
    key = _key(fields.get(ENTRY_TICKET, b""))
    requested = fields.get(ENTRY_REQUESTED, b"")
    requested_ms = int(requested) if requested.isdigit() and len(requested) <= _MS_DIGITS else 0
    kind = fields[ENTRY_KIND].decode("ascii", "replace") if ENTRY_KIND in fields else ""
    command = _command(kind, key, sequence, requested_ms, fields.get(ENTRY_PAYLOAD, b"")) if key else None
    digest = command.email_digest if isinstance(command, Request) else ""
    return Entry(key, sequence, requested_ms, command, kind, digest)


def _command(kind: str, key: str, sequence: int, requested_ms: int, payload: bytes) -> Command | None:
    try:
        if not kind:
            name, email, email_digest, mark, *told = _decode(payload)
            callback = _callback(*told) if told else None
            holder = email_key(email)
            # An entry of an earlier release has a digest there, which is longer.
            mark = mark if len(mark) == MARK_CHARS else ""
            return Request(key, name, email, holder, sequence, requested_ms, email_digest, mark, callback)
        if kind == "cancel":
            reason = Reason.BY_ORGANIZER if payload == BY_ORGANIZER else Reason.BY_HOLDER
            return Cancellation(key, sequence, requested_ms, payload in (EXEMPT, BY_ORGANIZER), reason)
        if kind == "resize":
            return Resize(key, sequence, *_decode_sizes(payload), requested_ms)
    except (msgspec.MsgspecError, ValueError, TypeError):
        return None
    return Closing(key, sequence) if kind == "close" else None


def _callback(url: str, organizer_id: str) -> Callback:
    return Callback(url, int(organizer_id))


def _key(raw: bytes) -> str:
    return raw.decode() if len(raw) == KEY_CHARS and not raw.translate(None, _ALPHABET) else ""
