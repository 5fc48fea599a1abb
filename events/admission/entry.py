"""What the queue carries: stream fields t (ticket key, always the first), r (requested, ms), p (payload), and c (kind)
unless it is a registration.

    registration   t, r, p = JSON [name, e-mail, e-mail digest, mark of the secret that made the ticket's id], with a
                   callback [..., URL, organizer]; packed at the door, opened by the drain. Behind it are as many
                   blanks as the number of its language (`language_numbers`): the release before reads over them.
                   In front of these is its trace, if it is traced (`trace_blanks`).
                   s = quantity, ticket type and access code (`seats_text`), only where it is not one seat without
                   a type and a code.
                   a = "o" if the organizer added the guest, "b" if beyond the capacity
    cancellation   c = "cancel", t = the ticket that is given back, r, and if `cancel_until` does not bind it p = "x",
                   or "o" for the organizer's
    confirmation   c = "confirm", t = the held ticket, r, p = JSON [payment reference], with true behind it if it was
                   admitted in time before; of the proof of an address ["", false, digest of the e-mail]
    expiry         c = "expire", t = the held ticket, r; of several, p = the other tickets, in their order. They have
                   one sequence after the other; the entry's id is the first, and how many more there are
    resize         c = "resize", t = key of the command, r, p = JSON [max_capacity or null, waitlist_capacity or null],
                   with ticket types [..., [[id, name, capacity, ...], ...]] (`TypeTerms`)
    correction     c = "correct", t = key of the command, r, p = JSON [key of the ticket, name or null, e-mail or null,
                   digest of the e-mail]
    closing        c = "close", t = key of the command, r
    draw           c = "draw", t = key of the command, r, p = the signature of its round in hex
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from events.admission.fields import (
    BEYOND_CAPACITY,
    BY_ORGANIZER,
    CODE,
    ENTRY_ADDED,
    ENTRY_KIND,
    ENTRY_PAYLOAD,
    ENTRY_REQUESTED,
    ENTRY_SEATS,
    ENTRY_TICKET,
    EXEMPT,
)
from events.admission.language_numbers import read_language, write_language
from events.admission.seats_text import read_seats
from events.admission.trace_blanks import read_trace
from events.domain.attendee import email_key
from events.domain.commands import (
    Callback,
    Cancellation,
    Closing,
    Command,
    Confirmation,
    Correction,
    Drawing,
    Expiry,
    Request,
    Resize,
    TypeTerms,
)
from events.domain.keyring import MARK_CHARS
from events.domain.states import Reason
from events.domain.ticket_keys import KEY_CHARS

_decode = msgspec.json.Decoder(list[str]).decode
_decode_correction = msgspec.json.Decoder(tuple[str, str | None, str | None, str]).decode


class _Sizes(msgspec.Struct, array_like=True):
    """A resize's payload. An earlier release wrote no types."""

    max_capacity: int | None
    waitlist_capacity: int | None
    types: tuple[tuple[int, str, int, int, int, str], ...] = ()


_decode_sizes = msgspec.json.Decoder(_Sizes).decode


class _Confirmation(msgspec.Struct, array_like=True):
    """A confirmation's payload."""

    payment_reference: str = ""
    in_time: bool = False
    address: str = ""


_decode_confirmation = msgspec.json.Decoder(_Confirmation).decode
_encode = msgspec.json.Encoder().encode
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_MS_DIGITS = 14
# Of a registration's payload that has nothing behind it, as nearly all.
_END = b"]"


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One entry of the queue.

    `command` is None if the entry cannot be read: it is poisoned. `key` is empty if it names no ticket at all, so no
    client waits for it. `kind` is empty for a registration, and `email_digest` for everything else. `coded` if it came
    with an access code, also where the rest cannot be read. `packed_in`: the entry's id in the stream if it is of
    several expiries, of which this is one.
    """

    key: str
    sequence: int
    requested_ms: int
    command: Command | None
    kind: str = ""
    email_digest: str = ""
    coded: bool = False
    packed_in: str = ""


def pack(
    *,
    name: str,
    email: str,
    email_digest: str,
    mark: str = "",
    callback: Callback | None = None,
    language: str = "",
) -> str:
    """Packs a registration's payload. Text, since Lua's msgpack knows no binary."""
    told = (callback.url, str(callback.organizer_id)) if callback else ()
    packed = _encode((name, email, email_digest, mark, *told)).decode()
    return packed + write_language(language) if language else packed


def pack_sizes(*, max_capacity: int | None, waitlist_capacity: int | None, types: Sequence[TypeTerms] = ()) -> str:
    """Packs a resize's payload."""
    named = [msgspec.structs.astuple(terms) for terms in types]
    return _encode([max_capacity, waitlist_capacity, named] if named else [max_capacity, waitlist_capacity]).decode()


def pack_correction(*, ticket: str, name: str | None, email: str | None, email_digest: str) -> str:
    """Packs a correction's payload."""
    return _encode((ticket, name, email, email_digest)).decode()


def pack_confirmation(payment_reference: str, *, in_time: bool = False, address: str = "") -> str:
    """Packs a confirmation's payload; `in_time`: whatever the time is now, it was admitted before the hold's end.
    `address` is the digest of the e-mail that is proved."""
    if address:
        return _encode((payment_reference, in_time, address)).decode()
    return _encode([payment_reference, True] if in_time else [payment_reference]).decode()


def read_entries(stream_id: bytes, fields: dict[bytes, bytes]) -> Sequence[Entry]:
    """Decodes an entry of the stream: one, or several expiries. Never raises for bad data, which would block all
    entries behind it."""
    entry = read_entry(stream_id, fields)
    if entry.kind != "expire" or stream_id.endswith(b"-0"):
        return (entry,)
    others, packed_in = fields.get(ENTRY_PAYLOAD, b""), stream_id.decode()
    keys = [entry.key, *(_key(others[at : at + KEY_CHARS]) for at in range(0, len(others), KEY_CHARS))]
    return [_expiry(key, entry.sequence + place, entry.requested_ms, packed_in) for place, key in enumerate(keys)]


def _expiry(key: str, sequence: int, requested_ms: int, packed_in: str) -> Entry:
    command = Expiry(key, sequence, requested_ms) if key else None
    return Entry(key, sequence, requested_ms, command, "expire", packed_in=packed_in)


def read_entry(stream_id: bytes, fields: dict[bytes, bytes]) -> Entry:
    """Decodes an entry of the stream; of several expiries, the first. Never raises for bad data."""
    sequence = int(stream_id.split(b"-", 1)[0])
    key = _key(fields.get(ENTRY_TICKET, b""))
    requested = fields.get(ENTRY_REQUESTED, b"")
    requested_ms = int(requested) if requested.isdigit() and len(requested) <= _MS_DIGITS else 0
    kind = fields[ENTRY_KIND].decode("ascii", "replace") if ENTRY_KIND in fields else ""
    command = _command(kind, key, sequence, requested_ms, fields) if key else None
    coded = ENTRY_SEATS in fields and CODE.encode() in fields[ENTRY_SEATS]
    digest = command.email_digest if isinstance(command, Request) else ""
    return Entry(key, sequence, requested_ms, command, kind, digest, coded)


def _command(kind: str, key: str, sequence: int, requested_ms: int, fields: dict[bytes, bytes]) -> Command | None:
    payload = fields.get(ENTRY_PAYLOAD, b"")
    try:
        if not kind:
            name, email, email_digest, mark, *told = _decode(payload)
            callback = _callback(*told) if told else None
            holder = email_key(email)
            # An entry of an earlier release has a digest there, which is longer.
            mark = mark if len(mark) == MARK_CHARS else ""
            request = Request(key, name, email, holder, sequence, requested_ms, email_digest, mark, callback)
            if ENTRY_ADDED in fields:
                beyond = fields[ENTRY_ADDED] == BEYOND_CAPACITY
                request = msgspec.structs.replace(request, added=True, beyond_capacity=beyond)
            if payload[-1:] != _END:
                language, trace = read_language(payload), read_trace(payload)
                request = msgspec.structs.replace(request, language=language, trace=trace)
            return _with_seats(request, fields[ENTRY_SEATS]) if ENTRY_SEATS in fields else request
        if kind == "cancel":
            reason = Reason.BY_ORGANIZER if payload == BY_ORGANIZER else Reason.BY_HOLDER
            return Cancellation(key, sequence, requested_ms, payload in (EXEMPT, BY_ORGANIZER), reason)
        if kind == "confirm":
            told_of = _decode_confirmation(payload)
            return Confirmation(key, sequence, requested_ms, *msgspec.structs.astuple(told_of))
        if kind == "expire":
            return Expiry(key, sequence, requested_ms)
        if kind == "resize":
            sizes = _decode_sizes(payload)
            types = tuple(TypeTerms(*terms) for terms in sizes.types)
            return Resize(key, sequence, sizes.max_capacity, sizes.waitlist_capacity, requested_ms, types)
        return _rarer(kind, key, sequence, requested_ms, payload)
    except (msgspec.MsgspecError, ValueError, TypeError):
        return None


def _rarer(kind: str, key: str, sequence: int, requested_ms: int, payload: bytes) -> Command | None:
    if kind == "correct":
        return _correction(key, sequence, requested_ms, payload)
    if kind == "draw":
        return Drawing(key, sequence, requested_ms, bytes.fromhex(payload.decode("ascii")))
    return Closing(key, sequence) if kind == "close" else None


def _with_seats(request: Request, text: bytes) -> Request:
    asked = read_seats(text.decode("ascii", "replace"))
    return msgspec.structs.replace(request, quantity=asked.quantity, type_id=asked.type_id, code_id=asked.code_id)


def _correction(key: str, sequence: int, requested_ms: int, payload: bytes) -> Correction:
    ticket, name, email, digest = _decode_correction(payload)
    holder = None if email is None else email_key(email)
    return Correction(key, sequence, ticket, name, email, holder, digest, requested_ms)


def _callback(url: str, organizer_id: str) -> Callback:
    return Callback(url, int(organizer_id))


def _key(raw: bytes) -> str:
    return raw.decode() if len(raw) == KEY_CHARS and not raw.translate(None, _ALPHABET) else ""
